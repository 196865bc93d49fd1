/** The log as a deployment's positions count it: its topic, behind those that it continues by what the journal says. */
import { type ClickHouseConnection, createClickHouseLineageJournal } from '@tidemark/clickhouse';
import { createEventLog, type KafkaConnection } from '@tidemark/kafka';
import { continueLog, createPlaces, type EventLog, type JournalEntry, type LogEpoch, logEpochs } from '@tidemark/pipeline';
import { createRedisLineageJournal, type RedisConnection } from '@tidemark/redis';

export interface DeploymentLog {
  readonly log: EventLog;
  /** Of an offset of the topic. */
  positionOf(partition: number, offset: number): number;
}

/** Of the stores that answer; an epoch stands in both. */
export async function readEpochs(stores: {
  readonly clickhouse: ClickHouseConnection | null;
  readonly redis: RedisConnection | null;
}): Promise<readonly LogEpoch[]> {
  const { clickhouse, redis } = stores;
  const nothing = async (): Promise<readonly JournalEntry[]> => [];
  const entriesOf = async (journal: ReturnType<typeof createRedisLineageJournal>): Promise<readonly JournalEntry[]> => (await journal.read()).entries;
  const [inTable, inRedis] = await Promise.all([
    clickhouse === null ? [] : entriesOf(createClickHouseLineageJournal(clickhouse)).catch(nothing),
    redis === null ? [] : entriesOf(createRedisLineageJournal(redis)).catch(nothing),
  ]);
  return logEpochs([...inTable, ...inRedis]);
}

/** For questions only: nobody reads by it. Throws StoreUnavailable. */
export async function deploymentLog(kafka: KafkaConnection, groupId: string, epochs: readonly LogEpoch[]): Promise<DeploymentLog> {
  const topic = createEventLog(kafka, { groupId });
  if (epochs.length === 0) return { log: topic, positionOf: (_partition, offset) => offset };
  const log = continueLog(topic, { identity: await topic.identity(), epochs });
  const { positionOf } = createPlaces(epochs.at(-1) ?? { from: [], at: [] });
  return { log, positionOf: log === topic ? (_partition, offset) => offset : positionOf };
}
