// A thousand live clients on one process, one of them stuck: what each costs in memory, and how long a change takes to the last of them.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, expect, it } from 'vitest';
import { createServedWorld, type ServedWorld, setOf, trackOf } from './served-world.ts';

const CLIENTS = 1_000;
const CHANGES = 20;
const set = setOf(`
name: shop
metrics:
  - { id: orders, kind: kpi, unit: hour, measure: { count: Ordered } }
  - { id: back, kind: retention, start: Ordered, return: Ordered, columns: 30 }
`);
let messages = 0;
const ordered = (userId: string) => trackOf('Ordered', userId, { timestamp: '2026-11-21T12:00:00Z', messageId: `m${messages++}` });

let world: ServedWorld | undefined;
const children: ReturnType<typeof spawn>[] = [];
afterAll(async () => {
  for (const child of children) child.kill();
  await world?.app.close();
});

/** After a full collection: heap and buffers of the service, without the clients, which are another process. */
function memoryBytes(): { heap: number; rss: number } {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect === 'function') collect();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heap: heapUsed + external, rss };
}

it('a thousand clients hold, a stuck one delays nobody, and memory per client is reported', { timeout: 60_000 }, async () => {
  world = await createServedWorld({ set, events: [ordered('ann')], live: { maxStreamsPerAsker: 2 * CLIENTS } });
  const served = world;
  const port = new URL(await served.app.listen({ host: '127.0.0.1', port: 0 })).port;
  const before = memoryBytes();
  const clients = spawn(process.execPath, [fileURLToPath(new URL('live-load-clients.ts', import.meta.url)), port, String(CLIENTS)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(clients);
  const lines = createInterface({ input: clients.stdout })[Symbol.asyncIterator]();
  const said = async (word: string) => {
    const { value = '' } = await lines.next();
    expect(String(value).split(' ')[0]).toBe(word);
  };
  await said('connected');
  expect(served.live.streamCount).toBe(CLIENTS + 1);
  const after = memoryBytes();
  const delaysMs: number[] = [];
  for (let turn = 0; turn < CHANGES; turn++) {
    served.fold([ordered(`user${turn}`)]);
    await served.publish();
    served.clock.advance(1_000);
    const startedMs = performance.now();
    await Promise.all([served.answerer.watch.poll('redis'), served.answerer.watch.poll('clickhouse')]);
    served.live.tick();
    await said('all');
    delaysMs.push(performance.now() - startedMs);
  }
  const perClient = Math.round((after.heap - before.heap) / CLIENTS);
  const rssPerClient = Math.round((after.rss - before.rss) / CLIENTS);
  const slowestMs = Math.max(...delaysMs);
  console.log(
    `${CLIENTS} live clients of 2 figures: ${perClient} bytes of heap and buffers each (${rssPerClient} of resident memory); a change reaches the last of them after ${Math.round(delaysMs.toSorted((a, b) => a - b)[CHANGES / 2] ?? 0)} ms (median), ${Math.round(slowestMs)} ms at most`,
  );
  expect(perClient).toBeLessThan(100_000);
  expect(slowestMs).toBeLessThan(3_000);
  expect(served.liveFailures).toEqual([]);
  clients.kill();
  await once(clients, 'close');
  for (let turn = 0; turn < 200 && served.live.streamCount > 0; turn++) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(served.live.streamCount).toBe(0);
});
