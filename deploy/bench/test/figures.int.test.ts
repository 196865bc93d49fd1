// The tiny modes of the benchmarks on real engines compute every row, and say of each bound whether it is kept; how fast the machine of a test run is says nothing.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type AcquiredEngines, acquireEngines } from '@tidemark/testing/engines';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { BenchReport } from '../report/report.ts';

const folder = mkdtempSync(join(tmpdir(), 'tidemark-bench-'));
let engines: AcquiredEngines;

beforeAll(async () => {
  engines = await acquireEngines(['kafka', 'redis', 'clickhouse']);
});
afterAll(async () => {
  await engines?.release();
  rmSync(folder, { recursive: true, force: true });
});

async function tiny(name: string): Promise<{ report: BenchReport; stdout: string }> {
  const { kafkaBrokers, redisUrl, clickhouseUrl } = engines.addresses;
  const given = { TIDEMARK_TEST_KAFKA_BROKERS: kafkaBrokers, TIDEMARK_TEST_REDIS_URL: redisUrl, TIDEMARK_TEST_CLICKHOUSE_URL: clickhouseUrl };
  const jsonFile = join(folder, `${name}.json`);
  const program = join(import.meta.dirname, `../${name}.bench.ts`);
  const env = { ...process.env, ...given };
  const { stdout } = await promisify(execFile)(process.execPath, [program, '--tiny', `--json=${jsonFile}`], { timeout: 400_000, env });
  return { report: JSON.parse(readFileSync(jsonFile, 'utf8')), stdout };
}

/** By bench: how many rows it has, and what of them must keep a bound. */
const benches: readonly { readonly name: string; readonly rows: number; readonly bounded: readonly RegExp[] }[] = [
  { name: 'freshness', rows: 8, bounded: [/in an answer, p99/] },
  {
    name: 'queries',
    rows: 12,
    bounded: [/both questions, p99/, /came_back: .* people/, /came_back: .* each/, /bought: .* people/, /bought: .* each/],
  },
  { name: 'scan', rows: 20, bounded: [/over/, /over/, /over/, /over/, /over/] },
  { name: 'recovery', rows: 11, bounded: [/beyond the session timeout/] },
  { name: 'scale', rows: 18, bounded: [] },
  { name: 'bytes', rows: 11, bounded: [] },
  { name: 'catchup', rows: 21, bounded: [/ratio of the two/, /during the catch-up, p99/, /mixed, falling/] },
  { name: 'years', rows: 10, bounded: [/differing/] },
];

it.each(benches)('$name computes every row and judges those that have a bound', async ({ name, rows, bounded }) => {
  const { report, stdout } = await tiny(name);
  expect(report.bench).toBe(name);
  expect(report.rows).toHaveLength(rows);
  for (const { what, value } of report.rows) expect([what, Number.isFinite(value.median)]).toEqual([what, true]);
  const judged = report.rows.filter(({ verdict }) => verdict !== null);
  expect(judged.map(({ what }) => what)).toEqual(bounded.map((pattern) => expect.stringMatching(pattern)));
  for (const { what, verdict } of judged) expect([what, ['missed', 'pass', 'aim'].includes(verdict ?? '')]).toEqual([what, true]);
  for (const { what } of report.rows) expect(stdout).toContain(what);
  expect(report.machine).toMatchObject({ node: process.version, redis: expect.stringMatching(/^\d/) });
  expect(report.setting).toMatchObject({ seed: 1, repeats: 1 });
});
