/** Packs the state of a partition, or what changed of it, into segments; everything is taken synchronously, so at one position. */
import type { CellRow, PartitionState } from '@tidemark/core';

/** A closed row that left the state, with the version of its last change. `table` is `metric/name`. */
export interface DroppedRowKey {
  readonly table: string;
  readonly bucket: number;
  readonly label: number;
  readonly epoch: number;
  readonly next: number;
}

/** What a delta carries: what the manifest before does not cover. */
export interface DeltaSince {
  /** Actors touched since. */
  readonly slots: readonly number[];
  /** Whether a row changed since. Rows are asked from the latest change back, up to the first `false`. */
  rowsAbove(row: CellRow): boolean;
  /** Number of the first id of the duplicate filter that is not covered. */
  readonly idsFrom: number;
  readonly dropped: readonly DroppedRowKey[];
}

/** One or several segments, each at most `targetBytes` (4 MiB) long unless one actor alone is longer. At least one, for the header's sake. */
export function packDelta(_state: PartitionState, _since: DeltaSince, _options: { targetBytes?: number } = {}): Uint8Array[] {
  throw new Error('not written yet');
}

/** One of the `pieces` that together hold the whole state. */
export function packBasePiece(_state: PartitionState, _piece: number, _pieces: number): Uint8Array {
  throw new Error('not written yet');
}

/** About how many bytes all base pieces would have, for choosing their number. */
export function estimateStateBytes(_state: PartitionState): number {
  throw new Error('not written yet');
}
