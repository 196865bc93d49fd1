/** Makes the Worker of a group of lineages: what all groups of one process have in common, and a membership of its own. */
import { randomUUID } from 'node:crypto';
import { type ClickHouseConnection, createClickHouseCellSink } from '@tidemark/clickhouse';
import type { FoldSettings } from '@tidemark/core';
import { createEventLog, type KafkaConnection, membersOf } from '@tidemark/kafka';
import { type Beats, type LogIdentity, type LogWriter, Worker, type WorkerEvent } from '@tidemark/pipeline';
import { createRedisCellSink, createRedisOperatorRequests, createRedisOutcomeTrail, type RedisConnection } from '@tidemark/redis';
import { type Metrics, systemClock, type Tracing } from '@tidemark/runtime';
import type { WorkerConfig } from './config.ts';
import { createBeatObserver, tracedStores } from './observed-beats.ts';
import type { Past } from './past.ts';
import type { GroupWorker, WorkerGroup } from './supervisor.ts';

export interface GroupWorkerOptions {
  readonly config: WorkerConfig;
  readonly kafka: KafkaConnection;
  readonly redis: RedisConnection;
  readonly clickhouse: ClickHouseConnection;
  readonly identity: LogIdentity;
  readonly past: Past;
  readonly settings: FoldSettings;
  readonly writer: LogWriter;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  readonly report: (event: WorkerEvent) => void;
}

/** Every owner tells Redis that it is there; one that has been silent for longer has gone. */
const CONFIRM_MS = 1_000;
const SILENT_MS = CONFIRM_MS + 500;
/** What is fetched is folded without a pause: one or two milliseconds a partition. */
const SHORT_TURN_BYTES = 128 * 1024;

/** Answers what makes a Worker for a group; each has a consumer group of its own, and all write to the same stores under their lineages' names. */
export function createGroupWorkers(options: GroupWorkerOptions): (group: WorkerGroup) => GroupWorker {
  const { config, kafka, redis, clickhouse, identity, past, settings, writer, metrics, tracing, report } = options;
  const groupId = config.TIDEMARK_CONSUMER_GROUP ?? `${config.TIDEMARK_NAMESPACE}.worker`;
  const stores = tracedStores(
    {
      redis: createRedisCellSink(redis),
      clickhouse: createClickHouseCellSink(clickhouse),
      checkpoints: past.checkpoints,
    },
    tracing,
  );
  const common = {
    settings,
    partitioner: config.TIDEMARK_PARTITIONER,
    identity,
    writer,
    stores,
    beats: beatsOf(config),
    clock: systemClock,
    randomId: randomUUID,
    incarnation: `${process.pid}-${randomUUID().slice(0, 8)}`,
    maxDirtyCells: config.TIDEMARK_MAX_DIRTY / 8,
    trail: createRedisOutcomeTrail(redis),
    requests: createRedisOperatorRequests(redis),
    report,
    observe: createBeatObserver(metrics, tracing),
  };
  return ({ suffix, sets, origin, isCatchingUp }) => {
    const ownGroupId = suffix === '' ? groupId : `${groupId}.${suffix}`;
    return new Worker({
      ...common,
      sets,
      origin,
      readAhead: {
        share: async () => Math.ceil(identity.partitionCount / Math.max(1, await membersOf(kafka, ownGroupId))),
        silentMs: SILENT_MS,
      },
      log: past.longLog(
        createEventLog(kafka, {
          groupId: ownGroupId,
          sessionTimeoutMs: config.TIDEMARK_SESSION_TIMEOUT,
          // A fold keeps numbers.
          keepsBytes: false,
          ...(isCatchingUp ? { maxBytesPerPartition: SHORT_TURN_BYTES } : {}),
        }),
        { isCatchingUp },
      ),
    });
  };
}

/** Figures that are old anyway are published more seldom, so that a row that changes on and on is written once. */
function beatsOf(config: WorkerConfig): Beats {
  return {
    publishIntervalMs: config.TIDEMARK_PUBLISH_INTERVAL,
    tablePublishIntervalMs: config.TIDEMARK_TABLE_PUBLISH_INTERVAL,
    checkpointIntervalMs: config.TIDEMARK_CHECKPOINT_INTERVAL,
    confirmIntervalMs: { redis: CONFIRM_MS, clickhouse: 10_000 },
    catchUp: { lag: 20_000, agedLag: 1_000, ageMs: 5_000, intervalMs: { redis: 5_000, clickhouse: 10_000, checkpoint: 15_000 } },
  };
}
