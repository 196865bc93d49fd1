/** One client of a Kafka cluster for one namespace: addresses, credentials, logs, and the two questions that kafkajs cannot ask. */
import { StoreUnavailable } from '@tidemark/pipeline';
import { type Admin, Kafka, type LogEntry, logLevel } from 'kafkajs';
import { clusterFactoryOf, type RawCluster } from './cluster.ts';
import { registerCodecs } from './compression.ts';
import { type KafkaLogin, securityOf, type TlsFiles } from './login.ts';
import { decodeMetadataResponse, encodeMetadataRequest, METADATA_API_KEY, METADATA_API_VERSION, type TopicMetadata } from './topic-metadata.ts';

/** Takes what a pino logger takes. */
export interface KafkaLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface KafkaOptions {
  /** `host:port` each. */
  readonly brokers: readonly string[];
  readonly clientId: string;
  /** Prefix of the topic and of the consumer groups. */
  readonly namespace: string;
  readonly logger: KafkaLogger;
  /** Absent: in the clear. */
  readonly tls?: TlsFiles;
  readonly login?: KafkaLogin;
}

/** Shared by the log's members and writers of one process. */
export interface KafkaConnection {
  readonly kafka: Kafka;
  readonly admin: Admin;
  readonly namespace: string;
  /** `<namespace>.events` */
  readonly topic: string;
  readonly logger: KafkaLogger;
  /** What the cluster says of the events topic now. Throws StoreUnavailable when no broker answers. */
  topicMetadata(): Promise<TopicMetadata>;
  close(): Promise<void>;
}

/** Legal in a topic's name, and short enough for every suffix that we add. */
const NAMESPACE_PATTERN = /^[A-Za-z0-9_-]{1,100}$/;

/** Connects; throws StoreUnavailable when no broker answers within about ten seconds, and an Error of one sentence when it does not let us in. */
export async function connectKafka(options: KafkaOptions): Promise<KafkaConnection> {
  const { namespace, logger } = options;
  if (!NAMESPACE_PATTERN.test(namespace)) throw new Error(`the namespace "${namespace}" must be 1 to 100 of A-Z, a-z, 0-9, "_" and "-"`);
  registerCodecs();
  const kafka = new Kafka({
    clientId: options.clientId,
    brokers: [...options.brokers],
    connectionTimeout: 3_000,
    retry: { initialRetryTime: 200, maxRetryTime: 2_000, retries: 5 },
    logLevel: logLevel.WARN,
    logCreator: () => createLogEntry(logger),
    ...securityOf(options.tls, options.login),
  });
  const admin = kafka.admin();
  const cluster = clusterFactoryOf(kafka).create({ allowAutoTopicCreation: false });
  await asking('connect', () => admin.connect());
  const topic = `${namespace}.events`;
  return {
    kafka,
    admin,
    namespace,
    topic,
    logger,
    topicMetadata: () => asking('describe the topic', () => requestTopicMetadata(cluster, topic)),
    close: async () => {
      await Promise.all([admin.disconnect(), cluster.disconnect()]);
    },
  };
}

/** Runs one request; an error that leaves the outcome open becomes StoreUnavailable, a refusal stays what it is, with its remedy where that is known. */
export async function asking<T>(purpose: string, request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (mayPass(error)) throw new StoreUnavailable('kafka', `Kafka did not ${purpose}: ${error.message}`, { cause: error });
    const remedy = remedyOf(error);
    throw remedy === null ? error : new Error(`Kafka did not ${purpose}: ${error.message}. Fix: ${remedy}`, { cause: error });
  }
}

/** Of a refusal that an operator can mend. */
function remedyOf(error: Error): string | null {
  const { cause } = error;
  const type = 'type' in error ? String(error.type) : cause instanceof Error && 'type' in cause ? String(cause.type) : '';
  if (error.message.startsWith('SASL ') || type === 'SASL_AUTHENTICATION_FAILED')
    return 'check TIDEMARK_KAFKA_SASL, TIDEMARK_KAFKA_USER and TIDEMARK_KAFKA_PASSWORD against what the brokers know';
  if (type.endsWith('_AUTHORIZATION_FAILED'))
    return 'run tidemark doctor --role with the name of the service; deploy/access.md lists what each needs';
  return null;
}

/** Whether the same request may succeed later: kafkajs marks its errors so, and wraps the last one after its own retries. */
function mayPass(error: Error): boolean {
  if (error.name === 'KafkaJSNumberOfRetriesExceeded' || error.name.startsWith('KafkaJSConnection') || error.name === 'KafkaJSBrokerNotFound')
    return true;
  return 'retriable' in error && error.retriable === true;
}

/** While a broker is away kafkajs says the same thing several times a second. */
const REPEAT_AFTER_MS = 10_000;

/** kafkajs calls errors what it then retries: they are warnings here. What it gives up on reaches us as a rejection. */
function createLogEntry(logger: KafkaLogger): (entry: LogEntry) => void {
  const lastSaidMs = new Map<string, number>();
  return (entry) => {
    const { message, timestamp: _, ...fields } = entry.log;
    const nowMs = performance.now();
    for (const [said, atMs] of lastSaidMs) if (nowMs - atMs >= REPEAT_AFTER_MS) lastSaidMs.delete(said);
    if (lastSaidMs.has(message)) return;
    lastSaidMs.set(message, nowMs);
    logger.warn({ ...fields, client: entry.namespace }, message);
  };
}

async function requestTopicMetadata(cluster: RawCluster, topic: string): Promise<TopicMetadata> {
  await cluster.connect();
  const broker = await cluster.brokerPool.findConnectedBroker();
  await broker.connect();
  const supported = broker.versions?.[METADATA_API_KEY]?.maxVersion ?? 0;
  if (supported < METADATA_API_VERSION)
    throw new Error('this Kafka tells no topic ids, so a re-created topic could not be noticed: use Kafka 2.8 or newer');
  const body = encodeMetadataRequest(topic);
  let answer: TopicMetadata | undefined;
  await broker.connectionPool.send({
    request: {
      apiKey: METADATA_API_KEY,
      apiVersion: METADATA_API_VERSION,
      apiName: 'Metadata',
      // Both names: the encoder that writes the request reads `buffer` and checks `buf`.
      encode: async () => ({ buf: body, buffer: body }),
    },
    response: {
      decode: async (payload: Buffer) => {
        answer = decodeMetadataResponse(payload);
        return { clientSideThrottleTime: 0 };
      },
      parse: async () => undefined,
    },
  });
  if (answer === undefined) throw new Error('Kafka answered a Metadata request with nothing');
  return answer;
}
