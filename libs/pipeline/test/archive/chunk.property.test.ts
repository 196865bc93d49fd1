// Chunks partition what was taken, whatever the batches were, and end at the same offsets for every archiver.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CutChunk, chunkHash, createChunkCutter } from '../../src/archive/chunk.ts';
import type { ArchivedRecord } from '../../src/ports/archive.ts';

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

function cutAll(offsets: readonly number[], from: number, chunkRecords: number, tailAfter: ReadonlySet<number> = new Set()): CutChunk[] {
  const cutter = createChunkCutter({ epoch: 1, partition: 2, from, chunkRecords });
  const chunks: CutChunk[] = [];
  for (const offset of offsets) {
    const chunk = cutter.take(record(offset));
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
            for (const { link, records } of chunks) {
              expect(link.from).toBe(end);
              expect(link.to).toBeGreaterThan(link.from);
              expect(link.count).toBe(records.length);
              expect(records.every(({ offset }) => offset >= link.from && offset < link.to)).toBe(true);
              end = link.to;
            }
            expect(chunks.flatMap(({ records }) => records.map(({ offset }) => offset))).toEqual(offsets);
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
        const ends = (chunks: readonly CutChunk[]): number[] => chunks.map(({ link }) => link.to);
        const plain = cutAll(offsets, 0, chunkRecords);
        const withTails = new Set(ends(cutAll(offsets, 0, chunkRecords, new Set(tails))));
        // The last chunk and those that end in a gap may be cut by a tail instead.
        for (const { link, records } of plain.slice(0, -1)) expect(link.to % chunkRecords === 0 && records.length > 0).toBe(true);
        for (const { link, records } of plain) if (records.at(-1)?.offset === link.to - 1) expect(withTails.has(link.to)).toBe(true);
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
});
