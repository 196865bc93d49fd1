/** Traces of what a service does, sent to a collector when its address is configured; without one nothing is loaded and nothing is done. */
import { integerField, urlField } from './fields.ts';
import type { OpenSpan, Tracing, TracingOptions } from './spans.ts';

/** The variables of a service that can be traced, for its schema. `OTEL_EXPORTER_OTLP_HEADERS` (a secret, such as the collector's key) is read by the exporter itself. */
export const tracingVariables = {
  /** The collector's address, without `/v1/traces`. */
  TIDEMARK_OTLP_ENDPOINT: urlField({ example: 'http://127.0.0.1:4318' }).optional(),
  /** Of the traces that begin here; a request that brings a `traceparent` is traced as that says. */
  TIDEMARK_TRACE_PERCENT: integerField({ min: 0, max: 100 }).default(100),
};

const nothing: OpenSpan = { set: () => {}, fail: () => {}, within: (work) => work(), end: () => {} };

/** Traces nothing. */
export const noTracing: Tracing = { run: (_spec, work) => work(nothing), open: () => nothing, stop: async () => {} };

/** Loads the exporter only where there is somewhere to send to. */
export async function startTracing(options: TracingOptions): Promise<Tracing> {
  const { endpoint } = options;
  if (endpoint === undefined) return noTracing;
  const { createOtlpTracing } = await import('./otlp-tracing.ts');
  return createOtlpTracing({ ...options, endpoint });
}
