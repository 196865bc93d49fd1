/** Histograms of times as people look at them: the fine bins of an answer put together on a log scale, several histograms added up, their quantiles. */

/** Seconds; `to` is outside. Both 0: exactly no time. */
export interface Bin {
  readonly from: number;
  readonly to: number;
  readonly n: number;
}

export interface Histogram {
  /** Of one width on the log scale, without a gap from the shortest time to the longest. */
  readonly bars: readonly Bin[];
  /** How many took no time at all: a log scale has no room for them. */
  readonly atOnce: number;
}

/** The width of the service's bins as a ratio, beginning at 1 ms. */
const LOG_RATIO = Math.log(1.02);
const MOST_BARS = 36;

/**
 * Neighbours are put together until there are few enough bars: each bar's edges are edges of the service's, so that its count is exact. `among`: the bins
 * of all histograms that stand side by side on one scale.
 */
export function histogramOf(bins: readonly Bin[], among: readonly Bin[] = bins): Histogram {
  const atOnce = bins.reduce((sum, { to, n }) => sum + (to > 0 ? 0 : n), 0);
  const timed = timedOf(bins);
  const places = timedOf(among).map(({ at }) => at);
  if (timed.length === 0) return { bars: [], atOnce };
  const first = places.reduce((least, at) => Math.min(least, at), Number.POSITIVE_INFINITY);
  const last = places.reduce((greatest, at) => Math.max(greatest, at), Number.NEGATIVE_INFINITY);
  // Whole steps, so that a bar stays where it is while times come in between.
  const width = Math.ceil((last - first + 1) / (MOST_BARS - 1));
  const start = Math.floor(first / width);
  const counts = Array.from({ length: Math.floor(last / width) - start + 1 }, () => 0);
  for (const { at, n } of timed) counts[Math.floor(at / width) - start] = (counts[Math.floor(at / width) - start] ?? 0) + n;
  return { bars: counts.map((n, index) => ({ from: edge((start + index) * width), to: edge((start + index + 1) * width), n })), atOnce };
}

/** All of them as one, shortest times first. */
export function addedUp(histograms: readonly (readonly Bin[])[]): readonly Bin[] {
  const sums = new Map<number, Bin>();
  for (const bin of histograms.flat()) sums.set(bin.from, { ...bin, n: bin.n + (sums.get(bin.from)?.n ?? 0) });
  return [...sums.values()].sort((one, other) => one.from - other.from);
}

/** Within 1 %, interpolated between the two ranks beside it. Null: of nobody. Shortest times first. */
export function quantile(bins: readonly Bin[], share: number): number | null {
  const n = bins.reduce((sum, bin) => sum + bin.n, 0);
  if (n === 0) return null;
  const place = (n - 1) * share;
  const below = atRank(bins, Math.floor(place));
  return below + (atRank(bins, Math.ceil(place)) - below) * (place - Math.floor(place));
}

/** From 0 at the left end of the bars to 1 at the right one. */
export function placeOf(seconds: number, bars: readonly Bin[]): number {
  const [low, high] = [bars[0]?.from ?? 1, bars.at(-1)?.to ?? 1];
  return Math.max(0, Math.min(1, Math.log(seconds / low) / Math.log(high / low)));
}

const ROUND_TIMES = [0.001, 0.01, 0.1, 1, 10, 60, 600, 3_600, 21_600, 86_400, 604_800, 2_592_000, 31_536_000, 315_360_000];
const LEAST_APART = 0.13;

/** Round times within the bars, not too near to each other. */
export function ticksOf(bars: readonly Bin[]): readonly number[] {
  const ticks: number[] = [];
  for (const time of ROUND_TIMES) {
    if (time < (bars[0]?.from ?? 0) || time > (bars.at(-1)?.to ?? 0)) continue;
    const before = ticks.at(-1);
    if (before === undefined || placeOf(time, bars) - placeOf(before, bars) >= LEAST_APART) ticks.push(time);
  }
  return ticks;
}

function timedOf(bins: readonly Bin[]): readonly { readonly at: number; readonly n: number }[] {
  return bins.filter(({ to, n }) => to > 0 && n > 0).map((bin) => ({ at: indexOf(bin), n: bin.n }));
}

function indexOf({ from, to }: Bin): number {
  // The middle on the log scale is as far as can be from rounding to a neighbour.
  return Math.floor(Math.log(Math.sqrt(from * to) * 1_000) / LOG_RATIO);
}

function edge(index: number): number {
  return Math.exp(index * LOG_RATIO) / 1_000;
}

function atRank(bins: readonly Bin[], rank: number): number {
  let before = 0;
  for (const { from, to, n } of bins) {
    before += n;
    if (before > rank) return to === 0 ? 0 : (2 * from * to) / (from + to);
  }
  return bins.at(-1)?.to ?? 0;
}
