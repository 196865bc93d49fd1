/** What the archive keeps of a record: its bytes as they are, beside what they say or why they say nothing. */
import type { EventDescription } from '@tidemark/codec';
import type { Archive, ArchivedRecord, ArchiveIntake } from '../ports/archive.ts';
import type { LogBatch } from '../ports/log.ts';

/** The decoder's description of one record; pure. */
export type DescribeRecord = (key: Buffer | null, value: Buffer | null) => EventDescription;

export function archivedRecordOf(
  batch: LogBatch,
  index: number,
  options: { readonly epoch: number; readonly describe: DescribeRecord },
): ArchivedRecord {
  const key = batch.key(index);
  const value = batch.value(index);
  const control = batch.isControl(index);
  const base = {
    epoch: options.epoch,
    partition: batch.partition,
    offset: batch.offset(index),
    timestampMs: batch.timestampMs(index),
    key,
    value,
    control,
  };
  if (control) return { ...base, parsed: null, reason: '' };
  const described = options.describe(key, value);
  if (!described.accepted) return { ...base, parsed: null, reason: described.reason };
  const { type, event, actorKind, actorId, messageId, timeMs } = described;
  return { ...base, parsed: { type, event, actorKind, actorId, messageId, timeMs }, reason: '' };
}

/** The archiver's way into an archive that takes records as objects. They keep Buffers of the batches. */
export function intakeOfRecords(archive: Archive, describe: DescribeRecord): ArchiveIntake<readonly ArchivedRecord[]> {
  return {
    extendChain: (chunk) => archive.extendChain(chunk),
    chainEnd: (epoch, partition) => archive.chainEnd(epoch, partition),
    lastRecord: (epoch, partition, below) => archive.lastRecord(epoch, partition, below),
    collector: (epoch) => {
      let records: ArchivedRecord[] = [];
      return {
        add: (batch, index) => {
          records.push(archivedRecordOf(batch, index, { epoch, describe }));
        },
        take: () => {
          const taken = records;
          records = [];
          return taken;
        },
      };
    },
    insertRows: (rows) => archive.insert(rows.flat()),
  };
}
