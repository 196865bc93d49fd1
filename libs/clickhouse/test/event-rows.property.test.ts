// Rows written out of a batch's bytes are those of the records as objects, byte for byte: what the archive holds does not depend on the way there.
import { createDescriber, describeEvent } from '@tidemark/codec';
import { type Archive, type ArchivedRecord, intakeOfRecords, type LogBatch } from '@tidemark/pipeline';
import { memoryBatch } from '@tidemark/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BlockPool } from '../src/block-pool.ts';
import { appendRecord, EventRowCollector } from '../src/event-rows.ts';
import { TabSeparatedRows } from '../src/tab-separated.ts';

const nowhere: Archive = {
  insert: async () => undefined,
  extendChain: async () => undefined,
  chainEnd: async () => null,
  lastRecord: async () => null,
};
// One for all: what it has learned of one record must not change another.
const describer = createDescriber();
const pool = new BlockPool();

/** By way of objects and texts: the slow oracle. */
function plainRows(batch: LogBatch, epoch: number): Buffer {
  const collector = intakeOfRecords(nowhere, describeEvent).collector(epoch);
  for (let index = 0; index < batch.length; index += 1) collector.add(batch, index);
  const records: readonly ArchivedRecord[] = collector.take();
  const rows = new TabSeparatedRows();
  for (const record of records) appendRecord(rows, record);
  return rows.toBuffer();
}

const text = fc.oneof(fc.string({ maxLength: 12 }), fc.constantFrom('\\N', '\t', 'a\nb', 'ж', '\ud800', '\0', '"', 'u1', ''));
const event = fc.record(
  {
    type: fc.constantFrom('track', 'page', 'identify', 'nothing'),
    event: fc.oneof(fc.constant('Service Booked'), text),
    userId: fc.oneof(fc.constant('u1'), text, fc.constant(17), fc.constant(null)),
    anonymousId: text,
    messageId: fc.oneof(fc.uuid(), text, fc.nat()),
    timestamp: fc.constantFrom('2026-11-21T18:00:04.120Z', '2026-11-21T18:00:04+03:00', 1795284004120, -5, 'never'),
    properties: fc.object({ maxDepth: 1, maxKeys: 3 }),
  },
  { requiredKeys: ['type', 'messageId', 'timestamp'] },
);
const value = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(event, fc.constantFrom(undefined, 1, '\t')).map(([body, space]) => Buffer.from(JSON.stringify(body, null, space))),
  },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 300_000 }).map((length) => Buffer.alloc(length, '{"a":\\')) },
  { weight: 1, arbitrary: fc.constant(null) },
);
const record = fc.record({
  step: fc.integer({ min: 1, max: 2 ** 31 }),
  timestampMs: fc.oneof(fc.integer({ min: -(2 ** 45), max: 2 ** 45 }), fc.nat(2 ** 31)),
  value,
  keyOf: fc.constantFrom('right', 'right', 'right', 'right', 'other', 'null'),
  control: fc.integer({ min: 0, max: 9 }).map((number) => number === 0),
});

function rightKey(bytes: Buffer | null): Buffer {
  try {
    const body: { userId?: unknown; anonymousId?: unknown } = JSON.parse(String(bytes));
    return Buffer.from(String(body.userId === '' || body.userId === null || body.userId === undefined ? body.anonymousId : body.userId));
  } catch {
    return Buffer.from('u1');
  }
}

test('rows of records where they lie are the rows of the same records as objects', () => {
  let accepted = 0;
  fc.assert(
    fc.property(fc.array(record, { minLength: 1, maxLength: 30 }), fc.nat(65_535), fc.nat(4095), (drawn, epoch, partition) => {
      let offset = -1;
      const records = drawn.map(({ step, timestampMs, value, keyOf, control }) => {
        offset += step;
        const key = keyOf === 'null' ? null : keyOf === 'other' ? Buffer.from('who\\\n') : rightKey(value);
        return { offset, timestampMs, key, value, control };
      });
      const batch = memoryBatch({ partition, records, requestedOffset: 0, highWatermark: offset + 1 });
      const collector = new EventRowCollector({ epoch, describer, pool });
      for (let index = 0; index < batch.length; index += 1) collector.add(batch, index);
      const { blocks, count } = collector.take();
      expect(count).toBe(records.length);
      expect(Buffer.concat(blocks).equals(plainRows(batch, epoch))).toBe(true);
      for (const block of blocks) pool.giveBack(block.fill(0x21));
      expect(collector.take()).toEqual({ blocks: [], count: 0 });
      accepted += records.filter(({ key, value, control }) => !control && describeEvent(key, value).accepted).length;
    }),
    { numRuns: 150 },
  );
  expect(accepted).toBeGreaterThan(80);
});
