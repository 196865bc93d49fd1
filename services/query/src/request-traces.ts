/** A span for every request, with the reads of the stores inside; the asker's `traceparent` is continued. */
import type { OpenSpan, Tracing } from '@tidemark/runtime';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** Routes are patterns: neither paths nor questions, which hold values and may hold secrets, are told to the collector. Call it before the other hooks. */
export function addRequestTraces(app: FastifyInstance, tracing: Tracing): void {
  const spans = new WeakMap<FastifyRequest, OpenSpan>();
  app.addHook('onRequest', (request, _reply, done) => {
    const route = request.routeOptions.url ?? 'none';
    const { traceparent } = request.headers;
    const span = tracing.open({
      name: `${request.method} ${route}`,
      kind: 'server',
      traceparent: typeof traceparent === 'string' ? traceparent : undefined,
      attributes: { 'http.request.method': request.method, 'http.route': route },
    });
    spans.set(request, span);
    span.within(done);
  });
  app.addHook('onResponse', (request, reply, done) => {
    const span = spans.get(request);
    span?.set({ 'http.response.status_code': reply.statusCode });
    if (reply.statusCode >= 500) span?.fail(`answered ${reply.statusCode}`);
    span?.end();
    done();
  });
}
