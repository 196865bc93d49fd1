/** The fast decoder: one pass over the bytes, one reused event, no allocation for tokens seen before. Equal to `plain.ts` for all bytes. */
import { COMPOSITE, type EventView, type PropertyValue, type RejectReason, type Vocabulary } from '@tidemark/core';
import { type EventDescription, type EventType, ID_LIMIT_BYTES, isActionType, nameOf, typeOf } from './accept.ts';
import { NOT_BY_BYTES, PathRows } from './decode-path.ts';
import { ABSENT, BACKSLASH, MemberTable, OPEN_ARRAY, OPEN_OBJECT, QUOTE, ROOT } from './decode-scan.ts';
import { TokenCache } from './decode-token.ts';
import { actorHash, HashScratch, messageHash, namespaceTagOf } from './hash.ts';
import { type JsonObject, propertyValueOf } from './json.ts';
import { numberTextOf, sliceTextOf } from './number.ts';
import { type Decoder, descriptionOf, propertyAt, type ReadRecord, readRecord, rootOf } from './plain.ts';
import { timeOf } from './time.ts';
import { TimeReader } from './time-bytes.ts';

/** The decoder for the fold. A vocabulary that grows later costs its caches, not its answers. */
export function createDecoder(vocabulary: Vocabulary): Decoder {
  return new FastDecoder(vocabulary);
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
}

const TYPE = Buffer.from('type');
const EVENT = Buffer.from('event');
const USER_ID = Buffer.from('userId');
const MESSAGE_ID = Buffer.from('messageId');
const TIMESTAMP = Buffer.from('timestamp');
const ANONYMOUS_ID = Buffer.from('anonymousId');

/** Tokens remembered of strings and of other properties, and of types and names each. */
const PROPERTY_ENTRIES = 65_536;
const NAME_ENTRIES = 4096;
/** A whole number of more digits may print otherwise than it was written. */
const EXACT_DIGITS = 15;

/** The decoder and the one event that it hands out. Whatever it does not take as usual is read by `readRecord` instead, reasons included. */
class FastDecoder implements Decoder, EventView {
  reason: RejectReason = 'null_value';
  isAction = false;
  nameId = 0;

  readonly #vocabulary: Vocabulary;
  #nameCount = 0;
  readonly #members = new MemberTable();
  #paths = new PathRows([]);
  readonly #strings = new TokenCache(PROPERTY_ENTRIES, propertyMeaningOf);
  readonly #others = new TokenCache(PROPERTY_ENTRIES, propertyMeaningOf);
  #types = new TokenCache(NAME_ENTRIES, () => null as TypeMeaning | null);
  #names = new TokenCache(NAME_ENTRIES, () => null as NameMeaning | null);
  readonly #actor = new HashScratch();
  readonly #message = new HashScratch();
  readonly #times = new TimeReader();

  /** Rows of the members that make an event. */
  #typeRow = ABSENT;
  #eventRow = ABSENT;
  #userRow = ABSENT;
  #anonymousRow = ABSENT;
  #messageRow = ABSENT;
  #timeRow = ABSENT;
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
    if (this.#vocabulary.names.size !== this.#nameCount || this.#vocabulary.paths.length !== this.#paths.count) this.#prepare();
    this.#record = null;
    this.#root = null;
    if (key !== null && value !== null && this.#readFast(key, value)) return this;
    return this.#readPlain(key, value) ? this : null;
  }

  describe(key: Uint8Array | null, value: Uint8Array | null): EventDescription {
    if (this.decode(key, value) === null) return { accepted: false, reason: this.reason };
    if (this.#record !== null) return descriptionOf(this.#record);
    const isUser = this.#isPresent(this.#userRow);
    return {
      accepted: true,
      type: this.#type?.type ?? 'track',
      event: this.#name?.text ?? '',
      actorKind: isUser ? 'user' : 'anonymous',
      actorId: this.#textOf(isUser ? this.#userRow : this.#anonymousRow),
      messageId: this.#textOf(this.#messageRow),
      timeMs: this.timeMs,
    };
  }

  get timeMs(): number {
    return this.#times.timeMs[0] ?? 0;
  }

  get actor0(): number {
    return this.#actor.words[0] ?? 0;
  }

  get actor1(): number {
    return this.#actor.words[1] ?? 0;
  }

  get actor2(): number {
    return this.#actor.words[2] ?? 0;
  }

  get actor3(): number {
    return this.#actor.words[3] ?? 0;
  }

  get messageHigh(): number {
    return this.#message.words[0] ?? 0;
  }

  get messageLow(): number {
    return this.#message.words[1] ?? 0;
  }

  property(pathId: number): PropertyValue {
    return this.#meaningAt(pathId).value;
  }

  sliceText(pathId: number): string {
    return this.#meaningAt(pathId).slice;
  }

  numberText(pathId: number): string | null {
    return this.#meaningAt(pathId).number;
  }

  /** Builds what depends on the vocabulary. */
  #prepare(): void {
    const { names, paths } = this.#vocabulary;
    const nameMeaning = (text: string): NameMeaning => ({ nameId: names.get(text) ?? 0, text });
    this.#nameCount = names.size;
    this.#paths = new PathRows(paths);
    this.#types = new TokenCache(NAME_ENTRIES, (token) => {
      const type = typeOf(JSON.parse(token));
      return type === undefined ? null : { type, isAction: isActionType(type), name: type === 'track' ? null : nameMeaning(`$${type}`) };
    });
    this.#names = new TokenCache(NAME_ENTRIES, (token) => {
      const text = nameOf(JSON.parse(token));
      return text === null ? null : nameMeaning(text);
    });
  }

  /** False when anything is unusual or wrong: then nothing that was set counts. */
  #readFast(key: Uint8Array, value: Uint8Array): boolean {
    if (!this.#members.read(value, this.#paths.reach)) return false;
    this.#paths.forget();
    this.#findMembers();
    return this.#readName() && this.#readActor(key) && this.#readMessage() && this.#readTime();
  }

  /** The rows of the outermost object by name; of duplicates the last wins. */
  #findMembers(): void {
    const members = this.#members;
    this.#typeRow = ABSENT;
    this.#eventRow = ABSENT;
    this.#userRow = ABSENT;
    this.#anonymousRow = ABSENT;
    this.#messageRow = ABSENT;
    this.#timeRow = ABSENT;
    for (let row = 0; row < members.count; row += 1) {
      if (members.parentOf(row) !== ROOT) continue;
      const start = members.keyStart(row);
      const length = members.keyEnd(row) - start;
      if (length === 4 && members.isAt(start, TYPE)) this.#typeRow = row;
      else if (length === 5 && members.isAt(start, EVENT)) this.#eventRow = row;
      else if (length === 6 && members.isAt(start, USER_ID)) this.#userRow = row;
      else if (length === 9 && members.isAt(start, MESSAGE_ID)) this.#messageRow = row;
      else if (length === 9 && members.isAt(start, TIMESTAMP)) this.#timeRow = row;
      else if (length === 11 && members.isAt(start, ANONYMOUS_ID)) this.#anonymousRow = row;
    }
  }

  #readName(): boolean {
    const { bytes } = this.#members;
    if (!this.#isString(this.#typeRow)) return false;
    const type = this.#types.get(bytes, this.#members.valueStart(this.#typeRow), this.#members.valueEnd(this.#typeRow));
    if (type === null) return false;
    let { name } = type;
    if (name === null) {
      if (!this.#isString(this.#eventRow)) return false;
      name = this.#names.get(bytes, this.#members.valueStart(this.#eventRow), this.#members.valueEnd(this.#eventRow));
      if (name === null) return false;
    }
    this.#type = type;
    this.#name = name;
    this.nameId = name.nameId;
    this.isAction = type.isAction;
    return true;
  }

  #readActor(key: Uint8Array): boolean {
    const isUser = this.#isPresent(this.#userRow);
    const row = isUser ? this.#userRow : this.#anonymousRow;
    const scratch = this.#actor;
    scratch.bytes[0] = namespaceTagOf(isUser ? 'user' : 'anonymous');
    const end = this.#copyId(row, scratch.bytes, 1);
    if (end === 1 || key.length !== end - 1) return false;
    for (let index = 0; index < key.length; index += 1) {
      if (key[index] !== scratch.bytes[index + 1]) return false;
    }
    scratch.hash(end, 0);
    return true;
  }

  #readMessage(): boolean {
    const end = this.#copyId(this.#messageRow, this.#message.bytes, 0);
    if (end === 0) return false;
    this.#message.hash(end, 0);
    return true;
  }

  #readTime(): boolean {
    const row = this.#timeRow;
    if (row === ABSENT) return false;
    const members = this.#members;
    const start = members.valueStart(row);
    const end = members.valueEnd(row);
    const first = members.bytes[start];
    if (first === QUOTE && this.#times.read(members.bytes, start + 1, end - 1)) return true;
    if (first === OPEN_OBJECT || first === OPEN_ARRAY) return false;
    const timeMs = timeOf(JSON.parse(members.bytes.toString('utf8', start, end)));
    this.#times.timeMs[0] = timeMs;
    return !Number.isNaN(timeMs);
  }

  /** Copies the id of a member and returns the position after it; the start itself when there is none, or one that is not plain ASCII. */
  #copyId(row: number, target: Uint8Array, start: number): number {
    if (row === ABSENT) return start;
    const { bytes } = this.#members;
    const isString = this.#isString(row);
    const from = this.#members.valueStart(row) + (isString ? 1 : 0);
    const length = this.#members.valueEnd(row) - (isString ? 1 : 0) - from;
    if (length > (isString ? ID_LIMIT_BYTES : EXACT_DIGITS)) return start;
    for (let index = 0; index < length; index += 1) {
      const byte = bytes[from + index] ?? 0;
      const isUsual = isString ? byte < 0x80 && byte !== BACKSLASH : byte >= 0x30 && byte <= 0x39;
      if (!isUsual) return start;
      target[start + index] = byte;
    }
    return start + length;
  }

  /** False for an id that is absent, null or empty. */
  #isPresent(row: number): boolean {
    if (row === ABSENT) return false;
    const start = this.#members.valueStart(row);
    const first = this.#members.bytes[start];
    return first === QUOTE ? this.#members.valueEnd(row) > start + 2 : first !== 0x6e;
  }

  #isString(row: number): boolean {
    return row !== ABSENT && this.#members.bytes[this.#members.valueStart(row)] === QUOTE;
  }

  /** The text of an id that `#copyId` took. */
  #textOf(row: number): string {
    const quote = this.#isString(row) ? 1 : 0;
    return this.#members.bytes.toString('latin1', this.#members.valueStart(row) + quote, this.#members.valueEnd(row) - quote);
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
    this.#actor.words.set(actorHash(record.actorKind, record.actorId));
    this.#message.words.set(messageHash(record.messageId));
    this.#times.timeMs[0] = record.timeMs;
    return true;
  }

  #meaningAt(pathId: number): PropertyMeaning {
    const members = this.#members;
    const row = this.#root === null ? this.#paths.rowOf(pathId, members) : NOT_BY_BYTES;
    if (row === ABSENT) return NOTHING;
    if (row === NOT_BY_BYTES) return this.#parsedMeaningAt(pathId);
    const start = members.valueStart(row);
    const first = members.bytes[start];
    if (first === OPEN_OBJECT || first === OPEN_ARRAY) return SOMETHING_COMPOSITE;
    return (first === QUOTE ? this.#strings : this.#others).get(members.bytes, start, members.valueEnd(row));
  }

  #parsedMeaningAt(pathId: number): PropertyMeaning {
    const path = this.#vocabulary.paths[pathId];
    if (path === undefined) throw new RangeError(`path ${pathId} is not in the vocabulary`);
    if (this.#root === null) {
      const root = rootOf(this.#members.value());
      if (typeof root === 'string') throw new Error(`an accepted event is ${root}`);
      this.#root = root;
    }
    return meaningOf(propertyAt(this.#root, path));
  }
}

const NOTHING: PropertyMeaning = { value: undefined, slice: '', number: null };
const SOMETHING_COMPOSITE: PropertyMeaning = { value: COMPOSITE, slice: '', number: null };

function propertyMeaningOf(token: string): PropertyMeaning {
  return meaningOf(propertyValueOf(JSON.parse(token)));
}

function meaningOf(value: PropertyValue): PropertyMeaning {
  return { value, slice: sliceTextOf(value), number: numberTextOf(value) };
}
