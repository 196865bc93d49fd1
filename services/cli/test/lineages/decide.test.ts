// A decision is written, read back, and refused where another one came first; places are those of the store that is ahead.
import { type HeadNote, joinJournals, type LineageJournal, NO_VERSION, type ServedStore, StoreUnavailable, versionOf } from '@tidemark/pipeline';
import { exitCodeOf, exitCodes } from '@tidemark/runtime';
import { MemoryCellStore, MemoryLineageJournal } from '@tidemark/testing';
import { journalEntry } from '@tidemark/testing/contracts';
import { describe, expect, test } from 'vitest';
import { foldedOf, placeOf } from '../../src/lineages/catch-up.ts';
import { decide, whoDecides } from '../../src/lineages/decide.ts';

const about = { set: 'cabinet', lineage: 'b'.repeat(16), revision: 'fedcba9876543210' };
const start = { kind: 'start', ...about, files: [{ name: 'cabinet.yaml', text: 'x' }], origin: 'log' } as const;

function journal() {
  const [table, copy] = [new MemoryLineageJournal(), new MemoryLineageJournal()];
  return { table, copy, joined: joinJournals({ table: table.journal, copy: copy.journal }) };
}

describe('a decision', () => {
  test('comes after all that are known, says who and when, and is in both stores', async () => {
    const { table, copy, joined } = journal();
    await joined.append(journalEntry(4, { lineage: 'a'.repeat(16), kind: 'adopt' }));
    const state = await decide(joined, 'ann', start);
    expect(state.sets[0]?.lineages.map(({ lineage, standing, by }) => [lineage[0], standing, by])).toEqual([
      ['a', 'serving', 'ann'],
      ['b', 'catching_up', 'ann'],
    ]);
    for (const store of [table, copy]) {
      const written = (await store.journal.read()).entries.find(({ kind }) => kind === 'start');
      expect(written).toMatchObject({ sequence: 5, by: 'ann', positions: [], origin: 'log' });
      expect(Math.abs((written?.atMs ?? 0) - Date.now())).toBeLessThan(60_000);
    }
  });

  test('that came second says so, and why', async () => {
    const { joined } = journal();
    for (const entry of [journalEntry(1, { lineage: 'a'.repeat(16), kind: 'adopt' }), journalEntry(2, { ...start })]) await joined.append(entry);
    const failure = await decide(joined, 'bob', start).catch((error: unknown) => error);
    expect(String(failure)).toBe(`Error: this decision has no effect, for another one came first: lineage ${about.lineage} is worked on already`);
    expect(exitCodeOf(failure)).toBe(exitCodes.failed);
  });

  test('of two operators with the same sequence one wins, and the other one reads so', async () => {
    const { table, joined } = journal();
    await joined.append(journalEntry(1, { lineage: 'a'.repeat(16), kind: 'adopt' }));
    // The other one's entry is written between our reading and our writing.
    const slow: LineageJournal = {
      read: () => joined.read(),
      append: async (entry) => {
        await table.journal.append(journalEntry(2, { ...start, id: '0-first', by: 'bob' }));
        await joined.append(entry);
      },
    };
    const failure = await decide({ ...joined, append: slow.append }, 'ann', start).catch((error: unknown) => error);
    expect(String(failure)).toContain('another one came first');
  });

  test('is not made while ClickHouse does not answer', async () => {
    const { table, joined } = journal();
    table.intercept = () => 'lose';
    await expect(decide(joined, 'ann', start)).rejects.toBeInstanceOf(StoreUnavailable);
  });

  test('names its author, who is the user of the process by default', () => {
    expect(whoDecides('ann')).toBe('ann');
    expect(whoDecides(undefined)).not.toBe('');
  });
});

describe('the place of a lineage', () => {
  const note: HeadNote = {
    ...{ clockMs: 1, counters: {}, overflow: false, partitionCount: 2, publishedAtMs: 1, confirmedAtMs: 1, atEnd: true, fingerprint: '' },
  };
  const write = (store: MemoryCellStore, partition: number, next: number, more: Partial<HeadNote> = {}): Promise<unknown> =>
    store.sink.write({
      ...{ lineage: 'l', partition, publishId: 'p', index: 0, last: true, target: versionOf(1, next), base: NO_VERSION, rows: [] },
      note: { ...note, ...more },
    });
  const served = ({ reader, inventory }: MemoryCellStore): ServedStore => ({ reader, inventory });

  test('is that of the store that is ahead, by partition, with the reasons of halts', async () => {
    const [redis, clickhouse] = [new MemoryCellStore('redis'), new MemoryCellStore('clickhouse')];
    await write(redis, 0, 7);
    await write(clickhouse, 0, 9, { halted: 'the log was rewritten' });
    await write(redis, 1, 4, { atEnd: false });
    const place = await placeOf('l', { stores: [served(redis), served(clickhouse)], partitions: [0, 1, 2] });
    expect(place).toEqual({
      closed: [versionOf(1, 9), versionOf(1, 4), NO_VERSION],
      atEnd: [true, false, false],
      halted: ['partition 0: the log was rewritten'],
    });
    expect(foldedOf(place)).toBe(13);
  });

  test('is told by one store alone, and by none when none answers', async () => {
    const store = new MemoryCellStore('clickhouse');
    await write(store, 0, 3);
    const away = async (): Promise<never> => {
      throw new StoreUnavailable('redis', 'gone');
    };
    const gone: ServedStore = { reader: { name: 'redis', heads: away, read: away }, inventory: { name: 'redis', tables: away } };
    expect((await placeOf('l', { stores: [gone, served(store)], partitions: [0] })).closed).toEqual([versionOf(1, 3)]);
    await expect(placeOf('l', { stores: [gone], partitions: [0] })).rejects.toBeInstanceOf(StoreUnavailable);
  });
});
