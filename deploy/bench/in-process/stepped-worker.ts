/** The production worker in this process, on a log that is fed to it and a clock that is moved on: it publishes and saves through whatever sinks it is given. */
import { randomUUID } from 'node:crypto';
import { partitionOf } from '@tidemark/codec';
import { DEFAULT_SETTINGS, type MetricSet } from '@tidemark/core';
import {
  type Beats,
  type CheckpointStore,
  type EventLog,
  type LogBatch,
  type LogBounds,
  type LogHandler,
  type LogIdentity,
  type Stores,
  Worker,
} from '@tidemark/pipeline';
import { MemoryCheckpointStore } from '@tidemark/testing';
import { SteppedClock } from './stepped-clock.ts';

export interface FedEvent {
  readonly key: string;
  readonly value: string;
  readonly timeMs: number;
}

export interface SteppedWorkerOptions {
  readonly set: MetricSet;
  readonly partitions: number;
  readonly sinks: Pick<Stores, 'redis' | 'clickhouse'>;
  /** Default: in memory. */
  readonly checkpoints?: CheckpointStore;
  /** Where its clock stands first, epoch ms. */
  readonly startMs: number;
}

/** As the service has them by default. */
const beats: Beats = {
  publishIntervalMs: 250,
  tablePublishIntervalMs: 1_000,
  checkpointIntervalMs: 5_000,
  confirmIntervalMs: { redis: 1_000, clickhouse: 10_000 },
  catchUp: { lag: 20_000, agedLag: 1_000, ageMs: 5_000, intervalMs: { redis: 5_000, clickhouse: 10_000, checkpoint: 15_000 } },
};
/** Longer than any of the beats that publish. */
const publishedWithinMs = 1_250;
/** What a decoder may look at behind the last value. */
const spareBytes = 64;

export class SteppedWorker {
  readonly lineage: string;
  readonly clock: SteppedClock;
  /** Spent on decoding and folding alone. */
  foldCpuUs = 0;
  fed = 0;
  readonly #worker: Worker;
  readonly #log: FedLog;

  private constructor(worker: Worker, log: FedLog, clock: SteppedClock) {
    this.#worker = worker;
    this.#log = log;
    this.clock = clock;
    this.lineage = worker.lineages[0] ?? '';
  }

  static async start({ set, partitions, sinks, checkpoints, startMs }: SteppedWorkerOptions): Promise<SteppedWorker> {
    const clock = new SteppedClock(startMs);
    const log = new FedLog(partitions);
    const worker = new Worker({
      sets: [set],
      settings: DEFAULT_SETTINGS,
      partitioner: 'murmur2',
      identity: await log.identity(),
      log,
      writer: { append: async () => undefined, appendTick: async () => undefined, close: async () => undefined },
      stores: { ...sinks, checkpoints: checkpoints ?? new MemoryCheckpointStore().store },
      beats,
      clock,
      randomId: randomUUID,
      incarnation: 'bench',
      maxDirtyCells: Number.POSITIVE_INFINITY,
      report: () => undefined,
    });
    const stepped = new SteppedWorker(worker, log, clock);
    stepped.#ended = worker.run();
    await log.assigned;
    return stepped;
  }

  #ended: Promise<void> = Promise.resolve();

  /** Folds events, in the order in which they come. Publishes nothing by itself: that takes time, which `advance` gives. */
  feed(events: readonly FedEvent[]): void {
    const batches = this.#log.batchesOf(events);
    const before = process.threadCpuUsage();
    for (const batch of batches) this.#log.handOver(batch);
    const { user, system } = process.threadCpuUsage(before);
    this.foldCpuUs += user + system;
    this.fed += events.length;
  }

  /** Lets its clock go on, with all that falls due. Throws when a partition has halted. */
  async advance(ms: number): Promise<void> {
    await this.clock.advance(ms);
    const halted = this.#worker.status().find((status) => status.halted !== null);
    if (halted !== undefined) throw new Error(`partition ${halted.partition} halted: ${halted.halted}`);
  }

  /** Everything that was fed is in both sinks. */
  async publish(): Promise<void> {
    for (let tries = 0; tries < 10; tries++) {
      await this.advance(publishedWithinMs);
      if (this.#behind() === undefined) return;
    }
    const { partition, next, redis, clickhouse } = this.#behind() ?? {};
    throw new Error(`the sinks do not take what was folded: partition ${partition} is at ${next}, Redis at ${redis}, ClickHouse at ${clickhouse}`);
  }

  #behind() {
    const isIn = (base: string | null, next: number): boolean => base !== null && Number.parseInt(base.slice(4), 16) >= next;
    return this.#worker.status().find(({ redis, clickhouse, next }) => !isIn(redis, next ?? 0) || !isIn(clickhouse, next ?? 0));
  }

  /** The live states, by partition. */
  states() {
    return this.#worker.holdings().map(({ memory }) => memory.fold.state);
  }

  /** Leaves what was published where it is. */
  async close(): Promise<void> {
    await this.#worker.stop();
    await this.#ended;
  }
}

/** A log without a past: what it is fed it hands over at once. */
class FedLog implements EventLog {
  readonly #partitions: number;
  readonly #ends: number[];
  readonly #assigned = Promise.withResolvers<void>();
  readonly #stopped = Promise.withResolvers<void>();
  #handler: LogHandler | null = null;
  #recordMs = 0;

  constructor(partitions: number) {
    this.#partitions = partitions;
    this.#ends = Array.from({ length: partitions }, () => 0);
  }

  get assigned(): Promise<void> {
    return this.#assigned.promise;
  }

  async identity(): Promise<LogIdentity> {
    return { clusterId: 'bench', topicId: 'bench', partitionCount: this.#partitions, cleanupPolicy: 'delete', timestampType: 'LogAppendTime' };
  }

  async bounds(): Promise<ReadonlyMap<number, LogBounds>> {
    return new Map(this.#ends.map((high, partition) => [partition, { low: 0, high }]));
  }

  async run(handler: LogHandler): Promise<void> {
    this.#handler = handler;
    for (let partition = 0; partition < this.#partitions; partition++) await handler.assigned(partition);
    this.#assigned.resolve();
    await this.#stopped.promise;
  }

  control(): void {
    // Whoever feeds decides what comes next; nobody is told how far the worker is.
  }

  async stop(): Promise<void> {
    this.#stopped.resolve();
  }

  handOver(batch: LogBatch): void {
    this.#handler?.batch(batch);
  }

  /** One batch for each partition that has events. A record's time is the latest of the events so far, as in a log whose events come in about their order. */
  batchesOf(events: readonly FedEvent[]): LogBatch[] {
    const pending = Array.from({ length: this.#partitions }, () => new ChunkWriter());
    for (const { key, value, timeMs } of events) {
      this.#recordMs = Math.max(this.#recordMs, timeMs);
      const bytes = Buffer.from(key);
      pending[partitionOf('murmur2', bytes, this.#partitions)]?.add(bytes, Buffer.from(value), this.#recordMs);
    }
    return pending.flatMap((chunk, partition) => {
      if (chunk.length === 0) return [];
      const first = this.#ends[partition] ?? 0;
      this.#ends[partition] = first + chunk.length;
      return [chunk.batch(partition, first)];
    });
  }
}

/** Keys and values one behind the other in one Buffer, as a fetch has them. */
class ChunkWriter {
  readonly #parts: Buffer[] = [];
  readonly #bounds: number[] = [0];
  readonly #times: number[] = [];

  get length(): number {
    return this.#times.length;
  }

  add(key: Buffer, value: Buffer, recordMs: number): void {
    for (const part of [key, value]) {
      this.#parts.push(part);
      this.#bounds.push((this.#bounds.at(-1) ?? 0) + part.length);
    }
    this.#times.push(recordMs);
  }

  batch(partition: number, first: number): LogBatch {
    const bytes = Buffer.concat([...this.#parts, Buffer.alloc(spareBytes)]);
    const bounds = Uint32Array.from(this.#bounds);
    const times = Float64Array.from(this.#times);
    const { length } = times;
    const at = (index: number): number => bounds[index] as number;
    return {
      partition,
      length,
      highWatermark: first + length,
      requestedOffset: first,
      nextOffset: first + length,
      offset: (index) => first + index,
      timestampMs: (index) => times[index] as number,
      bytes: () => bytes,
      keyStart: (index) => at(2 * index),
      keyEnd: (index) => at(2 * index + 1),
      valueStart: (index) => at(2 * index + 1),
      valueEnd: (index) => at(2 * index + 2),
      key: (index) => bytes.subarray(at(2 * index), at(2 * index + 1)),
      value: (index) => bytes.subarray(at(2 * index + 1), at(2 * index + 2)),
      isControl: () => false,
    };
  }
}
