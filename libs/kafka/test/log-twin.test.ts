/** The log twin keeps the contract of the log, and can be broken as a real log breaks. */
import { setInterval } from 'node:timers';
import type { LogBatch } from '@tidemark/pipeline';
import { MemoryLog } from '@tidemark/testing';
import { logContract } from '@tidemark/testing/contracts';
import { describe, expect, it } from 'vitest';

logContract('the twin', async () => {
  const log = new MemoryLog({ partitionCount: 3 });
  const pump = setInterval(() => log.deliver(40), 1);
  return {
    partitionCount: 3,
    writer: log.writer({ partitioner: 'murmur2', nowMs: () => 1_700_000_000_000 }),
    member: () => log.member(),
    leaveGap: async (partition) => log.skip(partition, 2),
    close: async () => clearInterval(pump),
  };
});

async function reading(log: MemoryLog, from: number): Promise<{ batches: string[]; close: () => Promise<void> }> {
  const batches: string[] = [];
  const member = log.member();
  const run = member.run({
    assigned: async () => from,
    revoked: () => {},
    batch: (batch) => batches.push(`${batch.requestedOffset}: ${offsets(batch)}`),
  });
  await new Promise((resolve) => setTimeout(resolve, 0));
  return { batches, close: () => member.stop().then(() => run) };
}

function offsets(batch: LogBatch): string {
  return Array.from({ length: batch.length }, (_, index) => batch.offset(index)).join(' ');
}

function filled(): MemoryLog {
  const log = new MemoryLog({ partitionCount: 1 });
  for (let index = 0; index < 6; index += 1) {
    if (index === 3) log.skip(0, 2);
    log.append(0, { timestampMs: 1_000 + index, key: Buffer.from('a'), value: Buffer.from(String(index)) });
  }
  return log;
}

describe('the log twin', () => {
  it('delivers sparse offsets in batches of any size', async () => {
    const log = filled();
    const { batches, close } = await reading(log, 0);
    log.deliver(2);
    log.deliver(100);
    expect(batches).toEqual(['0: 0 1', '2: 2 5 6 7']);
    await close();
  });

  it('tells where reading goes on behind offsets that nobody sees', async () => {
    const log = filled();
    const ends: number[] = [];
    const member = log.member();
    const run = member.run({ assigned: async () => 0, revoked: () => {}, batch: ({ nextOffset }) => ends.push(nextOffset) });
    await new Promise((resolve) => setTimeout(resolve, 0));
    log.deliver(3);
    log.deliver(2);
    log.skip(0, 4);
    log.deliver(10);
    expect(log.deliver(10)).toBe(0);
    log.skip(0, 1);
    log.deliver(10);
    log.deliver(10);
    expect(ends).toEqual([3, 7, 12, 13]);
    await member.stop();
    await run;
  });

  it('jumps to the beginning where the position is gone, and says so by the requested offset', async () => {
    const log = filled();
    log.deleteBefore(0, 5);
    const { batches, close } = await reading(log, 1);
    log.deliver(1);
    log.truncate(0, 6);
    log.recreate();
    log.append(0, { timestampMs: 1, key: null, value: null });
    log.deliver(10);
    expect(batches).toEqual(['5: 5', '0: 0']);
    expect(log.identity.topicId).toBe('topic-2');
    await close();
  });

  it('can make two members own one partition', async () => {
    const log = filled();
    const [first, second] = [await reading(log, 0), await reading(log, 0)];
    for (const member of log.members) member.assign([0]);
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect(log.deliver(100)).toBe(12);
    expect(second.batches).toEqual(first.batches);
    await first.close();
    await second.close();
  });
});
