// Chunks partition what was taken, whatever the batches were, and end at the same offsets for every archiver.
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CutChunk, createChunkCutter } from '../../src/archive/chunk.ts';
import { chunkHash, createChunkHash } from '../../src/archive/chunk-hash.ts';
import type { ArchivedRecord, RecordCollector } from '../../src/ports/archive.ts';
import { archiveBatch } from '../../src/verify/archive-batch.ts';

type Chunk = CutChunk<readonly number[]>;

function record(offset: number, value = `v${offset}`): ArchivedRecord {
  return {
    epoch: 1,
    partition: 2,
    offset,
    timestampMs: 5,
    key: Buffer.from('k'),
    value: Buffer.from(value),
    control: false,
    parsed: null,
    reason: 'broken_json',
  };
}

/** Sparse offsets at or above `from`. */
const sparse = (from: number): fc.Arbitrary<number[]> =>
  fc
    .array(fc.oneof({ weight: 9, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.integer({ min: 2, max: 40 }) }), { maxLength: 200 })
    .map((steps) => {
      let offset = from - 1;
      return steps.map((step) => {
        offset += step;
        return offset;
      });
    });

function collectOffsets(): RecordCollector<readonly number[]> {
  let offsets: number[] = [];
  return {
    add: (batch, index) => {
      offsets.push(batch.offset(index));
    },
    take: () => {
      const taken = offsets;
      offsets = [];
      return taken;
    },
  };
}

function cutAll(offsets: readonly number[], from: number, chunkRecords: number, tailAfter: ReadonlySet<number> = new Set()): Chunk[] {
  const cutter = createChunkCutter({ epoch: 1, partition: 2, from, chunkRecords, collector: collectOffsets() });
  const chunks: Chunk[] = [];
  for (const offset of offsets) {
    const chunk = cutter.take(archiveBatch(2, [record(offset)]), 0);
    if (chunk !== null) chunks.push(chunk);
    const tail = tailAfter.has(offset) ? cutter.cutTail() : null;
    if (tail !== null) chunks.push(tail);
  }
  const last = cutter.cutTail();
  return last === null ? chunks : [...chunks, last];
}

describe('chunks', () => {
  it('are an unbroken chain over all records, each record in the chunk that names its offset', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 1, max: 12 }), (from, chunkRecords) => {
        fc.assert(
          fc.property(sparse(from), fc.array(fc.nat(300)), (offsets, tails) => {
            const chunks = cutAll(offsets, from, chunkRecords, new Set(tails));
            let end = from;
            for (const { link, rows } of chunks) {
              expect(link.from).toBe(end);
              expect(link.to).toBeGreaterThan(link.from);
              expect(link.count).toBe(rows.length);
              expect(link.hash).toBe(chunkHash(rows.map((offset) => record(offset))));
              expect(rows.every((offset) => offset >= link.from && offset < link.to)).toBe(true);
              end = link.to;
            }
            expect(chunks.flatMap(({ rows }) => rows)).toEqual(offsets);
            expect(end).toBe(offsets.length === 0 ? from : (offsets.at(-1) ?? 0) + 1);
          }),
          { numRuns: 20 },
        );
      }),
      { numRuns: 20 },
    );
  });

  it('end at every multiple of the chunk size below which a record was taken before, tails or not', () => {
    fc.assert(
      fc.property(sparse(0), fc.array(fc.nat(300)), fc.integer({ min: 2, max: 12 }), (offsets, tails, chunkRecords) => {
        const ends = (chunks: readonly Chunk[]): number[] => chunks.map(({ link }) => link.to);
        const plain = cutAll(offsets, 0, chunkRecords);
        const withTails = new Set(ends(cutAll(offsets, 0, chunkRecords, new Set(tails))));
        // The last chunk and those that end in a gap may be cut by a tail instead.
        for (const { link, rows } of plain.slice(0, -1)) expect(link.to % chunkRecords === 0 && rows.length > 0).toBe(true);
        for (const { link, rows } of plain) if (rows.at(-1) === link.to - 1) expect(withTails.has(link.to)).toBe(true);
      }),
    );
  });
});

describe('the hash of a chunk', () => {
  it('differs where an offset, a key, a value, a null or a border between two fields differs', () => {
    const base = record(1, 'ab');
    const variants = [
      [base],
      [{ ...base, offset: 2 }],
      [{ ...base, value: Buffer.from('ac') }],
      [{ ...base, key: null }],
      [{ ...base, key: Buffer.alloc(0) }],
      [{ ...base, key: Buffer.from('ka'), value: Buffer.from('b') }],
      [{ ...base, value: null }],
      [base, { ...base, offset: 2 }],
      [],
    ];
    expect(new Set(variants.map(chunkHash)).size).toBe(variants.length);
    expect(chunkHash([{ ...base, timestampMs: 9 }])).toBe(chunkHash([base]));
  });

  it('is that of the plain words, for records of any size, as objects and where they lie', () => {
    const bytes = fc.option(
      fc.oneof(
        fc.uint8Array({ maxLength: 40 }),
        fc.integer({ min: 8_000, max: 40_000 }).map((length) => Buffer.alloc(length, 7)),
      ),
    );
    const field = bytes.map((found) => found && Buffer.from(found));
    fc.assert(
      fc.property(fc.array(fc.record({ offset: fc.maxSafeNat(), key: field, value: field }), { minLength: 1, maxLength: 30 }), (fields) => {
        const records = fields.map((each) => ({ ...record(0), ...each }));
        const plain = createHash('sha256');
        for (const { offset, key, value } of records) {
          const head = Buffer.alloc(16);
          head.writeBigUInt64BE(BigInt(offset), 0);
          head.writeInt32BE(key?.length ?? -1, 8);
          head.writeInt32BE(value?.length ?? -1, 12);
          plain.update(head);
          for (const part of [key, value]) if (part !== null) plain.update(part);
        }
        const expected = plain.digest('hex');
        expect(chunkHash(records)).toBe(expected);
        const inPlace = createChunkHash();
        const batch = archiveBatch(2, records);
        const counted = records.map((_, index) => inPlace.addAt(batch, index));
        expect(inPlace.digest()).toBe(expected);
        expect(counted).toEqual(records.map(({ key, value }) => (key?.length ?? 0) + (value?.length ?? 0)));
      }),
    );
  });
});
