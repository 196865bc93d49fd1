/** What any metric of a set reads and answers: its own rows, or, of a formula, the rows of every metric that it names. */
import type { Answer, AnswerClock, AnswerRequest, KpiAnswer, KpiFigures, KpiValue } from '../answer.ts';
import { isHeldSlice, type KpiDefinition, type Measure, type MetricDefinition, type MetricSet } from '../definition.ts';
import { splitOrdinal } from '../state/cells.ts';
import type { Calendar } from '../time/calendar.ts';
import { figureOf, isFigureComplete } from './figure.ts';
import { type Expression, evaluateFormula, parseFormula } from './formula.ts';
import { type CalendarSource, type RowSource, type Rows, sumOfBuckets, type TableNeed } from './kind.ts';
import { kindOf } from './registry.ts';
import { REST_VALUE, sumRows } from './slicing.ts';
import { showTuples } from './tuple-values.ts';

/** Rows of one metric's table that an answer needs. */
export interface MetricNeed extends TableNeed {
  readonly metric: string;
}

/** What one name of a formula stands for. */
interface NamedFigure {
  readonly name: string;
  readonly metric: MetricDefinition;
  readonly field: string;
}

/** `actives.rolling.30` → the metric's id and its field, `''` for an id alone. */
export function splitReference(reference: string): { id: string; field: string } {
  const dot = reference.indexOf('.');
  return dot < 0 ? { id: reference, field: '' } : { id: reference.slice(0, dot), field: reference.slice(dot + 1) };
}

type Formula = Extract<Measure, { measure: 'formula' }>;

export function formulaOf(metric: MetricDefinition): Formula | null {
  return metric.kind === 'kpi' && metric.measure.measure === 'formula' ? metric.measure : null;
}

function namedFigures(set: MetricSet, metric: MetricDefinition, formula: Formula): readonly NamedFigure[] {
  return Object.entries(formula.of).map(([name, reference]) => {
    const { id, field } = splitReference(reference);
    const named = set.metrics.find((candidate) => candidate.id === id);
    if (named === undefined) throw new Error(`formula ${metric.id} names ${reference}, and set ${set.name} has no metric ${id}`);
    return { name, metric: named, field };
  });
}

/** The metrics with cells that an answer is made of: the metric itself, or those that a formula names, at any depth. */
export function measuredMetrics(set: MetricSet, metric: MetricDefinition): readonly MetricDefinition[] {
  const formula = formulaOf(metric);
  if (formula === null) return [metric];
  return [...new Set(namedFigures(set, metric, formula).flatMap((named) => measuredMetrics(set, named.metric)))];
}

/** Every table that an answer reads, each once. A formula asks for all that its buckets and its range ask for. */
export function needsOf(set: MetricSet, metric: MetricDefinition, request: AnswerRequest, calendars: CalendarSource): readonly MetricNeed[] {
  const formula = formulaOf(metric);
  if (formula === null)
    return kindOf(metric)
      .needs(metric, request, calendars)
      .map((need) => ({ metric: metric.id, ...need }));
  const outer = calendars.calendar(metric);
  const all: MetricNeed[] = [];
  for (const named of namedFigures(set, metric, formula)) {
    for (const { from, to } of [request, ...bucketsOf(request)]) {
      const inside = rangeInside(outer, calendars.calendar(named.metric), from, to);
      if (inside.from <= inside.to) all.push(...needsOf(set, named.metric, { ...request, ...inside }, calendars));
    }
  }
  return mergeNeeds(all);
}

/** Each table once, from the first to the last bucket that any of the needs names: no row is read twice. */
export function mergeNeeds(needs: readonly MetricNeed[]): readonly MetricNeed[] {
  const merged = new Map<string, MetricNeed>();
  for (const need of needs) {
    const key = `${need.metric} ${need.table}`;
    const known = merged.get(key);
    const from = Math.min(need.from, known?.from ?? need.from);
    merged.set(key, { ...need, from, to: Math.max(need.to, known?.to ?? need.to) });
  }
  return [...merged.values()];
}

function bucketsOf({ from, to }: { from: number; to: number }): readonly { from: number; to: number }[] {
  return from === to ? [] : Array.from({ length: to - from + 1 }, (_, index) => ({ from: from + index, to: from + index }));
}

/**
 * The buckets of a metric's calendar inside [from, to] of another one in the same zone, into whose unit its own nests; empty (to = from − 1) for the
 * hours of a date that the zone skipped. What lies before 1970 is left out: answers begin at bucket 0.
 */
export function rangeInside(outer: Calendar, inner: Calendar, from: number, to: number): { from: number; to: number } {
  if (outer.unit === inner.unit) return { from, to };
  const first = inner.unit === 'day' ? inner.parse(outer.name(from)) : inner.bucketOf(outer.startMs(from));
  const next = inner.unit === 'day' ? inner.parse(outer.name(to + 1)) : inner.bucketOf(outer.endMs(to));
  if (first === null || next === null) throw new Error(`${inner.unit} does not nest in ${outer.unit}`);
  return { from: Math.max(0, first), to: Math.max(0, next) - 1 };
}

/** Rows by metric, summed over the partitions. */
export type SourceOf = (metricId: string) => RowSource;

/** Where answers of several metrics of one set come from; all rows are of one prefix. */
export interface AnswerContext {
  readonly set: MetricSet;
  readonly sourceOf: SourceOf;
  readonly clock: AnswerClock;
  readonly calendars: CalendarSource;
}

/** The answer of any metric from the rows that `needsOf` names; more rows change nothing. */
export function answerMetric(metric: MetricDefinition, request: AnswerRequest, context: AnswerContext): Answer {
  return showTuples(plainAnswer(metric, request, context), request);
}

/** With the values of a tuple still as texts. */
function plainAnswer(metric: MetricDefinition, request: AnswerRequest, context: AnswerContext): Answer {
  const formula = formulaOf(metric);
  if (formula === null || metric.kind !== 'kpi')
    return kindOf(metric).answer(asKept(metric, request, context.set), request, context.sourceOf(metric.id), context.clock, context.calendars);
  const subject = { metric, expression: parseFormula(formula.expression), named: namedFigures(context.set, metric, formula) };
  return formulaAnswer(subject, request, context);
}

/** The rows of a held slice are laid out like the total's: of a funnel they serve any range. */
function asKept(metric: MetricDefinition, { slice }: AnswerRequest, set: MetricSet): MetricDefinition {
  return metric.kind === 'funnel' && slice !== undefined && isHeldSlice(slice.split(','), set.dimensions) ? { ...metric, sliceRanges: true } : metric;
}

interface FormulaSubject {
  readonly metric: KpiDefinition;
  readonly expression: Expression;
  readonly named: readonly NamedFigure[];
}

/**
 * A value of the slice is listed when it shows something over the range; the largest total first, null last, ties by code units.
 * `$rest` is the formula over the sums of the values folded.
 */
function formulaAnswer(subject: FormulaSubject, request: AnswerRequest, context: AnswerContext): KpiAnswer {
  const { slice, value: wanted, limit } = request;
  if (slice === undefined) return formulaFigures(subject, request, context);
  const one = (value: string, own: AnswerContext = context): { value: string } & KpiFigures => ({
    value,
    ...formulaFigures(subject, { ...request, value }, own),
  });
  if (wanted !== undefined) return { slices: [one(wanted)] };
  const listed = slicesOf(subject, request, context)
    .filter((value) => showsSomething(subject.metric, subject.named, { ...request, value }, context))
    .map((value) => ({ value, total: figureAt(subject, { ...request, value }, context).value }));
  listed.sort((a, b) => bySize(a.total, b.total) || (a.value < b.value ? -1 : 1));
  const slices = listed.slice(0, limit).map(({ value }) => one(value));
  const folded = listed.slice(limit).map(({ value }) => value);
  return { slices: folded.length === 0 ? slices : [...slices, one(REST_VALUE, foldedInto(folded, { subject, request, context }))] };
}

/** Whether some figure that the formula is made of, at any depth, is neither null nor 0; `cohorts` counts buckets, whether anybody is in them or not. */
function showsSomething(metric: MetricDefinition, named: readonly NamedFigure[], request: AnswerRequest, context: AnswerContext): boolean {
  const { set, calendars } = context;
  return named.some(({ metric: each, field }) => {
    const inside = rangeInside(calendars.calendar(metric), calendars.calendar(each), request.from, request.to);
    if (inside.from > inside.to || field.endsWith('.cohorts')) return false;
    const asked = { ...request, ...inside, byBucket: false };
    const formula = formulaOf(each);
    if (formula !== null) return showsSomething(each, namedFigures(set, each, formula), asked, context);
    return Number(figureOf(each, plainAnswer(each, asked, context), field)) !== 0;
  });
}

function bySize(left: number | null, right: number | null): number {
  if (left === right) return 0;
  if (left === null || right === null) return left === null ? 1 : -1;
  return left > right ? -1 : 1;
}

/** The slice's values with a row in any table that is read. */
function slicesOf({ metric }: FormulaSubject, request: AnswerRequest, { set, sourceOf, calendars }: AnswerContext): readonly string[] {
  const tables = needsOf(set, metric, request, calendars).filter(({ sliced, ordinals }) => sliced && ordinals !== true);
  return [...new Set(tables.flatMap((need) => sourceOf(need.metric).values(need.table)))];
}

/** Reads every table as the sum over the folded values, under the name of the rest. */
function foldedInto(folded: readonly string[], { subject, request, context }: FoldedQuestion): AnswerContext {
  const needs = needsOf(context.set, subject.metric, request, context.calendars);
  const sourceOf = (metricId: string): RowSource => {
    const source = context.sourceOf(metricId);
    const hasOrdinals = (table: string): boolean => needs.some((need) => need.metric === metricId && need.table === table && need.ordinals === true);
    const rows = (table: string, value: string): Rows => {
      const lead = hasOrdinals(table) ? `${splitOrdinal(value).ordinal}:` : '';
      return sumRows(folded.map((each) => source.rows(table, lead + each)));
    };
    return {
      values: (table) => {
        if (!hasOrdinals(table)) return [REST_VALUE];
        const own = source.values(table).map(splitOrdinal);
        return [...new Set(own.flatMap(({ ordinal, text }) => (folded.includes(text) ? [`${ordinal}:${REST_VALUE}`] : [])))];
      },
      rows,
      sum: (table, value, range) => sumOfBuckets(rows(table, value), range),
    };
  };
  return { ...context, sourceOf };
}

interface FoldedQuestion {
  readonly subject: FormulaSubject;
  readonly request: AnswerRequest;
  readonly context: AnswerContext;
}

function formulaFigures(subject: FormulaSubject, request: AnswerRequest, context: AnswerContext): KpiFigures {
  const calendar = context.calendars.calendar(subject.metric);
  const buckets = Array.from({ length: request.to - request.from + 1 }, (_, index) => {
    const bucket = request.from + index;
    const { value, of, complete } = figureAt(subject, { ...request, from: bucket, to: bucket }, context);
    return { bucket: calendar.name(bucket), value, count: null, complete, of };
  });
  const { value: total, of } = figureAt(subject, request, context);
  return { buckets, total, of };
}

/** The formula over one stretch, a bucket or the range: from each named metric's figure over just that stretch. */
function figureAt(
  { metric, expression, named }: FormulaSubject,
  request: AnswerRequest,
  context: AnswerContext,
): { value: number | null; of: Record<string, KpiValue>; complete: boolean } {
  const { calendars, clock } = context;
  const outer = calendars.calendar(metric);
  let complete = outer.endMs(request.to) + clock.latenessMs <= clock.watermarkMs;
  const of: Record<string, KpiValue> = {};
  for (const { name, metric: each, field } of named) {
    const inside = rangeInside(outer, calendars.calendar(each), request.from, request.to);
    of[name] = null;
    if (inside.from > inside.to) continue;
    const answer = plainAnswer(each, { ...request, ...inside, byBucket: false }, context);
    of[name] = figureOf(each, answer, field);
    complete &&= isFigureComplete(answer, field, inside.to - inside.from + 1);
  }
  return { value: evaluateFormula(expression, (name) => numberOf(of[name])), of, complete };
}

function numberOf(figure: KpiValue | undefined): number | null {
  return figure === null || figure === undefined ? null : Number(figure);
}
