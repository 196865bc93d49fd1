/** One validating pass over a JSON object of any shape, which remembers where its values stand. */
import { NESTING_LIMIT } from './accept.ts';
import { BROKEN, OPEN_ARRAY, OPEN_OBJECT, PLACE_LIMIT, QUOTE, type ValueText } from './decode-text.ts';

/** No such member. */
export const ABSENT = -2;

/** The object of the outermost members. */
const ROOT = -1;
/** Objects within arrays and below the longest path: no path reaches their members. */
const UNREACHABLE = -3;

const CLOSE_OBJECT = 0x7d;
const CLOSE_ARRAY = 0x5d;
const COMMA = 0x2c;
const COLON = 0x3a;

/** The members of one record value that a path may reach, each a place of the text, and the spans of all its scalars. */
export class MemberScan {
  count = 0;
  scalarCount = 0;
  readonly scalarStarts = new Int32Array(PLACE_LIMIT);
  readonly scalarEnds = new Int32Array(PLACE_LIMIT);
  readonly #text: ValueText;
  /** By place: the place of the object it stands in, and its key between the quotes. */
  readonly #parents = new Int32Array(PLACE_LIMIT);
  readonly #keyStarts = new Int32Array(PLACE_LIMIT);
  readonly #keyEnds = new Int32Array(PLACE_LIMIT);
  #reach = 1;

  constructor(text: ValueText) {
    this.#text = text;
  }

  /** True when the text is a valid JSON object and nothing about it is unusual. `reach`: the parts of the longest path. */
  read(reach: number): boolean {
    const text = this.#text;
    this.count = 0;
    this.scalarCount = 0;
    this.#reach = reach;
    text.lastEscape = -1;
    const start = text.afterSpace(text.start);
    if (text.byteAt(start) !== OPEN_OBJECT) return false;
    const end = this.#object(start + 1, 1, ROOT);
    return end !== BROKEN && text.afterSpace(end) === text.end;
  }

  /** The place of the value at a path, or `ABSENT`. Of duplicate members the last wins. */
  find(path: readonly Uint8Array[]): number {
    let place = ROOT;
    for (const part of path) {
      place = this.#member(place, part);
      if (place === ABSENT) break;
    }
    return place;
  }

  /** The length of the key at a place, in bytes; −1 when it is not a member of the outermost object. */
  outermostKeyLength(place: number): number {
    return this.#parents[place] === ROOT ? (this.#keyEnds[place] ?? 0) - (this.#keyStarts[place] ?? 0) : -1;
  }

  /** True when the key at a place begins with these bytes. */
  isKeyAt(place: number, name: Uint8Array): boolean {
    return this.#isAt(this.#keyStarts[place] ?? 0, name);
  }

  #member(parent: number, name: Uint8Array): number {
    for (let place = this.count - 1; place >= 0; place -= 1) {
      const start = this.#keyStarts[place] ?? 0;
      if (this.#parents[place] === parent && (this.#keyEnds[place] ?? 0) - start === name.length && this.#isAt(start, name)) return place;
    }
    return ABSENT;
  }

  #isAt(start: number, name: Uint8Array): boolean {
    const { bytes } = this.#text;
    for (let index = 0; index < name.length; index += 1) {
      if (bytes[start + index] !== name[index]) return false;
    }
    return true;
  }

  /** The position after the object whose brace stands before `start`. The recursion is bounded by `NESTING_LIMIT`. */
  #object(start: number, depth: number, self: number): number {
    const text = this.#text;
    const parent = depth <= this.#reach ? self : UNREACHABLE;
    let at = text.afterSpace(start);
    if (text.byteAt(at) === CLOSE_OBJECT) return at + 1;
    while (text.byteAt(at) === QUOTE) {
      const place = this.#key(at + 1, parent);
      if (place === BROKEN) return BROKEN;
      at = text.afterSpace(this.#afterKey);
      if (text.byteAt(at) !== COLON) return BROKEN;
      at = text.afterSpace(at + 1);
      const valueStart = at;
      at = this.#value(at, depth, place);
      if (at === BROKEN) return BROKEN;
      if (place >= 0) {
        text.starts[place] = valueStart;
        text.ends[place] = at;
      }
      at = text.afterSpace(at);
      if (text.byteAt(at) !== COMMA) return text.byteAt(at) === CLOSE_OBJECT ? at + 1 : BROKEN;
      at = text.afterSpace(at + 1);
    }
    return BROKEN;
  }

  /** The position after the closing quote of the last key. */
  #afterKey = 0;

  /** Steps over a key and returns the place of its value, `UNREACHABLE` or `BROKEN`. A key with an escape in reach is left to the plain decoder. */
  #key(start: number, parent: number): number {
    const text = this.#text;
    const end = text.afterString(start);
    this.#afterKey = end;
    if (end === BROKEN) return BROKEN;
    if (parent === UNREACHABLE) return UNREACHABLE;
    const place = this.count;
    if (text.lastEscape >= start || place === PLACE_LIMIT) return BROKEN;
    this.#parents[place] = parent;
    this.#keyStarts[place] = start;
    this.#keyEnds[place] = end - 1;
    this.count = place + 1;
    return place;
  }

  #array(start: number, depth: number): number {
    const text = this.#text;
    let at = text.afterSpace(start);
    if (text.byteAt(at) === CLOSE_ARRAY) return at + 1;
    for (;;) {
      at = this.#value(at, depth, UNREACHABLE);
      if (at === BROKEN) return BROKEN;
      at = text.afterSpace(at);
      if (text.byteAt(at) !== COMMA) return text.byteAt(at) === CLOSE_ARRAY ? at + 1 : BROKEN;
      at = text.afterSpace(at + 1);
    }
  }

  /** The position after the value that starts at `at`, within `depth` open objects and arrays. */
  #value(at: number, depth: number, place: number): number {
    const first = this.#text.byteAt(at);
    if (first === OPEN_OBJECT) return depth < NESTING_LIMIT ? this.#object(at + 1, depth + 1, place) : BROKEN;
    if (first === OPEN_ARRAY) return depth < NESTING_LIMIT ? this.#array(at + 1, depth + 1) : BROKEN;
    const end = this.#text.afterScalar(at);
    const scalar = this.scalarCount;
    if (scalar < PLACE_LIMIT) {
      this.scalarStarts[scalar] = at;
      this.scalarEnds[scalar] = end;
    }
    this.scalarCount = scalar + 1;
    return end;
  }
}
