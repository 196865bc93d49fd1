/** The shapes of values seen before: whoever writes events writes the same bytes between the values, again and again. */
import type { Layout } from './decode-layout.ts';
import type { MemberScan } from './decode-scan.ts';
import { BROKEN, QUOTE, type ValueText } from './decode-text.ts';
import { wordAt } from './hash.ts';

/** Bytes of gaps, and gaps, after which all shapes are forgotten. */
const SIZE_LIMIT_BYTES = 2_097_152;
const GAP_LIMIT = 16_384;
/** Gaps that may follow one value; a further one is not learned. */
const BRANCH_LIMIT = 32;
/** Larger values are not learned. */
const SHAPE_LIMIT_BYTES = 8192;
const SHAPE_LIMIT_SCALARS = 256;

/** The bytes between two scalars, or before the first, or from the last to the end with its NUL; and what may follow the next scalar. */
interface Gap {
  readonly length: number;
  /** Four bytes each; the last is filled up with zeros. */
  readonly words: Int32Array;
  /** The bits of the last word that count. */
  readonly lastMask: number;
  readonly next: Gap[];
  /** Of a last gap. */
  readonly layout: Layout | null;
}

/**
 * A tree of gaps. A value whose gaps lead to a leaf is valid JSON by construction, for the gaps are those of a validated value and
 * every scalar between them is validated anew; and its layout is known without looking at a key.
 */
export class ShapeTree {
  readonly #text: ValueText;
  #first: Gap[] = [];
  #count = 0;
  #sizeBytes = 0;

  constructor(text: ValueText) {
    this.#text = text;
  }

  /** The layout of the loaded value, its places filled in; null when its shape is new. */
  match(): Layout | null {
    const text = this.#text;
    let gaps = this.#first;
    let at = text.start;
    for (let place = 0; ; place += 1) {
      const gap = this.#gapAt(at, gaps);
      if (gap === null) return null;
      at += gap.length;
      if (gap.layout !== null) return at === text.end + 1 ? gap.layout : null;
      text.starts[place] = at;
      at = text.afterScalar(at);
      if (at === BROKEN) return null;
      text.ends[place] = at;
      gaps = gap.next;
    }
  }

  /** Remembers the shape of the loaded value, which `scan` has read and accepted. */
  learn(scan: MemberScan, layout: Layout): void {
    const text = this.#text;
    if (text.end - text.start > SHAPE_LIMIT_BYTES || scan.scalarCount > SHAPE_LIMIT_SCALARS) return;
    if (this.#count > GAP_LIMIT || this.#sizeBytes > SIZE_LIMIT_BYTES) this.forget();
    let gaps = this.#first;
    let at = text.start;
    for (let scalar = 0; scalar < scan.scalarCount; scalar += 1) {
      const start = scan.scalarStarts[scalar] ?? 0;
      let gap = this.#gapAt(at, gaps);
      if (gap === null) {
        if (gaps.length === BRANCH_LIMIT) return;
        gap = this.#add(gaps, at, start, null);
      }
      gaps = gap.next;
      at = scan.scalarEnds[scalar] ?? 0;
    }
    if (gaps.length < BRANCH_LIMIT) this.#add(gaps, at, text.end + 1, layout);
  }

  forget(): void {
    this.#first = [];
    this.#count = 0;
    this.#sizeBytes = 0;
  }

  /** The gap that stands at a position. At most one does: one that a longer one begins with is followed there by no scalar. */
  #gapAt(at: number, gaps: readonly Gap[]): Gap | null {
    for (let index = 0; index < gaps.length; index += 1) {
      const gap = gaps[index];
      if (gap !== undefined && this.#isAt(at, gap) && (gap.layout !== null || isScalarStart(this.#text.byteAt(at + gap.length)))) return gap;
    }
    return null;
  }

  /** Reads may go beyond the value, into the padding, but not far: at the NUL, at the latest, a gap that does not stand here differs. */
  #isAt(start: number, { words, lastMask }: Gap): boolean {
    const { view } = this.#text;
    const last = words.length - 1;
    let at = start;
    for (let index = 0; index < last; index += 1, at += 4) {
      if (view.getInt32(at, true) !== words[index]) return false;
    }
    return (view.getInt32(at, true) & lastMask) === words[last];
  }

  #add(gaps: Gap[], start: number, end: number, layout: Layout | null): Gap {
    const length = end - start;
    const words = Int32Array.from({ length: Math.ceil(length / 4) }, (_, index) => wordAt(this.#text.view, start + index * 4, length - index * 4));
    const gap: Gap = { length, words, lastMask: length % 4 === 0 ? -1 : ~(-1 << ((length % 4) * 8)), next: [], layout };
    gaps.push(gap);
    this.#count += 1;
    this.#sizeBytes += length;
    return gap;
  }
}

/** A quote, a minus, a digit, or the first letter of `true`, `false` and `null`. */
function isScalarStart(byte: number): boolean {
  return byte === QUOTE || (byte >= 0x30 && byte <= 0x39) || byte === 0x2d || byte === 0x74 || byte === 0x66 || byte === 0x6e;
}
