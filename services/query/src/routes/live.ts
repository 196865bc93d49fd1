/** The live stream: `/v1/live?metrics=a,b` as server-sent events. */
import { type Catalogue, QueryRefused } from '@tidemark/pipeline';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Access } from '../access/access.ts';
import { type Asking, answerFigure, figureAt, metricAt } from '../asking.ts';
import { KIND_PATHS, KINDS, metricPath } from '../kinds.ts';
import type { LiveQuestion } from '../live/live-figure.ts';
import type { LiveHub } from '../live/live-hub.ts';
import { answerWithStream } from '../live/stream-response.ts';
import { preferredType } from '../negotiation.ts';
import { Problem } from '../problems.ts';
import { liveQuery, MAX_LIVE_FIGURES, parseQuery, revisionIn } from '../schemas/query.ts';

const RETRY_AFTER_S = '5';

export interface LiveContext {
  readonly asking: Asking;
  readonly live: LiveHub;
  readonly access: Access;
}

export function addLiveRoute(app: FastifyInstance, { asking, live, access }: LiveContext): void {
  app.get('/v1/live', { exposeHeadRoute: false }, async (request, reply) => {
    if (preferredType(request.headers.accept, ['text/event-stream']) === null) {
      const message = 'this path answers in text/event-stream';
      throw new Problem('not_acceptable', message, { errors: [{ pointer: '/header/accept', message }] });
    }
    const questions = questionsOf(request, asking.serving.catalogue);
    // Whether every figure can be answered is said by the status, not by a stream that ends at once.
    await Promise.all(questions.map((question) => answerFigure(asking, question)));
    const asker = access.askerOf(request);
    refuseTooMany(live, asker);
    const lastEventId = request.headers['last-event-id'];
    await answerWithStream(request, reply, (sink) =>
      live.open({ asker, questions, lastEventId: typeof lastEventId === 'string' ? lastEventId : null, sink }),
    );
  });
}

/** Throws when the asker, or the service, has all the streams of a hub that it may have. */
export function refuseTooMany(hub: Pick<LiveHub, 'refusal'>, asker: string): void {
  const refusal = hub.refusal(asker);
  if (refusal === 'asker')
    throw new Problem('too_many_streams', 'this key or address has all the streams that it may have: close one', {
      headers: { 'retry-after': RETRY_AFTER_S },
    });
  if (refusal === 'service')
    throw new Problem('unavailable', 'the service has all the streams that it can carry', { headers: { 'retry-after': RETRY_AFTER_S } });
}

/** In the order asked; the same figure asked twice is one. */
function questionsOf(request: FastifyRequest, catalogue: Catalogue): readonly LiveQuestion[] {
  const { metrics, path: paths = [] } = parseQuery(liveQuery, request.query);
  const ids = metrics?.split(',') ?? [];
  if (ids.length + paths.length === 0) throw badParameter('metrics', 'name what to watch: metrics=a,b or path=/v1/kpis/a');
  if (ids.length + paths.length > MAX_LIVE_FIGURES)
    throw badParameter(ids.length > 0 ? 'metrics' : 'path', `at most ${MAX_LIVE_FIGURES} figures per stream`);
  const questions = [
    ...ids.map((id): LiveQuestion => {
      const { metric } = at('metrics', () => metricAt(catalogue, { metric: id }));
      return { path: metricPath(metric), metric: id, kind: metric.kind, query: {} };
    }),
    ...paths.map((path) => at('path', () => questionAt(path, catalogue))),
  ];
  return [...new Map(questions.map((question) => [question.path, question])).values()];
}

function questionAt(path: string, catalogue: Catalogue): LiveQuestion {
  const [, kindPath = '', encodedId = '', search = ''] = /^\/v1\/([a-z]+)\/([^/?]+)(?:\?(.*))?$/s.exec(path) ?? [];
  const kind = KINDS.find((known) => KIND_PATHS[known].path === kindPath);
  if (kind === undefined) throw badParameter('path', `expected the path of a figure, such as /v1/kpis/bookings?slice=channel`);
  const parameters: Record<string, string | string[]> = {};
  const given = new URLSearchParams(search);
  for (const name of new Set(given.keys())) {
    const values = given.getAll(name);
    // A parameter called __proto__ is a parameter like any other: unknown.
    Object.defineProperty(parameters, name, { value: values.length === 1 ? (values[0] ?? '') : values, enumerable: true });
  }
  const id = decoded(encodedId);
  const { metric } = figureAt(catalogue, { metric: id, kind, revision: revisionIn(parameters) });
  const { revision, ...query } = parseQuery(KIND_PATHS[kind].query, parameters);
  return { path: `${metricPath(metric)}${search === '' ? '' : `?${search}`}`, metric: id, kind, revision, query };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw badParameter('path', 'the path is not properly percent-encoded');
  }
}

/** The same problem, told of the parameter of this path. */
function at<T>(parameter: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof QueryRefused) throw badParameter(parameter, error.message);
    if (error instanceof Problem)
      throw new Problem(error.code, error.message, { errors: [{ pointer: `/query/${parameter}`, message: error.message }] });
    throw error;
  }
}

function badParameter(parameter: string, message: string): Problem {
  return new Problem('bad_parameter', `${parameter}: ${message}`, { errors: [{ pointer: `/query/${parameter}`, message }] });
}
