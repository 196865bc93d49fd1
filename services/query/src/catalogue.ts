/** The definitions as bodies: each metric in words, its slices with their known values, and the sets. */
import { type MetricSet, type SliceValue, sliceName, type Target } from '@tidemark/core';
import { describeMetric } from '@tidemark/definitions';
import { type AnswerBody, type Answerer, type AsOf, asOfHeads, type ServedMetric, type ServedSet, Unavailable } from '@tidemark/pipeline';
import { metricPath } from './kinds.ts';

/** Values of an open slice that a metric's page lists. */
const LISTED_VALUES = 100;

export interface SliceFacts {
  readonly name: string;
  readonly open: boolean;
  readonly values: readonly SliceValue[] | null;
}

/** Without looking up the values of open slices. */
export function metricFacts({ metric, set, lineage }: ServedMetric) {
  return {
    id: metric.id,
    kind: metric.kind,
    set: set.name,
    title: metric.title ?? metric.id,
    description: metric.description ?? null,
    definition: describeMetric(metric, set.dimensions),
    owner: metric.owner ?? null,
    ownerSince: metric.ownerSince ?? null,
    target: metric.target === undefined ? null : targetFacts(metric.target),
    revision: metric.revision,
    lineage,
    unit: metric.unit,
    timezone: metric.timezone,
    weekStart: metric.weekStart,
    freshness: metric.freshnessMs / 1_000,
    slices: metric.slices.map((tuple) => sliceFacts(set, tuple)),
    path: metricPath(metric),
  };
}

function targetFacts({ of, value, per, direction, since }: Target): Target {
  return { of, value, direction, ...(per === undefined ? {} : { per }), ...(since === undefined ? {} : { since }) };
}

/** A tuple is open when one of its dimensions is, or when it has more combinations than are listed. */
function sliceFacts(set: MetricSet, tuple: readonly string[]): SliceFacts {
  const name = sliceName(tuple);
  const lists = tuple.map((member) => set.dimensions.find((dimension) => dimension.name === member)?.values);
  const closed = lists.flatMap((values) => (values === undefined ? [] : [[...values, '$other']]));
  const combinations = closed.reduce((product, values) => product * values.length, 1);
  if (closed.length < lists.length || (tuple.length > 1 && combinations > LISTED_VALUES)) return { name, open: true, values: null };
  const [first = []] = closed;
  if (tuple.length === 1) return { name, open: false, values: first };
  const values = closed.reduce<readonly (readonly string[])[]>((known, next) => known.flatMap((lead) => next.map((value) => [...lead, value])), [[]]);
  return { name, open: false, values };
}

/** With the values of open slices seen in the last thirty buckets; they stay null while no store answers. */
export async function metricFactsWithValues(served: ServedMetric, answerer: Answerer) {
  const facts = metricFacts(served);
  const slices = await Promise.all(
    facts.slices.map(
      async (slice): Promise<SliceFacts> => (slice.open ? { ...slice, values: await seenValues(served, slice.name, answerer) } : slice),
    ),
  );
  return { ...facts, slices };
}

async function seenValues(served: ServedMetric, slice: string, answerer: Answerer): Promise<readonly SliceValue[] | null> {
  try {
    const { body } = await answerer.answer(served, { slice, limit: LISTED_VALUES });
    return valuesIn(body);
  } catch (error) {
    if (error instanceof Unavailable) return null;
    throw error;
  }
}

/** A retention or activation names a value in each of its cohorts, one after the other. */
function valuesIn(body: AnswerBody): readonly SliceValue[] {
  const values =
    'cohorts' in body
      ? body.cohorts.flatMap(({ value }) => (value === null ? [] : [value]))
      : 'slices' in body
        ? (body.slices ?? []).map(({ value }) => value)
        : [];
  const byText = new Map(values.map((value) => [JSON.stringify(value), value]));
  return [...byText.values()].filter((value) => value !== '$rest');
}

/** A set, and where its lineage stands; `asOf` is null while no store can say. */
export async function setFacts({ set, lineage }: ServedSet, answerer: Answerer, nowMs: number) {
  const freshnessMs = set.metrics.reduce((least, metric) => Math.min(least, metric.freshnessMs), Number.POSITIVE_INFINITY);
  return {
    name: set.name,
    revision: set.revision,
    lineage,
    timezone: set.timezone,
    weekStart: set.weekStart,
    metrics: set.metrics.map((metric) => metric.id),
    board: set.board,
    asOf: await asOfLineage(lineage, answerer, { freshnessMs, nowMs }),
  };
}

async function asOfLineage(lineage: string, answerer: Answerer, facts: { freshnessMs: number; nowMs: number }): Promise<AsOf | null> {
  try {
    return asOfHeads(await answerer.heads(lineage), facts);
  } catch (error) {
    if (error instanceof Unavailable) return null;
    throw error;
  }
}
