/** Durations, recomputed from every single one; only the rounding to bins of 2 % is the engine's. */
import type { Durations } from '../answer.ts';
import { binEdgesS, binValueMs, durationBin } from '../metrics/durations.ts';

export function durations(timesMs: readonly number[]): Durations {
  const sorted = [...timesMs].sort((a, b) => a - b);
  const n = sorted.length;
  if (n === 0) return { n: 0, mean: null, p50: null, p90: null, histogram: [] };
  const rounded = sorted.map((timeMs) => binValueMs(durationBin(timeMs)));
  const quantile = (share: number): number => {
    const place = (n - 1) * share;
    const [below = 0, above = below] = rounded.slice(Math.floor(place));
    return (below + (above - below) * (place - Math.floor(place))) / 1000;
  };
  return {
    n,
    mean: sorted.reduce((sum, timeMs) => sum + timeMs, 0) / n / 1000,
    p50: quantile(0.5),
    p90: quantile(0.9),
    histogram: [...Map.groupBy(sorted, durationBin)].map(([bin, some]) => ({ ...binEdgesS(bin), n: some.length })),
  };
}
