/** Proves what the stores serve of one partition: every integer of every table, each read at the position that its head names, against the archive. */
// The order, and what it is good for:
// 1. The store whose head is behind comes first: the fold goes forward only, and heads move while we look.
// 2. Pieces of the store's tables are read, each with the head of its instant, up to a bound of memory.
// 3. The fold goes forward to each head in turn, waiting for the archiver where it must, and the piece is compared at exactly that position.
// 4. The chunks that were folded are proven whole by their hashes; a broken archive proves nothing, so its differences are not told.
import type { RowTable } from '@tidemark/core';
import type { CellInventory, CheckResult, StoredTable } from '../ports/check.ts';
import { type CellReader, type Head, type PartitionRows, StoreUnavailable, type TableRange } from '../ports/sink.ts';
import type { RuntimeClock } from '../ports/time.ts';
import { splitVersion, type Version, versionOf } from '../ports/version.ts';
import { BrokenArchive } from './archive-walk.ts';
import { type Comparison, compareHead, compareRows, type Difference } from './compare-rows.ts';
import { createFoldAgain, type FoldAgain, type FoldAgainOptions } from './fold-again.ts';
import { rangesOfTables } from './table-ranges.ts';

export interface ServedStore {
  readonly reader: CellReader;
  readonly inventory: CellInventory;
}

export interface VerifyPartitionOptions extends Omit<FoldAgainOptions, 'epoch'> {
  readonly lineage: string;
  readonly stores: readonly ServedStore[];
  readonly clock: Pick<RuntimeClock, 'nowMs' | 'sleep'>;
  /** Compares these metrics' tables only; the whole set is folded all the same. Default: all. */
  readonly metrics?: readonly string[];
  /** Rows of a store that are held at once; default 200,000. */
  readonly maxRows?: number;
  /** How long an open head, or the archiver, is waited for; default 30,000. */
  readonly patienceMs?: number;
  /** Differences that are named per store; the rest is counted. Default 10,000. */
  readonly maxNamed?: number;
  readonly onDifference: (difference: Difference) => void;
}

const DEFAULTS = { maxRows: 200_000, patienceMs: 30_000, maxNamed: 10_000 };
const PAUSE_MS = 100;
const DETAIL_CHARS = 1_000;

/** The partition cannot be compared now, for a reason that is no difference. */
class Undecided extends Error {}

interface Job extends VerifyPartitionOptions {
  readonly limits: typeof DEFAULTS;
  readonly again: FoldAgain;
}

/** One result per store, in the order in which they were compared. Throws StoreUnavailable when the archive does not answer, and what the fold throws. */
export async function verifyPartition(options: VerifyPartitionOptions): Promise<readonly CheckResult[]> {
  const limits = { ...DEFAULTS, ...pick(options) };
  const results: CheckResult[] = [];
  const { lineage, partition, clock } = options;
  const about = (store: ServedStore) => ({ kind: `verify_${store.reader.name}` as const, lineage, partition, checkedAtMs: clock.nowMs() });
  const undecided = (store: ServedStore, position: Version, why: string): CheckResult => {
    const counts = { outcome: 'undecided', compared: 0, differences: 0 } as const;
    return { ...about(store), ...counts, position, detail: why.slice(0, DETAIL_CHARS) };
  };
  const heads = await Promise.all(options.stores.map(async (store) => ({ store, head: await headOf(store, lineage, partition) })));
  const there: { store: ServedStore; head: Head }[] = [];
  for (const { store, head } of heads) {
    if (typeof head === 'string') results.push(undecided(store, versionOf(0, 0), head));
    else if (head.note === null) results.push(undecided(store, head.closed, 'nothing is published here'));
    else there.push({ store, head });
  }
  there.sort((a, b) => (a.head.closed < b.head.closed ? -1 : 1));
  const epoch = splitVersion(there[0]?.head.closed ?? versionOf(1, 0)).epoch;
  const again = createFoldAgain({ ...options, epoch });
  for (const { store, head } of there) {
    try {
      const { comparison, named, count } = collector(limits.maxNamed);
      const position = await compareStore(store, { ...options, limits, again }, comparison);
      await again.prove();
      for (const difference of named) options.onDifference(difference);
      const outcome = count() === 0 ? 'same' : 'different';
      const detail = named[0] === undefined ? '' : differenceText(named[0]).slice(0, DETAIL_CHARS);
      results.push({ ...about(store), position, outcome, compared: comparison.compared, differences: count(), detail });
    } catch (error) {
      if (error instanceof Undecided || error instanceof BrokenArchive) results.push(undecided(store, head.closed, error.message));
      else throw error;
    }
  }
  return results;
}

function pick({ maxRows, patienceMs, maxNamed }: VerifyPartitionOptions): Partial<typeof DEFAULTS> {
  const given = Object.entries({ maxRows, patienceMs, maxNamed }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given);
}

/** A line for people: where, what is served, what the archive gives. */
export function differenceText({ store, partition, metric, table, bucket, value, column, served, recomputed }: Difference): string {
  const of = value === '' ? '' : ` value ${JSON.stringify(value)}`;
  return `${store} partition ${partition} ${metric} ${table} bucket ${bucket}${of} column ${column}: served ${served}, recomputed ${recomputed}`;
}

function collector(maxNamed: number) {
  const named: Difference[] = [];
  let count = 0;
  const comparison: Comparison = {
    compared: 0,
    found: (difference) => {
      if (count++ < maxNamed) named.push(difference);
    },
  };
  return { comparison, named, count: () => count };
}

/** The head, or why there is none to look at. */
async function headOf({ reader }: ServedStore, lineage: string, partition: number): Promise<Head | string> {
  try {
    const [head] = await reader.heads(lineage, [partition]);
    return head ?? 'the store has no answer for the partition';
  } catch (error) {
    if (error instanceof StoreUnavailable) return error.message;
    throw error;
  }
}

/** Answers the position up to which the store was compared. */
async function compareStore(store: ServedStore, job: Job, comparison: Comparison): Promise<Version> {
  const { again, limits, partition } = job;
  const pieces = await piecesOf(store, job);
  const of = { store: store.reader.name, partition, memory: again.memory };
  let held: { rows: PartitionRows; ranges: readonly TableRange[] }[] = [];
  let heldRows = 0;
  let position = versionOf(0, 0);
  const compareHeld = async (): Promise<void> => {
    for (const { rows, ranges } of held.toSorted((a, b) => (a.rows.head.closed < b.rows.head.closed ? -1 : 1))) {
      await reach(rows.head, job);
      if (rows.head.closed !== position) compareHead(of, rows.head, comparison);
      position = rows.head.closed;
      compareRows(of, rows, ranges, comparison);
    }
    held = [];
    heldRows = 0;
  };
  for (const ranges of pieces) {
    const rows = await readWhole(store, ranges, job);
    held.push({ rows, ranges });
    heldRows += rows.rows.length;
    if (heldRows >= limits.maxRows) await compareHeld();
  }
  await compareHeld();
  return position;
}

/** Folds to where the head is closed; waits until the archiver is there. */
async function reach({ closed }: Head, { again, clock, limits }: Job): Promise<void> {
  const { epoch, next } = splitVersion(closed);
  const { state } = again.memory.fold;
  if (epoch !== state.epoch) throw new Undecided(`the head is of epoch ${epoch}, and what was folded of epoch ${state.epoch}`);
  const untilMs = clock.nowMs() + limits.patienceMs;
  while (!(await again.advance(next))) {
    if (state.next > next) throw new Undecided(`position ${next} was passed: the store went back while it was read, or it is no position of the log`);
    if (clock.nowMs() >= untilMs) throw new Undecided(`the archive's unbroken chain ends at ${state.next}, before the served position ${next}`);
    await clock.sleep(PAUSE_MS);
  }
}

/** Rows at one instant of a closed head that is not behind what was folded already. */
async function readWhole({ reader }: ServedStore, ranges: readonly TableRange[], job: Job): Promise<PartitionRows> {
  const { clock, limits, lineage, partition, again } = job;
  const untilMs = clock.nowMs() + limits.patienceMs;
  for (;;) {
    const [rows] = await reader.read(lineage, [partition], ranges).catch((error: unknown) => {
      if (error instanceof StoreUnavailable) throw new Undecided(error.message);
      throw error;
    });
    const isWhole = rows !== undefined && rows.head.closed >= rows.head.target;
    if (isWhole && splitVersion(rows.head.closed).next >= again.memory.fold.state.next) return rows;
    if (clock.nowMs() >= untilMs) throw new Undecided(isWhole ? 'the store stands behind what was folded already' : 'the head stays open');
    await clock.sleep(PAUSE_MS);
  }
}

/** Ranges that cover every row which the state or the store has, a bounded number of buckets in each question. */
async function piecesOf({ inventory, reader }: ServedStore, job: Job): Promise<readonly (readonly TableRange[])[]> {
  const { lineage, partition, metrics, again } = job;
  // To where the store stands now: rows that come behind it are new, and are compared where they fall into a range that is asked for.
  const head = await headOf({ inventory, reader }, lineage, partition);
  if (typeof head === 'string') throw new Undecided(head);
  await reach(head, job);
  const stored = await inventory.tables(lineage, partition).catch((error: unknown) => {
    if (error instanceof StoreUnavailable) throw new Undecided(error.message);
    throw error;
  });
  return rangesOfTables([...stored, ...tablesOf(again)].filter(({ metric }) => metrics === undefined || metrics.includes(metric)));
}

function tablesOf({ memory }: FoldAgain): readonly StoredTable[] {
  const buckets = new Map<RowTable, Set<number>>();
  for (const { table, bucket } of memory.fold.state.changes.all()) {
    const known = buckets.get(table) ?? new Set();
    buckets.set(table, known.add(bucket));
  }
  return [...buckets].map(([{ shape }, of]) => ({ metric: shape.metric, table: shape.name, buckets: [...of] }));
}
