/** What differs between two lineages at equal positions, by metric and bucket, each with its reason; what has none is an alarm. */
import { createCalendars, type MetricSet } from '@tidemark/core';
import { compareLineages, type LineageDifference, type ServedStore, StoreUnavailable, type Version } from '@tidemark/pipeline';
import { formatCount, printable, systemClock } from '@tidemark/runtime';
import type { OpenLineages } from './open.ts';
import type { Plan } from './plan.ts';
import { fieldWords } from './plan-words.ts';

/** An integer of a table, over all partitions in which it differs. */
export interface CellDifference extends Omit<LineageDifference, 'partition'> {
  /** In which it differs. */
  readonly partitions: number;
}

export interface MetricDifference {
  readonly metric: string;
  /** Why it differs, when the edit says why. */
  readonly reason: string | null;
  readonly cells: number;
  /** By the bucket's name where the table is by the metric's unit. */
  readonly buckets: readonly { readonly bucket: string; readonly cells: number }[];
}

export interface DifferenceReport {
  readonly compared: number;
  /** Rows that changed in every read. */
  readonly moving: number;
  readonly metrics: readonly MetricDifference[];
  readonly differences: readonly CellDifference[];
  /** Integers that differ and should not. */
  readonly unexplained: number;
  /** By partition, where both were compared; [] when a partition could not be. */
  readonly positions: readonly Version[];
  /** Partitions that could not be compared. */
  readonly notCompared: readonly number[];
}

const PARTITIONS_AT_ONCE = 4;

/** Reads every cell of both lineages. Throws StoreUnavailable when no store answers for both. */
export async function reportDifferences(
  plan: Plan,
  before: string,
  opened: Pick<OpenLineages, 'stores' | 'partitions'>,
  progress?: (integers: number) => void,
): Promise<DifferenceReport> {
  const cells = new Map<string, CellDifference>();
  const found = ({ partition: _, ...difference }: LineageDifference): void => {
    const { metric, table, bucket, value, column, was, is } = difference;
    const key = JSON.stringify([metric, table, bucket, value, column]);
    const known = cells.get(key) ?? { ...difference, was: 0, is: 0, partitions: 0 };
    cells.set(key, { ...known, was: known.was + was, is: known.is + is, partitions: known.partitions + 1 });
  };
  const positions: Version[] = [];
  const notCompared: number[] = [];
  const overflowed = await hasOverflow([before, plan.lineage], opened);
  let compared = 0;
  let moving = 0;
  for (let first = 0; first < opened.partitions.length; first += PARTITIONS_AT_ONCE) {
    const some = opened.partitions.slice(first, first + PARTITIONS_AT_ONCE);
    const results = await Promise.all(
      some.map((partition) =>
        compareIn(opened.stores, { before, after: plan.lineage, partition, found, ...(progress === undefined ? {} : { progress }) }),
      ),
    );
    for (const [index, result] of results.entries()) {
      compared += result.compared;
      moving += result.moving;
      if (result.position === null) notCompared.push(some[index] ?? -1);
      else positions.push(result.position);
    }
  }
  const differences = [...cells.values()].sort(byPlace);
  const metrics = metricsOf(differences, plan, overflowed);
  return {
    ...{ compared, moving, metrics, differences, notCompared },
    unexplained: metrics.reduce((sum, each) => sum + (each.reason === null ? each.cells : 0), 0),
    positions: notCompared.length === 0 ? positions : [],
  };
}

type Asked = Pick<Parameters<typeof compareLineages>[0], 'before' | 'after' | 'partition' | 'found' | 'progress'>;

/** In the first store that answers. What a store told before it failed is dropped. */
async function compareIn(stores: readonly ServedStore[], asked: Asked): ReturnType<typeof compareLineages> {
  let failure = new StoreUnavailable('stores', 'no store answers');
  for (const store of stores) {
    const told: LineageDifference[] = [];
    try {
      const result = await compareLineages({ ...asked, store, clock: systemClock, found: (difference) => told.push(difference) });
      for (const difference of told) asked.found(difference);
      return result;
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      failure = error;
    }
  }
  throw failure;
}

/** Which values an open slice keeps depends on the order in which all metrics of a set see them. */
async function hasOverflow(lineages: readonly string[], { stores, partitions }: Pick<OpenLineages, 'stores' | 'partitions'>): Promise<boolean> {
  for (const { reader } of stores) {
    try {
      const heads = await Promise.all(lineages.map((lineage) => reader.heads(lineage, partitions)));
      return heads.flat().some(({ note }) => note?.overflow === true);
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
    }
  }
  return false;
}

function metricsOf(differences: readonly CellDifference[], plan: Plan, overflowed: boolean): readonly MetricDifference[] {
  const byMetric = new Map<string, CellDifference[]>();
  for (const difference of differences) {
    // A slice whose values have run out may differ where the total does not.
    const ofOverflow = overflowed && plan.change.rebuilds && isSliced(difference.table) && reasonOf(difference.metric, plan) === null;
    const key = ofOverflow ? `${difference.metric}\n` : difference.metric;
    const known = byMetric.get(key) ?? [];
    byMetric.set(key, known);
    known.push(difference);
  }
  const nameOf = bucketNames([plan.set, plan.before]);
  return [...byMetric].map(([key, cells]) => {
    const metric = key.trimEnd();
    const buckets = new Map<string, number>();
    for (const cell of cells) {
      const name = nameOf(cell);
      buckets.set(name, (buckets.get(name) ?? 0) + 1);
    }
    const reason =
      key === metric ? reasonOf(metric, plan) : 'a slice has more values than are kept: which of them are, depends on all metrics of the set';
    return { metric, reason, cells: cells.length, buckets: [...buckets].map(([bucket, count]) => ({ bucket, cells: count })) };
  });
}

function reasonOf(metric: string, { change, otherFold, otherPast }: Plan): string | null {
  const found = change.metrics.find(({ id }) => id === metric);
  if (found?.change === 'new') return 'new metric';
  if (found?.change === 'retired') return 'retired';
  if (found?.change === 'edited') return `edited: ${found.fields.map(fieldWords).join('; ')}`;
  if (otherPast) return 'the past of one of the two is the archive in time order: there what came late counts';
  return otherFold ? 'what is served was begun by another release, or with another TIDEMARK_LATENESS' : null;
}

function isSliced(table: string): boolean {
  return table.includes(':');
}

/** The bucket's own name where the table is by the metric's unit. Each is worked out once. */
function bucketNames(sets: readonly (MetricSet | null)[]): (cell: CellDifference) => string {
  const calendars = createCalendars();
  const metrics = new Map(sets.toReversed().flatMap((set) => set?.metrics.map((metric) => [metric.id, metric] as const) ?? []));
  const known = new Map<string, string>();
  const nameOf = ({ metric: id, table, bucket }: CellDifference): string => {
    const metric = metrics.get(id);
    if (metric === undefined || !(table === 'total' || table.startsWith('slice:'))) return `${table} ${bucket}`;
    try {
      return calendars.calendar(metric).name(bucket);
    } catch {
      return `${table} ${bucket}`;
    }
  };
  return (cell) => {
    const key = `${cell.metric} ${cell.table} ${cell.bucket}`;
    const name = known.get(key) ?? nameOf(cell);
    known.set(key, name);
    return name;
  };
}

/** Totals come first within a metric: of many differences only the first are named. */
function byPlace(left: CellDifference, right: CellDifference): number {
  if (left.metric !== right.metric) return left.metric < right.metric ? -1 : 1;
  if (isSliced(left.table) !== isSliced(right.table)) return isSliced(left.table) ? 1 : -1;
  if (left.table !== right.table) return left.table < right.table ? -1 : 1;
  return left.bucket - right.bucket || (left.value < right.value ? -1 : left.value > right.value ? 1 : 0) || left.column - right.column;
}

const BUCKETS_NAMED = 6;

export function reportWords({ compared, moving, metrics, unexplained, notCompared }: DifferenceReport): readonly string[] {
  const cells = metrics.reduce((sum, each) => sum + each.cells, 0);
  return [
    `${formatCount(compared)} integers compared at equal positions: ${cells === 0 ? 'none differs' : `${formatCount(cells)} differ`}`,
    ...metrics.map(({ metric, reason, cells: count, buckets }) => {
      const named = buckets.slice(0, BUCKETS_NAMED).map(({ bucket, cells: ofBucket }) => `${bucket} (${formatCount(ofBucket)})`);
      const more = buckets.length > BUCKETS_NAMED ? ` and ${formatCount(buckets.length - BUCKETS_NAMED)} buckets more` : '';
      return printable(`  ${metric}  ${formatCount(count)} cells  ${reason ?? 'UNEXPLAINED'}  in ${named.join(', ')}${more}`, 1_000);
    }),
    ...(moving === 0 ? [] : [`  ${formatCount(moving)} rows change with every event and never stood still together: tidemark verify proves them`]),
    ...(notCompared.length === 0
      ? []
      : [`  not compared: ${notCompared.map((partition) => `partition ${partition}`).join(', ')}, for a publish is under way`]),
    ...(unexplained === 0 ? [] : [`  ${formatCount(unexplained)} cells differ for no reason that the edit gives`]),
  ];
}
