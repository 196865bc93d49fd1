/** Packs the state of a partition, or what changed of it, into segments; everything is taken synchronously, so at one position. */
import type { PartitionState, RowStore, RowTable } from '@tidemark/core';
import { type Registers, registersOf, writeActor } from './actor-record.ts';
import { ByteWriter } from './bytes.ts';
import { writePlace, writeRow } from './row-record.ts';
import { beginSegment, formatOf, headerOf, SECTION, type Section, type SegmentHeader, sealSegment } from './segment.ts';

const DEFAULT_TARGET_BYTES = 4 * 2 ** 20;
/** Ids of the duplicate filter go to a piece, and into a record, by this many. */
const ID_BLOCK = 4096;

/** A closed row that left the state, with the version of its last change. `table` is `metric/name`. */
export interface DroppedRowKey {
  readonly table: string;
  readonly bucket: number;
  readonly label: number;
  readonly epoch: number;
  readonly next: number;
}

/** What a delta carries: what the manifest before does not cover. */
export interface DeltaSince {
  /** Actors touched since, each once. Of each the registers are written that have changed since a delta was last packed. */
  readonly slots: readonly number[];
  /** Those of them whose registers are all to be written: the delta that was packed before was not saved. */
  readonly whole: ReadonlySet<number>;
  /** The version above which rows are not covered. */
  readonly rowsAbove: { readonly epoch: number; readonly next: number };
  /** Number of the first id of the duplicate filter that is not covered. */
  readonly idsFrom: number;
  readonly dropped: readonly DroppedRowKey[];
}

/** One or several segments, each at most `targetBytes` (4 MiB) long unless a single record is longer. At least one: its header is the position. */
export function packDelta(state: PartitionState, since: DeltaSince, options: { targetBytes?: number } = {}): Uint8Array[] {
  const packer = new Packer(state, { kind: 'delta', piece: 0, pieces: 0 }, options.targetBytes ?? DEFAULT_TARGET_BYTES);
  for (const slot of since.slots) if (since.whole.has(slot)) packer.actor(slot);
  for (const slot of since.slots) if (!since.whole.has(slot)) packer.part(slot);
  for (const row of state.changes.changedAbove(since.rowsAbove.epoch, since.rowsAbove.next)) packer.row(row);
  for (const dropped of since.dropped) packer.tomb(dropped);
  packer.ids(since.idsFrom, () => true);
  return packer.finish();
}

/** One of the `pieces` that together hold the whole state. What belongs to a piece does not depend on the process. */
export function packBasePiece(state: PartitionState, piece: number, pieces: number): Uint8Array {
  if (!(piece >= 0 && piece < pieces)) throw new RangeError(`there is no piece ${piece} of ${pieces}`);
  const packer = new Packer(state, { kind: 'base', piece, pieces }, Number.POSITIVE_INFINITY);
  const { keys, size } = state.actors;
  for (let slot = 0; slot < size; slot++) if ((keys[slot * 4 + 1] as number) % pieces === piece) packer.actor(slot);
  const { changes } = state;
  const hashes = changes.tables.map(hashOfTable);
  for (let row = 0; row < changes.size; row++) {
    if (changes.has(row) && pieceOfRow(changes, row, hashes, pieces) === piece) packer.row(row);
  }
  packer.ids(0, (block) => block % pieces === piece);
  const [segment] = packer.finish();
  if (segment === undefined) throw new Error('a packer finishes with at least one segment');
  return segment;
}

/** About how many bytes all base pieces would have, for choosing their number. */
export function estimateStateBytes(state: PartitionState): number {
  let bytes = state.actors.size * 18 + Math.min(state.duplicates.added, state.duplicates.capacity) * 8;
  for (const { store } of state.bucketSets) bytes += store.size * (8 + 2 * store.words);
  for (const { store } of state.firsts) bytes += store.size * (15 + store.captures);
  for (const { store } of state.timelines) bytes += store.size * 3 + store.elements * (13 + store.captures);
  if (state.held !== null) bytes += state.held.ledger.size * 6;
  return bytes + 16 * state.changes.size + state.changes.cellCount;
}

/** A row goes to a piece by its table, bucket and label: FNV-1a of the table's key, then the two numbers mixed in. */
function pieceOfRow(rows: RowStore, row: number, hashesOfTables: readonly number[], pieces: number): number {
  if (pieces === 1) return 0;
  let hash = hashesOfTables[rows.tableNumberOf(row)] as number;
  hash = Math.imul(hash ^ rows.bucketOf(row), 0x85ebca6b);
  hash = Math.imul((hash ^ (hash >>> 15)) + rows.labelOf(row), 0xc2b2ae35);
  return ((hash ^ (hash >>> 13)) >>> 0) % pieces;
}

function hashOfTable({ shape: { metric, name } }: RowTable): number {
  let hash = 0x811c9dc5;
  for (const text of [metric, name]) for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash;
}

/** Writes records into sections of one segment, and goes on in another when it is full. */
class Packer {
  readonly #state: PartitionState;
  readonly #targetBytes: number;
  readonly #header: SegmentHeader;
  readonly #headerBytes: Uint8Array;
  readonly #registers: Registers;
  readonly #tables: ReadonlyMap<string, number>;
  /** By the table's number in this process. */
  readonly #tableNumbers: readonly number[];
  readonly #writer = new ByteWriter();
  readonly #finished: Uint8Array[] = [];
  #section: Section = SECTION.end;
  /** Where the count of the open section stands, and the count. */
  #countAt = 0;
  #count = 0;
  /** Records in the open segment. */
  #records = 0;

  constructor(state: PartitionState, of: Pick<SegmentHeader, 'kind' | 'piece' | 'pieces'>, targetBytes: number) {
    this.#state = state;
    this.#targetBytes = targetBytes;
    this.#header = headerOf(state, of);
    this.#headerBytes = Buffer.from(JSON.stringify(this.#header), 'utf8');
    this.#registers = registersOf(state, this.#header);
    this.#tables = new Map(this.#header.tables.map(({ key }, index) => [key, index]));
    this.#tableNumbers = state.changes.tables.map(({ shape }) => this.#tableOf(`${shape.metric}/${shape.name}`));
    beginSegment(this.#writer, this.#headerBytes, formatOf(this.#state, this.#header.kind));
  }

  actor(slot: number): void {
    const start = this.#begin(SECTION.actors);
    writeActor(this.#writer, this.#state, this.#registers, slot, false);
    this.#end(start);
  }

  /** What has changed of an actor; nothing when nothing has. */
  part(slot: number): void {
    const start = this.#begin(SECTION.parts);
    if (writeActor(this.#writer, this.#state, this.#registers, slot, true)) this.#end(start);
  }

  row(row: number): void {
    const start = this.#begin(SECTION.rows);
    const { changes } = this.#state;
    writeRow(this.#writer, changes, row, this.#tableNumbers[changes.tableNumberOf(row)] as number);
    this.#end(start);
  }

  tomb(dropped: DroppedRowKey): void {
    const start = this.#begin(SECTION.tombs);
    const { bucket, label, epoch, next } = dropped;
    writePlace(this.#writer, { table: this.#tableOf(dropped.table), bucket, label, epoch, next });
    this.#end(start);
  }

  /** Known ids from number `from` on, of the blocks that are wanted: the first one's number, how many, and they. */
  ids(from: number, wanted: (block: number) => boolean): void {
    const { duplicates } = this.#state;
    for (let number = Math.max(from, duplicates.oldest); number < duplicates.added; ) {
      const block = Math.floor(number / ID_BLOCK);
      const end = Math.min((block + 1) * ID_BLOCK, duplicates.added);
      if (wanted(block)) {
        const start = this.#begin(SECTION.ids);
        this.#writer.varint(number);
        this.#writer.varint(end - number);
        for (let at = number; at < end; at++) {
          this.#writer.word(duplicates.high(at));
          this.#writer.word(duplicates.low(at));
        }
        this.#end(start);
      }
      number = end;
    }
  }

  finish(): Uint8Array[] {
    this.#closeSection();
    this.#writer.byte(SECTION.end);
    this.#finished.push(sealSegment(this.#writer));
    return this.#finished;
  }

  #tableOf(key: string): number {
    const table = this.#tables.get(key);
    if (table === undefined) throw new Error(`the state has no table ${key}`);
    return table;
  }

  /** Answers where the record begins. */
  #begin(section: Section): number {
    if (section !== this.#section) {
      this.#closeSection();
      this.#openSection(section);
    }
    return this.#writer.at;
  }

  #end(start: number): void {
    this.#count++;
    this.#records++;
    // One byte is still to come: the end of the sections.
    if (this.#writer.at < this.#targetBytes || this.#records === 1) return;
    const record = this.#writer.bytes.slice(start, this.#writer.at);
    const section = this.#section;
    this.#writer.at = start;
    this.#count--;
    this.finish();
    beginSegment(this.#writer, this.#headerBytes, formatOf(this.#state, this.#header.kind));
    this.#openSection(section);
    this.#writer.append(record);
    this.#count = 1;
    this.#records = 1;
  }

  #openSection(section: Section): void {
    this.#section = section;
    this.#writer.byte(section);
    this.#countAt = this.#writer.at;
    this.#count = 0;
    this.#writer.word(0);
  }

  #closeSection(): void {
    if (this.#section === SECTION.end) return;
    const end = this.#writer.at;
    this.#writer.at = this.#countAt;
    this.#writer.word(this.#count);
    this.#writer.at = end;
    this.#section = SECTION.end;
  }
}
