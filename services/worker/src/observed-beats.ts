/** Publishes and checkpoints as an operator sees them: how long each took, and, where traces are sent, a span with the calls of the stores inside. */
import type { CellSink, CheckpointStore, ObserveBeat, Stores } from '@tidemark/pipeline';
import { latencyBucketsSeconds, type Metrics, noTracing, type SpanAttributes, type Tracing } from '@tidemark/runtime';

/** What to hand to the worker as `observe`. */
export function createBeatObserver(metrics: Metrics, tracing: Tracing): ObserveBeat {
  const publishSeconds = metrics.histogram({
    name: 'publish_duration_seconds',
    help: 'Time that a publish of one partition of one lineage took, whatever its result.',
    labels: ['sink'],
    buckets: latencyBucketsSeconds,
  });
  const checkpointSeconds = metrics.histogram({
    name: 'checkpoint_duration_seconds',
    help: 'Time that a checkpoint of one partition of one lineage took, whatever its result.',
    buckets: latencyBucketsSeconds,
  });
  return ({ beat, sink, lineage, partition }, run) => {
    const name = sink === undefined ? beat : `${beat} ${sink}`;
    return tracing.run({ name, attributes: { 'tidemark.lineage': lineage, 'tidemark.partition': partition } }, async (span) => {
      const startedMs = performance.now();
      try {
        const outcome = await run();
        const { result, rows, bytes } = outcome;
        span.set({
          'tidemark.result': result,
          ...(rows === undefined ? {} : { 'tidemark.rows': rows }),
          ...(bytes === undefined ? {} : { 'tidemark.bytes': bytes }),
        });
        return outcome;
      } finally {
        const seconds = (performance.now() - startedMs) / 1_000;
        if (sink === undefined) checkpointSeconds.with().observe(seconds);
        else publishSeconds.with({ sink }).observe(seconds);
      }
    });
  };
}

/** The same stores; each call that belongs to a traced beat is a span inside it. */
export function tracedStores(stores: Stores, tracing: Tracing): Stores {
  if (tracing === noTracing) return stores;
  return {
    redis: tracedSink(stores.redis, tracing),
    clickhouse: tracedSink(stores.clickhouse, tracing),
    checkpoints: tracedCheckpoints(stores.checkpoints, tracing),
  };
}

function tracedSink(sink: CellSink, tracing: Tracing): CellSink {
  const call = callOf(tracing, sink.name);
  return {
    name: sink.name,
    partLimits: sink.partLimits,
    head: (lineage, partition) => call('head', {}, () => sink.head(lineage, partition)),
    write: (part) => call('write', { 'tidemark.rows': part.rows.length, 'tidemark.last': part.last }, () => sink.write(part)),
    rowsBetween: (lineage, partition, above, upTo) => call('rowsBetween', {}, () => sink.rowsBetween(lineage, partition, above, upTo)),
  };
}

function tracedCheckpoints(store: CheckpointStore, tracing: Tracing): CheckpointStore {
  const call = callOf(tracing, 'checkpoints');
  return {
    manifest: (lineage, partition) => call('manifest', {}, () => store.manifest(lineage, partition)),
    segment: (lineage, partition, key) => call('segment', {}, () => store.segment(lineage, partition, key)),
    saveSegment: (lineage, partition, key, bytes) =>
      call('saveSegment', { 'tidemark.bytes': bytes.byteLength }, () => store.saveSegment(lineage, partition, key, bytes)),
    replaceManifest: (previousId, manifest) => call('replaceManifest', {}, () => store.replaceManifest(previousId, manifest)),
  };
}

function callOf(tracing: Tracing, store: string): <T>(operation: string, attributes: SpanAttributes, run: () => Promise<T>) => Promise<T> {
  return (operation, attributes, run) => {
    const named = { 'tidemark.store': store, 'db.operation.name': operation, ...attributes };
    return tracing.run({ name: `${store} ${operation}`, kind: 'client', onlyInside: true, attributes: named }, run);
  };
}
