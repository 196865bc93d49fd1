/** Fuzz target: a Fetch response of any bytes is read or refused by a typed error, and every record that is read lies within its bytes. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CONTROL_HEADER } from '../../src/control-header.ts';
import { decodeFetchResponse } from '../../src/fetch-response.ts';
import { PartitionRecords } from '../../src/partition-records.ts';
import { UnreadableBatch } from '../../src/unreadable-batch.ts';
import { batchBytes, fetchPayload, markerBytes, type WrittenRecord } from '../fetch-bytes.ts';

const COMPRESSED = join(import.meta.dirname, '../compressed');
const CODEC_OF: Readonly<Record<string, number>> = { snappy: 2, lz4: 3 };
const reused = new PartitionRecords();

const records: readonly WrittenRecord[] = [
  { offsetDelta: 0, timestampDelta: 0, key: Buffer.from('u1'), value: Buffer.from('{"type":"track"}') },
  { offsetDelta: 1, timestampDelta: -5, key: null, value: null, headers: [[CONTROL_HEADER, Buffer.of()]] },
  {
    offsetDelta: 4,
    timestampDelta: 2 ** 33,
    key: Buffer.of(),
    value: Buffer.alloc(70, 'x'),
    headers: [
      ['a', null],
      ['ж', Buffer.from('b')],
    ],
  },
];

function payloadOf(batch: Buffer, aborted: { producerId: number; firstOffset: number }[] = []): Buffer {
  return fetchPayload('e', [{ partition: 0, highWatermark: 9, aborted, records: batch }]);
}

/** A batch whose records somebody else compressed: header of ours, body of theirs. */
function withBody(codec: number, body: Buffer): Buffer {
  const whole = Buffer.concat([batchBytes({ firstOffset: 0, lastOffsetDelta: 4, records }).subarray(0, 61), body]);
  whole.writeInt32BE(whole.length - 12, 8);
  whole.writeInt16BE(codec, 21);
  return payloadOf(whole);
}

/** Snappy of one literal: what we write by hand, for the reference library is no dependency. */
function snappyLiteral(plain: Buffer): Buffer {
  return Buffer.concat([Buffer.of((plain.length & 0x7f) | 0x80, plain.length >>> 7, 60 << 2, plain.length - 1), plain]);
}

/** An LZ4 frame of one stored block. */
function lz4Stored(plain: Buffer): Buffer {
  const head = Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82, 0, 0, 0, 0x80]);
  head.writeUInt32LE(0x80000000 + plain.length, 7);
  return Buffer.concat([head, plain, Buffer.alloc(4)]);
}

function seeds(): readonly Uint8Array[] {
  const plain = batchBytes({ firstOffset: 0, lastOffsetDelta: 4, records }).subarray(61);
  const theirs = ['empty.lz4', 'stored.lz4', 'linked.lz4', 'independent.lz4', 'literal.snappy', 'framed.snappy', 'raw.snappy'];
  return [
    payloadOf(Buffer.of()),
    ...(['none', 'gzip', 'zstd'] as const).map((codec) => payloadOf(batchBytes({ firstOffset: 3, lastOffsetDelta: 6, records, codec }))),
    payloadOf(
      Buffer.concat([batchBytes({ firstOffset: 0, lastOffsetDelta: 4, records, producerId: 1, isTransactional: true }), markerBytes(5, 1, false)]),
      [{ producerId: 1, firstOffset: 0 }],
    ),
    withBody(2, snappyLiteral(plain)),
    withBody(3, lz4Stored(plain)),
    ...theirs.map((name) => withBody(CODEC_OF[name.split('.')[1] ?? ''] ?? 0, readFileSync(join(COMPRESSED, name)).subarray(0, 6_000))),
  ];
}

function run(input: Uint8Array): void {
  const payload = Buffer.from(input);
  const before = Buffer.from(payload);
  try {
    for (const { partitions } of decodeFetchResponse(payload).responses) {
      for (const { partition, messages } of partitions) {
        for (const fetched of messages) {
          reused.read(fetched, { partition, highWatermark: 9, requestedOffset: 0, fetchedOffset: 0 });
          checkRecords();
        }
      }
    }
  } catch (error) {
    // What the connection takes for a broken response: see the adapter's `event-log.ts`.
    if (!(error instanceof UnreadableBatch || error instanceof RangeError)) throw error;
    if (/Maximum call stack|Invalid (typed )?array (buffer )?length|Array buffer allocation/.test(error.message))
      throw new Error(`out of bounds: ${error.message}`, { cause: error });
  } finally {
    reused.clear();
  }
  assert.ok(payload.equals(before), 'the bytes that came are not changed');
}

function checkRecords(): void {
  for (let index = 0; index < reused.length; index += 1) {
    const { length } = reused.bytes(index);
    for (const [start, end] of [
      [reused.keyStart(index), reused.keyEnd(index)],
      [reused.valueStart(index), reused.valueEnd(index)],
    ] as const)
      assert.ok((start === -1 && end === -1) || (start >= 0 && start <= end && end <= length), `${start} to ${end} of ${length}`);
    assert.ok(Number.isFinite(reused.offset(index)) && Number.isFinite(reused.timestampMs(index)));
  }
}

export const fuzzTarget = {
  seeds,
  dictionary: [
    CONTROL_HEADER,
    '\u0000\u0000\u0000\u0000',
    '\u007f\u007f',
    '\u0000\u0000\u0000\u0001',
    '{"type":"track"}',
    '\u0002\u0004',
    '\u0000\u0010',
    '\u0000\u0020',
  ],
  run,
};
