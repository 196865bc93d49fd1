/** `eval` of ratios, formulas and comparisons on the sample of ten purchases: the same bodies as the service, from one set of definitions. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runCommandLine } from '../../src/command-line.ts';
import { captureOutput } from '../captured-output.ts';

const sample = resolve(import.meta.dirname, '../data/purchases-sample.csv');
const definitions = `
metrics:
  - { id: dollars, kind: kpi, unit: month, measure: { sum: Purchase, property: dollars } }
  - { id: buyers, kind: kpi, unit: month, measure: { uniques: Purchase } }
  - { id: basket, kind: kpi, unit: month, measure: { ratio: [{ sum: Purchase, property: dollars }, Purchase] } }
  - { id: spent, kind: kpi, unit: month, measure: { formula: d / b, of: { d: dollars, b: buyers } } }
`;
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidemark-'));
  await writeFile(join(folder, 'sums.yaml'), definitions);
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function evaluate(path: string) {
  const output = captureOutput();
  const map = "user=customer,event='Purchase',time=date:yyyymmdd";
  const code = await runCommandLine(['eval', '--metrics', join(folder, 'sums.yaml'), '--events', sample, '--map', map, path], output, noInput());
  return { code, err: output.err(), body: output.out().map((line) => JSON.parse(line))[0] };
}

async function* noInput(): AsyncGenerator<Buffer> {}

it('divides sums over each month and over the range', async () => {
  const { body: basket } = await evaluate('/v1/kpis/basket?from=1997-01-01&to=1997-05-01');
  expect(basket).toMatchObject({ total: 282.03 / 10, of: { numerator: '282.03', denominator: 10 } });
  const { body: spent } = await evaluate('/v1/kpis/spent?from=1997-01-01&to=1997-06-01');
  expect(spent).toMatchObject({ total: 282.03 / 5, of: { d: '282.03', b: 5 } });
  expect(spent.buckets.slice(4).map(({ value }: { value: number | null }) => value)).toEqual([0, null]);
});

it('compares with the range before', async () => {
  const { body } = await evaluate('/v1/kpis/dollars?from=1997-03-01&to=1997-03-01&compare=previous');
  expect(body).toMatchObject({ total: '130.51', previous: { from: '1997-02-01', to: '1997-02-01', total: '24.99', against: null } });
  expect(await evaluate('/v1/kpis/dollars?compare=last')).toMatchObject({ code: 2, err: [expect.stringContaining('expected compare=previous')] });
});
