/** Formulas, recomputed: every named metric on its own over each bucket and the range, then the expression over what came out. */
import type { ActivityBucket, Answer, AnswerClock, AnswerRequest, KpiAnswer, KpiFigures, KpiValue } from '../answer.ts';
import type { KpiDefinition, MetricDefinition, MetricSet } from '../definition.ts';
import { type Calendar, createCalendar } from '../time/calendar.ts';
import { fixedPointText } from './decimal.ts';
import { ratio } from './slices.ts';

/** What a formula needs besides itself. `recomputed` answers any metric of the set over the same events and clock. */
export interface FormulaQuestion {
  readonly set: MetricSet;
  readonly request: AnswerRequest;
  readonly clock: AnswerClock;
  /** Every value of the slice that any event shows, and `''`. */
  readonly shown: readonly string[];
  recomputed(metric: MetricDefinition, request: AnswerRequest): Answer;
}

/** Buckets and slice values that a figure is taken over; several values are added up. */
interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly values: readonly (string | undefined)[];
}

interface Figure {
  readonly value: KpiValue;
  readonly complete: boolean;
  readonly shows: boolean;
}

/**
 * A value of the slice is listed when it shows something: when some figure that the formula is made of, at any depth and other than `cohorts`, is
 * neither null nor 0 over the range. Largest totals first, null last, ties by code units; `$rest` adds up what is folded. A bucket is complete when it and every figure in it are; `count` is null. Before 1970 there is nothing.
 */
export function formulaAnswer(metric: KpiDefinition, question: FormulaQuestion): KpiAnswer {
  const { from, to, slice, value, limit } = question.request;
  const over = (values: Stretch['values']): KpiFigures => {
    const calendar = calendarOf(metric);
    const buckets = Array.from({ length: to - from + 1 }, (_, index) => {
      const { value: own, of, complete } = evaluated(metric, { from: from + index, to: from + index, values }, question);
      return { bucket: calendar.name(from + index), value: own, count: null, complete, of };
    });
    const range = evaluated(metric, { from, to, values }, question);
    return { buckets, total: range.value, of: range.of };
  };
  if (slice === undefined) return over([undefined]);
  if (value !== undefined) return { slices: [{ value, ...over([value]) }] };
  const known = question.shown
    .map((each) => ({ each, ...evaluated(metric, { from, to, values: [each] }, question) }))
    .filter(({ shows }) => shows)
    .sort((a, b) => (b.value ?? Number.NEGATIVE_INFINITY) - (a.value ?? Number.NEGATIVE_INFINITY) || (a.each < b.each ? -1 : 1));
  const folded = known.slice(limit).map(({ each }) => each);
  const slices = known.slice(0, limit).map(({ each }) => ({ value: each, ...over([each]) }));
  return { slices: folded.length === 0 ? slices : [...slices, { value: '$rest', ...over(folded) }] };
}

function calendarOf(metric: MetricDefinition): Calendar {
  return createCalendar({ zone: metric.timezone, unit: metric.unit, weekStart: metric.weekStart });
}

function evaluated(metric: KpiDefinition, stretch: Stretch, question: FormulaQuestion) {
  if (metric.measure.measure !== 'formula') throw new Error(`${metric.id} is no formula`);
  const outer = calendarOf(metric);
  let complete = outer.endMs(stretch.to) + question.clock.latenessMs <= question.clock.watermarkMs;
  let shows = false;
  const of: Record<string, KpiValue> = {};
  for (const [name, reference] of Object.entries(metric.measure.of)) {
    const [id = '', ...field] = reference.split('.');
    const named = question.set.metrics.find((one) => one.id === id);
    if (named === undefined) throw new Error(`no metric ${id}`);
    const inside = insideOf(outer, calendarOf(named), stretch);
    const figure =
      inside.to < inside.from ? { value: null, complete: true, shows: false } : figureOver(named, field, { ...stretch, ...inside }, question);
    of[name] = figure.value;
    complete &&= figure.complete;
    shows ||= figure.shows;
  }
  return { value: computed(metric.measure.expression, of), of, complete, shows };
}

/** Buckets of the inner calendar whose name lies in the stretch: by date, or hours by their instants. */
function insideOf(outer: Calendar, inner: Calendar, { from, to }: Stretch): { from: number; to: number } {
  if (outer.unit === inner.unit) return { from, to };
  if (inner.unit === 'hour') return { from: Math.max(0, inner.bucketOf(outer.startMs(from))), to: inner.bucketOf(outer.startMs(to + 1)) - 1 };
  const day = (bucket: number): number => Math.floor(Date.parse(outer.name(bucket)) / 86_400_000);
  return { from: Math.max(0, day(from)), to: day(to + 1) - 1 };
}

function figureOver(metric: MetricDefinition, field: readonly string[], stretch: Stretch, question: FormulaQuestion): Figure {
  const { from, to, values } = stretch;
  if (metric.kind === 'kpi' && metric.measure.measure === 'formula') return evaluated(metric, stretch, question);
  const { slice, limit } = question.request;
  const answers = values.map((value) =>
    question.recomputed(metric, { from, to, limit, byBucket: false, ...(slice !== undefined && { slice }), ...(value !== undefined && { value }) }),
  );
  const rows = answers.map((answer) => rowOf(answer, field));
  const named = field.at(-1) ?? '';
  const value = metric.kind === 'kpi' ? kpiOver(metric, rows, named) : fieldOver(rows, named);
  const shows = named !== 'cohorts' && value !== null && Number(value) !== 0;
  return { value, shows, complete: answers.every((answer) => isOver(answer, field, to - from + 1)) };
}

type Row = Readonly<Record<string, unknown>>;

/** The numbers that the field is made of, by name; those of buckets added up. */
function rowOf(answer: Answer, field: readonly string[]): Row {
  const [head, number = ''] = field;
  if ('overall' in answer) return { ...answer.overall.find((row) => !('k' in row) || String(row.k) === number) };
  const own = 'slices' in answer ? answer.slices?.[0] : answer;
  if (own === undefined) throw new Error('no answer');
  if ('steps' in own && own.steps && head === 'step') {
    const at = Number(number);
    const before = own.steps[Math.max(0, at - 2)];
    return { ...own.steps[at - 1], first: own.steps[0]?.uniques, previous: at === 1 ? own.steps[0]?.uniques : before?.uniques };
  }
  if ('stickiness' in own) {
    const { buckets } = own;
    const sum = (of: (bucket: ActivityBucket) => number): number => buckets.reduce((total, bucket) => total + of(bucket), 0);
    const rolling = sum((bucket) => bucket.rolling[number] ?? 0);
    return {
      ...Object.fromEntries(
        (['active', 'new', 'returning', 'resurrecting', 'dormant', 'churned', 'ever'] as const).map((of) => [of, sum((one) => one[of])]),
      ),
      uniques: own.uniques,
      ...(head === 'rolling' ? { [number]: rolling } : {}),
      ...(head === 'stickiness' ? { rate: null, retained: sum((one) => one.active), of: rolling, isRate: number } : {}),
    };
  }
  if (!('total' in own)) throw new Error(`no figures for ${field.join('.')}`);
  return { ...own.of, total: own.total, value: own.buckets.reduce((total, bucket) => total + Number(bucket.value), 0) };
}

function fieldOver(rows: readonly Row[], name: string): number | null {
  const sum = (of: string): number | null =>
    rows.reduce((total: number | null, row) => (total === null || typeof row[of] !== 'number' ? null : total + row[of]), 0);
  const per = (part: string, whole: string): number | null => {
    const [top, under] = [sum(part), sum(whole)];
    return top === null || under === null ? null : ratio(top, under);
  };
  if (rows[0]?.['isRate'] === name) return per('retained', 'of');
  if (name === 'rate') return 'activated' in (rows[0] ?? {}) ? per('activated', 'of') : per('retained', 'of');
  if (name === 'ofFirst') return per('uniques', 'first');
  if (name === 'ofPrevious') return per('uniques', 'previous');
  if (name === 'cohorts') return Number(rows[0]?.['cohorts']);
  return sum(name);
}

function kpiOver(metric: KpiDefinition, rows: readonly Row[], name: string): KpiValue {
  const { measure } = metric;
  const add = (of: string, how: string, decimals: number): KpiValue => {
    if (how === 'sum')
      return fixedPointText(
        rows.reduce((total, row) => total + BigInt(String(row[of]).replace('.', '')), 0n),
        decimals,
      );
    return rows.some((row) => row[of] === null) ? null : rows.reduce((total, row) => total + Number(row[of]), 0);
  };
  if (measure.measure === 'ratio') {
    const [top, under] = (['numerator', 'denominator'] as const).map((part) =>
      add(part, measure[part].measure, measure[part].measure === 'sum' ? measure[part].decimals : 0),
    );
    const quotient = top === null || under === null ? null : ratio(Number(top), Number(under));
    return quotient === 0 ? 0 : quotient;
  }
  return add(
    measure.measure === 'uniques' && name === 'value' ? 'value' : 'total',
    measure.measure,
    measure.measure === 'sum' ? measure.decimals : 0,
  );
}

function isOver(answer: Answer, [, number = '']: readonly string[], buckets: number): boolean {
  if ('complete' in answer) return answer.complete;
  if ('overall' in answer) return answer.overall.find((row) => !('k' in row) || String(row.k) === number)?.cohorts === buckets;
  const own = 'slices' in answer ? answer.slices[0] : answer;
  return own?.buckets.every((bucket) => bucket.complete) ?? false;
}

/** By two stacks (operators wait for their operands), not by the tree of the engine. Null for a null name, over 0, beyond what a double holds. */
function computed(expression: string, of: Readonly<Record<string, KpiValue>>): number | null {
  const rank: Readonly<Record<string, number>> = { '+': 1, '-': 1, '*': 2, '/': 2, negative: 3 };
  const numbers: (number | null)[] = [];
  const waiting: string[] = [];
  const apply = (operator: string): void => {
    const right = numbers.pop() ?? null;
    if (operator === 'negative') {
      numbers.push(right === null ? null : -right);
      return;
    }
    const left = numbers.pop() ?? null;
    const value =
      left === null || right === null ? Number.NaN : { '+': left + right, '-': left - right, '*': left * right, '/': left / right }[operator];
    numbers.push(value === undefined || !Number.isFinite(value) ? null : value);
  };
  let expectsOperand = true;
  for (const [token] of expression.matchAll(/\d+(?:\.\d+)?|\w+|[-+*/()]/g)) {
    if (/^\w/.test(token)) {
      const figure = /^\d/.test(token) ? token : (of[token] ?? null);
      numbers.push(figure === null ? null : Number(figure));
      expectsOperand = false;
    } else if (token === '(') waiting.push(token);
    else if (token === ')') {
      for (let top = waiting.pop(); top !== undefined && top !== '('; top = waiting.pop()) apply(top);
    } else if (expectsOperand) waiting.push('negative');
    else {
      while ((rank[waiting.at(-1) ?? ''] ?? 0) >= (rank[token] ?? 0)) apply(waiting.pop() ?? '');
      waiting.push(token);
      expectsOperand = true;
    }
  }
  for (let top = waiting.pop(); top !== undefined; top = waiting.pop()) apply(top);
  const value = numbers[0] ?? null;
  return value === 0 ? 0 : value;
}
