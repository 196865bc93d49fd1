// Two lineages are compared at equal positions although their heads never meet: what stood still since is compared, what moves is told.
import { type CellRow, compareLineages, type LineageDifference, NO_VERSION, versionOf } from '@tidemark/pipeline';
import { MemoryCellStore } from '@tidemark/testing';
import { headNote } from '@tidemark/testing/contracts';
import { expect, test } from 'vitest';

const at = (next: number): string => versionOf(1, next);
const note = headNote();
const row = (bucket: number, changedAt: number, cells: readonly number[], more: Partial<CellRow> = {}): CellRow => ({
  ...{ metric: 'booking', table: 'total', value: '', bucket, version: at(changedAt), cells: [...cells] },
  ...more,
});

function stand() {
  const store = new MemoryCellStore('redis');
  const found: LineageDifference[] = [];
  let nowMs = 0;
  let paused = async (): Promise<void> => {};
  const write = (lineage: string, target: number, rows: readonly CellRow[], last = true): Promise<unknown> => {
    const part = { lineage, partition: 0, publishId: `p${target}`, index: last ? 0 : 1, last, target: at(target), base: NO_VERSION, rows, note };
    return store.sink.write(part);
  };
  const compare = () =>
    compareLineages({
      ...{ before: 'old', after: 'new', partition: 0, store: { reader: store.reader, inventory: store.inventory }, patienceMs: 500 },
      clock: {
        nowMs: () => nowMs,
        sleep: async (ms) => {
          nowMs += ms;
          await paused();
        },
      },
      found: (difference) => found.push(difference),
    });
  return { write, compare, found, meanwhile: (run: () => Promise<void>) => (paused = run) };
}

test('equal cells are no difference; each one that differs is named with both values, also where one side has no row', async () => {
  const { write, compare, found } = stand();
  await write('old', 10, [row(1, 4, [7, 2, 0]), row(2, 5, [3]), row(3, 6, [1, 1])]);
  await write('new', 10, [row(1, 4, [7, 2]), row(2, 9, [3, 1]), row(4, 6, [5])]);
  expect(await compare()).toEqual({ position: at(10), compared: 8, moving: 0 });
  expect(found.map(({ bucket, column, was, is }) => [bucket, column, was, is])).toEqual([
    [2, 1, 0, 1],
    [3, 0, 1, 0],
    [3, 1, 1, 0],
    [4, 0, 0, 5],
  ]);
});

test('sliced tables are compared by value', async () => {
  const { write, compare, found } = stand();
  const sliced = { table: 'slice:channel', value: "o'app\t漢" };
  await write('old', 10, [row(1, 4, [1], sliced), row(1, 4, [1], { ...sliced, value: 'web' })]);
  await write('new', 10, [row(1, 4, [2], sliced), row(1, 4, [1], { ...sliced, value: 'web' })]);
  await compare();
  expect(found).toEqual([{ partition: 0, metric: 'booking', ...sliced, bucket: 1, column: 0, was: 1, is: 2 }]);
});

test('heads need not meet: rows that stood still since the lower one are compared there, the others until they do', async () => {
  const { write, compare, found, meanwhile } = stand();
  await write('old', 10, [row(1, 4, [7]), row(2, 10, [3])]);
  await write('new', 20, [row(1, 4, [8]), row(2, 20, [99])]);
  let pauses = 0;
  meanwhile(async () => {
    if (++pauses === 3) await write('old', 20, [row(2, 20, [99])]);
  });
  expect(await compare()).toEqual({ position: at(10), compared: 2, moving: 0 });
  expect(found.map(({ bucket, was, is }) => [bucket, was, is])).toEqual([[1, 7, 8]]);
});

test('a row that moves in every read is told as such, and no difference is made of it', async () => {
  const { write, compare, found, meanwhile } = stand();
  await write('old', 10, [row(1, 4, [7]), row(2, 10, [3])]);
  await write('new', 11, [row(1, 4, [7]), row(2, 11, [4])]);
  let next = 11;
  meanwhile(async () => {
    next += 2;
    await write('old', next, [row(2, next, [next])]);
    await write('new', next + 1, [row(2, next + 1, [next + 1])]);
  });
  expect(await compare()).toEqual({ position: at(10), compared: 1, moving: 1 });
  expect(found).toEqual([]);
});

test('a head that stays open is compared with nothing', async () => {
  const { write, compare, found } = stand();
  await write('old', 10, [row(1, 4, [7])]);
  await write('new', 10, [row(1, 4, [8])], false);
  expect(await compare()).toEqual({ position: null, compared: 0, moving: 0 });
  expect(found).toEqual([]);
});

test('lineages without a row are alike at their positions', async () => {
  const { write, compare } = stand();
  await write('old', 5, []);
  await write('new', 7, []);
  expect(await compare()).toEqual({ position: at(5), compared: 0, moving: 0 });
});
