// The list of lineages: where each stands, how far it is from the end of the log, and who decided so.
import { type KnownLineage, versionOf } from '@tidemark/pipeline';
import { expect, test } from 'vitest';
import { listedOf, tableOf } from '../../src/lineages/list.ts';

const known: KnownLineage = {
  ...{ lineage: 'a'.repeat(16), set: 'shop', revision: 'b'.repeat(16), files: [], origin: 'log', originPositions: [], isCommon: true },
  ...{ standing: 'serving', sinceMs: Date.UTC(2026, 10, 22, 9), by: 'worker here' },
};
const place = { closed: [versionOf(1, 1_500), versionOf(1, 20)], atEnd: [true, true], halted: [] };
const bounds = new Map([
  [0, { low: 0, high: 1_510 }],
  [1, { low: 5, high: 20 }],
]);

test('a lineage is listed with its records and its lag, which is not known without the log', () => {
  expect(listedOf(known, place, bounds)).toEqual({
    ...{ set: 'shop', lineage: 'a'.repeat(16), revision: 'b'.repeat(16), standing: 'serving', origin: 'log' },
    ...{ since: '2026-11-22T09:00:00.000Z', by: 'worker here', records: 1_520, lag: 10, positions: [1_500, 20], halted: [] },
  });
  expect(listedOf(known, place, null).lag).toBeNull();
});

test('what is retired has no lag and no halt', () => {
  const retired = listedOf({ ...known, standing: 'retired' }, { ...place, halted: ['partition 0: gone'] }, bounds);
  expect([retired.lag, retired.halted]).toEqual([null, []]);
});

test('the table has columns as wide as what stands in them, and hostile authors on one line', () => {
  const other = listedOf(
    { ...known, standing: 'catching_up', by: 'eve\n\u001b[31mroot', lineage: 'c'.repeat(16) },
    { ...place, closed: [versionOf(1, 7)], halted: ['partition 0: the log was rewritten'] },
    bounds,
  );
  const [head, first, second, ...more] = tableOf([listedOf(known, place, bounds), other]);
  expect(more).toEqual([]);
  expect(head).toBe('set   lineage           revision          state                records  lag    since                     by');
  expect(first).toBe('shop  aaaaaaaaaaaaaaaa  bbbbbbbbbbbbbbbb  serving              1,520    10     2026-11-22T09:00:00.000Z  worker here');
  expect(second).toMatch(/^shop {2}c{16} {2}b{16} {2}catching up, halted {2}7 {8}1,523 {2}2026-11-22T09:00:00\.000Z {2}eve/);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that they are gone is the point
  expect(second).not.toMatch(/[\n\u001b]/);
  expect(tableOf([])).toEqual([]);
});
