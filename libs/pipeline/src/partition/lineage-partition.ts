/** One partition of one lineage at work: loads its state, publishes to both sinks and checkpoints, each on its own beat, while the fold goes on. */
import type { PartitionFold } from '@tidemark/core';
import type { CheckpointStore } from '../ports/checkpoint.ts';
import type { LogBatch, LogBounds, LogIdentity } from '../ports/log.ts';
import { type CellSink, type HeadNote, StoreUnavailable } from '../ports/sink.ts';
import type { Repetition, RuntimeClock } from '../ports/time.ts';
import { splitVersion } from '../ports/version.ts';
import { type CheckpointContext, loadMemory, saveCheckpoint } from './checkpoint.ts';
import { fingerprintOf } from './fold-batch.ts';
import { dropClosedRows, type PartitionMemory, positionOf } from './memory.ts';
import { publish, type PublishResult } from './publish.ts';

export interface Beats {
  readonly publishIntervalMs: number;
  readonly tablePublishIntervalMs: number;
  readonly checkpointIntervalMs: number;
  /** How often an idle owner confirms an unchanged head, per sink. */
  readonly confirmIntervalMs: Readonly<Record<CellSink['name'], number>>;
}

export interface Stores {
  readonly redis: CellSink;
  readonly clickhouse: CellSink;
  readonly checkpoints: CheckpointStore;
}

export type PartitionEvent =
  | { readonly event: 'loaded'; readonly next: number }
  | { readonly event: 'halted'; readonly reason: string }
  | { readonly event: 'published'; readonly sink: CellSink['name']; readonly outcome: PublishResult }
  | { readonly event: 'checkpointed'; readonly bytes: number }
  | { readonly event: 'moved' };

export interface LineagePartitionOptions {
  readonly lineage: string;
  readonly partition: number;
  readonly partitioner: string;
  readonly identity: LogIdentity;
  readonly newFold: () => PartitionFold;
  readonly stores: Stores;
  readonly beats: Beats;
  readonly clock: RuntimeClock;
  readonly randomId: () => string;
  readonly writer: string;
  /** The log's end as last heard of; null when unknown. */
  readonly logHigh: () => number | null;
  readonly report: (event: PartitionEvent) => void;
}

export class LineagePartition {
  readonly lineage: string;
  /** null before the first load and after a release. */
  memory: PartitionMemory | null = null;
  halted: string | null = null;
  readonly #options: LineagePartitionOptions;
  readonly #checkpoint: CheckpointContext;
  #beats: Repetition[] = [];
  readonly #confirmedAtMs = { redis: 0, clickhouse: 0 };
  /** Offset and hash of the record that must come first after a load, before anything is folded. */
  #expected: { offset: number; fingerprint: string } | null = null;
  /** Set when a compare-and-set found another manifest: load before the next save. */
  #reload = false;

  constructor(options: LineagePartitionOptions) {
    this.#options = options;
    this.lineage = options.lineage;
    const { lineage, partition, randomId, writer, partitioner, identity, newFold, stores } = options;
    this.#checkpoint = { lineage, partition, store: stores.checkpoints, randomId, writer, partitioner, identity, newFold };
  }

  /** Loads, or keeps what we hold. Answers the offset to read from, or null when halted. Throws StoreUnavailable. */
  async load(bounds: LogBounds): Promise<number | null> {
    if (this.halted !== null) return null;
    const outcome = await loadMemory(this.memory, this.#checkpoint);
    if ('halt' in outcome) return this.halt(outcome.halt);
    const { memory } = outcome;
    const { next } = memory.fold.state;
    this.memory = memory;
    this.#reload = false;
    if (bounds.low > next) return this.halt(`the log begins at ${bounds.low}, after position ${next}: what lies between is lost`);
    if (next > bounds.high) return this.halt(`position ${next} lies beyond the end of the log, ${bounds.high}: the log was cut or re-created`);
    const head = await this.#headBeyond(bounds.high);
    if (head !== null) return this.halt(head);
    if (outcome.loaded) this.#options.report({ event: 'loaded', next });
    const { fingerprint, fingerprintOffset } = memory;
    this.#expected = fingerprintOffset >= bounds.low ? { offset: fingerprintOffset, fingerprint } : null;
    return this.#expected?.offset ?? next;
  }

  /** What speaks against folding this batch, or null: a rewritten log shows another record where ours was. */
  verify(batch: LogBatch): string | null {
    const expected = this.#expected;
    if (expected === null || batch.length === 0) return null;
    this.#expected = null;
    if (batch.offset(0) === expected.offset && fingerprintOf(batch, 0) === expected.fingerprint) return null;
    return `the record at offset ${expected.offset} is not the one that was folded: the log was rewritten`;
  }

  /** Stops this partition loudly: nothing is folded, published or saved any more, and the reason is told. */
  halt(reason: string): null {
    if (this.halted === null) this.#options.report({ event: 'halted', reason });
    this.halted = reason;
    return null;
  }

  startBeats(): void {
    if (this.#beats.length > 0) return;
    const { clock, beats } = this.#options;
    const onError = (error: unknown): void => void this.halt(error instanceof Error ? error.message : String(error));
    this.#beats = [
      clock.every(beats.publishIntervalMs, () => this.#publishTo('redis', false), onError),
      clock.every(beats.tablePublishIntervalMs, () => this.#publishTo('clickhouse', false), onError),
      clock.every(beats.checkpointIntervalMs, () => this.save(), onError),
    ];
  }

  async stopBeats(): Promise<void> {
    const beats = this.#beats;
    this.#beats = [];
    await Promise.all(beats.map((beat) => beat.stop()));
  }

  /** The last words of an owner: everything published and saved, as far as the stores answer. */
  async finish(): Promise<void> {
    await this.stopBeats();
    await Promise.all([this.#publishTo('redis', true), this.#publishTo('clickhouse', true)]);
    await this.save();
  }

  async save(): Promise<void> {
    if (this.memory === null || this.halted !== null) return;
    if (this.#reload) await this.#loadAgain();
    const { memory } = this;
    if (memory === null || this.halted !== null) return;
    dropClosedRows(memory);
    const outcome = await saveCheckpoint(memory, this.#checkpoint);
    if (outcome.result === 'saved') this.#options.report({ event: 'checkpointed', bytes: outcome.bytes });
    if (outcome.result !== 'moved') return;
    this.#options.report({ event: 'moved' });
    this.#reload = true;
  }

  /** Another manifest is stored: keep memory if it is ahead, else go on from the longer one. The log is read on from where it stands; known records are skipped. */
  async #loadAgain(): Promise<void> {
    const before = this.memory;
    try {
      const outcome = await loadMemory(before, this.#checkpoint);
      if ('halt' in outcome) {
        this.halt(outcome.halt);
        return;
      }
      if (this.memory !== before) return;
      // While we loaded, the fold went on in what we held; if it has overtaken the stored manifest, it is the longer prefix.
      const overtaken = before !== null && outcome.memory !== before && before.fold.state.next > outcome.memory.fold.state.next;
      if (overtaken) return;
      this.memory = outcome.memory;
      this.#reload = false;
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
    }
  }

  async #publishTo(name: CellSink['name'], last: boolean): Promise<void> {
    const { memory } = this;
    if (memory === null || this.halted !== null) return;
    const { stores, clock, beats, lineage, partition, randomId } = this.#options;
    const idle = memory[name].base === positionOf(memory);
    if (idle && !last && clock.nowMs() - this.#confirmedAtMs[name] < beats.confirmIntervalMs[name]) return;
    const other = name === 'redis' ? stores.clickhouse : stores.redis;
    const outcome = await publish(memory, { lineage, partition, sink: stores[name], other, randomId, note: () => this.#note(memory) });
    if (outcome.result === 'closed') this.#confirmedAtMs[name] = clock.nowMs();
    this.#options.report({ event: 'published', sink: name, outcome });
  }

  #note(memory: PartitionMemory): HeadNote {
    const { state } = memory.fold;
    const { clock, identity, logHigh } = this.#options;
    const nowMs = clock.nowMs();
    const high = logHigh();
    return {
      clockMs: Number.isFinite(state.clockMs) ? state.clockMs : null,
      counters: { ...state.counters.toRecord(), capped: state.cappedActors.size },
      overflow: state.dictionaries.some((dictionary) => dictionary.overflow),
      partitionCount: identity.partitionCount,
      publishedAtMs: nowMs,
      confirmedAtMs: nowMs,
      atEnd: high !== null && state.next >= high,
      fingerprint: memory.fingerprint,
    };
  }

  /** A store that is ahead of the log's end holds another log's figures. A store that does not answer is looked at when it publishes. */
  async #headBeyond(high: number): Promise<string | null> {
    const { stores, lineage, partition } = this.#options;
    for (const sink of [stores.redis, stores.clickhouse]) {
      try {
        const { closed } = await sink.head(lineage, partition);
        const { epoch, next } = splitVersion(closed);
        if (epoch === (this.memory?.fold.state.epoch ?? 0) && next > high) return `${sink.name} holds figures up to ${next}, beyond the end of the log, ${high}`;
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error;
      }
    }
    return null;
  }
}
