// Packing is exact for every safe integer and keeps the number of cells; broken bytes are refused.
import { packCells, unpackCells } from '@tidemark/redis';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const cell = fc.oneof(
  { weight: 4, arbitrary: fc.constant(0) },
  { weight: 2, arbitrary: fc.integer({ min: -200, max: 200 }) },
  { weight: 1, arbitrary: fc.maxSafeInteger() },
  { weight: 1, arbitrary: fc.constantFrom(Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 63, 64, -64, 2 ** 31, 2 ** 32, -(2 ** 48), 2 ** 53 - 1) },
);

describe('packed cells', () => {
  test('unpack(pack(cells)) is cells, trailing zeros included', () => {
    fc.assert(
      fc.property(fc.array(cell, { maxLength: 300 }), (cells) => {
        expect(unpackCells(packCells(cells))).toEqual(cells);
      }),
    );
  });

  test('any integer array type may be packed, and a packed row may stand behind other bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { maxLength: 50 }), fc.uint8Array({ maxLength: 20 }), (cells, before) => {
        const bytes = Buffer.concat([before, packCells(Int32Array.from(cells))]);
        expect(unpackCells(bytes, before.length)).toEqual(cells);
      }),
    );
  });

  test('zeros cost next to nothing, small numbers one byte', () => {
    expect(packCells(Array(10_000).fill(0)).length).toBeLessThanOrEqual(3);
    expect(packCells([1, -63, 63, 0]).length).toBe(4);
  });

  test('negative zero is zero', () => {
    expect(unpackCells(packCells([-0, 1]))).toEqual([0, 1]);
  });

  test('what is no safe integer is refused, never rounded', () => {
    for (const bad of [0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, -(2 ** 53)]) expect(() => packCells([1, bad])).toThrow(RangeError);
  });

  test('bytes that end inside a number are refused', () => {
    expect(() => unpackCells(Uint8Array.of(0x80))).toThrow(RangeError);
    expect(() => unpackCells(Uint8Array.of(0x01))).toThrow(RangeError);
    expect(() => unpackCells(Uint8Array.from(Array(12).fill(0xff)))).toThrow(RangeError);
  });
});
