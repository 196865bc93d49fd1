/** The events topic: creates it as the design needs it, and says what it is. */
import type { LogIdentity } from '@tidemark/pipeline';
import kafkajs, { type Admin } from 'kafkajs';
import { asking, type KafkaConnection } from './connection.ts';

export interface EventsTopicOptions {
  /** Default 12. Never changed afterwards: growth is a new namespace, re-produced from the archive. */
  readonly partitions?: number;
  /** Default: the broker's. */
  readonly replicationFactor?: number;
  /** How long Kafka keeps records; default -1, for ever. */
  readonly retentionMs?: number;
}

const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;
const UNKNOWN_TOPIC = 3;
const TOPIC_AUTHORIZATION_FAILED = 29;

/** Creates `<namespace>.events` if it is absent. Throws an Error of one sentence when the existing topic cannot serve: what differs, and the fix. */
export async function ensureEventsTopic(connection: KafkaConnection, options: EventsTopicOptions = {}): Promise<LogIdentity> {
  const { admin, topic } = connection;
  const partitions = options.partitions ?? 12;
  const { errorCode } = await connection.topicMetadata();
  const created = errorCode === UNKNOWN_TOPIC && (await asking('create the topic', () => createTopic(admin, topic, { ...options, partitions })));
  const identity = await topicIdentity(connection);
  const problem = topicProblem(topic, identity, partitions);
  if (problem !== null) throw new Error(problem);
  if (created) connection.logger.info({ topic, partitions, topicId: identity.topicId }, 'created the events topic');
  return identity;
}

/** False when somebody else was faster. */
function createTopic(admin: Admin, topic: string, options: EventsTopicOptions & { readonly partitions: number }): Promise<boolean> {
  return admin.createTopics({
    waitForLeaders: true,
    topics: [
      {
        topic,
        numPartitions: options.partitions,
        replicationFactor: options.replicationFactor ?? -1,
        configEntries: [
          { name: 'message.timestamp.type', value: 'LogAppendTime' },
          { name: 'cleanup.policy', value: 'delete' },
          { name: 'max.message.bytes', value: String(MAX_MESSAGE_BYTES) },
          { name: 'retention.ms', value: String(options.retentionMs ?? -1) },
        ],
      },
    ],
  });
}

/** One sentence that says why the topic cannot serve, or null. `partitions` null: any count. */
export function topicProblem(topic: string, identity: LogIdentity, partitions: number | null): string | null {
  if (partitions !== null && identity.partitionCount !== partitions)
    return `topic ${topic} has ${identity.partitionCount} partitions where ${partitions} are configured: set TIDEMARK_PARTITIONS=${identity.partitionCount}, or use a new namespace`;
  if (identity.cleanupPolicy !== 'delete')
    return `topic ${topic} has cleanup.policy=${identity.cleanupPolicy}, which loses events: set it to delete and start a new namespace if it was ever compacted`;
  if (identity.timestampType !== 'LogAppendTime')
    return `topic ${topic} has message.timestamp.type=${identity.timestampType}, so that producers could move the clock: set it to LogAppendTime before the first record`;
  return null;
}

/** Throws an Error when the topic does not exist. */
export async function topicIdentity(connection: KafkaConnection): Promise<LogIdentity> {
  const { admin, topic } = connection;
  const [metadata, config] = await Promise.all([connection.topicMetadata(), asking('describe the topic', () => topicConfig(admin, topic))]);
  if (metadata.errorCode !== 0 || config === null) throw new Error(absenceOf(topic, config === null ? UNKNOWN_TOPIC : metadata.errorCode));
  return {
    clusterId: metadata.clusterId,
    topicId: metadata.topicId,
    partitionCount: metadata.partitionCount,
    cleanupPolicy: config.get('cleanup.policy') ?? '',
    timestampType: config.get('message.timestamp.type') ?? '',
  };
}

function absenceOf(topic: string, errorCode: number): string {
  if (errorCode === UNKNOWN_TOPIC) return `topic ${topic} does not exist: run the migration, which creates it`;
  if (errorCode === TOPIC_AUTHORIZATION_FAILED)
    return `Kafka does not let this user see topic ${topic}, or it does not exist. Fix: run tidemark doctor --role with the name of the service; deploy/access.md lists what each needs`;
  return `Kafka answers for topic ${topic} with error code ${errorCode}`;
}

async function topicConfig(admin: Admin, topic: string): Promise<ReadonlyMap<string, string> | null> {
  const configNames = ['cleanup.policy', 'message.timestamp.type'];
  try {
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic, configNames }],
    });
    return new Map(resources.flatMap((resource) => resource.configEntries).map((entry) => [entry.configName, entry.configValue]));
  } catch (error) {
    if (error instanceof Error && 'type' in error && error.type === 'UNKNOWN_TOPIC_OR_PARTITION') return null;
    throw error;
  }
}
