/** `check`: mistakes at their places, otherwise sentences and bounds. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runCommandLine } from '../src/command-line.ts';
import { captureOutput } from './captured-output.ts';

const shipped = resolve(import.meta.dirname, '../../../schemas/metrics/cdnow.yaml');
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidemark-cli-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function check(...args: string[]) {
  const output = captureOutput();
  return { code: await runCommandLine(['check', ...args], output), out: output.out(), err: output.err() };
}

const sixMistakes = `timezone: Asia/Yerevn
selectors:
  booked: { event: Service Booked, where: { amount: { gte: ten } } }
metrics:
  - id: booking
    kind: funnel
    steps: [Cabinet Opened, bookd]
    windw: 3d
    slice: [chanel]
  - id: retained
    kind: retention
    start: booked
    return: booked
    columns: 4000
`;

it('reports six different mistakes at six places, as file:line:column', async () => {
  const file = join(folder, 'six.yaml');
  await writeFile(file, sixMistakes);
  const { code, out, err } = await check(file);
  expect(code).toBe(5);
  expect(err).toEqual(['6 mistakes']);
  expect(out.map((line) => line.replace(`${file}:`, '').split('  ')[0])).toEqual(['1:11', '3:60', '7:29', '8:5', '9:13', '14:14']);
  expect(out[0]).toBe(`${file}:1:11  expected an IANA time zone such as Asia/Yerevan or UTC, got "Asia/Yerevn"; did you mean 'Asia/Yerevan'?`);
});

it('reports the mistakes of all files, and a file that is not there', async () => {
  const file = join(folder, 'one.yaml');
  await writeFile(file, 'metrics: 5\n');
  const { code, out, err } = await check(file, join(folder, 'gone.yaml'), shipped);
  expect(code).toBe(5);
  expect(err).toEqual(['2 mistakes']);
  expect(out[0]).toMatch(/one\.yaml:1:10 {2}/);
  expect(out[1]).toBe(`${folder}/gone.yaml:1:1  there is no such file`);
  expect(out[2]).toMatch(/cdnow\.yaml {2}set cdnow, 7 metrics, revision [0-9a-f]{16}$/);
});

it('says each metric in a sentence, with its bounds', async () => {
  const { code, out, err } = await check(shipped);
  expect({ code, err }).toEqual({ code: 0, err: [] });
  expect(out).toHaveLength(1 + 2 * 7);
  expect(out[1]).toBe('  purchases  Kpi: the number of events "Purchase" per calendar month (UTC).');
  expect(out[2]).toMatch(/^ {4}at most \d+ cells a bucket and partition, \d+ bytes an actor$/);
});

it('--json has the same for programs', async () => {
  const file = join(folder, 'six.yaml');
  await writeFile(file, sixMistakes);
  const { code, out } = await check('--json', shipped, file);
  expect(code).toBe(5);
  const [report] = out.map((line) => JSON.parse(line));
  expect(out).toHaveLength(1);
  expect(report.ok).toBe(false);
  expect(report.files.map(({ file, ok }: { file: string; ok: boolean }) => [file, ok])).toEqual([
    [shipped, true],
    [file, false],
  ]);
  expect(report.files[0].set.metrics[0]).toMatchObject({
    id: 'purchases',
    kind: 'kpi',
    cellsPerBucket: expect.any(Number),
    bytesPerActor: expect.any(Number),
  });
  expect(report.files[1].problems).toHaveLength(6);
  expect(report.files[1].problems[0]).toMatchObject({ file, line: 1, column: 11, path: 'timezone' });
});
