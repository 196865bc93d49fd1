/** Histograms of durations: exact where they promise it, within 1 % elsewhere. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { binEdgesMs, binValueMs, durationBin, durationHigh, durationLow, durationSumMs, durationsOf } from '../../src/metrics/durations.ts';

const duration = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 1, max: 3e12 }));

function binned(durations: readonly number[]) {
  const bins = new Map<number, number>();
  for (const each of durations) bins.set(durationBin(each), (bins.get(durationBin(each)) ?? 0) + 1);
  return durationsOf(
    durations.reduce((sum, each) => sum + BigInt(each), 0n),
    bins,
  );
}

describe('a bin', () => {
  test('holds what lies between its edges, and its value is within 1 % of all of it', () => {
    fc.assert(
      fc.property(duration, (durationMs) => {
        const bin = durationBin(durationMs);
        const { from, to } = binEdgesMs(bin);
        if (durationMs === 0) expect([bin, binValueMs(bin)]).toEqual([0, 0]);
        else {
          expect(from <= durationMs && durationMs < to).toBe(true);
          expect(Math.abs(binValueMs(bin) - durationMs)).toBeLessThanOrEqual(durationMs * 0.01);
        }
      }),
    );
  });
});

describe('figures', () => {
  test('quantiles lie within 1 % of those interpolated between exact ranks; n and mean are exact', () => {
    fc.assert(
      fc.property(fc.array(duration, { minLength: 1, maxLength: 40 }), (durations) => {
        const sorted = [...durations].sort((a, b) => a - b);
        const exact = (share: number): number => {
          const place = (sorted.length - 1) * share;
          const below = sorted[Math.floor(place)] ?? 0;
          return (below + ((sorted[Math.ceil(place)] ?? 0) - below) * (place % 1)) / 1000;
        };
        const figures = binned(durations);
        expect(figures.n).toBe(durations.length);
        expect(figures.mean).toBe(durations.reduce((sum, each) => sum + each, 0) / durations.length / 1000);
        for (const [quantile, share] of [
          [figures.p50, 0.5],
          [figures.p90, 0.9],
        ] as const)
          expect(Math.abs((quantile ?? -1) - exact(share))).toBeLessThanOrEqual(exact(share) * 0.01 + 1e-9);
        expect(figures.histogram.reduce((sum, { n }) => sum + n, 0)).toBe(durations.length);
      }),
    );
  });

  test('of nobody are null', () => {
    expect(durationsOf(0, new Map([[3, 0]]))).toEqual({ n: 0, mean: null, p50: null, p90: null, histogram: [] });
  });
});

test('a sum in two counts is exact far beyond 2^53, and taken back without a carry', () => {
  fc.assert(
    fc.property(fc.array(duration, { maxLength: 30 }), (durations) => {
      const high = durations.reduce((sum, each) => sum + durationHigh(each), 0);
      const low = durations.reduce((sum, each) => sum + durationLow(each), 0);
      expect(durationSumMs(high, low)).toBe(durations.reduce((sum, each) => sum + BigInt(each), 0n));
      expect(Math.max(0, ...durations.map(durationLow))).toBeLessThan(2 ** 20);
    }),
  );
});
