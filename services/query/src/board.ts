/** A set's first screen: each tile of its `board:` with its value, the same stretch before, and a line of buckets. */
import { figureOf, type KpiValue, type MetricDefinition } from '@tidemark/core';
import type { AnswerBody, Answerer, Catalogue, ServedMetric, ServedSet } from '@tidemark/pipeline';
import { metricFacts } from './catalogue.ts';
import { metricPath } from './kinds.ts';

/** Throws Unavailable when no store can answer. */
export async function boardFacts({ set, lineage }: ServedSet, catalogue: Catalogue, answerer: Answerer) {
  const tiles = await Promise.all(set.board.map((tile) => tileFacts(tile, catalogue, answerer)));
  return { set: set.name, revision: set.revision, lineage, timezone: set.timezone, tiles };
}

async function tileFacts(tile: string, catalogue: Catalogue, answerer: Answerer) {
  const [id = '', ...rest] = tile.split('.');
  const served = catalogue.metric(id);
  if (served === undefined) throw new Error(`tile ${tile} names no metric`);
  const { metric } = served;
  const field = rest.join('.');
  const { body } = await answerer.answer(served, { compare: 'previous' });
  const { kind, title, definition, unit, timezone, target, owner, ownerSince, freshness } = metricFacts(served);
  return {
    tile,
    metric: id,
    field,
    kind,
    title,
    definition,
    unit,
    timezone,
    from: body.from,
    to: body.to,
    value: figureOf(metric, body, field),
    compared: compared(metric, body, field),
    line: await lineOf(served, { body, field, answerer }),
    target,
    owner,
    ownerSince,
    freshness,
    path: metricPath(metric),
    asOf: body.asOf,
  };
}

/** Equal stretches side by side: the asked range where all of it is over, else its part that is. */
function compared(metric: MetricDefinition, body: AnswerBody, field: string) {
  const { previous } = body;
  if (previous === undefined || previous === null) return null;
  const own = previous.against ?? body;
  const value = figureOf(metric, own, field);
  const before = figureOf(metric, previous, field);
  const ratio = value === null || before === null || Number(before) === 0 ? null : Number(value) / Number(before) - 1;
  return { from: own.from, to: own.to, value, previous: { from: previous.from, to: previous.to, value: before }, change: ratio };
}

interface Point {
  readonly bucket: string;
  readonly value: KpiValue;
  readonly complete: boolean;
}

async function lineOf(served: ServedMetric, asked: { body: AnswerBody; field: string; answerer: Answerer }): Promise<readonly Point[]> {
  if (served.metric.kind !== 'funnel') return pointsOf(asked.body, asked.field);
  const { body } = await asked.answerer.answer(served, { by: 'bucket' });
  return pointsOf(body, asked.field);
}

function pointsOf(body: AnswerBody, field: string): readonly Point[] {
  const [name = '', part = '', last = ''] = field.split('.');
  if ('cohorts' in body) return body.cohorts.map((cohort) => cohortPoint(cohort, name === 'overall' ? field.split('.').slice(1) : []));
  const { buckets = [] } = 'buckets' in body ? body : {};
  return buckets.map((bucket): Point => {
    const at = { bucket: bucket.bucket, complete: bucket.complete };
    if ('steps' in bucket) return { ...at, value: numberAt(bucket.steps[Number(part) - 1], last) };
    if ('active' in bucket) {
      if (name === 'rolling' || name === 'stickiness') return { ...at, value: bucket[name][part] ?? null };
      return { ...at, value: name === 'uniques' ? bucket.active : numberAt(bucket, name) };
    }
    return { ...at, value: bucket.value };
  });
}

type Cohort = Extract<AnswerBody, { cohorts: unknown }>['cohorts'][number];

/** `30.rate` of retention is the cell of the column, `rate` and `activatedBy.7.rate` of activation the cohort and its age. */
function cohortPoint(cohort: Cohort, path: readonly string[]): Point {
  const { cohort: bucket, size } = cohort;
  const last = path.at(-1) ?? '';
  if ('cells' in cohort) {
    const cell = cohort.cells.find(({ k }) => String(k) === path[0]);
    const value = last === 'of' ? size : last === 'retained' ? (cell?.retained ?? null) : (cell?.rate ?? null);
    return { bucket, value, complete: cell?.complete ?? false };
  }
  const age = path[0] === 'activatedBy' ? cohort.activatedBy?.find(({ k }) => String(k) === path[1]) : cohort;
  const activated = age?.activated ?? null;
  const rate = activated === null || size === 0 ? null : activated / size;
  return { bucket, value: last === 'of' ? size : last === 'activated' ? activated : rate, complete: age?.complete ?? false };
}

function numberAt(of: object | undefined, name: string): number | null {
  const value: unknown = of === undefined ? null : Reflect.get(of, name);
  return typeof value === 'number' ? value : null;
}
