/** The fast decoder: one pass over the bytes, one reused event, no allocation for tokens seen before. Equal to `plain.ts` for all bytes. */
import { COMPOSITE, type EventView, type PropertyValue, type RejectReason, Vocabulary } from '@tidemark/core';
import { type ActorKind, type EventType, ID_LIMIT_BYTES, isActionType, nameOf, typeOf, VALUE_LIMIT_BYTES } from './accept.ts';
import {
  type BytePath,
  bytePathOf,
  COMPOSITE_PLACE,
  emptyLayout,
  type Layout,
  layOut,
  layoutOfShape,
  NOT_BY_BYTES,
  UNKNOWN,
} from './decode-layout.ts';
import { MemberScan } from './decode-scan.ts';
import { ShapeTree } from './decode-shape.ts';
import { BACKSLASH, OPEN_ARRAY, OPEN_OBJECT, QUOTE, ValueText } from './decode-text.ts';
import { TokenCache } from './decode-token.ts';
import type { Describer } from './describe.ts';
import { ANONYMOUS_TAG, actorHash, messageHash, murmur3, USER_TAG } from './hash.ts';
import { type JsonObject, propertyValueOf } from './json.ts';
import { numberTextOf, sliceTextOf } from './number.ts';
import { type Decoder, propertyAt, type ReadRecord, type RecordRanges, readRecord, recordAt, rootOf } from './plain.ts';
import { timeOf } from './time.ts';
import { TimeReader } from './time-bytes.ts';

/** The decoder for the fold. A vocabulary that grows later costs its caches, not its answers. */
export function createDecoder(vocabulary: Vocabulary): Decoder {
  return new FastDecoder(vocabulary);
}

/** The describer for the archive: the same pass over the bytes, without a vocabulary. */
export function createDescriber(): Describer {
  return new FastDecoder(new Vocabulary());
}

/** What the tokens of `type`, of `event` and of a property mean; null where a record with such a token is none to accept here. */
interface TypeMeaning {
  readonly type: EventType;
  readonly isAction: boolean;
  /** The name of all its events, null for a track. */
  readonly name: NameMeaning | null;
}
interface NameMeaning {
  readonly nameId: number;
  readonly text: string;
}
interface PropertyMeaning {
  readonly value: PropertyValue;
  readonly slice: string;
  readonly number: string | null;
  /** The vocabulary's number of `slice`, once it was asked for. */
  sliceId: number;
}
/** Instead of a number: nobody has asked yet. */
const NOT_ASKED = -2;

/** Tokens remembered of strings and of other properties, and of types and names each. */
const PROPERTY_ENTRIES = 65_536;
const NAME_ENTRIES = 4096;
/** Of so many values of unknown shape one is learned, so that a log of ever new shapes costs little more than scanning it. */
const LEARN_EVERY = 64;
/** A whole number of more digits may print otherwise than it was written. */
const EXACT_DIGITS = 15;

/** The decoder and the one event that it hands out. Whatever it does not take as usual is read by `readRecord` instead, reasons included. */
class FastDecoder implements Decoder, Describer, EventView {
  reason: RejectReason = 'null_value';
  readonly message: { bytes: Uint8Array; start: number; end: number } = { bytes: Buffer.of(), start: 0, end: 0 };
  isAction = false;
  nameId = 0;

  readonly #vocabulary: Vocabulary;
  #nameCount = -1;
  #paths: readonly BytePath[] = [];
  /** The parts of the longest path. */
  #reach = 1;
  readonly #text = new ValueText();
  readonly #scan = new MemberScan(this.#text);
  readonly #shapes = new ShapeTree(this.#text);
  #unknownShapes = 0;
  /** Of a value whose shape is not known. */
  #scanned = emptyLayout(0);
  /** Of the value at hand. */
  #layout = this.#scanned;
  readonly #strings = new TokenCache(PROPERTY_ENTRIES, propertyMeaningOf);
  readonly #others = new TokenCache(PROPERTY_ENTRIES, propertyMeaningOf);
  #types = new TokenCache(NAME_ENTRIES, (): TypeMeaning | null => null);
  #names = new TokenCache(NAME_ENTRIES, (): NameMeaning | null => null);
  readonly #span = { start: 0, length: 0, seed: 0 };
  readonly #actorWords = new Uint32Array(4);
  readonly #messageWords = new Uint32Array(4);
  readonly #times = new TimeReader();
  #type: TypeMeaning | null = null;
  #name: NameMeaning | null = null;
  /** The record when it was read the plain way. */
  #record: ReadRecord | null = null;
  /** The parsed event, as soon as something asked for it. */
  #root: JsonObject | null = null;

  constructor(vocabulary: Vocabulary) {
    this.#vocabulary = vocabulary;
    this.#prepare();
  }

  decode(key: Uint8Array | null, value: Uint8Array | null): EventView | null {
    this.#begin();
    if (key !== null && value !== null && value.length <= VALUE_LIMIT_BYTES) {
      this.#text.openCopy(value);
      if (this.#readFast(key, 0, key.length)) return this;
    }
    return this.#readPlain(key, value) ? this : null;
  }

  decodeAt(records: RecordRanges, index: number): EventView | null {
    this.#begin();
    const bytes = records.bytes(index);
    const keyStart = records.keyStart(index);
    const start = records.valueStart(index);
    const end = records.valueEnd(index);
    if (keyStart >= 0 && start >= 0 && end - start <= VALUE_LIMIT_BYTES) {
      this.#text.openAt(bytes, start, end);
      if (this.#readFast(bytes, keyStart, records.keyEnd(index))) return this;
    }
    const { key, value } = recordAt(records, index);
    return this.#readPlain(key, value) ? this : null;
  }

  describeAt(records: RecordRanges, index: number): boolean {
    if (this.decodeAt(records, index) === null) return false;
    const { message } = this;
    // The message id was the last to be looked for.
    message.bytes = this.#record === null ? this.#text.bytes : Buffer.from(this.#record.messageId);
    message.start = this.#record === null ? this.#span.start : 0;
    message.end = this.#record === null ? this.#span.start + this.#span.length : message.bytes.length;
    return true;
  }

  get type(): EventType {
    return this.#record?.type ?? this.#type?.type ?? 'track';
  }

  get event(): string {
    return this.#record?.event ?? this.#name?.text ?? '';
  }

  get actorKind(): ActorKind {
    return this.#record?.actorKind ?? (this.#isPresent(this.#layout.user) ? 'user' : 'anonymous');
  }

  get isBare(): boolean {
    return this.#record === null && this.#layout.isBare && this.#text.lastEscape < 0;
  }

  get timeMs(): number {
    return this.#times.timeMs[0] ?? 0;
  }

  get actor0(): number {
    return this.#actorWords[0] ?? 0;
  }

  get actor1(): number {
    return this.#actorWords[1] ?? 0;
  }

  get actor2(): number {
    return this.#actorWords[2] ?? 0;
  }

  get actor3(): number {
    return this.#actorWords[3] ?? 0;
  }

  get messageHigh(): number {
    return this.#messageWords[0] ?? 0;
  }

  get messageLow(): number {
    return this.#messageWords[1] ?? 0;
  }

  property(pathId: number): PropertyValue {
    return this.#meaningAt(pathId).value;
  }

  sliceText(pathId: number): string {
    return this.#meaningAt(pathId).slice;
  }

  sliceId(pathId: number): number {
    const meaning = this.#meaningAt(pathId);
    if (meaning.sliceId !== NOT_ASKED) return meaning.sliceId;
    const id = this.#vocabulary.valueId(meaning.slice);
    // These two are everybody's, whatever the vocabulary.
    if (meaning !== NOTHING && meaning !== SOMETHING_COMPOSITE) meaning.sliceId = id;
    return id;
  }

  numberText(pathId: number): string | null {
    return this.#meaningAt(pathId).number;
  }

  /** Builds what depends on the vocabulary. */
  #prepare(): void {
    const { names, paths } = this.#vocabulary;
    const nameMeaning = (text: string): NameMeaning => ({ nameId: names.get(text) ?? 0, text });
    this.#nameCount = names.size;
    this.#paths = paths.map(bytePathOf);
    this.#reach = paths.reduce((longest, path) => Math.max(longest, path.length), 1);
    this.#scanned = emptyLayout(paths.length);
    this.#shapes.forget();
    this.#types = new TokenCache(NAME_ENTRIES, (token) => {
      const type = typeOf(JSON.parse(token));
      return type === undefined ? null : { type, isAction: isActionType(type), name: type === 'track' ? null : nameMeaning(`$${type}`) };
    });
    this.#names = new TokenCache(NAME_ENTRIES, (token) => {
      const text = nameOf(JSON.parse(token));
      return text === null ? null : nameMeaning(text);
    });
  }

  #begin(): void {
    if (this.#vocabulary.names.size !== this.#nameCount || this.#vocabulary.paths.length !== this.#paths.length) this.#prepare();
    this.#record = null;
    this.#root = null;
  }

  /** Reads the open value and closes it. False when anything is unusual or wrong: then nothing that was set counts. */
  #readFast(keyBytes: Uint8Array, keyStart: number, keyEnd: number): boolean {
    try {
      const known = this.#shapes.match();
      if (known !== null) return this.#readEvent(known, keyBytes, keyStart, keyEnd);
      if (!this.#scan.read(this.#reach)) return false;
      layOut(this.#scanned, this.#scan);
      if (!this.#readEvent(this.#scanned, keyBytes, keyStart, keyEnd)) return false;
      if (this.#unknownShapes % LEARN_EVERY === 0) this.#shapes.learn(this.#scan, layoutOfShape(this.#scanned, this.#paths, this.#scan, this.#text));
      this.#unknownShapes = (this.#unknownShapes + 1) % LEARN_EVERY;
      return true;
    } finally {
      this.#text.close();
    }
  }

  #readEvent(layout: Layout, keyBytes: Uint8Array, keyStart: number, keyEnd: number): boolean {
    this.#layout = layout;
    return this.#readName(layout) && this.#readActor(layout, keyBytes, keyStart, keyEnd) && this.#readMessage(layout) && this.#readTime(layout);
  }

  #readName(layout: Layout): boolean {
    if (!this.#isString(layout.type)) return false;
    const type = this.#meaningIn(this.#types, layout.type);
    if (type === null) return false;
    let { name } = type;
    if (name === null) {
      if (!this.#isString(layout.event)) return false;
      name = this.#meaningIn(this.#names, layout.event);
      if (name === null) return false;
    }
    this.#type = type;
    this.#name = name;
    this.nameId = name.nameId;
    this.isAction = type.isAction;
    return true;
  }

  #readActor(layout: Layout, keyBytes: Uint8Array, keyStart: number, keyEnd: number): boolean {
    const isUser = this.#isPresent(layout.user);
    const span = this.#span;
    if (!this.#findId(isUser ? layout.user : layout.anonymous) || keyEnd - keyStart !== span.length) return false;
    const { bytes, view } = this.#text;
    for (let keyAt = keyStart, at = span.start; keyAt < keyEnd; keyAt += 1, at += 1) {
      if (keyBytes[keyAt] !== bytes[at]) return false;
    }
    // The tag takes the place of the byte before the id for as long as it is hashed.
    const tagAt = span.start - 1;
    const before = bytes[tagAt] ?? 0;
    bytes[tagAt] = isUser ? USER_TAG : ANONYMOUS_TAG;
    span.start = tagAt;
    span.length += 1;
    const seen = murmur3(view, span, this.#actorWords);
    bytes[tagAt] = before;
    return (seen & NOT_ASCII) === 0;
  }

  #readMessage(layout: Layout): boolean {
    return this.#findId(layout.message) && (murmur3(this.#text.view, this.#span, this.#messageWords) & NOT_ASCII) === 0;
  }

  #readTime(layout: Layout): boolean {
    const place = layout.time;
    if (place < 0) return false;
    const text = this.#text;
    const start = text.starts[place] ?? 0;
    const end = text.ends[place] ?? 0;
    const first = text.firstByte(place);
    if (first === QUOTE ? this.#times.read(text, start + 1, end - 1) : this.#times.readNumber(text, start, end)) return true;
    if (first === OPEN_OBJECT || first === OPEN_ARRAY) return false;
    const timeMs = timeOf(JSON.parse(text.bytes.toString('utf8', start, end)));
    this.#times.timeMs[0] = timeMs;
    return !Number.isNaN(timeMs);
  }

  /** Sets the span of an id whose bytes are its text, if they are ASCII: a string without escapes, or a whole number. */
  #findId(place: number): boolean {
    if (place < 0) return false;
    const text = this.#text;
    const span = this.#span;
    const quote = this.#isString(place) ? 1 : 0;
    span.start = (text.starts[place] ?? 0) + quote;
    span.length = (text.ends[place] ?? 0) - quote - span.start;
    if (quote === 0) return span.length <= EXACT_DIGITS && this.#isWholeNumber();
    return span.length > 0 && span.length <= ID_LIMIT_BYTES && !(text.lastEscape >= 0 && this.#hasEscape());
  }

  #isWholeNumber(): boolean {
    const { start, length } = this.#span;
    for (let at = start; at < start + length; at += 1) {
      const byte = this.#text.byteAt(at);
      if (byte < 0x30 || byte > 0x39) return false;
    }
    return true;
  }

  #hasEscape(): boolean {
    const { start, length } = this.#span;
    return this.#text.bytes.subarray(start, start + length).includes(BACKSLASH);
  }

  /** False for an id that is absent, null or empty. */
  #isPresent(place: number): boolean {
    if (place < 0) return false;
    const first = this.#text.firstByte(place);
    return first === QUOTE ? (this.#text.ends[place] ?? 0) > (this.#text.starts[place] ?? 0) + 2 : first !== 0x6e;
  }

  #isString(place: number): boolean {
    return place >= 0 && this.#text.firstByte(place) === QUOTE;
  }

  #meaningIn<Meaning extends object | null>(cache: TokenCache<Meaning>, place: number): Meaning {
    return cache.get(this.#text, this.#text.starts[place] ?? 0, this.#text.ends[place] ?? 0);
  }

  #readPlain(key: Uint8Array | null, value: Uint8Array | null): boolean {
    const record = readRecord(key, value);
    if (typeof record === 'string') {
      this.reason = record;
      return false;
    }
    this.#record = record;
    this.#root = record.root;
    this.nameId = this.#vocabulary.names.get(record.event) ?? 0;
    this.isAction = isActionType(record.type);
    this.#actorWords.set(actorHash(record.actorKind, record.actorId));
    this.#messageWords.set(messageHash(record.messageId));
    this.#times.timeMs[0] = record.timeMs;
    return true;
  }

  #meaningAt(pathId: number): PropertyMeaning {
    let place = this.#root === null ? this.#layout.paths[pathId] : NOT_BY_BYTES;
    if (place === UNKNOWN) {
      const path = this.#paths[pathId] ?? null;
      place = path === null ? NOT_BY_BYTES : this.#scan.find(path);
      this.#layout.paths[pathId] = place;
    }
    if (place === undefined || place === NOT_BY_BYTES) return this.#parsedMeaningAt(pathId);
    if (place < 0) return place === COMPOSITE_PLACE ? SOMETHING_COMPOSITE : NOTHING;
    const first = this.#text.firstByte(place);
    if (first === QUOTE) return this.#meaningIn(this.#strings, place);
    return first === OPEN_OBJECT || first === OPEN_ARRAY ? SOMETHING_COMPOSITE : this.#meaningIn(this.#others, place);
  }

  #parsedMeaningAt(pathId: number): PropertyMeaning {
    const path = this.#vocabulary.paths[pathId];
    if (path === undefined) throw new RangeError(`path ${pathId} is not in the vocabulary`);
    if (this.#root === null) {
      const root = rootOf(this.#text.bytes.subarray(this.#text.start, this.#text.end));
      if (typeof root === 'string') throw new Error(`an accepted event is ${root}`);
      this.#root = root;
    }
    return meaningOf(propertyAt(this.#root, path));
  }
}

const NOT_ASCII = 0x80808080 | 0;

const NOTHING: PropertyMeaning = { value: undefined, slice: '', number: null, sliceId: NOT_ASKED };
const SOMETHING_COMPOSITE: PropertyMeaning = { value: COMPOSITE, slice: '', number: null, sliceId: NOT_ASKED };

function propertyMeaningOf(token: string): PropertyMeaning {
  return meaningOf(propertyValueOf(JSON.parse(token)));
}

function meaningOf(value: PropertyValue): PropertyMeaning {
  return { value, slice: sliceTextOf(value), number: numberTextOf(value), sliceId: NOT_ASKED };
}
