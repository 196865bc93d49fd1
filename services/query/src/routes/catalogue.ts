/** The paths that describe what can be asked: metrics and sets. */
import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Asking, metricAt, setAt, setsOf } from '../asking.ts';
import { boardFacts } from '../board.ts';
import { metricFacts, metricFactsWithValues, setFacts } from '../catalogue.ts';
import { createLineagesFacts } from '../lineages.ts';
import { hasTag, preferredType } from '../negotiation.ts';
import { Problem } from '../problems.ts';
import { openApiText } from '../schemas/openapi.ts';
import { metricQuery, noQuery, parseQuery, revisionIn } from '../schemas/query.ts';

export interface CatalogueContext {
  readonly asking: Asking;
  readonly nowMs: () => number;
}

export function addCatalogueRoutes(app: FastifyInstance, { asking, nowMs }: CatalogueContext): void {
  const { serving, answerer } = asking;
  app.get('/v1/metrics', (request, reply) => {
    parseQuery(noQuery, request.query);
    return sendJson(request, reply, { metrics: serving.catalogue.metrics.map(metricFacts) });
  });
  app.get<{ Params: { id: string } }>('/v1/metrics/:id', async (request, reply) => {
    const asked = { metric: request.params.id, revision: revisionIn(request.query) };
    metricAt(serving.catalogue, asked);
    parseQuery(metricQuery, request.query);
    const sets = setsOf(serving.catalogue, asked);
    const facts = await serving.ask(sets, async (catalogue) => await metricFactsWithValues(metricAt(catalogue, asked), answerer));
    return sendJson(request, reply, facts);
  });
  app.get('/v1/sets', async (request, reply) => {
    parseQuery(noQuery, request.query);
    const sets = await serving.ask(null, async (catalogue) => await Promise.all(catalogue.sets.map((served) => setFacts(served, answerer, nowMs()))));
    return sendJson(request, reply, { sets });
  });
  app.get<{ Params: { set: string } }>('/v1/board/:set', async (request, reply) => {
    parseQuery(noQuery, request.query);
    const name = request.params.set;
    const board = await serving.ask([name], async (catalogue) => await boardFacts(setAt(catalogue, name, '/path/set'), catalogue, answerer));
    return sendJson(request, reply, board);
  });
  const lineagesFacts = createLineagesFacts(asking);
  app.get('/v1/lineages', async (request, reply) => {
    parseQuery(noQuery, request.query);
    return sendJson(request, reply, await lineagesFacts());
  });
  addContractRoutes(app);
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
