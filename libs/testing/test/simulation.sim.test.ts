// Workers (production code) over simulated stores, network, log and time: whatever dies, both stores end with the figures of an undisturbed fold.
import { expect, test } from 'vitest';
import { type SimulationResult, simulate } from '../src/simulation/simulate.ts';

/** The last actions that a failure prints; one seed alone prints all. */
const SHOWN = 60;
const seconds = Number(process.env['TIDEMARK_SIM_SECONDS'] ?? 30);
const firstSeed = Number(process.env['TIDEMARK_SIM_FROM'] ?? 1);
const onlySeed = process.env['TIDEMARK_SIM_SEED'];

/** Seeds that broke something once, by what it was. A change of what a seed draws (plan.ts, traffic.ts) makes other worlds of them. */
const REGRESSIONS: readonly (readonly [string, number])[] = [
  ['the fold rested below a position that a dead publish had announced, and no head could close any more', 2],
  ['a lineage that was ahead of another took the first batch of the other for a rewritten log', 4],
  ['an open head let the fold rest whenever the next publish was already under way', 524],
];

function expectHolds({ ok, seed, violation, trace }: SimulationResult): void {
  if (ok) return;
  const command = `TIDEMARK_SIM_SEED=${seed} npx vitest run libs/testing/test/simulation.sim.test.ts`;
  throw new Error(`seed ${seed}: ${violation?.text}\n${trace.slice(-SHOWN).join('\n')}\nthe whole trace: ${command}`);
}

if (onlySeed === undefined) testManySeeds();
else testOneSeed(Number(onlySeed));

function testOneSeed(seed: number): void {
  test(`seed ${seed}`, async () => {
    const result = await simulate(seed);
    console.log(`${result.trace.join('\n')}\ntrace ${result.traceHash}`);
    expectHolds(result);
  });
}

function testManySeeds(): void {
  test(`the figures hold for as many seeds as fit into ${seconds} seconds`, { timeout: (seconds + 60) * 1_000 }, async () => {
    const endMs = performance.now() + seconds * 1_000;
    const counts: Record<string, number> = {};
    let seeds = 0;
    let records = 0;
    let steps = 0;
    for (; performance.now() < endMs; seeds++) {
      const result = await simulate(firstSeed + seeds);
      expectHolds(result);
      records += result.records;
      steps += result.steps;
      for (const [name, count] of Object.entries(result.counts)) counts[name] = (counts[name] ?? 0) + count;
    }
    console.log(`${seeds} seeds from ${firstSeed}: ${records} records, ${steps} steps, ${JSON.stringify(counts)}`);
    expect(seeds).toBeGreaterThan(0);
    // The seeds reach what they are for.
    const ways = ['redis behind', 'redis incomplete', 'redis open', 'loaded', 'moved', 'manifest after dropped rows', 'late', 'kill', 'rewind'];
    if (seeds >= 100) for (const way of ways) expect(counts, way).toHaveProperty([way]);
  });
}

test('the same seed twice is the same trace, another seed another one', async () => {
  const [one, again, other] = [await simulate(7), await simulate(7), await simulate(8)];
  expect(again).toEqual(one);
  expect(other.traceHash).not.toBe(one.traceHash);
});

for (const [name, seed] of REGRESSIONS) {
  test(`${name} (seed ${seed})`, async () => {
    expectHolds(await simulate(seed));
  });
}
