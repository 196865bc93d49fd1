/** What a metric kind is: how it binds to registers when folding, which rows it reads, and how it answers from them. */
import type { Answer, AnswerClock, AnswerRequest } from '../answer.ts';
import { type MetricBase, type MetricDefinition, type Selector, sliceName, type Unit } from '../definition.ts';
import type { EventView } from '../event.ts';
import type { BucketSets } from '../state/bucket-sets.ts';
import type { CellTable, TableShape } from '../state/cells.ts';
import type { Firsts } from '../state/firsts.ts';
import type { Timelines } from '../state/timelines.ts';
import type { Calendar } from '../time/calendar.ts';

/** Called right after `bucket` came into the actor's set; every other register is as the events before left it. */
export type BucketAdded = (slot: number, row: number, label: number, bucket: number) => void;

/** Valid until the handler returns. */
export interface TimelineInsertion {
  readonly slot: number;
  readonly row: number;
  /** Where the element will be, counted from the row's start. */
  readonly index: number;
  readonly timeMs: number;
  readonly mask: number;
  /** The partition's clock, this event included: nothing on-time is older than it by more than the lateness. */
  readonly clockMs: number;
}

/** Registers and tables of one partition, as a kind asks for them. Equal requests of several metrics share one register. */
export interface FoldBinder {
  readonly latenessMs: number;
  calendar(metric: MetricBase, unit?: Unit): Calendar;
  /** Number of a dimension of the set, or of a tuple of them by its name. */
  dimension(name: string): number;
  /** Whether a slice is by values that actors hold: its rows are kept beside the total's by themselves. */
  isHeld(slice: readonly string[]): boolean;
  /** Buckets with a match, per slice value when `dimension` ≥ 0. The window must cover horizon + lateness. */
  bucketSets(spec: { selector: Selector; calendar: Calendar; windowBuckets: number; dimension: number }, added: BucketAdded): BucketSets;
  /** Bucket sets that the metric itself derives from another register. */
  derivedSets(spec: { metric: MetricBase; name: string; windowBuckets: number }): BucketSets;
  /**
   * The first match; `namesOnly` ignores `where`, and capture 0 then says (1 or 0) whether the event passed it; the labels of `dimensions` follow.
   * `leaving` runs before an actor's first event moves, `arrived` after, also for the very first.
   */
  firsts(
    spec: { selector: Selector; namesOnly: boolean; dimensions: readonly number[] },
    moves: { leaving(slot: number): void; arrived(slot: number): void },
  ): Firsts;
  /** All matches of the selectors, as a mask, with slice labels captured. */
  timelines(
    spec: {
      selectors: readonly Selector[];
      dimensions: readonly number[];
      /** Of the actor: nothing before this is asked for again. */
      keepFromMs(clockMs: number, slot: number): number;
      /** Captures are then `label * 2 + 1` for an event that shows nothing (its text is empty), `label * 2` for any other. */
      markEmpty?: boolean;
      /** Called before the register forgets, beyond its cap, all of an actor's events up to an instant, closed or not. */
      forgetting?(slot: number, throughMs: number): void;
    },
    inserting: (insertion: TimelineInsertion, insert: () => void) => void,
  ): Timelines;
  /** Every match, behind the duplicate filter. `label` gives the slice label of the event for a dimension. */
  onMatch(selector: Selector, matched: (event: EventView, label: (dimension: number) => number) => void): void;
  /** The label that the event at hand shows. */
  labelShown(dimension: number): number;
  /** The label of a text, as if an event showed it. */
  labelOf(dimension: number, text: string): number;
  /** A property path's number, for `EventView`. */
  path(path: readonly string[]): number;
  table(shape: TableShape): CellTable;
}

/** Rows of one table and slice value, summed over the partitions. */
export type Rows = ReadonlyMap<number, ArrayLike<number>>;

export interface RowSource {
  /** Empty when nothing was read. */
  rows(table: string, value: string): Rows;
  /** Slice values with at least one row. */
  values(table: string): readonly string[];
  /** The rows of the buckets of a range, both included, as one: whoever keeps rows may keep such a sum beside them. Empty when nothing was read. */
  sum(table: string, value: string, range: BucketRange): ArrayLike<number>;
}

export interface BucketRange {
  readonly from: number;
  readonly to: number;
}

/** `RowSource.sum` by adding up, for who keeps no sums. */
export function sumOfBuckets(rows: Rows, { from, to }: BucketRange): ArrayLike<number> {
  if (from === to) return rows.get(from) ?? [];
  const sums: number[] = [];
  for (let bucket = from; bucket <= to; bucket++) {
    const cells = rows.get(bucket);
    if (cells === undefined) continue;
    for (let column = 0; column < cells.length; column++) sums[column] = (sums[column] ?? 0) + (cells[column] as number);
  }
  return sums;
}

/** Rows that an answer needs: `from` −Infinity reads from the first bucket on. */
export interface TableNeed {
  readonly table: string;
  readonly from: number;
  readonly to: number;
  readonly sliced: boolean;
  /** A table with ordinals: all its values are read, whatever slice value the request names. */
  readonly ordinals?: boolean;
}

/** One kind = one file and one registry line. */
export interface MetricKind<D extends MetricDefinition> {
  /** Raised when the kind's integers change for the same definition: a new lineage. */
  readonly evaluatorVersion: number;
  bind(metric: D, binder: FoldBinder): void;
  needs(metric: D, request: AnswerRequest, calendars: CalendarSource): readonly TableNeed[];
  answer(metric: D, request: AnswerRequest, rows: RowSource, clock: AnswerClock, calendars: CalendarSource): Answer;
  /** Throws when a row breaks the kind's invariants (no integer below zero, size ≥ retained, step n ≥ step n+1). */
  check(metric: D, table: string, cells: ArrayLike<number>): void;
}

export interface CalendarSource {
  calendar(metric: MetricBase, unit?: Unit): Calendar;
}

export const TOTAL_TABLE = 'total';

/** `slice:channel`, of a tuple `slice:channel,device`. */
export function sliceTable(slice: string): string {
  return `slice:${slice}`;
}

/** One entry per table that a metric itself keeps: the total, then one per slice by what events show. */
export function metricTables(metric: MetricBase, binder: FoldBinder): { name: string; dimension: number }[] {
  const shown = metric.slices.filter((slice) => !binder.isHeld(slice));
  const sliced = shown.map(sliceName).map((name) => ({ name: sliceTable(name), dimension: binder.dimension(name) }));
  return [{ name: TOTAL_TABLE, dimension: -1 }, ...sliced];
}

/** Upper bound of the buckets that a span of time touches, beyond the first: 23-hour days and 28-day months at the shortest. */
export function bucketsWithin(spanMs: number, unit: Unit): number {
  const shortestMs = { hour: 1_800_000, day: 82_800_000, week: 601_200_000, month: 2_415_600_000 }[unit];
  return Math.ceil(spanMs / shortestMs) + 1;
}
