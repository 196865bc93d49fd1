// Keys of rows come back as they went in, and different rows never share a place.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeRow, keyOf, packRow, partitionKeys, placeOf } from '../src/layout.ts';
import { CellPacker } from '../src/packing.ts';

const keys = partitionKeys('ns', 'abc123', 7);
const metric = fc.stringMatching(/^[a-z][a-z0-9_]{0,8}$/);
const bucket = fc.integer({ min: -100_000, max: 100_000 });
const text = fc.string({ unit: 'binary', maxLength: 20 }).filter((value) => value.isWellFormed());
const key = fc.oneof(
  fc.record({ metric, table: fc.constantFrom('total', 'week', 'month'), bucket, value: fc.constant('') }),
  fc.record({ metric, table: fc.constantFrom('slice:country', 'week:country', 'slice:a:b'), bucket, value: text }),
);

describe('the place of a row in Redis', () => {
  test('leads back to the row', () => {
    fc.assert(
      fc.property(key, (row) => {
        const place = placeOf(keys, row);
        expect(place.hash.startsWith('tidemark:ns:{7}:abc123:rows:')).toBe(true);
        expect(keyOf(keys, place.hash, place.field)).toEqual(row);
      }),
    );
  });

  test('a value carries version and cells', () => {
    fc.assert(
      fc.property(key, fc.array(fc.maxSafeInteger()), (row, cells) => {
        const stored = { ...row, version: '0001ffffffffffff', cells };
        const packer = new CellPacker(1);
        packRow(packer, stored);
        expect(decodeRow(row, packer.bytes.subarray(0, packer.at))).toEqual(stored);
      }),
    );
  });

  test('names that would not come back are refused', () => {
    const row = { metric: 'm', table: 'total', bucket: 1, value: '' };
    expect(() => placeOf(keys, { ...row, metric: 'a:b' })).toThrow(RangeError);
    expect(() => placeOf(keys, { ...row, value: 'DE' })).toThrow(RangeError);
    expect(() => placeOf(keys, { ...row, table: 'slice:x', value: '\ud800' })).toThrow(RangeError);
  });
});
