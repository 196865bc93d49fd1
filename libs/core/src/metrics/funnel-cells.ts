/** The cells of a funnel: what one actor's attempts of a bucket add to the total's rows and to each slice value's. */
import type { FunnelDefinition } from '../definition.ts';
import { type BucketSets, NO_BUCKET } from '../state/bucket-sets.ts';
import type { CellTable } from '../state/cells.ts';
import type { AttemptDepths } from './attempts.ts';
import { emitGap, type GapColumns, gapColumn, gapWidth } from './gap-cells.ts';
import { TimeChanges } from './step-times.ts';

/** The total, or one slice dimension. */
export interface FunnelScope {
  readonly table: CellTable;
  readonly times: CellTable;
  /** Place of the slice's label among the captures; -1 is the total, whose label is 0. */
  readonly capture: number;
  /**
   * Per actor, under 32 × the slice value's label + the step (from 1): the buckets that count for the step's uniques. null where uniques are
   * kept per bucket only. Label 0 of the total: the last bucket from which a capped actor's attempts were forgotten.
   */
  readonly sets: BucketSets | null;
}

const LABELS_PER_VALUE = 32;

/** Rows with uniques for any range: entries per step, then one gap triangle per step. Others: entries per step, then distinct actors per step. */
export function gapColumns(metric: FunnelDefinition, step: number): GapColumns {
  return { first: metric.steps.length + step * gapWidth(metric.lookback), lookback: metric.lookback };
}

/** One actor's attempts of one bucket under one slice value, summed up. */
class Summary {
  readonly entries: Int32Array;
  /** Per step the index of the earliest attempt that reached it, -1 for none. */
  readonly earliest: Int32Array;
  attempts: AttemptDepths | null = null;

  constructor(steps: number) {
    this.entries = new Int32Array(steps);
    this.earliest = new Int32Array(steps);
  }

  fill(attempts: AttemptDepths, range: Range, capture: number, label: number): void {
    this.attempts = attempts;
    this.entries.fill(0);
    this.earliest.fill(-1);
    for (let index = range.from; index < range.to; index++) {
      if (capture >= 0 && attempts.label(index, capture) !== label) continue;
      for (let step = attempts.depth(index) - 1; step >= 0; step--) {
        if ((this.entries[step] as number) === 0) this.earliest[step] = index;
        (this.entries[step] as number)++;
      }
    }
  }

  /** Steps that count for uniques: those of the earliest undropped attempt, or those that any attempt reached. */
  depth(attempt: FunnelDefinition['attempt']): number {
    const first = this.earliest[0] as number;
    if (attempt === 'first') return first < 0 ? 0 : (this.attempts as AttemptDepths).depth(first);
    let depth = 0;
    while (depth < this.entries.length && (this.entries[depth] as number) > 0) depth++;
    return depth;
  }

  fromFirstMs(step: number): number {
    return (this.attempts as AttemptDepths).offsetMs(this.earliest[step] as number, step);
  }

  fromPreviousMs(step: number): number {
    return this.fromFirstMs(step) - (this.attempts as AttemptDepths).offsetMs(this.earliest[step] as number, step - 1);
  }
}

interface Range {
  readonly from: number;
  readonly to: number;
}

/** One bucket's attempts before and after a change, as indices into two evaluations. */
export interface BucketChange {
  readonly slot: number;
  readonly bucket: number;
  readonly before: AttemptDepths;
  readonly beforeRange: Range;
  readonly after: AttemptDepths;
  readonly afterRange: Range;
  /** Attempts of the bucket were forgotten beyond the cap: which was the earliest is unknown, and what was counted of it stays. */
  readonly frozen: boolean;
}

/** Emits the differences of one metric's buckets. Holds nothing between calls. */
export class FunnelEmitter {
  readonly #metric: FunnelDefinition;
  readonly #before: Summary;
  readonly #after: Summary;
  readonly #times = new TimeChanges();
  readonly #labels: number[] = [];

  constructor(metric: FunnelDefinition) {
    this.#metric = metric;
    this.#before = new Summary(metric.steps.length);
    this.#after = new Summary(metric.steps.length);
  }

  /** The total comes first. A slice value that all attempts of the bucket show has the total's differences, which are found once. */
  emit(scopes: readonly FunnelScope[], change: BucketChange): void {
    this.#compare(change, -1, 0);
    this.#emitCompared(scopes[0] as FunnelScope, change, 0);
    for (let index = 1; index < scopes.length; index++) {
      const scope = scopes[index] as FunnelScope;
      const label = onlyLabel(change, scope.capture);
      if (label >= 0) this.#emitCompared(scope, change, label);
    }
    for (let index = 1; index < scopes.length; index++) {
      const scope = scopes[index] as FunnelScope;
      if (onlyLabel(change, scope.capture) >= 0) continue;
      this.#labels.length = 0;
      this.#collectLabels(change.before, change.beforeRange, scope.capture);
      this.#collectLabels(change.after, change.afterRange, scope.capture);
      for (const label of this.#labels) {
        this.#compare(change, scope.capture, label);
        this.#emitCompared(scope, change, label);
      }
    }
  }

  #collectLabels(attempts: AttemptDepths, { from, to }: Range, capture: number): void {
    for (let index = from; index < to; index++) {
      const label = attempts.label(index, capture);
      if (attempts.depth(index) > 0 && !this.#labels.includes(label)) this.#labels.push(label);
    }
  }

  /** Sums up the attempts under a label before and after, and the times that differ. */
  #compare(change: BucketChange, capture: number, label: number): void {
    const before = this.#before;
    const after = this.#after;
    before.fill(change.before, change.beforeRange, capture, label);
    after.fill(change.after, change.afterRange, capture, label);
    this.#times.clear();
    if (change.frozen) return;
    for (let step = 1; step < this.#metric.steps.length; step++) {
      const had = (before.earliest[step] as number) >= 0;
      const has = (after.earliest[step] as number) >= 0;
      if (!had && !has) return;
      const isSame = had && has && before.fromFirstMs(step) === after.fromFirstMs(step) && before.fromPreviousMs(step) === after.fromPreviousMs(step);
      if (isSame) continue;
      if (had) this.#times.push(step, before.fromPreviousMs(step), before.fromFirstMs(step), -1);
      if (has) this.#times.push(step, after.fromPreviousMs(step), after.fromFirstMs(step), 1);
    }
  }

  #emitCompared(scope: FunnelScope, change: BucketChange, label: number): void {
    const { table } = scope;
    const { slot, bucket } = change;
    const { attempt, steps } = this.#metric;
    for (let step = 0; step < steps.length; step++) {
      const more = (this.#after.entries[step] as number) - (this.#before.entries[step] as number);
      if (more !== 0) table.add(bucket, label, step, more);
    }
    this.#times.addTo(scope.times, bucket, label);
    const had = this.#before.depth(attempt);
    const has = this.#after.depth(attempt);
    if (had === has || (change.frozen && attempt === 'first')) return;
    if (scope.sets === null) this.#emitBucketUniques(table, bucket, label, had, has);
    else if (attempt === 'first') this.#emitFirst(scope.sets, table, { slot, bucket, label, had, has });
    else this.#emitFurthest(scope.sets, table, { slot, bucket, label, had, has });
  }

  /** An opening at the end of the actor's timeline, which changes no attempt but its own; `isFirst` of its bucket under the label. */
  emitOpening(scope: FunnelScope, slot: number, bucket: number, label: number, isFirst: boolean): void {
    const { table, sets } = scope;
    table.add(bucket, label, 0, 1);
    if (!isFirst) return;
    if (sets === null) this.#emitBucketUniques(table, bucket, label, 0, 1);
    else if (this.#metric.attempt === 'first') this.#emitFirst(sets, table, { slot, bucket, label, had: 0, has: 1 });
    else this.#emitFurthest(sets, table, { slot, bucket, label, had: 0, has: 1 });
  }

  #emitBucketUniques(table: CellTable, bucket: number, label: number, had: number, has: number): void {
    for (let step = Math.min(had, has); step < Math.max(had, has); step++)
      table.add(bucket, label, this.#metric.steps.length + step, has > had ? 1 : -1);
  }

  /** Per step the buckets in which some attempt reached it. */
  #emitFurthest(sets: BucketSets, table: CellTable, change: DepthChange): void {
    const { slot, bucket, label, had, has } = change;
    const sign = has > had ? 1 : -1;
    for (let step = Math.min(had, has); step < Math.max(had, has); step++) {
      const row = sets.ensure(slot, label * LABELS_PER_VALUE + step + 1);
      // An actor beyond the cap may hold the bucket from attempts that its timeline has forgotten: then nothing changes.
      const changed = sign > 0 ? sets.add(row, bucket) : sets.remove(row, bucket);
      if (changed) emitGap({ sets, row, bucket, sign, table, label, columns: gapColumns(this.#metric, step) });
    }
  }

  /**
   * The gap of every step is to the actor's opening bucket before, whatever depth that had: so the first opening bucket of a range, and no other,
   * lies further from the one before than from the range's start.
   */
  #emitFirst(sets: BucketSets, table: CellTable, change: DepthChange): void {
    const { slot, bucket, label, had, has } = change;
    const openings = sets.ensure(slot, label * LABELS_PER_VALUE + 1);
    const previous = sets.previous(openings, bucket);
    const sign = has > had ? 1 : -1;
    for (let step = Math.min(had, has); step < Math.max(had, has); step++) {
      const row = sets.ensure(slot, label * LABELS_PER_VALUE + step + 1);
      if (sign > 0) sets.add(row, bucket);
      else sets.remove(row, bucket);
      table.add(bucket, label, gapColumn(gapColumns(this.#metric, step), bucket, previous), sign);
    }
    if (had > 0 && has > 0) return;
    const next = sets.next(openings, bucket);
    if (next === NO_BUCKET) return;
    for (let step = 0; step < this.#metric.steps.length; step++) {
      const row = sets.find(slot, label * LABELS_PER_VALUE + step + 1);
      if (row < 0 || !sets.has(row, next)) return;
      const columns = gapColumns(this.#metric, step);
      const without = gapColumn(columns, next, previous);
      const withBucket = gapColumn(columns, next, bucket);
      if (without === withBucket) continue;
      table.add(next, label, without, -sign);
      table.add(next, label, withBucket, sign);
    }
  }
}

/** The label that all attempts of the bucket show, before and after; -1 when they differ or there is none. */
function onlyLabel(change: BucketChange, capture: number): number {
  const before = labelIn(change.before, change.beforeRange, capture, -1);
  return before === SEVERAL ? -1 : labelIn(change.after, change.afterRange, capture, before);
}

const SEVERAL = -2;

/** The only label beside `known` (-1: none yet), -1 without an attempt, SEVERAL when they differ. */
function labelIn(attempts: AttemptDepths, { from, to }: Range, capture: number, known: number): number {
  let only = known;
  for (let index = from; index < to; index++) {
    if (attempts.depth(index) === 0) continue;
    const label = attempts.label(index, capture);
    if (only >= 0 && label !== only) return SEVERAL;
    only = label;
  }
  return only;
}

interface DepthChange {
  readonly slot: number;
  readonly bucket: number;
  readonly label: number;
  readonly had: number;
  readonly has: number;
}
