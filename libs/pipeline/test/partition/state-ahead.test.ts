// What is read of a silent owner's partition before the group gives it away: taken when it is still what is stored, and never otherwise.
import type { MemoryLog } from '@tidemark/testing';
import { expect, test } from 'vitest';
import type { EventLog, LogHandler, ReadAhead } from '../../src/index.ts';
import { Bench } from './bench.ts';

const ALL: ReadAhead = { share: async () => 1, silentMs: 1_500 };

/** A membership that begins when it is let in. */
function waiting(member: ReturnType<MemoryLog['member']>) {
  const door = Promise.withResolvers<void>();
  const log: EventLog = {
    identity: () => member.identity(),
    bounds: () => member.bounds(),
    control: (...of) => member.control(...of),
    stop: () => member.stop(),
    run: async (handler: LogHandler) => {
      await door.promise;
      await member.run(handler);
    },
  };
  return { log, open: (): void => door.resolve() };
}

/** Two events folded and saved by an owner, then a new member that waits for the group. */
async function worldWith({ isOwnerAlive = false, readAhead = ALL } = {}) {
  const bench = new Bench();
  bench.send({ at: 0 }, { at: 0.1 });
  const owner = await bench.start();
  await bench.settle();
  if (!isOwnerAlive) await bench.stop(owner);
  let segments = 0;
  bench.checkpoints.intercept = ({ method }) => {
    if (method === 'segment') segments++;
    return 'apply';
  };
  const { log, open } = waiting(bench.log.member());
  const next = await bench.start({ log, readAhead });
  await bench.clock.advance(3_000);
  return { bench, owner, next, open, segments: (): number => segments };
}

const positions = (worker: { status(): readonly { next: number | null }[] }) => worker.status().map(({ next }) => next);

test('a silent owner: its state is in memory when the partition is given, nothing is read again, and the fold goes on from it', async () => {
  const { bench, next, open, segments } = await worldWith();
  const read = segments();
  expect(read).toBeGreaterThan(0);
  bench.send({ at: 0.2 });
  open();
  await bench.settle();
  expect([segments(), positions(next.worker), next.halts()]).toEqual([read, [3], []]);
  expect(next.events).toContainEqual(expect.objectContaining({ event: 'loaded', next: 2 }));
  expect(bench.checkpoints.manifestOf(next.worker.lineages[0] ?? '', 0)?.next).toBe(3);
});

test('an owner that says that it is there: nothing of it is read', async () => {
  const { segments } = await worldWith({ isOwnerAlive: true });
  expect(segments()).toBe(0);
});

test('no share: nothing is read; a group that cannot be counted is joined as ever', async () => {
  const none = await worldWith({ readAhead: { ...ALL, share: async () => 0 } });
  expect(none.segments()).toBe(0);
  const unknown = await worldWith({ readAhead: { ...ALL, share: () => Promise.reject(new Error('may not')) } });
  expect(unknown.segments()).toBe(0);
  unknown.open();
  await unknown.bench.settle();
  expect([positions(unknown.next.worker), unknown.next.halts()]).toEqual([[2], []]);
});

test('a manifest that was replaced meanwhile: what was read by the one before is dropped', async () => {
  const { bench, next, open, segments } = await worldWith();
  const between = await bench.start();
  bench.send({ at: 0.2 }, { at: 0.3 });
  await bench.settle();
  await bench.stop(between);
  const read = segments();
  open();
  await bench.settle();
  expect(segments()).toBeGreaterThan(read);
  expect([positions(next.worker), next.halts()]).toEqual([[4], []]);
});

test('given to others, it is let go: who is let in late loads it like anybody', async () => {
  const { bench, next, open, segments } = await worldWith();
  const read = segments();
  await bench.clock.advance(70_000);
  open();
  await bench.settle();
  expect(segments()).toBeGreaterThan(read);
  expect([positions(next.worker), next.halts()]).toEqual([[2], []]);
});

test('a stop while it waits ends it', async () => {
  const { bench, next, open } = await worldWith();
  const stopping = next.worker.stop();
  await bench.clock.advance(7_000);
  await stopping;
  open();
  await next.done;
  expect(next.halts()).toEqual([]);
});
