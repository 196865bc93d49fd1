// Workers that come and go, stores that forget, a log that deletes: whatever is lost in whichever order, the figures are those of the whole log.
import { MemorySnapshotStore } from '@tidemark/testing';
import { expect, test } from 'vitest';
import { createLongLog, createSnapshots, type Snapshots } from '../../src/index.ts';
import { Bench, type Running } from '../partition/bench.ts';
import { figuresOf, prefixOf } from '../partition/mortal.ts';
import { ArchivedLog } from './archived-log.ts';

const HOUR_MS = 3_600_000;
const ACTS = ['send', 'send', 'archive', 'delete', 'settle', 'stop', 'crash', 'wipe_redis', 'wipe_state', 'damage'] as const;

class World {
  readonly bench = new Bench();
  readonly archived = new ArchivedLog({ log: this.bench.log, chunkRecords: 4 });
  readonly second = new MemorySnapshotStore();
  /** Appended once more than it was folded: what a store holds must not come from a shortened log. */
  readonly whole = new Bench();
  #running: (Running & { readonly copies: Snapshots }) | null = null;
  #sent = 0;
  #archivedTo = 0;
  #ids = 0;

  async start(): Promise<void> {
    if (this.#running !== null) return;
    const { bench, archived, second } = this;
    const copies = createSnapshots({
      checkpoints: bench.checkpoints.store,
      snapshots: second.store,
      identity: bench.log.identity,
      partitioner: 'murmur2',
      clock: bench.clock,
      randomId: () => `copy${++this.#ids}`,
      intervalMs: 4_000,
    });
    const stores = { redis: bench.redis.sink, clickhouse: bench.clickhouse.sink, checkpoints: copies.checkpoints };
    const log = createLongLog({ log: bench.log.member(), archive: archived.memory.partitionArchive, epoch: 1, clock: bench.clock, turnRecords: 5 });
    const sizes = { pieceBytes: 400, minDeltaBytes: 200 };
    this.#running = { ...(await bench.start({ log, stores, checkpointSizes: sizes })), copies };
  }

  async act(act: (typeof ACTS)[number], random: (below: number) => number): Promise<void> {
    const { bench, archived, second } = this;
    if (act === 'send') for (let count = random(6); count > 0; count--) this.#send(random);
    else if (act === 'archive') {
      await archived.archive();
      this.#archivedTo = bench.log.bounds(0).high;
    } else if (act === 'delete') bench.log.deleteBefore(0, random(this.#archivedTo + 1));
    else if (act === 'settle') await bench.settle(1_000 * (1 + random(7)));
    else if (act === 'stop') await this.stop();
    else if (act === 'crash') await this.#leaveZombie();
    else if (act === 'wipe_redis') bench.redis.wipe();
    else if (act === 'wipe_state') bench.checkpoints.wipe();
    else for (const key of [...second.parts.keys()].filter(() => random(4) === 0)) second.damage(key);
  }

  async stop(): Promise<void> {
    const running = this.#running;
    if (running === null) return;
    this.#running = null;
    const stopping = Promise.all([running.worker.stop(), running.copies.stop()]);
    await this.bench.clock.advance(2_000);
    await stopping;
  }

  halts(): readonly string[] {
    return this.#running?.halts() ?? [];
  }

  get lineage(): string {
    return this.#running?.worker.lineages[0] ?? '';
  }

  get next(): number | null | undefined {
    return this.#running?.worker.status()[0]?.next;
  }

  /** Its membership has ended, and it does not know: it goes on publishing and saving. */
  async #leaveZombie(): Promise<void> {
    const running = this.#running;
    this.#running = null;
    if (running === null) return;
    for (const member of this.bench.log.members) member.crash(new Error('lost'));
    await this.bench.clock.advance(0);
  }

  #send(random: (below: number) => number): void {
    const sent = this.#sent++;
    const event = { event: sent % 4 === 0 ? 'Join' : 'Click', actor: `a${random(5)}`, id: `e${sent}`, at: sent / 8 - random(10) / 10 };
    this.bench.send(event);
    this.whole.send(event);
  }
}

test('thirty random histories of losses end with the figures of the whole log', { timeout: 60_000 }, async () => {
  let restored = 0;
  for (let seed = 1; seed <= 30; seed++) {
    let state = Math.imul(seed, 2_654_435_761) >>> 0;
    const random = (below: number): number => {
      state = (Math.imul(state ^ (state >>> 15), 2_246_822_519) + 0x9e3779b9) >>> 0;
      return state % below;
    };
    const world = new World();
    // Of a log of history, which is never ticked.
    await world.bench.clock.advance(100 * HOUR_MS);
    for (let step = 0; step < 40; step++) {
      await world.act(ACTS[random(ACTS.length)] ?? 'settle', random);
      if (random(3) > 0) await world.start();
    }
    await world.act('archive', random);
    await world.start();
    await world.bench.settle(20_000);
    const { high } = world.bench.log.bounds(0);
    expect({ seed, halts: world.halts(), next: world.next }).toEqual({ seed, halts: [], next: high });
    const expected = await prefixOf(world.whole.log, high);
    for (const store of [world.bench.redis, world.bench.clickhouse])
      expect({ seed, figures: figuresOf(store, world.lineage) }).toEqual({ seed, figures: expected });
    if (world.bench.log.bounds(0).low > 0) restored++;
  }
  expect(restored).toBeGreaterThan(15);
});
