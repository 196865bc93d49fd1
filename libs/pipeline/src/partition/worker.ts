/** The worker: a log handler that keeps every lineage of every assigned partition current. */
import { createDecoder } from '@tidemark/codec';
import { createCalendars, lineageOf, type MetricSet, PartitionFold, Vocabulary } from '@tidemark/core';
import { LOG_ORIGIN } from '../lineages/entry.ts';
import { readOrigin } from '../past/origin.ts';
import type { LogBatch, LogBounds, LogHandler, LogIdentity } from '../ports/log.ts';
import type { OperatorRequest } from '../ports/operator-requests.ts';
import { StoreUnavailable } from '../ports/sink.ts';
import type { Repetition } from '../ports/time.ts';
import { type BatchFolder, createBatchFolder } from './fold-batch.ts';
import { endOf, type Holding, type PartitionStatus } from './holding.ts';
import { LineagePartition } from './lineage-partition.ts';
import { dirtyCells, type PartitionMemory } from './memory.ts';
import { attendRequests, refused, republish, type Verdict } from './operator-desk.ts';
import { StateAhead } from './state-ahead.ts';
import { shouldTick } from './ticks.ts';
import { createBeatTurns } from './turns.ts';
import { createWitness, type Witness } from './witness.ts';
import type { WorkerOptions } from './worker-options.ts';

const HOUSEKEEPING_MS = 1000;
const TOPIC_WATCH_EVERY = 10;
const RETRY_MS = 500;
/** Of the ten seconds that a stop may take, the rest is for leaving the group. */
const FINISH_DEADLINE_MS = 6000;

export class Worker implements LogHandler {
  readonly lineages: readonly string[];
  readonly #options: WorkerOptions;
  readonly #vocabulary = new Vocabulary();
  readonly #calendars = createCalendars();
  readonly #turns = createBeatTurns();
  readonly #holdings = new Map<number, Holding>();
  readonly #folder: BatchFolder;
  readonly #ahead: StateAhead;
  #housekeeping: Repetition | null = null;
  #desk: Repetition | null = null;
  /** As the log was when the lineages that are worked on began. */
  #identity: LogIdentity;
  #witness: Witness | null = null;
  #housekept = 0;
  #stopped = false;

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#identity = options.identity;
    this.lineages = options.sets.map((set) => lineageOf(set, options.settings, options.origin));
    // A first fold of each set completes the vocabulary, which the decoder needs whole.
    for (const set of options.sets) this.#newFold(set);
    this.#folder = createBatchFolder({
      decoder: createDecoder(this.#vocabulary),
      partitioner: options.partitioner,
      partitionCount: options.identity.partitionCount,
    });
    const newFold = (index: number): PartitionFold => this.#newFold(options.sets[index] as MetricSet);
    this.#ahead = new StateAhead({ ...options, lineages: this.lineages, newFold });
  }

  /** Works until `stop`, or until the membership fails (rejects). */
  async run(): Promise<void> {
    const { clock, trail, requests, incarnation: by, report } = this.#options;
    this.#housekeeping = clock.every(HOUSEKEEPING_MS, () => this.#keepHouse());
    const unreachable = (why: string): void => report({ event: 'store_unreachable', why });
    if (requests !== undefined) this.#desk = attendRequests({ requests, by, clock, act: (request) => this.#attend(request), unreachable });
    if (trail !== undefined) this.#witness = createWitness({ lineages: this.lineages, trail, clock, unreachable: () => {} });
    await this.#ahead.begin();
    if (this.#stopped) return;
    await this.#options.log.run(this);
  }

  /** Stops fetching, publishes and saves everything as far as the stores answer within six seconds, leaves the group. */
  async stop(): Promise<void> {
    this.#stopped = true;
    void this.#desk?.stop();
    this.#ahead.drop();
    const { clock, log } = this.#options;
    for (const partition of this.#holdings.keys()) log.control(partition, { pause: true });
    const finished = new AbortController();
    const finishing = [...this.#holdings.values()].flatMap(({ lineages }) => lineages.map((lineage) => lineage.finish()));
    const done = Promise.all([this.#housekeeping?.stop(), this.#witness?.stop(), ...finishing]).then(() => finished.abort());
    await Promise.race([done, clock.sleep(FINISH_DEADLINE_MS, finished.signal)]);
    await log.stop();
  }

  async assigned(partition: number): Promise<number | null> {
    const holding = this.#holdings.get(partition) ?? this.#hold(partition);
    this.#ahead.end();
    this.#options.report({ event: 'assigned', partition });
    holding.loading = true;
    while (holding.active && !this.#stopped) {
      try {
        const offsets = await this.#load(partition, holding);
        if (!holding.active || this.#stopped) return null;
        const live = offsets.filter((offset) => offset !== null);
        for (const lineage of holding.lineages) lineage.startBeats();
        holding.position = live.length === 0 ? null : Math.min(...live);
        holding.readTo = holding.position ?? 0;
        holding.loading = false;
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
    // What a client hands over while we stop is of partitions that it may have lost.
    if (holding === undefined || holding.position === null || this.#stopped) return;
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

  lost(partition: number, low: number, why: string): void {
    for (const lineage of this.#holdings.get(partition)?.lineages ?? []) {
      const { memory } = lineage;
      if (memory !== null && memory.fold.state.next < low) lineage.halt(why);
    }
  }

  status(): PartitionStatus[] {
    return [...this.#holdings].flatMap(([partition, holding]) =>
      holding.lineages.map(({ lineage, memory, halted }) => ({
        partition,
        lineage,
        next: memory?.fold.state.next ?? null,
        clockMs: memory !== null && Number.isFinite(memory.fold.state.clockMs) ? memory.fold.state.clockMs : null,
        logLow: holding.bounds?.low ?? null,
        logHigh: endOf(holding),
        logHighAtMs: holding.boundsAskedAtMs,
        halted,
        paused: holding.paused,
        counters: memory?.fold.state.counters.toRecord() ?? {},
        redis: memory?.redis.base ?? null,
        clickhouse: memory?.clickhouse.base ?? null,
      })),
    );
  }

  /** The state of every live partition, for those who look at it between two batches and change nothing. */
  holdings(): readonly { readonly set: MetricSet; readonly lineage: string; readonly partition: number; readonly memory: PartitionMemory }[] {
    const { sets } = this.#options;
    return [...this.#holdings].flatMap(([partition, { lineages }]) =>
      lineages.flatMap(({ lineage, memory, halted }, index) => {
        const set = sets[index];
        return set === undefined || memory === null || halted !== null ? [] : [{ set, lineage, partition, memory }];
      }),
    );
  }

  get rejectedByReason(): ReadonlyMap<string, number> {
    return this.#folder.rejectedByReason;
  }

  /** The offset that each lineage reads from. Waits for all of them also when one fails: none may still be loading when the next try begins. */
  async #load(partition: number, holding: Holding): Promise<(number | null)[]> {
    const loads = await Promise.allSettled(holding.lineages.map((lineage) => lineage.load(() => this.#boundsOf(partition, holding))));
    const offsets = loads.map((load) => {
      if (load.status === 'rejected') throw load.reason;
      return load.value;
    });
    // Whoever slept, or was not assigned anything, may not have heard of another topic yet; what its stores hold of ours must not be continued from there.
    const replaced = await this.#replaced();
    if (replaced === null) return offsets;
    for (const lineage of holding.lineages) lineage.halt(replaced);
    return offsets.map(() => null);
  }

  async #boundsOf(partition: number, holding: Holding): Promise<LogBounds | undefined> {
    const askedAtMs = this.#options.clock.nowMs();
    const bounds = (await this.#options.log.bounds()).get(partition);
    if (bounds !== undefined) Object.assign(holding, { bounds, boundsAskedAtMs: askedAtMs });
    return bounds;
  }

  /** What an operator asks; null when it is not for us, or not now. */
  async #attend({ act, lineage, partition }: OperatorRequest): Promise<Verdict | null> {
    const holding = this.#holdings.get(partition);
    const index = this.lineages.indexOf(lineage);
    const held = holding?.lineages[index];
    if (holding === undefined || held === undefined || holding.loading) return null;
    if (act === 'republish') return republish(held, this.#options.clock, () => holding.active && !this.#stopped);
    if (held.halted === null) return refused('it is not halted');
    return this.#resume(partition, holding, index);
  }

  /** A halted lineage begins anew, from what is stored, as if the partition had just come to us; whatever still stands against it halts it again. */
  async #resume(partition: number, holding: Holding, index: number): Promise<Verdict | null> {
    const { log } = this.#options;
    const identity = await log.identity();
    const { partitionCount } = this.#identity;
    if (identity.partitionCount !== partitionCount) return refused(`the topic has ${identity.partitionCount} partitions, before ${partitionCount}`);
    const isOther = identity.topicId !== this.#identity.topicId || identity.clusterId !== this.#identity.clusterId;
    // Whoever still folds the log of before must find out first: the watch compares with one identity.
    const isFolding = [...this.#holdings.values()].some(({ lineages }) => lineages.some(({ halted }) => halted === null));
    if (isOther && isFolding) return refused('the topic was re-created or changed, and what is still folded here has not halted yet');
    this.#identity = identity;
    const fresh = this.#newLineage(partition, index);
    const offset = await fresh.load(() => this.#boundsOf(partition, holding));
    if (!holding.active || holding.loading || this.#stopped) return null;
    void holding.lineages[index]?.stopBeats();
    holding.lineages[index] = fresh;
    fresh.startBeats();
    if (offset === null) return refused(`it halted again: ${fresh.halted}`);
    const from = Math.min(offset, holding.position ?? offset);
    Object.assign(holding, { position: from, readTo: from });
    log.control(partition, { seek: from });
    return { outcome: 'done', detail: `it goes on at position ${fresh.memory?.fold.state.next ?? offset}` };
  }

  /** A throwing definition suspends its lineage, not the partition. */
  #fold(batch: LogBatch, lineages: readonly LineagePartition[]): void {
    const live = lineages.filter((lineage) => lineage.halted === null && lineage.memory !== null);
    const memories = live.flatMap(({ memory }) => (memory === null ? [] : [memory]));
    const watching = this.#witness?.observe(batch, live) ?? null;
    const failed = (memory: PartitionMemory, error: unknown): void => {
      const lineage = live[memories.indexOf(memory)];
      lineage?.halt(`the fold failed at offset ${memory.fold.state.next - 1}: ${error instanceof Error ? error.message : String(error)}`);
    };
    this.#folder.fold(batch, memories, failed, watching?.saw);
    watching?.finish();
  }

  #hold(partition: number): Holding {
    const holding: Holding = {
      lineages: this.#options.sets.map((_set, index) => this.#newLineage(partition, index)),
      position: null,
      readTo: 0,
      bounds: null,
      boundsAskedAtMs: Number.NEGATIVE_INFINITY,
      lastRecordAtMs: this.#options.clock.nowMs(),
      paused: false,
      active: true,
      loading: false,
    };
    this.#holdings.set(partition, holding);
    return holding;
  }

  #newLineage(partition: number, index: number): LineagePartition {
    const { stores, beats, clock, randomId, incarnation, partitioner, checkpointSizes, maxDirtyCells, observe, origin = LOG_ORIGIN } = this.#options;
    const set = this.#options.sets[index] as MetricSet;
    const lineage = this.lineages[index] as string;
    return new LineagePartition({
      lineage,
      partition,
      partitioner,
      identity: this.#identity,
      stores,
      beats,
      clock,
      randomId,
      writer: incarnation,
      checkpointSizes,
      maxDirtyCells,
      beginsAt: readOrigin(origin)?.positions[partition] ?? 0,
      observe,
      turns: this.#turns,
      ahead: (manifest) => this.#ahead.take(manifest),
      newFold: () => this.#newFold(set),
      logHigh: () => endOf(this.#holdings.get(partition)),
      logHighAtMs: () => this.#holdings.get(partition)?.boundsAskedAtMs ?? Number.NEGATIVE_INFINITY,
      logLow: () => this.#holdings.get(partition)?.bounds?.low ?? 0,
      readAgain: () => this.#readAgain(partition),
      report: (event) => this.#options.report({ ...event, partition, lineage }),
    });
  }

  /** From the first record that some lineage wants to compare; what is folded is skipped. */
  #readAgain(partition: number): void {
    const holding = this.#holdings.get(partition);
    if (holding === undefined || holding.position === null) return;
    const wanted = holding.lineages.flatMap(({ firstExpected }) => firstExpected ?? []);
    const from = Math.min(holding.position, ...wanted);
    if (from < holding.position) this.#options.log.control(partition, { seek: from });
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
    const askedAtMs = clock.nowMs();
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
      const now = bounds.get(partition);
      if (now !== undefined) Object.assign(holding, { bounds: now, boundsAskedAtMs: askedAtMs });
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
    this.#housekept++;
    if (this.#housekept % TOPIC_WATCH_EVERY !== 0) return;
    try {
      const replaced = await this.#replaced();
      if (replaced === null) return;
      for (const { lineages } of this.#holdings.values()) for (const lineage of lineages) lineage.halt(replaced);
    } catch (error) {
      this.#options.report({ event: 'log_unreachable', why: error instanceof Error ? error.message : String(error) });
    }
  }

  /** In what the topic is another one than what we fold, or null. */
  async #replaced(): Promise<string | null> {
    const identity = this.#identity;
    const now = await this.#options.log.identity();
    const changed = (['clusterId', 'topicId', 'partitionCount'] as const).find((key) => now[key] !== identity[key]);
    if (changed === undefined) return null;
    return `the log's ${changed} is now ${now[changed]}, the state was folded with ${identity[changed]}: the topic was re-created or changed`;
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
