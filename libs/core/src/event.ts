/** What the fold sees of one decoded record, without saying how the bytes were read. */
import type { Scalar } from './definition.ts';

/** A property as `where` and slices read it: a scalar, `undefined` when absent, or `COMPOSITE` for an object or array. */
export const COMPOSITE: unique symbol = Symbol('composite');
export type PropertyValue = Scalar | undefined | typeof COMPOSITE;

/** Why a record was refused; each has a line in `schemas/events/README.md`. */
export type RejectReason =
  | 'too_large'
  | 'null_value'
  | 'broken_json'
  | 'too_deep'
  | 'not_an_object'
  | 'bad_type'
  | 'bad_event_name'
  | 'bad_actor'
  | 'bad_message_id'
  | 'bad_timestamp'
  | 'null_key'
  | 'key_mismatch';

/**
 * An accepted event. The decoder reuses one object for all records: read it at once, keep nothing of it.
 * Times are epoch milliseconds; hashes are unsigned 32-bit words.
 */
export interface EventView {
  /** Number of the event's name in the vocabulary; 0 when no definition names it. */
  readonly nameId: number;
  /** True for track, page and screen: what `event: "*"` matches. */
  readonly isAction: boolean;
  readonly timeMs: number;
  /** 128-bit hash of namespace and actor id. */
  readonly actor0: number;
  readonly actor1: number;
  readonly actor2: number;
  readonly actor3: number;
  /** 64-bit hash of the messageId, high and low word. */
  readonly messageHigh: number;
  readonly messageLow: number;
  /** The value at a path of the vocabulary. */
  property(pathId: number): PropertyValue;
  /** The slice value at a path of the vocabulary: a string as it is, a number or boolean as its JSON text; absent, null or composite is `''`. */
  sliceText(pathId: number): string;
  /** The vocabulary's number of that text, -1 when it has none: whoever knows the number need not look at the text. */
  sliceId(pathId: number): number;
  /** The shortest decimal text of the JSON number at a path, or null when there is no number. */
  numberText(pathId: number): string | null;
}

/** Slice values that get a number, the first that come: enough for the values that come again and again. */
const VALUE_LIMIT = 4096;

/**
 * The event names and property paths that the compiled sets ask for, by number. Complete before the first decode:
 * names and paths come from definitions, never from events, so that hostile traffic cannot grow it. Slice values come from events, and only
 * so many are numbered; a number means the same text to every decoder and fold that shares the vocabulary, and is nothing that is kept.
 */
export class Vocabulary {
  readonly #names = new Map<string, number>();
  readonly #paths: (readonly string[])[] = [];
  readonly #values = new Map<string, number>();

  /** The number of an event name, from 1 on. */
  name(text: string): number {
    const known = this.#names.get(text);
    if (known !== undefined) return known;
    const id = this.#names.size + 1;
    this.#names.set(text, id);
    return id;
  }

  /** The number of a property path, from 0 on. */
  path(path: readonly string[]): number {
    const known = this.#paths.findIndex((other) => other.length === path.length && other.every((part, index) => part === path[index]));
    return known >= 0 ? known : this.#paths.push(path) - 1;
  }

  /** The number of a slice value, from 0 on, or -1 when all numbers are given out. */
  valueId(text: string): number {
    const known = this.#values.get(text);
    if (known !== undefined) return known;
    if (this.#values.size >= VALUE_LIMIT) return -1;
    const id = this.#values.size;
    this.#values.set(text, id);
    return id;
  }

  get names(): ReadonlyMap<string, number> {
    return this.#names;
  }

  get paths(): readonly (readonly string[])[] {
    return this.#paths;
  }
}
