/** The ports to the archive of every record, and to the unbroken chain of acknowledged chunks: written by the archiver, read by whoever recomputes. */
import type { LogBatch } from './log.ts';

export type { Describer } from '@tidemark/codec';

/** One record as archived. `actorId`… are set when it parses, `reason` otherwise. */
export interface ArchivedRecord {
  readonly epoch: number;
  readonly partition: number;
  readonly offset: number;
  readonly timestampMs: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly control: boolean;
  readonly parsed: ParsedRecord | null;
  /** The reject reason; '' when parsed or control. */
  readonly reason: string;
}

export interface ParsedRecord {
  readonly type: string;
  readonly event: string;
  readonly actorKind: 'user' | 'anonymous';
  readonly actorId: string;
  readonly messageId: string;
  readonly timeMs: number;
}

/** A link of a partition's chain: all records with `from ≤ offset < to` are archived. `hash` is over their offsets, keys and values. */
export interface ArchiveChunk {
  readonly epoch: number;
  readonly partition: number;
  readonly from: number;
  readonly to: number;
  readonly count: number;
  readonly hash: string;
}

/** What tells a record from any other that may come to stand at its offset. */
export type RecordMark = Pick<ArchivedRecord, 'offset' | 'timestampMs' | 'key' | 'value'>;

/** Every method throws StoreUnavailable on an unknown outcome; sending the same records or chunk again is harmless. */
export interface Archive {
  insert(records: readonly ArchivedRecord[]): Promise<void>;
  /** Only after `insert` of all its records was acknowledged. */
  extendChain(chunk: ArchiveChunk): Promise<void>;
  /** The end of the unbroken chain that begins at the lowest archived offset: where the archiver resumes; null when nothing is archived. */
  chainEnd(epoch: number, partition: number): Promise<{ from: number; to: number } | null>;
  /** The last archived record below an offset, so that the log can be compared with it; null when there is none. */
  lastRecord(epoch: number, partition: number, below: number): Promise<RecordMark | null>;
}

/** Takes the records of one partition out of batches, into the form in which its archive is given them. Of a batch it keeps nothing but what `LogBatch` allows. */
export interface RecordCollector<Rows> {
  add(batch: LogBatch, index: number): void;
  /** What was added since the last call, in that order. */
  take(): Rows;
}

/** An archive as the archiver writes to it: records go from the log's bytes to the archive's own form of them, `Rows`. */
export interface ArchiveIntake<Rows> extends Pick<Archive, 'extendChain' | 'chainEnd' | 'lastRecord'> {
  collector(epoch: number): RecordCollector<Rows>;
  /** As `insert` of `Archive`. */
  insertRows(rows: readonly Rows[]): Promise<void>;
}

/** Where to read one partition: `from ≤ offset < to`. */
export interface ArchiveSpan {
  readonly epoch: number;
  readonly partition: number;
  readonly from: number;
  readonly to: number;
  /** At most so many, the lowest offsets. */
  readonly limit: number;
  /** No more records once their keys and values have so many bytes together; the first always comes. Default: no bound. */
  readonly maxBytes?: number;
}

/** Reads one partition back in order. Every method throws StoreUnavailable when the archive does not answer. */
export interface PartitionArchive {
  /** As of `Archive`. */
  chainEnd(epoch: number, partition: number): Promise<{ from: number; to: number } | null>;
  /** Links that begin in the span, by `from`, then `to`, each once; `maxBytes` does not concern them. Fewer than `limit` = there are no more. */
  links(span: ArchiveSpan): Promise<readonly ArchiveChunk[]>;
  /** In offset order, each once. None = there are no more in the span. */
  records(span: ArchiveSpan): Promise<readonly ArchivedRecord[]>;
}

/** Reads one partition back in the order of time. */
export interface TimeOrderedArchive {
  /**
   * The records below `to` by the time of their event (of one that is no event: its LogAppendTime), then by offset, each once, in pages of a bounded size.
   * Iterating throws StoreUnavailable when the archive does not answer.
   */
  inTimeOrder(of: { readonly epoch: number; readonly partition: number; readonly to: number }): AsyncIterable<readonly ArchivedRecord[]>;
}

/** Whose records to read: those of one actor's id in one partition below an offset. */
export interface ActorSpan {
  readonly epoch: number;
  readonly partition: number;
  readonly actorId: string;
  readonly to: number;
}

/** Reads what one actor's figures in one partition hang on, for the check of single actors. Every method throws StoreUnavailable when the archive does not answer. */
export interface CheckArchive {
  /** In offset order, each once; at most `limit`, the lowest offsets. Rejected records are nobody's. */
  recordsInOrder(span: ActorSpan, limit: number): Promise<readonly ArchivedRecord[]>;
  /**
   * By span, the largest instant that its records may have set the partition's clock to, epoch ms, or null: times of accepted records that do not lie
   * later than their record by more than `futureMs`, and times of control records less `futureMs`. Spans do not overlap and come in order.
   */
  latestTimes(
    of: { readonly epoch: number; readonly partition: number; readonly futureMs: number },
    spans: readonly { readonly from: number; readonly to: number }[],
  ): Promise<readonly (number | null)[]>;
  /** Whether any of the message ids also stands in another actor's accepted record below the offset. */
  isIdOfOthers(span: ActorSpan, messageIds: readonly string[]): Promise<boolean>;
  /** Whether some message id of accepted records below the offset comes with different times. Reads the whole partition: asked only when something differs. */
  hasRestampedIds(span: Omit<ActorSpan, 'actorId'>): Promise<boolean>;
}
