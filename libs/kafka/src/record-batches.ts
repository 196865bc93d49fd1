/** Cuts records into requests: one record batch per partition each, below a size, in order within every partition. */
import { type Partitioner, partitionOf } from '@tidemark/codec';
import type { LogRecord } from '@tidemark/pipeline';

/** A record with its partition. Keys are bytes: the hash is of bytes. */
export interface PlacedRecord {
  readonly partition: number;
  readonly key: Buffer;
  readonly value: Buffer;
}

/** What a record costs beside its key and value: offsets, lengths, our header. */
const RECORD_OVERHEAD_BYTES = 64;

export function placeRecord(record: LogRecord, partitioner: Partitioner, partitionCount: number): PlacedRecord {
  const key = typeof record.key === 'string' ? Buffer.from(record.key, 'utf8') : record.key;
  const value = typeof record.value === 'string' ? Buffer.from(record.value, 'utf8') : record.value;
  return { partition: partitionOf(partitioner, key, partitionCount), key, value };
}

/** Rounds to be sent one after the other; no partition has more than `maxBatchBytes` in a round unless a single record has. */
export function recordRounds(records: readonly PlacedRecord[], maxBatchBytes: number): readonly (readonly PlacedRecord[])[] {
  const rounds: PlacedRecord[][] = [];
  const filling = new Map<number, { round: number; bytes: number }>();
  for (const record of records) {
    const bytes = record.key.length + record.value.length + RECORD_OVERHEAD_BYTES;
    const fill = filling.get(record.partition) ?? { round: 0, bytes: 0 };
    if (fill.bytes > 0 && fill.bytes + bytes > maxBatchBytes) {
      fill.round += 1;
      fill.bytes = 0;
    }
    fill.bytes += bytes;
    filling.set(record.partition, fill);
    const round = rounds[fill.round] ?? [];
    rounds[fill.round] = round;
    round.push(record);
  }
  return rounds;
}
