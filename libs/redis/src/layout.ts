/** The names of Redis keys, and the two shapes of a row's key. The contract is schemas/redis/layout.md. */
import type { CellKey, CellRow } from '@tidemark/pipeline';
import { type CellPacker, unpackCells } from './packing.ts';

/** The keys of one (namespace, lineage, partition). All carry the hash tag `{partition}`, so that one script may touch them in a cluster. */
export interface PartitionKeys {
  /** Hash: closed, target, announced, note, confirmed, confirmation, noted, noted_from. */
  readonly head: string;
  /** Set: `<publishId>:<index>` of the parts of publishes under way. */
  readonly parts: string;
  /** Set: the keys of all row hashes. */
  readonly tables: string;
  /** Hash: by row hash, without `rowsPrefix`, the largest version of a row in it. */
  readonly changed: string;
  /** What every row hash's key begins with. */
  readonly rowsPrefix: string;
  /** Hash: id, json, segments (segment keys, one per line). */
  readonly manifest: string;
  /** String: a packed segment; the segment's key follows. */
  readonly segmentPrefix: string;
}

export function partitionKeys(namespace: string, lineage: string, partition: number): PartitionKeys {
  const prefix = `tidemark:${namespace}:{${partition}}:${lineage}:`;
  return {
    head: `${prefix}head`,
    parts: `${prefix}parts`,
    tables: `${prefix}tables`,
    changed: `${prefix}changed`,
    rowsPrefix: `${prefix}rows:`,
    manifest: `${prefix}manifest`,
    segmentPrefix: `${prefix}segment:`,
  };
}

/** The keys of a lineage's trail of outcomes: the wish to see it stands for all partitions. */
export function trailKeys(namespace: string, lineage: string): { readonly wanted: string; readonly trail: (partition: number) => string } {
  return { wanted: `tidemark:${namespace}:witnessed:${lineage}`, trail: (partition) => `tidemark:${namespace}:{${partition}}:${lineage}:outcomes` };
}

/** Hash: the entries of the journal of lineages by id, JSON. */
export function journalKey(namespace: string): string {
  return `tidemark:${namespace}:journal`;
}

/** What operators ask: a hash of requests by id, and a key for each answer. */
export function requestKeys(namespace: string): { readonly requests: string; readonly answer: (id: string) => string } {
  return { requests: `tidemark:${namespace}:requests`, answer: (id) => `tidemark:${namespace}:answer:${id}` };
}

/** A table whose name has a colon is sliced: one hash per bucket, fields = slice values. Any other is one hash with its buckets as fields. */
function isSlicedTable(table: string): boolean {
  return table.includes(':');
}

export function bucketHashKey(keys: PartitionKeys, metric: string, table: string, bucket: number): string {
  return isSlicedTable(table) ? `${keys.rowsPrefix}${metric}:${table}:${bucket}` : `${keys.rowsPrefix}${metric}:${table}`;
}

/** The hash and the field where a row lies; a RangeError for names that would not come back as they went in. */
export function placeOf(keys: PartitionKeys, key: CellKey): { hash: string; field: string } {
  if (key.metric.includes(':')) throw new RangeError(`a metric's name must not hold a colon: ${key.metric}`);
  return { hash: bucketHashKey(keys, key.metric, key.table, key.bucket), field: fieldOf(key) };
}

/** The field alone. */
export function fieldOf(key: CellKey): string {
  const sliced = isSlicedTable(key.table);
  if (!sliced && key.value !== '') throw new RangeError(`the unsliced table ${key.table} of ${key.metric} has no slice values`);
  if (sliced && !key.value.isWellFormed()) throw new RangeError(`a slice value of ${key.table} of ${key.metric} holds half a surrogate pair`);
  return sliced ? key.value : String(key.bucket);
}

/** The inverse of `placeOf`. */
export function keyOf(keys: PartitionKeys, hash: string, field: string): CellKey {
  const name = hash.slice(keys.rowsPrefix.length);
  const afterMetric = name.indexOf(':');
  const metric = name.slice(0, afterMetric);
  const table = name.slice(afterMetric + 1);
  if (!isSlicedTable(table)) return { metric, table, bucket: Number(field), value: '' };
  const afterTable = table.lastIndexOf(':');
  return { metric, table: table.slice(0, afterTable), bucket: Number(table.slice(afterTable + 1)), value: field };
}

export const VERSION_BYTES = 16;

/** A row's value: the version as 16 hex digits, then the packed cells. */
export function packRow(packer: CellPacker, row: CellRow): void {
  packer.reserve(VERSION_BYTES);
  for (let index = 0; index < VERSION_BYTES; index++) packer.bytes[packer.at++] = row.version.charCodeAt(index);
  packer.cells(row.cells);
}

export function decodeRow(key: CellKey, value: Buffer): CellRow {
  return { ...key, version: value.toString('latin1', 0, VERSION_BYTES), cells: unpackCells(value, VERSION_BYTES) };
}
