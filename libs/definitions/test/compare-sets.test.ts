// What an edit changes is told by metric and field, in the file's own words, and only what changes an integer is rebuilt.
import type { MetricSet } from '@tidemark/core';
import { compareSets, parseMetricSet } from '@tidemark/definitions';
import { describe, expect, test } from 'vitest';

const TEXT = `
name: cabinet
filter: { context.app.name: cabinet }
dimensions:
  channel: { property: channel, max: 5 }
selectors:
  booked: { event: Service Booked, where: { channel: [app, web] } }
board: [bookings, visits]
metrics:
  - { id: booking, title: Booking, kind: funnel, steps: [Opened, booked, Paid], window: 7d, slice: [channel] }
  - { id: visits, title: Visits, owner: ann, kind: kpi, measure: { count: Opened }, target: { of: value, value: 10, direction: up } }
  - { id: bookings, kind: kpi, measure: { count: booked } }
  - { id: share, kind: kpi, measure: { formula: "b / v", of: { b: bookings, v: visits } } }
`;

function parsed(text: string): MetricSet {
  const outcome = parseMetricSet(text, { file: 'cabinet.yaml' });
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.problems));
  return outcome.set;
}
const before = parsed(TEXT);
const changed = (from: string, to: string) => compareSets(before, parsed(TEXT.replace(from, to)));
const told = ({ metrics }: ReturnType<typeof changed>) =>
  metrics
    .filter(({ change }) => change !== 'unchanged')
    .map(({ id, change, rebuilds, fields }) => [id, change, rebuilds, ...fields.map(({ field, was, is }) => `${field}: ${was} → ${is}`)]);

describe('compareSets', () => {
  test('the same file changes nothing, whatever its layout', () => {
    const same = compareSets(before, parsed(`# other words\n${TEXT.replace('7d', '168h')}`));
    expect([told(same), same.fields, same.rebuilds]).toEqual([[], [], false]);
  });

  test('an edited window names the metric and the field, with both values', () => {
    const edit = changed('7d', '3d');
    expect(told(edit)).toEqual([['booking', 'edited', true, 'window: 7 days → 3 days']]);
    expect(edit.rebuilds).toBe(true);
  });

  test('titles, owners, targets and boards rebuild nothing', () => {
    const words = changed('owner: ann', 'owner: bob');
    expect(told(words)).toEqual([['visits', 'words', false, 'owner: ann → bob']]);
    expect(told(changed('value: 10', 'value: 12'))).toEqual([['visits', 'words', false, 'target.value: 10 → 12']]);
    const board = changed('[bookings, visits]', '[visits]');
    expect([told(board), board.fields, board.rebuilds]).toEqual([[], [{ field: 'board', was: 'bookings and visits', is: 'visits' }], false]);
    expect(words.rebuilds).toBe(false);
  });

  test('a selector that several metrics use is told in each of them', () => {
    expect(told(changed('[app, web]', '[app]'))).toEqual([
      ['booking', 'edited', true, 'steps[2]: booked ("Service Booked" where channel is app or web) → booked ("Service Booked" where channel is app)'],
      [
        'bookings',
        'edited',
        true,
        'measure.of: booked ("Service Booked" where channel is app or web) → booked ("Service Booked" where channel is app)',
      ],
      // The formula says what it said; what it is computed from does not.
      ['share', 'edited', false],
    ]);
  });

  test('new and retired metrics are told, and a step that is added', () => {
    const without = TEXT.replace(/ {2}- \{ id: visits.*\n/, '')
      .replace(/ {2}- \{ id: share.*\n/, '')
      .replace('[bookings, visits]', '[bookings]');
    expect(told(compareSets(before, parsed(without)))).toEqual([
      ['visits', 'retired', true],
      ['share', 'retired', false],
    ]);
    expect(told(compareSets(parsed(without), before))).toEqual([
      ['visits', 'new', true],
      ['share', 'new', false],
    ]);
    expect(told(changed('booked, Paid', 'booked, Paid, Left'))).toEqual([['booking', 'edited', true, 'steps[4]: null → "Left"']]);
  });

  test('an edited formula rebuilds nothing: it has no cells of its own', () => {
    const edit = changed('b / v', 'b / (v + 1)');
    expect(told(edit)).toEqual([['share', 'edited', false, 'measure.expression: b / v → b / (v + 1)']]);
    expect(edit.rebuilds).toBe(false);
  });

  test('a dimension is told where it is used, and the filter of the file everywhere', () => {
    expect(told(changed('max: 5', 'max: 9'))).toEqual([
      ['booking', 'edited', true, 'dimension channel: properties.channel, at most 5 values → properties.channel, at most 9 values'],
    ]);
    const filtered = told(changed('context.app.name: cabinet', 'context.app.name: garage'));
    expect(filtered.map(([id, change]) => [id, change])).toEqual(expect.arrayContaining([['booking', 'edited']]));
    expect(filtered[0]?.[3]).toBe('filter: context.app.name is cabinet → context.app.name is garage');
  });

  test('without anything before, everything is new', () => {
    const first = compareSets(null, before);
    expect(first.rebuilds).toBe(true);
    expect(new Set(first.metrics.map(({ change }) => change))).toEqual(new Set(['new']));
  });
});
