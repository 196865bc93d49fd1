// The test of the simulation: each planted bug alone must be noticed within its normal seeds.
import { expect, test } from 'vitest';
import { PLANTED } from '../src/simulation/planted.ts';
import { simulate } from '../src/simulation/simulate.ts';

const SEEDS = 500;

test.each(Object.entries(PLANTED))('%s', async (name, plant) => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { ok, violation } = await simulate(seed, { plant });
    if (ok) continue;
    console.log(`${name}: seed ${seed}, ${violation?.law}`);
    return;
  }
  expect.unreachable(`${SEEDS} seeds did not notice it`);
});
