/** Funnel: of the attempts opened in a bucket, how many took each further step in order within the window, and how many distinct actors that were. */
import type { AnswerClock, AnswerRequest, FunnelAnswer, FunnelBucket, FunnelSlice, FunnelStep } from '../answer.ts';
import type { FunnelDefinition } from '../definition.ts';
import type { BucketSets } from '../state/bucket-sets.ts';
import type { CellTable } from '../state/cells.ts';
import type { Calendar } from '../time/calendar.ts';
import { AttemptDepths } from './attempts.ts';
import { emitGap, type GapColumns, gapWidth, uniquesIn } from './gap-cells.ts';
import {
  bucketsWithin,
  type CalendarSource,
  type FoldBinder,
  type MetricKind,
  metricTables,
  type RowSource,
  type Rows,
  sliceTable,
  type TableNeed,
  TOTAL_TABLE,
} from './kind.ts';
import { rate } from './proportion.ts';
import { checkCounts, slicedRows } from './slicing.ts';
import { AFTER, BEFORE, StepCounts } from './step-counts.ts';

/** Total rows: entries per step, then one gap triangle per step. Slice rows: entries per step, then distinct actors of the bucket per step. */
function gapColumns(metric: FunnelDefinition, step: number): GapColumns {
  return { first: metric.steps.length + step * gapWidth(metric.lookback), lookback: metric.lookback };
}

interface FunnelFold {
  readonly metric: FunnelDefinition;
  readonly calendar: Calendar;
  readonly total: CellTable;
  readonly slices: readonly CellTable[];
  /** Per actor, labelled by step: the buckets with an attempt that reached the step. */
  readonly reached: BucketSets;
  /** The attempts that the event at hand may change, opened from `fromMs` up to `toMs`, without it and with it. */
  readonly before: AttemptDepths;
  readonly after: AttemptDepths;
  readonly counts: StepCounts;
  fromMs: number;
  toMs: number;
  /** A later step without an attempt that it could continue. */
  isIdle: boolean;
}

function bind(metric: FunnelDefinition, binder: FoldBinder): void {
  const calendar = binder.calendar(metric);
  const steps = metric.steps.length;
  const tables = metricTables(metric, binder).map(({ name, dimension }) =>
    binder.table({
      metric: metric.id,
      name,
      width: dimension < 0 ? steps + steps * gapWidth(metric.lookback) : 2 * steps,
      dimension,
      closesAtMs: (bucket) => calendar.endMs(bucket) + metric.windowMs + binder.latenessMs,
    }),
  );
  const [total, ...slices] = tables as [CellTable, ...CellTable[]];
  const reached = binder.derivedSets({ metric, name: 'reached', windowBuckets: bucketsWithin(metric.windowMs + binder.latenessMs, metric.unit) + 1 });
  const before = new AttemptDepths(steps, metric.windowMs);
  const after = new AttemptDepths(steps, metric.windowMs);
  const spec = {
    selectors: metric.steps,
    dimensions: slices.map((table) => table.shape.dimension),
    keepFromMs: (clockMs: number) => calendar.startMs(calendar.bucketOf(clockMs - binder.latenessMs - metric.windowMs)),
  };
  const timelines = binder.timelines(spec, {
    inserting: (row, timeMs, mask) => {
      const bucket = calendar.bucketOf(timeMs);
      // An event that only opens an attempt changes no attempt of another bucket.
      const opensOnly = mask === 1;
      fold.fromMs = calendar.startMs(opensOnly ? bucket : calendar.bucketOf(timeMs - metric.windowMs));
      fold.toMs = calendar.endMs(bucket);
      before.evaluate(timelines, row, fold.fromMs, fold.toMs);
      fold.isIdle = before.count === 0 && (mask & 1) === 0;
    },
    inserted: (slot, row) => {
      if (fold.isIdle) return;
      after.evaluate(timelines, row, fold.fromMs, fold.toMs);
      emitChanges(fold, slot);
    },
  });
  const fold: FunnelFold = {
    metric,
    calendar,
    total,
    slices,
    reached,
    before,
    after,
    counts: new StepCounts(steps),
    fromMs: 0,
    toMs: 0,
    isIdle: false,
  };
}

/** Compares the attempts before and after an event came in, bucket by bucket, and emits what differs. */
function emitChanges(fold: FunnelFold, slot: number): void {
  const { before, after, calendar } = fold;
  let i = 0;
  let j = 0;
  while (i < before.count || j < after.count) {
    const timeMs = Math.min(
      i < before.count ? before.timeMs(i) : Number.POSITIVE_INFINITY,
      j < after.count ? after.timeMs(j) : Number.POSITIVE_INFINITY,
    );
    const bucket = calendar.bucketOf(timeMs);
    const endMs = calendar.endMs(bucket);
    const firstBefore = i;
    const firstAfter = j;
    while (i < before.count && before.timeMs(i) < endMs) i++;
    while (j < after.count && after.timeMs(j) < endMs) j++;
    if (before.sameDepths(firstBefore, i, after, firstAfter, j)) continue;
    const spans = { before: { from: firstBefore, to: i }, after: { from: firstAfter, to: j } };
    count(fold, spans, -1);
    emitBucketTotal(fold, slot, bucket);
    for (let capture = 0; capture < fold.slices.length; capture++) {
      count(fold, spans, capture);
      emitBucketSlices(fold, fold.slices[capture] as CellTable, bucket);
    }
  }
}

interface Span {
  readonly from: number;
  readonly to: number;
}

function count({ counts, before, after }: FunnelFold, spans: { before: Span; after: Span }, capture: number): void {
  counts.clear();
  counts.take(BEFORE, before, spans.before, capture);
  counts.take(AFTER, after, spans.after, capture);
}

function emitBucketTotal(fold: FunnelFold, slot: number, bucket: number): void {
  const { metric, total, reached, counts } = fold;
  for (let step = 1; step <= metric.steps.length; step++) {
    const had = counts.reached(BEFORE, 0, step);
    const has = counts.reached(AFTER, 0, step);
    if (had === has) continue;
    total.add(bucket, 0, step - 1, has - had);
    if (had > 0 === has > 0) continue;
    const row = reached.ensure(slot, step);
    // An actor beyond the cap may hold the bucket from attempts that its timeline has forgotten: then nothing changes.
    const changed = has > 0 ? reached.add(row, bucket) : reached.remove(row, bucket);
    if (changed) emitGap({ sets: reached, row, bucket, sign: has > 0 ? 1 : -1, table: total, label: 0, columns: gapColumns(metric, step - 1) });
  }
}

function emitBucketSlices({ metric, counts }: FunnelFold, table: CellTable, bucket: number): void {
  const steps = metric.steps.length;
  for (let place = 0; place < counts.size; place++) {
    const label = counts.labelAt(place);
    for (let step = 1; step <= steps; step++) {
      const had = counts.reached(BEFORE, place, step);
      const has = counts.reached(AFTER, place, step);
      if (had === has) continue;
      table.add(bucket, label, step - 1, has - had);
      if (had > 0 !== has > 0) table.add(bucket, label, steps + step - 1, has > 0 ? 1 : -1);
    }
  }
}

function needs(_metric: FunnelDefinition, request: AnswerRequest): readonly TableNeed[] {
  const table = request.slice === undefined ? TOTAL_TABLE : sliceTable(request.slice);
  return [{ table, from: request.from, to: request.to, sliced: request.slice !== undefined }];
}

function answer(metric: FunnelDefinition, request: AnswerRequest, source: RowSource, clock: AnswerClock, calendars: CalendarSource): FunnelAnswer {
  const calendar = calendars.calendar(metric);
  const completeAt = (bucket: number): boolean => calendar.endMs(bucket) + metric.windowMs + clock.latenessMs <= clock.watermarkMs;
  const closing = { complete: completeAt(request.to), uniquesLimit: metric.lookback };
  const buckets = (rows: Rows, sliced: boolean): FunnelBucket[] => {
    const listed: FunnelBucket[] = [];
    for (let bucket = request.from; bucket <= request.to; bucket++) {
      listed.push({
        bucket: calendar.name(bucket),
        complete: completeAt(bucket),
        steps: stepsAnswer(metric, rows, { from: bucket, to: bucket, sliced }),
      });
    }
    return listed;
  };
  if (request.slice === undefined) {
    const rows = source.rows(TOTAL_TABLE, '');
    return request.byBucket
      ? { buckets: buckets(rows, false), ...closing }
      : { steps: stepsAnswer(metric, rows, { from: request.from, to: request.to, sliced: false }), ...closing };
  }
  const size = (rows: Rows): number => entriesOf(rows, request, 0);
  const slices: FunnelSlice[] = slicedRows({ source, table: sliceTable(request.slice), value: request.value, limit: request.limit, size }).map(
    ({ value, rows }) =>
      request.byBucket
        ? { value, buckets: buckets(rows, true) }
        : { value, steps: stepsAnswer(metric, rows, { from: request.from, to: request.to, sliced: true }) },
  );
  return { slices, ...closing };
}

/** In slices distinct actors are kept per bucket, so a longer range has none. */
function stepsAnswer(metric: FunnelDefinition, rows: Rows, range: { from: number; to: number; sliced: boolean }): FunnelStep[] {
  const { from, to, sliced } = range;
  const uniquesOf = (step: number): number | null => {
    if (sliced) return from === to ? (rows.get(from)?.[metric.steps.length + step] ?? 0) : null;
    return to - from + 1 <= metric.lookback ? uniquesIn(rows, from, to, gapColumns(metric, step)) : null;
  };
  const counted = metric.steps.map((selector, step) => ({ name: selector.name, uniques: uniquesOf(step), entries: entriesOf(rows, range, step) }));
  return counted.map(({ name, uniques, entries }, step) => {
    const first = counted[0]?.uniques ?? null;
    const previous = counted[Math.max(0, step - 1)]?.uniques ?? null;
    const share = (whole: number | null): number | null => (uniques === null || whole === null ? null : rate(uniques, whole));
    return { step: step + 1, name, uniques, entries, ofFirst: share(first), ofPrevious: share(step === 0 ? uniques : previous) };
  });
}

function entriesOf(rows: Rows, range: { from: number; to: number }, step: number): number {
  let sum = 0;
  for (let bucket = range.from; bucket <= range.to; bucket++) sum += rows.get(bucket)?.[step] ?? 0;
  return sum;
}

function check(metric: FunnelDefinition, table: string, cells: ArrayLike<number>): void {
  checkCounts(metric.id, table, cells);
  for (let step = 1; step < metric.steps.length; step++) {
    if ((cells[step] ?? 0) > (cells[step - 1] ?? 0)) throw new Error(`${metric.id} ${table}: more entries at step ${step + 1} than at step ${step}`);
  }
}

export const funnel: MetricKind<FunnelDefinition> = { evaluatorVersion: 1, bind, needs, answer, check };
