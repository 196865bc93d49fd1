// The log contract on the Kafka image that docker-compose.yml pins; skipped where no Docker engine answers.
import { connectKafka, createEventLog, createLogWriter, ensureEventsTopic, type KafkaConnection } from '@tidemark/kafka';
import { logContract } from '@tidemark/testing/contracts';
import { composeImage, dockerMissing } from '@tidemark/testing/docker';
import { GenericContainer, type StartedTestContainer, Wait } from 'testcontainers';
import { afterAll, beforeAll, describe } from 'vitest';
import { abortTransaction } from './aborted.ts';

const missing = dockerMissing();
/** The advertised port must be known before the broker starts. */
const PORT = 39_092;

describe.skipIf(missing !== null)(`Kafka in a container${missing === null ? '' : ` (skipped: ${missing})`}`, () => {
  let container: StartedTestContainer;
  let namespaces = 0;
  const open: KafkaConnection[] = [];
  beforeAll(async () => {
    container = await new GenericContainer(composeImage('kafka'))
      .withExposedPorts({ container: 9092, host: PORT })
      .withEnvironment({
        KAFKA_NODE_ID: '1',
        KAFKA_PROCESS_ROLES: 'broker,controller',
        KAFKA_CONTROLLER_QUORUM_VOTERS: '1@localhost:9093',
        KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
        KAFKA_LISTENERS: 'PLAINTEXT://:9092,CONTROLLER://:9093',
        KAFKA_ADVERTISED_LISTENERS: `PLAINTEXT://127.0.0.1:${PORT}`,
        KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
        KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
        KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
      })
      .withWaitStrategy(Wait.forLogMessage(/Kafka Server started/))
      .start();
  });
  afterAll(async () => {
    for (const connection of open) await connection.close();
    await container?.stop();
  });

  logContract('Kafka container', async () => {
    const ignore = (): void => {};
    const connection = await connectKafka({
      brokers: [`127.0.0.1:${PORT}`],
      clientId: 'kafka-container-test',
      namespace: `container_${++namespaces}`,
      logger: { info: ignore, warn: ignore, error: ignore },
    });
    open.push(connection);
    await ensureEventsTopic(connection, { partitions: 3 });
    const writer = createLogWriter(connection, { partitioner: 'murmur2' });
    return {
      partitionCount: 3,
      writer,
      member: () => createEventLog(connection, { groupId: `${connection.namespace}.contract`, sessionTimeoutMs: 6_000 }),
      leaveGap: (partition) => abortTransaction(connection, partition),
      close: () => writer.close(),
    };
  });
});
