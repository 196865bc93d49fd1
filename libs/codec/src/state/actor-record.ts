/** One actor's record: its key and its rows of registers, of each complete, so that of two records of a register the newer one says all. */
import { type BucketSets, type Firsts, type HeldState, NO_BUCKET, type PartitionState, type Timelines } from '@tidemark/core';
import type { ByteReader, ByteWriter } from './bytes.ts';
import type { SeenRegisters } from './seen-registers.ts';
import type { SegmentHeader } from './segment.ts';
import { BrokenSegment } from './segment-error.ts';

const WORD_BITS = 32;
/** Bucket words beyond any time that an event can have; keeps what is read inside 32 bits. */
const WORD_LIMIT = 2 ** 26 - 1;

/** The registers in the order in which a segment's header lists them. */
export interface Registers {
  readonly buckets: readonly { readonly store: BucketSets; readonly base: number }[];
  readonly firsts: readonly Firsts[];
  readonly timelines: readonly Timelines[];
  /** null in a set in which nobody holds a value. */
  readonly held: HeldState | null;
  /** Keys of the header's tables, and the place of each. */
  readonly tables: readonly string[];
  readonly placeOfTable: ReadonlyMap<string, number>;
}

export function registersOf(state: PartitionState, header: SegmentHeader): Registers {
  return {
    buckets: state.bucketSets.map(({ store }, index) => ({ store, base: header.registers[index]?.base ?? 0 })),
    firsts: state.firsts.map(({ store }) => store),
    timelines: state.timelines.map(({ store }) => store),
    held: state.held,
    ...tablesOf(header),
  };
}

export function tablesOf(header: SegmentHeader): Pick<Registers, 'tables' | 'placeOfTable'> {
  const tables = header.tables.map(({ key }) => key);
  return { tables, placeOfTable: new Map(tables.map((key, place) => [key, place])) };
}

/**
 * Registers without a row of the actor take no byte: each row set is led by the distance from the register before; one beyond the last says "capped".
 * `parts`: only the registers that have changed since the actor was last written so, and false when there is none: then nothing is written.
 */
export function writeActor(writer: ByteWriter, state: PartitionState, registers: Registers, slot: number, parts: boolean): boolean {
  const { keys } = state.actors;
  const startAt = writer.at;
  for (let word = 0; word < 4; word++) writer.word(keys[slot * 4 + word] as number);
  const baseMs = Number.isFinite(state.clockMs) ? state.clockMs : 0;
  let number = 0;
  let last = -1;
  for (const { store, base } of registers.buckets) {
    const first = store.first(slot);
    if (first >= 0 && (!parts || store.takeChanged(slot))) {
      writer.varint(number - last);
      last = number;
      writeBucketRows(writer, store, first, base);
    }
    number++;
  }
  for (const store of registers.firsts) {
    const row = store.find(slot);
    if (row >= 0 && (!parts || store.takeChanged(slot))) {
      writer.varint(number - last);
      last = number;
      writeFirst(writer, store, row, baseMs);
    }
    number++;
  }
  for (const store of registers.timelines) {
    const row = store.find(slot);
    if (row >= 0 && (!parts || store.takeChanged(slot))) {
      writer.varint(number - last);
      last = number;
      writeTimeline(writer, store, row, baseMs);
    }
    number++;
  }
  if (registers.held !== null) {
    // Of parts also when it is empty: an older segment may say otherwise.
    if (parts || liveEntries(registers.held, slot) > 0) {
      writer.varint(number - last);
      last = number;
      writeLedger(writer, registers.held, registers.placeOfTable, slot);
    }
    number++;
  }
  const isCapped = state.cappedActors.has(slot);
  if (parts && last < 0 && !isCapped) {
    writer.at = startAt;
    return false;
  }
  if (isCapped) writer.varint(number - last);
  writer.byte(0);
  return true;
}

function liveEntries({ ledger, isLive }: HeldState, slot: number): number {
  let count = 0;
  for (let entry = ledger.first(slot); entry >= 0; entry = ledger.following(entry)) if (isLive(entry)) count++;
  return count;
}

/** Of each entry that can still move: table, bucket, label within the total, column, sum. */
function writeLedger(writer: ByteWriter, held: HeldState, placeOfTable: ReadonlyMap<string, number>, slot: number): void {
  const { ledger } = held;
  writer.varint(liveEntries(held, slot));
  for (let entry = ledger.first(slot); entry >= 0; entry = ledger.following(entry)) {
    if (!held.isLive(entry)) continue;
    const { metric, name } = held.tableOf(entry).shape;
    writer.varint(placeOfTable.get(`${metric}/${name}`) as number);
    writer.signed(ledger.buckets[entry] as number);
    writer.varint(ledger.labels[entry] as number);
    writer.varint(ledger.columns[entry] as number);
    writer.signed(ledger.amounts[entry] as number);
  }
}

function writeBucketRows(writer: ByteWriter, store: BucketSets, first: number, base: number): void {
  let count = 0;
  for (let row = first; row >= 0; row = store.following(row)) count++;
  writer.varint(count);
  for (let row = first; row >= 0; row = store.following(row)) writeBucketRow(writer, store, row, base);
}

/** Label, top, `before`, then from the top down, for two words at a time, which of their bytes are not zero, and those. */
function writeBucketRow(writer: ByteWriter, store: BucketSets, row: number, base: number): void {
  const { words } = store;
  const top = store.top(row);
  const before = store.before(row);
  writer.varint(store.label(row));
  if (top === NO_BUCKET) {
    writer.byte(0);
    return;
  }
  const away = top - base;
  writer.varint(away >= 0 ? away * 2 + 1 : away * -2);
  writer.varint(before === NO_BUCKET ? 0 : (top - words + 1) * WORD_BITS - before);
  let used = words;
  while (used > 0 && store.word(row, top - used + 1) === 0) used--;
  writer.varint(used);
  writer.reserve(used * 5);
  const { bytes } = writer;
  let { at } = writer;
  let maskAt = at;
  for (let index = 0; index < used; index++) {
    const word = store.word(row, top - index);
    const shift = (index & 1) * 4;
    if (shift === 0) {
      maskAt = at++;
      bytes[maskAt] = 0;
    }
    for (let part = 0; part < 4; part++) {
      const byte = (word >>> (part * 8)) & 0xff;
      if (byte === 0) continue;
      bytes[maskAt] = (bytes[maskAt] as number) | (1 << (shift + part));
      bytes[at++] = byte;
    }
  }
  writer.at = at;
}

function writeFirst(writer: ByteWriter, store: Firsts, row: number, baseMs: number): void {
  writer.signed((store.times[row] as number) - baseMs);
  writer.word(store.ids[row * 2] as number);
  writer.word(store.ids[row * 2 + 1] as number);
  for (let capture = 0; capture < store.captures; capture++) writer.varint(store.captured[row * store.captures + capture] as number);
}

function writeTimeline(writer: ByteWriter, store: Timelines, row: number, baseMs: number): void {
  const start = store.start(row);
  const length = store.length(row);
  writer.varint(length);
  let previousMs = baseMs;
  for (let position = start; position < start + length; position++) {
    const timeMs = store.times[position] as number;
    writer.signed(timeMs - previousMs);
    previousMs = timeMs;
    writer.word(store.idHigh(position));
    writer.word(store.idLow(position));
    writer.varint(store.mask(position) >>> 0);
    for (let capture = 0; capture < store.captures; capture++) writer.varint(store.captured(position, capture));
  }
}

/** Reads the actor records of one segment; registers of actors that a newer segment has brought are passed over. */
export class ActorRecordReader {
  readonly #state: PartitionState;
  readonly #registers: Registers;
  readonly #baseMs: number;
  readonly #labelLimit: number;
  readonly #seen: SeenRegisters;
  /** By place in the header: the register's number in this state, the same for all segments. */
  readonly #numbers: readonly number[];

  constructor(state: PartitionState, registers: Registers, header: SegmentHeader, seen: SeenRegisters) {
    this.#state = state;
    this.#registers = registers;
    this.#seen = seen;
    this.#numbers = numbersOf(state, registers);
    this.#baseMs = header.clockMs ?? 0;
    // A funnel's labels are 32 × a value's label + a step's number.
    this.#labelLimit = Math.max(64, ...header.dictionaries.map(({ texts }) => 32 * (texts.length + 1)));
  }

  /** `parts`: what the record does not name stands in an older segment. */
  read(reader: ByteReader, parts: boolean): void {
    const { buckets, firsts, timelines, held } = this.#registers;
    const actor = this.#state.actors.findOrAdd(reader.word(), reader.word(), reader.word(), reader.word());
    const ledgerAt = buckets.length + firsts.length + timelines.length;
    const count = ledgerAt + (held === null ? 0 : 1);
    for (let number = -1; ; ) {
      const distance = reader.varintUpTo(count + 1, 'a register');
      if (distance === 0) break;
      number += distance;
      if (number > count) throw new BrokenSegment(`there is no register ${number}`);
      const slot = number < count && !this.#seen.take(actor, this.#numbers[number] as number) ? -1 : actor;
      const set = buckets[number];
      const first = firsts[number - buckets.length];
      const timeline = timelines[number - buckets.length - firsts.length];
      if (set !== undefined) this.#readBucketRows(reader, set.store, set.base, slot);
      else if (first !== undefined) this.#readFirst(reader, first, slot);
      else if (timeline !== undefined) this.#readTimeline(reader, timeline, slot);
      else if (held !== null && number === ledgerAt) this.#readLedger(reader, held, slot);
      else this.#state.cappedActors.add(actor);
    }
    if (!parts) this.#seen.takeAll(actor);
  }

  #readBucketRows(reader: ByteReader, store: BucketSets, base: number, slot: number): void {
    const count = reader.varintUpTo(reader.left >> 1, 'a number of rows');
    for (let index = 0; index < count; index++) {
      const label = reader.varintUpTo(this.#labelLimit, 'a label');
      const row = slot < 0 ? -1 : store.ensure(slot, label);
      const away = reader.varintUpTo(WORD_LIMIT, 'a bucket word');
      if (away === 0) continue;
      const top = base + ((away & 1) === 1 ? (away - 1) / 2 : -away / 2);
      const under = reader.varintUpTo(2 ** 31, 'a bucket');
      const used = reader.varintUpTo(store.words, 'a number of words');
      if (Math.abs(top) > WORD_LIMIT) throw new BrokenSegment(`${top} is no bucket word`);
      if (row >= 0) store.restore(row, top, under === 0 ? NO_BUCKET : Math.max(NO_BUCKET, (top - store.words + 1) * WORD_BITS - under));
      this.#readBits(reader, { store, row, top, used });
    }
  }

  #readBits(reader: ByteReader, of: { store: BucketSets; row: number; top: number; used: number }): void {
    const { store, row, top, used } = of;
    let mask = 0;
    for (let index = 0; index < used; index++) {
      mask = (index & 1) === 0 ? reader.byte() : mask >> 4;
      let word = 0;
      for (let part = 0; part < 4; part++) if (((mask >> part) & 1) === 1) word |= reader.byte() << (part * 8);
      if (row >= 0 && word !== 0) store.restoreWord(row, top - index, word);
    }
  }

  #readFirst(reader: ByteReader, store: Firsts, slot: number): void {
    const timeMs = this.#baseMs + reader.signed();
    const high = reader.word();
    const low = reader.word();
    const row = slot < 0 ? -1 : store.ensure(slot);
    if (row >= 0) store.set(row, timeMs, high, low);
    for (let capture = 0; capture < store.captures; capture++) {
      const value = reader.varintUpTo(this.#labelLimit, 'a captured label');
      if (row >= 0) store.captured[row * store.captures + capture] = value;
    }
  }

  #readTimeline(reader: ByteReader, store: Timelines, slot: number): void {
    const length = reader.varintUpTo(Math.floor(reader.left / 10), 'the length of a timeline');
    const row = slot < 0 ? -1 : store.ensure(slot);
    let timeMs = this.#baseMs;
    for (let index = 0; index < length; index++) {
      timeMs += reader.signed();
      const high = reader.word();
      const low = reader.word();
      const mask = reader.varintUpTo(2 ** 32 - 1, 'a mask');
      const position = row < 0 ? -1 : store.insert(row, index, timeMs, high, low, mask);
      for (let capture = 0; capture < store.captures; capture++) {
        const value = reader.varintUpTo(this.#labelLimit, 'a captured label');
        if (position >= 0) store.setCaptured(position, capture, value);
      }
    }
  }

  #readLedger(reader: ByteReader, held: HeldState, slot: number): void {
    const { tables } = this.#registers;
    const count = reader.varintUpTo(Math.floor(reader.left / 5), 'a number of sums');
    for (let index = 0; index < count; index++) {
      const key = tables[reader.varintUpTo(tables.length - 1, 'a table')] ?? '';
      const bucket = reader.signed();
      const table = held.numberOf(key);
      const shape = this.#state.tables.get(key)?.shape;
      if (table < 0 || shape === undefined) throw new BrokenSegment(`nobody's value is kept beside the table ${key}`);
      const label = reader.varintUpTo((shape.ordinals ?? 1) - 1, 'a label');
      const column = reader.varintUpTo(shape.width - 1, 'a column');
      const amount = reader.signed();
      if (slot < 0) continue;
      const entry = held.ledger.ensure(slot, table, bucket, label, column);
      held.ledger.amounts[entry] = amount;
    }
  }
}

/** The registers of this state: bucket sets, firsts, timelines, and the ledger behind them. */
export function registerCount({ bucketSets, firsts, timelines }: PartitionState): number {
  return bucketSets.length + firsts.length + timelines.length + 1;
}

function numbersOf(state: PartitionState, { buckets, firsts, timelines, held }: Registers): number[] {
  const own: readonly object[] = [...state.bucketSets, ...state.firsts, ...state.timelines].map(({ store }) => store);
  const named: readonly object[] = [...buckets.map(({ store }) => store), ...firsts, ...timelines];
  const numbers = named.map((store) => own.indexOf(store));
  return held === null ? numbers : [...numbers, own.length];
}
