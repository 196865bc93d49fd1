/** The paths that answer questions about metrics, as JSON or CSV, with an entity tag. */
import type { Answered } from '@tidemark/pipeline';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Asking, answerFigure, figureAt } from '../asking.ts';
import { csvText } from '../csv.ts';
import { tableOf } from '../csv-tables.ts';
import { KIND_PATHS, KINDS } from '../kinds.ts';
import { hasTag, preferredType } from '../negotiation.ts';
import { Problem } from '../problems.ts';
import { parseQuery, revisionIn } from '../schemas/query.ts';
import type { Telemetry } from '../telemetry.ts';

const TYPES = ['application/json', 'text/csv'] as const;
type AnswerType = (typeof TYPES)[number];

export function addAnswerRoutes(app: FastifyInstance, { asking, telemetry }: { asking: Asking; telemetry: Telemetry }): void {
  for (const kind of KINDS) {
    const { path, query: schema } = KIND_PATHS[kind];
    app.get<{ Params: { id: string } }>(`/v1/${path}/:id`, async (request, reply) => {
      const { id } = request.params;
      figureAt(asking.serving.catalogue, { metric: id, kind, revision: revisionIn(request.query) });
      const type = typeFor(request);
      const { revision, ...query } = parseQuery(schema, request.query);
      const answered = await answerFigure(asking, { metric: id, kind, revision, query });
      telemetry.countAnswer(answered);
      return sendAnswer(request, reply, { answered, type, isSliced: query.slice !== undefined });
    });
  }
}

function typeFor(request: FastifyRequest): AnswerType {
  const type = preferredType(request.headers.accept, TYPES);
  if (type !== null) return type;
  const message = `answers come as ${TYPES.join(' or ')}`;
  throw new Problem('not_acceptable', message, { errors: [{ pointer: '/header/accept', message }] });
}

/** The two forms of an answer are two representations, and have two tags. */
function sendAnswer(request: FastifyRequest, reply: FastifyReply, answer: { answered: Answered; type: AnswerType; isSliced: boolean }): FastifyReply {
  const { answered, type, isSliced } = answer;
  const { body, etag } = answered;
  const tag = `"${etag}${type === 'text/csv' ? '.csv' : ''}"`;
  reply.header('etag', tag).header('vary', 'accept');
  if (hasTag(request.headers['if-none-match'], tag)) return reply.code(304).send();
  if (type === 'application/json') return reply.type('application/json; charset=utf-8').send(JSON.stringify(body));
  return reply
    .type('text/csv; charset=utf-8; header=present')
    .header('content-disposition', `attachment; filename="${body.metric}.csv"`)
    .header('tidemark-as-of', asciiJson({ lineage: body.lineage, revision: body.revision, from: body.from, to: body.to, ...body.asOf }))
    .send(csvText(tableOf(body, { kind: answered.metric.kind, isSliced })));
}

/** JSON that a header can carry: reasons of halts are text. */
function asciiJson(value: object): string {
  return JSON.stringify(value).replace(/[^\x20-\x7e]/g, (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
