/** `compare=previous`: the same range before, cut at equal elapsed time. */
import type { Answer, AnswerRequest, Calendar } from '@tidemark/core';

export interface BucketRange {
  readonly from: number;
  readonly to: number;
}

/** Which buckets are compared. `against` is the asked range where it had to be cut too, else null. */
export interface ComparedRanges {
  readonly previous: BucketRange;
  readonly against: BucketRange | null;
}

/** Figures of the range before, and of the asked range cut alike. */
export interface PreviousFigures extends BucketRange {
  readonly answer: Answer;
  readonly against: (BucketRange & { readonly answer: Answer }) | null;
}

/** As many buckets as the range has, right before it. */
export function rangeBefore({ from, to }: BucketRange): BucketRange {
  return { from: from - (to - from + 1), to: from - 1 };
}

/**
 * Cells are whole buckets, so equal elapsed time is counted in buckets that are over at the watermark (their end ≤ watermark; late events may still
 * come). A range of which n buckets are over is compared with the first n buckets of the range before; when that is not the whole range, `against` is
 * its own first n buckets, so that two equal stretches stand side by side. Null when no bucket is over or the range before begins before 1970.
 */
export function comparedRanges(request: BucketRange, calendar: Calendar, watermarkMs: number): ComparedRanges | null {
  const length = request.to - request.from + 1;
  let over = length;
  while (over > 0 && calendar.endMs(request.from + over - 1) > watermarkMs) over--;
  const { from } = rangeBefore(request);
  if (over === 0 || from < 0) return null;
  return { previous: { from, to: from + over - 1 }, against: over === length ? null : { from: request.from, to: request.from + over - 1 } };
}

/** The question to another range, otherwise the same. */
export function asking(request: AnswerRequest, { from, to }: BucketRange): AnswerRequest {
  return { ...request, from, to };
}
