// Who may use the sums of a question, and for how long they are kept.
import { expect, test } from 'vitest';
import { createKeptQuestions } from '../../src/answer/kept-questions.ts';
import type { KeptSums } from '../../src/answer/kept-sums.ts';
import { type CellRow, type Head, versionOf } from '../../src/index.ts';

const ranges = [{ metric: 'm', table: 'total', from: 0, to: 9, sliced: false }];
const head: Head = { closed: versionOf(1, 1), target: versionOf(1, 1), note: null };

function fill(sums: KeptSums, rows: number): void {
  const row = (bucket: number): CellRow => ({ metric: 'm', table: 'total', bucket, value: '', version: versionOf(1, 1), cells: [1, 2, 3] });
  sums.take({ partition: 0, store: 'redis', head, rows: Array.from({ length: rows }, (_, bucket) => row(bucket)) });
  sums.wholeSinceMs = 0;
}

test('those who ask for the same ranges at once have the sums one after the other, also behind one who failed', async () => {
  const kept = createKeptQuestions([0], { maxBytes: 1e6, maxAgeMs: 1_000 });
  const order: string[] = [];
  const ask = (name: string, waitFor: Promise<void>) =>
    kept.inTurn({ lineage: 'l', ranges, nowMs: 0 }, async (sums) => {
      order.push(`${name} begins with ${sums.heads.size}`);
      await waitFor;
      fill(sums, 1);
      order.push(`${name} ends`);
      if (name === 'first') throw new Error('no store answers');
    });
  const first = Promise.withResolvers<void>();
  const asked = [ask('first', first.promise).catch(() => undefined), ask('second', Promise.resolve())];
  await Promise.resolve();
  first.resolve();
  await Promise.all(asked);
  expect(order).toEqual(['first begins with 0', 'first ends', 'second begins with 1', 'second ends']);
});

test('lineages and ranges do not share sums; those used last stay while there is room', async () => {
  const kept = createKeptQuestions([0], { maxBytes: 7_000, maxAgeMs: 1_000 });
  const rowsOf = (lineage: string, from: number, rows: number | null) =>
    kept.inTurn({ lineage, ranges: [{ metric: 'm', table: 'total', from, to: 9, sliced: false }], nowMs: 0 }, async (sums) => {
      const { size } = sums.sourceOf('m').rows('total', '');
      if (rows !== null) fill(sums, rows);
      return size;
    });
  expect(await rowsOf('a', 0, 5)).toBe(0);
  expect(await rowsOf('b', 0, 5)).toBe(0);
  expect(await rowsOf('a', 1, null)).toBe(0);
  expect([await rowsOf('b', 0, null), await rowsOf('a', 0, null)]).toEqual([5, 5]);
  await rowsOf('c', 0, 5);
  expect([await rowsOf('a', 0, null), await rowsOf('c', 0, null), await rowsOf('b', 0, null)]).toEqual([5, 5, 0]);
  const alone = createKeptQuestions([0], { maxBytes: 1_000, maxAgeMs: 1_000 });
  await alone.inTurn({ lineage: 'a', ranges, nowMs: 0 }, async (sums) => fill(sums, 9));
  expect(await alone.inTurn({ lineage: 'a', ranges, nowMs: 0 }, async (sums) => sums.heads.size)).toBe(0);
});

test('what was read whole too long ago is read whole again, however often it was asked for', async () => {
  const kept = createKeptQuestions([0], { maxBytes: 1e6, maxAgeMs: 1_000 });
  const headsAt = (nowMs: number) => kept.inTurn({ lineage: 'a', ranges, nowMs }, async (sums) => sums.heads.size);
  await kept.inTurn({ lineage: 'a', ranges, nowMs: 0 }, async (sums) => fill(sums, 1));
  expect([await headsAt(500), await headsAt(1_000), await headsAt(1_001)]).toEqual([1, 1, 0]);
});
