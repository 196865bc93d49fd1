// Workers, archivers and readers (production code) over simulated stores, network, log and time: whatever dies, both stores end with the figures of an undisturbed fold.
import { expect, test } from 'vitest';
import type { Limits } from '../src/simulation/plan.ts';
import type { Plant } from '../src/simulation/planted.ts';
import { replayCommand, shrink } from '../src/simulation/shrink.ts';
import { type SimulationResult, simulate } from '../src/simulation/simulate.ts';
import { addResult, emptyTotals, gapsOf, summary } from '../src/simulation/totals.ts';

const DEFAULT_SECONDS = 90;
/** As many seeds as the default time must be enough for. */
const LEAST_SEEDS = 500;
/** What a machine that does other things as well may take longer for them. */
const GRACE_SECONDS = 75;
/** The last actions that a failure prints; `npm run simulate` prints all. */
const SHOWN = 60;
const seconds = Number(process.env['TIDEMARK_SIM_SECONDS'] ?? DEFAULT_SECONDS);
const firstSeed = Number(process.env['TIDEMARK_SIM_FROM'] ?? 1);

/** Seeds that broke something once, by what it was. A change of what a seed draws (plan.ts, traffic.ts) makes other worlds of them. */
const REGRESSIONS: readonly (readonly [string, number, Limits])[] = [
  ['figures of a log that was cut and rewritten were continued when their head was heard of late', 10269, {}],
  ['rows of a topic that was re-created came back with Redis, and nobody knew of which topic they were', 53670, {}],
  ['a worker that did not yet know of one more partition announced a publish, and was killed', 56383, {}],
  ['a worker that was stopping took a batch of a partition that it had lost for a jump of the log', 60444, {}],
  ['a log was cut and rewritten, and its last record is byte for byte the old one, a tick', 73082, {}],
  ['figures of two logs at the same position, one in each store, met in one answer', 32109, {}],
  ['a worker that slept while its topic was re-created went on from an open publish of the old one', 97582, {}],
  ['Redis came back to an open publish of a topic that had been re-created while Redis was empty', 4613, {}],
];

async function expectHolds(result: SimulationResult): Promise<void> {
  if (result.ok) return;
  const { limits, result: small } = await shrink(result, { plays: 60 });
  const trace = small.trace.slice(-SHOWN).join('\n');
  throw new Error(
    `seed ${result.seed}: ${result.violation?.text}\nin a smaller world: ${small.violation?.text}\n${trace}\n${replayCommand(result.seed, limits)}`,
  );
}

test(`the laws hold for as many seeds as fit into ${seconds} seconds`, { timeout: (seconds + 90) * 1_000 }, async () => {
  const endMs = performance.now() + seconds * 1_000;
  const totals = emptyTotals(firstSeed);
  const isDefault = seconds >= DEFAULT_SECONDS;
  const isDue = (): boolean => performance.now() < endMs + (isDefault && totals.seeds < LEAST_SEEDS ? GRACE_SECONDS * 1_000 : 0);
  while (isDue()) {
    const startedMs = performance.now();
    const result = await simulate(totals.next);
    await expectHolds(result);
    addResult(totals, result);
    totals.seconds += (performance.now() - startedMs) / 1_000;
  }
  const { missing, impossible } = gapsOf(totals.struck);
  console.log(`${summary(totals)}\n${missing.length} cells of steps and faults were not reached`);
  // The table of steps and faults says what cannot happen, and the seeds reach what they are for.
  expect(impossible).toEqual([]);
  expect(totals.seeds).toBeGreaterThan(0);
  if (!isDefault) return;
  expect(totals.seeds).toBeGreaterThanOrEqual(LEAST_SEEDS);
  const ways = [
    'redis behind',
    'redis incomplete',
    'redis open',
    'redis waiting',
    'loaded',
    'moved',
    'manifest after dropped rows',
    'answer',
    'halted',
    'epoch',
  ];
  for (const way of ways) expect(totals.counts, way).toHaveProperty([way]);
});

test('the same seed twice is the same trace, another seed another one', async () => {
  const [one, again, other] = [await simulate(7), await simulate(7), await simulate(8)];
  expect(again).toEqual(one);
  expect(other.traceHash).not.toBe(one.traceHash);
});

test('a failing seed becomes a smaller world that fails alike, and one command plays it again', async () => {
  // Every row is published with twice its counts.
  const twice: Plant = {
    sink: (inner) => ({
      ...inner,
      write: (part) => inner.write({ ...part, rows: part.rows.map((row) => ({ ...row, cells: Array.from(row.cells, (cell) => cell * 2) })) }),
    }),
  };
  const failed = await simulate(3, { plant: twice });
  expect(failed.ok).toBe(false);
  const { limits, result } = await shrink(failed, { plant: twice, plays: 30 });
  expect(result.violation?.law).toBe(failed.violation?.law);
  expect(result.trace.length).toBeLessThan(failed.trace.length);
  expect(await simulate(3, { plant: twice, limits })).toEqual(result);
  expect(replayCommand(3, limits)).toMatch(/^npm run -s simulate -- --seed=3 --/);
});

test.each(REGRESSIONS)('%s (seed %i)', async (_name, seed, limits) => {
  await expectHolds(await simulate(seed, { limits }));
});
