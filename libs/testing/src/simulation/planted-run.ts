/** Looks for the first seed in which a planted bug is noticed. Loaded by Node itself, because the mistakes are put into sources on their way. */
import { mutatedWorker } from './mutated-worker.ts';
import { PLANTED, type Plant } from './planted.ts';
import { MUTATIONS } from './planted-sources.ts';
import { simulate } from './simulate.ts';
import { INVARIANTS, type Invariant, type Law } from './violation.ts';

export const PLANTED_NAMES: readonly string[] = [...Object.keys(PLANTED), ...Object.keys(MUTATIONS)];

/** Bugs that have an assertion of their own: the others look away. */
const OWN: Readonly<Record<string, Invariant>> = { 'the manifest is written without compare-and-set': 'manifest never back' };

export interface Noticed {
  readonly seed: number;
  readonly law: Law;
  readonly text: string;
}

/** The first of the seeds that notices the bug, in their order, or null. Throws when nothing is planted under the name. */
export async function firstNoticed(name: string, seeds: Iterable<number>): Promise<Noticed | null> {
  const plant = await plantOf(name);
  const own = OWN[name];
  const withoutInvariants =
    own === undefined
      ? []
      : Object.keys(INVARIANTS)
          .filter((other) => other !== own)
          .filter(isInvariant);
  for (const seed of seeds) {
    const { violation } = await simulate(seed, { plant, withoutInvariants });
    if (violation !== undefined && (own === undefined || violation.law === INVARIANTS[own])) return { seed, ...violation };
  }
  return null;
}

async function plantOf(name: string): Promise<Plant> {
  const mutation = MUTATIONS[name];
  if (mutation === undefined) {
    const plant = PLANTED[name];
    if (plant === undefined) throw new Error(`nothing is planted under the name ${name}`);
    return plant;
  }
  return {
    worker: await mutatedWorker(mutation),
    // For a mistake that looks at the wall clock: the simulated one.
    handler: (inner, nowMs) => {
      Object.assign(globalThis, { plantedNowMs: nowMs });
      return inner;
    },
  };
}

function isInvariant(name: string): name is Invariant {
  return name in INVARIANTS;
}
