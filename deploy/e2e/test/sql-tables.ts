/** What is served and what SQL recomputes, brought to one form: flat tables of integers, zeros left out. */
import type { MetricDefinition } from '@tidemark/core';
import { activityRows, funnelRows, kpiRows, retentionRows, type Scope, type SqlRow } from './sql-recompute.ts';

/** `value|bucket|name` → integer. */
export type Table = Record<string, number>;
export type Body = Readonly<Record<string, unknown>>;

/** What SQL cannot say in one statement is left to `recompute`: activation, and figures made of other figures. */
export function hasSql(metric: MetricDefinition): boolean {
  return metric.kind !== 'activation' && !(metric.kind === 'kpi' && (metric.measure.measure === 'ratio' || metric.measure.measure === 'formula'));
}

/** Up to the last bucket that was asked for: people who stay away are still counted for weeks after the last event. */
export async function recomputed(scope: Scope, metric: MetricDefinition, last: string): Promise<Table> {
  switch (metric.kind) {
    case 'kpi':
      return tableOf(
        (await kpiRows(scope, metric)).flatMap(([v, bucket, value, count]) => [row(v, bucket, 'value', value), row(v, bucket, 'count', count)]),
      );
    case 'activity':
      return tableOf(
        (await activityRows(scope, metric))
          .filter(([, bucket]) => String(bucket) <= last)
          .map(([v, bucket, name, value]) => row(v, bucket, name, value)),
      );
    case 'retention':
      return retentionTable(await retentionRows(scope, metric), metric.columns);
    case 'funnel':
      return tableOf((await funnelRows(scope, metric)).flatMap((reached) => attemptEntries(scope, reached)));
    case 'activation':
      throw new Error('no SQL for activation');
  }
}

export type Entry = readonly [string, number];

/** Slices have distinct actors per bucket only. */
function attemptEntries({ value }: Scope, [v, bucket, step, entries, uniques]: SqlRow): readonly Entry[] {
  const isServed = bucket !== '' || value === "''";
  return [row(v, bucket, `entries${step}`, entries), row(v, bucket, `uniques${step}`, isServed ? uniques : 0)];
}

export function row(value: unknown, bucket: unknown, name: unknown, integer: unknown): Entry {
  return [`${value ?? ''}|${bucket}|${name}`, Number(integer)];
}

export function tableOf(entries: readonly Entry[]): Table {
  return Object.fromEntries(entries.filter(([, integer]) => integer !== 0).sort(([left], [right]) => (left < right ? -1 : 1)));
}

/** `onOrAfter`(k) is the sum of those whose last return is in k or later. */
function retentionTable(rows: readonly SqlRow[], columns: readonly number[]): Table {
  const entries: Entry[] = [];
  const last = new Map<string, Map<number, number>>();
  for (const [v, cohort, k, returned, lastHere] of rows) {
    if (k === 0) entries.push(row(v, cohort, 'size', returned));
    else if (columns.includes(Number(k))) entries.push(row(v, cohort, `retained${k}`, returned));
    const key = `${v}|${cohort}`;
    last.set(key, (last.get(key) ?? new Map()).set(Number(k), Number(lastHere)));
  }
  for (const [key, byColumn] of last) {
    for (const column of columns) {
      const sum = [...byColumn].reduce((total, [k, actors]) => (k >= column ? total + actors : total), 0);
      entries.push([`${key}|onOrAfter${column}`, sum]);
    }
  }
  return tableOf(entries);
}

export function servedTable(metric: MetricDefinition, bodies: readonly Body[]): Table {
  return tableOf(
    bodies.flatMap((body) =>
      sliced(body).flatMap(({ value, figures }) => servedEntries(metric, value, { ...figures, isByBucket: body['isByBucket'] })),
    ),
  );
}

/** The figures of each slice value, or of the total. A retention names the value in each cohort. */
export function sliced(body: Body): readonly { value: unknown; figures: Body }[] {
  return body['slices'] === undefined
    ? [{ value: null, figures: body }]
    : list(body['slices']).map((figures) => ({ value: figures['value'], figures }));
}

function servedEntries(metric: MetricDefinition, value: unknown, figures: Body): readonly Entry[] {
  switch (metric.kind) {
    case 'kpi':
      return list(figures['buckets']).flatMap(({ bucket, value: figure, count }) => [
        row(value, bucket, 'value', String(figure).replace('.', '')),
        row(value, bucket, 'count', count),
      ]);
    case 'retention':
      return list(figures['cohorts']).flatMap(({ cohort, value: of, size, cells }) => [
        row(of, cohort, 'size', size),
        ...list(cells).flatMap(({ k, retained, onOrAfter }) => [
          row(of, cohort, `retained${k}`, retained),
          row(of, cohort, `onOrAfter${k}`, onOrAfter),
        ]),
      ]);
    case 'funnel':
      return figures['isByBucket'] === true
        ? list(figures['buckets']).flatMap((bucket) => stepEntries(value, bucket['bucket'], bucket))
        : stepEntries(value, '', figures);
    case 'activity':
      return activityEntries(value, figures);
    case 'activation':
      throw new Error('no SQL for activation');
  }
}

function stepEntries(value: unknown, bucket: unknown, { steps }: Body): readonly Entry[] {
  return list(steps).flatMap(({ step, entries, uniques }) => [
    row(value, bucket, `entries${step}`, entries),
    row(value, bucket, `uniques${step}`, uniques),
  ]);
}

function activityEntries(value: unknown, figures: Body): readonly Entry[] {
  const names = ['active', 'new', 'returning', 'resurrecting', 'dormant', 'churned'];
  const buckets = list(figures['buckets']).flatMap((bucket) => [
    ...names.map((name) => row(value, bucket['bucket'], name, bucket[name])),
    ...Object.entries(record(bucket['rolling'])).map(([days, actors]) => row(value, bucket['bucket'], `rolling${days}`, actors)),
  ]);
  const stickiness = Object.entries(record(figures['stickiness'])).flatMap(([period, cells]) =>
    list(cells).map((cell) => row(value, cell['period'], `${period}:${cell['n']}`, cell['actors'])),
  );
  return [...buckets, ...stickiness, row(value, '', 'uniques', figures['uniques'])];
}

export function list(value: unknown): readonly Body[] {
  return Array.isArray(value) ? value.map(record) : [];
}

function record(value: unknown): Body {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
