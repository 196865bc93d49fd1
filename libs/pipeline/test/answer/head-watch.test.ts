// The memory of owners at the end of the log: it lasts while they publish on, and never speaks for an older head.
import { expect, test } from 'vitest';
import { createHeadWatch } from '../../src/answer/head-watch.ts';
import { type CellReader, type Head, type HeadNote, versionOf } from '../../src/index.ts';
import { NOTE } from '../partition/folded.ts';

const LINEAGE = 'lineage';

function headAt(next: number, note: Partial<HeadNote>): Head {
  const closed = versionOf(1, next);
  return { closed, target: closed, note: { ...NOTE, ...note } };
}

/** A watch whose Redis says what it is told to. */
function createWatch() {
  let head = headAt(1, { atEnd: false });
  const redis: CellReader = { name: 'redis', heads: async () => [head], read: async () => [] };
  const clickhouse: CellReader = { name: 'clickhouse', heads: async () => [headAt(1, { atEnd: false })], read: async () => [] };
  const clock = { nowMs: () => 0, sleep: async () => undefined };
  const watch = createHeadWatch({ stores: { redis, clickhouse }, lineages: () => [LINEAGE], partitions: [0], clock });
  const say = async (said: Head): Promise<Head> => {
    head = said;
    await watch.poll('redis');
    return said;
  };
  return { say, lastMs: (of: Head): number => watch.lastAtEndMs(LINEAGE, 0, of) };
}

test('an owner that was at the end is remembered when it publishes on behind it', async () => {
  const { say, lastMs } = createWatch();
  await say(headAt(5, { atEnd: true, confirmedAtMs: 1_000 }));
  await say(headAt(5, { atEnd: true, confirmedAtMs: 2_000 }));
  expect(lastMs(await say(headAt(9, { atEnd: false, confirmedAtMs: 3_000 })))).toBe(2_000);
});

test('a head that was read before a later one came to the end is as old as it is', async () => {
  const { say, lastMs } = createWatch();
  await say(headAt(5, { atEnd: true, confirmedAtMs: 1_000 }));
  const served = await say(headAt(7, { atEnd: false, confirmedAtMs: 4_000 }));
  await say(headAt(900, { atEnd: true, confirmedAtMs: 60_000 }));
  expect(lastMs(served)).toBe(1_000);
  expect(lastMs(headAt(900, { atEnd: false }))).toBe(60_000);
});

test('nobody was ever seen at the end', () => {
  expect(createWatch().lastMs(headAt(5, { atEnd: false }))).toBe(Number.NEGATIVE_INFINITY);
});
