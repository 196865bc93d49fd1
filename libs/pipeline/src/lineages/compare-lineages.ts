/** Compares the cells of two lineages in one partition at equal positions, while both go on. */
// Two heads seldom stand at the same position. But a row carries the version of its last change: a row that last changed at or below a position has there
// the value that it has now, and one that is absent has zeros. So of each pair of reads those rows are compared that neither lineage has changed since the
// lower of the two heads; the others, which change with every event, are read again until the heads happen to meet, or patience ends.
import type { CellReader, CellRow, PartitionRows, TableRange } from '../ports/sink.ts';
import type { RuntimeClock } from '../ports/time.ts';
import { NO_VERSION, type Version } from '../ports/version.ts';
import { rangesOfTables } from '../verify/table-ranges.ts';
import type { ServedStore } from '../verify/verify-partition.ts';

/** One integer that differs. */
export interface LineageDifference {
  readonly partition: number;
  readonly metric: string;
  readonly table: string;
  readonly bucket: number;
  /** Of the slice; '' of the total. Hostile text. */
  readonly value: string;
  readonly column: number;
  readonly was: number;
  readonly is: number;
}

export interface CompareLineagesOptions {
  readonly before: string;
  readonly after: string;
  readonly partition: number;
  /** Both lineages are read from it. */
  readonly store: ServedStore;
  readonly clock: Pick<RuntimeClock, 'nowMs' | 'sleep'>;
  /** How long rows that change all the time are read again; default 5,000. */
  readonly patienceMs?: number;
  readonly found: (difference: LineageDifference) => void;
  /** Told now and then how many integers were compared since it was last told. */
  readonly progress?: (integers: number) => void;
}

export interface ComparedLineages {
  /** At or above every row of both was compared; null when a head stayed open. */
  readonly position: Version | null;
  /** Integers. */
  readonly compared: number;
  /** Rows that changed in every read, and so were not compared. */
  readonly moving: number;
}

const PATIENCE_MS = 5_000;
const PAUSE_MS = 50;

/** Throws StoreUnavailable. */
export async function compareLineages(options: CompareLineagesOptions): Promise<ComparedLineages> {
  const { before, after, partition, store, clock, patienceMs = PATIENCE_MS } = options;
  const tables = await Promise.all([before, after].map((lineage) => store.inventory.tables(lineage, partition)));
  const untilMs = clock.nowMs() + patienceMs;
  let position: Version | null = null;
  let compared = 0;
  let moving = 0;
  for (const ranges of rangesOfTables(tables.flat())) {
    const piece = await comparePiece(options, ranges, untilMs);
    compared += piece.compared;
    moving += piece.moving;
    options.progress?.(piece.compared);
    if (piece.position === null) return { position: null, compared, moving };
    if (position === null || piece.position < position) position = piece.position;
  }
  return { position, compared, moving };
}

/** At least once, and again until every row has stood still or time is up. */
async function comparePiece(options: CompareLineagesOptions, ranges: readonly TableRange[], untilMs: number): Promise<ComparedLineages> {
  const { clock } = options;
  let position: Version | null = null;
  let compared = 0;
  let open: ReadonlySet<string> | null = null;
  for (;;) {
    const both = await readBoth(options, ranges);
    if (both !== null) {
      const at = lowerOf(both);
      position ??= at;
      const stillOpen = new Set<string>();
      for (const [key, pair] of pairsOf(both)) {
        if (open !== null && !open.has(key)) continue;
        if ([pair.before, pair.after].some((row) => row !== null && row.version > at)) stillOpen.add(key);
        else compared += comparePair(pair, options);
      }
      open = stillOpen;
      if (stillOpen.size === 0) break;
    }
    if (clock.nowMs() >= untilMs) break;
    await clock.sleep(PAUSE_MS);
  }
  return { position, compared, moving: open?.size ?? 0 };
}

interface Both {
  readonly before: PartitionRows;
  readonly after: PartitionRows;
}

/** Null while a head is open: rows of an unfinished publish belong to no position. */
async function readBoth({ before, after, partition, store }: CompareLineagesOptions, ranges: readonly TableRange[]): Promise<Both | null> {
  const read = async (reader: CellReader, lineage: string): Promise<PartitionRows | null> => {
    const [rows] = await reader.read(lineage, [partition], ranges);
    return rows === undefined || rows.head.closed < rows.head.target ? null : rows;
  };
  // At the same time: the closer the two moments, the more often the heads meet.
  const [ofBefore, ofAfter] = await Promise.all([read(store.reader, before), read(store.reader, after)]);
  return ofBefore === null || ofAfter === null ? null : { before: ofBefore, after: ofAfter };
}

function lowerOf({ before, after }: Both): Version {
  const [lower = NO_VERSION] = [before.head.closed, after.head.closed].sort();
  return lower;
}

interface Pair {
  readonly before: CellRow | null;
  readonly after: CellRow | null;
}

function pairsOf({ before, after }: Both): ReadonlyMap<string, Pair> {
  const keyOf = ({ metric, table, bucket, value }: CellRow): string => JSON.stringify([metric, table, bucket, value]);
  const pairs = new Map<string, Pair>(before.rows.map((row) => [keyOf(row), { before: row, after: null }]));
  for (const row of after.rows) {
    const key = keyOf(row);
    pairs.set(key, { before: pairs.get(key)?.before ?? null, after: row });
  }
  return pairs;
}

/** Answers how many integers were compared; a row that one side lacks counts as zeros, which is how it is answered. */
function comparePair({ before, after }: Pair, { partition, found }: CompareLineagesOptions): number {
  const row = before ?? after;
  if (row === null) return 0;
  const { metric, table, bucket, value } = row;
  const width = Math.max(before?.cells.length ?? 0, after?.cells.length ?? 0);
  for (let column = 0; column < width; column++) {
    const [was, is] = [before?.cells[column] ?? 0, after?.cells[column] ?? 0];
    if (was !== is) found({ partition, metric, table, bucket, value, column, was, is });
  }
  return width;
}
