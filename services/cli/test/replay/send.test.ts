/** Sending in order, one batch on its way at a time. */
import type { LogRecord, LogWriter } from '@tidemark/pipeline';
import { expect, it } from 'vitest';
import { sendInOrder } from '../../src/replay/send.ts';

function chunks(...counts: number[]): LogRecord[][] {
  let next = 0;
  return counts.map((count) => Array.from({ length: count }, () => ({ key: String(next++), value: '{}' })));
}

function recordingWriter(
  append: (records: readonly LogRecord[]) => Promise<void> = async () => undefined,
): LogWriter & { sent: string[]; most: number } {
  let underWay = 0;
  const writer = {
    sent: [] as string[],
    most: 0,
    append: async (records: readonly LogRecord[]) => {
      underWay++;
      writer.most = Math.max(writer.most, underWay);
      await append(records);
      writer.sent.push(...records.map(({ key }) => String(key)));
      underWay--;
    },
    appendTick: async () => undefined,
    close: async () => undefined,
  };
  return writer;
}

it('sends everything once, in order, and tells of each acknowledged batch', async () => {
  const writer = recordingWriter(() => new Promise((resolve) => setImmediate(resolve)));
  const told: number[] = [];
  await sendInOrder({ writer, records: chunks(3, 5_000, 0, 4_500), onSent: (count) => told.push(count) });
  expect(writer.sent).toEqual(Array.from({ length: 9_503 }, (_, index) => String(index)));
  expect(told).toEqual([4_000, 4_000, 1_503]);
  expect(writer.most).toBe(1);
});

it('a failed batch rejects, and nothing after it is sent', async () => {
  let calls = 0;
  const writer = recordingWriter(async () => {
    if (++calls === 2) throw new Error('away');
  });
  await expect(sendInOrder({ writer, records: chunks(12_000), onSent: () => undefined })).rejects.toThrow('away');
  expect(writer.sent).toHaveLength(4_000);
});

it('ends quietly after the batch on its way when it is told to stop', async () => {
  const stop = new AbortController();
  const writer = recordingWriter(async () => stop.abort());
  await sendInOrder({ writer, records: chunks(20_000), onSent: () => undefined, signal: stop.signal });
  expect(writer.sent).toHaveLength(4_000);
});
