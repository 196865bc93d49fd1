/** Workers over in-memory log and stores and a clock that moves when told. */
import type { MetricSet } from '@tidemark/core';
import { MemoryCellStore, MemoryCheckpointStore, MemoryLog, type MemoryMember } from '@tidemark/testing';
import { type Beats, Worker, type WorkerEvent, type WorkerOptions } from '../../src/index.ts';
import { HOUR_MS, recordOf, SET, SETTINGS, type Sent, START_MS } from './folded.ts';
import { ManualClock } from './manual-clock.ts';

export interface Running {
  readonly worker: Worker;
  readonly member: MemoryMember;
  readonly events: WorkerEvent[];
  readonly done: Promise<void>;
  /** Reasons of halts so far. */
  halts(): string[];
}

export const BEATS: Beats = {
  publishIntervalMs: 250,
  tablePublishIntervalMs: 1_000,
  checkpointIntervalMs: 5_000,
  confirmIntervalMs: { redis: 1_000, clickhouse: 10_000 },
  catchUp: { lag: 10_000, agedLag: 10_000, ageMs: 5_000, intervalMs: { redis: 2_000, clickhouse: 5_000, checkpoint: 12_000 } },
};

export class Bench {
  readonly log: MemoryLog;
  readonly redis = new MemoryCellStore('redis');
  readonly clickhouse = new MemoryCellStore('clickhouse');
  readonly checkpoints = new MemoryCheckpointStore();
  readonly clock = new ManualClock(START_MS + HOUR_MS);
  #ids = 0;

  constructor(partitionCount = 1) {
    this.log = new MemoryLog({ partitionCount });
  }

  send(...events: readonly Sent[]): void {
    for (const event of events) this.log.append(0, recordOf(event));
  }

  /** The last words of a worker, as time goes on. */
  async stop({ worker, done }: Running): Promise<void> {
    const stopping = worker.stop();
    await this.clock.advance(100);
    await stopping;
    await done;
  }

  /** A worker that has joined the group. */
  async start(changes: Partial<WorkerOptions> & { sets?: readonly MetricSet[] } = {}): Promise<Running> {
    const member = this.log.member();
    const events: WorkerEvent[] = [];
    const worker = new Worker({
      sets: [SET],
      settings: SETTINGS,
      partitioner: 'murmur2',
      identity: this.log.identity,
      log: member,
      writer: this.log.writer({ partitioner: 'murmur2', nowMs: () => this.clock.nowMs() }),
      stores: { redis: this.redis.sink, clickhouse: this.clickhouse.sink, checkpoints: this.checkpoints.store },
      beats: BEATS,
      clock: this.clock,
      randomId: () => `id${++this.#ids}`,
      incarnation: `w${++this.#ids}`,
      maxDirtyCells: 100_000,
      report: (event) => events.push(event),
      ...changes,
    });
    const done = worker.run();
    done.catch(() => undefined);
    await this.clock.advance(0);
    const halts = (): string[] => events.flatMap((event) => (event.event === 'halted' ? [event.reason] : []));
    return { worker, member, events, done, halts };
  }

  /** Hands over everything that may be read, then lets the beats run. */
  async settle(ms = 6_000): Promise<void> {
    do {
      await this.clock.advance(0);
      while (this.log.deliver(3) > 0) await this.clock.advance(0);
      await this.clock.advance(ms);
    } while (this.log.members.some((member) => member.readable().length > 0));
  }
}
