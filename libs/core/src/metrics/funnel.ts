/** Funnel: of the attempts opened in a bucket, how many took each further step in order within the window, and how many distinct actors that were. */
import type { AnswerClock, AnswerRequest, Durations, FunnelAnswer, FunnelBucket, FunnelSlice, FunnelStep } from '../answer.ts';
import type { FunnelDefinition, Selector } from '../definition.ts';
import { type BucketSets, NO_BUCKET } from '../state/bucket-sets.ts';
import type { Timelines } from '../state/timelines.ts';
import type { Calendar } from '../time/calendar.ts';
import { AttemptDepths, type AttemptRules } from './attempts.ts';
import { anyOrder } from './attempts-any.ts';
import { exclusionLimit } from './attempts-exclude.ts';
import { strictOrder } from './attempts-strict.ts';
import { FunnelEmitter, type FunnelScope, gapColumns } from './funnel-cells.ts';
import { gapWidth, uniquesIn } from './gap-cells.ts';
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
  type TimelineInsertion,
  TOTAL_TABLE,
} from './kind.ts';
import { rate } from './proportion.ts';
import { checkCounts, slicedRows } from './slicing.ts';
import { NO_DURATIONS, type StepTimes, stepTimes, TIMES_WIDTH, timesOrdinals, timesTable } from './step-times.ts';

interface FunnelFold {
  readonly metric: FunnelDefinition;
  readonly calendar: Calendar;
  readonly scopes: readonly FunnelScope[];
  readonly emitter: FunnelEmitter;
  readonly reached: BucketSets;
}

function bind(metric: FunnelDefinition, binder: FoldBinder): void {
  const calendar = binder.calendar(metric);
  const closesAtMs = (bucket: number): number => calendar.endMs(bucket) + metric.windowMs + binder.latenessMs;
  const windowBuckets = bucketsWithin(metric.windowMs + binder.latenessMs, metric.unit) + 1;
  const reached = binder.derivedSets({ metric, name: 'reached', windowBuckets });
  const scopes = metricTables(metric, binder).map(({ name, dimension }, index): FunnelScope => {
    const ranged = index === 0 || metric.sliceRanges;
    const shape = { metric: metric.id, dimension, closesAtMs };
    const gaps = ranged ? metric.steps.map((_, step) => gapColumns(metric, step)) : [];
    return {
      table: binder.table({ ...shape, name, width: rowWidth(metric, ranged), gaps }),
      times: binder.table({ ...shape, name: timesTable(name), width: TIMES_WIDTH, ordinals: timesOrdinals(metric.steps.length) }),
      capture: index - 1,
      sets: index === 0 ? reached : ranged ? binder.derivedSets({ metric, name: `reached ${name}`, windowBuckets }) : null,
    };
  });
  const fold: FunnelFold = { metric, calendar, scopes, emitter: new FunnelEmitter(metric), reached };
  const dimensions = scopes.slice(1).map(({ table }) => table.shape.dimension);
  const rules = attemptRules(metric, (capture) => binder.labelOf(dimensions[capture] as number, ''));
  const before = new AttemptDepths(rules);
  const after = new AttemptDepths(rules);
  const spec = {
    selectors: timelineSelectors(metric),
    dimensions,
    keepFromMs: (clockMs: number) => calendar.startMs(calendar.bucketOf(clockMs - binder.latenessMs - metric.windowMs)),
    markEmpty: metric.attribution === 'first' || metric.attribution === 'last',
    forgetting: (slot: number, throughMs: number) => {
      reached.add(reached.ensure(slot, FORGOTTEN), calendar.bucketOf(throughMs));
    },
  };
  const isPlain = metric.order === 'ordered' && metric.exclude.length === 0 && metric.attribution === 'entry';
  const timelines = binder.timelines(spec, (insertion, insert) => {
    const { row, timeMs } = insertion;
    if (isPlain && insertion.mask === OPENING && firstOfInstant(timelines, insertion) >= 0) {
      insert();
      emitLastOpening(fold, timelines, insertion);
      return;
    }
    const toMs = calendar.endMs(calendar.bucketOf(timeMs));
    let fromMs: number;
    const awaitingFrom = isPlain ? earliestAwaiting(timelines, insertion, timeMs - metric.windowMs) : -1;
    if (awaitingFrom >= 0) fromMs = evaluateFrom(fold, before, timelines, insertion, awaitingFrom);
    else {
      fromMs = calendar.startMs(calendar.bucketOf(timeMs - metric.windowMs));
      before.evaluate(timelines, row, fromMs, toMs);
    }
    // An event that opens nothing matters to the attempts before it alone.
    if (isPlain && before.count === 0 && (insertion.mask & 1) === 0) {
      insert();
      return;
    }
    insert();
    after.evaluate(timelines, row, fromMs, toMs);
    if (before.count > 0 || after.count > 0) emitChanges(fold, insertion, before, after);
  });
}

/**
 * Of an actor's latest event the index of the first element at its instant, its own where it is alone there; a busy actor's are often not. -1 when another
 * event is later, or one at this instant matches a later step, which whoever takes the event could take too, or several steps.
 */
function firstOfInstant(timelines: Timelines, insertion: TimelineInsertion): number {
  const { row, timeMs } = insertion;
  const start = timelines.start(row);
  let first = timelines.length(row);
  while (first > 0 && (timelines.times[start + first - 1] as number) >= timeMs) {
    first--;
    const mask = timelines.mask(start + first);
    if ((timelines.times[start + first] as number) > timeMs || mask > insertion.mask || (mask & (mask - 1)) !== 0) return -1;
  }
  return first;
}

/** The bit of step 1 in a mask. */
const OPENING = 1;

/**
 * The index of an element before whose instant no attempt was opened that awaits the event. Behind an actor's latest event of the same step only those do
 * that were not yet at the step before; so step by step back to the opening. Others at the event's own instant may be in order before or behind it, so it
 * is looked for before them; who has taken one of them at this step gains nothing by the event. -1 where that cannot be told: for an event amid others,
 * or one that matches several steps.
 */
function earliestAwaiting(timelines: Timelines, insertion: TimelineInsertion, fromMs: number): number {
  const { row, mask } = insertion;
  if ((mask & (mask - 1)) !== 0 || mask === OPENING) return -1;
  const first = firstOfInstant(timelines, insertion);
  if (first < 0) return -1;
  const start = timelines.start(row);
  let position = start + first;
  for (let bit = mask; bit > 1; bit >>>= 1) {
    do position--;
    while (position >= start && (timelines.mask(position) & bit) === 0);
    if (position < start || (timelines.times[position] as number) <= fromMs || timelines.mask(position) !== bit) return -1;
  }
  return position - start;
}

/** Elements looked at before the first attempt that may await; then four times as many, until enough is known. */
const FIRST_LOOK_BACK = 4;

/**
 * Evaluates the attempts that may await the latest event, and of their bucket as many before them as it takes: once one of these has reached the event's
 * step under the same slice values, neither distinct actors nor times can change, and those before it need not be known. Answers the instant from which.
 */
function evaluateFrom(fold: FunnelFold, before: AttemptDepths, timelines: Timelines, insertion: TimelineInsertion, awaitingFrom: number): number {
  const { calendar } = fold;
  const { row, timeMs, mask } = insertion;
  const start = timelines.start(row);
  const awaitingMs = timelines.times[start + awaitingFrom] as number;
  const bucket = calendar.bucketOf(awaitingMs);
  const bucketMs = calendar.startMs(bucket);
  const toMs = calendar.endMs(calendar.bucketOf(timeMs));
  const step = 31 - Math.clz32(mask);
  for (let back = FIRST_LOOK_BACK; ; back *= 4) {
    const index = awaitingFrom - back;
    const lookedMs = index <= 0 ? bucketMs : Math.max(bucketMs, timelines.times[start + index] as number);
    before.evaluate(timelines, row, lookedMs, toMs);
    if (lookedMs === bucketMs || hasForerunners(before, { step, fromMs: awaitingMs, toMs: calendar.endMs(bucket) }, fold.scopes)) return lookedMs;
  }
}

/** Whether for each attempt that may await the step an earlier one of the span, with the same slice values, has reached it. */
function hasForerunners(attempts: AttemptDepths, of: { step: number; fromMs: number; toMs: number }, scopes: readonly FunnelScope[]): boolean {
  for (let index = 0; index < attempts.count; index++) {
    const openedMs = attempts.timeMs(index);
    if (openedMs < of.fromMs || attempts.depth(index) !== of.step) continue;
    // The later buckets are evaluated as a whole.
    if (openedMs >= of.toMs) break;
    for (const { capture } of scopes) if (!hasForerunner(attempts, index, of.step, capture)) return false;
  }
  return true;
}

function hasForerunner(attempts: AttemptDepths, index: number, step: number, capture: number): boolean {
  for (let earlier = index - 1; earlier >= 0; earlier--) {
    if (attempts.depth(earlier) <= step) continue;
    if (capture < 0 || attempts.label(earlier, capture) === attempts.label(index, capture)) return true;
  }
  return false;
}

/** The latest of an actor's events, which only opens, as do all at its instant: no attempt takes it as a step, and its own has no further event to take. */
function emitLastOpening(fold: FunnelFold, timelines: Timelines, { slot, row, index, timeMs }: TimelineInsertion): void {
  const { calendar, emitter, scopes, reached } = fold;
  const bucket = calendar.bucketOf(timeMs);
  const startMs = calendar.startMs(bucket);
  const start = timelines.start(row);
  const forgotten = reached.find(slot, FORGOTTEN);
  const isFrozen = forgotten >= 0 && reached.next(forgotten, bucket - 1) !== NO_BUCKET;
  for (const scope of scopes) {
    const { capture } = scope;
    const label = capture < 0 ? 0 : timelines.captured(start + index, capture);
    let isFirst = !isFrozen || fold.metric.attempt !== 'first';
    // From the end, as others at the same instant may lie behind it.
    for (let other = start + timelines.length(row) - 1; isFirst && other >= start && (timelines.times[other] as number) >= startMs; other--)
      if (other !== start + index && (timelines.mask(other) & 1) !== 0 && (capture < 0 || timelines.captured(other, capture) === label))
        isFirst = false;
    emitter.emitOpening(scope, slot, bucket, label, isFirst);
  }
}

/** In the total's `reached` sets: under this label, the last bucket from which a capped actor's attempts were forgotten. */
const FORGOTTEN = 0;

function rowWidth(metric: FunnelDefinition, ranged: boolean): number {
  const steps = metric.steps.length;
  return ranged ? steps + steps * gapWidth(metric.lookback) : 2 * steps;
}

/** Every event whatever its type and name. */
const ANY_EVENT: Selector = {
  name: 'any event',
  anyOf: ['*', '$identify', '$group', '$alias'].map((event) => ({ event, where: [] })),
};

/** The bits of the timeline's masks: the steps, then the exclusions, then for `strict` every event. */
function timelineSelectors(metric: FunnelDefinition): readonly Selector[] {
  return [...metric.steps, ...metric.exclude.map(({ select }) => select), ...(metric.order === 'strict' ? [ANY_EVENT] : [])];
}

function attemptRules(metric: FunnelDefinition, emptyLabel: (capture: number) => number): AttemptRules {
  const { order, windowMs, exclude, attribution } = metric;
  const steps = metric.steps.length;
  return {
    steps,
    windowMs,
    attribution,
    emptyLabel,
    ...(order === 'any' && { order: anyOrder(steps, windowMs) }),
    ...(order === 'strict' && { order: strictOrder(steps, windowMs) }),
    ...(exclude.length > 0 && { exclusions: exclusionLimit(exclude, steps, windowMs) }),
  };
}

/** Compares the attempts before and after an event came in, bucket by bucket, and emits what differs. */
function emitChanges(fold: FunnelFold, insertion: { slot: number; timeMs: number }, before: AttemptDepths, after: AttemptDepths): void {
  const { calendar, emitter, scopes, reached } = fold;
  const { slot } = insertion;
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
    if (before.sameAttempts(firstBefore, i, after, firstAfter, j)) continue;
    const forgotten = reached.find(slot, FORGOTTEN);
    const frozen = forgotten >= 0 && reached.next(forgotten, bucket - 1) !== NO_BUCKET;
    const change = { slot, bucket, before, beforeRange: { from: firstBefore, to: i }, after, afterRange: { from: firstAfter, to: j }, frozen };
    emitter.emit(scopes, change);
  }
}

function needs(_metric: FunnelDefinition, request: AnswerRequest): readonly TableNeed[] {
  const table = request.slice === undefined ? TOTAL_TABLE : sliceTable(request.slice);
  const { from, to } = request;
  return [
    { table, from, to, sliced: request.slice !== undefined },
    { table: timesTable(table), from, to, sliced: true, ordinals: true },
  ];
}

function answer(metric: FunnelDefinition, request: AnswerRequest, source: RowSource, clock: AnswerClock, calendars: CalendarSource): FunnelAnswer {
  const calendar = calendars.calendar(metric);
  const completeAt = (bucket: number): boolean => calendar.endMs(bucket) + metric.windowMs + clock.latenessMs <= clock.watermarkMs;
  const closing = { complete: completeAt(request.to), uniquesLimit: metric.lookback };
  const times = stepTimes(source, timesTable(request.slice === undefined ? TOTAL_TABLE : sliceTable(request.slice)));
  const buckets = (rows: Rows, values: readonly string[]): FunnelBucket[] => {
    const listed: FunnelBucket[] = [];
    for (let bucket = request.from; bucket <= request.to; bucket++) {
      listed.push({
        bucket: calendar.name(bucket),
        complete: completeAt(bucket),
        steps: stepsAnswer(metric, { rows, times, values, from: bucket, to: bucket, sliced: request.slice !== undefined }),
      });
    }
    return listed;
  };
  const figures = (rows: Rows, values: readonly string[]): { steps: FunnelStep[] } | { buckets: FunnelBucket[] } =>
    request.byBucket
      ? { buckets: buckets(rows, values) }
      : { steps: stepsAnswer(metric, { rows, times, values, from: request.from, to: request.to, sliced: request.slice !== undefined }) };
  if (request.slice === undefined) return { ...figures(source.rows(TOTAL_TABLE, ''), ['']), ...closing };
  const size = (rows: Rows): number => entriesOf(rows, request, 0);
  const slices: FunnelSlice[] = slicedRows({ source, table: sliceTable(request.slice), value: request.value, limit: request.limit, size }).map(
    ({ value, rows, folded }) => ({ value, ...figures(rows, folded ?? [value]) }),
  );
  return { slices, ...closing };
}

interface StepFigures {
  readonly rows: Rows;
  readonly times: StepTimes;
  /** Slice values that are summed up in `rows`. */
  readonly values: readonly string[];
  readonly from: number;
  readonly to: number;
  readonly sliced: boolean;
}

/** Without `sliceRanges` distinct actors of slices are kept per bucket, so a longer range has none. */
function stepsAnswer(metric: FunnelDefinition, figures: StepFigures): FunnelStep[] {
  const { rows, times, values, from, to, sliced } = figures;
  const uniquesOf = (step: number): number | null => {
    if (sliced && !metric.sliceRanges) return from === to ? (rows.get(from)?.[metric.steps.length + step] ?? 0) : null;
    return to - from + 1 <= metric.lookback ? uniquesIn(rows, from, to, gapColumns(metric, step)) : null;
  };
  const counted = metric.steps.map((_, step) => ({ uniques: uniquesOf(step), entries: entriesOf(rows, figures, step) }));
  return counted.map(({ uniques, entries }, step) => {
    const first = counted[0]?.uniques ?? null;
    const previous = counted[Math.max(0, step - 1)]?.uniques ?? null;
    const share = (whole: number | null): number | null => (uniques === null || whole === null ? null : rate(uniques, whole));
    const timeFrom = (instant: 'previous' | 'first'): Durations => (step === 0 ? NO_DURATIONS : times.of(values, step, instant, { from, to }));
    return {
      step: step + 1,
      name: stepName(metric, step),
      uniques,
      entries,
      ofFirst: share(first),
      ofPrevious: share(step === 0 ? uniques : previous),
      fromPrevious: timeFrom('previous'),
      fromFirst: timeFrom('first'),
    };
  });
}

/** In order `any` the step s is the s-th taken, whichever that is. */
function stepName(metric: FunnelDefinition, step: number): string {
  return metric.order === 'any' ? `${step + 1} of ${metric.steps.length}` : (metric.steps[step]?.name ?? '');
}

function entriesOf(rows: Rows, range: { from: number; to: number }, step: number): number {
  let sum = 0;
  for (let bucket = range.from; bucket <= range.to; bucket++) sum += rows.get(bucket)?.[step] ?? 0;
  return sum;
}

function check(metric: FunnelDefinition, table: string, cells: ArrayLike<number>): void {
  checkCounts(metric.id, table, cells);
  if (table.startsWith('times:')) return;
  for (let step = 1; step < metric.steps.length; step++) {
    if ((cells[step] ?? 0) > (cells[step - 1] ?? 0)) throw new Error(`${metric.id} ${table}: more entries at step ${step + 1} than at step ${step}`);
  }
}

export const funnel: MetricKind<FunnelDefinition> = { evaluatorVersion: 1, bind, needs, answer, check };
