/** Reads the state of partitions without an owner while the group lets a new member wait: that is most of what taking them over costs. */
/**
 * A group gives a dead member up after its session timeout. What was read is taken only while the manifest is still the one that it was read by: it is
 * then what a load would give. An owner that lives, or a second reader, is not disturbed: nothing is written.
 */
import type { PartitionFold } from '@tidemark/core';
import type { CheckpointStore, Manifest } from '../ports/checkpoint.ts';
import type { LogIdentity } from '../ports/log.ts';
import type { CellSink } from '../ports/sink.ts';
import type { RuntimeClock } from '../ports/time.ts';
import { loadMemory } from './checkpoint.ts';
import type { PartitionMemory } from './memory.ts';

export interface ReadAhead {
  /** About as many partitions as will be ours: more would take memory that nobody has planned for. Asked once, before the group is joined. */
  readonly share: () => Promise<number>;
  /** An owner says at least once a second that it is there; one whose heads stand still for longer is gone. */
  readonly silentMs: number;
}

export interface StateAheadOptions {
  readonly readAhead?: ReadAhead;
  readonly lineages: readonly string[];
  readonly identity: LogIdentity;
  readonly partitioner: string;
  readonly stores: { readonly redis: Pick<CellSink, 'head'>; readonly checkpoints: CheckpointStore };
  readonly clock: RuntimeClock;
  readonly incarnation: string;
  /** Of a lineage, by its place. */
  readonly newFold: (index: number) => PartitionFold;
}

const COUNTED_WITHIN_MS = 1_000;
/** So long what nobody has taken is kept once partitions are given out; all of a join's are asked for at once. */
const TAKEN_WITHIN_MS = 2_000;
/** So long it is kept by a member that is given none. */
const KEPT_MS = 60_000;

export class StateAhead {
  readonly #options: StateAheadOptions;
  readonly #read = new Map<string, Promise<PartitionMemory | null>>();
  readonly #dropped = new AbortController();
  #ended = false;

  constructor(options: StateAheadOptions) {
    this.#options = options;
  }

  /** Resolves when the group may be joined: its members have been counted, or that takes too long. The reading goes on by itself. */
  async begin(): Promise<void> {
    const { readAhead, clock } = this.#options;
    if (readAhead === undefined) return;
    const share = readAhead.share().catch(() => 0);
    void this.#readThenKeep(share, readAhead.silentMs);
    await Promise.race([share, clock.sleep(COUNTED_WITHIN_MS, this.#dropped.signal)]);
  }

  /** Partitions are being given out: nothing more is begun. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    void this.#options.clock.sleep(TAKEN_WITHIN_MS, this.#dropped.signal).then(() => this.drop());
  }

  drop(): void {
    this.#ended = true;
    this.#read.clear();
    this.#dropped.abort();
  }

  /** What was read by this very manifest, once; null otherwise. */
  async take({ lineage, partition, id }: Manifest): Promise<PartitionMemory | null> {
    const key = `${lineage}:${partition}`;
    const read = this.#read.get(key);
    this.#read.delete(key);
    const memory = (await read) ?? null;
    return memory !== null && memory.saved.manifestId === id ? memory : null;
  }

  async #readThenKeep(counted: Promise<number>, silentMs: number): Promise<void> {
    const { lineages, clock } = this.#options;
    const share = await counted;
    const orphans = share > 0 ? await this.#orphans(silentMs).catch(() => []) : [];
    for (const partition of orphans.slice(0, share)) {
      for (const [index, lineage] of lineages.entries()) {
        if (this.#ended) return;
        const read = this.#load(index, partition);
        this.#read.set(`${lineage}:${partition}`, read);
        await read;
      }
    }
    await clock.sleep(KEPT_MS, this.#dropped.signal);
    this.drop();
  }

  /** Partitions none of whose heads moves, beginning at a place of our own: several of us may be waiting. */
  async #orphans(silentMs: number): Promise<readonly number[]> {
    const { clock, identity, incarnation } = this.#options;
    const before = await this.#signs();
    await clock.sleep(silentMs, this.#dropped.signal);
    if (this.#ended) return [];
    const after = await this.#signs();
    const count = identity.partitionCount;
    const first = [...incarnation].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % count, 0);
    return Array.from({ length: count }, (_, index) => (first + index) % count).filter((partition) => before[partition] === after[partition]);
  }

  /** By partition, what its heads in Redis say of the time. */
  async #signs(): Promise<readonly string[]> {
    const { lineages, stores, identity } = this.#options;
    const ofPartition = async (partition: number): Promise<string> => {
      const heads = await Promise.all(lineages.map((lineage) => stores.redis.head(lineage, partition)));
      return JSON.stringify(heads.map(({ target, note }) => [target, note?.confirmedAtMs]));
    };
    return await Promise.all(Array.from({ length: identity.partitionCount }, (_, partition) => ofPartition(partition)));
  }

  /** Null as well when it fails: that it does is said when the partition is loaded. */
  async #load(index: number, partition: number): Promise<PartitionMemory | null> {
    const { lineages, stores, partitioner, identity, newFold, incarnation: writer } = this.#options;
    const context = {
      lineage: lineages[index] as string,
      partition,
      store: stores.checkpoints,
      randomId: () => '',
      writer,
      partitioner,
      identity,
      newFold: () => newFold(index),
    };
    try {
      const outcome = await loadMemory(null, context);
      return 'memory' in outcome && outcome.loaded ? outcome.memory : null;
    } catch {
      return null;
    }
  }
}
