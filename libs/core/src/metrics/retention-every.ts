/** Retention by every start: each bucket with a start is a cohort of the actor; in a slice, each bucket with a start that shows the value. */
import type { RetentionDefinition } from '../definition.ts';
import { type BucketSets, NO_BUCKET } from '../state/bucket-sets.ts';
import type { CellTable } from '../state/cells.ts';
import type { BucketAdded, FoldBinder } from './kind.ts';
import { emitCohort, emitItself, emitReturn, type NewReturn, type RetentionSpec } from './retention-cells.ts';
import { bindReturned, hasBucket, type KeptReturns, latestInstant, openFrom } from './retention-returns.ts';

/** One table with the registers that it is counted from; each has a row per label. */
interface Counted {
  readonly table: CellTable;
  readonly dimension: number;
  /** Only returns with the cohort's own value count. */
  readonly isSame: boolean;
  /** Buckets that are returned within themselves, by events later than the first start; null when no bracket begins at 0. */
  readonly itself: BucketSets | null;
  readonly starts: BucketSets;
  readonly returns: BucketSets;
}

export function bindEvery(metric: RetentionDefinition, binder: FoldBinder, spec: RetentionSpec): void {
  const { shape, calendar, windowBuckets, tables } = spec;
  const isSame = ({ dimension }: { readonly dimension: number }): boolean => dimension >= 0 && metric.sliceReturn === 'same';
  // Any return: one register for all tables. The same value only: one for each slice.
  const registers = [
    { name: 'total', dimension: -1 },
    ...tables.filter(isSame).map(({ table, dimension }) => ({ name: table.shape.name, dimension })),
  ];
  const members: Counted[][] = registers.map(() => []);
  const kept = registers.map((register, index): KeptReturns => {
    const added: BucketAdded = (slot, row, label, bucket) => {
      const sets = returns[index] as BucketSets;
      const fresh = { bucket, previous: sets.previous(row, bucket), next: sets.next(row, bucket) };
      for (const each of members[index] as Counted[]) emitToCohorts(each, spec, slot, label, fresh);
    };
    return { ...register, added };
  });
  const returns: readonly BucketSets[] = bindReturned(metric, binder, spec, kept);
  for (const one of tables) {
    const { table, dimension } = one;
    const index = isSame(one) ? registers.findIndex((register) => register.dimension === dimension) : 0;
    const itself = shape.hasOwnBucket ? binder.derivedSets({ metric, name: `itself ${table.shape.name}`, windowBuckets }) : null;
    const starts = binder.bucketSets({ selector: metric.start, calendar, windowBuckets, dimension }, (slot, _row, label, bucket) =>
      emitCohort(shape, { table, cohort: bucket, label }, returnedOf(each, slot, label, bucket), 1),
    );
    const each: Counted = { table, dimension, isSame: index > 0, itself, starts, returns: returns[index] as BucketSets };
    members[index]?.push(each);
  }
  if (shape.hasOwnBucket) bindOwnBuckets(metric, binder, spec, members.flat());
}

function returnedOf({ returns, isSame, itself }: Counted, slot: number, label: number, cohort: number) {
  return {
    sets: returns,
    row: returns.find(slot, isSame ? label : 0),
    base: cohort,
    itself: itself !== null && hasBucket(itself, slot, label, cohort),
  };
}

/** Counts a new return bucket in each cohort before it that it matters to. */
function emitToCohorts(each: Counted, { shape }: RetentionSpec, slot: number, returnLabel: number, fresh: NewReturn): void {
  const { table, starts, isSame, itself } = each;
  for (let start = starts.first(slot); start >= 0; start = starts.following(start)) {
    const label = starts.label(start);
    if (isSame && label !== returnLabel) continue;
    const own = itself === null ? -1 : itself.find(slot, label);
    let cohort = starts.previous(start, fresh.bucket);
    for (; cohort !== NO_BUCKET && fresh.bucket - cohort <= shape.horizon; cohort = starts.previous(start, cohort))
      emitReturn(shape, { table, cohort, label }, fresh, cohort, own >= 0 && (itself as BucketSets).has(own, cohort));
  }
}

const START = 1;
const RETURN = 2;

/**
 * A bucket is returned within itself when `minReturns` returns are later than its first start: their instants are kept for the buckets into which an
 * on-time event may still fall. More events only move the first start back or add returns, so a bucket that is returned stays so.
 */
function bindOwnBuckets(
  metric: RetentionDefinition,
  binder: FoldBinder,
  { shape, calendar, tables }: RetentionSpec,
  counted: readonly Counted[],
): void {
  const dimensions = tables.filter((each) => each.dimension >= 0).map((each) => each.dimension);
  const spec = { selectors: [metric.start, metric.return], dimensions, keepFromMs: openFrom(calendar, binder) };
  const times = binder.timelines(spec, (insertion, insert) => {
    const { slot, row } = insertion;
    const bucket = calendar.bucketOf(insertion.timeMs);
    // Only a value that comes later could still ask for this event.
    if (dimensions.length === 0 && counted.every((each) => each.itself !== null && hasBucket(each.itself, slot, 0, bucket))) return;
    insert();
    for (const each of counted) {
      const capture = dimensions.indexOf(each.dimension);
      const label = each.isSame ? times.captured(times.start(row) + insertion.index, capture) : -1;
      addOwnBuckets(each, { slot, row, bucket, capture, label });
    }
  });

  /** `label` ≥ 0: starts and returns with this label alone. */
  function addOwnBuckets(each: Counted, at: { slot: number; row: number; bucket: number; capture: number; label: number }): void {
    const itself = each.itself as BucketSets;
    const { slot, row, bucket, capture, label } = at;
    const fromMs = calendar.startMs(bucket);
    const span = { fromMs, toMs: calendar.endMs(bucket), bit: RETURN, capture: label < 0 ? -1 : capture, label };
    const untilMs = latestInstant(times, row, span, metric.minReturns);
    const first = times.start(row);
    for (let index = times.lowerBound(row, fromMs); (times.times[first + index] as number) < untilMs; index++) {
      if ((times.mask(first + index) & START) === 0) continue;
      const value = capture < 0 ? 0 : times.captured(first + index, capture);
      if ((label >= 0 && value !== label) || hasBucket(itself, slot, value, bucket)) continue;
      itself.add(itself.ensure(slot, value), bucket);
      if (hasBucket(each.starts, slot, value, bucket))
        emitItself(shape, { table: each.table, cohort: bucket, label: value }, returnedOf(each, slot, value, bucket));
    }
  }
}
