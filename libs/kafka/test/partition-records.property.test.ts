// Our reading of a Fetch response against kafkajs's own, and bytes that are damaged.
import { createRequire } from 'node:module';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CONTROL_HEADER } from '../src/control-header.ts';
import { decodeFetchResponse } from '../src/fetch-response.ts';
import { PartitionRecords } from '../src/partition-records.ts';
import { batchBytes, fetchPayload, markerBytes, type WrittenBatch } from './fetch-bytes.ts';

interface Message {
  readonly offset: string;
  readonly timestamp: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, unknown>>;
}
type Batch = new (
  topic: string,
  fetchedOffset: string,
  partition: object,
) => { readonly messages: readonly Message[]; readonly highWatermark: string };

const require = createRequire(import.meta.url);
const theirs: {
  decode(payload: Buffer): Promise<{ responses: { topicName: string; partitions: object[] }[] }>;
} = require('kafkajs/src/protocol/requests/fetch/v11/response');
const TheirBatch: Batch = require('kafkajs/src/consumer/batch');
const compression: { Types: { ZSTD: number }; Codecs: Record<number, unknown> } = require('kafkajs/src/protocol/message/compression');
compression.Codecs[compression.Types.ZSTD] = () => ({ decompress: async (bytes: Buffer) => (await import('node:zlib')).zstdDecompressSync(bytes) });

interface Seen {
  readonly offset: number;
  readonly timestampMs: number;
  readonly key: string | undefined;
  readonly value: string | undefined;
  readonly control: boolean;
}

async function seenByThem(payload: Buffer, fetchedOffset: number): Promise<Seen[][]> {
  const { responses } = await theirs.decode(payload);
  return responses.flatMap(({ topicName, partitions }) =>
    partitions.map((partition) =>
      new TheirBatch(topicName, String(fetchedOffset), partition).messages.map((message) => ({
        offset: Number(message.offset),
        timestampMs: Number(message.timestamp),
        key: message.key?.toString('hex'),
        value: message.value?.toString('hex'),
        control: Object.hasOwn(message.headers, CONTROL_HEADER),
      })),
    ),
  );
}

const reused = new PartitionRecords();

function seenByUs(payload: Buffer, fetchedOffset: number): Seen[][] {
  const { responses } = decodeFetchResponse(payload);
  return responses.flatMap(({ partitions }) =>
    partitions.map(({ partition, highWatermark, messages: [fetched] }) => {
      if (fetched === undefined) return [];
      reused.read(fetched, { partition, highWatermark: Number(highWatermark), requestedOffset: fetchedOffset, fetchedOffset });
      return Array.from({ length: reused.length }, (_, index) => {
        const bytes = reused.bytes(index);
        const range = (start: number, end: number): string | undefined => (start < 0 ? undefined : bytes.toString('hex', start, end));
        expect(range(reused.keyStart(index), reused.keyEnd(index))).toBe(reused.key(index)?.toString('hex'));
        expect(range(reused.valueStart(index), reused.valueEnd(index))).toBe(reused.value(index)?.toString('hex'));
        return {
          offset: reused.offset(index),
          timestampMs: reused.timestampMs(index),
          key: reused.key(index)?.toString('hex'),
          value: reused.value(index)?.toString('hex'),
          control: reused.isControl(index),
        };
      });
    }),
  );
}

const bytes = fc.oneof(
  fc.constant(null),
  fc.uint8Array({ maxLength: 20 }).map((array) => Buffer.from(array)),
  fc.integer({ min: 60, max: 70 }).map((length) => Buffer.alloc(length, 'x')),
  fc.integer({ min: 8_000, max: 9_000 }).map((length) => Buffer.alloc(length, 'y')),
);
const header = fc.tuple(fc.constantFrom(CONTROL_HEADER, `${CONTROL_HEADER}s`, 'a', '', 'ж'), bytes);
const record = fc.record({
  gap: fc.constantFrom(0, 0, 0, 1, 3, 200, 20_000),
  timestampDelta: fc.oneof(fc.integer({ min: -1_000, max: 1_000_000 }), fc.constantFrom(0, 2 ** 33, -(2 ** 40))),
  key: bytes,
  value: bytes,
  headers: fc.array(header, { maxLength: 2 }),
});
const batch = fc.record({
  records: fc.array(record, { minLength: 1, maxLength: 6 }),
  before: fc.constantFrom(0, 0, 5, 300_000),
  behind: fc.constantFrom(0, 0, 2),
  codec: fc.constantFrom('none', 'none', 'gzip', 'zstd'),
  isAppendTime: fc.boolean(),
  firstTimestampMs: fc.constantFrom(1_795_284_004_120, 0),
  /** 0 writes outside transactions. */
  producer: fc.constantFrom(0, 0, 1, 2),
  ends: fc.constantFrom(false, false, true),
});
type Drawn = typeof batch extends fc.Arbitrary<infer T> ? T : never;

/** A log: what is drawn, one after the other, transactions ended by markers; the producer of a transaction decides whether it is aborted. */
function logBytes(drawn: readonly Drawn[], first: number): { records: Buffer; aborted: { producerId: number; firstOffset: number }[]; end: number } {
  const parts: Buffer[] = [];
  const aborted: { producerId: number; firstOffset: number }[] = [];
  const open = new Set<number>();
  let offset = first;
  for (const { records, before, behind, codec, isAppendTime, firstTimestampMs, producer, ends } of drawn) {
    offset += before;
    let delta = -1;
    const written = records.map(({ gap, ...rest }) => {
      delta += 1 + gap;
      return { ...rest, offsetDelta: delta };
    });
    const isTransactional = producer > 0;
    if (isTransactional && !open.has(producer)) {
      open.add(producer);
      if (producer === 1) aborted.push({ producerId: producer, firstOffset: offset });
    }
    const lastOffsetDelta = delta + behind;
    const whole: WrittenBatch = {
      firstOffset: offset,
      lastOffsetDelta,
      records: written,
      codec,
      isAppendTime,
      firstTimestampMs,
      maxTimestampMs: 7,
      producerId: producer,
      isTransactional,
    };
    parts.push(batchBytes(whole));
    offset += lastOffsetDelta + 1;
    if (!ends || !open.delete(producer)) continue;
    parts.push(markerBytes(offset, producer, producer !== 1));
    offset += 1;
  }
  return { records: Buffer.concat(parts), aborted, end: offset };
}

test('reads out of a response what kafkajs reads out of it', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(batch, { maxLength: 6 }),
      fc.constantFrom(0, 17, 2 ** 40),
      fc.nat(400),
      fc.nat(90),
      async (drawn, first, skipped, cut) => {
        const { records, aborted, end } = logBytes(drawn, first);
        // Not within the header of the only batch, where kafkajs itself fails.
        const whole = records.subarray(0, records.length - (cut > 60 ? Math.min(cut, Math.max(0, records.length - 61)) : 0));
        const payload = fetchPayload('events', [
          { partition: 3, highWatermark: end, aborted, records: whole },
          { partition: 4, highWatermark: 9, records: Buffer.of() },
        ]);
        // From within the log only without transactions: kafkajs takes but one aborted transaction into account per record.
        const fetchedOffset = first + (aborted.length === 0 ? skipped : 0);
        expect(seenByUs(payload, fetchedOffset)).toEqual(await seenByThem(payload, fetchedOffset));
      },
    ),
    { numRuns: 600 },
  );
});

test('a damaged response is read or refused, in bounds and in time', () => {
  const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
  const outcomes = { read: 0, refused: 0 };
  fc.assert(
    fc.property(fc.array(batch, { minLength: 1, maxLength: 4 }), damage, (drawn, changes) => {
      const { records, aborted, end } = logBytes(drawn, 0);
      const payload = fetchPayload('e', [{ partition: 0, highWatermark: end, aborted, records }]);
      for (const [at, byte] of changes) payload[at % payload.length] = byte;
      try {
        seenByUs(payload, 0);
        outcomes.read += 1;
      } catch (error) {
        expect(['UnreadableBatch', 'RangeError']).toContain(error instanceof Error ? error.name : '');
        outcomes.refused += 1;
      }
    }),
    { numRuns: 3_000 },
  );
  expect(outcomes.refused).toBeGreaterThan(100);
  expect(outcomes.read).toBeGreaterThan(100);
});
