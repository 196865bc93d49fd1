// Far more is asked than slow stores can answer: every request gets an answer or a 503 in time, memory stays bounded, and afterwards all is as before.
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Fate } from '@tidemark/testing';
import { afterEach, expect, test } from 'vitest';
import { createServedWorld, type ServedWorld, setOf, trackOf } from './served-world.ts';

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

function heapBytes(): number {
  collect();
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

const set = setOf('name: shop\nmetrics: [{ id: orders, kind: kpi, measure: { count: Ordered } }, { id: people, kind: activity, event: "*" }]');
const DAY_MS = 86_400_000;
/** Reads that the stores have in work at a time, and how long each takes: 100 a second. */
const AT_A_TIME = 2;
const READ_MS = 20;
const ANSWER_TIMEOUT_MS = 400;
/** All at once, each for another range, so that no answer serves two: the stores would need five times as long as anybody waits. */
const REQUESTS = 200;
const ROUNDS = 2;

let world: ServedWorld;
afterEach(() => world.app.close());

function* history() {
  for (let index = 0; index < 300; index += 1) {
    const timestamp = new Date(Date.UTC(2026, 10, 21) - index * 0.2 * DAY_MS).toISOString();
    yield trackOf('Ordered', `u${index % 20}`, { timestamp, messageId: `m${index}` });
  }
}

/** Each read waits for its turn. */
function slowDown(): void {
  let turns = Array.from({ length: AT_A_TIME }, () => Promise.resolve());
  for (const store of Object.values(world.stores)) {
    store.intercept = async ({ method }): Promise<Fate> => {
      if (method !== 'read') return 'apply';
      const [turn = Promise.resolve(), ...later] = turns;
      const done = turn.then(() => sleep(READ_MS));
      turns = [...later, done];
      await done;
      return 'apply';
    };
  }
}

function speedUp(): void {
  for (const store of Object.values(world.stores)) store.intercept = undefined;
}

test('ten times what the stores can read: answers or 503 in time, bounded memory, and the next question is answered as ever', async () => {
  world = await createServedWorld({ set, events: history(), answerTimeoutMs: ANSWER_TIMEOUT_MS });
  const dayOf = (index: number): string => new Date(Date.UTC(2026, 10, 21) - index * DAY_MS).toISOString().slice(0, 10);
  const before = await world.get('/v1/kpis/orders');
  const beforeBytes = heapBytes();
  const seen = new Map<number, number>();
  let slowestMs = 0;
  let mostBytes = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    slowDown();
    const asked = Array.from({ length: REQUESTS }, async (_, index) => {
      const startMs = performance.now();
      const metric = index % 2 === 0 ? 'kpis/orders' : 'activity/people';
      const { statusCode } = await world.app.inject(`/v1/${metric}?from=${dayOf(5 + (index % 50) + round)}&to=${dayOf(index % 5)}`);
      slowestMs = Math.max(slowestMs, performance.now() - startMs);
      seen.set(statusCode, (seen.get(statusCode) ?? 0) + 1);
    });
    await sleep(ANSWER_TIMEOUT_MS / 2);
    mostBytes = Math.max(mostBytes, heapBytes() - beforeBytes);
    await Promise.all(asked);
    speedUp();
  }
  expect([...seen.keys()].toSorted()).toEqual([200, 503]);
  expect((seen.get(200) ?? 0) + (seen.get(503) ?? 0)).toBe(REQUESTS * ROUNDS);
  // Some of it is the collector's own time, which the test itself asks for.
  expect(slowestMs).toBeLessThan(ANSWER_TIMEOUT_MS * 15);
  // 200 questions wait at a time: less than 200 KiB each.
  expect(mostBytes).toBeLessThan(40 * 2 ** 20);
  expect((await world.get('/v1/kpis/orders')).json()).toMatchObject({ total: before.json()['total'] });
  // Reads that nobody waits for any more come to their end.
  for (let turn = 0; turn < 100 && heapBytes() - beforeBytes > 12 * 2 ** 20; turn += 1) await sleep(50);
  expect(heapBytes() - beforeBytes).toBeLessThan(12 * 2 ** 20);
}, 30_000);
