/** What the archive writes of a record, read where it lies: nothing is allocated for a record of a usual form. `describeEvent` says the same in texts. */
import type { RejectReason } from '@tidemark/core';
import type { ActorKind, EventType } from './accept.ts';
import type { RecordRanges } from './plain.ts';

/** Bytes from `start` to before `end`. */
export interface ByteRange {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** Describes one record after the other. Everything that it says of one holds until the next call. */
export interface Describer {
  /**
   * True for an accepted record: the rest then describes it; for a rejected one `reason` does. Never throws for any bytes.
   * While it reads, single bytes of the Buffer may be changed, and are put back.
   */
  describeAt(records: RecordRanges, index: number): boolean;
  /** Why the last rejected record was. */
  readonly reason: RejectReason;
  readonly type: EventType;
  /** The name that selectors see, as of `EventDescription`. */
  readonly event: string;
  /** What kind of id the actor has. The id itself is the record's key, byte for byte: any other key is rejected. */
  readonly actorKind: ActorKind;
  /** The message id as UTF-8. */
  readonly message: ByteRange;
  readonly timeMs: number;
  /** True when the value holds no backslash and no control character, for certain; false when it may. */
  readonly isBare: boolean;
}
