/** Answers as tables, one row a cell: the same figures as the JSON body. `part` says which of an answer's lists a row is of. */
import type { ActivityFigures, FunnelAnswer, FunnelBucket, FunnelStep, KpiFigures, MetricKindName, RetentionAnswer } from '@tidemark/core';
import type { AnswerBody } from '@tidemark/pipeline';
import type { CsvCell, CsvTable } from './csv.ts';

/** `slice_value` is there only when the answer is sliced, so that it is never confused with the empty value. */
export function tableOf(body: AnswerBody, { kind, isSliced }: { kind: MetricKindName; isSliced: boolean }): CsvTable {
  if ('cohorts' in body) return retentionTable(body, isSliced);
  if ('complete' in body) return funnelTable(body, isSliced);
  const lists = 'slices' in body ? body.slices : [{ ...body, value: null }];
  if (kind === 'activity')
    return activityTable(
      lists.flatMap((list) => ('uniques' in list ? [list] : [])),
      isSliced,
    );
  return kpiTable(
    lists.flatMap((list) => ('total' in list ? [list] : [])),
    isSliced,
  );
}

function retentionTable({ cohorts, overall }: RetentionAnswer, isSliced: boolean): CsvTable {
  const slice = (value: string | null): CsvCell[] => (isSliced ? [value] : []);
  return {
    columns: [
      'part',
      ...(isSliced ? ['slice_value'] : []),
      'cohort',
      'k',
      'size',
      'retained',
      'rate',
      'on_or_after',
      'complete',
      'closes_at',
      'low',
      'high',
      'cohorts',
    ],
    rows: [
      ...cohorts.flatMap(({ cohort, value, size, cells }) =>
        cells.map((cell): CsvCell[] => [
          'cohort',
          ...slice(value),
          cohort,
          cell.k,
          size,
          cell.retained,
          cell.rate,
          cell.onOrAfter,
          cell.complete,
          cell.closesAt,
          null,
          null,
          null,
        ]),
      ),
      ...overall.map((cell): CsvCell[] => [
        'overall',
        ...slice(cell.value),
        null,
        cell.k,
        cell.of,
        cell.retained,
        cell.rate,
        null,
        null,
        null,
        cell.low,
        cell.high,
        cell.cohorts,
      ]),
    ],
  };
}

function funnelTable(body: FunnelAnswer, isSliced: boolean): CsvTable {
  const lists: { value: string | null; steps?: readonly FunnelStep[]; buckets?: readonly FunnelBucket[] }[] = body.slices ?? [
    { value: null, ...(body.steps ? { steps: body.steps } : {}), ...(body.buckets ? { buckets: body.buckets } : {}) },
  ];
  const row = (lead: readonly CsvCell[], value: string | null, step: FunnelStep): CsvCell[] => [
    ...lead.slice(0, 1),
    ...(isSliced ? [value] : []),
    ...lead.slice(1),
    step.step,
    step.name,
    step.uniques,
    step.entries,
    step.ofFirst,
    step.ofPrevious,
  ];
  return {
    columns: ['part', ...(isSliced ? ['slice_value'] : []), 'bucket', 'complete', 'step', 'name', 'uniques', 'entries', 'of_first', 'of_previous'],
    rows: lists.flatMap(({ value, steps = [], buckets = [] }) => [
      ...steps.map((step) => row(['range', null, body.complete], value, step)),
      ...buckets.flatMap((bucket) => bucket.steps.map((step) => row(['bucket', bucket.bucket, bucket.complete], value, step))),
    ]),
  };
}

function activityTable(lists: readonly (ActivityFigures & { value: string | null })[], isSliced: boolean): CsvTable {
  const first = lists[0]?.buckets[0];
  const windows = first === undefined ? [] : Object.keys(first.rolling);
  const names = ['active', 'new', 'returning', 'resurrecting', 'dormant', 'churned', 'ever'] as const;
  const figures = [...names, ...windows.map((n) => `rolling_${n}`), ...windows.map((n) => `stickiness_${n}`)];
  const none: CsvCell[] = figures.map(() => null);
  const lead = (part: string, value: string | null): CsvCell[] => [part, ...(isSliced ? [value] : [])];
  return {
    columns: ['part', ...(isSliced ? ['slice_value'] : []), 'bucket', 'complete', ...figures, 'uniques', 'n', 'actors'],
    rows: lists.flatMap(({ value, buckets, uniques, stickiness }) => [
      ...buckets.map((bucket): CsvCell[] => [
        ...lead('bucket', value),
        bucket.bucket,
        bucket.complete,
        ...names.map((name) => bucket[name]),
        ...windows.map((n) => bucket.rolling[n] ?? null),
        ...windows.map((n) => bucket.stickiness[n] ?? null),
        null,
        null,
        null,
      ]),
      [...lead('range', value), null, null, ...none, uniques, null, null],
      ...(['week', 'month'] as const).flatMap((period) =>
        stickiness[period].map((cell): CsvCell[] => [...lead(period, value), cell.period, cell.complete, ...none, null, cell.n, cell.actors]),
      ),
    ]),
  };
}

function kpiTable(lists: readonly (KpiFigures & { value: string | null })[], isSliced: boolean): CsvTable {
  const lead = (part: string, value: string | null): CsvCell[] => [part, ...(isSliced ? [value] : [])];
  return {
    columns: ['part', ...(isSliced ? ['slice_value'] : []), 'bucket', 'value', 'count', 'complete'],
    rows: lists.flatMap(({ value, buckets, total }) => [
      ...buckets.map((bucket): CsvCell[] => [...lead('bucket', value), bucket.bucket, bucket.value, bucket.count, bucket.complete]),
      [...lead('total', value), null, total, null, null],
    ]),
  };
}
