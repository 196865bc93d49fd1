/** Log-spaced histograms of durations: quantiles within 1 %, zero exactly, as integer counts that add up over actors and partitions. */
import type { Durations } from '../answer.ts';

/** Width of a bin as a ratio; the middle of a bin is at most 1 % from anything in it. */
const RATIO = 1.02;
const LOG_RATIO = Math.log(RATIO);

/** RATIO^b by b. */
const EDGES_MS = Float64Array.from({ length: 2048 }, (_, bin) => RATIO ** bin);
/** The same in seconds and to four digits, as answers give them: a number of seventeen takes thrice as long to write, and a funnel has thousands. */
const EDGES_S = EDGES_MS.map((edgeMs) => Number((edgeMs / 1000).toPrecision(4)));

/** Bin 0 holds exactly 0; bin b ≥ 1 holds durations in [RATIO^(b-1), RATIO^b) milliseconds, up to RATIO^2047: a million years. */
export function durationBin(durationMs: number): number {
  if (durationMs <= 0) return 0;
  const bin = Math.floor(Math.log(durationMs) / LOG_RATIO) + 1;
  // The logarithm may be off by an ulp at a bin's edge.
  if ((EDGES_MS[bin] as number) <= durationMs) return bin + 1;
  return bin > 1 && (EDGES_MS[bin - 1] as number) > durationMs ? bin - 1 : bin;
}

/** First duration of a bin and of the next one, in milliseconds; [0, 0] for bin 0. */
export function binEdgesMs(bin: number): { from: number; to: number } {
  if (bin === 0) return { from: 0, to: 0 };
  return { from: EDGES_MS[bin - 1] ?? RATIO ** (bin - 1), to: EDGES_MS[bin] ?? RATIO ** bin };
}

/** As `binEdgesMs`, in seconds to four digits; neighbours share their edge. */
export function binEdgesS(bin: number): { from: number; to: number } {
  return bin === 0 ? { from: 0, to: 0 } : { from: EDGES_S[bin - 1] as number, to: EDGES_S[bin] as number };
}

/** Bins of one chunk of a sparse histogram: a row holds a span of ×1.37, so an actor's typical times touch few rows. */
export const BINS_PER_CHUNK = 16;

/**
 * A sum of milliseconds kept in two integers, neither of which can come near 2^53: Σ floor(d / 2^20) and Σ (d mod 2^20). Durations are
 * whole milliseconds ≥ 0, so both are counts that are added up and taken back without a carry.
 */
const SPLIT_MS = 2 ** 20;

export function durationHigh(durationMs: number): number {
  return Math.floor(durationMs / SPLIT_MS);
}

export function durationLow(durationMs: number): number {
  return durationMs % SPLIT_MS;
}

export function durationSumMs(high: number, low: number): bigint {
  return BigInt(high) * BigInt(SPLIT_MS) + BigInt(low);
}

/** What stands for every duration of a bin: at most 1 % from each of them (the harmonic mean of its edges). */
export function binValueMs(bin: number): number {
  const { from, to } = binEdgesMs(bin);
  return bin === 0 ? 0 : (2 * from * to) / (from + to);
}

/** Durations in seconds from their exact sum in milliseconds and the actors per bin. */
export function durationsOf(sumMs: bigint | number, bins: ReadonlyMap<number, number>): Durations {
  const counts = new Float64Array(Math.max(0, ...bins.keys()) + 1);
  for (const [bin, count] of bins) counts[bin] = count;
  return durationsOfCounts(sumMs, counts);
}

/** The same from the actors of every bin from 0 on. Quantiles are interpolated between the two ranks beside (n − 1) · q, as most statistics packages do. */
export function durationsOfCounts(sumMs: bigint | number, counts: Float64Array): Durations {
  const histogram: Durations['histogram'] = [];
  const filled: number[] = [];
  let n = 0;
  for (let bin = 0; bin < counts.length; bin++) {
    const count = counts[bin] as number;
    if (!(count > 0)) continue;
    n += count;
    filled.push(bin);
    const { from, to } = binEdgesS(bin);
    histogram.push({ from, to, n: count });
  }
  // The duration with `rank` shorter ones, in milliseconds.
  const atRank = (rank: number): number => {
    let before = 0;
    for (const bin of filled) {
      before += counts[bin] as number;
      if (rank < before) return binValueMs(bin);
    }
    return 0;
  };
  const quantile = (share: number): number | null => {
    if (n === 0) return null;
    const place = (n - 1) * share;
    const below = atRank(Math.floor(place));
    return (below + (atRank(Math.ceil(place)) - below) * (place - Math.floor(place))) / 1000;
  };
  return { n, mean: n === 0 ? null : Number(sumMs) / n / 1000, p50: quantile(0.5), p90: quantile(0.9), histogram };
}
