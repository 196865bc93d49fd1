/** The frame of a packed segment: magic, format number, checksum, and a header that says what the body's numbers refer to. */

/** Raised when segments of this code cannot be read by the code before. Formats are read one release before they are written. */
export const SEGMENT_FORMAT = 1;

/** The bytes are not a whole segment of this state: damaged, cut off, or of other registers. The state must be rebuilt from the log. */
export class BrokenSegment extends Error {
  override readonly name = 'BrokenSegment';
}

/** A newer release wrote the segment: this one must not touch the partition. */
export class NewerFormat extends Error {
  override readonly name = 'NewerFormat';
}
