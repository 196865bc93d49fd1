// The cohort table pools by the service's rules, and the sentence of growth against decay says no more than the figures do.
import type { RetentionCohort } from '@tidemark/query/client';
import { describe, expect, it } from 'vitest';
import { type GrowthPoint, storyOf } from '../src/pages/growth/story.ts';
import { agesOf, cohortRows, pooledOf, withoutEmptyStart } from '../src/parts/triangle/cohort-table.ts';
import { trendScore, wilson } from '../src/parts/triangle/proportions.ts';

const buckets = { unit: 'day', timezone: 'UTC', weekStart: 'monday' } as const;
const asOf = {
  watermark: '2026-11-04T12:00:00Z',
  positions: {},
  publishedAt: '2026-11-04T12:00:00Z',
  source: 'redis',
  stale: false,
  halted: [],
} as const;

/** `complete` cells first; two columns and two brackets that begin alike. */
function cohort(name: string, size: number, retained: readonly [number, number], complete: number): RetentionCohort {
  const cells = retained.map((part, index) => ({
    k: index + 1,
    retained: part,
    rate: size === 0 ? null : part / size,
    onOrAfter: Math.max(...retained.slice(index)),
    complete: index < complete,
    closesAt: `${name}T00:00:00Z`,
  }));
  const brackets = [1, 2].map((to) => ({ from: 1, to, retained: to, rate: null, complete: to <= complete }));
  return { cohort: name, value: null, size, cells, completeOnOrAfter: complete === 2, brackets };
}

const group = {
  cohorts: [
    cohort('2026-10-31', 0, [0, 0], 2),
    cohort('2026-11-01', 100, [40, 30], 2),
    cohort('2026-11-02', 50, [10, 5], 1),
    cohort('2026-11-04', 10, [0, 0], 0),
  ],
  overall: [],
};

describe('the cohort table', () => {
  it('pools what the service does not over the cohorts that are final', () => {
    expect(pooledOf(group, 'onOrAfter').map(({ part, of, cohorts }) => [part, of, cohorts])).toEqual([
      [40, 100, 2],
      [30, 100, 2],
    ]);
    expect(pooledOf(group, 'brackets').map(({ part, of, cohorts }) => [part, of, cohorts])).toEqual([
      [3, 150, 3],
      [4, 100, 2],
    ]);
  });

  it('tells what has not begun from nobody, and brackets that begin alike apart', () => {
    const rows = withoutEmptyStart(cohortRows(group, { way: 'on', buckets, asOf }));
    expect(rows.map(({ cohort: name, cells }) => [name, cells.map(({ begun }) => begun)])).toEqual([
      ['2026-11-01', [true, true]],
      ['2026-11-02', [true, true]],
      ['2026-11-04', [false, false]],
    ]);
    expect(agesOf(group, 'brackets').map(({ key }) => key)).toEqual(['1-1', '1-2']);
    const [row] = cohortRows(group, { way: 'brackets', buckets, asOf });
    expect(new Set(row?.cells.map(({ at }) => at)).size).toBe(2);
  });

  it('gives the interval of Wilson, and the score of a trend', () => {
    const { low, high } = wilson(480, 1_200);
    expect([low, high].map((end) => end?.toFixed(4))).toEqual(['0.3726', '0.4280']);
    expect(wilson(0, 0)).toEqual({ low: null, high: null });
    // Of two groups it is the test of two proportions: (0.3 − 0.2) / √(0.25 · 0.75 · 2 / 100).
    expect(
      trendScore([
        { part: 30, size: 100 },
        { part: 20, size: 100 },
      ]),
    ).toBeCloseTo(-1.633, 3);
    expect(trendScore([{ part: 5, size: 5 }])).toBe(0);
  });
});

describe('the sentence of growth against decay', () => {
  const points: readonly GrowthPoint[] = [100, 150, 162, 90].map((value, index) => ({ bucket: `2026-11-0${index + 1}`, value, complete: index < 3 }));
  const rowsOf = (rates: readonly (readonly [number, number])[]) =>
    rates.map(([part, size], index) => ({
      cohort: `2026-11-0${index + 1}`,
      size,
      sizeAt: '',
      cells: [{ part, complete: index < 3, closesAt: null, at: '', begun: true }],
    }));

  it('compares what is over only, and sees growth hide decay', () => {
    const { growth, decay, verdict } = storyOf(
      points,
      rowsOf([
        [300, 1_000],
        [250, 1_000],
        [150, 1_000],
        [0, 1_000],
      ]),
      0,
    );
    expect(growth).toEqual({ from: '2026-11-01', to: '2026-11-03', first: 100, last: 162, change: 0.6200000000000001 });
    expect(decay).toEqual({ from: '2026-11-01', to: '2026-11-03', first: 0.3, last: 0.15, cohorts: 3, isTrend: true });
    expect(verdict).toContain('growth hides decay');
  });

  it('says that few people may be chance, and nothing where nothing is over', () => {
    expect(
      storyOf(
        points,
        rowsOf([
          [15, 50],
          [12, 50],
          [10, 50],
        ]),
        0,
      ).verdict,
    ).toContain('may still be chance');
    expect(storyOf([], [], 0)).toEqual({ growth: null, decay: null, verdict: '' });
  });
});
