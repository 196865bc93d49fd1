// Spans reach a collector as OTLP over HTTP, nested and without secrets; switched off, nothing of OpenTelemetry is loaded.
import { spawnSync } from 'node:child_process';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { noTracing, startTracing } from '../src/tracing.ts';

interface SentSpan {
  readonly name: string;
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly status: { readonly code?: number; readonly message?: string };
  readonly attributes: readonly { readonly key: string; readonly value: object }[];
}

const endings: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0)) await end();
});

/** A collector that keeps what it is sent; `status` is its answer to everything. */
async function collector(status = 200): Promise<{ url: string; spans: SentSpan[]; headers: Record<string, unknown>[]; services: string[] }> {
  const spans: SentSpan[] = [];
  const headers: Record<string, unknown>[] = [];
  const services: string[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    headers.push({ url: request.url, ...request.headers });
    const body = JSON.parse(Buffer.concat(chunks).toString());
    for (const { resource, scopeSpans } of body.resourceSpans) {
      services.push(resource.attributes.find((each: { key: string }) => each.key === 'service.name').value.stringValue);
      for (const { spans: sent } of scopeSpans) spans.push(...sent);
    }
    response.writeHead(status, { 'content-type': 'application/json' }).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  endings.push(() => new Promise((resolve) => server.close(() => resolve())));
  const address = server.address();
  return { url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`, spans, headers, services };
}

const quiet = { warn: () => {} };
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

test('spans arrive nested, named and failed, continuing the trace of who asked', async () => {
  const { url, spans, headers, services } = await collector();
  const tracing = await startTracing({ endpoint: url, service: 'query', percent: 100, logger: quiet });
  const request = tracing.open({ name: 'GET /v1/kpis/:id', kind: 'server', traceparent, attributes: { 'http.request.method': 'GET' } });
  await new Promise<void>((resolve) => {
    request.within(() => {
      const read = tracing.run({ name: 'redis read', kind: 'client', onlyInside: true }, async () => {
        await new Promise((next) => setTimeout(next, 1));
        throw new Error('connect redis://u:hunter2@h:6379 refused');
      });
      read.catch(() => resolve());
    });
  });
  request.set({ 'http.response.status_code': 503 });
  request.end();
  await tracing.run({ name: 'redis heads', onlyInside: true }, async () => {});
  await tracing.stop();
  const [child, parent] = [spans.find(({ name }) => name === 'redis read'), spans.find(({ name }) => name === 'GET /v1/kpis/:id')];
  expect(spans).toHaveLength(2);
  expect(parent).toMatchObject({ traceId: traceparent.slice(3, 35), parentSpanId: traceparent.slice(36, 52), kind: 2 });
  expect(parent?.attributes).toContainEqual({ key: 'http.response.status_code', value: { intValue: 503 } });
  expect(child).toMatchObject({
    traceId: parent?.traceId,
    parentSpanId: parent?.spanId,
    status: { code: 2, message: 'connect redis://***@h:6379 refused' },
  });
  expect(headers[0]).toMatchObject({ url: '/v1/traces', 'content-type': 'application/json' });
  expect(services).toEqual(['tidemark-query']);
});

test('credentials of the address travel as a header', async () => {
  const { url, headers } = await collector();
  const tracing = await startTracing({ endpoint: url.replace('//', '//me:secret%21@'), service: 'worker', percent: 100, logger: quiet });
  await tracing.run({ name: 'publish' }, async () => {});
  await tracing.stop();
  expect(headers[0]).toMatchObject({ authorization: `Basic ${Buffer.from('me:secret!').toString('base64')}` });
});

test.each([undefined, 'nonsense', `00-${'0'.repeat(32)}-b7ad6b7169203331-01`])(
  'with the traceparent %s a trace of its own begins',
  async (broken) => {
    const { url, spans } = await collector();
    const tracing = await startTracing({ endpoint: url, service: 'query', percent: 100, logger: quiet });
    tracing.open({ name: 'GET /', traceparent: broken }).end();
    await tracing.stop();
    expect(spans[0]?.parentSpanId ?? '').toBe('');
  },
);

test('at no percent nothing is sent, but who asks with a sampled traceparent is traced', async () => {
  const { url, spans } = await collector();
  const tracing = await startTracing({ endpoint: url, service: 'query', percent: 0, logger: quiet });
  tracing.open({ name: 'ours' }).end();
  tracing.open({ name: 'theirs', traceparent }).end();
  await tracing.stop();
  expect(spans.map(({ name }) => name)).toEqual(['theirs']);
});

test('a collector that refuses is one line in the log, and stopping does not wait for it', async () => {
  const { url } = await collector(400);
  const lines: string[] = [];
  const logger = { warn: (_fields: object, message: string) => void lines.push(message) };
  const tracing = await startTracing({ endpoint: url, service: 'query', percent: 100, logger, exportIntervalMs: 5 });
  for (let round = 0; round < 3; round++) {
    tracing.open({ name: 'GET /' }).end();
    await new Promise((resolve) => setTimeout(resolve, 40));
  }
  const startedMs = performance.now();
  await tracing.stop();
  expect(performance.now() - startedMs).toBeLessThan(2_500);
  expect(lines).toEqual(['the collector does not accept traces, they are dropped']);
});

test('without an address there is no tracing, and what runs in a span runs all the same', async () => {
  expect(await startTracing({ endpoint: undefined, service: 'query', percent: 100, logger: quiet })).toBe(noTracing);
  const answer = await noTracing.run({ name: 'x' }, async (span) => {
    span.set({ a: 1 });
    return 5;
  });
  expect(answer).toBe(5);
  let ran = false;
  noTracing.open({ name: 'x' }).within(() => {
    ran = true;
  });
  expect(ran).toBe(true);
});

// prom-client itself loads the small API package.
test('switched off, nothing of OpenTelemetry that traces is loaded', () => {
  const program = `
    import { registerHooks } from 'node:module';
    const seen = [];
    registerHooks({ resolve: (specifier, context, next) => (/^@opentelemetry\\/(?!api)/.test(specifier) && seen.push(specifier), next(specifier, context)) });
    const { startTracing } = await import(${JSON.stringify(join(import.meta.dirname, '../src/index.ts'))});
    await startTracing({ endpoint: undefined, service: 'x', percent: 100, logger: console });
    const off = seen.length;
    await startTracing({ endpoint: 'http://127.0.0.1:9', service: 'x', percent: 100, logger: console });
    console.log(off, seen.length > 0);
    process.exit(0);`;
  const { stdout, stderr } = spawnSync('node', ['--input-type=module', '-e', program], { encoding: 'utf8', cwd: join(import.meta.dirname, '..') });
  expect(`${stdout}${stderr}`.trim()).toBe('0 true');
});
