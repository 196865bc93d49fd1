/** The paths about single events and actors, for keys that may see personal data: the newest records with their outcomes, a stream of them, and one actor explained. */

import { isoInstant } from '@tidemark/core';
import { describeMetric } from '@tidemark/definitions';
import {
  type Answerer,
  asOfHeads,
  type Catalogue,
  type ExplainArchive,
  type ExplainFacts,
  type Explanation,
  explainActor,
  type HistoryFacts,
  type ServedSet,
  StoreUnavailable,
  Unavailable,
} from '@tidemark/pipeline';
import type { Logger } from '@tidemark/runtime';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Access } from '../access/access.ts';
import { type Asking, metricAt, setAt } from '../asking.ts';
import { csvText } from '../csv.ts';
import { eventsTable } from '../inspect/event-facts.ts';
import type { EventHub } from '../inspect/event-hub.ts';
import { explanationTable } from '../inspect/explanation-table.ts';
import type { Turns } from '../inspect/turns.ts';
import { answerWithStream } from '../live/stream-response.ts';
import { preferredType } from '../negotiation.ts';
import { Problem } from '../problems.ts';
import { eventStreamQuery, eventsQuery, explainQuery } from '../schemas/inspect.ts';
import { parseQuery, revisionIn } from '../schemas/query.ts';
import { refuseTooMany } from './live.ts';

export interface Inspection {
  readonly events: EventHub;
  readonly archive: ExplainArchive;
  readonly history: HistoryFacts;
  readonly contribute: ExplainFacts['contribute'];
  /** One after the other, so that they leave room for figures. */
  readonly turns: Turns;
}

export interface InspectContext {
  readonly asking: Asking;
  readonly logger: Logger;
  readonly access: Access;
  readonly inspection: Inspection;
  readonly nowMs: () => number;
}

const DEFAULT_LIMIT = 100;
const SCOPE = { config: { scope: 'inspect' } } as const;

export function addInspectRoutes(app: FastifyInstance, context: InspectContext): void {
  addEventRoutes(app, context);
  addExplainRoute(app, context);
}

function addEventRoutes(app: FastifyInstance, { asking, access, inspection: { events } }: InspectContext): void {
  app.get('/v1/events', SCOPE, async (request, reply) => {
    const isCsv = wantsCsv(request);
    const { set, limit = DEFAULT_LIMIT, ...filter } = parseQuery(eventsQuery, request.query);
    const served = servedSet(asking.serving.catalogue, set);
    const { sinceMs, events: found } = await answered(() => events.recent(served, filter, limit));
    if (isCsv) return sendCsv(reply, 'events', csvText(eventsTable(found)));
    return sendJson(reply, { set: served.set.name, lineage: served.lineage, watchedSince: isoInstant(sinceMs), events: found });
  });
  app.get('/v1/events/live', { ...SCOPE, exposeHeadRoute: false }, async (request, reply) => {
    if (preferredType(request.headers.accept, ['text/event-stream']) === null) throw notAcceptable('this path answers in text/event-stream');
    const { set, ...filter } = parseQuery(eventStreamQuery, request.query);
    const served = servedSet(asking.serving.catalogue, set);
    const asker = access.askerOf(request);
    refuseTooMany(events, asker);
    const begun = await answered(() => events.begin(served));
    await answerWithStream(request, reply, async (sink) => events.open({ asker, served, filter, begun, sink }));
  });
}

function addExplainRoute(app: FastifyInstance, { asking, logger, access, inspection, nowMs }: InspectContext): void {
  app.get<{ Params: { metric: string; actor: string } }>('/v1/explain/:metric/:actor', SCOPE, async (request, reply) => {
    const isCsv = wantsCsv(request);
    const asked = { metric: request.params.metric, revision: revisionIn(request.query) };
    const served = metricAt(asking.serving.catalogue, asked, 'metric');
    const { id } = served.metric;
    const { actor: actorId } = request.params;
    if (actorId === '' || Buffer.byteLength(actorId) > MAX_ACTOR_BYTES) throw noActorId();
    const { kind, after, limit = DEFAULT_LIMIT, revision: _asked, ...query } = parseQuery(explainQuery, request.query);
    // Who looked at whom is told without the name of whom.
    logger.info({ asker: access.askerOf(request), metric: id, requestId: request.id }, 'an actor is explained');
    const watermarkMs = await watermarkOf(asking.answerer, served.lineage, nowMs());
    const question = { served, actorId, kind, after, limit, query };
    const facts = { ...inspection.history, contribute: inspection.contribute, nowMs: watermarkMs };
    const explanation = await answered(() => inspection.turns.take(() => explainActor(question, facts, inspection.archive)));
    if (isCsv) return sendCsv(reply, id, csvText(explanationTable(explanation)));
    return sendJson(reply, withDefinition(explanation, describeMetric(served.metric, served.set.dimensions)));
  });
}

/** Bytes of an actor id as UTF-8. */
const MAX_ACTOR_BYTES = 512;

function noActorId(): Problem {
  const message = `an actor id has 1 to ${MAX_ACTOR_BYTES} bytes`;
  return new Problem('bad_parameter', message, { errors: [{ pointer: '/path/actor', message }] });
}

function withDefinition(explanation: Explanation, definition: string): Explanation & { readonly definition: string } {
  return { ...explanation, definition };
}

function servedSet(catalogue: Catalogue, name: string | undefined): ServedSet {
  const [first] = catalogue.sets;
  if (name === undefined && first !== undefined) return first;
  return setAt(catalogue, name ?? '', '/query/set');
}

/** Null while no store can say: the actor's last event then decides. */
async function watermarkOf(answerer: Answerer, lineage: string, nowMs: number): Promise<number | null> {
  try {
    const { watermark } = asOfHeads(await answerer.heads(lineage), { freshnessMs: 0, nowMs });
    return watermark === null ? null : Date.parse(watermark);
  } catch (error) {
    if (error instanceof Unavailable) return null;
    throw error;
  }
}

/** A store that does not answer is no fault of ours. */
async function answered<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    const what = error.store === 'redis' ? 'outcomes are kept in Redis' : 'the archive is in ClickHouse';
    throw new Problem('unavailable', `${what}, which does not answer`, { headers: { 'retry-after': '1' }, cause: error });
  }
}

function wantsCsv(request: FastifyRequest): boolean {
  const type = preferredType(request.headers.accept, ['application/json', 'text/csv']);
  if (type === null) throw notAcceptable('answers come as application/json or text/csv');
  return type === 'text/csv';
}

function notAcceptable(message: string): Problem {
  return new Problem('not_acceptable', message, { errors: [{ pointer: '/header/accept', message }] });
}

/** Of people: kept by nobody on the way. */
function sendJson(reply: FastifyReply, body: object): FastifyReply {
  return reply.header('cache-control', 'no-store').header('vary', 'accept').type('application/json; charset=utf-8').send(JSON.stringify(body));
}

function sendCsv(reply: FastifyReply, name: string, text: string): FastifyReply {
  return reply
    .header('cache-control', 'no-store')
    .header('vary', 'accept')
    .type('text/csv; charset=utf-8; header=present')
    .header('content-disposition', `attachment; filename="${name}.csv"`)
    .send(text);
}
