// Turns: order, room for so many at once, and which beats of a partition take them.
import { expect, test } from 'vitest';
import { BeatTaker, createBeatTurns, createTurns } from '../../src/partition/turns.ts';

test('each begins when the one before has ended, and one that fails holds nobody up', async () => {
  const turns = createTurns();
  const seen: string[] = [];
  const gate = Promise.withResolvers<void>();
  const first = turns.take(async () => {
    seen.push('first begins');
    await gate.promise;
    seen.push('first ends');
    throw new Error('refused');
  });
  const second = turns.take(async () => seen.push('second'));
  await new Promise((resolve) => setImmediate(resolve));
  expect(seen).toEqual(['first begins']);
  gate.resolve();
  await expect(first).rejects.toThrow('refused');
  await second;
  expect(seen).toEqual(['first begins', 'first ends', 'second']);
});

test('as many run at once as there is room for', async () => {
  const turns = createTurns(2);
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const begun: number[] = [];
  const ended = gates.map(({ promise }, index) =>
    turns.take(async () => {
      begun.push(index);
      await promise;
    }),
  );
  await new Promise((resolve) => setImmediate(resolve));
  expect(begun).toEqual([0, 1]);
  gates[1]?.resolve();
  await ended[1];
  await new Promise((resolve) => setImmediate(resolve));
  expect(begun).toEqual([0, 1, 2]);
  for (const { resolve } of gates) resolve();
  await Promise.all(ended);
});

test('a beat takes turns while its partition is far behind, and once more afterwards', async () => {
  const turns = createBeatTurns();
  const gate = Promise.withResolvers<void>();
  void turns.redis.take(() => gate.promise);
  let isFarBehind = false;
  let runs = 0;
  const beat = new BeatTaker(turns, { isFarBehind: () => isFarBehind, isWanted: () => true }).of('redis', async () => void runs++);
  await beat();
  expect(runs).toBe(1);
  isFarBehind = true;
  const waiting = beat();
  isFarBehind = false;
  const alsoWaiting = beat();
  await new Promise((resolve) => setImmediate(resolve));
  expect(runs).toBe(1);
  gate.resolve();
  await Promise.all([waiting, alsoWaiting]);
  expect(runs).toBe(3);
  void turns.redis.take(() => new Promise(() => undefined));
  await beat();
  expect(runs).toBe(4);
});

test('a partition that was let go while it waited runs nothing', async () => {
  let isWanted = true;
  let runs = 0;
  const turns = createBeatTurns();
  const gate = Promise.withResolvers<void>();
  void turns.checkpoint.take(() => gate.promise);
  const beat = new BeatTaker(turns, { isFarBehind: () => true, isWanted: () => isWanted }).of('checkpoint', async () => void runs++);
  const waiting = beat();
  isWanted = false;
  gate.resolve();
  await waiting;
  expect(runs).toBe(0);
});
