// The worker's check of itself: registers recomputed from the archive are those in memory, a changed one is told, and what others decide is no difference.
import { MemoryArchive, MemoryCheckLedger } from '@tidemark/testing';
import { expect, test } from 'vitest';
import { createActorChecker, type SelfCheckEvent, startSelfCheck, type Worker } from '../../src/index.ts';
import { Bench, type Running } from '../partition/bench.ts';
import { SETTINGS, type Sent } from '../partition/folded.ts';
import { archiveLog } from '../verify/archived.ts';

interface World {
  readonly bench: Bench;
  readonly memory: MemoryArchive;
  readonly running: Running;
  readonly worker: Worker;
}

async function worldOf(...events: readonly Sent[]): Promise<World> {
  const bench = new Bench();
  bench.send(...events);
  const running = await bench.start();
  await bench.settle();
  const memory = new MemoryArchive();
  await archiveLog(bench, memory);
  return { bench, memory, running, worker: running.worker };
}

/** Draws the record at a share of the log. */
function checkerOf({ bench, memory }: World, share: number, maxRecords = 500) {
  return createActorChecker({
    archive: { ...memory.partitionArchive, ...memory.checkArchive },
    settings: SETTINGS,
    partitioner: 'murmur2',
    partitionCount: 1,
    clock: bench.clock,
    random: () => share,
    maxRecords,
  });
}

function heldOf({ worker }: World) {
  const [held] = worker.holdings();
  if (held === undefined) throw new Error('nothing is held');
  return held;
}

const people: readonly Sent[] = [
  { event: 'Join', actor: 'ann', at: 0.2, id: 'j1' },
  { actor: 'bob', at: 0.3, city: 'Van', id: 'b1' },
  { actor: 'ann', at: 0.4, id: 'c1' },
  { event: 'Join', actor: 'ann', at: 0.1, id: 'j0' },
  { actor: 'ann', at: 0.4, id: 'c1' },
  { actor: 'bob', at: 5.5, city: 'Ani', id: 'b2' },
  { actor: 'ann', at: 6.4, id: 'c2' },
];

test('every actor of a log with repeats, moved firsts and forgotten events is the same, also after a restart', async () => {
  const world = await worldOf(...people);
  for (const share of [0, 0.2, 0.5, 0.9])
    expect(await checkerOf(world, share).check(heldOf(world))).toEqual({
      outcome: 'same',
      position: { epoch: 1, next: 7 },
      differences: 0,
      detail: '',
    });
  const stopping = world.worker.stop();
  await world.bench.clock.advance(100);
  await stopping;
  const again = await world.bench.start();
  await world.bench.settle();
  expect(await checkerOf(world, 0).check(heldOf({ ...world, worker: again.worker }))).toMatchObject({ outcome: 'same' });
});

test('a register that lost a bit is told with what it holds and what the archive gives, without a name', async () => {
  const world = await worldOf(...people);
  const held = heldOf(world);
  const { state } = held.memory.fold;
  const [register] = state.firsts;
  if (register === undefined) throw new Error('no register');
  register.store.times[0] = (register.store.times[0] ?? 0) + 1;
  const check = await checkerOf(world, 0).check(held);
  expect(check).toMatchObject({
    outcome: 'different',
    differences: 1,
    detail: expect.stringMatching(/^the actor of the record at offset 0: register first .* holds \[at \d+ .*the archive gives \[at \d+/),
  });
  expect(check.detail).not.toContain('ann');
});

test('an actor whose message id another one used first is undecided, not different', async () => {
  const world = await worldOf({ actor: 'bob', at: 0.1, id: 'same' }, { event: 'Join', actor: 'ann', at: 0.2, id: 'same' });
  expect(await checkerOf(world, 0.9).check(heldOf(world))).toMatchObject({
    outcome: 'undecided',
    differences: 0,
    detail: expect.stringContaining('others have used one of its message ids'),
  });
});

test('an event that is late by the clock of others is late here too', async () => {
  const world = await worldOf(
    { actor: 'bob', at: 0.9, id: 'b' },
    { event: 'Join', actor: 'ann', at: -1.5, id: 'a' },
    { event: 'Join', actor: 'ann', at: 0.3, id: 'a2' },
  );
  expect(heldOf(world).memory.fold.state.counters.of('late')).toBe(1);
  expect(await checkerOf(world, 0.9).check(heldOf(world))).toMatchObject({ outcome: 'same' });
});

test('what cannot be checked is passed over: too many records, a record of nobody, an archive that is behind', async () => {
  const world = await worldOf(...people);
  expect(await checkerOf(world, 0, 3).check(heldOf(world))).toMatchObject({
    outcome: 'passed',
    detail: expect.stringContaining('more than 3 records'),
  });
  world.bench.log.append(0, { timestampMs: world.bench.clock.nowMs(), key: Buffer.from('x'), value: Buffer.from('nothing') });
  await world.bench.settle();
  const waiting = checkerOf(world, 0).check(heldOf(world));
  await world.bench.clock.advance(20_000);
  expect(await waiting).toMatchObject({ outcome: 'passed', detail: 'the archive does not reach the position yet' });
  await archiveLog(world.bench, world.memory, { from: 7 });
  expect(await checkerOf(world, 0.99).check(heldOf(world))).toMatchObject({ outcome: 'passed', detail: 'the record that was drawn is nobody’s' });
});

test('rounds check so many actors, the ledger has the sum once a minute and a difference at once, and an absent archive is told', async () => {
  const world = await worldOf(...people);
  const { ledger } = new MemoryCheckLedger();
  const events: SelfCheckEvent[] = [];
  const { clock } = world.bench;
  const [lineage = ''] = world.worker.lineages;
  const check = startSelfCheck({
    held: () => world.worker.holdings(),
    checker: checkerOf(world, 0),
    ledger,
    clock,
    random: () => 0,
    intervalMs: 10_000,
    actors: 2,
    report: (event) => events.push(event),
  });
  await clock.advance(30_000);
  expect(events).toHaveLength(6);
  expect(await ledger.latest(lineage)).toEqual([]);
  await clock.advance(30_000);
  expect(await ledger.latest(lineage)).toMatchObject([{ kind: 'selfcheck', partition: 0, outcome: 'same', compared: 12, differences: 0 }]);
  world.memory.intercept = () => 'lose';
  await clock.advance(10_000);
  expect(events.at(-1)).toEqual({ event: 'selfcheck_unreachable', why: 'records: lost on its way' });
  world.memory.intercept = undefined;
  heldOf(world).memory.fold.state.firsts[0]?.store.times.fill(1, 0, 1);
  await clock.advance(10_000);
  expect(await ledger.latest(lineage)).toMatchObject([{ outcome: 'different', compared: 2, differences: 2 }]);
  const stopping = check.stop();
  await clock.advance(0);
  await stopping;
});
