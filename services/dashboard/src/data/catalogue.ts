/** The sets and metrics that there are, and what is asked of a metric by the state in the URL. */
import type { Lineages, Metric, Metrics, Sets } from '@tidemark/query/client';
import { frameState, place } from '../route/router.ts';
import { bucketAt, bucketOfDate, lastBucketOfDate, stepped } from '../show/buckets.ts';
import { type Shown, useAnswer } from './figure.ts';

export type SetFacts = Sets['sets'][number];

export interface Catalogue {
  readonly sets: readonly SetFacts[];
  readonly metrics: readonly Metric[];
  /** By set, oldest first; none where the service does not say. */
  readonly lineages: Lineages['sets'];
}

const SETS_EVERY_MS = 10_000;
const METRICS_EVERY_MS = 20_000;
const LINEAGES_EVERY_MS = 5_000;

/** Null until all of it has come, so that nothing is pushed down by what comes last. */
export function useCatalogue(): { readonly catalogue: Catalogue | null; readonly refusal: Shown<unknown>['refusal'] } {
  const sets = useAnswer<Sets>({ path: '/v1/sets', every: SETS_EVERY_MS }).value;
  const metrics = useAnswer<Metrics>({ path: '/v1/metrics', every: METRICS_EVERY_MS }).value;
  const lineages = useAnswer<Lineages>({ path: '/v1/lineages', every: LINEAGES_EVERY_MS }).value;
  const isHere = sets.body !== null && metrics.body !== null && (lineages.body !== null || lineages.refusal !== null);
  const catalogue = isHere ? { sets: sets.body.sets, metrics: metrics.body.metrics, lineages: lineages.body?.sets ?? [] } : null;
  return { catalogue, refusal: sets.refusal ?? metrics.refusal };
}

/** The revision that the address of a figure asks for; `''`: what is served. */
export function askedRevision(): string {
  return place.value.room === 'figure' ? frameState.value.revision : '';
}

/** A metric as another definition has it; null while none is asked for. */
export function useMetricAt(id: string, revision: string): Shown<Metric> | null {
  const path = revision === '' ? '/v1/metrics' : `/v1/metrics/${encodeURIComponent(id)}?revision=${revision}`;
  const shown = useAnswer<Metric>({ path, every: METRICS_EVERY_MS }).value;
  return revision === '' ? null : shown;
}

/** The path that answers for the metric with range, slice and comparison of the URL; `more` wins, an empty text leaves a parameter out. */
export function figurePath(metric: Metric, set: SetFacts, more: Readonly<Record<string, string>> = {}): string {
  const { last, from, to, slice, value, compare } = frameState.value;
  const search = new URLSearchParams();
  const range = rangeOf(metric, set, { last, from, to });
  if (range.from !== null) search.set('from', range.from);
  if (range.to !== null) search.set('to', range.to);
  if (metric.slices.some(({ name }) => name === slice)) {
    search.set('slice', slice);
    if (value !== null) search.set('value', value);
  }
  if (compare !== '') search.set('compare', compare);
  if (askedRevision() !== '') search.set('revision', askedRevision());
  for (const [name, given] of Object.entries(more)) {
    if (given === '') search.delete(name);
    else search.set(name, given);
  }
  const query = search.toString();
  return query === '' ? metric.path : `${metric.path}?${query}`;
}

/** Names of buckets; null: the service's default. */
function rangeOf(
  metric: Metric,
  { asOf }: SetFacts,
  { last, from, to }: { readonly last: number; readonly from: string; readonly to: string },
): { readonly from: string | null; readonly to: string | null } {
  if (from !== '' || to !== '') return { from: from === '' ? null : bucketOfDate(from, metric), to: to === '' ? null : lastBucketOfDate(to, metric) };
  const watermark = asOf?.watermark ?? null;
  if (last === 0 || watermark === null) return { from: null, to: null };
  return { from: stepped(bucketAt(Date.parse(watermark), metric), 1 - last, metric), to: null };
}
