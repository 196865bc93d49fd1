/** Whether this user may do something on the cluster, found out by doing it in a way that changes nothing. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Kafka } from 'kafkajs';
import { clusterFactoryOf } from './cluster.ts';
import { asking, type KafkaConnection } from './connection.ts';

/** `unproven`: something else stood in the way before the question could be asked, such as a topic that does not exist yet. */
export type Permission = 'granted' | 'denied' | 'unproven';

export interface KafkaPermissions {
  describeTopic(): Promise<Permission>;
  describeTopicConfigs(): Promise<Permission>;
  /** Asks the controller to check a creation, not to make it. */
  createTopic(): Promise<Permission>;
  /** Fetches beyond the log's end. */
  readTopic(): Promise<Permission>;
  /** Sends a record to a partition that cannot exist. */
  writeTopic(): Promise<Permission>;
  /** A heartbeat of a member that the group does not have. */
  readGroup(groupId: string): Promise<Permission>;
  close(): Promise<void>;
}

/** The parts of kafkajs's cluster and brokers that ask what its clients cannot. */
interface AskedCluster {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  addTargetTopic(topic: string): Promise<unknown>;
  refreshMetadata(): Promise<unknown>;
  findLeaderForPartitions(topic: string, partitions: readonly number[]): Readonly<Record<string, readonly number[]>>;
  findBroker(options: { nodeId: string | number }): Promise<AskedBroker>;
  readonly brokerPool: { findConnectedBroker(): Promise<AskedBroker> };
}

interface AskedBroker {
  fetch(request: object): Promise<unknown>;
  produce(request: object): Promise<unknown>;
  heartbeat(request: { groupId: string; groupGenerationId: number; memberId: string }): Promise<unknown>;
  findGroupCoordinator(request: { groupId: string; coordinatorType: number }): Promise<{ readonly coordinator: { readonly nodeId: number } }>;
}

const NO_SUCH_PARTITION = 2_147_483_647;
const BEYOND_ANY_LOG = '9007199254740991';
const GROUP = 0;
const COORDINATOR_COMES = new Set(['GROUP_COORDINATOR_NOT_AVAILABLE', 'GROUP_LOAD_IN_PROGRESS', 'NOT_COORDINATOR_FOR_GROUP']);
const COORDINATOR_DEADLINE_MS = 15_000;
const COORDINATOR_RETRY_MS = 250;

/** Every question throws StoreUnavailable when no broker answers. */
export function createKafkaPermissions(connection: KafkaConnection): KafkaPermissions {
  const { admin, topic } = connection;
  const cluster = clusterOf(connection.kafka);
  // A cluster that was refused a topic is refused its metadata from then on, which coordinators are found by.
  const groups = clusterOf(connection.kafka);
  const leader = async (): Promise<AskedBroker> => {
    await cluster.connect();
    await cluster.addTargetTopic(topic);
    const [nodeId] = Object.keys(cluster.findLeaderForPartitions(topic, [0]));
    if (nodeId === undefined) throw new Error(`partition 0 of topic ${topic} has no leader`);
    return await cluster.findBroker({ nodeId });
  };
  return {
    describeTopic: async () => permissionOf(errorTypeOfCode((await connection.topicMetadata()).errorCode)),
    // 2: a topic.
    describeTopicConfigs: () => asked(() => passing(admin.describeConfigs({ includeSynonyms: false, resources: [{ type: 2, name: topic }] }))),
    createTopic: () =>
      asked(() => admin.createTopics({ validateOnly: true, waitForLeaders: false, topics: [{ topic, numPartitions: 1, replicationFactor: -1 }] })),
    readTopic: () => asked(async () => await (await leader()).fetch(fetchRequest(topic))),
    writeTopic: () =>
      asked(async () => {
        const broker = await leader();
        const partitions = [{ partition: NO_SUCH_PARTITION, messages: [{ key: null, value: null, headers: {}, timestamp: '0' }] }];
        await passing(broker.produce({ topicData: [{ topic, partitions }], acks: -1, timeout: 5_000 }));
      }),
    readGroup: (groupId) => asked(() => heartbeatOfNobody(groups, groupId)),
    close: async () => {
      await Promise.all([cluster.disconnect(), groups.disconnect()]);
    },
  };
}

async function heartbeatOfNobody(cluster: AskedCluster, groupId: string): Promise<unknown> {
  await cluster.connect();
  await cluster.refreshMetadata();
  const deadlineMs = performance.now() + COORDINATOR_DEADLINE_MS;
  for (;;) {
    try {
      const some = await cluster.brokerPool.findConnectedBroker();
      const { coordinator } = await some.findGroupCoordinator({ groupId, coordinatorType: GROUP });
      const broker = await cluster.findBroker({ nodeId: coordinator.nodeId });
      return await broker.heartbeat({ groupId, groupGenerationId: 0, memberId: 'nobody' });
    } catch (error) {
      // The first group of a cluster waits for the topic of offsets.
      if (!COORDINATOR_COMES.has(errorTypeOf(error) ?? '') || performance.now() > deadlineMs) throw error;
      await sleep(COORDINATOR_RETRY_MS);
    }
  }
}

function fetchRequest(topic: string): object {
  const partitions = [{ partition: 0, fetchOffset: BEYOND_ANY_LOG, maxBytes: 1, currentLeaderEpoch: -1 }];
  return { replicaId: -1, isolationLevel: 1, maxWaitTime: 1, minBytes: 0, maxBytes: 1, topics: [{ topic, partitions }], rackId: '' };
}

/** Any answer but a refusal means that the request was let through. */
async function asked(request: () => Promise<unknown>): Promise<Permission> {
  try {
    await asking('say what this user may do', request);
    return 'granted';
  } catch (error) {
    const type = errorTypeOf(error);
    if (type === null) throw error;
    return permissionOf(type);
  }
}

/** Where rights are looked at before it is, "unknown" is an answer to somebody who was let in. */
async function passing(request: Promise<unknown>): Promise<void> {
  await request.catch((error: unknown) => {
    if (errorTypeOf(error) !== 'UNKNOWN_TOPIC_OR_PARTITION') throw error;
  });
}

/** What a broker says to somebody who was let in. */
const LET_IN = new Set(['', 'TOPIC_ALREADY_EXISTS', 'OFFSET_OUT_OF_RANGE', 'UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'REBALANCE_IN_PROGRESS']);

function permissionOf(type: string): Permission {
  if (type.endsWith('_AUTHORIZATION_FAILED')) return 'denied';
  return LET_IN.has(type) ? 'granted' : 'unproven';
}

function errorTypeOfCode(code: number): string {
  // An unknown topic is told only to who may describe it.
  if (code === 0 || code === 3) return '';
  return code === 29 ? 'TOPIC_AUTHORIZATION_FAILED' : `ERROR_${code}`;
}

/** kafkajs wraps what a broker answers once or twice; null for an error that no broker answered. */
function errorTypeOf(error: unknown): string | null {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; depth += 1) {
    if ('type' in at && typeof at.type === 'string') return at.type;
    at = 'errors' in at && Array.isArray(at.errors) ? at.errors[0] : at.cause;
  }
  return null;
}

function clusterOf(kafka: Kafka): AskedCluster {
  const cluster: unknown = clusterFactoryOf(kafka).create({ allowAutoTopicCreation: false });
  if (!isAskedCluster(cluster)) throw new Error('this kafkajs is not 2.2.4: its cluster cannot be asked for permissions');
  return cluster;
}

function isAskedCluster(value: unknown): value is AskedCluster {
  const methods = ['connect', 'disconnect', 'addTargetTopic', 'refreshMetadata', 'findLeaderForPartitions', 'findBroker'];
  return (
    typeof value === 'object' && value !== null && 'brokerPool' in value && methods.every((name) => typeof Reflect.get(value, name) === 'function')
  );
}
