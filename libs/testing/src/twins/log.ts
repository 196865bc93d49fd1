/** The event log in memory: sparse offsets, append times handed in, several members, delivery in batches of any size when told to. */
import { type Partitioner, partitionOf } from '@tidemark/codec';
import type { EventLog, LogBatch, LogBounds, LogHandler, LogIdentity, LogRecord, LogWriter } from '@tidemark/pipeline';

/** A record as it stands in the log. */
export interface MemoryRecord {
  readonly offset: number;
  /** Its LogAppendTime, epoch ms. */
  readonly timestampMs: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly control: boolean;
}

export interface MemoryLogOptions {
  readonly partitionCount: number;
  readonly clusterId?: string;
}

interface MemoryPartition {
  records: MemoryRecord[];
  low: number;
  high: number;
}

/** Nothing happens by itself: members load when assigned, and records are handed over by `deliver`. */
export class MemoryLog {
  /** Committed offsets, for lag tools only. */
  readonly committed = new Map<number, number>();
  readonly #partitions: MemoryPartition[];
  readonly #members: MemoryMember[] = [];
  #identity: LogIdentity;
  #generation = 1;

  constructor(options: MemoryLogOptions) {
    const { partitionCount, clusterId = 'memory' } = options;
    this.#partitions = Array.from({ length: partitionCount }, emptyPartition);
    this.#identity = { clusterId, topicId: 'topic-1', partitionCount, cleanupPolicy: 'delete', timestampType: 'LogAppendTime' };
  }

  get identity(): LogIdentity {
    return this.#identity;
  }

  /** As an operator would change it: a wrong clean-up policy, another count of partitions. */
  alter(change: Partial<LogIdentity>): void {
    this.#identity = { ...this.#identity, ...change };
  }

  /** Answers the record's offset. */
  append(partition: number, record: Omit<MemoryRecord, 'offset' | 'control'> & { readonly control?: boolean }): number {
    const target = this.#partition(partition);
    const offset = target.high;
    target.records.push({ ...record, offset, control: record.control ?? false });
    target.high += 1;
    return offset;
  }

  /** The next `count` offsets are taken by records that no reader ever sees: transaction markers, aborted transactions. */
  skip(partition: number, count: number): void {
    this.#partition(partition).high += count;
  }

  /** Retention: everything below `offset` is gone. */
  deleteBefore(partition: number, offset: number): void {
    const target = this.#partition(partition);
    target.low = Math.max(target.low, Math.min(offset, target.high));
    target.records = target.records.filter((record) => record.offset >= target.low);
  }

  /** An unclean election: everything from `offset` on is gone, and the offsets are given again. */
  truncate(partition: number, offset: number): void {
    const target = this.#partition(partition);
    target.high = Math.max(target.low, Math.min(offset, target.high));
    target.records = target.records.filter((record) => record.offset < target.high);
  }

  /** An operator adds partitions: keys move. */
  grow(partitionCount: number): void {
    while (this.#partitions.length < partitionCount) this.#partitions.push(emptyPartition());
    this.alter({ partitionCount });
  }

  /** The topic deleted and created again: empty, with another id. */
  recreate(): void {
    this.#generation += 1;
    this.alter({ topicId: `topic-${this.#generation}` });
    for (const target of this.#partitions) Object.assign(target, emptyPartition());
  }

  /** All records of a partition that are still in the log. */
  records(partition: number): readonly MemoryRecord[] {
    return this.#partition(partition).records;
  }

  bounds(partition: number): LogBounds {
    const { low, high } = this.#partition(partition);
    return { low, high };
  }

  /** `nowMs` gives the append times. */
  writer(options: { readonly partitioner: Partitioner; readonly nowMs: () => number }): LogWriter {
    return new MemoryLogWriter(this, options);
  }

  /** A new member of the one consumer group. It joins by `run`. */
  member(): MemoryMember {
    return new MemoryMember(this);
  }

  get members(): readonly MemoryMember[] {
    return this.#members;
  }

  join(member: MemoryMember): void {
    this.#members.push(member);
    this.rebalance();
  }

  leave(member: MemoryMember): void {
    const index = this.#members.indexOf(member);
    if (index < 0) return;
    this.#members.splice(index, 1);
    this.rebalance();
  }

  /** Shares the partitions out evenly among the running members. `member.assign` alone makes two owners of one partition. */
  rebalance(): void {
    const shares = this.#members.map((): number[] => []);
    for (let partition = 0; partition < this.#partitions.length; partition += 1) shares[partition % shares.length]?.push(partition);
    for (const [index, member] of this.#members.entries()) member.assign(shares[index] ?? []);
  }

  /** One batch of at most `maxRecords` to every member for every partition that it may read; answers the number of records handed over. */
  deliver(maxRecords: number): number {
    let count = 0;
    for (const member of [...this.#members]) for (const partition of member.readable()) count += member.deliver(partition, maxRecords);
    return count;
  }

  #partition(partition: number): MemoryPartition {
    const found = this.#partitions[partition];
    if (found === undefined) throw new RangeError(`no partition ${partition}`);
    return found;
  }
}

function emptyPartition(): MemoryPartition {
  return { records: [], low: 0, high: 0 };
}

interface Holding {
  phase: 'loading' | 'waiting' | 'reading';
  paused: boolean;
  position: number;
  /** Up to here the handler knows that nothing more is to come. */
  told: number;
  turn: number;
}

/** One member of the group; `deliver` hands over what its partitions hold. */
export class MemoryMember implements EventLog {
  readonly #log: MemoryLog;
  readonly #held = new Map<number, Holding>();
  readonly #loads = new Map<number, Promise<void>>();
  readonly #ended = Promise.withResolvers<void>();
  #handler: LogHandler | null = null;
  #stopped = false;

  constructor(log: MemoryLog) {
    this.#log = log;
  }

  async identity(): Promise<LogIdentity> {
    return this.#log.identity;
  }

  async bounds(): Promise<ReadonlyMap<number, LogBounds>> {
    return new Map(Array.from({ length: this.#log.identity.partitionCount }, (_, partition) => [partition, this.#log.bounds(partition)]));
  }

  async run(handler: LogHandler): Promise<void> {
    if (this.#handler !== null) throw new Error('this member of the group has already run');
    if (this.#stopped) return;
    this.#handler = handler;
    this.#log.join(this);
    try {
      await this.#ended.promise;
    } finally {
      this.#log.leave(this);
      this.assign([]);
    }
  }

  control: EventLog['control'] = (partition, action) => {
    const holding = this.#held.get(partition);
    if (holding === undefined) return;
    if ('commit' in action) this.#log.committed.set(partition, action.commit);
    else if ('seek' in action) {
      if (holding.phase !== 'loading') start(holding, action.seek);
    } else holding.paused = 'pause' in action;
  };

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#ended.resolve();
    // Let `run` go on first: by then the handler has lost its partitions.
    await Promise.resolve();
    await Promise.resolve();
  }

  /** The client crashed: `run` rejects. */
  crash(error: Error): void {
    this.#ended.reject(error);
  }

  /** What the group tells this member, whatever it told others. Partitions that stay are loaded again. */
  assign(partitions: readonly number[]): void {
    const handler = this.#handler;
    if (handler === null) return;
    for (const partition of [...this.#held.keys()]) {
      if (partitions.includes(partition)) continue;
      this.#held.delete(partition);
      handler.revoked(partition);
    }
    for (const partition of partitions) {
      const holding = this.#held.get(partition) ?? { phase: 'loading', paused: false, position: 0, told: 0, turn: 0 };
      holding.phase = 'loading';
      holding.turn += 1;
      this.#held.set(partition, holding);
      const load = this.#load(handler, partition, holding, this.#loads.get(partition));
      this.#loads.set(
        partition,
        load.catch((error: unknown) => this.#ended.reject(error)),
      );
    }
  }

  get partitions(): readonly number[] {
    return [...this.#held.keys()];
  }

  /** Partitions with a record to hand over now, or with an end to tell of. */
  readable(): readonly number[] {
    return [...this.#held]
      .filter(([partition, holding]) => this.#next(partition, holding).length > 0 || this.#hasUnseenEnd(partition, holding))
      .map(([partition]) => partition);
  }

  /** Hands over the next batch of one partition; answers its length, 0 when there is none or the partition may not be read. */
  deliver(partition: number, maxRecords: number): number {
    const holding = this.#held.get(partition);
    if (holding === undefined || this.#handler === null) return 0;
    const records = this.#next(partition, holding).slice(0, maxRecords);
    const last = records.at(-1);
    if (last === undefined && !this.#hasUnseenEnd(partition, holding)) return 0;
    const requestedOffset = this.#reachable(partition, holding.position);
    const { high } = this.#log.bounds(partition);
    // What is skipped at the log's end is read together with the last record before it.
    const nextOffset = last === undefined || this.#log.records(partition).at(-1) === last ? high : last.offset + 1;
    const { turn } = holding;
    holding.told = nextOffset;
    this.#handler.batch(memoryBatch({ partition, records, requestedOffset, highWatermark: high, nextOffset }));
    if (holding.turn === turn && last !== undefined) holding.position = last.offset + 1;
    return records.length;
  }

  /** The client asks the log once more, and goes on where it can. */
  refetch(partition: number): void {
    const holding = this.#held.get(partition);
    if (holding?.phase !== 'reading') return;
    holding.position = this.#reachable(partition, holding.position);
    holding.told = Math.min(holding.told, holding.position);
  }

  /** True when only offsets follow that are never handed over, and the handler has not been told. */
  #hasUnseenEnd(partition: number, holding: Holding): boolean {
    if (holding.phase !== 'reading' || holding.paused || this.#next(partition, holding).length > 0) return false;
    const { high } = this.#log.bounds(partition);
    return this.#reachable(partition, holding.position) === holding.position && high > Math.max(holding.told, holding.position);
  }

  /** A position outside the log becomes its beginning, as the real client does it. */
  #reachable(partition: number, position: number): number {
    const { low, high } = this.#log.bounds(partition);
    return position < low || position > high ? low : position;
  }

  #next(partition: number, holding: Holding): readonly MemoryRecord[] {
    if (holding.phase !== 'reading' || holding.paused) return [];
    const from = this.#reachable(partition, holding.position);
    const records = this.#log.records(partition);
    return records.slice(firstAtOrAfter(records, from));
  }

  async #load(handler: LogHandler, partition: number, holding: Holding, before: Promise<void> | undefined): Promise<void> {
    const { turn } = holding;
    const isCurrent = (): boolean => this.#held.get(partition) === holding && holding.turn === turn;
    await before;
    if (!isCurrent()) return;
    const offset = await handler.assigned(partition);
    if (!isCurrent()) return;
    if (offset === null) holding.phase = 'waiting';
    else start(holding, offset);
  }
}

function start(holding: Holding, offset: number): void {
  holding.phase = 'reading';
  holding.position = offset;
  holding.told = offset;
  holding.turn += 1;
}

function firstAtOrAfter(records: readonly MemoryRecord[], offset: number): number {
  let from = 0;
  let to = records.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if ((records[middle]?.offset ?? Number.POSITIVE_INFINITY) < offset) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** A batch over records in memory; also for tests that call a handler directly. */
export function memoryBatch(batch: {
  readonly partition: number;
  readonly records: readonly MemoryRecord[];
  readonly requestedOffset: number;
  readonly highWatermark: number;
  /** Default: right behind the last record. */
  readonly nextOffset?: number;
}): LogBatch {
  const { records, ...rest } = batch;
  const at = (index: number): MemoryRecord => {
    const record = records[index];
    if (record === undefined) throw new RangeError(`record ${index} of a batch of ${records.length}`);
    return record;
  };
  const next = records.at(-1);
  return {
    ...rest,
    nextOffset: batch.nextOffset ?? (next === undefined ? batch.requestedOffset : next.offset + 1),
    length: records.length,
    offset: (index) => at(index).offset,
    timestampMs: (index) => at(index).timestampMs,
    ...rangesOf(at),
    key: (index) => at(index).key,
    value: (index) => at(index).value,
    isControl: (index) => at(index).control,
  };
}

/** Key and value of a record in one Buffer, as they lie on the wire: with other bytes before, between and behind. */
function rangesOf(at: (index: number) => MemoryRecord): Pick<LogBatch, 'bytes' | 'keyStart' | 'keyEnd' | 'valueStart' | 'valueEnd'> {
  const keyEnd = (index: number): number => 1 + (at(index).key?.length ?? 0);
  const valueEnd = (index: number): number => keyEnd(index) + 1 + (at(index).value?.length ?? 0);
  const around = Buffer.from('~');
  let joined: { readonly record: MemoryRecord; readonly bytes: Buffer } | null = null;
  return {
    bytes: (index) => {
      const record = at(index);
      const { key, value } = record;
      if (joined?.record !== record)
        joined = { record, bytes: Buffer.concat([around, key ?? Buffer.of(), around, value ?? Buffer.of(), Buffer.alloc(32, around)]) };
      return joined.bytes;
    },
    keyStart: (index) => (at(index).key === null ? -1 : 1),
    keyEnd: (index) => (at(index).key === null ? -1 : keyEnd(index)),
    valueStart: (index) => (at(index).value === null ? -1 : keyEnd(index) + 1),
    valueEnd: (index) => (at(index).value === null ? -1 : valueEnd(index)),
  };
}

class MemoryLogWriter implements LogWriter {
  readonly #log: MemoryLog;
  readonly #options: { readonly partitioner: Partitioner; readonly nowMs: () => number };

  constructor(log: MemoryLog, options: { readonly partitioner: Partitioner; readonly nowMs: () => number }) {
    this.#log = log;
    this.#options = options;
  }

  async append(records: readonly LogRecord[]): Promise<void> {
    const timestampMs = this.#options.nowMs();
    for (const record of records) {
      const key = Buffer.from(record.key);
      const partition = partitionOf(this.#options.partitioner, key, this.#log.identity.partitionCount);
      this.#log.append(partition, { timestampMs, key, value: Buffer.from(record.value) });
    }
  }

  async appendTick(partition: number): Promise<void> {
    this.#log.append(partition, { timestampMs: this.#options.nowMs(), key: null, value: null, control: true });
  }

  async close(): Promise<void> {}
}
