// Times put together for people: counts stay exact, scales can be the same, quantiles stay within the width of a bin.
import { describe, expect, it } from 'vitest';
import { addedUp, type Bin, histogramOf, placeOf, quantile, ticksOf } from '../src/show/histogram.ts';

/** As the service answers it: 1.02^(b-1) ms to 1.02^b ms. */
function bin(index: number, n: number): Bin {
  return { from: 1.02 ** (index - 1) / 1_000, to: 1.02 ** index / 1_000, n };
}

const bins = Array.from({ length: 300 }, (_, index) => bin(index + 400, (index % 7) + 1));

describe('a histogram of times', () => {
  it('puts neighbours together without losing anybody, on one width of the log scale', () => {
    const { bars, atOnce } = histogramOf([{ from: 0, to: 0, n: 5 }, ...bins]);
    expect(atOnce).toBe(5);
    expect(bars.length).toBeLessThanOrEqual(36);
    expect(bars.reduce((sum, { n }) => sum + n, 0)).toBe(bins.reduce((sum, { n }) => sum + n, 0));
    for (const { from, to } of bars) expect(to / from).toBeCloseTo((bars[0]?.to ?? 0) / (bars[0]?.from ?? 1), 9);
    for (const { from, to, n } of bars.slice(1, -1))
      expect(n).toBe(bins.filter((one) => one.from >= from * 0.999 && one.to <= to * 1.001).reduce((sum, each) => sum + each.n, 0));
  });

  it('has the edges of all that stand beside it, where it is asked to', () => {
    const edges = (own: readonly Bin[]) => histogramOf(own, bins).bars.map(({ from }) => from);
    expect(edges(bins.slice(0, 5))).toEqual(edges(bins.slice(-5)));
  });

  it('is empty of nobody', () => {
    expect(histogramOf([])).toEqual({ bars: [], atOnce: 0 });
    expect(quantile([], 0.5)).toBeNull();
  });

  it('has quantiles of several as of one', () => {
    const both = addedUp([bins.slice(100), bins.slice(0, 150)]);
    expect(both.reduce((sum, { n }) => sum + n, 0)).toBe([...bins.slice(100), ...bins.slice(0, 150)].reduce((sum, { n }) => sum + n, 0));
    expect(quantile([bin(500, 3)], 0.9)).toBeCloseTo(1.02 ** 499.5 / 1_000, 1);
    expect(quantile([{ from: 0, to: 0, n: 9 }, bin(500, 1)], 0.5)).toBe(0);
  });

  it('marks round times on its axis, from left to right', () => {
    const { bars } = histogramOf(bins);
    const places = ticksOf(bars).map((seconds) => placeOf(seconds, bars));
    expect(ticksOf(bars)).toContain(60);
    expect(places).toEqual([...places].sort((one, other) => one - other));
    for (const place of places) expect(place >= 0 && place <= 1).toBe(true);
  });
});
