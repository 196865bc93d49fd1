/** What one actor adds to a metric's integers now: the metric recomputed over that actor's events alone, so that every figure is a contribution. */
import type { RecordBytes } from '@tidemark/codec';
import {
  type ActivationAnswer,
  type ActivityAnswer,
  type AnswerRequest,
  type Calendar,
  createCalendars,
  type FunnelAnswer,
  type FunnelStep,
  type KpiAnswer,
  type MetricDefinition,
  type MetricKindName,
  type MetricSet,
  type RetentionAnswer,
  recompute,
  type SliceValue,
} from '@tidemark/core';
import { timelineEventOf } from './timeline-event.ts';
import { spanWords } from './words.ts';

export interface Contribution {
  /** The field that it is part of, as formulas and answers name it: `size`, `3.retained`, `step.2.uniques`, `rolling.7`. */
  readonly cell: string;
  /** The cohort or bucket; null: of the whole range. */
  readonly bucket: string | null;
  /** The last bucket in a row with the same; equal to `bucket` for a single one. */
  readonly through: string | null;
  /** Of the slice asked for; null is the total. */
  readonly value: SliceValue | null;
  /** An integer; of fixed-point sums their text. */
  readonly amount: number | string;
  readonly words: string;
}

/** Plain data, so that another thread may be asked: it takes long. */
export interface ContributionsAsked {
  readonly set: MetricSet;
  readonly metricId: string;
  /** The actor's applied events, in time order. */
  readonly records: readonly RecordBytes[];
  readonly request: AnswerRequest;
}

/** Zeros are left out; `onOrAfter` follows from the columns and is left out too. Empty for a formula, which has no integers of its own. */
export function contributionsOf({ set, metricId, records, request }: ContributionsAsked): readonly Contribution[] {
  const metric = set.metrics.find(({ id }) => id === metricId);
  if (metric === undefined) throw new RangeError(`the set has no metric ${metricId}`);
  const events = records.flatMap((record) => timelineEventOf(record) ?? []);
  const calendar = createCalendars().calendar(metric);
  if (metric.kind === 'kpi' && metric.measure.measure === 'formula') return [];
  const clock = { watermarkMs: Number.MAX_SAFE_INTEGER, latenessMs: 0 };
  // Sound because a kind answers in the shape of its own.
  const ask = <K extends MetricKindName>(_kind: K, byBucket = false) =>
    recompute(set, metric, events, { ...request, byBucket }, clock) as unknown as AnswerOf[K];
  switch (metric.kind) {
    case 'retention':
      return ofRetention(metric, ask('retention'), calendar);
    case 'funnel':
      return [...ofFunnelBuckets(ask('funnel', true)), ...ofFunnelRange(ask('funnel'))];
    case 'activation':
      return ofActivation(metric, ask('activation'));
    case 'activity':
      return ofActivity(ask('activity'), calendar);
    case 'kpi':
      return ofKpi(ask('kpi'));
  }
}

interface AnswerOf {
  readonly retention: RetentionAnswer;
  readonly funnel: FunnelAnswer;
  readonly activation: ActivationAnswer;
  readonly activity: ActivityAnswer;
  readonly kpi: KpiAnswer;
}

type Made = Omit<Contribution, 'through'> & { readonly through?: string | null };

/** Drops zeros. */
function listed(all: readonly Made[]): readonly Contribution[] {
  return all.flatMap((one) => (Number(one.amount) === 0 ? [] : [{ ...one, through: one.through ?? one.bucket }]));
}

type Kind<K extends MetricDefinition['kind']> = Extract<MetricDefinition, { kind: K }>;

function ofRetention(metric: Kind<'retention'>, { cohorts }: RetentionAnswer, calendar: Calendar): readonly Contribution[] {
  return listed(
    cohorts.flatMap(({ cohort: bucket, value, size, cells, brackets = [] }): Made[] => {
      const first = calendar.parse(bucket);
      const columnName = (k: number): string =>
        metric.interval === 'rolling' || first === null ? `column ${k}` : `column ${k}, ${calendar.name(first + k)}`;
      return [
        { cell: 'size', bucket, value, amount: size, words: `entered the cohort ${bucket} by ${metric.start.name}` },
        ...cells.map(({ k, retained }) => ({
          cell: `${k}.retained`,
          bucket,
          value,
          amount: retained,
          words: `of the cohort ${bucket}, came back in ${columnName(k)} by ${metric.return.name}`,
        })),
        ...brackets.map(({ from, to, retained }) => ({
          cell: `bracket.${from}-${to}.retained`,
          bucket,
          value,
          amount: retained,
          words: `of the cohort ${bucket}, came back in columns ${from} to ${to}`,
        })),
      ];
    }),
  );
}

function funnelLists({ steps, buckets, slices }: FunnelAnswer) {
  return slices ?? [{ value: null, ...(steps === undefined ? {} : { steps }), ...(buckets === undefined ? {} : { buckets }) }];
}

function ofFunnelBuckets(answer: FunnelAnswer): readonly Contribution[] {
  return listed(
    funnelLists(answer).flatMap(({ value, buckets = [] }) =>
      buckets.flatMap(({ bucket, steps }) =>
        steps.flatMap((step): Made[] => [
          { cell: `step.${step.step}.entries`, bucket, value, amount: step.entries, words: entriesWords(step, bucket) },
          {
            cell: `step.${step.step}.uniques`,
            bucket,
            value,
            amount: step.uniques ?? 0,
            words: `reached step ${step.step}, ${step.name}, in ${bucket}${tookWords(step)}`,
          },
        ]),
      ),
    ),
  );
}

function ofFunnelRange(answer: FunnelAnswer): readonly Contribution[] {
  return listed(
    funnelLists(answer).flatMap(({ value, steps = [] }) =>
      steps.map(
        (step): Made => ({
          cell: `step.${step.step}.uniques`,
          bucket: null,
          value,
          amount: step.uniques ?? 0,
          words: `counts once for step ${step.step}, ${step.name}, over the whole range`,
        }),
      ),
    ),
  );
}

function entriesWords({ step, name, entries }: FunnelStep, bucket: string): string {
  return `${entries === 1 ? '1 attempt' : `${entries} attempts`} of ${bucket} reached step ${step}, ${name}`;
}

function tookWords({ fromFirst: { mean } }: FunnelStep): string {
  return mean === null ? '' : `, ${spanWords(mean * 1_000)} after step 1`;
}

function ofActivation(metric: Kind<'activation'>, { cohorts }: ActivationAnswer): readonly Contribution[] {
  return listed(
    cohorts.flatMap(({ cohort: bucket, value, size, activated, conditions, time }): Made[] => [
      { cell: 'size', bucket, value, amount: size, words: `entered the cohort ${bucket} by ${metric.start.name}` },
      ...conditions.map(({ name, met }, index) => ({
        cell: `conditions.${index + 1}`,
        bucket,
        value,
        amount: met,
        words: `of the cohort ${bucket}, met the condition ${name}`,
      })),
      {
        cell: 'activated',
        bucket,
        value,
        amount: activated,
        words: `of the cohort ${bucket}, activated${time.mean === null ? '' : ` after ${spanWords(time.mean * 1_000)}`}`,
      },
    ]),
  );
}

const ACTIVITY_WORDS = {
  active: 'was active',
  new: 'was active for the first time',
  returning: 'was active, and in the bucket before',
  resurrecting: 'was active again after a gap',
  dormant: 'was not active, but in the bucket before',
  churned: 'counts as churned',
  ever: 'had been active',
} as const;
const ACTIVITY_FIGURES = ['active', 'new', 'returning', 'resurrecting', 'dormant', 'churned', 'ever'] as const;

function ofActivity(answer: ActivityAnswer, calendar: Calendar): readonly Contribution[] {
  const lists = 'slices' in answer ? answer.slices : [{ ...answer, value: null }];
  return lists.flatMap(({ value, buckets, uniques }) => {
    const windows = Object.keys(buckets[0]?.rolling ?? {});
    const all = buckets.flatMap((one): Made[] => [
      ...ACTIVITY_FIGURES.map((cell) => ({ cell, bucket: one.bucket, value, amount: one[cell], words: ACTIVITY_WORDS[cell] })),
      ...windows.map((n) => ({
        cell: `rolling.${n}`,
        bucket: one.bucket,
        value,
        amount: one.rolling[n] ?? 0,
        words: `was active within the ${n} buckets up to this one`,
      })),
    ]);
    const range: Made = { cell: 'uniques', bucket: null, value, amount: uniques ?? 0, words: 'counts once over the whole range' };
    return [...inRuns(listed(all), calendar), ...listed([range])];
  });
}

/** Neighbouring buckets with the same become one line. */
function inRuns(all: readonly Contribution[], calendar: Calendar): readonly Contribution[] {
  const numberOf = (name: string | null): number => (name === null ? Number.NaN : (calendar.parse(name) ?? Number.NaN));
  return [...Map.groupBy(all, ({ cell }) => cell).values()].flatMap((own) => {
    const runs: Contribution[] = [];
    for (const one of own) {
      const last = runs.at(-1);
      if (last?.amount === one.amount && numberOf(last.through) + 1 === numberOf(one.bucket))
        runs[runs.length - 1] = { ...last, through: one.bucket };
      else runs.push(one);
    }
    return runs;
  });
}

/** Of a ratio its two parts: a quotient adds up to nothing. */
function ofKpi(answer: KpiAnswer): readonly Contribution[] {
  const lists = 'slices' in answer ? answer.slices : [{ ...answer, value: null }];
  return listed(
    lists.flatMap(({ value, buckets }) =>
      buckets.flatMap(({ bucket, value: figure, count, of }): Made[] => {
        if (of === undefined)
          return [
            {
              cell: 'value',
              bucket,
              value,
              amount: figure ?? 0,
              words: `adds ${figure ?? 0} to ${bucket}, from ${count === 1 ? '1 event' : `${count ?? 0} events`}`,
            },
          ];
        return Object.entries(of).map(([name, amount]) => ({
          cell: `of.${name}`,
          bucket,
          value,
          amount: amount ?? 0,
          words: `adds ${amount ?? 0} to the ${name} of ${bucket}`,
        }));
      }),
    ),
  );
}
