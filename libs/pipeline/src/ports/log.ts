/** The port to the event log (Kafka): batches in, ticks out, and what the log says of itself. */
import type { RecordRanges } from '@tidemark/codec';

/**
 * Records of one partition in offset order, sparse offsets. Accessors instead of objects, so that reading one allocates nothing.
 * Valid only during the call that hands it over, for its client fills it anew. The Buffers that it gave out may be kept and never change, unless the
 * handler has told the log that it keeps none.
 */
export interface LogBatch extends RecordRanges {
  readonly partition: number;
  readonly length: number;
  /** The log's end when the batch was fetched: offset after the last record. */
  readonly highWatermark: number;
  /**
   * The position that this batch continues: what `assigned` or `seek` asked for, or the offset after the last record of the batch before.
   * Anything else means that the log did not have that position (retention, truncation, a re-created topic) and its client jumped.
   */
  readonly requestedOffset: number;
  /** Where the client goes on: beyond the last record when others follow that are never handed over (transaction markers, aborted transactions). */
  readonly nextOffset: number;
  offset(index: number): number;
  /** The record's LogAppendTime, epoch ms. */
  timestampMs(index: number): number;
  /** The key's bytes as a Buffer of their own, as the ranges tell it; allocates. */
  key(index: number): Buffer | null;
  value(index: number): Buffer | null;
  /** True for a `$tick`: marked by a header, never by an event name. */
  isControl(index: number): boolean;
}

/** What the worker does with the log. The adapter calls these one at a time per partition. */
export interface LogHandler {
  /** Called at every (re)assignment for every assigned partition, before any batch of it; answers the offset to read from, or null to leave the partition paused. */
  assigned(partition: number): Promise<number | null>;
  /** The partition now belongs to somebody else, or the membership ended. Must be quick. */
  revoked(partition: number): void;
  /** Synchronous: memory only. Must not throw on data. Empty when the client only went on, past records that are never handed over. */
  batch(batch: LogBatch): void;
  /** Told by who reads the past for the log: what lies between the position and `low` is nowhere any more, and why. A jump of the log to there follows. */
  lost?(partition: number, low: number, why: string): void;
}

export interface LogBounds {
  /** Lowest offset still in the log. */
  readonly low: number;
  /** Offset after the last record. */
  readonly high: number;
}

export interface LogIdentity {
  readonly clusterId: string;
  readonly topicId: string;
  readonly partitionCount: number;
  readonly cleanupPolicy: string;
  readonly timestampType: string;
  /** The topics that this one continues, the oldest first: as `cluster/topic id/partitions`, with the position at which each partition ended. */
  readonly earlier?: readonly { readonly log: string; readonly ends: readonly number[] }[];
}

/** A member of a consumer group on the events topic. Positions are the handler's; committed offsets are for lag tools only. */
export interface EventLog {
  identity(): Promise<LogIdentity>;
  bounds(): Promise<ReadonlyMap<number, LogBounds>>;
  /** Joins the group; resolves when membership ended (stop), rejects on a crash. */
  run(handler: LogHandler): Promise<void>;
  /** Fetching on and off for one partition; `seek` continues at an offset. */
  control(
    partition: number,
    action: { readonly pause: true } | { readonly resume: true } | { readonly seek: number } | { readonly commit: number },
  ): void;
  stop(): Promise<void>;
}

export interface LogRecord {
  readonly key: Buffer | string;
  readonly value: Buffer | string;
}

/** Appends to the events topic. */
export interface LogWriter {
  /** Keyed records, partitioned by the namespace's partitioner; resolves when acknowledged by all in-sync replicas. */
  append(records: readonly LogRecord[]): Promise<void>;
  /** A control record that moves a silent partition's clock (design.md §2, ticks). */
  appendTick(partition: number): Promise<void>;
  close(): Promise<void>;
}
