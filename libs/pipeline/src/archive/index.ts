/** The archiver's control flow: chunks, their chain, and what stops it. */
export {
  type ArchiveNote,
  type ArchivePartition,
  type ArchiveTotals,
  type ArchiveWriter,
  type ArchiveWriterOptions,
  createArchiveWriter,
} from './archive-writer.ts';
export { intakeOfRecords } from './archived-record.ts';
export { chunkHash } from './chunk-hash.ts';
export { gaveUp, type RetryClock, type RetryOptions, retried } from './retry.ts';
