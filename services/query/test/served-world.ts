/** A service over in-memory stores for tests: a definition file and events in, the real decoder and fold, the real application out. */
import { createDecoder, describeEvent, partitionOf } from '@tidemark/codec';
import { createCalendars, DEFAULT_SETTINGS, lineageOf, type MetricSet, PartitionFold, rowValue, Vocabulary } from '@tidemark/core';
import { parseMetricSet } from '@tidemark/definitions';
import {
  type AnswerQuery,
  type CellRow,
  type CellSink,
  contributionsOf,
  createAnswerer,
  type HeadNote,
  NO_VERSION,
  Serving,
  versionOf,
} from '@tidemark/pipeline';
import { createLogger, createMetrics } from '@tidemark/runtime';
import {
  MemoryArchive,
  MemoryCellStore,
  MemoryCheckLedger,
  MemoryCheckpointStore,
  MemoryIncidentLedger,
  MemoryLineageJournal,
  MemoryOutcomeTrail,
  memoryActorArchive,
} from '@tidemark/testing';
import type { InjectOptions } from 'fastify';
import type { AppOptions } from '../src/app.ts';
import { buildApp } from '../src/app.ts';
import { answerFigure } from '../src/asking.ts';
import { EventHub } from '../src/inspect/event-hub.ts';
import { createTurns } from '../src/inspect/turns.ts';
import { followJournal } from '../src/journal.ts';
import { LiveHub, type LiveHubOptions } from '../src/live/live-hub.ts';
import { createPlanner } from '../src/metric-sets.ts';
import { createTelemetry } from '../src/telemetry.ts';
import { checkExchange } from './contract.ts';

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
  /** Served beside it, from the same events. */
  readonly moreSets?: readonly MetricSet[];
  /** Folded and published beside them, and served when the journal says so. */
  readonly unservedSets?: readonly MetricSet[];
  readonly events: Iterable<WorldEvent>;
  readonly partitionCount?: number;
  readonly note?: Partial<HeadNote>;
  readonly dashboardFolder?: string;
  readonly loopbackHostsOnly?: boolean;
  readonly answerTimeoutMs?: number;
  readonly access?: Partial<AppOptions['access']>;
  readonly live?: Partial<LiveHubOptions>;
  /** Published to in place of the in-memory stores; one that is away misses what it misses. */
  readonly sinks?: readonly CellSink[];
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
  const more = [...(options.moreSets ?? []), ...(options.unservedSets ?? [])].map((set) => ({
    set,
    lineage: lineageOf(set, DEFAULT_SETTINGS),
    folds: partitions.map(() => new PartitionFold({ set, settings: DEFAULT_SETTINGS, vocabulary, calendars })),
  }));
  const decoder = createDecoder(vocabulary);
  const archive = new MemoryArchive();
  const checkpoints = new MemoryCheckpointStore();
  const checks = new MemoryCheckLedger();
  const incidents = new MemoryIncidentLedger();
  const trail = new MemoryOutcomeTrail({ nowMs: clock.nowMs });
  const fold = (events: Iterable<WorldEvent>): void => {
    for (const { key, value } of events) {
      const bytes = Buffer.from(key);
      void archiveOne(archive, { key: bytes, value: Buffer.from(value), nowMs, folds });
      const partition = folds[partitionOf('murmur2', bytes, partitionCount)];
      const event = decoder.decode(bytes, Buffer.from(value));
      if (event === null || partition === undefined) throw new Error(`rejected as ${decoder.reason}: ${value}`);
      partition.apply(event, partition.state.next, nowMs);
      for (const { folds: others } of more) {
        const other = others[folds.indexOf(partition)];
        other?.apply(event, other.state.next, nowMs);
      }
    }
  };
  const sinks = options.sinks ?? [stores.redis.sink, stores.clickhouse.sink];
  /** `isOf`: which partitions of which lineages; default all. */
  const publish = async (
    note: Partial<HeadNote> = {},
    to: readonly CellSink[] = sinks,
    isOf: (lineage: string, partition: number) => boolean = () => true,
  ): Promise<void> => {
    const every = [{ lineage, folds }, ...more].flatMap((of) =>
      of.folds.flatMap((fold, partition) => (isOf(of.lineage, partition) ? [{ lineage: of.lineage, fold, partition, state: fold.state }] : [])),
    );
    for (const { lineage, fold, partition, state } of every) {
      for (const sink of to) {
        const clockMs = Number.isFinite(state.clockMs) ? state.clockMs : null;
        const written = sink.write({
          lineage,
          partition,
          publishId: `${partition}:${state.next}`,
          index: 0,
          last: true,
          target: versionOf(state.epoch, state.next),
          base: NO_VERSION,
          rows: rowsOf(fold),
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
        await (options.sinks === undefined ? written : written.catch(() => undefined));
      }
    }
  };
  fold(options.events);
  await publish();
  const lines: string[] = [];
  const telemetry = createTelemetry(createMetrics({ processMetrics: false }));
  const readers = { redis: telemetry.measured(stores.redis.reader), clickhouse: telemetry.measured(stores.clickhouse.reader) };
  const { latenessMs } = DEFAULT_SETTINGS;
  const files = [{ set, lineage }, ...more.slice(0, options.moreSets?.length ?? 0)];
  const logger = createLogger({ service: 'query', level: 'info', destination: { write: (line) => lines.push(line) } });
  const serving = new Serving({ partitions, nowMs: clock.nowMs, refused: (reason) => logger.error({ reason }, 'refused') });
  const answerer = createAnswerer({
    lineages: () => serving.polled,
    partitions,
    stores: readers,
    latenessMs,
    clock,
    answered: (lineage, heads) => serving.answered(lineage, heads),
  });
  const asking = { serving, answerer };
  const journal = new MemoryLineageJournal();
  const joined = { read: async () => ({ ...(await journal.journal.read()), isWhole: true, away: [] }) };
  const follow = followJournal({ journal: joined, planner: createPlanner(files, { latenessMs }), serving, logger });
  const liveFailures: unknown[] = [];
  const live = new LiveHub({
    asking,
    nowMs: clock.nowMs,
    instance: 'test',
    maxStreamsPerAsker: 10,
    maxStreams: 4_000,
    failed: (error) => liveFailures.push(error),
    changed: telemetry.countStream,
    ...options.live,
  });
  const events = new EventHub({
    trail: trail.trail,
    partitions,
    latenessMs,
    served: (name) => serving.catalogue.set(name),
    nowMs: clock.nowMs,
    maxStreamsPerAsker: 5,
    maxStreams: 10,
  });
  const app = await buildApp({
    asking,
    partitions,
    telemetry,
    logger,
    nowMs: clock.nowMs,
    dashboardFolder: options.dashboardFolder ?? null,
    loopbackHostsOnly: options.loopbackHostsOnly ?? true,
    access: { keys: [], corsOrigins: [], requestsPerSecond: 0, inspectWithoutKey: true, ...options.access },
    live,
    audit: { manifests: checkpoints.store, archive: archive.partitionArchive, checks: checks.ledger, incidents: incidents.ledger },
    inspection: { ...inspectionOver({ archive, partitions }), events },
    ...(options.answerTimeoutMs === undefined ? {} : { answerTimeoutMs: options.answerTimeoutMs }),
  });
  /** Every response is held against the committed contract. */
  const send = async (asked: InjectOptions & { readonly url: string }) => {
    const response = await app.inject(asked);
    checkExchange({ method: asked.method ?? 'GET', url: asked.url, status: response.statusCode, headers: response.headers, body: response.body });
    return response;
  };
  const get = async (url: string, headers: Record<string, string> = {}) => {
    const response = await send({ method: 'GET', url, headers });
    return { status: response.statusCode, headers: response.headers, text: response.body, json: (): Record<string, unknown> => response.json() };
  };
  /** What is served now, by the id of a metric. */
  const answer = async (metric: string, query: AnswerQuery) => {
    const kind = serving.catalogue.metric(metric)?.metric.kind;
    if (kind === undefined) throw new Error(`no metric ${metric}`);
    return await answerFigure(asking, { metric, kind, query });
  };
  /** One poll of both stores, and what follows from it. */
  const look = async (): Promise<void> => {
    await Promise.all([answerer.watch.poll('redis'), answerer.watch.poll('clickhouse')]);
    serving.look(answerer.watch);
  };
  const routes = routesIn(app.printRoutes({ commonPrefix: false }));
  return {
    app,
    routes,
    get,
    send,
    archive,
    checkpoints,
    checks,
    incidents,
    trail,
    events,
    stores,
    clock,
    fold,
    publish,
    answerer,
    answer,
    serving,
    journal: journal.journal,
    journalStore: journal,
    follow,
    look,
    live,
    liveFailures,
    lineage,
    lineages: more.map((each) => each.lineage),
    logLines: lines,
  };
}

export type ServedWorld = Awaited<ReturnType<typeof createServedWorld>>;

/** What the archiver would have written of a record that is about to be folded. */
async function archiveOne(
  archive: MemoryArchive,
  { key, value, nowMs, folds }: { key: Buffer; value: Buffer; nowMs: number; folds: readonly PartitionFold[] },
): Promise<void> {
  const partition = partitionOf('murmur2', key, folds.length);
  const offset = folds[partition]?.state.next ?? 0;
  const described = describeEvent(key, value);
  const reason = described.accepted ? '' : described.reason;
  const parsed = described.accepted ? described : null;
  const link = { epoch: 0, partition, from: offset, to: offset + 1, count: 1, hash: '' };
  await Promise.all([
    archive.archive.insert([{ epoch: 0, partition, offset, timestampMs: nowMs, key, value, control: false, parsed, reason }]),
    archive.archive.extendChain(link),
  ]);
}

function inspectionOver(of: { archive: MemoryArchive; partitions: readonly number[] }): Omit<AppOptions['inspection'], 'events'> {
  return {
    archive: { ...memoryActorArchive(of.archive), latestTimes: of.archive.checkArchive.latestTimes },
    contribute: async (asked) => contributionsOf(asked),
    history: { settings: DEFAULT_SETTINGS, partitioner: 'murmur2', partitionCount: of.partitions.length },
    turns: createTurns({ maxWaiting: 3 }),
  };
}

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

/** The full paths that take GET, from the tree that the framework prints: a path hangs under the one that it continues. */
function routesIn(tree: string): readonly string[] {
  const trail: string[] = [];
  return tree.split('\n').flatMap((line) => {
    const [, indent = '', part = '', methods = ''] = /^([│ ]*)[├└]── (\S+)(?: \((.*)\))?$/.exec(line) ?? [];
    trail.splice(indent.length / 4, trail.length, part);
    return methods.includes('GET') ? [trail.join('')] : [];
  });
}
