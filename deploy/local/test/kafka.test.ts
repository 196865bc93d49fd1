// Kafka's configuration as text: loopback only, one partition leader, history kept, nothing that pins the controller's port on disk.
import { expect, test } from 'vitest';
import { createKafkaConfig } from '../src/kafka.ts';
import { decodeMetadataResponse, encodeMetadataRequest, probeKafka } from '../src/kafka-probe.ts';
import { closeServer, listenWith } from './tcp-server.ts';

const config = new Map(
  createKafkaConfig({ ports: { kafka: 1111, kafkaController: 2222 }, dataFolder: '/data/a\\b' })
    .trim()
    .split('\n')
    .map((line): [string, string] => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
);

test('both listeners are on loopback, with the ports given', () => {
  expect(config.get('listeners')).toBe('PLAINTEXT://127.0.0.1:1111,CONTROLLER://127.0.0.1:2222');
  expect(config.get('advertised.listeners')).toBe('PLAINTEXT://127.0.0.1:1111');
  expect(config.get('controller.quorum.voters')).toBe('1@127.0.0.1:2222');
});

test('one node carries every internal topic, topics are made on purpose only, and nothing leaves the log by age', () => {
  for (const name of [
    'offsets.topic.replication.factor',
    'transaction.state.log.replication.factor',
    'share.coordinator.state.topic.replication.factor',
  ]) {
    expect(config.get(name)).toBe('1');
  }
  expect(config.get('transaction.state.log.min.isr')).toBe('1');
  expect(config.get('auto.create.topics.enable')).toBe('false');
  expect(config.get('log.retention.hours')).toBe('-1');
});

test('a backslash in the folder survives the properties format', () => {
  expect(config.get('log.dirs')).toBe('/data/a\\\\b');
});

test('the metadata request is one frame of version 2, without topics', () => {
  expect(encodeMetadataRequest().toString('hex')).toBe('0000000e0003000200000001ffff00000000');
});

test('a metadata response gives the number of brokers and the cluster', () => {
  const text = (value: string): Buffer => Buffer.concat([Buffer.from([0, value.length]), Buffer.from(value)]);
  const response = Buffer.concat([
    Buffer.from([0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1]),
    ...[Buffer.from([0, 0, 0, 1]), text('127.0.0.1'), Buffer.from([0, 0, 4, 87, 255, 255])],
    ...[text('cluster'), Buffer.from([0, 0, 0, 1, 0, 0, 0, 0])],
  ]);
  expect(decodeMetadataResponse(response)).toEqual({ brokers: 1, clusterId: 'cluster' });
  expect(decodeMetadataResponse(response.subarray(0, 14))).toBeUndefined();
});

test('who answers something else, or nothing at all, is no broker', async () => {
  for (const answer of [Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), Buffer.from([0, 0, 0, 4, 0, 0, 0, 1]), undefined]) {
    const { server, port } = await listenWith(answer);
    expect(await probeKafka({ host: '127.0.0.1', port, timeoutMs: 100 })).toBeUndefined();
    await closeServer(server);
    expect(await probeKafka({ host: '127.0.0.1', port, timeoutMs: 100 })).toBeUndefined();
  }
});

test('a second listener sends its clients to the proxy, the first one its own to itself', () => {
  const config = createKafkaConfig({
    ports: { kafka: 1111, kafkaController: 2222 },
    dataFolder: '/data',
    proxied: { port: 3333, advertisedPort: 4444 },
  });
  expect(config).toContain('listeners=PLAINTEXT://127.0.0.1:1111,CONTROLLER://127.0.0.1:2222,PROXIED://127.0.0.1:3333\n');
  expect(config).toContain('advertised.listeners=PLAINTEXT://127.0.0.1:1111,PROXIED://127.0.0.1:4444\n');
  expect(config).toContain('listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,PROXIED:PLAINTEXT\n');
});
