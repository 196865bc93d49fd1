/** What traces are made of: spans, who opens them, and where they go. */

export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

export interface SpanSpec {
  /** A pattern, never a value: `GET /v1/kpis/:id`. */
  readonly name: string;
  readonly attributes?: SpanAttributes;
  /** Default `internal`. */
  readonly kind?: 'internal' | 'server' | 'client';
}

export interface Span {
  set(attributes: SpanAttributes): void;
  /** Marks the span as failed; the reason is bounded and without secrets. */
  fail(reason: unknown): void;
}

/** A span that its opener ends. */
export interface OpenSpan extends Span {
  /** Runs `work`; spans that begin in it, also later and behind an `await`, are this one's children. */
  within(work: () => void): void;
  end(): void;
}

export interface Tracing {
  /** Runs `work` in a span, a child of the one it is called in; with `onlyInside` without a span where there is none. Throws what `work` throws. */
  run<T>(spec: SpanSpec & { readonly onlyInside?: boolean }, work: (span: Span) => Promise<T>): Promise<T>;
  /** `traceparent` (W3C) continues the asker's trace; a broken one is ignored. */
  open(spec: SpanSpec & { readonly traceparent?: string | undefined }): OpenSpan;
  /** Sends what is left, for two seconds at most. */
  stop(): Promise<void>;
}

export interface TracingOptions {
  /** Undefined: no tracing. */
  readonly endpoint: string | undefined;
  readonly service: string;
  /** Of traces that begin here, 0 to 100. */
  readonly percent: number;
  readonly logger: { warn(fields: object, message: string): void };
  /** Default 5,000. */
  readonly exportIntervalMs?: number;
}
