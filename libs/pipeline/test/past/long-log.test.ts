// The long log: what Kafka has deleted comes from the archive, and nothing is missing or comes twice where the log takes over.
import { setTimeout as sleep } from 'node:timers/promises';
import { logContract } from '@tidemark/testing/contracts';
import { expect, test } from 'vitest';
import { createLongLog, type EventLog, type LogWriter, type LongLogEvent } from '../../src/index.ts';
import { ArchivedLog } from './archived-log.ts';

const clock = { sleep: (ms: number): Promise<void> => sleep(ms) };

function longOver(log: EventLog, archived: ArchivedLog, events: LongLogEvent[] = []): EventLog {
  return createLongLog({ log, archive: archived.memory.partitionArchive, epoch: 1, clock, turnRecords: 4, report: (event) => events.push(event) });
}

/** Archives what was appended, and lets retention take all of it but the last `kept` offsets. */
function forgetful(archived: ArchivedLog, writer: LogWriter, kept: number): LogWriter {
  const { log } = archived;
  const forget = async (): Promise<void> => {
    await archived.archive();
    for (let partition = 0; partition < log.identity.partitionCount; partition++) log.deleteBefore(partition, log.bounds(partition).high - kept);
  };
  return {
    ...writer,
    append: (records) => writer.append(records).then(forget),
    appendTick: (partition) => writer.appendTick(partition).then(forget),
    close: () => writer.close(),
  };
}

for (const kept of [5, 0]) {
  logContract(`the long log over twins, of which the log keeps ${kept} records`, async () => {
    const archived = new ArchivedLog({ partitionCount: 3, chunkRecords: 7 });
    const { log } = archived;
    const members: EventLog[] = [];
    const pump = setInterval(() => {
      log.deliver(40);
      // As a worker asks every second.
      for (const member of members) void member.bounds();
    }, 2);
    return {
      partitionCount: 3,
      writer: forgetful(archived, log.writer({ partitioner: 'murmur2', nowMs: () => 1_700_000_000_000 }), kept),
      member: () => {
        const member = longOver(log.member(), archived);
        members.push(member);
        return member;
      },
      leaveGap: async (partition) => log.skip(partition, 2),
      close: async () => clearInterval(pump),
    };
  });
}

interface Reading {
  readonly member: EventLog;
  readonly offsets: number[];
  readonly events: LongLogEvent[];
  readonly jumps: string[];
  readonly lost: string[];
  stop(): Promise<void>;
}

/** Reads partition 0 from an offset on, and holds every batch to the position before it. */
async function reading(archived: ArchivedLog, from: number, onBatch: (member: EventLog) => void = () => undefined): Promise<Reading> {
  const events: LongLogEvent[] = [];
  const [offsets, jumps, lost]: [number[], string[], string[]] = [[], [], []];
  let position = from;
  const member = longOver(archived.log.member(), archived, events);
  const run = member.run({
    assigned: async () => position,
    revoked: () => undefined,
    lost: (_partition, low, why) => lost.push(`${low}: ${why}`),
    batch: (batch) => {
      if (batch.requestedOffset !== position) jumps.push(`${batch.requestedOffset} instead of ${position}`);
      for (let index = 0; index < batch.length; index++) offsets.push(batch.offset(index));
      if (batch.length > 0) position = batch.offset(batch.length - 1) + 1;
      onBatch(member);
    },
  });
  return { member, offsets, events, jumps, lost, stop: () => member.stop().then(() => run) };
}

async function settled(archived: ArchivedLog, most = Number.POSITIVE_INFINITY): Promise<void> {
  for (let round = 0; round < 12; round++) {
    await sleep(1);
    archived.log.deliver(most);
  }
}

function append(archived: ArchivedLog, count: number): void {
  for (let index = 0; index < count; index++) {
    const value = Buffer.from(`${archived.log.bounds(0).high}`);
    archived.log.append(0, { timestampMs: 1_700_000_000_000, key: Buffer.from('a'), value });
  }
}

async function filled(options: { count: number; archive?: boolean; deleteBefore?: number }): Promise<ArchivedLog> {
  const archived = new ArchivedLog();
  append(archived, options.count);
  if (options.archive !== false) await archived.archive();
  archived.log.deleteBefore(0, options.deleteBefore ?? 0);
  return archived;
}

const upTo = (end: number, from = 0): number[] => Array.from({ length: end - from }, (_, index) => from + index);

test('every record comes once and in order, whatever retention takes meanwhile, however it is paused, wherever chunks end', async () => {
  for (let seed = 1; seed <= 40; seed++) {
    let state = seed * 2_654_435_761;
    const random = (below: number): number => {
      state = (Math.imul(state ^ (state >>> 15), 2_246_822_519) + 0x9e3779b9) >>> 0;
      return state % below;
    };
    const archived = new ArchivedLog({ chunkRecords: 1 + random(6) });
    const { log } = archived;
    const expected: number[] = [];
    const grow = (): void => {
      if (random(4) === 0) log.skip(0, 1 + random(4));
      expected.push(log.bounds(0).high);
      append(archived, 1);
    };
    for (let count = 0; count < 20; count++) grow();
    await archived.archive();
    log.deleteBefore(0, random(25));
    const read = await reading(archived, 0);
    for (let step = 0; step < 12; step++) {
      const act = random(6);
      if (act === 0) read.member.control(0, { pause: true });
      if (act === 1) read.member.control(0, { resume: true });
      if (act === 2) await archived.archive().then(() => log.deleteBefore(0, random(log.bounds(0).high + 1)));
      if (act === 3) grow();
      if (act === 4) log.rebalance();
      log.deliver(1 + random(4));
      if (act === 5) await sleep(random(3));
    }
    read.member.control(0, { resume: true });
    await archived.archive();
    for (let round = 0; round < 100 && read.offsets.length < expected.length; round++) await settled(archived);
    expect({ seed, offsets: read.offsets, jumps: read.jumps, lost: read.lost }).toEqual({ seed, offsets: expected, jumps: [], lost: [] });
    await read.stop();
  }
}, 30_000);

test('a position inside a chunk, below the log and behind a seek, is found; the bounds begin where the archive does', async () => {
  const archived = await filled({ count: 10, deleteBefore: 8 });
  const read = await reading(archived, 4);
  await settled(archived);
  expect((await read.member.bounds()).get(0)).toEqual({ low: 0, high: 10 });
  expect(read.offsets).toEqual(upTo(10, 4));
  expect(read.events).toEqual([
    { event: 'archive_begun', partition: 0, offset: 4 },
    { event: 'archive_left', partition: 0, offset: 10 },
  ]);
  await read.stop();
});

test('a log that is empty behind retention is read from the archive all the same', async () => {
  const archived = await filled({ count: 7, deleteBefore: 7 });
  const read = await reading(archived, 0);
  await settled(archived);
  append(archived, 1);
  await settled(archived);
  expect([read.offsets, read.jumps]).toEqual([upTo(8), []]);
  await read.stop();
});

test('a hole that neither has is told as one, and the log goes on where it begins', async () => {
  const archived = await filled({ count: 6, deleteBefore: 0 });
  append(archived, 6);
  archived.log.deleteBefore(0, 9);
  const read = await reading(archived, 2);
  await settled(archived);
  expect(read.lost).toEqual(['9: the log begins at 9, after position 6: what lies between is lost']);
  expect(read.offsets).toEqual([...upTo(6, 2), ...upTo(12, 9)]);
  expect((await read.member.bounds()).get(0)).toEqual({ low: 9, high: 12 });
  await read.stop();
});

test('chunks that are not what their chain names are not handed over, and said to be lost', async () => {
  const archived = await filled({ count: 9, deleteBefore: 8 });
  archived.memory.lose(1, 0, 4);
  const read = await reading(archived, 0);
  await settled(archived);
  expect(read.lost).toEqual([expect.stringMatching(/^8: the archive from offset 3 to 6 is not what its chain names: 2 of 3 records are there$/)]);
  expect(read.offsets).toEqual([8]);
  await read.stop();
});

test('an archive that does not answer is waited for', async () => {
  const archived = await filled({ count: 9, deleteBefore: 6 });
  let away = 3;
  archived.memory.intercept = ({ method }) => (method === 'records' && away-- > 0 ? 'lose' : 'apply');
  const read = await reading(archived, 0);
  for (let round = 0; round < 400 && read.offsets.length < 9; round++) await settled(archived);
  expect([read.offsets, read.lost]).toEqual([upTo(9), []]);
  expect(read.events.filter(({ event }) => event === 'archive_waiting')).toHaveLength(3);
  await read.stop();
});

test('a log that shows another record than the archive did at the seam hands it over, so that it is noticed', async () => {
  const archived = await filled({ count: 6, deleteBefore: 5 });
  archived.log.truncate(0, 5);
  archived.log.append(0, { timestampMs: 1, key: Buffer.from('a'), value: Buffer.from('another') });
  append(archived, 1);
  const read = await reading(archived, 0);
  await settled(archived);
  expect([read.offsets, read.jumps]).toEqual([[...upTo(6), 5, 6], ['5 instead of 6']]);
  await read.stop();
});

test('a seek from inside the handler, back below the log, is answered from the archive', async () => {
  const archived = await filled({ count: 9, deleteBefore: 7 });
  let again = true;
  const seen: number[] = [];
  const member = longOver(archived.log.member(), archived);
  const run = member.run({
    assigned: async () => 7,
    revoked: () => undefined,
    batch: (batch) => {
      for (let index = 0; index < batch.length; index++) seen.push(batch.offset(index));
      if (again) member.control(0, { seek: 5 });
      again = false;
    },
  });
  await settled(archived, 1);
  expect(seen).toEqual([7, 5, 6, 7, 8]);
  await member.stop();
  await run;
});
