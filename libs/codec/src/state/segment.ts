/** The frame of a packed segment: magic, checksum, format number, and a header that says what the body's numbers refer to. */
import { crc32 } from 'node:zlib';
import { OUTCOMES, type PartitionState } from '@tidemark/core';
import { ByteReader, type ByteWriter } from './bytes.ts';
import { BrokenSegment, NewerFormat } from './segment-error.ts';

/** Raised when segments of this code cannot be read by the code before. Formats are read one release before they are written. */
export const SEGMENT_FORMAT = 3;

/** Bases are written as releases before wrote them: 1 of sets in which nobody holds a value, else 2. */
const FORMAT_WITHOUT_HELD = 1;
const FORMAT_WITH_HELD = 2;

/** In which a segment of a state is written, and a manifest of such segments alone: deltas have records of single registers. */
export function formatOf({ held }: Pick<PartitionState, 'held'>, kind: SegmentHeader['kind']): number {
  if (kind === 'delta') return SEGMENT_FORMAT;
  return held === null ? FORMAT_WITHOUT_HELD : FORMAT_WITH_HELD;
}

/** `TMSG`; magic and checksum stand at the same place in every format. */
const MAGIC = 0x47534d54;
const CHECKED_FROM = 8;

/** What follows the header: sections of records, each a kind, a count and the records. Of actors in `parts` a record says only what has changed. */
export const SECTION = { end: 0, actors: 1, rows: 2, tombs: 3, ids: 4, parts: 5 } as const;
export type Section = (typeof SECTION)[keyof typeof SECTION];

/** Numbers of registers and tables in the body are places in these lists, never the order in which this process bound them. */
export interface SegmentHeader {
  readonly kind: 'base' | 'delta';
  /** Of a base: which of `pieces`. */
  readonly piece: number;
  readonly pieces: number;
  readonly epoch: number;
  readonly next: number;
  /** null is −Infinity. */
  readonly clockMs: number | null;
  readonly counters: Readonly<Record<string, number>>;
  readonly dictionaries: readonly { readonly texts: readonly string[]; readonly overflow: boolean }[];
  /** Ids that ever entered the duplicate filter. */
  readonly added: number;
  readonly registers: readonly RegisterHeader[];
  readonly tables: readonly { readonly key: string; readonly width: number }[];
}

export interface RegisterHeader {
  readonly key: string;
  readonly kind: 'buckets' | 'first' | 'times' | 'ledger';
  /** Words of a bucket set, captures of the others. */
  readonly size: number;
  /** Bucket sets: the word that tops are counted from. */
  readonly base: number;
}

/** The header of a state as it stands. */
export function headerOf(state: PartitionState, of: Pick<SegmentHeader, 'kind' | 'piece' | 'pieces'>): SegmentHeader {
  return {
    ...of,
    epoch: state.epoch,
    next: state.next,
    clockMs: Number.isFinite(state.clockMs) ? state.clockMs : null,
    counters: state.counters.toRecord(),
    dictionaries: state.dictionaries.map(({ texts, overflow }) => ({ texts, overflow })),
    added: state.duplicates.added,
    registers: [
      ...state.bucketSets.map(({ key, store }) => ({
        key,
        kind: 'buckets' as const,
        size: store.words,
        base: store.size === 0 ? 0 : store.top(store.size - 1),
      })),
      ...state.firsts.map(({ key, store }) => ({ key, kind: 'first' as const, size: store.captures, base: 0 })),
      ...state.timelines.map(({ key, store }) => ({ key, kind: 'times' as const, size: store.captures, base: 0 })),
      ...(state.held === null ? [] : [{ key: 'held', kind: 'ledger' as const, size: 0, base: 0 }]),
    ],
    tables: [...state.tables].map(([key, table]) => ({ key, width: table.shape.width })),
  };
}

/** Begins a segment: the checksum's place is filled in by `sealSegment`. */
export function beginSegment(writer: ByteWriter, header: Uint8Array, format: number): void {
  writer.at = 0;
  writer.word(MAGIC);
  writer.word(0);
  writer.varint(format);
  writer.varint(header.length);
  writer.append(header);
}

/** The finished segment, copied out of the writer. */
export function sealSegment(writer: ByteWriter): Uint8Array {
  const bytes = writer.bytes.slice(0, writer.at);
  new DataView(bytes.buffer).setUint32(4, crc32(bytes.subarray(CHECKED_FROM)), true);
  return bytes;
}

export interface OpenedSegment {
  readonly header: SegmentHeader;
  /** At the first section. */
  readonly body: ByteReader;
}

/** Checks frame and header. */
export function openSegment(bytes: Uint8Array): OpenedSegment {
  const reader = new ByteReader(bytes);
  if (reader.word() !== MAGIC) throw new BrokenSegment('the bytes do not begin like a segment');
  if (reader.word() !== crc32(bytes.subarray(CHECKED_FROM))) throw new BrokenSegment('the checksum is wrong');
  const format = reader.varint();
  if (format > SEGMENT_FORMAT) throw new NewerFormat(`the segment has format ${format}; this release reads up to ${SEGMENT_FORMAT}`);
  const length = reader.varint();
  // Only now: the length's own bytes are not left for the header.
  if (length > reader.left) throw new BrokenSegment(`the header's length is ${length}, at most ${reader.left} was expected`);
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + reader.at, length).toString('utf8');
  reader.at += length;
  return { header: parseHeader(text), body: reader };
}

function parseHeader(text: string): SegmentHeader {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new BrokenSegment('the header is no JSON', { cause });
  }
  if (!isHeader(value)) throw new BrokenSegment('the header is not complete');
  return value;
}

function isHeader(value: unknown): value is SegmentHeader {
  return (
    isRecord(value) &&
    (value.kind === 'base' || value.kind === 'delta') &&
    [value.piece, value.pieces, value.epoch, value.next, value.added].every(isCount) &&
    (value.clockMs === null || Number.isSafeInteger(value.clockMs)) &&
    isRecord(value.counters) &&
    isCount(value.counters.read) &&
    OUTCOMES.every((outcome) => isRecord(value.counters) && isCount(value.counters[outcome])) &&
    isListOf(value.dictionaries, isDictionary) &&
    isListOf(value.registers, isRegister) &&
    isListOf(value.tables, (table) => isRecord(table) && typeof table.key === 'string' && isCount(table.width))
  );
}

function isDictionary(value: unknown): boolean {
  return isRecord(value) && typeof value.overflow === 'boolean' && isListOf(value.texts, (text) => typeof text === 'string');
}

function isRegister(value: unknown): boolean {
  if (!isRecord(value) || typeof value.key !== 'string' || !isCount(value.size) || !Number.isSafeInteger(value.base)) return false;
  return value.kind === 'buckets' || value.kind === 'first' || value.kind === 'times' || value.kind === 'ledger';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isListOf(value: unknown, test: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(test);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
