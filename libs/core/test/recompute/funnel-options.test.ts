/** Worked examples of what a funnel may ask beside the ordered one: orders, exclusions, first attempts, attribution, slices over ranges. */
import { describe, expect, test } from 'vitest';
import type { Exclusion, FunnelDefinition } from '../../src/definition.ts';
import type { TimelineEvent } from '../../src/recompute/timeline.ts';
import { answered } from '../metrics/funnel-answered.ts';
import { dimension, event, funnel, isIn, select } from './examples.ts';

const day = { from: '2026-11-01', to: '2026-11-01' };

/** One actor's events on 1 November: `A 10:00`. */
function timeline(...written: string[]): TimelineEvent[] {
  return written.map((text) => event('ann', text.slice(0, -6), `2026-11-01T${text.slice(-5)}`));
}

function entries(options: Partial<FunnelDefinition>, events: readonly TimelineEvent[]): number[] | undefined {
  return answered(funnel(options), { events, ...day }).steps?.map((step) => step.entries);
}

describe('strict', () => {
  const strict = { order: 'strict' } as const;

  test('the actor’s next event must take the next step, whatever its name', () => {
    expect(entries(strict, timeline('A 10:00', 'B 10:10', 'C 10:20'))).toEqual([1, 1, 1]);
    expect(entries(strict, timeline('A 10:00', 'X 10:05', 'B 10:10', 'C 10:20'))).toEqual([1, 0, 0]);
    expect(entries(strict, timeline('A 10:00', 'B 10:10', 'B 10:15', 'C 10:20'))).toEqual([1, 1, 0]);
  });

  test('identify, group and alias events are events too; what the set’s filter hides is not there', () => {
    expect(entries(strict, timeline('A 10:00', '$identify 10:05', 'B 10:10'))).toEqual([1, 0, 0]);
    const events = [
      event('ann', 'A', '2026-11-01T10:00', { app: 1 }),
      event('ann', 'X', '2026-11-01T10:05', { app: 2 }),
      event('ann', 'B', '2026-11-01T10:10', { app: 1 }),
    ];
    const { steps } = answered(funnel(strict), { events, ...day, filter: [isIn('app', 1)] });
    expect(steps?.map((step) => step.entries)).toEqual([1, 1, 0]);
  });

  test('at the same or the next later instant: what lies beside the step at one instant is in order either way round', () => {
    expect(entries(strict, timeline('A 10:00', 'X 10:00', 'B 10:00', 'C 10:20'))).toEqual([1, 1, 1]);
    expect(entries(strict, timeline('A 10:00', 'X 10:10', 'B 10:10', 'C 10:20'))).toEqual([1, 1, 1]);
    expect(entries(strict, timeline('A 10:00', 'X 10:10', 'B 10:20'))).toEqual([1, 0, 0]);
  });

  test('the window holds', () => {
    expect(entries(strict, timeline('A 10:00', 'B 10:10', 'C 11:00'))).toEqual([1, 1, 1]);
    expect(entries(strict, timeline('A 10:00', 'B 10:10', 'C 11:01'))).toEqual([1, 1, 0]);
  });
});

describe('any', () => {
  const any = { order: 'any' } as const;

  test('an event that matches any step opens an attempt; depth is the number of steps taken, in whatever order', () => {
    // C opens C-A-B, A opens A-B, B opens B
    expect(entries(any, timeline('C 10:00', 'A 10:10', 'B 10:20'))).toEqual([3, 2, 1]);
  });

  test('each event takes the lowest-numbered free step that it matches, though a later event could have used it', () => {
    const steps = [select(['A', 'B']), select('B'), select('C')];
    // B takes the first step, the second B the second; A then finds nothing free
    expect(entries({ ...any, steps }, timeline('B 10:00', 'B 10:10', 'A 10:20'))).toEqual([3, 1, 0]);
    expect(entries({ ...any, steps }, timeline('B 10:00', 'A 10:10'))).toEqual([2, 0, 0]);
  });

  test('the opening takes its step first, also before events of its instant with smaller hashes; those may follow', () => {
    const steps = [select(['A', 'B']), select('B')];
    const events = [event('ann', 'A', '2026-11-01T10:00', {}, { tieHash: 1n }), event('ann', 'B', '2026-11-01T10:00', {}, { tieHash: 2n })];
    // opened by A: A, then B takes step 2; opened by B: B takes step 1, and A has no step left
    expect(entries({ ...any, steps }, events)).toEqual([2, 1]);
    // opened by B: B takes step 2, then A of the same instant step 1
    expect(entries({ ...any, steps: [select('A'), select('B')] }, events)).toEqual([2, 2]);
  });

  test('step s is the s-th taken, in its name and in its times', () => {
    const { steps } = answered(funnel(any), { events: timeline('C 10:00', 'A 10:10', 'B 10:30'), ...day });
    expect(steps?.map(({ name, fromPrevious, fromFirst }) => [name, fromPrevious.mean, fromFirst.mean])).toEqual([
      ['1 of 3', null, null],
      // Of the earliest attempt that reached the step.
      ['2 of 3', 600, 600],
      ['3 of 3', 1200, 1800],
    ]);
  });
});

describe('exclude', () => {
  const exclude = (effect: Exclusion['effect'], between: Exclusion['between'], name = 'X') => ({
    exclude: [{ select: select(name), between, effect }],
  });

  test('drop: the attempt does not count at all; end: it keeps the steps up to i', () => {
    const events = timeline('A 10:00', 'B 10:10', 'X 10:15', 'C 10:20');
    expect(entries(exclude('drop', [2, 3]), events)).toEqual([0, 0, 0]);
    expect(entries(exclude('end', [2, 3]), events)).toEqual([1, 1, 0]);
    expect(entries(exclude('end', [1, 3]), events)).toEqual([1, 0, 0]);
    expect(entries(exclude('drop', [1, 2]), events)).toEqual([1, 1, 1]);
  });

  test('only strictly between the two instants', () => {
    expect(entries(exclude('drop', [1, 2]), timeline('X 10:00', 'A 10:00', 'X 10:00', 'X 10:10', 'B 10:10', 'X 10:10'))).toEqual([1, 1, 0]);
  });

  test('when step j is not reached, until the window ends, its end not included; when step i is not, never', () => {
    expect(entries(exclude('drop', [1, 2]), timeline('A 10:00', 'X 10:59'))).toEqual([0, 0, 0]);
    expect(entries(exclude('drop', [1, 2]), timeline('A 10:00', 'X 11:00'))).toEqual([1, 0, 0]);
    expect(entries(exclude('drop', [2, 3]), timeline('A 10:00', 'X 10:30'))).toEqual([1, 0, 0]);
  });

  test('an event that the attempt itself has taken does not exclude it', () => {
    expect(entries(exclude('drop', [1, 3], 'B'), timeline('A 10:00', 'B 10:10', 'C 10:20'))).toEqual([1, 1, 1]);
    expect(entries(exclude('drop', [1, 3], 'B'), timeline('A 10:00', 'B 10:10', 'B 10:15', 'C 10:20'))).toEqual([0, 0, 0]);
  });

  test('several are each judged on the attempt as it was without any; one that drops wins, else the smallest depth stays', () => {
    const events = timeline('A 10:00', 'Y 10:05', 'B 10:10', 'X 10:15', 'C 10:20');
    const both = (first: Exclusion['effect'], second: Exclusion['effect']): Partial<FunnelDefinition> => ({
      exclude: [
        { select: select('Y'), between: [1, 2], effect: first },
        { select: select('X'), between: [2, 3], effect: second },
      ],
    });
    expect(entries(both('end', 'drop'), events)).toEqual([0, 0, 0]);
    expect(entries(both('end', 'end'), events)).toEqual([1, 0, 0]);
  });

  test('it concerns single attempts: another one of the actor counts', () => {
    const events = timeline('A 10:00', 'X 10:05', 'A 10:06', 'B 10:10');
    const { steps } = answered(funnel(exclude('drop', [1, 2])), { events, ...day });
    expect(steps?.map(({ uniques, entries: count }) => [uniques, count])).toEqual([
      [1, 1],
      [1, 1],
      [0, 0],
    ]);
  });
});

describe('attempt: first', () => {
  const events = [
    ...timeline('A 10:00', 'A 12:00', 'B 12:10'),
    event('ann', 'A', '2026-11-02T10:00'),
    event('ann', 'B', '2026-11-02T10:10'),
    event('ann', 'C', '2026-11-02T10:20'),
    event('bob', 'A', '2026-11-02T10:00'),
    event('bob', 'B', '2026-11-02T10:10'),
  ];
  const uniques = (options: Partial<FunnelDefinition>, from: string, to: string) =>
    answered(funnel({ attempt: 'first', ...options }), { events, from, to }).steps?.map((step) => step.uniques);

  test('uniques are actors whose earliest attempt opened in the range reached the step; entries count all attempts', () => {
    expect(uniques({}, '2026-11-01', '2026-11-02')).toEqual([2, 1, 0]);
    expect(uniques({}, '2026-11-01', '2026-11-01')).toEqual([1, 0, 0]);
    expect(uniques({}, '2026-11-02', '2026-11-02')).toEqual([2, 2, 1]);
    expect(uniques({ attempt: 'furthest' }, '2026-11-01', '2026-11-02')).toEqual([2, 2, 1]);
    expect(answered(funnel({ attempt: 'first' }), { events, ...day }).steps?.map((step) => step.entries)).toEqual([2, 1, 0]);
  });

  test('dropped attempts are passed over', () => {
    const exclude: Exclusion[] = [{ select: select('A'), between: [1, 2], effect: 'drop' }];
    // the attempt of 10:00 meets the A of the next morning? no: that lies beyond its window of an hour; of 12:00 too
    expect(uniques({ exclude }, '2026-11-01', '2026-11-01')).toEqual([1, 0, 0]);
    expect(uniques({ exclude, windowMs: 3 * 3_600_000 }, '2026-11-01', '2026-11-01')).toEqual([1, 1, 0]);
  });

  test('exact over every range up to lookback, beyond it null', () => {
    expect(uniques({ lookback: 1 }, '2026-11-01', '2026-11-02')).toEqual([null, null, null]);
  });
});

describe('attribution', () => {
  const device = dimension('device');
  const events = [
    event('ann', 'A', '2026-11-01T10:00'),
    event('ann', 'B', '2026-11-01T10:10', { device: 0 }),
    event('ann', 'C', '2026-11-01T10:20', { device: 'tv' }),
    event('bob', 'A', '2026-11-01T10:00', { device: 'web' }),
  ];
  const values = (attribution: FunnelDefinition['attribution'], slice = device, options: Partial<FunnelDefinition> = {}) =>
    Object.fromEntries(
      answered(funnel({ attribution, ...options }), { events, ...day, slice }).slices?.map(({ value, steps }) => [
        value,
        steps?.map((step) => step.entries),
      ]) ?? [],
    );

  test('entry: the value at the opening event', () => {
    expect(values('entry')).toEqual({ '': [1, 1, 1], web: [1, 0, 0] });
  });

  test('first and last: the first or last non-empty among the taken steps; 0 is a value', () => {
    expect(values('first')).toEqual({ '0': [1, 1, 1], web: [1, 0, 0] });
    expect(values('last')).toEqual({ tv: [1, 1, 1], web: [1, 0, 0] });
  });

  test('steps that an exclusion took away do not count', () => {
    const exclude: Exclusion[] = [{ select: select('C'), between: [1, 2], effect: 'end' }];
    expect(values('last', device, { exclude, steps: [select('A'), select('D'), select('C')] })).toEqual({ '': [1, 0, 0], web: [1, 0, 0] });
  });

  test('step n: the value there, empty when it was not reached', () => {
    expect(values({ step: 2 })).toEqual({ '0': [1, 1, 1], '': [1, 0, 0] });
    expect(values({ step: 3 })).toEqual({ tv: [1, 1, 1], '': [1, 0, 0] });
  });

  test('in a closed list what is absent stays empty while values are looked for, and counts as $other in the end', () => {
    const closed = dimension('device', ['tv']);
    expect(values('first', closed)).toEqual({ $other: [2, 1, 1] });
    expect(values('last', closed)).toEqual({ tv: [1, 1, 1], $other: [1, 0, 0] });
    expect(values({ step: 3 }, closed)).toEqual({ tv: [1, 1, 1], $other: [1, 0, 0] });
    // ann's first non-empty value is 0, which is not listed; without it it would be tv
    const listed = dimension('device', ['tv', '0']);
    expect(values('first', listed)).toEqual({ '0': [1, 1, 1], $other: [1, 0, 0] });
  });
});

describe('sliceRanges', () => {
  test('slices have distinct actors over any range up to lookback', () => {
    const slice = dimension('device');
    const events = ['2026-11-01', '2026-11-02', '2026-11-03'].flatMap((date) => [
      event('ann', 'A', `${date}T10:00`, { device: 'web' }),
      event('ann', 'B', `${date}T10:10`),
      event('bob', 'A', `${date}T10:00`, { device: date.endsWith('2') ? 'tv' : 'web' }),
    ]);
    const range = { events, from: '2026-11-01', to: '2026-11-03', slice };
    const uniques = (options: Partial<FunnelDefinition>) =>
      answered(funnel(options), range).slices?.map(({ value, steps }) => [value, steps?.map((step) => step.uniques)]);
    expect(uniques({ sliceRanges: true })).toEqual([
      ['web', [2, 1, 0]],
      ['tv', [1, 0, 0]],
    ]);
    expect(uniques({ sliceRanges: true, attempt: 'first' })).toEqual([
      ['web', [2, 1, 0]],
      ['tv', [1, 0, 0]],
    ]);
    expect(uniques({ sliceRanges: false })).toEqual([
      ['web', [null, null, null]],
      ['tv', [null, null, null]],
    ]);
    expect(uniques({ sliceRanges: true, lookback: 2 })?.[0]).toEqual(['web', [null, null, null]]);
  });
});

describe('steps', () => {
  test('up to 20, repeated names and all', () => {
    const names = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? 'A' : 'B'));
    const events = timeline(...names.map((name, index) => `${name} 10:${String(10 + index)}`));
    const steps = names.map((name) => select(name));
    expect(entries({ steps }, events)?.at(-1)).toBe(1);
    expect(entries({ steps, order: 'strict' }, events)?.at(-1)).toBe(1);
    expect(entries({ steps, order: 'any' }, events)?.at(-1)).toBe(1);
    const exclude: Exclusion[] = Array.from({ length: 10 }, (_, index) => ({ select: select(`X${index}`), between: [19, 20], effect: 'end' }));
    const last = exclude.at(-1)?.select.name ?? '';
    expect(entries({ steps, exclude }, [...events, event('ann', last, '2026-11-01T10:28:30')])?.slice(-2)).toEqual([1, 0]);
  });
});
