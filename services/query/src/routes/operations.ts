/** The paths for operators: liveness, readiness, Prometheus. */
import type { FastifyInstance } from 'fastify';
import type { Asking } from '../asking.ts';
import { readiness } from '../readiness.ts';
import type { Telemetry } from '../telemetry.ts';

export interface OperationsContext {
  readonly asking: Asking;
  readonly partitions: readonly number[];
  readonly telemetry: Telemetry;
}

export function addOperationRoutes(app: FastifyInstance, { asking, partitions, telemetry }: OperationsContext): void {
  app.get('/livez', (_request, reply) => reply.type('text/plain; charset=utf-8').header('cache-control', 'no-store').send('ok\n'));
  app.get('/readyz', async (_request, reply) => {
    const body = await readiness(asking, partitions);
    return reply
      .code(body.ready ? 200 : 503)
      .header('cache-control', 'no-store')
      .send(body);
  });
  app.get('/metrics', async (_request, reply) =>
    reply
      .type(telemetry.metrics.contentType)
      .header('cache-control', 'no-store')
      .send(await telemetry.metrics.text()),
  );
}
