/** From when on the running deployment would still count events. */
import { createServer, type Server } from 'node:http';
import { afterEach, expect, it } from 'vitest';
import { countEarlier, latestClockMs } from '../../src/replay/late-events.ts';

let server: Server | null = null;
afterEach(async () => {
  await new Promise((resolve) => (server === null ? resolve(null) : server.close(resolve)));
  server = null;
});

const nowhere = { queryUrl: null, redisUrl: null, namespace: 'tidemark', partitions: 2, metrics: [], latenessMs: 1 };

async function serve(body: unknown, status = 200): Promise<string> {
  const made = createServer((_request, response) => response.writeHead(status).end(JSON.stringify(body)));
  server = made;
  await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
  const address = made.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
}

it('is the largest clock of all partitions and sets, also while the service is not ready', async () => {
  const partitions = (...clocks: (string | null)[]) => ({ partitions: clocks.map((clock, partition) => ({ partition, clock, position: '1' })) });
  const sets = [partitions('1998-01-01T00:00:00.000Z', null), partitions('1998-06-30T00:00:00.000Z', '1997-01-01T00:00:00.000Z')];
  const queryUrl = await serve({ ready: false, checks: [], details: { sets } }, 503);
  expect(await latestClockMs({ ...nowhere, queryUrl })).toBe(Date.UTC(1998, 5, 30));
});

it('is unknown while no partition has a clock, and where nobody can be asked', async () => {
  const queryUrl = await serve({ details: { sets: [{ partitions: [{ clock: null }] }] } });
  expect(await latestClockMs({ ...nowhere, queryUrl })).toBeNull();
  expect(await latestClockMs(nowhere)).toBeNull();
});

it('rejects when what answers is no query service', async () => {
  const queryUrl = await serve({ hello: 'world' });
  await expect(latestClockMs({ ...nowhere, queryUrl })).rejects.toThrow();
});

it('events that pass on are counted where they are earlier than an instant', async () => {
  const batches = [[{ timeMs: 1 }, { timeMs: 5 }], [], [{ timeMs: 4 }, { timeMs: 6 }]];
  const { batches: counted, count } = countEarlier(batches, 5);
  const seen: unknown[] = [];
  for await (const batch of counted) seen.push(batch);
  expect([seen, count()]).toEqual([batches, 2]);
});
