/** What Prometheus learns of the query service: requests, store reads, and answers that were kept. */
import type { CellReader } from '@tidemark/pipeline';
import { latencyBucketsSeconds, type Metrics, noTracing, type Tracing } from '@tidemark/runtime';

export interface Telemetry {
  readonly metrics: Metrics;
  /** `route` is a pattern such as `/v1/kpis/:id`, never a path: paths are without number. */
  observeRequest(request: { route: string; method: string; status: number; seconds: number }): void;
  countAnswer(answer: { cached: boolean }): void;
  countRefusal(reason: 'unauthorized' | 'forbidden' | 'rate_limited'): void;
  countStream(change: 'opened' | 'closed' | 'dropped'): void;
  setStoreUp(store: CellReader['name'], isUp: boolean): void;
  /** The same reader, counted and timed. */
  measured(reader: CellReader): CellReader;
}

export function createTelemetry(metrics: Metrics, tracing: Tracing = noTracing): Telemetry {
  const requests = metrics.counter({
    name: 'http_requests_total',
    help: 'Requests by route, method and status.',
    labels: ['route', 'method', 'status'],
  });
  const durations = metrics.histogram({
    name: 'http_request_duration_seconds',
    help: 'From the first byte of a request to the last of its answer.',
    labels: ['route'],
    buckets: latencyBucketsSeconds,
  });
  const answers = metrics.counter({
    name: 'answers_total',
    help: 'Answers by whether their figures were kept from before (hit) or read (miss).',
    labels: ['cache'],
  });
  const reads = metrics.counter({
    name: 'store_reads_total',
    help: 'Calls of a store by method and outcome.',
    labels: ['store', 'method', 'outcome'],
  });
  const readSeconds = metrics.histogram({
    name: 'store_read_duration_seconds',
    help: 'Time that a call of a store took.',
    labels: ['store', 'method'],
    buckets: latencyBucketsSeconds,
  });
  const refusals = metrics.counter({ name: 'requests_refused_total', help: 'Requests turned away at the door, by reason.', labels: ['reason'] });
  const streams = metrics.gauge({ name: 'live_streams', help: 'Live streams that are open.' });
  const dropped = metrics.counter({
    name: 'live_streams_dropped_total',
    help: 'Live streams cut off because their readers took nothing for half a minute.',
  });
  const up = metrics.gauge({ name: 'store_up', help: '1 while the store answers.', labels: ['store'] });
  const timed = async <Answer>(store: string, method: string, call: () => Promise<Answer>): Promise<Answer> => {
    const startedMs = performance.now();
    try {
      const span = {
        name: `${store} ${method}`,
        kind: 'client',
        onlyInside: true,
        attributes: { 'tidemark.store': store, 'db.operation.name': method },
      } as const;
      const answer = await tracing.run(span, call);
      reads.with({ store, method, outcome: 'ok' }).add();
      return answer;
    } catch (error) {
      reads.with({ store, method, outcome: 'failed' }).add();
      throw error;
    } finally {
      readSeconds.with({ store, method }).observe((performance.now() - startedMs) / 1_000);
    }
  };
  return {
    metrics,
    observeRequest: ({ route, method, status, seconds }) => {
      requests.with({ route, method, status: String(status) }).add();
      durations.with({ route }).observe(seconds);
    },
    countAnswer: ({ cached }) => answers.with({ cache: cached ? 'hit' : 'miss' }).add(),
    countRefusal: (reason) => refusals.with({ reason }).add(),
    countStream: (change) => {
      if (change === 'dropped') dropped.with().add();
      else streams.with().add(change === 'opened' ? 1 : -1);
    },
    setStoreUp: (store, isUp) => up.with({ store }).set(isUp ? 1 : 0),
    measured: (reader) => ({
      name: reader.name,
      heads: (lineage, partitions) => timed(reader.name, 'heads', () => reader.heads(lineage, partitions)),
      read: (lineage, partitions, ranges, since) => timed(reader.name, 'read', () => reader.read(lineage, partitions, ranges, since)),
    }),
  };
}
