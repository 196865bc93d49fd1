/** Spans by OpenTelemetry, sent in batches as OTLP over HTTP. Loaded only when tracing is on; registers nothing globally. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { type Context, type Span as OtelSpan, ROOT_CONTEXT, SpanKind, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, ParentBasedSampler, type SpanExporter, TraceIdRatioBasedSampler, TracerProvider } from '@opentelemetry/sdk-trace';
import { boundText, redactText } from './redact.ts';
import type { OpenSpan, Span, SpanSpec, Tracing, TracingOptions } from './spans.ts';

const exportTimeoutMs = 5_000;
const stopTimeoutMs = 2_000;
const maxReasonChars = 300;
const maxAttributeChars = 200;
const kinds = { internal: SpanKind.INTERNAL, server: SpanKind.SERVER, client: SpanKind.CLIENT };

export function createOtlpTracing(options: TracingOptions & { readonly endpoint: string }): Tracing {
  const { url, headers } = target(options.endpoint);
  const exporter = reporting(new OTLPTraceExporter({ url, headers, timeoutMillis: exportTimeoutMs }), options.logger);
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': `tidemark-${options.service}`, 'service.instance.id': `${process.pid}` }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(options.percent / 100) }),
    spanLimits: { attributeValueLengthLimit: maxAttributeChars },
    spanProcessors: [
      new BatchSpanProcessor({ exporter, scheduledDelayMillis: options.exportIntervalMs ?? 5_000, exportTimeoutMillis: exportTimeoutMs }),
    ],
  });
  const tracer = provider.getTracer('tidemark');
  const current = new AsyncLocalStorage<Context>();
  return {
    run: async ({ onlyInside = false, ...spec }, work) => {
      const parent = current.getStore();
      if (parent === undefined && onlyInside) return work({ set: () => {}, fail: () => {} });
      const span = begin(tracer, spec, parent ?? ROOT_CONTEXT);
      try {
        return await current.run(trace.setSpan(parent ?? ROOT_CONTEXT, span), () => work(spanOf(span)));
      } catch (error) {
        spanOf(span).fail(error);
        throw error;
      } finally {
        span.end();
      }
    },
    open: ({ traceparent, ...spec }): OpenSpan => {
      const parent = continued(traceparent);
      const span = begin(tracer, spec, parent);
      return { ...spanOf(span), within: (work) => current.run(trace.setSpan(parent, span), work), end: () => span.end() };
    },
    stop: () => withinTime(provider.shutdown()),
  };
}

/** Credentials in the address become a header, as everywhere in the project. */
function target(endpoint: string): { url: string; headers: Record<string, string> } {
  const url = new URL(endpoint);
  const { username, password } = url;
  url.username = '';
  url.password = '';
  if (!url.pathname.endsWith('/v1/traces')) url.pathname = `${url.pathname.replace(/\/$/, '')}/v1/traces`;
  const credentials = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64');
  return { url: url.href, headers: username === '' && password === '' ? {} : { authorization: `Basic ${credentials}` } };
}

/** Lost spans are one line in the log, until a batch is accepted again. */
function reporting(exporter: SpanExporter, logger: TracingOptions['logger']): SpanExporter {
  let failing = false;
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        // 0 is success; the enum lives in a package of its own.
        const failed = result.code !== 0;
        if (failed && !failing) logger.warn({ err: result.error }, 'the collector does not accept traces, they are dropped');
        failing = failed;
        done(result);
      }),
    shutdown: () => exporter.shutdown(),
    forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
  };
}

function begin(tracer: Tracer, { name, attributes = {}, kind = 'internal' }: SpanSpec, parent: Context): OtelSpan {
  return tracer.startSpan(name, { attributes: { ...attributes }, kind: kinds[kind] }, parent);
}

function spanOf(span: OtelSpan): Span {
  return {
    set: (attributes) => {
      span.setAttributes({ ...attributes });
    },
    fail: (reason) => {
      const message = reason instanceof Error ? reason.message : String(reason);
      span.setStatus({ code: SpanStatusCode.ERROR, message: boundText(redactText(boundText(message, 10 * maxReasonChars)), maxReasonChars) });
    },
  };
}

/** The context of a `traceparent` header: version, trace id, parent id, flags. */
function continued(traceparent: string | undefined): Context {
  const [, traceId = '', spanId = '', flags = '00'] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(traceparent ?? '') ?? [];
  if (/^0*$/.test(traceId) || /^0*$/.test(spanId)) return ROOT_CONTEXT;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true });
}

/** A collector that is away must not keep a service from stopping. */
async function withinTime(stopping: Promise<void>): Promise<void> {
  const expired = Promise.withResolvers<void>();
  const timer = setTimeout(expired.resolve, stopTimeoutMs);
  await Promise.race([stopping.catch(() => {}), expired.promise]);
  clearTimeout(timer);
}
