// The walk along the chain: every record once and in order per chunk, overlapping chunks of two archivers, tiny chunks in one page, growth, and what breaks it.
import { MemoryArchive } from '@tidemark/testing';
import { archivedRecord } from '@tidemark/testing/contracts';
import { expect, test } from 'vitest';
import { chunkHash } from '../../src/archive/chunk-hash.ts';
import type { ArchivedRecord } from '../../src/index.ts';
import { walkArchive } from '../../src/verify/archive-walk.ts';
import { rangesOfTables } from '../../src/verify/table-ranges.ts';

/** Sparse: every third offset is a marker that is never handed over. */
const RECORDS = Array.from({ length: 40 }, (_, index) => index)
  .filter((offset) => offset % 3 !== 1)
  .map((offset) => archivedRecord(0, offset));

async function archived(...links: readonly (readonly [from: number, to: number])[]): Promise<MemoryArchive> {
  const memory = new MemoryArchive();
  await memory.archive.insert(RECORDS);
  await extend(memory, ...links);
  return memory;
}

async function extend(memory: MemoryArchive, ...links: readonly (readonly [from: number, to: number])[]): Promise<void> {
  for (const [from, to] of links) {
    const own = RECORDS.filter(({ offset }) => offset >= from && offset < to);
    await memory.archive.extendChain({ epoch: 1, partition: 0, from, to, count: own.length, hash: chunkHash(own) });
  }
}

async function walked(memory: MemoryArchive, from = 0, paging = {}): Promise<{ offsets: number[]; pages: number; end: number }> {
  const walk = walkArchive({ archive: memory.partitionArchive, epoch: 1, partition: 0, ...paging }, from);
  const offsets: ArchivedRecord['offset'][] = [];
  for (let pages = 0; ; pages++) {
    const step = await walk.next();
    if (step.done === true) return { offsets, pages, end: step.value };
    offsets.push(...step.value.records.map(({ offset }) => offset));
  }
}

const below = (to: number, from = 0) => RECORDS.map(({ offset }) => offset).filter((offset) => offset >= from && offset < to);

test('many small chunks come as one page, large ones in pages bounded in records and bytes', async () => {
  const memory = await archived([0, 3], [3, 6], [6, 9], [9, 40]);
  expect(await walked(memory)).toEqual({ offsets: below(40), pages: 1, end: 40 });
  expect((await walked(memory, 0, { pageRecords: 5 })).pages).toBeGreaterThan(4);
  expect(await walked(memory, 0, { pageBytes: 1 })).toMatchObject({ offsets: below(40), pages: RECORDS.length });
});

test('overlapping chunks of two archivers are each held to their own hash, and no record is left out', async () => {
  const { offsets, end } = await walked(await archived([0, 10], [0, 6], [4, 25], [20, 22], [25, 30], [29, 40]));
  expect([...new Set(offsets)].sort((a, b) => a - b)).toEqual(below(40));
  expect(end).toBe(40);
});

test('the chain ends before a hole, and the walk goes on from there when it is filled', async () => {
  const memory = await archived([0, 10], [12, 30]);
  expect(await walked(memory)).toEqual({ offsets: below(10), pages: 1, end: 10 });
  await extend(memory, [8, 12]);
  const { offsets, end } = await walked(memory, 10);
  expect([...new Set(offsets)]).toEqual(below(30, 8));
  expect(end).toBe(30);
});

test('a record that is missing or changed behind the chain’s back breaks the walk, and so does a late beginning', async () => {
  const memory = await archived([0, 10], [10, 20]);
  memory.lose(1, 0, 12);
  await expect(walked(memory)).rejects.toThrow('the archive from offset 10 to 20 is not what its chain names: 5 of 6 records are there');
  const changed = await archived([0, 10]);
  await changed.archive.insert([archivedRecord(0, 5, { value: Buffer.from('other') })]);
  await expect(walked(changed)).rejects.toThrow('is not what its chain names');
  await expect(walked(await archived([5, 10]))).rejects.toThrow('the archive begins at offset 5');
  expect(await walked(new MemoryArchive())).toEqual({ offsets: [], pages: 0, end: 0 });
});

test('tables are asked for in questions of a bounded size, with every bucket once and no wide holes', () => {
  const buckets = [-719_162, 20_000, 20_001, 20_004, ...Array.from({ length: 200 }, (_, index) => 20_100 + index)];
  const questions = rangesOfTables([
    { metric: 'm', table: 'slice:a', buckets },
    { metric: 'm', table: 'slice:a', buckets: [20_004, 20_301] },
    { metric: 'm', table: 'total', buckets: [...buckets].reverse() },
  ]);
  const ranges = questions.flat();
  for (const table of ['slice:a', 'total']) {
    const of = ranges.filter((range) => range.table === table);
    for (const bucket of buckets)
      expect([table, bucket, of.filter(({ from, to }) => from <= bucket && bucket <= to).length]).toEqual([table, bucket, 1]);
  }
  for (const question of questions)
    expect(question.reduce((sum, { sliced, from, to }) => sum + (sliced ? to - from + 1 : 0), 0)).toBeLessThanOrEqual(64);
  expect(rangesOfTables([])).toEqual([[]]);
});
