/** Seeded random numbers (mulberry32): a failure is replayed by its seed. */

export type Random = () => number;

/** Uniform in [0, 1). */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** The seed of this run: E2E_SEED where it is set, else a fresh one, printed. */
export function chooseSeed(what: string): number {
  const given = process.env['E2E_SEED'];
  const seed = given === undefined ? Date.now() % 1_000_000 : Number(given);
  console.log(`${what}: E2E_SEED=${seed}`);
  return seed;
}

/** So many instants of a course from 0 to 1, in order. */
export function momentsOf(random: Random, count: number): readonly number[] {
  return Array.from({ length: count }, random).sort((left, right) => left - right);
}
