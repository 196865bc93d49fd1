/** The worker: a log handler that keeps every lineage of every assigned partition current. */
import { createDecoder, type Partitioner } from '@tidemark/codec';
import { createCalendars, type FoldSettings, lineageOf, type MetricSet, PartitionFold, Vocabulary } from '@tidemark/core';
import type { EventLog, LogBatch, LogBounds, LogHandler, LogIdentity, LogWriter } from '../ports/log.ts';
import { StoreUnavailable } from '../ports/sink.ts';
import type { Repetition, RuntimeClock } from '../ports/time.ts';
import type { CheckpointSizes } from './checkpoint.ts';
import { type BatchFolder, createBatchFolder } from './fold-batch.ts';
import { type Beats, LineagePartition, type PartitionEvent, type Stores } from './lineage-partition.ts';
import { dirtyCells } from './memory.ts';
import { shouldTick } from './ticks.ts';

export interface WorkerOptions {
  readonly sets: readonly MetricSet[];
  readonly settings: FoldSettings;
  readonly partitioner: Partitioner;
  readonly identity: LogIdentity;
  readonly log: EventLog;
  readonly writer: LogWriter;
  readonly stores: Stores;
  readonly beats: Beats;
  readonly clock: RuntimeClock;
  readonly randomId: () => string;
  readonly incarnation: string;
  /** Integers of one partition and lineage that may wait for a sink; above it the fold pauses. */
  readonly maxDirtyCells: number;
  readonly checkpointSizes?: CheckpointSizes;
  readonly report: (event: WorkerEvent) => void;
}

export type WorkerEvent =
  | (PartitionEvent & { readonly partition: number; readonly lineage: string })
  | { readonly event: 'assigned' | 'revoked'; readonly partition: number }
  | { readonly event: 'log_unreachable' | 'store_unreachable'; readonly why: string }
  | { readonly event: 'ticked'; readonly partition: number };

export interface PartitionStatus {
  readonly partition: number;
  readonly lineage: string;
  readonly next: number | null;
  readonly clockMs: number | null;
  readonly logHigh: number | null;
  readonly halted: string | null;
  readonly counters: Readonly<Record<string, number>>;
  readonly redis: string | null;
  readonly clickhouse: string | null;
}

interface Holding {
  readonly lineages: readonly LineagePartition[];
  /** Where the next batch must begin; null before the first. */
  position: number | null;
  /** Where the log's client stands: beyond `position` when what follows is never handed over. */
  readTo: number;
  bounds: LogBounds | null;
  lastRecordAtMs: number;
  paused: boolean;
  /** True between assignment and release. */
  active: boolean;
}

const HOUSEKEEPING_MS = 1000;
const TOPIC_WATCH_EVERY = 10;
const RETRY_MS = 500;
/** Of the ten seconds that a stop may take, the rest is for leaving the group. */
const FINISH_DEADLINE_MS = 8000;

export class Worker implements LogHandler {
  readonly lineages: readonly string[];
  readonly #options: WorkerOptions;
  readonly #vocabulary = new Vocabulary();
  readonly #calendars = createCalendars();
  readonly #holdings = new Map<number, Holding>();
  readonly #folder: BatchFolder;
  #housekeeping: Repetition | null = null;
  #housekept = 0;
  #stopped = false;

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.lineages = options.sets.map((set) => lineageOf(set, options.settings));
    // A first fold of each set completes the vocabulary, which the decoder needs whole.
    for (const set of options.sets) this.#newFold(set);
    this.#folder = createBatchFolder({
      decoder: createDecoder(this.#vocabulary),
      partitioner: options.partitioner,
      partitionCount: options.identity.partitionCount,
    });
  }

  /** Works until `stop`, or until the membership fails (rejects). */
  async run(): Promise<void> {
    this.#housekeeping = this.#options.clock.every(HOUSEKEEPING_MS, () => this.#keepHouse());
    await this.#options.log.run(this);
  }

  /** Stops fetching, publishes and saves everything as far as the stores answer within eight seconds, leaves the group. */
  async stop(): Promise<void> {
    this.#stopped = true;
    const { clock, log } = this.#options;
    for (const partition of this.#holdings.keys()) log.control(partition, { pause: true });
    const finished = new AbortController();
    const finishing = [...this.#holdings.values()].flatMap(({ lineages }) => lineages.map((lineage) => lineage.finish()));
    const done = Promise.all([this.#housekeeping?.stop(), ...finishing]).then(() => finished.abort());
    await Promise.race([done, clock.sleep(FINISH_DEADLINE_MS, finished.signal)]);
    await log.stop();
  }

  async assigned(partition: number): Promise<number | null> {
    const holding = this.#holdings.get(partition) ?? this.#hold(partition);
    this.#options.report({ event: 'assigned', partition });
    while (holding.active && !this.#stopped) {
      try {
        const offsets = await this.#load(partition, holding);
        if (!holding.active || this.#stopped) return null;
        const live = offsets.filter((offset) => offset !== null);
        for (const lineage of holding.lineages) lineage.startBeats();
        holding.position = live.length === 0 ? null : Math.min(...live);
        holding.readTo = holding.position ?? 0;
        return holding.position;
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error;
        this.#options.report({ event: 'store_unreachable', why: error.message });
        await this.#options.clock.sleep(RETRY_MS);
      }
    }
    return null;
  }

  revoked(partition: number): void {
    const holding = this.#holdings.get(partition);
    if (holding === undefined || this.#stopped) return;
    holding.active = false;
    this.#holdings.delete(partition);
    this.#options.report({ event: 'revoked', partition });
    for (const lineage of holding.lineages) void lineage.stopBeats();
  }

  batch(batch: LogBatch): void {
    const holding = this.#holdings.get(batch.partition);
    if (holding === undefined || holding.position === null) return;
    const { lineages, bounds } = holding;
    holding.readTo = batch.nextOffset;
    if (bounds !== null && batch.highWatermark > bounds.high) holding.bounds = { low: bounds.low, high: batch.highWatermark };
    if (batch.length === 0) return;
    for (const lineage of lineages) {
      const broken = lineage.halted === null ? lineage.verify(batch) : null;
      if (broken !== null) lineage.halt(broken);
    }
    this.#fold(batch, lineages);
    holding.position = batch.offset(batch.length - 1) + 1;
    holding.lastRecordAtMs = this.#options.clock.nowMs();
    this.#pauseWhenFull(batch.partition, holding);
  }

  status(): PartitionStatus[] {
    return [...this.#holdings].flatMap(([partition, holding]) =>
      holding.lineages.map(({ lineage, memory, halted }) => ({
        partition,
        lineage,
        next: memory?.fold.state.next ?? null,
        clockMs: memory !== null && Number.isFinite(memory.fold.state.clockMs) ? memory.fold.state.clockMs : null,
        logHigh: endOf(holding),
        halted,
        counters: memory?.fold.state.counters.toRecord() ?? {},
        redis: memory?.redis.base ?? null,
        clickhouse: memory?.clickhouse.base ?? null,
      })),
    );
  }

  get rejectedByReason(): ReadonlyMap<string, number> {
    return this.#folder.rejectedByReason;
  }

  /** The offset that each lineage reads from. Waits for all of them also when one fails: none may still be loading when the next try begins. */
  async #load(partition: number, holding: Holding): Promise<(number | null)[]> {
    const boundsOf = async (): Promise<LogBounds | undefined> => {
      const bounds = (await this.#options.log.bounds()).get(partition);
      if (bounds !== undefined) holding.bounds = bounds;
      return bounds;
    };
    const loads = await Promise.allSettled(holding.lineages.map((lineage) => lineage.load(boundsOf)));
    return loads.map((load) => {
      if (load.status === 'rejected') throw load.reason;
      return load.value;
    });
  }

  /** A throwing definition suspends its lineage, not the partition. */
  #fold(batch: LogBatch, lineages: readonly LineagePartition[]): void {
    const live = lineages.filter((lineage) => lineage.halted === null && lineage.memory !== null);
    const memories = live.flatMap(({ memory }) => (memory === null ? [] : [memory]));
    this.#folder.fold(batch, memories, (failed, error) => {
      const lineage = live[memories.indexOf(failed)];
      lineage?.halt(`the fold failed at offset ${failed.fold.state.next - 1}: ${error instanceof Error ? error.message : String(error)}`);
    });
  }

  #hold(partition: number): Holding {
    const { identity, stores, beats, clock, randomId, incarnation, partitioner, checkpointSizes, maxDirtyCells } = this.#options;
    const lineages = this.#options.sets.map((set, index) => {
      const lineage = this.lineages[index] as string;
      return new LineagePartition({
        lineage,
        partition,
        partitioner,
        identity,
        stores,
        beats,
        clock,
        randomId,
        writer: incarnation,
        checkpointSizes,
        maxDirtyCells,
        newFold: () => this.#newFold(set),
        logHigh: () => endOf(this.#holdings.get(partition)),
        report: (event) => this.#options.report({ ...event, partition, lineage }),
      });
    });
    const holding: Holding = { lineages, position: null, readTo: 0, bounds: null, lastRecordAtMs: clock.nowMs(), paused: false, active: true };
    this.#holdings.set(partition, holding);
    return holding;
  }

  #newFold(set: MetricSet): PartitionFold {
    return new PartitionFold({ set, settings: this.#options.settings, vocabulary: this.#vocabulary, calendars: this.#calendars });
  }

  /** The fold rests while more waits for a sink than may be held, whatever the sink's age. */
  #pauseWhenFull(partition: number, holding: Holding): void {
    const { maxDirtyCells } = this.#options;
    const full = holding.lineages.some(
      ({ memory, halted }) => memory !== null && halted === null && dirtyCells(memory, maxDirtyCells) > maxDirtyCells,
    );
    if (full === holding.paused) return;
    holding.paused = full;
    this.#options.log.control(partition, full ? { pause: true } : { resume: true });
  }

  /** Once a second: the log's bounds, committed offsets for lag tools, resumed folds, and ticks. */
  async #keepHouse(): Promise<void> {
    const { log, clock, settings, report } = this.#options;
    let bounds: ReadonlyMap<number, LogBounds>;
    try {
      bounds = await log.bounds();
    } catch (error) {
      report({ event: 'log_unreachable', why: error instanceof Error ? error.message : String(error) });
      return;
    }
    await this.#watchTopic();
    const nowMs = clock.nowMs();
    const statuses = this.status();
    const live = statuses.some((status) => status.clockMs !== null && status.clockMs >= nowMs - settings.latenessMs);
    for (const [partition, holding] of this.#holdings) {
      holding.bounds = bounds.get(partition) ?? holding.bounds;
      this.#pauseWhenFull(partition, holding);
      if (holding.position !== null) log.control(partition, { commit: holding.position });
      const mine = statuses.filter((status) => status.partition === partition && status.halted === null);
      const due = { partition, nowMs, lastRecordAtMs: holding.lastRecordAtMs, latenessMs: settings.latenessMs, otherPartitionLive: live };
      if (!mine.some((status) => shouldTick({ ...due, next: status.next, logHigh: status.logHigh, clockMs: status.clockMs }))) continue;
      holding.lastRecordAtMs = nowMs;
      await this.#tick(partition);
    }
  }

  /** A topic that was deleted and created anew may hold as many records as the old one: only its identity tells. Asked every tenth time. */
  async #watchTopic(): Promise<void> {
    const { log, identity, report } = this.#options;
    this.#housekept++;
    if (this.#housekept % TOPIC_WATCH_EVERY !== 0) return;
    try {
      const now = await log.identity();
      const changed = (['clusterId', 'topicId', 'partitionCount'] as const).find((key) => now[key] !== identity[key]);
      if (changed === undefined) return;
      const reason = `the log's ${changed} is now ${now[changed]}, the state was folded with ${identity[changed]}: the topic was re-created or changed`;
      for (const { lineages } of this.#holdings.values()) for (const lineage of lineages) lineage.halt(reason);
    } catch (error) {
      report({ event: 'log_unreachable', why: error instanceof Error ? error.message : String(error) });
    }
  }

  async #tick(partition: number): Promise<void> {
    const { writer, report } = this.#options;
    try {
      await writer.appendTick(partition);
      report({ event: 'ticked', partition });
    } catch (error) {
      report({ event: 'log_unreachable', why: error instanceof Error ? error.message : String(error) });
    }
  }
}

/** The log's end as positions count it: when all is read, what follows the last record that was handed over is not missing. */
function endOf(holding: Holding | undefined): number | null {
  const { bounds = null, position = null, readTo = 0 } = holding ?? {};
  if (bounds === null) return null;
  return position !== null && readTo >= bounds.high ? Math.min(position, bounds.high) : bounds.high;
}
