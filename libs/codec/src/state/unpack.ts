/** Brings a partition's state back from its segments. */
import type { PartitionState } from '@tidemark/core';

/**
 * Fills a fresh state from segments in any order; it then stands at the position of the newest. Nothing is touched afterwards.
 * Throws BrokenSegment or NewerFormat, and the state is then of no use.
 */
export function unpackSegments(_state: PartitionState, _segments: readonly { readonly next: number; readonly bytes: Uint8Array }[]): void {
  throw new Error('not written yet');
}
