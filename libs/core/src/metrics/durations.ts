/** Log-spaced histograms of durations: quantiles within 1 %, zero exactly, as integer counts that add up over actors and partitions. */

/** Width of a bin as a ratio; the middle of a bin is at most 1 % from anything in it. */
const RATIO = 1.02;
const LOG_RATIO = Math.log(RATIO);

/** Bin 0 holds exactly 0; bin b ≥ 1 holds durations in [RATIO^(b-1), RATIO^b) milliseconds. */
export function durationBin(durationMs: number): number {
  if (durationMs <= 0) return 0;
  let bin = Math.floor(Math.log(durationMs) / LOG_RATIO) + 1;
  // The logarithm may be off by an ulp at a bin's edge.
  if (RATIO ** bin <= durationMs) bin++;
  else if (bin > 1 && RATIO ** (bin - 1) > durationMs) bin--;
  return bin;
}

/** First duration of a bin and of the next one, in milliseconds; [0, 0] for bin 0. */
export function binEdgesMs(bin: number): { from: number; to: number } {
  return bin === 0 ? { from: 0, to: 0 } : { from: RATIO ** (bin - 1), to: RATIO ** bin };
}
