/** How routes and streams ask for a figure: by what is served now, or by a revision of the metric, and never of two lineages at once. */
import type { MetricKindName } from '@tidemark/core';
import type { Answered, Answerer, AnswerQuery, Catalogue, ServedMetric, ServedSet, Serving } from '@tidemark/pipeline';
import { metricPath } from './kinds.ts';
import { Problem } from './problems.ts';

export interface Asking {
  readonly answerer: Answerer;
  readonly serving: Serving;
}

export interface AskedMetric {
  readonly metric: string;
  /** 6 to 16 hex digits, the beginning of one revision; left out: what is served. */
  readonly revision?: string | undefined;
}

export interface FigureQuestion extends AskedMetric {
  readonly kind: MetricKindName;
  readonly query: AnswerQuery;
}

/** Throws a Problem for what no catalogue has, QueryRefused and Unavailable as the answerer does. */
export async function answerFigure({ serving, answerer }: Asking, question: FigureQuestion): Promise<Answered> {
  const sets = setsOf(serving.catalogue, question);
  return await serving.ask(sets, async (catalogue) => await answerer.answer(figureAt(catalogue, question), question.query));
}

/** The sets that an answer is of: while one of them goes over to another lineage, the question waits. */
export function setsOf(catalogue: Catalogue, { metric: id, revision }: AskedMetric): readonly string[] {
  const served = catalogue.metric(id);
  return served === undefined || revision !== undefined ? [] : [served.set.name];
}

/** Throws a Problem when there is no such metric, or it is of another kind. */
export function figureAt(catalogue: Catalogue, { metric, revision, kind }: Omit<FigureQuestion, 'query'>): ServedMetric {
  const served = metricAt(catalogue, { metric, revision });
  if (served.metric.kind !== kind) throw wrongKind(served.metric);
  return served;
}

/** `parameter`: the name in the path that the problem points to. Throws a Problem. */
export function metricAt(catalogue: Catalogue, { metric: id, revision }: AskedMetric, parameter = 'id'): ServedMetric {
  const known = catalogue.revisions(id);
  if (revision === undefined || known.length === 0) {
    const served = catalogue.metric(id);
    if (served !== undefined) return served;
    const before = known.length === 0 ? '/v1/metrics lists them' : `revision= takes ${named(known)}, which are not served`;
    const message = `no metric is called ${JSON.stringify(id.slice(0, 80))}: ${before}`;
    throw new Problem('unknown_metric', message, { errors: [{ pointer: `/path/${parameter}`, message }] });
  }
  const [found, ...more] = known.filter(({ metric }) => metric.revision.startsWith(revision));
  if (found !== undefined && more.length === 0) return found;
  const message =
    found === undefined
      ? `${id} has no revision ${revision}: known are ${named(known)}`
      : `${revision} begins several revisions of ${id}: ${named([found, ...more])}; give more digits`;
  const errors = known.map(({ metric, lineage }) => ({ pointer: '/query/revision', message: `${metric.revision}, lineage ${lineage}` }));
  throw new Problem('unknown_revision', message, { errors });
}

function named(known: readonly ServedMetric[]): string {
  return known.map(({ metric }) => metric.revision).join(', ');
}

function wrongKind(metric: Parameters<typeof metricPath>[0]): Problem {
  const message = `${metric.id} is of kind ${metric.kind}: it is answered at ${metricPath(metric)}`;
  return new Problem('wrong_kind', message, { errors: [{ pointer: '/path/id', message }] });
}

/** Throws a Problem that points there. */
export function setAt(catalogue: Catalogue, name: string, pointer: string): ServedSet {
  const served = catalogue.set(name);
  if (served !== undefined) return served;
  const message = `no set is called ${JSON.stringify(name.slice(0, 80))}: /v1/sets lists them`;
  throw new Problem('unknown_set', message, { errors: [{ pointer, message }] });
}
