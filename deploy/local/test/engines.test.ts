// A start that cannot be: one sentence with the fix, and nothing left behind.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startLocalEngines } from '../src/index.ts';
import { makeTemporaryFolder, removeFolder } from './test-folders.ts';

let dataFolder: string;

beforeEach(async () => {
  dataFolder = await makeTemporaryFolder();
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await removeFolder(dataFolder);
});

test('without Java the start is refused before anything is downloaded, and the folder is free again', async () => {
  vi.stubEnv('PATH', '/nonexistent');
  vi.stubEnv('JAVA_HOME', '');
  await expect(startLocalEngines({ dataFolder })).rejects.toThrow(/^Java 17 or newer is needed to run Kafka \(none was found\); install it/);
  await expect(startLocalEngines({ dataFolder })).rejects.toThrow(/^Java 17/);
  expect(existsSync(join(dataFolder, 'run', 'owner.json'))).toBe(false);
});

test('a Redis binary that is none is named', async () => {
  const starting = startLocalEngines({ dataFolder, only: ['redis'], redisBinary: join(dataFolder, 'no-redis') });
  await expect(starting).rejects.toThrow(/^redis cannot be run: .*no-redis ENOENT/);
});

test('a Redis that ends at once is reported with the last line of its log', async () => {
  await expect(startLocalEngines({ dataFolder, only: ['redis'], redisBinary: '/bin/false' })).rejects.toThrow(
    /^redis did not start: it logged nothing; its log is .*redis\.log\.$/,
  );
});

test('when every engine is given nothing is started', async () => {
  const given = { kafkaBrokers: 'kafka:9092', redisUrl: 'redis://redis', clickhouseUrl: 'http://clickhouse:8123' };
  const engines = await startLocalEngines({ dataFolder, given });
  expect(engines.addresses).toEqual(given);
  expect(engines.processIds).toEqual({});
  await expect(engines.kill('kafka')).rejects.toThrow('kafka was not started here.');
  await engines.stop();
});
