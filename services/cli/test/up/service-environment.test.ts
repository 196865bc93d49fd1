/** What the services of `up` are told. */
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { readCliConfig } from '../../src/config.ts';
import { serviceEnvironment } from '../../src/up/service-environment.ts';

const addresses = { kafkaBrokers: '127.0.0.1:19092', redisUrl: 'redis://127.0.0.1:16379', clickhouseUrl: 'http://127.0.0.1:18123' };

it('spells out every address and file, and passes what the user has set for the services', () => {
  const env = { PATH: '/bin', TIDEMARK_DATA: 'data', TIDEMARK_METRICS: 'a.yaml, b.yaml', TIDEMARK_PUBLISH_INTERVAL: '100ms' };
  const told = serviceEnvironment(env, { config: readCliConfig(env), addresses, httpPort: 8123 });
  expect(told).toEqual({
    PATH: '/bin',
    TIDEMARK_DATA: resolve('data'),
    TIDEMARK_KAFKA_BROKERS: '127.0.0.1:19092',
    TIDEMARK_REDIS_URL: 'redis://127.0.0.1:16379',
    TIDEMARK_CLICKHOUSE_URL: 'http://127.0.0.1:18123',
    TIDEMARK_CLICKHOUSE_DATABASE: 'tidemark',
    TIDEMARK_NAMESPACE: 'tidemark',
    TIDEMARK_PARTITIONS: '12',
    TIDEMARK_PARTITIONER: 'murmur2',
    TIDEMARK_METRICS: `${resolve('a.yaml')},${resolve('b.yaml')}`,
    TIDEMARK_LATENESS: '604800000ms',
    TIDEMARK_PUBLISH_INTERVAL: '100ms',
    TIDEMARK_HTTP_PORT: '8123',
    TIDEMARK_LOG_LEVEL: 'info',
  });
});

it('replaces a variable that names a file, which would stand beside ours', () => {
  const config = readCliConfig({});
  const told = serviceEnvironment({ TIDEMARK_REDIS_URL_FILE: '/run/secrets/redis', NODE_OPTIONS: '--inspect' }, { config, addresses, httpPort: 0 });
  expect(told).not.toHaveProperty('TIDEMARK_REDIS_URL_FILE');
  expect(told).not.toHaveProperty('NODE_OPTIONS');
});

it('gives logins to the services only for engines of the user’s own', () => {
  const env = {
    TIDEMARK_REDIS_URL: 'redis://h',
    TIDEMARK_REDIS_PASSWORD: 'p',
    TIDEMARK_CLICKHOUSE_PASSWORD: 'q',
    TIDEMARK_KAFKA_TLS_CA_FILE: '/gone',
  };
  const config = readCliConfig({ TIDEMARK_REDIS_URL: 'redis://h', TIDEMARK_REDIS_PASSWORD: 'p' });
  const told = serviceEnvironment(env, { config, addresses, httpPort: 0 });
  expect(told).toHaveProperty('TIDEMARK_REDIS_PASSWORD', 'p');
  expect(told).not.toHaveProperty('TIDEMARK_CLICKHOUSE_PASSWORD');
  expect(told).not.toHaveProperty('TIDEMARK_KAFKA_TLS_CA_FILE');
});
