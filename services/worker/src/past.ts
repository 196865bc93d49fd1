/** Where a worker's past comes from when Kafka or Redis has lost it: the archive in the log's place, and copies of the state in ClickHouse. */
import { randomUUID } from 'node:crypto';
import { type ClickHouseConnection, createClickHousePartitionArchive, createClickHouseSnapshotStore } from '@tidemark/clickhouse';
import {
  type CheckpointStore,
  continueLog,
  createLongLog,
  createSnapshots,
  type EventLog,
  type JournalEntry,
  journalState,
  type LineageJournal,
  type LogEpoch,
  type LogIdentity,
  type LongLogEvent,
  type SnapshotEvent,
} from '@tidemark/pipeline';
import { type Logger, systemClock } from '@tidemark/runtime';
import type { WorkerConfig } from './config.ts';

export interface Past {
  /** The same store, with copies behind it. */
  readonly checkpoints: CheckpointStore;
  /** The same log, behind the topics that it continues, and with the archive before it. */
  longLog(log: EventLog, options: { readonly isCatchingUp: boolean }): EventLog;
  /** Epoch ms of the newest copy of a state; null while none is known. */
  copiedAtMs(lineage: string, partition: number): number | null;
  stop(): Promise<void>;
}

/** Who catches up beside what is served takes short turns: some milliseconds each. */
const SHORT_TURN_RECORDS = 250;
/** So long after a lineage was retired its copies are of no use: what is started again is folded again. */
const RETIRED_KEPT_MS = 7 * 86_400_000;
const FORGET_INTERVAL_MS = 600_000;
/** Of the archive: positions go on where a topic continues another one. */
const EPOCH = 1;

export function createPast(options: {
  readonly config: WorkerConfig;
  readonly clickhouse: ClickHouseConnection;
  readonly checkpoints: CheckpointStore;
  readonly identity: LogIdentity;
  readonly epochs: readonly LogEpoch[];
  readonly journal: Pick<LineageJournal, 'read'>;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
}): Past {
  const { config, clickhouse, checkpoints, identity, epochs, journal, logger } = options;
  const archive = createClickHousePartitionArchive(clickhouse);
  const store = createClickHouseSnapshotStore(clickhouse);
  const snapshots = createSnapshots({
    checkpoints,
    snapshots: store,
    identity,
    partitioner: config.TIDEMARK_PARTITIONER,
    clock: systemClock,
    randomId: randomUUID,
    intervalMs: config.TIDEMARK_SNAPSHOT_INTERVAL,
    report: (event) => tellCopy(event, logger),
  });
  const forgetting = systemClock.every(
    FORGET_INTERVAL_MS,
    async () => {
      for (const lineage of retiredBefore((await journal.read()).entries, systemClock.nowMs() - RETIRED_KEPT_MS)) {
        const parts = await store.forget(lineage);
        if (parts > 0) logger.info({ lineage, parts }, 'the copies of a retired lineage were given up');
      }
    },
    (error) => logger.warn({ err: error }, 'the copies of retired lineages are still kept'),
  );
  const report = (event: LongLogEvent): void => tellArchive(event, logger);
  return {
    checkpoints: snapshots.checkpoints,
    longLog: (topic, { isCatchingUp }) => {
      const log = continueLog(topic, { identity, epochs });
      return createLongLog({ log, archive, epoch: EPOCH, clock: systemClock, report, ...(isCatchingUp ? { turnRecords: SHORT_TURN_RECORDS } : {}) });
    },
    copiedAtMs: snapshots.copiedAtMs,
    stop: async () => {
      await Promise.all([snapshots.stop(), forgetting.stop()]);
    },
  };
}

/** Lineages on which nobody has worked since. */
export function retiredBefore(entries: readonly JournalEntry[], untilMs: number): readonly string[] {
  const known = journalState(entries).sets.flatMap(({ lineages }) => lineages);
  return known.filter(({ standing, sinceMs }) => standing === 'retired' && sinceMs < untilMs).map(({ lineage }) => lineage);
}

function tellCopy({ event, ...about }: SnapshotEvent, logger: Pick<Logger, 'info' | 'warn'>): void {
  if (event === 'copied') logger.info(about, 'the state was copied to ClickHouse');
  else if (event === 'restored') logger.warn(about, 'Redis has no saved state: the copy in ClickHouse was brought back');
  else if (event === 'copy_passed_over') logger.warn(about, 'a copy of the state in ClickHouse is not taken');
  else logger.warn(about, 'the state could not be copied to ClickHouse, and will be again');
}

function tellArchive({ event, ...about }: LongLogEvent, logger: Pick<Logger, 'info' | 'warn'>): void {
  if (event === 'archive_begun') logger.info(about, 'Kafka has deleted what comes next: it is read from the archive');
  else if (event === 'archive_left') logger.info(about, 'the archive is read, Kafka goes on');
  else if (event === 'archive_waiting') logger.warn(about, 'the archive cannot be read now, and is asked again');
  else logger.warn(about, 'neither Kafka nor the archive has what comes next');
}
