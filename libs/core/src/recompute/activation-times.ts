/** Times to activate, recomputed: an exact mean, and quantiles in which each time is known to one per cent. */
import type { Durations } from '../answer.ts';

/** Times are told apart by factors of 1.02, from one millisecond on; zero is zero. */
const FACTOR = 1.02;

/** From milliseconds to an answer in seconds. Quantiles are interpolated between the two nearest ranks. */
export function timesToActivate(tookMs: readonly number[]): Durations {
  const n = tookMs.length;
  const sorted = [...tookMs].sort((a, b) => a - b).map(spanOf);
  const quantile = (share: number): number | null => {
    const place = (n - 1) * share;
    const [low, high] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
    return low === undefined || high === undefined ? null : (low.typical + (high.typical - low.typical) * (place - Math.floor(place))) / 1000;
  };
  const spans = Map.groupBy(sorted, ({ from }) => from);
  return {
    n,
    mean: n === 0 ? null : tookMs.reduce((sum, took) => sum + took, 0) / n / 1000,
    p50: quantile(0.5),
    p90: quantile(0.9),
    histogram: [...spans.values()].flatMap((same) =>
      same.slice(0, 1).map(({ from, to }) => ({ from: seconds(from), to: seconds(to), n: same.length })),
    ),
  };
}

/** To four digits. */
function seconds(ms: number): number {
  return Number((ms / 1000).toPrecision(4));
}

/** [from, to) with the time inside, and what stands for it: the harmonic mean of both ends, at most 1 % from either. */
function spanOf(tookMs: number): { from: number; to: number; typical: number } {
  if (tookMs === 0) return { from: 0, to: 0, typical: 0 };
  let exponent = 0;
  while (FACTOR ** (exponent + 1) <= tookMs) exponent++;
  const [from, to] = [FACTOR ** exponent, FACTOR ** (exponent + 1)];
  return { from, to, typical: (2 * from * to) / (from + to) };
}
