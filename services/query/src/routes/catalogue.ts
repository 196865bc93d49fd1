/** The paths that describe what can be asked: metrics and sets. */
import { createHash } from 'node:crypto';
import type { Answerer, ServedSet } from '@tidemark/pipeline';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { boardFacts } from '../board.ts';
import { metricFacts, metricFactsWithValues, setFacts } from '../catalogue.ts';
import { hasTag, preferredType } from '../negotiation.ts';
import { Problem } from '../problems.ts';
import { openApiText } from '../schemas/openapi.ts';
import { noQuery, parseQuery } from '../schemas/query.ts';
import { metricAt } from './answers.ts';

export interface CatalogueContext {
  readonly answerer: Answerer;
  readonly sets: readonly ServedSet[];
  readonly nowMs: () => number;
}

export function addCatalogueRoutes(app: FastifyInstance, { answerer, sets, nowMs }: CatalogueContext): void {
  app.get('/v1/metrics', (request, reply) => {
    parseQuery(noQuery, request.query);
    return sendJson(request, reply, { metrics: answerer.metrics.map(metricFacts) });
  });
  app.get<{ Params: { id: string } }>('/v1/metrics/:id', async (request, reply) => {
    parseQuery(noQuery, request.query);
    const { id } = metricAt(answerer, request.params.id);
    const served = answerer.metric(id);
    if (served === undefined) throw new Error(`metric ${id} has gone`);
    return sendJson(request, reply, await metricFactsWithValues(served, answerer));
  });
  app.get('/v1/sets', async (request, reply) => {
    parseQuery(noQuery, request.query);
    return sendJson(request, reply, { sets: await Promise.all(sets.map((served) => setFacts(served, answerer, nowMs()))) });
  });
  app.get<{ Params: { set: string } }>('/v1/board/:set', async (request, reply) => {
    parseQuery(noQuery, request.query);
    return sendJson(request, reply, await boardFacts(setAt(sets, request.params.set, '/path/set'), answerer));
  });
  addContractRoutes(app);
}

export function setAt(sets: readonly ServedSet[], name: string, pointer: string): ServedSet {
  const served = sets.find(({ set }) => set.name === name);
  if (served !== undefined) return served;
  const message = `no set is called ${JSON.stringify(name.slice(0, 80))}: /v1/sets lists them`;
  throw new Problem('unknown_set', message, { errors: [{ pointer, message }] });
}

/** Made at the first request and kept. */
function addContractRoutes(app: FastifyInstance): void {
  let text: string | null = null;
  for (const path of ['/openapi.json', '/v1/openapi.json']) {
    app.get(path, (request, reply) => {
      parseQuery(noQuery, request.query);
      text ??= openApiText();
      return sendJsonText(request, reply, text);
    });
  }
}

function sendJson(request: FastifyRequest, reply: FastifyReply, body: object): FastifyReply {
  return sendJsonText(request, reply, JSON.stringify(body));
}

function sendJsonText(request: FastifyRequest, reply: FastifyReply, text: string): FastifyReply {
  if (preferredType(request.headers.accept, ['application/json']) === null) {
    const message = 'this path answers in application/json';
    throw new Problem('not_acceptable', message, { errors: [{ pointer: '/header/accept', message }] });
  }
  const tag = `"${createHash('sha256').update(text).digest('base64url').slice(0, 32)}"`;
  reply.header('etag', tag).header('vary', 'accept');
  if (hasTag(request.headers['if-none-match'], tag)) return reply.code(304).send();
  return reply.type('application/json; charset=utf-8').send(text);
}
