// The choice of ports: the remembered one, else the usual one, else any free one, and never one twice.
import { expect, test } from 'vitest';
import { choosePorts, isPortFree, portRoles, preferredPorts, toPorts } from '../src/ports.ts';
import { closeServer, listenWith } from './tcp-server.ts';

const allFree = async (): Promise<boolean> => true;

test('on an empty machine the usual ports are chosen', async () => {
  expect(await choosePorts(portRoles, {}, allFree)).toEqual({ ports: preferredPorts, moved: [] });
});

test('remembered ports win over the usual ones, and those of engines that do not start are kept', async () => {
  const { ports, moved } = await choosePorts(['redis'], { redis: 20_001, clickhouse: 20_002 }, allFree);
  expect(ports).toEqual({ redis: 20_001, clickhouse: 20_002 });
  expect(moved).toEqual([]);
});

test('a taken port is replaced and named', async () => {
  const { ports, moved } = await choosePorts(['kafka', 'redis'], {}, async (port) => port !== preferredPorts.kafka);
  expect(moved).toEqual([{ role: 'kafka', from: preferredPorts.kafka, to: ports.kafka }]);
  expect(ports.kafka).not.toBe(preferredPorts.kafka);
  expect(ports.redis).toBe(preferredPorts.redis);
});

test('two roles that remember one port get two', async () => {
  const { ports } = await choosePorts(['kafka', 'kafkaController'], { kafka: 20_003, kafkaController: 20_003 }, allFree);
  expect(ports.kafka).toBe(20_003);
  expect(ports.kafkaController).not.toBe(20_003);
});

test('a port somebody listens on is not free, and is again when he stops', async () => {
  const { server, port } = await listenWith(undefined);
  expect(await isPortFree(port)).toBe(false);
  await closeServer(server);
  expect(await isPortFree(port)).toBe(true);
});

test('only port numbers are read out of a ports file', () => {
  expect(toPorts({ kafka: 1, redis: '2', clickhouse: 70_000, kafkaController: 1.5, other: 5 })).toEqual({ kafka: 1 });
  expect(toPorts(undefined)).toEqual({});
  expect(toPorts('text')).toEqual({});
});
