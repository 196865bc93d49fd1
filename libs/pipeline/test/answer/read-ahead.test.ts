// What is asked again and again is read at new positions before they are shown: nobody waits for it, nothing is hidden, and what is asked seldom costs no read more.
import { expect, test } from 'vitest';
import { type Answered, Unavailable } from '../../src/index.ts';
import { answererOf, createWorld, type World } from './published.ts';

function totalOf({ body }: Answered): string | number | null {
  if (!('total' in body)) throw new Error('expected the figures of a kpi');
  return body.total;
}

async function askedWorld(times: number) {
  const world = createWorld();
  await world.publish(0, 10, [{ cells: [3] }]);
  await world.publish(1, 20, [{ cells: [4] }]);
  const reads = { count: 0 };
  world.redis.intercept = ({ method }) => {
    if (method === 'read') reads.count++;
    return 'apply';
  };
  const answerer = answererOf(world);
  for (let time = 0; time < times; time++) await answerer.answer('purchases', {});
  return { world, answerer, reads };
}

async function move(world: World): Promise<void> {
  await world.publish(0, 11, [{ cells: [10] }]);
}

test('asked three times, it stands at new positions when they are shown, and nobody waits', async () => {
  const { world, answerer, reads } = await askedWorld(3);
  await move(world);
  reads.count = 0;
  // Time stands still, so that the heads wait for the read.
  Object.assign(world.clock, { sleep: () => new Promise(() => undefined) });
  await answerer.watch.poll('redis');
  expect(reads.count).toBe(1);
  const answered = await answerer.answer('purchases', {});
  expect([answered.cached, totalOf(answered), answered.body.asOf.positions, reads.count]).toEqual([true, 14, { '0': '11', '1': '20' }, 1]);
});

test('asked once between two moves, it is read when it is asked', async () => {
  const { world, answerer, reads } = await askedWorld(1);
  for (const next of [11, 12, 13]) {
    await world.publish(0, next, [{ cells: [next] }]);
    reads.count = 0;
    await answerer.watch.poll('redis');
    expect(reads.count).toBe(0);
    expect(totalOf(await answerer.answer('purchases', {}))).toBe(4 + next);
  }
});

test('while it is read, others are answered as before; a read that takes long holds the new heads back for a moment only', async () => {
  const { world, answerer } = await askedWorld(3);
  await move(world);
  const slow = Promise.withResolvers<'apply'>();
  world.redis.intercept = ({ method }) => (method === 'read' ? slow.promise : 'apply');
  const polled = answerer.watch.poll('redis');
  const before = await answerer.answer('purchases', {});
  expect([before.cached, totalOf(before)]).toEqual([true, 7]);
  // The clock of this world moves by what is slept.
  await polled;
  const waiting = answerer.answer('purchases', {});
  slow.resolve('apply');
  expect(totalOf(await waiting)).toBe(14);
});

test('a store that is lost while it is read is away until it is asked again', async () => {
  const { world, answerer } = await askedWorld(3);
  await move(world);
  world.redis.intercept = ({ method }) => (method === 'read' ? 'lose' : 'apply');
  world.clickhouse.intercept = () => 'lose';
  await answerer.watch.poll('clickhouse');
  await answerer.watch.poll('redis');
  expect(answerer.watch.state('redis').error).toMatch(/lost on its way/);
  world.redis.intercept = () => 'lose';
  await expect(answerer.answer('purchases', {})).rejects.toThrow(Unavailable);
  world.redis.intercept = undefined;
  await answerer.watch.poll('redis');
  expect(totalOf(await answerer.answer('purchases', {}))).toBe(14);
});
