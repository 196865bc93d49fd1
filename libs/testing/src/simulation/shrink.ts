/** Makes a failing seed small: fewer records, processes, faults and steps, as long as the same law stays broken. */

import { createRandom } from '../generator/random.ts';
import { FAULTS, type Fault, isFault } from './faults.ts';
import { drawPlan, type Limits } from './plan.ts';
import { type SimulationOptions, type SimulationResult, simulate } from './simulate.ts';

export interface Shrunk {
  readonly limits: Limits;
  readonly result: SimulationResult;
}

/** Plays the seed at most `plays` times. Each world that is tried is another one, for less is drawn; the smallest that breaks the same law is answered. */
export async function shrink(failed: SimulationResult, options: SimulationOptions & { readonly plays?: number } = {}): Promise<Shrunk> {
  const { plays = 200, ...rest } = options;
  const law = failed.violation?.law;
  let best: Shrunk = { limits: options.limits ?? {}, result: failed };
  let left = plays;
  for (let goesOn = true; goesOn && left > 0; ) {
    goesOn = false;
    for (const limits of smaller(best, failed.seed)) {
      if (left-- <= 0) break;
      const result = await simulate(failed.seed, { ...rest, limits });
      if (result.violation?.law !== law || sizeOf(result) >= sizeOf(best.result)) continue;
      best = { limits, result };
      goesOn = true;
      break;
    }
  }
  return best;
}

function sizeOf({ trace, records }: SimulationResult): number {
  return trace.length + records;
}

/** The largest steps first. */
function* smaller({ limits, result }: Shrunk, seed: number): Generator<Limits> {
  const plan = drawPlan(createRandom(seed), limits);
  for (const share of [0.25, 0.5, 0.75, 0.9]) {
    yield { ...limits, records: Math.floor(Math.min(plan.records, result.records + 1) * share) };
    yield { ...limits, steps: Math.floor(Math.min(plan.steps, result.steps + 1) * share) };
  }
  if (plan.partitionCount > 1) yield { ...limits, partitions: 1 };
  if (plan.sets > 1) yield { ...limits, sets: 1 };
  if (plan.readers > 0) yield { ...limits, readers: 0 };
  if (plan.archivers > 0) yield { ...limits, archivers: plan.archivers - 1 };
  if (plan.workers > 1) yield { ...limits, workers: plan.workers - 1 };
  if (plan.rates.lossy > 0) yield { ...limits, lossless: true };
  const drawn = Object.keys(FAULTS).filter((name, index): name is Fault => isFault(name) && (plan.faultWeights[index] ?? 0) > 0);
  const without = limits.without ?? [];
  if (drawn.length > 3) {
    const half = Math.ceil(drawn.length / 2);
    yield { ...limits, without: [...without, ...drawn.slice(0, half)] };
    yield { ...limits, without: [...without, ...drawn.slice(half)] };
  }
  for (const fault of drawn) yield { ...limits, without: [...without, fault] };
}

/** The one command that plays exactly this again. */
export function replayCommand(seed: number, { without, lossless, ...sizes }: Limits): string {
  const parts = Object.entries(sizes).map(([name, size]) => ` --${name}=${size}`);
  if (without !== undefined && without.length > 0) parts.push(` --without=${without.join(',')}`);
  if (lossless === true) parts.push(' --lossless');
  return `npm run -s simulate -- --seed=${seed}${parts.join('')}`;
}
