// A traced request reaches the collector as one span, with the store reads that it caused inside, and without what was asked.
import { createServer } from 'node:http';
import type { CellReader } from '@tidemark/pipeline';
import { createMetrics, startTracing } from '@tidemark/runtime';
import fastify from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addRequestTraces } from '../src/request-traces.ts';
import { createTelemetry } from '../src/telemetry.ts';

interface SentSpan {
  readonly name: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly status: { readonly code?: number };
}

const spans: SentSpan[] = [];
const bodies: string[] = [];
const collector = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks).toString();
  bodies.push(body);
  for (const { scopeSpans } of JSON.parse(body).resourceSpans) for (const scope of scopeSpans) spans.push(...scope.spans);
  response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
});
let endpoint = '';

beforeAll(async () => {
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  const address = collector.address();
  endpoint = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
});
afterAll(() => new Promise<void>((resolve) => collector.close(() => resolve())));

test('a request is a span, its store reads are inside, and its question is not told', async () => {
  const tracing = await startTracing({ endpoint, service: 'query', percent: 100, logger: { warn: () => {} } });
  const reader: CellReader = {
    name: 'redis',
    heads: async () => [],
    read: async () => {
      throw new Error('gone');
    },
  };
  const measured = createTelemetry(createMetrics({ processMetrics: false }), tracing).measured(reader);
  const app = fastify();
  addRequestTraces(app, tracing);
  app.get('/v1/kpis/:id', async () => {
    await new Promise((resolve) => setTimeout(resolve, 1));
    await measured.heads('lineage', [0]);
    return 'ok';
  });
  app.get('/broken', () => measured.read('lineage', [0], []));
  await app.inject({ url: '/v1/kpis/hunter2?value=hunter2', headers: { authorization: 'Bearer hunter2hunter2' } });
  await app.inject('/broken');
  // A poll is nobody's request.
  await measured.heads('lineage', [0]);
  await app.close();
  await tracing.stop();
  const named = (name: string): SentSpan | undefined => spans.find((span) => span.name === name);
  expect(spans.map(({ name }) => name).sort()).toEqual(['GET /broken', 'GET /v1/kpis/:id', 'redis heads', 'redis read']);
  expect(named('redis heads')?.parentSpanId).toBe(named('GET /v1/kpis/:id')?.spanId);
  expect(named('redis read')).toMatchObject({ parentSpanId: named('GET /broken')?.spanId, status: { code: 2 } });
  expect(named('GET /broken')?.status.code).toBe(2);
  expect(bodies.join('')).not.toContain('hunter2');
});
