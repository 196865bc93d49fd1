/** Activation: of the actors who start in a bucket, how many do enough of the conditions within a window from their start, and how long that takes. */
import type { ActivationAnswer, ActivationCohort, ActivationOverall, AnswerClock, AnswerRequest } from '../answer.ts';
import type { ActivationDefinition } from '../definition.ts';
import { type BucketSets, NO_BUCKET } from '../state/bucket-sets.ts';
import type { Timelines } from '../state/timelines.ts';
import type { Calendar } from '../time/calendar.ts';
import {
  ACTIVATED,
  AGE_MS,
  bindTables,
  binsOf,
  type CohortTables,
  emitDifference,
  FIRST_MET,
  firstAge,
  SIZE,
  TIME_HIGH,
  TIME_LOW,
  timeRows,
  timesTable,
} from './activation-cells.ts';
import { JoinedCohorts } from './activation-cohorts.ts';
import { Judgement, MatchTimes, NEVER, Surplus, windowOf } from './activation-rule.ts';
import { durationSumMs, durationsOf } from './durations.ts';
import {
  type CalendarSource,
  type FoldBinder,
  type MetricKind,
  type RowSource,
  type Rows,
  sliceTable,
  type TableNeed,
  type TimelineInsertion,
  TOTAL_TABLE,
} from './kind.ts';
import { rate, wilson } from './proportion.ts';
import { checkCounts, slicedRows, sumRows } from './slicing.ts';

/** Of actors beyond the timeline's cap: the last cohort whose events were forgotten. It and those before keep what they had come to. */
class FrozenCohorts {
  readonly #sets: BucketSets;
  readonly #calendar: Calendar;

  constructor(sets: BucketSets, calendar: Calendar) {
    this.#sets = sets;
    this.#calendar = calendar;
  }

  /** NO_BUCKET of nearly every actor. */
  last(slot: number): number {
    const row = this.#sets.find(slot, 0);
    return row < 0 ? NO_BUCKET : this.#sets.previous(row, 2 ** 31 - 1);
  }

  readonly forgetting = (slot: number, untilMs: number): void => {
    const bucket = this.#calendar.bucketOf(untilMs);
    if (bucket > this.last(slot)) this.#sets.add(this.#sets.ensure(slot, 0), bucket);
  };
}

interface BindSpec {
  readonly calendar: Calendar;
  readonly tables: readonly CohortTables[];
  readonly dimensions: readonly number[];
  readonly frozen: FrozenCohorts;
}

function bind(metric: ActivationDefinition, binder: FoldBinder): void {
  const calendar = binder.calendar(metric);
  const tables = bindTables(metric, binder);
  const dimensions = tables.filter((each) => each.dimension >= 0).map((each) => each.dimension);
  const frozen = new FrozenCohorts(binder.derivedSets({ metric, name: 'frozen', windowBuckets: 1 }), calendar);
  const spec: BindSpec = { calendar, tables, dimensions, frozen };
  if (metric.entry === 'every') bindEvery(metric, binder, spec);
  else bindFirst(metric, binder, spec);
}

/** Each bucket with a start is a cohort; in a slice, each bucket with a start that shows the value, entered by the first of these. */
function bindEvery(metric: ActivationDefinition, binder: FoldBinder, spec: BindSpec): void {
  const { calendar, tables, dimensions, frozen } = spec;
  const windowMs = windowOf(metric);
  const cohortsOf = (each: CohortTables, index: number): JoinedCohorts => new JoinedCohorts(calendar, each.dimension < 0 ? -1 : index - 1);
  const were = { matches: new MatchTimes(metric, 1), cohorts: tables.map(cohortsOf), judged: new Judgement(metric.conditions.length) };
  const are = { matches: new MatchTimes(metric, 1), cohorts: tables.map(cohortsOf), judged: new Judgement(metric.conditions.length) };
  const emit = (each: CohortTables, before: JoinedCohorts, after: JoinedCohorts, frozenUntil: number): void => {
    for (let index = 0; index < after.count; index++) {
      const cohort = after.bucket(index);
      if (cohort <= frozenUntil) continue;
      const label = after.label(index);
      const known = before.find(cohort, label);
      if (known >= 0) were.matches.judge(before.entryMs(known), were.judged);
      are.matches.judge(after.entryMs(index), are.judged);
      emitDifference(metric, each, { cohort, label }, known >= 0 ? were.judged : null, are.judged);
    }
  };
  const keepFromMs = (clockMs: number): number => calendar.startMs(calendar.bucketOf(clockMs - binder.latenessMs - windowMs));
  const selectors = [metric.start, ...metric.conditions.map(({ select }) => select)];
  const timelines = binder.timelines({ selectors, dimensions, keepFromMs, forgetting: frozen.forgetting }, (insertion, insert) => {
    const { slot, row, timeMs, mask } = insertion;
    const enteredFromMs = earliestWaitingMs(metric, timelines, insertion, timeMs - windowMs);
    if (insertion.index === timelines.length(row) && (mask === START ? startsNothing(insertion) : entersNothing(insertion, enteredFromMs))) {
      insert();
      return;
    }
    const fromMs = calendar.startMs(calendar.bucketOf(enteredFromMs));
    const toMs = calendar.endMs(calendar.bucketOf(timeMs));
    // An event that starts nothing matters to the cohorts before it alone, of which most actors have none.
    were.cohorts[0]?.load(timelines, row, fromMs, toMs);
    if ((mask & START) === 0 && were.cohorts[0]?.count === 0) {
      insert();
      return;
    }
    were.matches.load(timelines, row, fromMs);
    for (let index = 1; index < tables.length; index++) were.cohorts[index]?.load(timelines, row, fromMs, toMs);
    insert();
    are.matches.load(timelines, row, fromMs);
    const frozenUntil = frozen.last(slot);
    for (let index = 0; index < tables.length; index++) {
      const after = are.cohorts[index] as JoinedCohorts;
      after.load(timelines, row, fromMs, toMs);
      emit(tables[index] as CohortTables, were.cohorts[index] as JoinedCohorts, after, frozenUntil);
    }
  });

  /** Whether the event at hand, a start and nothing else, is in its bucket neither the first nor the first with one of its slice values. */
  function startsNothing({ row, index, timeMs }: TimelineInsertion): boolean {
    const fromMs = calendar.startMs(calendar.bucketOf(timeMs));
    for (let capture = -1; capture < dimensions.length; capture++) {
      const label = capture < 0 ? 0 : binder.labelShown(dimensions[capture] as number);
      if (!hasStart(timelines, row, { index, fromMs, capture, label })) return false;
    }
    return true;
  }

  /** Whether no start after an instant is the first of its bucket, or the first with one of its slice values, so that no cohort was entered since. */
  function entersNothing({ row, index, mask }: TimelineInsertion, afterMs: number): boolean {
    if ((mask & START) !== 0) return false;
    const start = timelines.start(row);
    for (let at = index - 1; at >= 0 && (timelines.times[start + at] as number) > afterMs; at--) {
      if ((timelines.mask(start + at) & START) === 0) continue;
      const fromMs = calendar.startMs(calendar.bucketOf(timelines.times[start + at] as number));
      for (let capture = -1; capture < dimensions.length; capture++) {
        const label = capture < 0 ? 0 : timelines.captured(start + at, capture);
        if (!hasStart(timelines, row, { index: at, fromMs, capture, label })) return false;
      }
    }
    return true;
  }
}

/** Bit of a start in the masks of `entry: every`; the conditions follow. */
const START = 1;

function hasStart(timelines: Timelines, row: number, before: { index: number; fromMs: number; capture: number; label: number }): boolean {
  const start = timelines.start(row);
  for (let position = start + before.index - 1; position >= start; position--) {
    if ((timelines.times[position] as number) < before.fromMs) return false;
    if ((timelines.mask(position) & START) === 0) continue;
    if (before.capture < 0 || timelines.captured(position, before.capture) === before.label) return true;
  }
  return false;
}

/**
 * No cohort entered before this instant waits for the event. For the latest event of an actor: a condition that it matches is met by the `atLeast` matches
 * before it for everyone who entered before these. `fromMs` where that cannot be told: for a start, and for an event amid others.
 */
function earliestWaitingMs(metric: ActivationDefinition, timelines: Timelines, insertion: TimelineInsertion, fromMs: number): number {
  const { row, index, mask } = insertion;
  if ((mask & START) !== 0 || index < timelines.length(row)) return fromMs;
  let earliestMs = insertion.timeMs;
  for (let condition = 0; condition < metric.conditions.length; condition++) {
    const bit = START << (condition + 1);
    if ((mask & bit) === 0) continue;
    earliestMs = Math.min(earliestMs, matchBefore(timelines, insertion, { bit, count: metric.conditions[condition]?.atLeast ?? 1, fromMs }));
  }
  return earliestMs;
}

/** The instant of the `count`-th match before the insertion, from its end; when there are fewer, one before `fromMs`, at which an entry may still wait. */
function matchBefore(timelines: Timelines, { row, index }: TimelineInsertion, of: { bit: number; count: number; fromMs: number }): number {
  const start = timelines.start(row);
  let left = of.count;
  for (let position = start + index - 1; position >= start; position--) {
    const timeMs = timelines.times[position] as number;
    if (timeMs <= of.fromMs) break;
    if ((timelines.mask(position) & of.bit) === 0) continue;
    left--;
    if (left === 0) return timeMs;
  }
  return of.fromMs - 1;
}

/** One cohort per actor, that of its first start, which moves when an earlier one arrives in time; so only few matches need to be remembered. */
function bindFirst(metric: ActivationDefinition, binder: FoldBinder, spec: BindSpec): void {
  const { calendar, tables, dimensions, frozen } = spec;
  const windowMs = windowOf(metric);
  const namesOnly = metric.entry === 'first_ever';
  const matches = new MatchTimes(metric, 0);
  const surplus = new Surplus(metric);
  const before = new Judgement(metric.conditions.length);
  const after = new Judgement(metric.conditions.length);
  const labelOf = (row: number, index: number): number => (index === 0 ? 0 : (firsts.captured[row * firsts.captures + index] as number));
  const entryOf = (row: number): number => firsts.times[row] as number;
  /** Whether the actor is in a cohort that can still be told. */
  const joined = (slot: number, row: number): boolean =>
    row >= 0 && (!namesOnly || firsts.captured[row * firsts.captures] === 1) && calendar.bucketOf(entryOf(row)) > frozen.last(slot);
  const judge = (slot: number, entryMs: number, into: Judgement): void => {
    matches.load(timelines, timelines.find(slot), entryMs);
    matches.judge(entryMs, into);
  };
  const emit = (row: number, had: Judgement | null, has: Judgement | null): void => {
    const cohort = calendar.bucketOf(entryOf(row));
    for (let index = 0; index < tables.length; index++)
      emitDifference(metric, tables[index] as CohortTables, { cohort, label: labelOf(row, index) }, had, has);
  };
  const keepFromMs = (clockMs: number, slot: number): number => {
    const row = firsts.find(slot);
    const onTimeMs = clockMs - binder.latenessMs;
    // An entry still to come, or that still moves, lies at or after the earliest on-time instant.
    if (row < 0 || entryOf(row) >= onTimeMs) return onTimeMs;
    return joined(slot, row) && entryOf(row) + windowMs >= onTimeMs ? entryOf(row) : NEVER;
  };
  const firsts = binder.firsts(
    { selector: metric.start, namesOnly, dimensions },
    {
      leaving: (slot) => {
        const row = firsts.find(slot);
        if (!joined(slot, row)) return;
        judge(slot, entryOf(row), before);
        emit(row, before, null);
      },
      arrived: (slot) => {
        const row = firsts.find(slot);
        if (!joined(slot, row)) return;
        judge(slot, entryOf(row), after);
        emit(row, null, after);
        const matched = timelines.find(slot);
        if (matched >= 0) surplus.forget(timelines, matched, entryOf(row));
      },
    },
  );
  const register = { selectors: metric.conditions.map(({ select }) => select), dimensions: [], keepFromMs, forgetting: frozen.forgetting };
  const timelines = binder.timelines(register, (insertion, insert) => {
    const { slot, timeMs } = insertion;
    const row = firsts.find(slot);
    if (!joined(slot, row) || timeMs < entryOf(row)) {
      insert();
      return;
    }
    if (surplus.has(timelines, insertion, entryOf(row))) return;
    judge(slot, entryOf(row), before);
    insert();
    judge(slot, entryOf(row), after);
    emit(row, before, after);
    surplus.forget(timelines, insertion.row, entryOf(row));
  });
}

function needs(_metric: ActivationDefinition, request: AnswerRequest): readonly TableNeed[] {
  const table = tableOf(request);
  const sliced = request.slice !== undefined;
  return [
    { table, from: request.from, to: request.to, sliced },
    { table: timesTable(table), from: timeRows(request.from).from, to: timeRows(request.to).to, sliced },
  ];
}

function tableOf(request: AnswerRequest): string {
  return request.slice === undefined ? TOTAL_TABLE : sliceTable(request.slice);
}

interface Listed {
  readonly value: string | null;
  readonly rows: Rows;
  readonly times: Rows;
}

function answer(
  metric: ActivationDefinition,
  request: AnswerRequest,
  source: RowSource,
  clock: AnswerClock,
  calendars: CalendarSource,
): ActivationAnswer {
  const calendar = calendars.calendar(metric);
  const cohorts: ActivationCohort[] = [];
  const overall: ActivationOverall[] = [];
  for (const listed of listedRows(request, source)) {
    const mine: ActivationCohort[] = [];
    for (let bucket = request.from; bucket <= request.to; bucket++) mine.push(cohortAnswer(metric, { calendar, clock, bucket }, listed));
    cohorts.push(...mine);
    overall.push(pooled(metric, listed.value, mine));
  }
  return { cohorts, overall };
}

function listedRows(request: AnswerRequest, source: RowSource): Listed[] {
  const table = tableOf(request);
  const times = timesTable(table);
  if (request.slice === undefined) return [{ value: null, rows: source.rows(table, ''), times: source.rows(times, '') }];
  const size = (rows: Rows): number => {
    let sum = 0;
    for (const [bucket, cells] of rows) if (bucket >= request.from && bucket <= request.to) sum += cells[SIZE] ?? 0;
    return sum;
  };
  return slicedRows({ source, table, value: request.value, limit: request.limit, size }).map(({ value, rows, folded }) => ({
    value,
    rows,
    times: folded === undefined ? source.rows(times, value) : sumRows(folded.map((each) => source.rows(times, each))),
  }));
}

function cohortAnswer(metric: ActivationDefinition, at: { calendar: Calendar; clock: AnswerClock; bucket: number }, of: Listed): ActivationCohort {
  const { calendar, clock, bucket } = at;
  const cells = of.rows.get(bucket) ?? [];
  const size = cells[SIZE] ?? 0;
  const activated = cells[ACTIVATED] ?? 0;
  const isOver = (afterMs: number): boolean => calendar.endMs(bucket) + afterMs + clock.latenessMs <= clock.watermarkMs;
  let activatedSoFar = 0;
  const activatedBy = Array.from({ length: (metric.columns ?? -1) + 1 }, (_, k) => {
    activatedSoFar += cells[firstAge(metric) + k] ?? 0;
    return { k, activated: activatedSoFar, complete: isOver(Math.min((k + 1) * AGE_MS[metric.unit], windowOf(metric))) };
  });
  return {
    cohort: calendar.name(bucket),
    value: of.value,
    size,
    activated,
    rate: rate(activated, size),
    ...wilson(activated, size),
    complete: isOver(windowOf(metric)),
    conditions: metric.conditions.map(({ select }, index) => ({ name: select.name, met: cells[FIRST_MET + index] ?? 0 })),
    ...(metric.columns === null ? {} : { activatedBy }),
    time: durationsOf(durationSumMs(cells[TIME_HIGH] ?? 0, cells[TIME_LOW] ?? 0), binsOf(bucket, of.times)),
  };
}

/** Over the complete cohorts, those without actors too; each age over the cohorts in which it is complete. */
function pooled(metric: ActivationDefinition, value: string | null, cohorts: readonly ActivationCohort[]): ActivationOverall {
  const activatedBy = Array.from({ length: (metric.columns ?? -1) + 1 }, (_, k) => {
    const complete = cohorts.filter((cohort) => cohort.activatedBy?.[k]?.complete);
    return { k, ...shareOf(complete, (cohort) => cohort.activatedBy?.[k]?.activated ?? 0) };
  });
  const complete = cohorts.filter((cohort) => cohort.complete);
  return { value, ...shareOf(complete, (cohort) => cohort.activated), ...(metric.columns === null ? {} : { activatedBy }) };
}

function shareOf(cohorts: readonly ActivationCohort[], activatedIn: (cohort: ActivationCohort) => number) {
  const activated = cohorts.reduce((sum, cohort) => sum + activatedIn(cohort), 0);
  const of = cohorts.reduce((sum, cohort) => sum + cohort.size, 0);
  return { activated, of, rate: rate(activated, of), ...wilson(activated, of), cohorts: cohorts.length };
}

function check(metric: ActivationDefinition, table: string, cells: ArrayLike<number>): void {
  const name = `${metric.id} ${table}`;
  checkCounts(metric.id, table, cells);
  if (table.startsWith('times')) return;
  const [size = 0, activated = 0] = [cells[SIZE], cells[ACTIVATED]];
  if (activated > size) throw new Error(`${name}: more actors activated than in the cohort`);
  for (let index = 0; index < metric.conditions.length; index++)
    if ((cells[FIRST_MET + index] ?? 0) > size) throw new Error(`${name}: more actors met condition ${index + 1} than are in the cohort`);
  let aged = 0;
  for (let column = firstAge(metric); column < cells.length; column++) aged += cells[column] ?? 0;
  if (aged > activated) throw new Error(`${name}: more actors activated by an age than at all`);
}

export const activation: MetricKind<ActivationDefinition> = { evaluatorVersion: 1, bind, needs, answer, check };
