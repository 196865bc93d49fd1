/** Archived records as a batch of the log, so that what was archived is folded by the very code that folds the log. */
import type { ArchivedRecord } from '../ports/archive.ts';
import type { LogBatch } from '../ports/log.ts';

/** In offset order; not empty. */
export function archiveBatch(partition: number, records: readonly ArchivedRecord[]): LogBatch {
  const parts: Buffer[] = [];
  const ranges = new Int32Array(records.length * 4);
  let at = 0;
  const place = (bytes: Buffer | null, index: number): void => {
    ranges[index] = bytes === null ? -1 : at;
    at += bytes?.length ?? 0;
    ranges[index + 1] = bytes === null ? -1 : at;
    if (bytes !== null) parts.push(bytes);
  };
  for (const [index, { key, value }] of records.entries()) {
    place(key, index * 4);
    place(value, index * 4 + 2);
  }
  const bytes = Buffer.concat(parts);
  const record = (index: number): ArchivedRecord => {
    const found = records[index];
    if (found === undefined) throw new RangeError(`the batch has no record ${index}`);
    return found;
  };
  const end = (records.at(-1)?.offset ?? -1) + 1;
  return {
    partition,
    length: records.length,
    highWatermark: end,
    requestedOffset: records[0]?.offset ?? 0,
    nextOffset: end,
    offset: (index) => record(index).offset,
    timestampMs: (index) => record(index).timestampMs,
    key: (index) => record(index).key,
    value: (index) => record(index).value,
    isControl: (index) => record(index).control,
    bytes: () => bytes,
    keyStart: (index) => ranges[index * 4] ?? -1,
    keyEnd: (index) => ranges[index * 4 + 1] ?? -1,
    valueStart: (index) => ranges[index * 4 + 2] ?? -1,
    valueEnd: (index) => ranges[index * 4 + 3] ?? -1,
  };
}
