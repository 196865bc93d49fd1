/** Brings a partition's state back from its segments. */
import type { PartitionState, RowStore } from '@tidemark/core';
import { ActorRecordReader, type Registers, registerCount, tablesOf } from './actor-record.ts';
import type { ByteReader } from './bytes.ts';
import { Foresight } from './foresight.ts';
import { type RowPlace, readCells, readPlace } from './row-record.ts';
import { SeenRegisters } from './seen-registers.ts';
import { type OpenedSegment, openSegment, SECTION, type SegmentHeader } from './segment.ts';
import { BrokenSegment } from './segment-error.ts';

/**
 * Fills a fresh state from segments in any order, each with the position at which it was cut; the state then stands at the newest. Nothing is
 * touched afterwards. Throws BrokenSegment or NewerFormat, and the state is then of no use: make another.
 */
export function unpackSegments(state: PartitionState, segments: readonly { readonly next: number; readonly bytes: Uint8Array }[]): void {
  if (state.next !== 0 || state.actors.size > 0) throw new Error('only a fresh state can be filled');
  const opened = segments.map(({ next, bytes }) => openAt(next, bytes)).sort((a, b) => compareVersions(b.header, a.header));
  const newest = opened[0]?.header;
  if (newest === undefined) throw new BrokenSegment('there is no segment');
  checkPieces(opened);
  for (const { header } of opened) checkTables(state, header);
  restoreHeader(state, newest);
  const ids = new IdCollector(state, opened, newest.added);
  const rows = new RowCollector(state.changes);
  const seen = new SeenRegisters(registerCount(state));
  const foresight = new Foresight(state, opened);
  for (const { header, body } of opened) readBody(body, { state, header, ids, rows, seen, foresight });
  ids.restore(state, newest.added);
  rows.bury(state);
  for (const { store } of [...state.bucketSets, ...state.firsts, ...state.timelines]) store.settle();
  state.touched.reset();
}

function openAt(next: number, bytes: Uint8Array): OpenedSegment {
  const segment = openSegment(bytes);
  if (segment.header.next !== next) throw new BrokenSegment(`a segment of position ${segment.header.next} stands for position ${next}`);
  return segment;
}

function compareVersions(a: { epoch: number; next: number }, b: { epoch: number; next: number }): number {
  return a.epoch - b.epoch || a.next - b.next;
}

/** Every piece of the base must be there. */
function checkPieces(opened: readonly OpenedSegment[]): void {
  const bases = opened.map(({ header }) => header).filter(({ kind }) => kind === 'base');
  const pieces = bases[0]?.pieces ?? 0;
  const found = new Set(bases.filter((base) => base.pieces === pieces && base.piece < pieces).map(({ piece }) => piece));
  if (pieces === 0 || bases.length !== pieces || found.size !== pieces)
    throw new BrokenSegment(`${found.size} of ${pieces} pieces of the base are there, in ${bases.length} segments`);
}

function checkTables(state: PartitionState, header: SegmentHeader): void {
  for (const { key, width } of header.tables) {
    const table = state.tables.get(key);
    if (table === undefined || table.shape.width !== width) throw new BrokenSegment(`no metric has the table ${key} of ${width} columns`);
  }
}

function restoreHeader(state: PartitionState, header: SegmentHeader): void {
  state.epoch = header.epoch;
  state.next = header.next;
  state.changes.epoch = header.epoch;
  state.changes.next = header.next;
  state.clockMs = header.clockMs ?? Number.NEGATIVE_INFINITY;
  state.counters.restore(header.counters);
  if (header.dictionaries.length !== state.dictionaries.length) throw new BrokenSegment('the segment has other dimensions');
  state.dictionaries.forEach((dictionary, index) => {
    const { texts = [], overflow = false } = header.dictionaries[index] ?? {};
    // The first two are no values: the total and $other.
    dictionary.restore(texts.slice(2), overflow);
    const same = dictionary.texts.length === texts.length && dictionary.texts.every((text, label) => text === texts[label]);
    if (!same) throw new BrokenSegment(`the values of the dimension ${dictionary.dimension.name} are others`);
  });
}

interface BodyOf {
  readonly state: PartitionState;
  readonly header: SegmentHeader;
  readonly ids: IdCollector;
  readonly rows: RowCollector;
  readonly seen: SeenRegisters;
  readonly foresight: Foresight;
}

function readBody(body: ByteReader, { state, header, ids, rows, seen, foresight }: BodyOf): void {
  const actors = new ActorRecordReader(state, registersOfHeader(state, header), header, seen);
  for (;;) {
    const section = body.byte();
    if (section === SECTION.end) break;
    const count = body.word();
    if (count > body.left) throw new BrokenSegment(`${count} records in ${body.left} bytes`);
    for (let index = 0; index < count; index++) {
      if (section === SECTION.actors && header.kind === 'base') foresight.look();
      if (section === SECTION.actors || section === SECTION.parts) actors.read(body, section === SECTION.parts);
      else if (section === SECTION.rows) rows.read(body, state, header);
      else if (section === SECTION.tombs) rows.readTomb(body, header);
      else if (section === SECTION.ids) ids.read(body);
      else throw new BrokenSegment(`there is no section ${section}`);
    }
  }
  if (body.left > 0) throw new BrokenSegment(`${body.left} bytes follow the end of the segment`);
}

/** This state's registers in the order of the segment's header. */
function registersOfHeader(state: PartitionState, header: SegmentHeader): Registers {
  const find = <T>(named: readonly { readonly key: string; readonly store: T }[], key: string): T => {
    const found = named.find((register) => register.key === key);
    if (found === undefined) throw new BrokenSegment(`no metric has the register ${key}`);
    return found.store;
  };
  const of = (kind: string) => header.registers.filter((register) => register.kind === kind);
  const buckets = of('buckets').map(({ key, size, base }) => ({ store: find(state.bucketSets, key), base, size }));
  const firsts = of('first').map(({ key, size }) => ({ store: find(state.firsts, key), size }));
  const timelines = of('times').map(({ key, size }) => ({ store: find(state.timelines, key), size }));
  const fits =
    buckets.every(({ store, size }) => store.words === size) && [...firsts, ...timelines].every(({ store, size }) => store.captures === size);
  if (!fits) throw new BrokenSegment('a register has another shape');
  const held = of('ledger').length === 0 ? null : state.held;
  if (of('ledger').length > 0 && held === null) throw new BrokenSegment('nobody holds a value');
  return { buckets, firsts: firsts.map(({ store }) => store), timelines: timelines.map(({ store }) => store), held, ...tablesOf(header) };
}

/** Brings rows back, the latest version of each, and buries those that have a tomb as new. */
class RowCollector {
  readonly #rows: RowStore;
  readonly #tombs: (RowPlace & { readonly key: string })[] = [];

  constructor(rows: RowStore) {
    this.#rows = rows;
  }

  read(reader: ByteReader, state: PartitionState, header: SegmentHeader): void {
    const place = readPlace(reader, header.tables.length);
    const { key } = header.tables[place.table] as SegmentHeader['tables'][number];
    const table = state.tables.get(key);
    if (table === undefined) throw new BrokenSegment(`no metric has the table ${key}`);
    const labels = (state.dictionaries[table.shape.dimension]?.texts.length ?? 1) * (table.shape.ordinals ?? 1);
    if (place.label >= labels) throw new BrokenSegment(`${key} has no label ${place.label}`);
    const rows = this.#rows;
    const known = table.find(place.bucket, place.label);
    const isOlder = known >= 0 && !isNewer(place, rows, known);
    const row = isOlder ? -1 : table.restore(place.bucket, place.label, place);
    readCells(reader, table.shape.width, rows.cells, row < 0 ? -1 : rows.startOf(row));
  }

  readTomb(reader: ByteReader, header: SegmentHeader): void {
    const place = readPlace(reader, header.tables.length);
    this.#tombs.push({ ...place, key: (header.tables[place.table] as SegmentHeader['tables'][number]).key });
  }

  bury(state: PartitionState): void {
    for (const tomb of this.#tombs) {
      const table = state.tables.get(tomb.key);
      const row = table?.find(tomb.bucket, tomb.label) ?? -1;
      if (row >= 0 && !this.#rows.isAbove(row, tomb.epoch, tomb.next)) table?.drop(row);
    }
  }
}

function isNewer(place: RowPlace, rows: RowStore, row: number): boolean {
  return compareVersions(place, { epoch: rows.epochOf(row), next: rows.nextOf(row) }) > 0;
}

/** The ids that the duplicate filter still knows, each from whichever segment has it. */
class IdCollector {
  readonly #oldest: number;
  readonly #ids: Uint32Array;
  readonly #found: Uint8Array;

  constructor(state: PartitionState, opened: readonly OpenedSegment[], added: number) {
    this.#oldest = Math.max(0, added - state.duplicates.capacity);
    const count = added - this.#oldest;
    const room = opened.reduce((sum, { body }) => sum + body.left, 0);
    if (count * 8 > room) throw new BrokenSegment(`${count} ids cannot be in ${room} bytes`);
    this.#ids = new Uint32Array(count * 2);
    this.#found = new Uint8Array(count);
  }

  read(reader: ByteReader): void {
    const first = reader.varint();
    const count = reader.varintUpTo(reader.left >> 3, 'a number of ids');
    for (let number = first; number < first + count; number++) {
      const high = reader.word();
      const low = reader.word();
      const index = number - this.#oldest;
      if (index < 0 || index >= this.#found.length) continue;
      this.#ids[index * 2] = high;
      this.#ids[index * 2 + 1] = low;
      this.#found[index] = 1;
    }
  }

  restore(state: PartitionState, added: number): void {
    const missing = this.#found.indexOf(0);
    if (missing >= 0) throw new BrokenSegment(`id ${this.#oldest + missing} of the duplicate filter is in no segment`);
    state.duplicates.restore(added, this.#ids);
  }
}
