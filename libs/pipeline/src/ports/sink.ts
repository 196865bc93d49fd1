/** The port to a store of rollup cells (Redis, ClickHouse): publishing with heads, and reading back. */
import type { Version } from './version.ts';

/** Names one row of one partition. `table` is `total`, `slice:<dimension>`, or a kind's own (`week`, `month`, `week:<dimension>`, `times:<dimension>`). */
export interface CellKey {
  readonly metric: string;
  readonly table: string;
  readonly bucket: number;
  /** The slice value, behind `<ordinal>:` in a table with ordinals; `''` in unsliced tables. Hostile text. */
  readonly value: string;
}

/** One row: absolute integers, also when all are zero, under the version of its last change. */
export interface CellRow extends CellKey {
  readonly version: Version;
  /** Safe integers; zeros at the end may have been cut, by who publishes or by a store. */
  readonly cells: ArrayLike<number>;
}

/** What a closed head says of its prefix. All but the `…AtMs` and `atEnd` is a pure function of the prefix. */
export interface HeadNote {
  /** The partition's clock, epoch ms; null before the first applied event or tick. */
  readonly clockMs: number | null;
  readonly counters: Readonly<Record<string, number>>;
  /** True when a slice dictionary of the partition has overflowed. */
  readonly overflow: boolean;
  /** `unreadable` of kpi sums and other notes per metric. */
  readonly partitionCount: number;
  readonly publishedAtMs: number;
  /** Last time at which the owner said that there is nothing newer: moves while idle. */
  readonly confirmedAtMs: number;
  /** True when the owner stood at the end of the log. */
  readonly atEnd: boolean;
  /** Hash of the last folded record, to notice a rewritten log. */
  readonly fingerprint: string;
  /** Set while the partition is halted: the reason. */
  readonly halted?: string;
  /** Which log was folded, as `cluster/topic/partitions`; figures published before this was told have none. */
  readonly log?: string;
}

export interface Head {
  /** The version up to which the store is whole; NO_VERSION if it never closed. */
  readonly closed: Version;
  /** The largest target that a publish has announced; open while `closed < target`. */
  readonly target: Version;
  /** The note of the closed head; null before the first closing. */
  readonly note: HeadNote | null;
  /** Of an open head: `log` of the note with which the target was announced. */
  readonly announced?: string;
}

/** One script (Redis) or insert (ClickHouse) of a publish. See design.md §2.1 step 3: every part but the last marks the head open with the target. */
export interface PublishPart {
  readonly lineage: string;
  readonly partition: number;
  /** Unique per publish attempt; a resend of the same part has the same id and index. */
  readonly publishId: string;
  readonly index: number;
  readonly last: boolean;
  readonly target: Version;
  /** The store must have closed at or above this, or it has forgotten something and refuses. */
  readonly base: Version;
  readonly rows: readonly CellRow[];
  /** Written when the head closes (or, at an equal target, to move `confirmedAtMs` and `halted`). */
  readonly note: HeadNote;
}

/**
 * `written`: applied, or already there. `behind`: the store's head is below `base`; nothing was written. `open`: rows written, but another publish has
 * announced a larger target, so the head stays open. `incomplete`: the closing part found that earlier parts are missing; nothing was written.
 */
export type PublishOutcome =
  | { readonly outcome: 'written' }
  | { readonly outcome: 'behind'; readonly closed: Version }
  | { readonly outcome: 'open' }
  | { readonly outcome: 'incomplete' };

/** Thrown by every port when the outcome is unknown: the store did not answer, or the connection broke; the call may have been applied. */
export class StoreUnavailable extends Error {
  readonly store: string;
  constructor(store: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'StoreUnavailable';
    this.store = store;
  }
}

/** Thrown when a store refused a write whole because it is full: nothing was written, and sending it again may work once somebody made room. */
export class StoreFull extends StoreUnavailable {
  constructor(store: string, message: string, options?: { cause?: unknown }) {
    super(store, message, options);
    this.name = 'StoreFull';
  }
}

/** Writes of one worker. Every method throws StoreUnavailable on an unknown outcome, any other Error on a refusal that a retry will not mend. */
export interface CellSink {
  readonly name: 'redis' | 'clickhouse';
  /** How much one part may carry; a publish is cut into parts accordingly. Infinity rows = never cut by rows. */
  readonly partLimits: { readonly maxRows: number; readonly maxCells: number };
  head(lineage: string, partition: number): Promise<Head>;
  write(part: PublishPart): Promise<PublishOutcome>;
  /** Rows with `above < version ≤ upTo`, for refilling the other store. Only from a closed head at or above `upTo`; null otherwise. */
  rowsBetween(lineage: string, partition: number, above: Version, upTo: Version): Promise<readonly CellRow[] | null>;
}

/** One contiguous piece of a metric's rows. In a sliced table `value` narrows to one value. */
export interface TableRange {
  readonly metric: string;
  readonly table: string;
  readonly from: number;
  readonly to: number;
  readonly sliced: boolean;
  readonly value?: string;
}

/** A partition's head and rows, read at one instant of its store: exactly the prefix that `head.closed` names while the head is closed. */
export interface PartitionRows {
  readonly partition: number;
  readonly head: Head;
  readonly rows: readonly CellRow[];
}

/** Reads of the query service. */
export interface CellReader {
  readonly name: 'redis' | 'clickhouse';
  heads(lineage: string, partitions: readonly number[]): Promise<readonly Head[]>;
  /**
   * In the order of `partitions`; a partition with an open head is returned as it is (the caller retries). Of a partition that `since` names only rows that
   * changed above that version; the caller looks whether the head still continues the one whose rows it has.
   */
  read(
    lineage: string,
    partitions: readonly number[],
    ranges: readonly TableRange[],
    since?: ReadonlyMap<number, Version>,
  ): Promise<readonly PartitionRows[]>;
}
