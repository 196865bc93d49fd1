// The archiver over the twins of log and archive, with a clock that moves when told.
import { MemoryArchive, type MemoryLog } from '@tidemark/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { StoreUnavailable } from '../../src/ports/sink.ts';
import { archiver, endBenches, event, filled, offsetsOf, range, settle } from './archiver-bench.ts';

afterEach(endBenches);

const unavailable = (): never => {
  throw new StoreUnavailable('clickhouse', 'away');
};

describe('the archive writer', () => {
  it('asks for the end of the log last: what another archiver saved meanwhile is no sign of a log that was cut', async () => {
    const log = filled(5);
    const memory = new MemoryArchive();
    const first = await archiver(log, memory);
    log.deliver(100);
    await first.clock.advance(1_500);
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const slow = { ...memory.archive, chainEnd: (epoch: number, partition: number) => held.then(() => memory.archive.chainEnd(epoch, partition)) };
    const second = await archiver(log, memory, { archive: slow });
    second.member.assign([0]);
    await settle();
    log.append(0, event('later'));
    first.member.deliver(0, 100);
    await first.clock.advance(1_500);
    expect(await memory.archive.chainEnd(3, 0)).toMatchObject({ to: 6 });
    release();
    await settle();
    await settle();
    expect(second.notes.map(({ note }) => note)).not.toContain('halted');
  });

  it('compares its last record with the log before it goes on: a log that was rewritten, also with the same bytes, halts it', async () => {
    const archivedTo = async (log: MemoryLog): Promise<MemoryArchive> => {
      const memory = new MemoryArchive();
      const { clock, writer, member } = await archiver(log, memory);
      log.deliver(100);
      await clock.advance(1_500);
      await writer.stop();
      await member.stop();
      return memory;
    };
    const goingOn = async (change: (log: MemoryLog) => void): Promise<readonly (readonly unknown[])[]> => {
      const log = filled(5);
      const memory = await archivedTo(log);
      change(log);
      const { clock, notes } = await archiver(log, memory);
      log.deliver(100);
      await clock.advance(1_500);
      const halts = notes.flatMap((note) => (note.note === 'halted' ? [note.reason] : []));
      return [halts, offsetsOf(memory)];
    };
    const rewritten = ['the record at offset 4 is not the one that was archived: the log was rewritten, or the topic re-created'];
    expect(await goingOn((log) => log.append(0, event('m5')))).toEqual([[], range(0, 6)]);
    expect(await goingOn((log) => log.deleteBefore(0, 5))).toEqual([[], range(0, 5)]);
    const again = (record: ReturnType<typeof event>) => (log: MemoryLog) => {
      log.truncate(0, 4);
      log.append(0, record);
      log.append(0, event('m5'));
    };
    expect(await goingOn(again(event('other')))).toEqual([rewritten, range(0, 5)]);
    expect(await goingOn(again({ ...event('m4'), timestampMs: 1_001 }))).toEqual([rewritten, range(0, 5)]);
  });

  it('saves full chunks at once, and the end of the log after the flush interval', async () => {
    const log = filled(25);
    const memory = new MemoryArchive();
    const { clock, writer } = await archiver(log, memory);
    log.deliver(7);
    log.deliver(100);
    await clock.advance(50);
    expect(offsetsOf(memory)).toEqual(range(0, 20));
    expect(await memory.archive.chainEnd(3, 0)).toEqual({ from: 0, to: 20 });
    await clock.advance(1_500);
    expect(offsetsOf(memory)).toEqual(range(0, 25));
    expect(await memory.archive.chainEnd(3, 0)).toEqual({ from: 0, to: 25 });
    expect(log.committed.get(0)).toBe(25);
    expect(writer.partitions()).toEqual([{ partition: 0, halted: null, next: 25, archived: 25, high: 25 }]);
    expect(writer.totals()).toMatchObject({ records: 25, chunks: 3, heldBytes: 0, failures: 0 });
  });

  it('keeps bytes, parsed columns, reject reasons, ticks and sparse offsets', async () => {
    const log = filled(1);
    log.skip(0, 4);
    log.append(0, { timestampMs: 7, key: Buffer.from('u1'), value: Buffer.from('{"broken') });
    log.append(0, { timestampMs: 8, key: null, value: null, control: true });
    log.append(0, { timestampMs: 9, key: Buffer.from('other'), value: event('m9').value });
    const memory = new MemoryArchive();
    const { clock } = await archiver(log, memory);
    log.deliver(100);
    await clock.advance(1_500);
    expect(memory.recordsOf(3, 0)).toMatchObject([
      {
        offset: 0,
        timestampMs: 1_000,
        control: false,
        reason: '',
        parsed: { type: 'track', event: 'opened', actorId: 'u1', messageId: 'm0', timeMs: 1_767_225_600_000 },
      },
      { offset: 5, timestampMs: 7, reason: 'broken_json', parsed: null, value: Buffer.from('{"broken') },
      { offset: 6, timestampMs: 8, control: true, reason: '', parsed: null, key: null, value: null },
      { offset: 7, reason: 'key_mismatch', parsed: null, key: Buffer.from('other') },
    ]);
    expect(await memory.archive.chainEnd(3, 0)).toEqual({ from: 0, to: 8 });
  });

  it('takes a log that ends in what is never handed over for read to its end', async () => {
    const log = filled(3);
    const memory = new MemoryArchive();
    const { clock } = await archiver(log, memory);
    log.deliver(100);
    log.skip(0, 2);
    log.deliver(100);
    await clock.advance(1_500);
    expect(offsetsOf(memory)).toEqual(range(0, 3));
    expect(await memory.archive.chainEnd(3, 0)).toEqual({ from: 0, to: 3 });
  });

  it('resumes at the end of the chain after a crash between insert and chain', async () => {
    const log = filled(30);
    const memory = new MemoryArchive();
    let links = 0;
    memory.intercept = undefined;
    const failing = {
      ...memory.archive,
      extendChain: (chunk: Parameters<typeof memory.archive.extendChain>[0]) => (++links > 1 ? unavailable() : memory.archive.extendChain(chunk)),
    };
    const first = await archiver(log, memory, { archive: failing });
    log.deliver(100);
    await first.clock.advance(300);
    expect(await memory.archive.chainEnd(3, 0)).toEqual({ from: 0, to: 10 });
    first.member.crash(new Error('killed'));
    await settle();
    const second = await archiver(log, memory);
    expect(second.notes).toEqual([{ note: 'reading', partition: 0, from: 10 }]);
    log.deliver(100);
    await second.clock.advance(1_500);
    expect(await memory.archive.chainEnd(3, 0)).toEqual({ from: 0, to: 30 });
    expect(offsetsOf(memory)).toEqual(range(0, 30));
  });

  it('tries again while the archive is away, holds no more than its bound, and loses nothing', async () => {
    const log = filled(0);
    const memory = new MemoryArchive();
    let away = true;
    const archive = {
      ...memory.archive,
      insert: (records: Parameters<typeof memory.archive.insert>[0]) => (away ? unavailable() : memory.archive.insert(records)),
    };
    const { clock, writer, notes } = await archiver(log, memory, { archive, maxHeldBytes: 3_000 });
    for (let index = 0; index < 200; index += 1) log.append(0, event(`m${index}`));
    for (let round = 0; round < 200; round += 1) log.deliver(5);
    await clock.advance(2_000);
    const { heldBytes, failures } = writer.totals();
    expect(heldBytes).toBeGreaterThan(3_000);
    expect(heldBytes).toBeLessThan(4_500);
    expect(failures).toBeGreaterThan(1);
    expect(notes.some((note) => note.note === 'retrying' && note.purpose === 'archive records' && note.reason === 'away')).toBe(true);
    away = false;
    for (let round = 0; round < 200; round += 1) {
      log.deliver(5);
      await clock.advance(100);
    }
    await clock.advance(8_000);
    expect(offsetsOf(memory)).toEqual(range(0, 200));
    expect(await memory.archive.chainEnd(3, 0)).toEqual({ from: 0, to: 200 });
    expect(writer.totals().heldBytes).toBe(0);
  });

  it('halts loudly where retention deleted what was not archived, at the start and while it runs', async () => {
    const log = filled(60, 2);
    const memory = new MemoryArchive();
    await memory.archive.extendChain({ epoch: 3, partition: 0, from: 0, to: 5, count: 5, hash: '' });
    log.deleteBefore(0, 8);
    const { clock, writer, notes } = await archiver(log, memory);
    expect(notes).toContainEqual({ note: 'halted', partition: 0, reason: expect.stringContaining('deleted 3 offsets before they were archived') });
    log.deliver(4);
    log.deleteBefore(1, 9);
    log.deliver(4);
    await clock.advance(100);
    expect(writer.partitions().map(({ halted }) => halted)).toEqual([
      expect.stringContaining('begins at offset 8'),
      expect.stringContaining('begins at offset 9, but the archive ends at 4'),
    ]);
    log.deliver(100);
    await clock.advance(2_000);
    expect(offsetsOf(memory, 1).every((offset) => offset < 4)).toBe(true);
  });

  it('halts where the log ends before the archive', async () => {
    const memory = new MemoryArchive();
    await memory.archive.extendChain({ epoch: 3, partition: 0, from: 0, to: 50, count: 50, hash: '' });
    const { writer } = await archiver(filled(20), memory);
    expect(writer.partitions()).toEqual([{ partition: 0, halted: expect.stringContaining('raise the epoch') }]);
  });

  it('begins at the lowest offset of a log that was never archived', async () => {
    const log = filled(40);
    log.deleteBefore(0, 12);
    const memory = new MemoryArchive();
    const { clock } = await archiver(log, memory);
    log.deliver(100);
    await clock.advance(1_500);
    expect(await memory.archive.chainEnd(3, 0)).toEqual({ from: 12, to: 40 });
  });

  it('waits for an archive that is away at the start, and forgets the question when the partition is taken away', async () => {
    const log = filled(20);
    const memory = new MemoryArchive();
    let away = true;
    const archive = {
      ...memory.archive,
      chainEnd: (epoch: number, partition: number) => (away ? unavailable() : memory.archive.chainEnd(epoch, partition)),
    };
    const { clock, member, writer } = await archiver(log, memory, { archive });
    await clock.advance(1_000);
    expect(writer.partitions()).toEqual([]);
    member.assign([]);
    await clock.advance(5_000);
    away = false;
    member.assign([0]);
    await clock.advance(200);
    log.deliver(100);
    await clock.advance(1_500);
    expect(offsetsOf(memory)).toEqual(range(0, 20));
  });

  it('keeps what it holds over a rebalance that leaves the partition here, and drops it when it goes', async () => {
    const log = filled(25);
    const memory = new MemoryArchive();
    const { clock, member, writer } = await archiver(log, memory);
    log.deliver(100);
    member.assign([0]);
    await settle();
    expect(writer.totals().heldBytes).toBeGreaterThan(0);
    await clock.advance(1_500);
    expect(offsetsOf(memory)).toEqual(range(0, 25));
    for (let index = 0; index < 3; index += 1) log.append(0, event(`late${index}`));
    log.deliver(100);
    member.assign([]);
    expect(writer.totals().heldBytes).toBe(0);
    expect(writer.partitions()).toEqual([]);
  });

  it('stops at its deadline though the archive neither answers nor fails', async () => {
    const memory = new MemoryArchive();
    const log = filled(25);
    const { clock, writer } = await archiver(log, memory, { archive: { ...memory.archive, insert: () => new Promise(() => {}) } });
    log.deliver(100);
    await clock.advance(1_500);
    expect(writer.totals()).toMatchObject({ records: 0, failures: 0 });
    let isStopped = false;
    const stopped = writer.stop().then(() => {
      isStopped = true;
    });
    await clock.advance(5_900);
    expect(isStopped).toBe(false);
    await clock.advance(200);
    expect(isStopped).toBe(true);
    await stopped;
  });

  it('saves what it holds on stop, and gives up at the deadline', async () => {
    const log = filled(25);
    const memory = new MemoryArchive();
    const good = await archiver(log, memory);
    log.deliver(100);
    await good.clock.advance(10);
    await good.writer.stop();
    expect(await memory.archive.chainEnd(3, 0)).toEqual({ from: 0, to: 25 });
    await good.member.stop();
    log.append(0, event('last'));
    const broken = await archiver(log, memory, { archive: { ...memory.archive, insert: async () => unavailable() } });
    log.deliver(100);
    const stopped = broken.writer.stop();
    await broken.clock.advance(6_500);
    await stopped;
    expect(await memory.archive.chainEnd(3, 0)).toEqual({ from: 0, to: 25 });
  });

  it('rejects run when the archive refuses', async () => {
    const log = filled(25);
    const memory = new MemoryArchive();
    const { clock, saving } = await archiver(log, memory, {
      archive: {
        ...memory.archive,
        insert: async () => {
          throw new Error('no such table');
        },
      },
    });
    log.deliver(100);
    await clock.advance(100);
    await expect(saving).rejects.toThrow('no such table');
  });

  it('(f) an archive chunk fails and the next one lands: the hole is seen, and the next start fills it', async () => {
    const log = filled(30);
    const memory = new MemoryArchive();
    // Two archivers share the partition for a moment: the one that was to link 10 to 20 dies, the other has linked what follows.
    for (const from of [0, 20]) await memory.archive.extendChain({ epoch: 3, partition: 0, from, to: from + 10, count: 10, hash: `h${from}` });
    expect(await memory.archive.chainEnd(3, 0)).toEqual({ from: 0, to: 10 });
    const { notes, clock } = await archiver(log, memory);
    expect(notes).toEqual([{ note: 'reading', partition: 0, from: 10 }]);
    log.deliver(100);
    await clock.advance(1_500);
    expect(await memory.archive.chainEnd(3, 0)).toEqual({ from: 0, to: 30 });
    expect(offsetsOf(memory)).toEqual(range(10, 30));
  });

  it('two archivers of one partition leave one chain and each record once', async () => {
    const log = filled(45);
    const memory = new MemoryArchive();
    const [first, second] = [await archiver(log, memory), await archiver(log, memory)];
    for (const member of log.members) member.assign([0]);
    await settle();
    for (let round = 0; round < 20; round += 1) {
      log.deliver(3 + (round % 4));
      await first.clock.advance(100);
      await second.clock.advance(70);
    }
    await first.clock.advance(2_000);
    await second.clock.advance(2_000);
    expect(await memory.archive.chainEnd(3, 0)).toEqual({ from: 0, to: 45 });
    expect(offsetsOf(memory)).toEqual(range(0, 45));
  });
});
