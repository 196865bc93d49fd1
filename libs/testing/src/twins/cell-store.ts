/** An in-memory store of cells with the promises of Redis or of ClickHouse, for tests and the simulator. */
import {
  type CellInventory,
  type CellReader,
  type CellRow,
  type CellSink,
  type Head,
  type HeadNote,
  NO_VERSION,
  type PartitionRows,
  type PublishOutcome,
  type PublishPart,
  type TableRange,
  type Version,
} from '@tidemark/pipeline';
import { type Intercept, type StoreCall, underIntercept } from './calls.ts';

interface StoredPartition {
  readonly rows: ReadonlyMap<string, CellRow>;
  readonly closed: Version;
  readonly target: Version;
  readonly note: HeadNote | null;
  /** Of the publish that announced the target. */
  readonly announced?: string | undefined;
  /** `<publishId>:<index>` of the parts that are in. Redis only. */
  readonly parts: ReadonlySet<string>;
}

const EMPTY: StoredPartition = { rows: new Map(), closed: NO_VERSION, target: NO_VERSION, note: null, parts: new Set() };

export interface MemoryCellStoreOptions {
  readonly partLimits?: CellSink['partLimits'];
  readonly intercept?: Intercept;
}

/** Owns the rows and heads of all lineages and partitions of one store. `sink` and `reader` may be shared by any number of workers. */
export class MemoryCellStore {
  readonly sink: CellSink;
  readonly reader: CellReader;
  readonly inventory: CellInventory;
  intercept: Intercept | undefined;
  #partitions: ReadonlyMap<string, StoredPartition> = new Map();

  constructor(name: 'redis' | 'clickhouse', options: MemoryCellStoreOptions = {}) {
    this.intercept = options.intercept;
    const write = name === 'redis' ? writeAsRedis : writeAsClickHouse;
    const call = <Answer>(method: string, lineage: string, partition: number, apply: () => Answer): Promise<Answer> => {
      const about: Omit<StoreCall, 'apply'> = { store: name, method, lineage, partition };
      return underIntercept(this.intercept, about, apply);
    };
    this.sink = {
      name,
      partLimits: options.partLimits ?? { maxRows: Number.POSITIVE_INFINITY, maxCells: Number.POSITIVE_INFINITY },
      head: (lineage, partition) => call('head', lineage, partition, () => this.headOf(lineage, partition)),
      write: (part) => {
        const kept = copyOf(part);
        return call('write', part.lineage, part.partition, () => {
          const [next, outcome] = write(this.#at(part.lineage, part.partition), kept);
          this.#put(part.lineage, part.partition, next);
          return outcome;
        });
      },
      rowsBetween: (lineage, partition, above, upTo) =>
        call('rowsBetween', lineage, partition, () => rowsBetween(this.#at(lineage, partition), above, upTo)),
    };
    this.reader = {
      name,
      heads: (lineage, partitions) => call('heads', lineage, -1, () => partitions.map((partition) => this.headOf(lineage, partition))),
      read: (lineage, partitions, ranges, since) =>
        Promise.all(
          partitions.map((partition) => {
            const above = since?.get(partition) ?? '';
            return call('read', lineage, partition, () => readRanges(partition, this.#at(lineage, partition), { ranges, above }));
          }),
        ),
    };
    this.inventory = { name, tables: (lineage, partition) => call('tables', lineage, partition, () => tablesIn(this.rowsOf(lineage, partition))) };
  }

  /** Changes stored rows behind everybody's back: a store that serves what nobody published. */
  tamper(lineage: string, partition: number, change: (row: CellRow) => CellRow | null): void {
    const stored = this.#at(lineage, partition);
    const rows = [...stored.rows].flatMap(([key, row]): [string, CellRow][] => {
      const changed = change(row);
      return changed === null ? [] : [[key, changed]];
    });
    this.#put(lineage, partition, { ...stored, rows: new Map(rows) });
  }

  headOf(lineage: string, partition: number): Head {
    return headIn(this.#at(lineage, partition));
  }

  /** All rows of a partition, in no promised order. */
  rowsOf(lineage: string, partition: number): readonly CellRow[] {
    return [...this.#at(lineage, partition).rows.values()];
  }

  /** The whole content; `restore` brings it back: a store that rewinds. Cheap: nothing is copied. */
  snapshot(): unknown {
    return this.#partitions;
  }

  restore(snapshot: unknown): void {
    if (!(snapshot instanceof Map)) throw new TypeError('not a snapshot of this store');
    this.#partitions = snapshot;
  }

  wipe(): void {
    this.#partitions = new Map();
  }

  #at(lineage: string, partition: number): StoredPartition {
    return this.#partitions.get(`${lineage}:${partition}`) ?? EMPTY;
  }

  #put(lineage: string, partition: number, next: StoredPartition): void {
    if (next !== this.#at(lineage, partition)) this.#partitions = new Map(this.#partitions).set(`${lineage}:${partition}`, next);
  }
}

function headIn({ closed, target, note, announced }: StoredPartition): Head {
  return { closed, target, note, ...(announced !== undefined && target > closed ? { announced } : {}) };
}

/** One atomic script of `schemas/redis/layout.md`. */
function writeAsRedis(stored: StoredPartition, part: PublishPart): [StoredPartition, PublishOutcome] {
  const { target, publishId, index } = part;
  if (stored.closed < part.base) return [stored, { outcome: 'behind', closed: stored.closed }];
  if (target <= stored.closed) {
    const confirms = part.last && target === stored.closed;
    return [confirms ? { ...stored, note: confirmed(stored.note, part.note) } : stored, { outcome: 'written' }];
  }
  const present = (earlier: number): boolean => stored.parts.has(`${publishId}:${earlier}`);
  if (part.last && !Array.from({ length: index }, (_, earlier) => earlier).every(present)) return [stored, { outcome: 'incomplete' }];
  const rows = merged(stored.rows, part.rows);
  if (!part.last) {
    const parts = new Set(stored.parts).add(`${publishId}:${index}`);
    const announced = stored.target < target ? part.note.log : stored.announced;
    return [{ ...stored, rows, parts, target: laterOf(stored.target, target), announced }, { outcome: 'written' }];
  }
  if (stored.target > target) return [{ ...stored, rows }, { outcome: 'open' }];
  return [{ rows, closed: target, target, note: part.note, parts: new Set() }, { outcome: 'written' }];
}

/** One insert of one block: the larger version stays, for rows as for the head; nothing is ever refused. */
function writeAsClickHouse(stored: StoredPartition, part: PublishPart): [StoredPartition, PublishOutcome] {
  const rows = merged(stored.rows, part.rows);
  const closes = part.last && part.target >= stored.closed;
  const closed = part.last ? laterOf(stored.closed, part.target) : stored.closed;
  const announces = !part.last && part.index === 0 && part.target >= stored.target;
  const target = laterOf(announces ? part.target : stored.target, closed);
  const announced = announces ? part.note.log : stored.announced;
  return [{ rows, closed, target, announced, note: closes ? part.note : stored.note, parts: stored.parts }, { outcome: 'written' }];
}

/** The stored note, as long as nothing newer is there, with what its owner said last. */
function confirmed(stored: HeadNote | null, sent: HeadNote): HeadNote {
  if (stored === null) return sent;
  if (sent.confirmedAtMs < stored.confirmedAtMs) return stored;
  const { halted: _before, ...rest } = stored;
  return { ...rest, confirmedAtMs: sent.confirmedAtMs, atEnd: sent.atEnd, ...(sent.halted === undefined ? {} : { halted: sent.halted }) };
}

function merged(stored: ReadonlyMap<string, CellRow>, sent: readonly CellRow[]): ReadonlyMap<string, CellRow> {
  if (sent.length === 0) return stored;
  const rows = new Map(stored);
  for (const row of sent) {
    const key = JSON.stringify([row.metric, row.table, row.bucket, row.value]);
    const present = rows.get(key);
    if (!present || present.version < row.version) rows.set(key, row);
  }
  return rows;
}

function rowsBetween(stored: StoredPartition, above: Version, upTo: Version): readonly CellRow[] | null {
  if (stored.closed < stored.target || stored.closed < upTo) return null;
  return [...stored.rows.values()].filter((row) => row.version > above && row.version <= upTo);
}

function readRanges(partition: number, stored: StoredPartition, asked: { ranges: readonly TableRange[]; above: Version }): PartitionRows {
  const wanted = (row: CellRow): boolean => row.version > asked.above && asked.ranges.some((range) => isWithin(row, range));
  return { partition, head: headIn(stored), rows: [...stored.rows.values()].filter(wanted) };
}

function tablesIn(rows: readonly CellRow[]): { metric: string; table: string; buckets: number[] }[] {
  const tables = new Map<string, { metric: string; table: string; buckets: Set<number> }>();
  for (const { metric, table, bucket } of rows) {
    const key = `${metric}/${table}`;
    const known = tables.get(key) ?? { metric, table, buckets: new Set() };
    tables.set(key, known);
    known.buckets.add(bucket);
  }
  return [...tables.values()].map(({ buckets, ...of }) => ({ ...of, buckets: [...buckets] }));
}

function isWithin(row: CellRow, range: TableRange): boolean {
  const sameTable = row.metric === range.metric && row.table === range.table && row.bucket >= range.from && row.bucket <= range.to;
  return sameTable && (!range.sliced || range.value === undefined || row.value === range.value);
}

function laterOf(a: Version, b: Version): Version {
  return a > b ? a : b;
}

/** The caller goes on counting in its own arrays; what is on its way must not change. No store keeps the sign of a zero. */
function copyOf(part: PublishPart): PublishPart {
  return { ...part, note: structuredClone(part.note), rows: part.rows.map((row) => ({ ...row, cells: Array.from(row.cells, (cell) => cell + 0) })) };
}
