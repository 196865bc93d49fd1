/** A service over in-memory stores for tests: a definition file and events in, the real decoder and fold, the real application out. */
import { createDecoder, partitionOf } from '@tidemark/codec';
import { createCalendars, DEFAULT_SETTINGS, lineageOf, type MetricSet, PartitionFold, rowValue, Vocabulary } from '@tidemark/core';
import { parseMetricSet } from '@tidemark/definitions';
import { type CellRow, createAnswerer, type HeadNote, NO_VERSION, versionOf } from '@tidemark/pipeline';
import { createLogger, createMetrics } from '@tidemark/runtime';
import { MemoryCellStore } from '@tidemark/testing';
import { buildApp } from '../src/app.ts';
import { createTelemetry } from '../src/telemetry.ts';

export const NOW_MS = Date.UTC(2026, 10, 21, 18);

export interface WorldEvent {
  readonly key: string;
  readonly value: string;
}

/** A `track` event of one actor. */
export function trackOf(event: string, userId: string, facts: { timestamp: string; messageId: string; properties?: object }): WorldEvent {
  return { key: userId, value: JSON.stringify({ type: 'track', event, userId, ...facts }) };
}

export function setOf(text: string, file = 'shop.yaml'): MetricSet {
  const parsed = parseMetricSet(text, { file });
  if (!parsed.ok) throw new Error(parsed.problems.map(({ line, message }) => `${line}: ${message}`).join('\n'));
  return parsed.set;
}

export interface WorldOptions {
  readonly set: MetricSet;
  readonly events: Iterable<WorldEvent>;
  readonly partitionCount?: number;
  readonly note?: Partial<HeadNote>;
  readonly dashboardFolder?: string;
  readonly loopbackHostsOnly?: boolean;
  readonly answerTimeoutMs?: number;
}

export async function createServedWorld(options: WorldOptions) {
  const { set, partitionCount = 2 } = options;
  const partitions = Array.from({ length: partitionCount }, (_, partition) => partition);
  const lineage = lineageOf(set, DEFAULT_SETTINGS);
  const stores = { redis: new MemoryCellStore('redis'), clickhouse: new MemoryCellStore('clickhouse') };
  let nowMs = NOW_MS;
  const clock = {
    nowMs: () => nowMs,
    sleep: async (ms: number) => {
      nowMs += ms;
    },
    advance: (ms: number) => {
      nowMs += ms;
    },
  };
  const vocabulary = new Vocabulary();
  const calendars = createCalendars();
  const folds = partitions.map(() => new PartitionFold({ set, settings: DEFAULT_SETTINGS, vocabulary, calendars }));
  const decoder = createDecoder(vocabulary);
  const fold = (events: Iterable<WorldEvent>): void => {
    for (const { key, value } of events) {
      const bytes = Buffer.from(key);
      const partition = folds[partitionOf('murmur2', bytes, partitionCount)];
      const event = decoder.decode(bytes, Buffer.from(value));
      if (event === null || partition === undefined) throw new Error(`rejected as ${decoder.reason}: ${value}`);
      partition.apply(event, partition.state.next, nowMs);
    }
  };
  const publish = async (note: Partial<HeadNote> = {}): Promise<void> => {
    for (const [partition, { state }] of folds.entries()) {
      for (const store of [stores.redis, stores.clickhouse]) {
        const clockMs = Number.isFinite(state.clockMs) ? state.clockMs : null;
        await store.sink.write({
          lineage,
          partition,
          publishId: `${partition}:${state.next}`,
          index: 0,
          last: true,
          target: versionOf(state.epoch, state.next),
          base: NO_VERSION,
          rows: rowsOf(folds[partition]),
          note: {
            clockMs,
            counters: state.counters.toRecord(),
            overflow: state.dictionaries.some(({ overflow }) => overflow),
            partitionCount,
            publishedAtMs: nowMs,
            confirmedAtMs: nowMs,
            atEnd: true,
            fingerprint: '',
            ...options.note,
            ...note,
          },
        });
      }
    }
  };
  fold(options.events);
  await publish();
  const lines: string[] = [];
  const telemetry = createTelemetry(createMetrics({ processMetrics: false }));
  const readers = { redis: telemetry.measured(stores.redis.reader), clickhouse: telemetry.measured(stores.clickhouse.reader) };
  const sets = [{ set, lineage }];
  const answerer = createAnswerer({ sets, partitions, stores: readers, latenessMs: DEFAULT_SETTINGS.latenessMs, clock });
  const app = await buildApp({
    answerer,
    sets,
    partitions,
    telemetry,
    logger: createLogger({ service: 'query', level: 'info', destination: { write: (line) => lines.push(line) } }),
    nowMs: clock.nowMs,
    dashboardFolder: options.dashboardFolder ?? null,
    loopbackHostsOnly: options.loopbackHostsOnly ?? true,
    ...(options.answerTimeoutMs === undefined ? {} : { answerTimeoutMs: options.answerTimeoutMs }),
  });
  const get = async (url: string, headers: Record<string, string> = {}) => {
    const response = await app.inject({ method: 'GET', url, headers });
    return { status: response.statusCode, headers: response.headers, text: response.body, json: (): Record<string, unknown> => response.json() };
  };
  return { app, get, stores, clock, fold, publish, answerer, lineage, logLines: lines };
}

export type ServedWorld = Awaited<ReturnType<typeof createServedWorld>>;

/** All rows of a partition as a worker publishes them. */
function rowsOf(fold: PartitionFold | undefined): CellRow[] {
  const rows: CellRow[] = [];
  if (fold === undefined) return rows;
  const { state } = fold;
  for (const row of state.changes.all()) {
    const { metric, name } = row.table.shape;
    const value = rowValue(row.table.shape, state.dictionaries, row.label);
    rows.push({ metric, table: name, bucket: row.bucket, value, version: versionOf(row.epoch, row.next), cells: Array.from(row.cells) });
  }
  return rows;
}
