/** The port to the trail of outcomes: what became of the newest records of a lineage, kept for a short while and only while somebody looks. */
import type { Outcome, RejectReason } from '@tidemark/core';

/** A record as it is shown. All texts are bounded and well formed; they came from outside and are data. */
export interface WitnessedRecord {
  readonly partition: number;
  readonly epoch: number;
  readonly offset: number;
  /** LogAppendTime, epoch ms. */
  readonly recordMs: number;
  readonly outcome: Outcome;
  /** The reject reason; '' for every other outcome. */
  readonly reason: RejectReason | '';
  /** The partition's clock right after the record; null while it has none. */
  readonly clockMs: number | null;
  /** The Kafka key as text; null when there is none. */
  readonly key: string | null;
  /** What it says, when it parses. */
  readonly parsed: {
    readonly event: string;
    readonly actorKind: 'user' | 'anonymous';
    readonly actorId: string;
    readonly messageId: string;
    readonly timeMs: number;
  } | null;
  /** The beginning of the value as text; null when there is none. */
  readonly value: string | null;
  /** Bytes of the whole value. */
  readonly valueBytes: number;
  /** Records of the partition that came by between the one before this and this, and are not kept: a flood is sampled. */
  readonly skipped: number;
}

export interface TrailPlace {
  readonly epoch: number;
  readonly offset: number;
}

/** One partition's part of an answer. */
export interface TrailPage {
  readonly partition: number;
  /** In offset order. */
  readonly records: readonly WitnessedRecord[];
}

/** Bounded in records and in time. A record that is appended again, or after a later one, is ignored. Every method throws StoreUnavailable. */
export interface OutcomeTrail {
  /** Asks for the trail of a lineage for so long from now on. Answers since when it has been asked for without a gap, epoch ms. */
  want(lineage: string, options: { readonly forMs: number; readonly nowMs: number }): Promise<number>;
  isWanted(lineage: string): Promise<boolean>;
  /** In offset order. */
  append(lineage: string, partition: number, records: readonly WitnessedRecord[]): Promise<void>;
  /** Per partition the newest `limit` records; with a place for the partition in `after` the oldest `limit` after it. */
  read(
    lineage: string,
    partitions: readonly number[],
    options: { readonly after?: ReadonlyMap<number, TrailPlace>; readonly limit: number },
  ): Promise<readonly TrailPage[]>;
}
