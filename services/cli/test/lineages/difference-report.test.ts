// Every cell that differs is told with the edit that explains it; one that no edit explains is an alarm.
import { type CellRow, type HeadNote, NO_VERSION, type ServedStore, StoreUnavailable, versionOf } from '@tidemark/pipeline';
import { MemoryCellStore } from '@tidemark/testing';
import { expect, test } from 'vitest';
import { reportDifferences, reportWords } from '../../src/lineages/difference-report.ts';
import { planned, revisionAndLineage, TEXT } from './lineages.ts';

const EDITED = TEXT.replace('7d', '3d').replace(
  'id: choices, kind: kpi, measure: { count: Chosen }',
  'id: payments, kind: kpi, measure: { count: Paid }',
);
const OLD = revisionAndLineage(TEXT).lineage;
const NEW = revisionAndLineage(EDITED).lineage;
const DAY = 19_700;
const note: HeadNote = {
  clockMs: 1,
  counters: {},
  overflow: false,
  partitionCount: 2,
  publishedAtMs: 1,
  confirmedAtMs: 1,
  atEnd: true,
  fingerprint: '',
};
const row = (metric: string, cells: readonly number[], more: Partial<CellRow> = {}): CellRow => ({
  ...{ metric, table: 'total', bucket: DAY, value: '', version: versionOf(1, 3), cells: [...cells] },
  ...more,
});

/** Two partitions of which each publishes these rows, at ends that differ. */
async function reported(old: readonly CellRow[], fresh: readonly CellRow[], more: { overflow?: boolean; edited?: string; first?: ServedStore } = {}) {
  const store = new MemoryCellStore('redis');
  for (const [lineage, rows, end] of [[OLD, old, 9] as const, [NEW, fresh, 7] as const])
    for (const partition of [0, 1])
      await store.sink.write({
        ...{ lineage, partition, publishId: 'p', index: 0, last: true, target: versionOf(1, end), base: NO_VERSION, rows },
        note: { ...note, overflow: more.overflow === true },
      });
  const stores = [...(more.first === undefined ? [] : [more.first]), { reader: store.reader, inventory: store.inventory }];
  return reportDifferences({ ...planned(more.edited ?? EDITED), lineage: NEW }, OLD, { stores, partitions: [0, 1] });
}

test('new, edited and retired metrics explain what differs, and the positions are those of the lower heads', async () => {
  const report = await reported(
    [row('buying', [5, 3]), row('opened', [4]), row('choices', [2])],
    [row('buying', [5, 1]), row('opened', [4]), row('payments', [1, 1])],
  );
  expect(report).toMatchObject({ unexplained: 0, moving: 0, positions: [versionOf(1, 7), versionOf(1, 7)], notCompared: [] });
  expect(report.metrics).toEqual([
    { metric: 'buying', reason: 'edited: window: 7 days → 3 days', cells: 1, buckets: [{ bucket: '2023-12-09', cells: 1 }] },
    { metric: 'choices', reason: 'retired', cells: 1, buckets: [{ bucket: '2023-12-09', cells: 1 }] },
    { metric: 'payments', reason: 'new metric', cells: 2, buckets: [{ bucket: '2023-12-09', cells: 2 }] },
  ]);
  expect(report.differences[0]).toEqual({ metric: 'buying', table: 'total', bucket: DAY, value: '', column: 1, was: 6, is: 2, partitions: 2 });
});

test('what an unchanged metric has otherwise is an alarm', async () => {
  const report = await reported([row('opened', [4])], [row('opened', [5])]);
  expect(report).toMatchObject({ unexplained: 1, metrics: [{ metric: 'opened', reason: null }] });
  expect(reportWords(report)).toEqual([
    '2 integers compared at equal positions: 1 differ',
    '  opened  1 cells  UNEXPLAINED  in 2023-12-09 (1)',
    '  1 cells differ for no reason that the edit gives',
  ]);
});

test('slices whose values have run out may be cut otherwise, the total may not', async () => {
  const sliced = (value: string): Partial<CellRow> => ({ table: 'slice:channel', value });
  const before = [row('opened', [4]), row('opened', [1], sliced('app'))];
  const after = [row('opened', [5]), row('opened', [1], sliced('web'))];
  expect(await reported(before, after)).toMatchObject({ unexplained: 3 });
  const cut = await reported(before, after, { overflow: true });
  expect(cut).toMatchObject({ unexplained: 1 });
  expect(cut.metrics.map(({ metric, reason, cells }) => [metric, reason?.slice(0, 33) ?? null, cells])).toEqual([
    ['opened', null, 1],
    ['opened', 'a slice has more values than are ', 2],
  ]);
});

test('a store that fails in between is left out, and nothing that it told counts twice', async () => {
  const away = async (): Promise<never> => {
    throw new StoreUnavailable('redis', 'gone');
  };
  const first: ServedStore = { reader: { name: 'redis', heads: away, read: away }, inventory: { name: 'redis', tables: away } };
  expect(await reported([row('opened', [4])], [row('opened', [5])], { first })).toMatchObject({ compared: 2, unexplained: 1 });
});
