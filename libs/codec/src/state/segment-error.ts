/** What a segment can be that is no state of this release. */

/** The bytes are not a whole segment of this state: damaged, cut off, or of other registers. The state must be rebuilt from the log. */
export class BrokenSegment extends Error {
  override readonly name = 'BrokenSegment';
}

/** A newer release wrote the segment: this one must not touch the partition. */
export class NewerFormat extends Error {
  override readonly name = 'NewerFormat';
}
