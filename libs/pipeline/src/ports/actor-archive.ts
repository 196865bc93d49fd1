/** The port to the archive as one actor's history: its records in time order. */
import type { ArchivedRecord } from './archive.ts';

/** The place of a record in the order "by time": of a rejected record the time is its LogAppendTime. */
export interface ActorPlace {
  readonly timeMs: number;
  readonly epoch: number;
  readonly partition: number;
  readonly offset: number;
}

export interface ActorPage {
  /** As producers write it; a rejected record is found under its key. Hostile text. */
  readonly actorId: string;
  /** Records after this place; null begins with the first. */
  readonly after: ActorPlace | null;
  /** At most so many records. */
  readonly limit: number;
}

/** Every method throws StoreUnavailable when the archive does not answer. */
export interface ActorArchive {
  /** By time, then epoch, partition and offset, each once. Fewer than `limit` = there are no more. Users and anonymous actors of one id come together; control records are nobody's. */
  recordsOfActor(page: ActorPage): Promise<readonly ArchivedRecord[]>;
  /** The end of the unbroken chain in the partition's newest epoch; null when nothing is archived. */
  position(partition: number): Promise<{ readonly epoch: number; readonly next: number } | null>;
}

/** Where a record stands in that order. */
export function placeInTime({ epoch, partition, offset, parsed, timestampMs }: ArchivedRecord): ActorPlace {
  return { timeMs: parsed?.timeMs ?? timestampMs, epoch, partition, offset };
}

/** Negative when `left` comes first. */
export function comparePlaces(left: ActorPlace, right: ActorPlace): number {
  return left.timeMs - right.timeMs || left.epoch - right.epoch || left.partition - right.partition || left.offset - right.offset;
}
