/** Worked examples of ordered funnels, one per rule, answered by the oracle and by the engine. */
import { describe, expect, test } from 'vitest';
import type { TimelineEvent } from '../../src/recompute/timeline.ts';
import { answered } from '../metrics/funnel-answered.ts';
import { type Asked, dimension, event, funnel, isIn, select } from './examples.ts';

const day = { from: '2026-11-01', to: '2026-11-01' };

/** [uniques, entries] of each step over the range. */
function stepsOf(metric: ReturnType<typeof funnel>, asked: Asked) {
  return answered(metric, asked).steps?.map(({ uniques, entries }) => [uniques, entries]);
}

/** One actor's events on 1 November: `A 10:00`. */
function timeline(...written: string[]): TimelineEvent[] {
  return written.map((text) => event('ann', text.slice(0, -6), `2026-11-01T${text.slice(-5)}`));
}

describe('ordered', () => {
  test('each step at or after the one before; other events may lie between', () => {
    expect(stepsOf(funnel(), { events: timeline('A 10:00', 'C 10:05', 'X 10:06', 'B 10:10', 'C 10:20'), ...day })).toEqual([
      [1, 1],
      [1, 1],
      [1, 1],
    ]);
    expect(stepsOf(funnel(), { events: timeline('A 10:00', 'C 10:05', 'B 10:10'), ...day })).toEqual([
      [1, 1],
      [1, 1],
      [0, 0],
    ]);
  });

  test('the window is counted from the opening event and includes its end', () => {
    expect(stepsOf(funnel(), { events: timeline('A 10:00', 'B 10:30', 'C 11:00'), ...day })).toEqual([
      [1, 1],
      [1, 1],
      [1, 1],
    ]);
    expect(stepsOf(funnel(), { events: timeline('A 10:00', 'B 10:30', 'C 11:01'), ...day })).toEqual([
      [1, 1],
      [1, 1],
      [0, 0],
    ]);
  });

  test('steps may lie outside the range and the bucket of the opening event', () => {
    expect(stepsOf(funnel(), { events: timeline('A 23:30', 'B 23:50').concat(event('ann', 'C', '2026-11-02T00:30')), ...day })).toEqual([
      [1, 1],
      [1, 1],
      [1, 1],
    ]);
  });

  test('an earlier opening event does not use anything up: each opens an attempt of its own, the furthest counts for uniques', () => {
    const events = timeline('A 08:00', 'A 10:00', 'B 10:10', 'A 10:20', 'C 10:30');
    // 08:00 reaches step 1, 10:00 reaches 3, 10:20 reaches 1
    expect(stepsOf(funnel(), { events, ...day })).toEqual([
      [1, 3],
      [1, 1],
      [1, 1],
    ]);
  });

  test('one event is never two steps of an attempt: a repeated step needs a second event', () => {
    const twice = funnel({ steps: [select('A'), select('A')] });
    expect(stepsOf(twice, { events: timeline('A 10:00'), ...day })).toEqual([
      [1, 1],
      [0, 0],
    ]);
    expect(stepsOf(twice, { events: timeline('A 10:00', 'A 10:30', 'A 11:10'), ...day })).toEqual([
      [1, 3],
      [1, 2],
    ]);
  });

  test('an event may be a step of several attempts', () => {
    expect(stepsOf(funnel(), { events: timeline('A 10:00', 'A 10:05', 'B 10:10'), ...day })).toEqual([
      [1, 2],
      [1, 2],
      [0, 0],
    ]);
  });
});

describe('equal instants are in order either way round', () => {
  test('a step is taken at the instant of the one before, whatever the hashes are', () => {
    const events = [
      event('ann', 'A', '2026-11-01T10:00', {}, { tieHash: 3n }),
      event('ann', 'B', '2026-11-01T10:00', {}, { tieHash: 2n }),
      event('ann', 'C', '2026-11-01T10:00', {}, { tieHash: 1n }),
    ];
    expect(stepsOf(funnel(), { events, ...day })).toEqual([
      [1, 1],
      [1, 1],
      [1, 1],
    ]);
  });

  test('two openings at one instant each take the other as the repeated step', () => {
    const twice = funnel({ steps: [select('A'), select('A')] });
    expect(stepsOf(twice, { events: timeline('A 10:00', 'A 10:00'), ...day })).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });

  test('of several events at one instant a step takes the one with the smaller hash, though a later step could have used it', () => {
    const steps = [select('A'), select(['X', 'Y']), select('X')];
    const events = [
      event('ann', 'A', '2026-11-01T10:00'),
      event('ann', 'X', '2026-11-01T10:10', {}, { tieHash: 1n }),
      event('ann', 'Y', '2026-11-01T10:10', {}, { tieHash: 2n }),
    ];
    expect(stepsOf(funnel({ steps }), { events, ...day })).toEqual([
      [1, 1],
      [1, 1],
      [0, 0],
    ]);
  });
});

describe('ranges and buckets', () => {
  const events = [
    ...timeline('A 10:00', 'B 10:10'),
    event('ann', 'A', '2026-11-02T10:00'),
    event('bob', 'A', '2026-11-02T10:00'),
    event('bob', 'A', '2026-11-02T11:00'),
    event('bob', 'B', '2026-11-02T11:10'),
    event('bob', 'C', '2026-11-02T11:20'),
  ];

  test('uniques over a range count an actor once; entries count attempts', () => {
    const { steps } = answered(funnel(), { events, from: '2026-11-01', to: '2026-11-02' });
    expect(steps).toMatchObject([
      { step: 1, name: 'A', uniques: 2, entries: 4, ofFirst: 1, ofPrevious: 1 },
      { step: 2, name: 'B', uniques: 2, entries: 2, ofFirst: 1, ofPrevious: 1 },
      { step: 3, name: 'C', uniques: 1, entries: 1, ofFirst: 0.5, ofPrevious: 0.5 },
    ]);
  });

  test('by bucket, the opening event’s bucket counts', () => {
    const { buckets, steps } = answered(funnel(), { events, from: '2026-11-01', to: '2026-11-02', byBucket: true });
    expect(steps).toBeUndefined();
    expect(buckets?.map((one) => [one.bucket, one.steps.map((step) => step.uniques)])).toEqual([
      ['2026-11-01', [1, 1, 0]],
      ['2026-11-02', [2, 1, 1]],
    ]);
  });

  test('a range longer than lookback has no uniques and no ratios, entries and buckets stay', () => {
    const metric = funnel({ lookback: 1 });
    const answer = answered(metric, { events, from: '2026-11-01', to: '2026-11-02' });
    expect(answer.uniquesLimit).toBe(1);
    expect(answer.steps?.[1]).toMatchObject({ step: 2, name: 'B', uniques: null, entries: 2, ofFirst: null, ofPrevious: null });
    expect(stepsOf(metric, { events, from: '2026-11-02', to: '2026-11-02' })).toEqual([
      [2, 3],
      [1, 1],
      [1, 1],
    ]);
    const { buckets } = answered(metric, { events, from: '2026-11-01', to: '2026-11-02', byBucket: true });
    expect(buckets?.[1]?.steps[0]?.uniques).toBe(2);
  });

  test('ratios over nobody are null', () => {
    const { steps } = answered(funnel(), { events: [], ...day });
    expect(steps?.map(({ uniques, ofFirst, ofPrevious }) => [uniques, ofFirst, ofPrevious])).toEqual(Array(3).fill([0, null, null]));
  });

  test('a bucket is complete when its end, the window and lateness have passed; a range when its last bucket is', () => {
    const at = (watermark: string) =>
      answered(funnel(), { events, from: '2026-11-01', to: '2026-11-02', byBucket: true, watermark, latenessMs: 60_000 });
    expect(at('2026-11-03T01:00:59.999Z').buckets?.map((one) => one.complete)).toEqual([true, false]);
    expect(at('2026-11-03T01:00:59.999Z').complete).toBe(false);
    expect(at('2026-11-03T01:01:00Z').complete).toBe(true);
  });
});

describe('slices', () => {
  const device = dimension('device');
  const events = [
    event('ann', 'A', '2026-11-01T10:00', { device: 'ios' }),
    event('ann', 'A', '2026-11-01T10:05', { device: 'web' }),
    event('ann', 'B', '2026-11-01T10:10', { device: 'tv' }),
    event('ann', 'A', '2026-11-02T10:00', { device: 'web' }),
    event('bob', 'A', '2026-11-01T10:00'),
  ];

  test('an attempt’s value is the opening event’s, whatever the later steps show', () => {
    const { slices, steps } = answered(funnel({ steps: [select('A'), select('B')] }), { events, ...day, slice: device });
    expect(steps).toBeUndefined();
    expect(slices?.map((one) => [one.value, one.steps?.map(({ uniques, entries }) => [uniques, entries])])).toEqual([
      [
        '',
        [
          [1, 1],
          [0, 0],
        ],
      ],
      [
        'ios',
        [
          [1, 1],
          [1, 1],
        ],
      ],
      [
        'web',
        [
          [1, 1],
          [1, 1],
        ],
      ],
    ]);
  });

  test('over more than one bucket a slice has entries but no uniques; per bucket it has both', () => {
    const metric = funnel({ steps: [select('A'), select('B')] });
    const range = { events, from: '2026-11-01', to: '2026-11-02', slice: device, value: 'web' };
    expect(answered(metric, range).slices?.[0]?.steps).toMatchObject([
      { step: 1, name: 'A', uniques: null, entries: 2, ofFirst: null, ofPrevious: null },
      { step: 2, name: 'B', uniques: null, entries: 1, ofFirst: null, ofPrevious: null },
    ]);
    const [web] = answered(metric, { ...range, byBucket: true }).slices ?? [];
    expect(web?.buckets?.map((one) => one.steps.map(({ uniques, entries }) => [uniques, entries]))).toEqual([
      [
        [1, 1],
        [1, 1],
      ],
      [
        [1, 1],
        [0, 0],
      ],
    ]);
  });

  test('values come by entries, largest first, the rest added up', () => {
    const { slices } = answered(funnel(), { events, from: '2026-11-01', to: '2026-11-02', slice: device, limit: 1 });
    expect(slices?.map((one) => [one.value, one.steps?.[0]?.entries])).toEqual([
      ['web', 2],
      ['$rest', 2],
    ]);
  });

  test('where on a step and the set’s filter both hold', () => {
    const steps = [select('A', isIn('device', 'web')), select('B')];
    expect(stepsOf(funnel({ steps }), { events, ...day })).toEqual([
      [1, 1],
      [1, 1],
    ]);
    expect(stepsOf(funnel({ steps }), { events, ...day, filter: [isIn('device', 'web')] })).toEqual([
      [1, 1],
      [0, 0],
    ]);
  });
});
