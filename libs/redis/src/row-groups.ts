/** The rows of a publish by the hash where they lie, each hash's as one MessagePack array: field, value, field, value … */
import type { CellRow } from '@tidemark/pipeline';
import { fieldOf, type PartitionKeys, packRow, placeOf, VERSION_BYTES } from './layout.ts';
import { CellPacker } from './packing.ts';

/** Lua unpacks a group's rows onto its stack, which holds fewer than 8,000 values. */
const GROUP_ROWS_MAX = 1_000;
const BYTES_PER_ROW_EXPECTED = 64;
const ARRAY_32 = 0xdd;
const SHORT_TEXT = 0xa0;
const SHORT_TEXT_MAX = 31;
const TEXT_16 = 0xda;
const TEXT_32 = 0xdb;

export interface RowGroups {
  readonly hashes: string[];
  readonly packed: Buffer[];
}

/** A RangeError for names, values or cells that would not come back as they went in. */
export function packGroups(keys: PartitionKeys, rows: readonly CellRow[]): RowGroups {
  const packer = new CellPacker(rows.length * BYTES_PER_ROW_EXPECTED + BYTES_PER_ROW_EXPECTED);
  const hashes: string[] = [];
  const ends: number[] = [];
  for (const [hash, group] of groupByHash(keys, rows)) {
    for (let from = 0; from < group.length; from += GROUP_ROWS_MAX) {
      packGroup(packer, group.slice(from, from + GROUP_ROWS_MAX));
      hashes.push(hash);
      ends.push(packer.at);
    }
  }
  return { hashes, packed: ends.map((end, index) => packer.bytes.subarray(ends[index - 1] ?? 0, end)) };
}

/** Rows of one table and bucket lie in one hash, so its name is put together once. */
function groupByHash(keys: PartitionKeys, rows: readonly CellRow[]): Map<string, CellRow[]> {
  const groups = new Map<string, CellRow[]>();
  const known = new Map<string, Map<string, Map<number, CellRow[]>>>();
  for (const row of rows) {
    const buckets = entryOf(entryOf(known, row.metric), row.table);
    let group = buckets.get(row.bucket);
    if (group === undefined) {
      const { hash } = placeOf(keys, row);
      group = groups.get(hash) ?? [];
      groups.set(hash, group);
      buckets.set(row.bucket, group);
    }
    group.push(row);
  }
  return groups;
}

function entryOf<K, L, V>(map: Map<K, Map<L, V>>, key: K): Map<L, V> {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = new Map<L, V>();
  map.set(key, made);
  return made;
}

function packGroup(packer: CellPacker, rows: readonly CellRow[]): void {
  packer.reserve(5);
  packer.bytes[packer.at] = ARRAY_32;
  packer.at = packer.bytes.writeUInt32BE(2 * rows.length, packer.at + 1);
  for (const row of rows) {
    packField(packer, fieldOf(row));
    const room = VERSION_BYTES + CellPacker.room(row.cells.length);
    const isLong = room > 0xffff;
    packer.reserve(room + 5);
    const start = packer.at + (isLong ? 5 : 3);
    const headAt = packer.at;
    packer.at = start;
    packRow(packer, row);
    const { bytes } = packer;
    bytes[headAt] = isLong ? TEXT_32 : TEXT_16;
    if (isLong) bytes.writeUInt32BE(packer.at - start, headAt + 1);
    else bytes.writeUInt16BE(packer.at - start, headAt + 1);
  }
}

function packField(packer: CellPacker, field: string): void {
  const { length } = field;
  packer.reserve(3 * length + 5);
  const { bytes, at } = packer;
  if (length <= SHORT_TEXT_MAX) {
    bytes[at] = SHORT_TEXT | length;
    let index = 0;
    for (; index < length; index++) {
      const code = field.charCodeAt(index);
      if (code > 0x7f) break;
      bytes[at + 1 + index] = code;
    }
    if (index === length) {
      packer.at = at + 1 + length;
      return;
    }
  }
  const written = bytes.write(field, at + 5, 'utf8');
  bytes[at] = TEXT_32;
  bytes.writeUInt32BE(written, at + 1);
  packer.at = at + 5 + written;
}
