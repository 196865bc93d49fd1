/** A batch without its first records, and with another position that it continues: what crosses the seam between archive and log. */
import type { LogBatch } from '../ports/log.ts';

export function batchWindow(batch: LogBatch, skip: number, requestedOffset: number): LogBatch {
  return {
    partition: batch.partition,
    length: batch.length - skip,
    highWatermark: batch.highWatermark,
    requestedOffset,
    nextOffset: batch.nextOffset,
    offset: (index) => batch.offset(index + skip),
    timestampMs: (index) => batch.timestampMs(index + skip),
    key: (index) => batch.key(index + skip),
    value: (index) => batch.value(index + skip),
    isControl: (index) => batch.isControl(index + skip),
    bytes: (index) => batch.bytes(index + skip),
    keyStart: (index) => batch.keyStart(index + skip),
    keyEnd: (index) => batch.keyEnd(index + skip),
    valueStart: (index) => batch.valueStart(index + skip),
    valueEnd: (index) => batch.valueEnd(index + skip),
  };
}
