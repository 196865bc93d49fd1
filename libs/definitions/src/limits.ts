/** How large one metric may get: what a file may ask for, so that a slip in it cannot fill the memory of every worker. */

/** Dimensions of one combined slice. */
export const MAX_TUPLE = 4;
/** Values of one slice, `$other` included: every checkpoint names them all. */
export const MAX_SLICE_VALUES = 10_000;
/** Cells of one bucket in one partition, of 8 bytes each; a bound far above what is ever full, for it takes every value to show every figure. */
export const MAX_CELLS_PER_BUCKET = 10_000_000;
/** Bytes of one actor's registers. */
export const MAX_BYTES_PER_ACTOR = 4 * 2 ** 20;

/** `10,000,000`. */
export function grouped(count: number): string {
  return count.toLocaleString('en-US');
}

export const LIMITS_IN_WORDS = `a slice has at most ${grouped(MAX_SLICE_VALUES)} values, a metric at most ${grouped(MAX_CELLS_PER_BUCKET)} cells a bucket and partition and ${grouped(MAX_BYTES_PER_ACTOR)} bytes an actor`;
