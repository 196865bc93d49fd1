/** Short ways to write a timeline, a set and its metrics down, for the worked examples of the oracle. */
import type {
  ActivationAnswer,
  ActivityAnswer,
  ActivityFigures,
  AnswerClock,
  AnswerRequest,
  FunnelAnswer,
  KpiAnswer,
  KpiFigures,
  RetentionAnswer,
} from '../../src/answer.ts';
import type {
  ActivationDefinition,
  ActivityDefinition,
  Clause,
  Condition,
  Dimension,
  FunnelDefinition,
  KpiDefinition,
  MetricDefinition,
  MetricSet,
  RetentionDefinition,
  Scalar,
  Selector,
} from '../../src/definition.ts';
import { COMPOSITE, type PropertyValue } from '../../src/event.ts';
import { recompute } from '../../src/recompute/recompute.ts';
import type { TimelineEvent } from '../../src/recompute/timeline.ts';
import { createCalendar } from '../../src/time/calendar.ts';

let written = 0n;

/** `time` in UTC: `2026-11-01` or `2026-11-01T10:00`. Ids are given in the order of writing unless they are named. */
export function event(
  actor: string,
  name: string,
  time: string,
  properties: Readonly<Record<string, unknown>> = {},
  identity: { id?: string; tieHash?: bigint; isAction?: boolean } = {},
): TimelineEvent {
  written++;
  return {
    actor: `u:${actor}`,
    messageId: identity.id ?? `m${written}`,
    tieHash: identity.tieHash ?? written,
    name,
    isAction: identity.isAction ?? !['$identify', '$group', '$alias'].includes(name),
    timeMs: Date.parse(time.includes('T') ? `${time}Z` : time),
    get: (path) => read({ properties }, path),
  };
}

function read(root: unknown, path: readonly string[]): PropertyValue {
  let value: unknown = root;
  for (const key of path) value = typeof value === 'object' && value !== null ? Object.entries(value).find(([own]) => own === key)?.[1] : undefined;
  if (value === undefined || value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  return COMPOSITE;
}

/** A selector of event names, all with the same clauses. */
export function select(names: string | readonly string[], ...where: Clause[]): Selector {
  const list = typeof names === 'string' ? [names] : names;
  return { name: list.join(' or '), anyOf: list.map((name) => ({ event: name, where })) };
}

export function where(property: string, condition: Condition): Clause {
  return { path: ['properties', property], condition };
}

export function isIn(property: string, ...values: Scalar[]): Clause {
  return where(property, { test: 'in', values });
}

/** An open dimension, or a closed one with values, read from the property of the same name. */
export function dimension(name: string, values?: readonly string[]): Dimension {
  return { name, path: ['properties', name], max: 50, ...(values && { values }) };
}

const base = { id: 'example', timezone: 'UTC', weekStart: 'monday', unit: 'day', slices: [], freshnessMs: 60_000, revision: '0'.repeat(16) } as const;

export function retention(options: Partial<RetentionDefinition> = {}): RetentionDefinition {
  return {
    ...base,
    kind: 'retention',
    start: select('Start'),
    return: select('Return'),
    columns: [1, 2, 3],
    entry: 'every',
    interval: 'calendar',
    brackets: [],
    minReturns: 1,
    sliceReturn: 'any',
    ...options,
  };
}

export function funnel(options: Partial<FunnelDefinition> = {}): FunnelDefinition {
  const steps = [select('A'), select('B'), select('C')];
  return {
    ...base,
    kind: 'funnel',
    steps,
    windowMs: 3_600_000,
    lookback: 90,
    order: 'ordered',
    attempt: 'furthest',
    exclude: [],
    attribution: 'entry',
    sliceRanges: false,
    ...options,
  };
}

/** Conditions by selector, each once; all of them unless `required` says otherwise. */
export function activation(options: Partial<ActivationDefinition> = {}): ActivationDefinition {
  const conditions = options.conditions ?? [select('A'), select('B')].map((one) => ({ select: one, atLeast: 1 }));
  return {
    ...base,
    kind: 'activation',
    start: select('Start'),
    entry: 'every',
    withinMs: 2 * 86_400_000,
    conditions,
    required: conditions.length,
    columns: null,
    ...options,
  };
}

export function activity(options: Partial<ActivityDefinition> = {}): ActivityDefinition {
  return { ...base, kind: 'activity', event: select('*'), rolling: [2, 3], lookback: 90, churnAfter: 3, ...options };
}

export function kpi(options: Partial<KpiDefinition> = {}): KpiDefinition {
  return { ...base, kind: 'kpi', measure: { measure: 'count', of: select('Paid') }, lookback: 90, ...options };
}

export interface Asked {
  readonly events: readonly TimelineEvent[];
  /** Bucket names. */
  readonly from: string;
  readonly to: string;
  readonly slice?: Dimension;
  readonly value?: string;
  readonly limit?: number;
  readonly byBucket?: boolean;
  readonly filter?: readonly Clause[];
  /** UTC; far in the future unless given, with lateness 0. */
  readonly watermark?: string;
  readonly latenessMs?: number;
}

export const answerOf = {
  retention(metric: RetentionDefinition, asked: Asked): RetentionAnswer {
    const answer = ask(metric, asked);
    if ('cohorts' in answer && isRetention(answer)) return answer;
    throw new Error('not an answer of retention');
  },
  activation(metric: ActivationDefinition, asked: Asked): ActivationAnswer {
    const answer = ask(metric, asked);
    if ('cohorts' in answer && !isRetention(answer)) return answer;
    throw new Error('not an answer of activation');
  },
  funnel(metric: FunnelDefinition, asked: Asked): FunnelAnswer {
    const answer = ask(metric, asked);
    if ('complete' in answer) return answer;
    throw new Error('not an answer of a funnel');
  },
  activity(metric: ActivityDefinition, asked: Asked): ActivityFigures {
    const answer = ask(metric, asked);
    if ('stickiness' in answer) return answer;
    throw new Error('not the total of activity');
  },
  activitySlices(metric: ActivityDefinition, asked: Asked): Extract<ActivityAnswer, { slices: unknown }>['slices'] {
    const answer = ask(metric, asked);
    if ('slices' in answer && answer.slices && !('complete' in answer)) return answer.slices.filter((slice) => 'stickiness' in slice);
    throw new Error('no slices of activity');
  },
  kpi(metric: KpiDefinition, asked: Asked): KpiFigures {
    const answer = ask(metric, asked);
    if ('total' in answer) return answer;
    throw new Error('not the total of a kpi');
  },
  kpiSlices(metric: KpiDefinition, asked: Asked): Extract<KpiAnswer, { slices: unknown }>['slices'] {
    const answer = ask(metric, asked);
    if ('slices' in answer && answer.slices && !('complete' in answer)) return answer.slices.filter((slice) => 'total' in slice);
    throw new Error('no slices of a kpi');
  },
};

function isRetention(answer: RetentionAnswer | ActivationAnswer): answer is RetentionAnswer {
  return answer.cohorts.every((cohort) => 'cells' in cohort);
}

/** The set, request and clock of an example. */
export function questionOf(metric: MetricDefinition, asked: Asked): { set: MetricSet; request: AnswerRequest; clock: AnswerClock } {
  const set: MetricSet = {
    name: 'examples',
    timezone: metric.timezone,
    weekStart: metric.weekStart,
    filter: asked.filter ?? [],
    dimensions: asked.slice ? [asked.slice] : [],
    metrics: [metric],
    board: [],
    revision: '0'.repeat(16),
  };
  const request: AnswerRequest = {
    from: bucket(metric, asked.from),
    to: bucket(metric, asked.to),
    limit: asked.limit ?? 20,
    byBucket: asked.byBucket ?? false,
    ...(asked.slice && { slice: asked.slice.name }),
    ...(asked.value !== undefined && { value: asked.value }),
  };
  const clock: AnswerClock = { watermarkMs: Date.parse(asked.watermark ?? '2099-01-01T00:00:00Z'), latenessMs: asked.latenessMs ?? 0 };
  return { set, request, clock };
}

function ask(metric: MetricDefinition, asked: Asked) {
  const { set, request, clock } = questionOf(metric, asked);
  return recompute(set, metric, asked.events, request, clock);
}

function bucket(metric: MetricDefinition, name: string): number {
  const number = createCalendar({ zone: metric.timezone, unit: metric.unit, weekStart: metric.weekStart }).parse(name);
  if (number === null) throw new Error(`${name} names no ${metric.unit}`);
  return number;
}
