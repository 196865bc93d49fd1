/** A revision changes exactly when the integers may: not with words, order or spelling. */
import type { MetricSet } from '@tidemark/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { accepted } from './accepted.ts';

type Written = Record<string, unknown>;

const BASE: Written = {
  timezone: 'Asia/Yerevan',
  filter: { 'context.app.name': ['cabinet', 'shop'], plan: { exists: true } },
  dimensions: { channel: { property: 'channel', values: ['app', 'web'] }, device: { property: 'context.device.type', max: 9 } },
  selectors: { booked: [{ event: 'Booked', where: { channel: ['app', 'web'], amount: { gte: 3, lt: 9 } } }, 'Moved'] },
  metrics: [
    { id: 'r', kind: 'retention', start: 'booked', return: '*', columns: 5, slice: ['channel', 'device'] },
    { id: 'f', kind: 'funnel', steps: ['Opened', 'booked'], window: '2w', slice: ['device'] },
    { id: 'n', kind: 'activation', start: 'booked', within: '2w', some: { of: [{ select: 'Opened', atLeast: 2 }, 'Moved', 'booked'], atLeast: 2 } },
    { id: 'a', kind: 'activity', event: 'booked', rolling: [7, 3] },
    { id: 'k', kind: 'kpi', measure: { sum: 'booked', property: 'amount', decimals: 2 }, unit: 'hour' },
    { id: 'u', kind: 'kpi', measure: { uniques: 'booked' }, unit: 'week' },
  ],
};

function revisions(set: MetricSet): Record<string, string> {
  return { set: set.revision, ...Object.fromEntries(set.metrics.map(({ id, revision }) => [id, revision])) };
}

const before = revisions(accepted(stringify(BASE)));

/** Draws an order of keys for every map, and of items for every list whose order means nothing. */
function shuffled(value: unknown, order: () => number, key = ''): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => shuffled(item, order));
    return ['steps', 'of'].includes(key)
      ? items
      : [...items, ...(['channel', 'values'].includes(key) ? items.slice(0, 1) : [])].sort(() => order() - 0.5);
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([name, part]) => [name, shuffled(part, order, name)] as const)
      .sort(() => order() - 0.5),
  );
}

describe('a revision stays', () => {
  it('under any order of keys, lists, metrics and values, and repeats of values', () => {
    fc.assert(
      fc.property(fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })), (numbers) => {
        const order = () => numbers.next().value ?? 0;
        expect(revisions(accepted(stringify(shuffled(BASE, order))))).toEqual(before);
      }),
      { numRuns: 60 },
    );
  });

  it('under any title, description, owner, target, freshness, board, comment and set name', () => {
    const words = fc.record({
      title: fc.string({ minLength: 1, maxLength: 40 }),
      description: fc.string({ minLength: 1, maxLength: 40 }),
      owner: fc.string({ minLength: 1, maxLength: 40 }),
      freshness: fc.constantFrom('1s', '5m', '1d'),
    });
    fc.assert(
      fc.property(words, fc.double({ noNaN: true, noDefaultInfinity: true }), (extra, value) => {
        const metrics = accepted(stringify(BASE)).metrics.map(({ kind }, index) => {
          const of = { retention: 'overall.3.rate', funnel: 'step.2.uniques', activation: 'overall.rate', activity: 'rolling.7', kpi: 'value' }[kind];
          return { ...Object(Array.isArray(BASE['metrics']) ? BASE['metrics'][index] : {}), ...extra, target: { of, value, direction: 'down' } };
        });
        const text = `# ${JSON.stringify(extra.title)}\n${stringify({ ...BASE, name: 'other', metrics, board: ['u', 'r.overall.1.rate'] })}`;
        expect(revisions(accepted(text))).toEqual(before);
      }),
      { numRuns: 60 },
    );
  });

  it.each([
    [
      'other spellings of the defaults',
      { id: 'f', interval: undefined, order: 'ordered', attempt: 'furthest', attribution: 'entry', unit: 'day', lookback: 90 },
    ],
    ['another spelling of a duration', { id: 'f', window: '336h' }],
    ['columns written as a list', { id: 'r', columns: [1, 2, 3, 4, 5] }],
    ['the written-out defaults of retention', { id: 'r', interval: 'calendar', brackets: [], minReturns: 1, sliceReturn: 'any' }],
    [
      'a selector written in place',
      { id: 'r', start: ['Moved', { event: 'Booked', where: { channel: ['web', 'app'], amount: { lt: 9, gte: 3 } } }] },
    ],
    ['a week start that no bucket sees', { id: 'r', weekStart: 'sunday' }],
  ])('under %s', (_, change) => {
    expect(revisions(accepted(stringify(changed(change))))).toEqual(before);
  });

  it('when a selector or dimension that no metric uses is added', () => {
    const text = stringify({
      ...BASE,
      selectors: { ...Object(BASE['selectors']), idle: 'Idle' },
      dimensions: { ...Object(BASE['dimensions']), idle: { property: 'idle' } },
    });
    expect(revisions(accepted(text))).toEqual(before);
  });
});

function changed(change: Written): Written {
  const metrics = Array.isArray(BASE['metrics']) ? BASE['metrics'] : [];
  return {
    ...BASE,
    metrics: metrics.map((metric: Written) => (metric['id'] === change['id'] ? JSON.parse(JSON.stringify({ ...metric, ...change })) : metric)),
  };
}

describe('a revision changes', () => {
  it.each([
    [{ id: 'r', columns: 6 }],
    [{ id: 'r', unit: 'week' }],
    [{ id: 'r', entry: 'first_ever' }],
    [{ id: 'r', brackets: [[0, 3]] }],
    [{ id: 'r', minReturns: 2 }],
    [{ id: 'r', sliceReturn: 'same' }],
    [{ id: 'r', return: 'Booked' }],
    [{ id: 'r', slice: ['channel'] }],
    [{ id: 'r', timezone: 'Europe/Moscow' }],
    [{ id: 'f', window: '15d' }],
    [{ id: 'f', lookback: 91 }],
    [{ id: 'f', steps: ['booked', 'Opened'] }],
    [{ id: 'n', within: '15d' }],
    [{ id: 'n', entry: 'first_matching' }],
    [{ id: 'n', columns: 3 }],
    [{ id: 'n', some: { of: [{ select: 'Opened', atLeast: 2 }, 'Moved', 'booked'], atLeast: 1 } }],
    [{ id: 'n', some: { of: [{ select: 'Opened', atLeast: 3 }, 'Moved', 'booked'], atLeast: 2 } }],
    [{ id: 'a', churnAfter: 31 }],
    [{ id: 'a', rolling: [7] }],
    [{ id: 'a', weekStart: 'sunday' }],
    [{ id: 'k', measure: { sum: 'booked', property: 'amount', decimals: 3 } }],
    [{ id: 'k', measure: { sum: 'booked', property: 'total', decimals: 2 } }],
    [{ id: 'k', unit: 'day' }],
    [{ id: 'u', lookback: 89 }],
    [{ id: 'u', weekStart: 'sunday' }],
  ] satisfies [Written][])('%j: that metric and the set, no other', (change) => {
    const after = revisions(accepted(stringify(changed(change))));
    const different = Object.keys(before).filter((id) => after[id] !== before[id]);
    expect(different).toEqual(['set', change['id']]);
  });

  it('of every metric when the filter changes, and of the users of a selector or dimension', () => {
    const different = (written: Written): string[] => {
      const after = revisions(accepted(stringify(written)));
      return Object.keys(before).filter((id) => after[id] !== before[id]);
    };
    expect(different({ ...BASE, filter: { plan: 'x' } })).toEqual(['set', 'r', 'f', 'n', 'a', 'k', 'u']);
    expect(different({ ...BASE, selectors: { booked: 'Booked' } })).toEqual(['set', 'r', 'f', 'n', 'a', 'k', 'u']);
    expect(different({ ...BASE, dimensions: { ...Object(BASE['dimensions']), channel: { property: 'channel', values: ['app'] } } })).toEqual([
      'set',
      'r',
    ]);
    expect(different({ ...BASE, dimensions: { ...Object(BASE['dimensions']), device: { property: 'context.device.type', max: 8 } } })).toEqual([
      'set',
      'r',
      'f',
    ]);
  });

  it('of the set when an id changes', () => {
    expect(accepted(stringify({ ...BASE, metrics: [{ id: 'a', kind: 'activity' }] })).revision).not.toBe(
      accepted(stringify({ ...BASE, metrics: [{ id: 'b', kind: 'activity' }] })).revision,
    );
  });
});
