/** The contract of EventLog and LogWriter: one suite for the twin and for the real broker. */
import { partitionOf } from '@tidemark/codec';
import type { EventLog, LogBatch, LogHandler, LogRecord, LogWriter } from '@tidemark/pipeline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

/** A fresh, empty log. */
export interface LogUnderTest {
  readonly partitionCount: number;
  /** Partitions by murmur2. */
  readonly writer: LogWriter;
  /** A new member of one consumer group. */
  member(): EventLog;
  /** The next offset of a partition, or more than one, is taken by records that no reader is ever given. */
  leaveGap(partition: number): Promise<void>;
  close(): Promise<void>;
}

interface SeenRecord {
  readonly offset: number;
  readonly timestampMs: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly control: boolean;
  /** As the ranges tell them; the same as `key` and `value`. */
  readonly keyByRange: string | null;
  readonly valueByRange: string | null;
}

/** A handler that writes down what it is told. `positions` answers `assigned`; where it has none, the partition goes on where it stood. */
class Recorder implements LogHandler {
  readonly seen = new Map<number, SeenRecord[]>();
  readonly assignments: number[] = [];
  readonly held = new Set<number>();
  readonly jumps: string[] = [];
  /** By partition: where the last batch said that reading goes on. */
  readonly ends = new Map<number, number>();
  readonly positions = new Map<number, number | null>();
  onBatch: (batch: LogBatch) => void = () => {};

  async assigned(partition: number): Promise<number | null> {
    this.assignments.push(partition);
    this.held.add(partition);
    const next = this.positions.get(partition);
    return next === undefined ? 0 : next;
  }

  revoked(partition: number): void {
    this.held.delete(partition);
  }

  batch(batch: LogBatch): void {
    if (!this.held.has(batch.partition)) this.jumps.push(`a batch of partition ${batch.partition}, which is not ours`);
    const next = this.positions.get(batch.partition) ?? 0;
    if (batch.requestedOffset !== next) this.jumps.push(`partition ${batch.partition}: ${batch.requestedOffset} instead of ${next}`);
    const seen = this.seen.get(batch.partition) ?? [];
    this.seen.set(batch.partition, seen);
    for (let index = 0; index < batch.length; index += 1) seen.push(readRecord(batch, index));
    if (batch.length > 0) this.positions.set(batch.partition, batch.offset(batch.length - 1) + 1);
    if (batch.nextOffset < (this.positions.get(batch.partition) ?? 0)) this.jumps.push(`partition ${batch.partition} goes on at ${batch.nextOffset}`);
    this.ends.set(batch.partition, batch.nextOffset);
    this.onBatch(batch);
  }

  get count(): number {
    return [...this.seen.values()].reduce((sum, records) => sum + records.length, 0);
  }
}

function readRecord(batch: LogBatch, index: number): SeenRecord {
  const bytes = batch.bytes(index);
  const range = (start: number, end: number): string | null => (start < 0 ? null : bytes.toString('utf8', start, end));
  return {
    offset: batch.offset(index),
    timestampMs: batch.timestampMs(index),
    key: batch.key(index)?.toString() ?? null,
    value: batch.value(index)?.toString() ?? null,
    control: batch.isControl(index),
    keyByRange: range(batch.keyStart(index), batch.keyEnd(index)),
    valueByRange: range(batch.valueStart(index), batch.valueEnd(index)),
  };
}

function numbered(count: number, from = 0): LogRecord[] {
  return Array.from({ length: count }, (_, index) => ({ key: `user-${(from + index) % 37}`, value: `event-${from + index}` }));
}

/** Waits for what happens in its own time; says what it waited for when it does not. */
async function until(what: string, condition: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + 20_000;
  while (!condition()) {
    if (performance.now() > deadlineMs) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A time in which a wrong delivery would have happened. */
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 400));

/** What a test works with: a fresh log, and members that are stopped after it. */
interface Scene {
  readonly harness: LogUnderTest;
  join(handler: LogHandler): EventLog;
}

/** Registers the tests. `open` makes a fresh log for each; it must deliver by itself. */
export function logContract(name: string, open: () => Promise<LogUnderTest>): void {
  describe(`the log contract on ${name}`, () => {
    let harness: LogUnderTest | null = null;
    const running: { member: EventLog; run: Promise<void> }[] = [];
    const scene: Scene = {
      get harness() {
        if (harness === null) throw new Error('the log is opened before each test');
        return harness;
      },
      join(handler) {
        const member = this.harness.member();
        running.push({ member, run: member.run(handler) });
        return member;
      },
    };

    beforeEach(async () => {
      harness = await open();
    });

    afterEach(async () => {
      for (const { member, run } of running.splice(0)) {
        await member.stop();
        await run;
      }
      await harness?.close();
    });

    describeReading(scene);
    describeOffsets(scene);
    describePositions(scene);
    describeMembership(scene);
    describeEdges(scene);
  });
}

/** What comes out is what went in. */
function describeReading(scene: Scene): void {
  it('hands over every record of every partition once, in offset order, with key, value and append time', async () => {
    await scene.harness.writer.append(numbered(500));
    const recorder = new Recorder();
    scene.join(recorder);
    await until('500 records came', () => recorder.count >= 500);
    await scene.harness.writer.append(numbered(100, 500));
    await until('600 records came', () => recorder.count >= 600);
    await settle();
    const all = [...recorder.seen.values()].flat();
    expect(all.map((record) => record.value).sort()).toEqual(
      numbered(600)
        .map((record) => record.value)
        .sort(),
    );
    for (const records of recorder.seen.values()) {
      const offsets = records.map((record) => record.offset);
      expect(offsets).toEqual([...offsets].sort((left, right) => left - right));
    }
    expect(all.every((record) => record.timestampMs > 0 && !record.control)).toBe(true);
    expect(all.every(({ key, value, keyByRange, valueByRange }) => key === keyByRange && value === valueByRange)).toBe(true);
    expect(recorder.jumps).toEqual([]);
  });

  it('puts each key into the partition that murmur2 names', async () => {
    await scene.harness.writer.append(numbered(200));
    const recorder = new Recorder();
    scene.join(recorder);
    await until('200 records came', () => recorder.count >= 200);
    for (const [partition, records] of recorder.seen) {
      for (const { key } of records) expect(partitionOf('murmur2', Buffer.from(key ?? ''), scene.harness.partitionCount)).toBe(partition);
    }
    expect(recorder.seen.size).toBe(scene.harness.partitionCount);
  });

  it('carries a tick to the partition that it names, without key and value, marked as control', async () => {
    await scene.harness.writer.append(numbered(50));
    await scene.harness.writer.appendTick(1);
    await scene.harness.writer.append(numbered(50, 50));
    const recorder = new Recorder();
    scene.join(recorder);
    await until('101 records came', () => recorder.count >= 101);
    const ticks = [...recorder.seen].flatMap(([partition, records]) =>
      records.filter(({ control }) => control).map((tick) => ({ partition, ...tick })),
    );
    expect(ticks).toMatchObject([{ partition: 1, key: null, value: null, keyByRange: null, valueByRange: null }]);
  });
}

/** Which offsets there are, and how far the log reaches. */
function describeOffsets(scene: Scene): void {
  it('is sparse: offsets that no reader is given make no jump, in the middle and at the end, and reading goes on behind them', async () => {
    await scene.harness.writer.append(numbered(60));
    await scene.harness.leaveGap(0);
    await scene.harness.writer.append(numbered(60, 60));
    await scene.harness.leaveGap(0);
    const recorder = new Recorder();
    const member = scene.join(recorder);
    await until('120 records came', () => recorder.count >= 120);
    const { high } = (await member.bounds()).get(0) ?? { high: -1 };
    await until('the end was told, behind the last record', () => recorder.ends.get(0) === high);
    const offsets = recorder.seen.get(0)?.map(({ offset }) => offset) ?? [];
    expect(offsets.some((offset, index) => offset > (offsets[index - 1] ?? offset) + 1)).toBe(true);
    expect(high).toBeGreaterThan((offsets.at(-1) ?? high) + 1);
    await scene.harness.writer.append(numbered(60, 120));
    await until('180 records came', () => recorder.count >= 180);
    expect(recorder.jumps).toEqual([]);
  });

  it('tells bounds of the moment at which they were asked: later batches reach beyond them, and know the end anew', async () => {
    await scene.harness.writer.append(numbered(60));
    const recorder = new Recorder();
    const member = scene.join(recorder);
    const known = new Map<number, number>();
    recorder.onBatch = (batch) => {
      expect(batch.highWatermark).toBeGreaterThanOrEqual(batch.nextOffset);
      known.set(batch.partition, batch.highWatermark);
    };
    const before = await member.bounds();
    await scene.harness.writer.append(numbered(60, 60));
    await until('120 records came', () => recorder.count >= 120);
    for (const [partition, { high }] of before) expect(known.get(partition)).toBeGreaterThan(high);
    for (const [partition, { high }] of await member.bounds()) expect(recorder.ends.get(partition)).toBe(high);
  });
}

/** Where reading begins, rests and goes on. */
function describePositions(scene: Scene): void {
  it('begins at the offset that assigned answers, and reads nothing of a partition that it leaves paused until a seek', async () => {
    await scene.harness.writer.append(numbered(400));
    const recorder = new Recorder();
    recorder.positions.set(0, 7).set(1, null);
    const member = scene.join(recorder);
    await until('partition 0 came', () => (recorder.seen.get(0)?.length ?? 0) > 0);
    await settle();
    expect(recorder.seen.get(0)?.[0]?.offset).toBe(7);
    expect(recorder.seen.has(1)).toBe(false);
    recorder.positions.set(1, 3);
    member.control(1, { seek: 3 });
    await until('partition 1 came', () => recorder.seen.has(1));
    expect(recorder.seen.get(1)?.[0]?.offset).toBe(3);
    expect(recorder.jumps).toEqual([]);
  });

  it('hands over nothing between pause and resume, and goes on where it stood', async () => {
    await scene.harness.writer.append(numbered(400));
    const recorder = new Recorder();
    const member = scene.join(recorder);
    recorder.onBatch = (batch) => {
      if (batch.partition === 0) member.control(0, { pause: true });
    };
    await until('partition 0 came', () => recorder.seen.has(0));
    const before = recorder.seen.get(0)?.length ?? 0;
    await scene.harness.writer.append(numbered(400, 400));
    await settle();
    expect(recorder.seen.get(0)?.length).toBe(before);
    recorder.onBatch = () => {};
    member.control(0, { resume: true });
    const { high } = (await member.bounds()).get(0) ?? { high: -1 };
    await until('the rest of partition 0 came', () => recorder.positions.get(0) === high);
    expect(recorder.jumps).toEqual([]);
  });

  it('goes back by a seek from inside the handler', async () => {
    await scene.harness.writer.append(numbered(200));
    const recorder = new Recorder();
    const member = scene.join(recorder);
    let again = true;
    recorder.onBatch = (batch) => {
      if (batch.partition !== 0 || !again) return;
      again = false;
      recorder.positions.set(0, 2);
      member.control(0, { seek: 2 });
    };
    const { high } = (await member.bounds()).get(0) ?? { high: -1 };
    await until('partition 0 came again', () => !again && recorder.positions.get(0) === high);
    await settle();
    const offsets = (recorder.seen.get(0) ?? []).map((record) => record.offset);
    expect(offsets.filter((offset) => offset === 2)).toHaveLength(2);
    expect(offsets.filter((offset) => offset === 0)).toHaveLength(1);
    expect(recorder.jumps).toEqual([]);
  });
}

/** Whose a partition is. */
function describeMembership(scene: Scene): void {
  it('shares the partitions with a second member and gives them back when it stops', async () => {
    const [first, second] = [new Recorder(), new Recorder()];
    scene.join(first);
    await until('the first member held all', () => first.held.size === scene.harness.partitionCount);
    const other = scene.join(second);
    await until(
      'both members held some',
      () => first.held.size > 0 && second.held.size > 0 && first.held.size + second.held.size === scene.harness.partitionCount,
    );
    expect([...first.held].filter((partition) => second.held.has(partition))).toEqual([]);
    await scene.harness.writer.append(numbered(300));
    await until('300 records came', () => first.count + second.count >= 300);
    await other.stop();
    await until('the first member held all again', () => first.held.size === scene.harness.partitionCount);
    expect(second.held.size).toBe(0);
    for (const partition of first.held) expect(first.assignments.filter((assigned) => assigned === partition).length).toBeGreaterThan(1);
    expect([...first.jumps, ...second.jumps]).toEqual([]);
  });

  it('asks assigned before the first batch of every membership, one call at a time', async () => {
    await scene.harness.writer.append(numbered(300));
    const events: string[] = [];
    const loading = new Set<number>();
    const slow = (label: string): LogHandler => ({
      assigned: async (partition) => {
        if (loading.has(partition) && label === 'first') events.push(`twice at once: ${partition}`);
        loading.add(partition);
        await new Promise((resolve) => setTimeout(resolve, 50));
        loading.delete(partition);
        return 0;
      },
      revoked: (partition) => loading.delete(partition),
      batch: ({ partition }) => {
        if (label === 'first' && loading.has(partition)) events.push(`a batch while loading: ${partition}`);
      },
    });
    scene.join(slow('first'));
    await settle();
    scene.join(slow('second'));
    await settle();
    expect(events).toEqual([]);
  });
}

/** What it says of itself, and calls at odd times. */
function describeEdges(scene: Scene): void {
  it('tells its bounds and what it is', async () => {
    const member = scene.harness.member();
    await scene.harness.writer.append(numbered(120));
    const bounds = await member.bounds();
    expect([...bounds.keys()].sort((left, right) => left - right)).toEqual(
      Array.from({ length: scene.harness.partitionCount }, (_, partition) => partition),
    );
    expect([...bounds.values()].every(({ low }) => low === 0)).toBe(true);
    expect([...bounds.values()].reduce((sum, { high }) => sum + high, 0)).toBe(120);
    const identity = await member.identity();
    expect(identity).toMatchObject({ partitionCount: scene.harness.partitionCount, cleanupPolicy: 'delete', timestampType: 'LogAppendTime' });
    expect(identity.topicId).not.toBe('');
    await member.stop();
  });

  it('stops right after run, and run after stop ends at once', async () => {
    const recorder = new Recorder();
    const member = scene.harness.member();
    const run = member.run(recorder);
    await member.stop();
    await run;
    expect(recorder.held.size).toBe(0);
    const never = scene.harness.member();
    await never.stop();
    await never.run(recorder);
    expect(recorder.held.size).toBe(0);
  });

  it('takes commits and controls of partitions that it does not hold without a sound', async () => {
    await scene.harness.writer.append(numbered(100));
    const recorder = new Recorder();
    const member = scene.join(recorder);
    recorder.onBatch = (batch) => member.control(batch.partition, { commit: batch.offset(batch.length - 1) + 1 });
    await until('100 records came', () => recorder.count >= 100);
    expect(() => member.control(scene.harness.partitionCount + 5, { pause: true })).not.toThrow();
    expect(() => member.control(scene.harness.partitionCount + 5, { seek: 1 })).not.toThrow();
    await member.stop();
    expect(() => member.control(0, { resume: true })).not.toThrow();
  });
}
