// The contracts on the ClickHouse server image that docker-compose.yml pins; skipped where no Docker engine answers.
import { resolve } from 'node:path';
import {
  connectClickHouse,
  createClickHouseArchive,
  createClickHouseArchiveReader,
  createClickHouseCellReader,
  createClickHouseCellSink,
  migrate,
} from '@tidemark/clickhouse';
import { archiveContract, type CellStoreUnderTest, cellSinkContract } from '@tidemark/testing/contracts';
import { composeImage, dockerMissing } from '@tidemark/testing/docker';
import { GenericContainer, type StartedTestContainer, Wait } from 'testcontainers';
import { afterAll, beforeAll, describe } from 'vitest';

const missing = dockerMissing();

describe.skipIf(missing !== null)(`ClickHouse in a container${missing === null ? '' : ` (skipped: ${missing})`}`, () => {
  let container: StartedTestContainer;
  beforeAll(async () => {
    container = await new GenericContainer(composeImage('clickhouse'))
      .withExposedPorts(8123)
      .withEnvironment({ CLICKHOUSE_USER: 'tidemark', CLICKHOUSE_PASSWORD: 'tidemark', CLICKHOUSE_DEFAULT_ACCESS_MANAGEMENT: '1' })
      .withWaitStrategy(Wait.forHttp('/ping', 8123))
      .start();
    const connection = await open();
    await migrate(connection, { folder: resolve(import.meta.dirname, '../../../schemas/clickhouse') });
    await connection.close();
  });
  afterAll(async () => {
    await container?.stop();
  });

  const open = () =>
    connectClickHouse({ url: `http://tidemark:tidemark@${container.getHost()}:${container.getMappedPort(8123)}`, database: 'container' });
  cellSinkContract('ClickHouse container', async (): Promise<CellStoreUnderTest> => {
    const connection = await open();
    return { sink: createClickHouseCellSink(connection), reader: createClickHouseCellReader(connection), close: () => connection.close() };
  });
  archiveContract('ClickHouse container', async () => {
    const connection = await open();
    const reader = createClickHouseArchiveReader(connection);
    const records = (epoch: number, partition: number) => reader.records({ epoch, partition, from: 0, to: 2 ** 48, limit: 1_000 });
    return { archive: createClickHouseArchive(connection), records, close: () => connection.close() };
  });
});
