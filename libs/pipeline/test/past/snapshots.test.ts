// Copies of the state in a second store: made beside the work, and brought back only when they are whole and of this very log.
import { MemoryCheckpointStore, MemorySnapshotStore } from '@tidemark/testing';
import { checkpointContract } from '@tidemark/testing/contracts';
import { expect, test } from 'vitest';
import { createSnapshots, type Manifest, NO_VERSION, type SnapshotEvent, type Snapshots } from '../../src/index.ts';
import { copyState } from '../../src/past/copy-state.ts';
import { restoreState } from '../../src/past/restore-state.ts';
import { Bench, type Running } from '../partition/bench.ts';
import { LINEAGE } from '../partition/folded.ts';
import { figuresOf } from '../partition/mortal.ts';

const INTERVAL_MS = 60_000;
const HOUR_MS = 3_600_000;
/** Small enough that a handful of events makes several pieces and outgrows them. */
const SMALL = { pieceBytes: 400, minDeltaBytes: 200 };

checkpointContract('a store of checkpoints with copies behind it', async () => {
  const memory = new MemoryCheckpointStore();
  const identity = { ...new Bench().log.identity, partitionCount: 12 };
  const { checkpoints, stop } = createSnapshots({
    checkpoints: memory.store,
    snapshots: new MemorySnapshotStore().store,
    identity,
    partitioner: 'murmur2',
    clock: new Bench().clock,
    randomId: () => 'copy',
    intervalMs: 0,
  });
  return { store: checkpoints, expire: async () => memory.expire(), close: stop };
});

interface Copied extends Running {
  readonly copies: Snapshots;
  readonly told: SnapshotEvent[];
}

let ids = 0;

/** Of a log of history, which is never ticked. */
async function newBench(): Promise<Bench> {
  const bench = new Bench();
  await bench.clock.advance(100 * HOUR_MS);
  return bench;
}

async function started(bench: Bench, second: MemorySnapshotStore, intervalMs = INTERVAL_MS): Promise<Copied> {
  const told: SnapshotEvent[] = [];
  const copies = createSnapshots({
    checkpoints: bench.checkpoints.store,
    snapshots: second.store,
    identity: bench.log.identity,
    partitioner: 'murmur2',
    clock: bench.clock,
    randomId: () => `copy${++ids}`,
    intervalMs,
    report: (event) => told.push(event),
  });
  const stores = { redis: bench.redis.sink, clickhouse: bench.clickhouse.sink, checkpoints: copies.checkpoints };
  const running = await bench.start({ stores, checkpointSizes: SMALL });
  await bench.settle();
  return { ...running, copies, told };
}

async function stopped(bench: Bench, { worker, done, copies }: Copied): Promise<void> {
  const stopping = Promise.all([worker.stop(), copies.stop()]);
  await bench.clock.advance(2_000);
  await stopping;
  await done;
}

function send(bench: Bench, from: number, to: number): void {
  for (let index = from; index < to; index++)
    bench.send({ event: index % 4 === 0 ? 'Join' : 'Click', actor: `a${index % 7}`, id: `e${index}`, at: index / 10 });
}

function figures(bench: Bench, { worker }: Running) {
  const [lineage = ''] = worker.lineages;
  return { redis: figuresOf(bench.redis, lineage), clickhouse: figuresOf(bench.clickhouse, lineage) };
}

const nextOf = ({ worker }: Running): number | null | undefined => worker.status()[0]?.next;
const kinds = ({ told }: Copied): string[] => told.map(({ event }) => event);

async function reference(count: number) {
  const bench = await newBench();
  send(bench, 0, count);
  return figures(bench, await started(bench, new MemorySnapshotStore(), 0));
}

/** A worker has folded `count` records, the first `copied` of which are in the copy; then Redis is lost, and the log begins where the copy ends. */
async function lost(options: { copied: number; count: number }): Promise<{ bench: Bench; second: MemorySnapshotStore }> {
  const [bench, second] = [await newBench(), new MemorySnapshotStore()];
  send(bench, 0, options.copied);
  const running = await started(bench, second);
  await bench.settle(INTERVAL_MS);
  expect(kinds(running)).toEqual(['copied']);
  send(bench, options.copied, options.count);
  await bench.settle();
  await stopped(bench, running);
  bench.redis.wipe();
  bench.checkpoints.wipe();
  bench.log.deleteBefore(0, options.copied);
  return { bench, second };
}

test('Redis is lost, and the log reaches back no further than the copy: the same figures come back', async () => {
  const { bench, second } = await lost({ copied: 30, count: 50 });
  const again = await started(bench, second);
  expect([again.told[0], again.halts(), nextOf(again)]).toEqual([expect.objectContaining({ event: 'restored', next: 30 }), [], 50]);
  send(bench, 50, 60);
  await bench.settle();
  expect(figures(bench, again)).toEqual(await reference(60));
});

test('without a copy the partition halts, and copies are made of nothing that did not change', async () => {
  const { bench } = await lost({ copied: 30, count: 50 });
  expect((await started(bench, new MemorySnapshotStore())).halts()).toEqual(['the log begins at 30, after position 0: what lies between is lost']);

  const [idle, second] = [await newBench(), new MemorySnapshotStore()];
  send(idle, 0, 10);
  const running = await started(idle, second);
  await idle.settle(10 * INTERVAL_MS);
  expect(kinds(running)).toEqual(['copied']);
  expect([...second.parts.values()].every(({ slot }) => slot === 0)).toBe(true);
});

test('the newest two are kept; a damaged part, or a damaged table of contents, leads to the one before', async () => {
  for (const damagedPart of [0, 1]) {
    const [bench, second] = [await newBench(), new MemorySnapshotStore()];
    send(bench, 0, 20);
    const running = await started(bench, second);
    const [lineage = ''] = running.worker.lineages;
    for (const to of [30, 40, 50]) {
      await bench.settle(INTERVAL_MS);
      send(bench, to - 10, to);
      await bench.settle();
    }
    // 20 went into the first slot, 30 into the second, 40 into the first again.
    expect(running.told.map((event) => 'next' in event && event.next)).toEqual([20, 30, 40]);
    await stopped(bench, running);
    second.damage(`${lineage}:0:0:${damagedPart}`);
    bench.checkpoints.wipe();
    bench.redis.wipe();
    const again = await started(bench, second);
    expect(kinds(again).slice(0, 2)).toEqual(['copy_passed_over', 'restored']);
    expect(again.told[1]).toMatchObject({ next: 30 });
    expect(figures(bench, again)).toEqual(await reference(50));
  }
});

test('a copy that breaks off is nothing: the one before is taken, and stays until another is whole', async () => {
  const { bench, second } = await lost({ copied: 30, count: 50 });
  const again = await started(bench, second);
  let saves = 0;
  second.intercept = ({ method }) => (method === 'save' && ++saves > 1 ? 'lose' : 'apply');
  await bench.settle(3 * INTERVAL_MS);
  expect(kinds(again).slice(0, 2)).toEqual(['restored', 'copy_failed']);
  second.intercept = undefined;
  await stopped(bench, again);
  bench.checkpoints.wipe();
  bench.redis.wipe();
  const third = await started(bench, second);
  expect(third.told[0]).toMatchObject({ event: 'restored', next: 30 });
  expect(figures(bench, third)).toEqual(await reference(50));
});

test('what was copied from another topic is passed over', async () => {
  const { bench, second } = await lost({ copied: 30, count: 30 });
  bench.log.recreate();
  const again = await started(bench, second);
  expect(again.told[0]).toMatchObject({ event: 'copy_passed_over', why: expect.stringContaining('the topic of the log is topic-2') });
});

test('while the second store does not answer nothing begins anew: unreachable is not absent', async () => {
  const { bench, second } = await lost({ copied: 30, count: 50 });
  second.intercept = () => 'lose';
  const again = await started(bench, second);
  expect([again.halts(), nextOf(again), again.events.map(({ event }) => event)]).toEqual([[], null, expect.arrayContaining(['store_unreachable'])]);
  second.intercept = undefined;
  await bench.settle();
  expect([again.halts(), nextOf(again)]).toEqual([[], 50]);
});

test('a state that is replaced while it is copied is copied whole all the same, and what both name is copied once', async () => {
  const [memory, second] = [new MemoryCheckpointStore(), new MemorySnapshotStore()];
  const { store } = memory;
  const manifest = (id: string, next: number, keys: readonly string[]): Manifest => ({
    ...{ id, writer: 'w', format: 1, lineage: LINEAGE, partition: 0, epoch: 1, next, pieces: 1, dropped: NO_VERSION, partitionCount: 1 },
    segments: keys.map((key) => ({ key, kind: 'base', piece: 0, next, bytes: key.length })),
    ...{ partitioner: 'murmur2', clusterId: 'c', topicId: 't', fingerprint: '', fingerprintOffset: -1 },
  });
  const replace = async (previous: string | null, to: Manifest): Promise<void> => {
    for (const { key } of to.segments) await store.saveSegment(LINEAGE, 0, key, Buffer.from(key));
    expect(await store.replaceManifest(previous, to)).toBe('replaced');
  };
  await replace(null, manifest('first', 5, ['a', 'bb', 'ccc']));
  let owner: (() => Promise<void>) | null = () => replace('first', manifest('second', 9, ['a', 'dddd', 'eeeee']));
  const checkpoints = {
    ...store,
    segment: async (...of: Parameters<typeof store.segment>) => {
      const bytes = await store.segment(...of);
      await owner?.();
      owner = null;
      return bytes;
    },
  };
  const copy = { checkpoints, snapshots: second.store, lineage: LINEAGE, partition: 0, nowMs: 1, goesOn: () => true };
  expect(await copyState({ ...copy, id: 'x' })).toMatchObject({ result: 'copied', next: 9 });
  expect([...second.parts.values()].map(({ part, bytes }) => part > 0 && Buffer.from(bytes).toString())).toEqual(['a', 'dddd', 'eeeee', false]);
  expect(await copyState({ ...copy, id: 'y' })).toEqual({ result: 'same' });
  memory.wipe();
  const identity = { ...new Bench().log.identity, clusterId: 'c', topicId: 't' };
  const restored = await restoreState({ ...copy, checkpoints: store, identity, partitioner: 'murmur2', passedOver: () => undefined });
  expect(restored).toEqual(manifest('second', 9, ['a', 'dddd', 'eeeee']));
  expect(Buffer.from((await store.segment(LINEAGE, 0, 'eeeee')) ?? []).toString()).toBe('eeeee');
});

test('a live worker whose Redis is wiped goes on from memory, whatever older copy there is', async () => {
  const [bench, second] = [await newBench(), new MemorySnapshotStore()];
  send(bench, 0, 30);
  const running = await started(bench, second);
  await bench.settle(INTERVAL_MS);
  send(bench, 30, 40);
  await bench.settle();
  bench.redis.wipe();
  bench.checkpoints.wipe();
  send(bench, 40, 45);
  await bench.settle();
  await bench.settle();
  expect([running.halts(), bench.checkpoints.manifestOf(running.worker.lineages[0] ?? '', 0)?.next]).toEqual([[], 45]);
  expect(figures(bench, running)).toEqual(await reference(45));
});
