// Redis: arguments that keep every write and evict nothing, and a probe that knows its own process.
import { expect, test } from 'vitest';
import { createRedisArguments, probeRedis } from '../src/redis.ts';
import { closeServer, listenWith } from './tcp-server.ts';

test('it listens on loopback, appends every write, and never evicts', () => {
  const text = createRedisArguments({ port: 1234, folder: '/data/redis' }).join(' ');
  expect(text).toContain('--bind 127.0.0.1 --port 1234');
  expect(text).toContain('--dir /data/redis --appendonly yes --appendfsync everysec');
  expect(text).toContain('--maxmemory-policy noeviction');
});

test.each([
  ['+PONG\r\n$30\r\n# Server\r\nprocess_id:4711\r\n+OK\r\n', { ready: true, pid: 4711 }],
  ['-LOADING Redis is loading the dataset in memory\r\n$30\r\nprocess_id:4711\r\n', { ready: false, pid: 4711 }],
  ['-NOAUTH Authentication required.\r\n', { ready: false, pid: undefined }],
  ['HTTP/1.1 400 Bad Request\r\n\r\n', undefined],
])('%j reads as %j', async (answer, expected) => {
  const { server, port } = await listenWith(Buffer.from(answer));
  expect(await probeRedis({ host: '127.0.0.1', port, timeoutMs: 1_000 })).toEqual(expected);
  await closeServer(server);
});
