// What a fetched partition shows of its bytes: offsets, times, ranges, control records, what is left out and what is refused.
import { describe, expect, it } from 'vitest';
import { type AbortedTransaction, FetchedRecords } from '../src/fetch-response.ts';
import { PartitionRecords } from '../src/partition-records.ts';
import { batchBytes, markerBytes, type WrittenRecord } from './fetch-bytes.ts';

function written(offsetDelta: number, changes: Partial<WrittenRecord> = {}): WrittenRecord {
  return { offsetDelta, timestampDelta: offsetDelta, key: Buffer.from('k'), value: Buffer.from(`v${offsetDelta}`), ...changes };
}

function read(bytes: Buffer, fetchedOffset = 0, aborted: readonly AbortedTransaction[] = []): PartitionRecords {
  const records = new PartitionRecords();
  const fetched = new FetchedRecords(bytes, { start: 0, end: bytes.length, aborted });
  records.read(fetched, { partition: 4, highWatermark: 90, requestedOffset: 7, fetchedOffset });
  return records;
}

function valuesOf(records: PartitionRecords): (string | undefined)[] {
  return Array.from({ length: records.length }, (_, index) => records.value(index)?.toString());
}

describe('a fetched partition', () => {
  it('reads offsets, times, keys and values as they stand in the log', () => {
    const records = read(
      batchBytes({
        firstOffset: 2 ** 48 - 10,
        lastOffsetDelta: 9,
        firstTimestampMs: 1_700_000_000_000,
        records: [written(0), written(9, { key: null, value: null }), written(9, { key: Buffer.of(), value: Buffer.of() })],
      }),
    );
    expect(records).toMatchObject({ partition: 4, length: 3, highWatermark: 90, requestedOffset: 7, nextOffset: 2 ** 48 });
    expect([records.offset(0), records.offset(1)]).toEqual([2 ** 48 - 10, 2 ** 48 - 1]);
    expect([records.timestampMs(0), records.timestampMs(1)]).toEqual([1_700_000_000_000, 1_700_000_000_009]);
    expect([records.key(0)?.toString(), records.value(0)?.toString()]).toEqual(['k', 'v0']);
    expect([records.key(1), records.value(1), records.keyStart(1), records.valueStart(1)]).toEqual([null, null, -1, -1]);
    expect([records.key(2)?.length, records.value(2)?.length]).toEqual([0, 0]);
  });

  it('takes the append time of the batch where the topic has it', () => {
    const times = { firstTimestampMs: 5, maxTimestampMs: 1_700_000_000_000 };
    const records = read(batchBytes({ firstOffset: 0, lastOffsetDelta: 1, ...times, isAppendTime: true, records: [written(0), written(1)] }));
    expect([records.timestampMs(0), records.timestampMs(1)]).toEqual([1_700_000_000_000, 1_700_000_000_000]);
  });

  it('knows a control record by its header alone', () => {
    const headers = (name: string): Partial<WrittenRecord> => ({
      headers: [
        ['a', null],
        [name, Buffer.from('tick')],
      ],
    });
    const records = read(
      batchBytes({
        firstOffset: 0,
        lastOffsetDelta: 1,
        records: [written(0, headers('tidemark-controls')), written(1, headers('tidemark-control'))],
      }),
    );
    expect([records.isControl(0), records.isControl(1)]).toEqual([false, true]);
  });

  it('leaves out what lies before the offset that was asked for', () => {
    const records = read(batchBytes({ firstOffset: 10, lastOffsetDelta: 2, records: [written(0), written(1), written(2)] }), 11);
    expect(valuesOf(records)).toEqual(['v1', 'v2']);
  });

  it('reads past a batch that is cut at the end of the fetch', () => {
    const batch = batchBytes({ firstOffset: 0, lastOffsetDelta: 0, records: [written(0)] });
    const records = read(Buffer.concat([batch, batch.subarray(0, batch.length - 1)]));
    expect([records.length, records.nextOffset]).toEqual([1, 1]);
  });

  it('hides markers and aborted transactions, also of those that began before the fetch', () => {
    const transaction = (firstOffset: number, producerId: number): Buffer =>
      batchBytes({ firstOffset, lastOffsetDelta: 0, producerId, isTransactional: true, records: [written(firstOffset)] });
    const outside = batchBytes({ firstOffset: 12, lastOffsetDelta: 0, producerId: 2, records: [written(12)] });
    const parts = [
      transaction(10, 1),
      transaction(11, 2),
      outside,
      markerBytes(13, 1, false),
      transaction(14, 1),
      markerBytes(15, 2, false),
      markerBytes(16, 1, true),
    ];
    const aborted = [
      { producerId: 2n, firstOffset: 4 },
      { producerId: 1n, firstOffset: 3 },
    ];
    const records = read(Buffer.concat(parts), 10, aborted);
    expect(valuesOf(records)).toEqual(['v12', 'v14']);
    expect(records.nextOffset).toBe(17);
  });

  it('is empty, and goes on, when only markers came', () => {
    const records = read(Buffer.concat([markerBytes(3, 1, true), markerBytes(4, 2, false)]));
    expect([records.length, records.nextOffset]).toEqual([0, 5]);
  });

  it('shows nothing that is not there, and nothing when it was cleared', () => {
    const records = read(batchBytes({ firstOffset: 0, lastOffsetDelta: 0, records: [written(0)] }));
    const value = records.value(0);
    expect(() => records.offset(1)).toThrow(RangeError);
    expect(() => records.value(-1)).toThrow(RangeError);
    records.clear();
    expect(() => records.value(0)).toThrow(RangeError);
    expect(value?.toString()).toBe('v0');
  });

  it('refuses an old format, a wrong length and a record that is not whole, each in a sentence', () => {
    const batch = batchBytes({ firstOffset: 5, lastOffsetDelta: 0, records: [written(0)] });
    const changed = (at: number, byte: number): Buffer => {
      const bytes = Buffer.from(batch);
      bytes[at] = byte;
      return bytes;
    };
    expect(() => read(changed(16, 1))).toThrow('a record batch of format 1 at offset 5: only format 2 is read');
    expect(() => read(changed(11, 3))).toThrow('the record batch at offset 5 is damaged: its length is 3');
    expect(() => read(changed(60, 2))).toThrow('the record batch at offset 5 is damaged: its record 1 of 2 is not whole');
    expect(() => read(changed(61, 0xff))).toThrow('its record 0 of 1 is not whole');
  });
});
