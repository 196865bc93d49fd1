/** The port to the second store of packed state: two slots per (lineage, partition), each with a whole copy of what a manifest names, in parts. */

/** A slot is written over as a whole: the other one keeps the copy before. */
export type SnapshotSlot = 0 | 1;

/** Part 0 is the copy's table of contents and is written last: without it the other parts are nothing. */
export interface SnapshotPart {
  readonly slot: SnapshotSlot;
  /** The copy that it belongs to: parts of another id in the same slot are what was there before. */
  readonly id: string;
  readonly part: number;
  /** When the copy began, epoch ms. */
  readonly savedAtMs: number;
  readonly bytes: Uint8Array;
  /** Of the bytes, as the writer had them. */
  readonly hash: string;
}

/** Every method throws StoreUnavailable on an unknown outcome; saving the same part again is harmless. */
export interface SnapshotStore {
  /** Part 0 of each slot that has one and was not forgotten. */
  contents(lineage: string, partition: number): Promise<readonly SnapshotPart[]>;
  /** As it was last saved; null when it is absent. */
  part(lineage: string, partition: number, slot: SnapshotSlot, part: number): Promise<SnapshotPart | null>;
  /** Takes the place of what the slot had under this number. */
  save(lineage: string, partition: number, part: SnapshotPart): Promise<void>;
  /** Gives the room of all copies of a lineage back, by empty parts in the place of the others; a later copy is one as before. Answers how many it emptied. */
  forget(lineage: string): Promise<number>;
}
