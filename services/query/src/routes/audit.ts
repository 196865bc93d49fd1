/** The path of the audit, for any key that may read. */
import type { FastifyInstance } from 'fastify';
import { type AuditContext, auditFacts } from '../audit.ts';
import { preferredType } from '../negotiation.ts';
import { Problem } from '../problems.ts';
import { noQuery, parseQuery } from '../schemas/query.ts';

/** It asks the archive about every partition: who asks more often gets the answer of a moment ago. */
const KEPT_MS = 1_000;

export function addAuditRoute(app: FastifyInstance, context: AuditContext & { readonly nowMs: () => number }): void {
  let kept: { readonly atMs: number; readonly facts: ReturnType<typeof auditFacts> } | null = null;
  app.get('/v1/audit', async (request, reply) => {
    parseQuery(noQuery, request.query);
    if (preferredType(request.headers.accept, ['application/json']) === null) {
      const message = 'this path answers in application/json';
      throw new Problem('not_acceptable', message, { errors: [{ pointer: '/header/accept', message }] });
    }
    const atMs = context.nowMs();
    if (kept === null || atMs - kept.atMs >= KEPT_MS || atMs < kept.atMs) kept = { atMs, facts: auditFacts(context) };
    const { facts } = kept;
    facts.catch(() => {
      kept = null;
    });
    return reply.header('cache-control', 'no-store').send(await facts);
  });
}
