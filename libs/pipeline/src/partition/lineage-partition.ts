/** One partition of one lineage at work: loads its state, publishes to both sinks and checkpoints, each on its own beat, while the fold goes on. */
import type { PartitionFold } from '@tidemark/core';
import type { LogBatch, LogBounds, LogIdentity } from '../ports/log.ts';
import { type CellSink, type Head, type HeadNote, StoreUnavailable } from '../ports/sink.ts';
import type { Repetition, RuntimeClock } from '../ports/time.ts';
import { splitVersion } from '../ports/version.ts';
import { type CheckpointContext, type CheckpointSizes, loadMemory, saveCheckpoint } from './checkpoint.ts';
import { ExpectedRecords } from './expected-records.ts';
import { isSameRecord } from './fold-batch.ts';
import { foreignLog } from './log-of-head.ts';
import { dirtyCells, dropClosedRows, type PartitionMemory, positionOf } from './memory.ts';
import { noteOf, type PublishContext, publish } from './publish.ts';
import { type Beat, BeatTaker, type BeatTurns } from './turns.ts';
import type { Beats, ObserveBeat, PartitionEvent, Stores } from './worker-options.ts';

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
  readonly checkpointSizes?: CheckpointSizes | undefined;
  /** Integers that may wait for a sink before the fold pauses. */
  readonly maxDirtyCells: number;
  /** Where the log's order begins: what lies below is the archive in time order, which nobody but a rebuild folds. 0: with the log. */
  readonly beginsAt: number;
  /** The log's end as last heard of; null when unknown. */
  readonly logHigh: () => number | null;
  /** The log's beginning as last heard of. */
  readonly logLow: () => number;
  /** The log is to hand over once more what `firstExpected` names. */
  readonly readAgain: () => void;
  /** Epoch ms at which the log was last asked where it ends. */
  readonly logHighAtMs: () => number;
  readonly report: (event: PartitionEvent) => void;
  /** Shared by all partitions of a worker. */
  readonly turns: BeatTurns;
  readonly ahead?: CheckpointContext['ahead'];
  readonly observe?: ObserveBeat | undefined;
}

/** The end is asked for every second; what was heard longer ago is no knowledge of it. */
const END_KNOWN_FOR_MS = 3_000;

const unobserved: ObserveBeat = (_beat, run) => run();

export class LineagePartition {
  readonly lineage: string;
  /** null before the first load and after a release. */
  memory: PartitionMemory | null = null;
  halted: string | null = null;
  readonly #options: LineagePartitionOptions;
  readonly #checkpoint: CheckpointContext;
  #beats: Readonly<Record<Beat, Repetition>> | null = null;
  readonly #confirmedAtMs = { redis: 0, clickhouse: 0 };
  readonly #haltToldAtMs = { redis: 0, clickhouse: 0 };
  /** What manifest and heads vouch for. */
  readonly #expected = new ExpectedRecords();
  /** When the last record that came by was appended. */
  #recordAtMs = 0;
  #savedAtMs: number;
  /** Set when a compare-and-set found another manifest: load before the next save. */
  #reload = false;

  constructor(options: LineagePartitionOptions) {
    this.#options = options;
    this.lineage = options.lineage;
    this.#savedAtMs = options.clock.nowMs();
    const { lineage, partition, randomId, writer, partitioner, identity, newFold, stores, checkpointSizes: sizes, ahead } = options;
    const nowMs = (): number => options.clock.nowMs();
    this.#checkpoint = { lineage, partition, store: stores.checkpoints, randomId, writer, nowMs, partitioner, identity, newFold, sizes, ahead };
  }

  /**
   * Loads, or keeps what we hold. Answers the offset to read from, or null when halted. Throws StoreUnavailable. The bounds are asked last: until then
   * another owner may have read further than the log reached when we began.
   */
  async load(boundsOf: () => Promise<LogBounds | undefined>): Promise<number | null> {
    if (this.halted !== null) return null;
    const outcome = await loadMemory(this.memory, this.#checkpoint);
    if ('halt' in outcome) return this.halt(outcome.halt);
    const { memory } = outcome;
    const { next } = memory.fold.state;
    const { beginsAt } = this.#options;
    if (next < beginsAt) {
      const past = `the past of this lineage is the archive in time order up to position ${beginsAt}`;
      return this.halt(`${past}, and no store has the state that was built from it: run tidemark rebuild --again`);
    }
    this.memory = memory;
    this.#reload = false;
    const heads = await this.#heads();
    const bounds = await boundsOf();
    const broken = bounds === undefined ? 'the log has no such partition' : this.#outOfBounds(next, heads, bounds);
    if (bounds === undefined || broken !== null) return this.halt(broken ?? '');
    if (outcome.loaded) this.#options.report({ event: 'loaded', next });
    this.#expected.clear();
    for (const { name, head } of heads) this.#expectHead(name, head, next);
    const { fingerprint, fingerprintOffset: offset } = memory;
    if (offset < bounds.low) return next;
    this.#expected.add({ offset, fingerprint, who: 'the state' });
    return offset;
  }

  /** What speaks against folding this batch, or null: the log jumped over records, or shows another record where one was folded. */
  verify(batch: LogBatch): string | null {
    const { memory } = this;
    if (memory === null || batch.length === 0) return null;
    this.#recordAtMs = batch.timestampMs(batch.length - 1);
    const { fingerprint, fingerprintOffset } = memory;
    const { next } = memory.fold.state;
    const { requestedOffset } = batch;
    if (requestedOffset > next) return `the log jumped from position ${next} to ${requestedOffset}: what lies between is lost`;
    // A client that fell back reads again what is folded; the last of it tells whether it is the same.
    const again = fingerprintOffset >= batch.offset(0) ? { offset: fingerprintOffset, fingerprint, who: 'the state' } : null;
    const broken = this.#expected.compare(batch, again);
    return broken === null ? null : `the record at offset ${broken.offset} is not the one that ${broken.who} was folded with: the log was rewritten`;
  }

  /** Stops this partition loudly: nothing is folded, published or saved any more, and the reason is told. */
  halt(reason: string): null {
    if (this.halted === null) this.#options.report({ event: 'halted', reason });
    this.halted = reason;
    return null;
  }

  startBeats(): void {
    if (this.#beats !== null) return;
    const { clock, beats, turns } = this.#options;
    const isFarBehind = (): boolean => this.memory !== null && this.#isFarBehind(this.memory);
    const turn = new BeatTaker(turns, { isFarBehind, isWanted: () => this.#beats !== null });
    const every = (ms: number, beat: Beat, run: () => Promise<void>): Repetition => clock.every(ms, turn.of(beat, run), (error) => this.#fail(error));
    this.#beats = {
      redis: every(beats.publishIntervalMs, 'redis', () => this.#publishTo('redis', false)),
      clickhouse: every(beats.tablePublishIntervalMs, 'clickhouse', () => this.#publishTo('clickhouse', false)),
      checkpoint: every(beats.checkpointIntervalMs, 'checkpoint', () => this.#saveInTime()),
    };
  }

  async stopBeats(): Promise<void> {
    const beats = this.#beats;
    this.#beats = null;
    if (beats !== null) await Promise.all([beats.redis.stop(), beats.clickhouse.stop(), beats.checkpoint.stop()]);
  }

  /** The last words of an owner: everything published and saved, as far as the stores answer. A slow ClickHouse does not keep the state from being saved. */
  async finish(): Promise<void> {
    const beats = this.#beats;
    this.#beats = null;
    const published = async (name: CellSink['name']): Promise<void> => {
      await beats?.[name].stop();
      await this.#publishTo(name, true);
    };
    const redis = published('redis').catch((error: unknown) => this.#fail(error));
    const clickhouse = published('clickhouse').catch((error: unknown) => this.#fail(error));
    await Promise.all([redis, beats?.checkpoint.stop()]);
    await this.save().catch((error: unknown) => this.#fail(error));
    await clickhouse;
  }

  async #saveInTime(): Promise<void> {
    const { clock, beats } = this.#options;
    const isResting = this.memory !== null && this.#isFarBehind(this.memory) && clock.nowMs() - this.#savedAtMs < beats.catchUp.intervalMs.checkpoint;
    if (!isResting) await this.save();
  }

  async save(): Promise<void> {
    if (this.memory === null || this.halted !== null) return;
    if (this.#reload) await this.#loadAgain();
    const { memory } = this;
    if (memory === null || this.halted !== null) return;
    dropClosedRows(memory);
    const { lineage, partition, observe = unobserved } = this.#options;
    const outcome = await observe({ beat: 'checkpoint', lineage, partition }, () => saveCheckpoint(memory, this.#checkpoint));
    if (outcome.result === 'saved') this.#savedAtMs = this.#options.clock.nowMs();
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
    if (this.halted !== null) {
      await this.#tellHalt(name, this.halted);
      return;
    }
    if (memory === null) return;
    const { stores, clock, beats, lineage, partition, randomId, observe = unobserved } = this.#options;
    const isRecent = clock.nowMs() - this.#confirmedAtMs[name] < beats.catchUp.intervalMs[name];
    if (!last && isRecent && this.#isFarBehind(memory) && !this.#isFillingUp(memory)) return;
    const { base } = memory[name];
    // Nothing of ours is missing in the store, or it is ahead of us.
    const idle = base !== null && base >= positionOf(memory);
    if (idle && !last && clock.nowMs() - this.#confirmedAtMs[name] < beats.confirmIntervalMs[name]) return;
    const context: PublishContext = {
      lineage,
      partition,
      sink: stores[name],
      other: name === 'redis' ? stores.clickhouse : stores.redis,
      randomId,
      note: () => this.#note(memory),
      mayFollow: (head) => this.#mayFollow(name, head, memory),
    };
    const outcome = await observe({ beat: 'publish', sink: name, lineage, partition }, () => publish(memory, context));
    if (outcome.result === 'closed') this.#confirmedAtMs[name] = clock.nowMs();
    this.#options.report({ event: 'published', sink: name, outcome });
  }

  /** A halted owner goes on saying so: the heads stay where they are, and every answer names the reason. */
  async #tellHalt(name: CellSink['name'], halted: string): Promise<void> {
    const { stores, clock, beats, lineage, partition, randomId } = this.#options;
    const nowMs = clock.nowMs();
    if (nowMs - this.#haltToldAtMs[name] < beats.confirmIntervalMs[name]) return;
    this.#haltToldAtMs[name] = nowMs;
    try {
      const { closed, target, note } = await stores[name].head(lineage, partition);
      // Nothing was ever published, or a publish is under way: readers are told by readiness alone.
      if (note === null || closed < target) return;
      const told: HeadNote = { ...note, halted, atEnd: false, confirmedAtMs: nowMs };
      await stores[name].write({
        lineage,
        partition,
        publishId: randomId(),
        index: 0,
        last: true,
        target: closed,
        base: closed,
        rows: [],
        note: told,
      });
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
    }
  }

  #isFarBehind(memory: PartitionMemory): boolean {
    const { logHigh, beats, clock } = this.#options;
    const { lag, agedLag, ageMs } = beats.catchUp;
    const high = logHigh();
    if (high === null) return false;
    const toGo = high - memory.fold.state.next;
    return toGo > lag || (toGo > agedLag && clock.nowMs() - this.#recordAtMs > ageMs);
  }

  /** A fold that is about to pause for what waits must not wait for it. */
  #isFillingUp(memory: PartitionMemory): boolean {
    const enough = this.#options.maxDirtyCells / 2;
    return dirtyCells(memory, enough) > enough;
  }

  #note(memory: PartitionMemory): HeadNote {
    const { clock, identity, logHigh, logHighAtMs } = this.#options;
    const nowMs = clock.nowMs();
    const high = logHigh();
    // Who has been asleep, or does not reach the log, knows where it ended and not where it ends.
    const atEnd = high !== null && memory.fold.state.next >= high && nowMs - logHighAtMs() <= END_KNOWN_FOR_MS;
    return noteOf(memory, { nowMs, identity, atEnd });
  }

  /** The heads of the stores that answer. One that does not is looked at when it publishes. */
  async #heads(): Promise<{ name: CellSink['name']; head: Head }[]> {
    const { stores, lineage, partition } = this.#options;
    const heads: { name: CellSink['name']; head: Head }[] = [];
    for (const sink of [stores.redis, stores.clickhouse]) {
      try {
        heads.push({ name: sink.name, head: await sink.head(lineage, partition) });
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error;
      }
    }
    return heads;
  }

  /** Why what is stored cannot come from this log, or null. */
  #outOfBounds(next: number, heads: readonly { name: string; head: Head }[], { low, high }: LogBounds): string | null {
    if (low > next) return `the log begins at ${low}, after position ${next}: what lies between is lost`;
    if (next > high) return `position ${next} lies beyond the end of the log, ${high}: the log was cut or re-created`;
    const epoch = this.memory?.fold.state.epoch;
    for (const { name, head } of heads) {
      // Rows of a publish that never closed are there as well.
      const target = splitVersion(head.target);
      if (target.epoch === epoch && target.next > high) return `${name} holds figures up to ${target.next}, beyond the end of the log, ${high}`;
      const foreign = this.#foreign(name, head);
      if (foreign !== null) return foreign;
    }
    return null;
  }

  /** Why figures that were published before cannot be continued, though no state is there that would say so, or null. */
  #foreign(name: string, head: Head): string | null {
    const { identity, partition } = this.#options;
    return foreignLog(name, head, { identity, partition, epoch: this.memory?.fold.state.epoch });
  }

  /** A head that is ahead of us was folded from the records that we are still to read. */
  #expectHead(name: string, head: Head, next: number): void {
    const closed = splitVersion(head.closed);
    const fingerprint = head.note?.fingerprint ?? '';
    if (fingerprint === '' || closed.next <= next || closed.epoch !== this.memory?.fold.state.epoch) return;
    this.#expected.add({ offset: closed.next - 1, fingerprint, who: name });
  }

  /**
   * Whether we may publish on top of a head. One that is behind us was folded from records that we have read; if nobody compared the last of them with
   * the log, which is so when the store did not answer as we loaded, the log is read again from there first. Throws when it cannot be continued.
   */
  #mayFollow(name: string, head: Head, { fold, fingerprint: ownFingerprint, fingerprintOffset }: PartitionMemory): boolean {
    const foreign = this.#foreign(name, head);
    if (foreign !== null) throw new Error(foreign);
    const { epoch, next } = splitVersion(head.closed);
    const fingerprint = head.note?.fingerprint ?? '';
    const offset = next - 1;
    this.#expectHead(name, head, fold.state.next);
    if (fingerprint === '' || epoch !== fold.state.epoch || next > fold.state.next || offset < this.#options.logLow()) return true;
    if (this.#expected.wasSame(offset, fingerprint) || (offset === fingerprintOffset && isSameRecord(fingerprint, ownFingerprint))) return true;
    this.#expected.add({ offset, fingerprint, who: name });
    this.#options.readAgain();
    return false;
  }

  /** The offset from which the log must be read to compare what is vouched for; null when nothing is to be compared. */
  get firstExpected(): number | null {
    return this.halted === null ? this.#expected.first : null;
  }

  #fail(error: unknown): void {
    this.halt(error instanceof Error ? error.message : String(error));
  }
}
