// The contracts on the Redis image that docker-compose.yml pins; skipped where no Docker engine answers.
import { connectRedis, createRedisCellReader, createRedisCellSink, createRedisCheckpointStore } from '@tidemark/redis';
import { type CellStoreUnderTest, cellSinkContract, checkpointContract } from '@tidemark/testing/contracts';
import { composeImage, dockerMissing } from '@tidemark/testing/docker';
import { GenericContainer, type StartedTestContainer, Wait } from 'testcontainers';
import { afterAll, beforeAll, describe } from 'vitest';

const missing = dockerMissing();

describe.skipIf(missing !== null)(`Redis in a container${missing === null ? '' : ` (skipped: ${missing})`}`, () => {
  let container: StartedTestContainer;
  beforeAll(async () => {
    container = await new GenericContainer(composeImage('redis'))
      .withExposedPorts(6379)
      .withCommand(['redis-server', '--appendonly', 'yes', '--maxmemory-policy', 'noeviction'])
      .withWaitStrategy(Wait.forLogMessage(/Ready to accept connections/))
      .start();
  });
  afterAll(async () => {
    await container?.stop();
  });

  const open = () => connectRedis({ url: `redis://${container.getHost()}:${container.getMappedPort(6379)}`, namespace: 'container' });
  cellSinkContract('Redis container', async (): Promise<CellStoreUnderTest> => {
    const connection = await open();
    return { sink: createRedisCellSink(connection), reader: createRedisCellReader(connection), close: () => connection.close() };
  });
  checkpointContract('Redis container', async () => {
    const connection = await open();
    const store = createRedisCheckpointStore(connection, { segmentTtlSeconds: 1 });
    return { store, expire: () => new Promise((resolve) => setTimeout(resolve, 1_500)), close: () => connection.close() };
  });
});
