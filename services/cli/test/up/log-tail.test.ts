/** The end of a service's log, for a person. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { logTail, readableLine } from '../../src/up/log-tail.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidemark-cli-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it('gives the last lines of a long file', async () => {
  const path = join(folder, 'long.log');
  await writeFile(path, Array.from({ length: 10_000 }, (_, index) => `line ${index}\n`).join(''));
  expect(await logTail(path, 3)).toEqual(['line 9997', 'line 9998', 'line 9999']);
});

it('a file that is not there has no lines', async () => {
  expect(await logTail(join(folder, 'gone.log'), 3)).toEqual([]);
});

it.each([
  ['{"level":"fatal","msg":"worker could not start","err":{"message":"no Kafka"}}', 'fatal  worker could not start: no Kafka'],
  ['{"level":30,"msg":"loaded"}', 'info  loaded'],
  ['{"level":30}', '{"level":30}'],
  ['Error: what', 'Error: what'],
])('%s reads %s', (line, readable) => {
  expect(readableLine(line)).toBe(readable);
});
