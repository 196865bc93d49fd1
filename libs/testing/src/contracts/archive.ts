/** What every archive promises, run alike on the twin and on the real engine. */
import type { Archive, ArchiveChunk, ArchivedRecord } from '@tidemark/pipeline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

/** A record as read back for comparison: everything that was archived of it. */
export interface ArchiveUnderTest {
  readonly archive: Archive;
  /** All records of one (epoch, partition) in offset order, each once. */
  records(epoch: number, partition: number): Promise<readonly ArchivedRecord[]>;
  close(): Promise<void>;
}

/** Every byte value, and what text formats stumble over. */
const HOSTILE_BYTES = Buffer.concat([
  Buffer.from(Uint8Array.from({ length: 256 }, (_, byte) => byte)),
  Buffer.from('\\N\\t\t\n\r\n\\\\\'"`\0\u2028{"a":1}'),
]);

/** The suite. `makeArchive` is called once; every test works in a partition of its own. */
export function archiveContract(name: string, makeArchive: () => Promise<ArchiveUnderTest>): void {
  describe(`${name} as an archive`, () => {
    let under: ArchiveUnderTest;
    let partition = 100;
    beforeAll(async () => {
      under = await makeArchive();
    });
    afterAll(async () => {
      await under?.close();
    });
    const fresh = (): { under: ArchiveUnderTest; partition: number } => ({ under, partition: ++partition });
    describeRecords(fresh);
    describeChain(fresh);
  });
}

export function archivedRecord(partition: number, offset: number, changes: Partial<ArchivedRecord> = {}): ArchivedRecord {
  const parsed = {
    type: 'track',
    event: 'order_placed',
    actorKind: 'user',
    actorId: `u${offset % 7}`,
    messageId: `m${offset}`,
    timeMs: 1_700_000_000_000 + offset,
  } as const;
  const bytes = { key: Buffer.from(parsed.actorId), value: Buffer.from(`{"event":"order_placed","n":${offset}}`) };
  return { epoch: 1, partition, offset, timestampMs: 1_700_000_000_500 + offset, ...bytes, control: false, parsed, reason: '', ...changes };
}

function describeRecords(fresh: () => { under: ArchiveUnderTest; partition: number }): void {
  test('a record comes back byte for byte, whatever its key and value hold', async () => {
    const { under, partition } = fresh();
    const bytes = [HOSTILE_BYTES, Buffer.from('\\N'), Buffer.alloc(0), null];
    const records = bytes.flatMap((key, i) =>
      bytes.map((value, j) => archivedRecord(partition, i * 4 + j, { key, value, parsed: null, reason: 'not JSON' })),
    );
    await under.archive.insert(records);
    expect(await under.records(1, partition)).toEqual(records);
  });

  test('parsed, rejected and control records keep what was known of them', async () => {
    const { under, partition } = fresh();
    const hostile = {
      type: 'track',
      event: 'tab\tname\n\'"\\',
      actorKind: 'anonymous',
      actorId: '漢\0',
      messageId: '\\N',
      timeMs: -62_135_596_800_000,
    } as const;
    const last = { ...hostile, timeMs: 253_402_300_799_999 };
    const records = [
      archivedRecord(partition, 1),
      archivedRecord(partition, 2, { parsed: hostile }),
      archivedRecord(partition, 3, { parsed: last }),
      archivedRecord(partition, 5, { parsed: null, reason: 'key is\tnot the actor' }),
      archivedRecord(partition, 2 ** 48 - 2, { timestampMs: -1, parsed: null, control: true, key: null, value: null }),
    ];
    await under.archive.insert(records);
    expect(await under.records(1, partition)).toEqual(records);
  });

  test('the last record below an offset is told with its time and bytes, of its epoch alone', async () => {
    const { under, partition } = fresh();
    const [low, middle, high] = [3, 9, 12].map((offset) => archivedRecord(partition, offset, { timestampMs: 1_000 + offset, value: null }));
    if (low === undefined || middle === undefined || high === undefined) throw new Error('no records');
    await under.archive.insert([high, low, middle]);
    const told = async (below: number): Promise<unknown> => {
      const mark = await under.archive.lastRecord(1, partition, below);
      return mark === null ? null : [mark.offset, mark.timestampMs, mark.key, mark.value];
    };
    expect(await told(12)).toEqual([9, 1_009, middle.key, null]);
    expect(await told(2 ** 48)).toEqual([12, 1_012, high.key, null]);
    expect([await told(3), await under.archive.lastRecord(2, partition, 99)]).toEqual([null, null]);
  });

  test('inserting the same records again, in other batches, leaves each once', async () => {
    const { under, partition } = fresh();
    const records = Array.from({ length: 10 }, (_, offset) => archivedRecord(partition, offset));
    await under.archive.insert(records);
    await under.archive.insert(records);
    await under.archive.insert(records.slice(3, 7));
    expect(await under.records(1, partition)).toEqual(records);
  });

  test('epochs do not overwrite each other', async () => {
    const { under, partition } = fresh();
    const [one, two] = [archivedRecord(partition, 5), archivedRecord(partition, 5, { epoch: 2, value: Buffer.from('second') })];
    await under.archive.insert([one]);
    await under.archive.insert([two]);
    expect([await under.records(1, partition), await under.records(2, partition)]).toEqual([[one], [two]]);
  });

  test('a value of 1 MiB and one byte is kept', async () => {
    const { under, partition } = fresh();
    const record = archivedRecord(partition, 1, { value: Buffer.alloc(2 ** 20 + 1, 0x5c), parsed: null, reason: 'too large' });
    await under.archive.insert([record]);
    const [found] = await under.records(1, partition);
    expect(found?.value?.equals(record.value ?? Buffer.alloc(0))).toBe(true);
  });

  test('no records are no call', async () => {
    const { under, partition } = fresh();
    await under.archive.insert([]);
    expect(await under.records(1, partition)).toEqual([]);
  });
}

function describeChain(fresh: () => { under: ArchiveUnderTest; partition: number }): void {
  const link = (partition: number, from: number, to: number): ArchiveChunk => ({ epoch: 1, partition, from, to, count: to - from, hash: `h${from}` });

  test('an empty chain has no end', async () => {
    const { under, partition } = fresh();
    expect(await under.archive.chainEnd(1, partition)).toBeNull();
  });

  test('each chunk extends the chain, in whatever order they land', async () => {
    const { under, partition } = fresh();
    await under.archive.extendChain(link(partition, 10, 20));
    expect(await under.archive.chainEnd(1, partition)).toEqual({ from: 10, to: 20 });
    await under.archive.extendChain(link(partition, 30, 2 ** 48 - 1));
    await under.archive.extendChain(link(partition, 20, 30));
    expect(await under.archive.chainEnd(1, partition)).toEqual({ from: 10, to: 2 ** 48 - 1 });
    expect(await under.archive.chainEnd(2, partition)).toBeNull();
  });

  test('a hole is seen: the chain ends before it', async () => {
    const { under, partition } = fresh();
    for (const chunk of [link(partition, 0, 10), link(partition, 10, 20), link(partition, 21, 30), link(partition, 30, 40)])
      await under.archive.extendChain(chunk);
    expect(await under.archive.chainEnd(1, partition)).toEqual({ from: 0, to: 20 });
    await under.archive.extendChain(link(partition, 20, 21));
    expect(await under.archive.chainEnd(1, partition)).toEqual({ from: 0, to: 40 });
  });

  test('overlapping chunks of two archivers, longer and shorter ones from one start too, leave the chain unbroken', async () => {
    const { under, partition } = fresh();
    for (const [from, to] of [
      [0, 30],
      [0, 10],
      [10, 25],
      [28, 40],
      [5, 6],
      [40, 41],
      [0, 30],
    ] as const) {
      await under.archive.extendChain(link(partition, from, to));
    }
    expect(await under.archive.chainEnd(1, partition)).toEqual({ from: 0, to: 41 });
  });
}
