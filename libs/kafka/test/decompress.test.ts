// What others compressed, by the reference libraries of lz4 and snappy (`compressed/`), and what is damaged.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decompress } from '../src/decompress.ts';

const SNAPPY = 2;
const LZ4 = 3;

const fileBytes = (name: string): Buffer => readFileSync(join(import.meta.dirname, 'compressed', name));

/** What was compressed: larger than two blocks, most of it repeating. */
const text = Buffer.from(
  Array.from({ length: 8_000 }, (_, index) =>
    index % 16 === 0 ? `${((index * 2_654_435_761) % 2 ** 32).toString(16).padStart(8, '0')}\n` : `${index % 7} the quick brown fox\n`,
  ).join(''),
);
/** What nobody can make smaller. */
const noise = noiseOf(700);

function noiseOf(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = 1;
  for (let index = 0; index < length; index += 1) {
    state = (state * 48_271) % 2_147_483_647;
    bytes[index] = (state >>> 8) & 0xff;
  }
  return bytes;
}

describe('decompressing a record batch', () => {
  it.each([
    ['independent.lz4', LZ4, text],
    ['linked.lz4', LZ4, text],
    ['stored.lz4', LZ4, noise],
    ['two-frames.lz4', LZ4, Buffer.concat([noise, Buffer.from(noise).reverse()])],
    ['empty.lz4', LZ4, Buffer.of()],
    ['raw.snappy', SNAPPY, text],
    ['literal.snappy', SNAPPY, noise],
    ['framed.snappy', SNAPPY, text],
  ])('reads %s', (name, codec, plain) => {
    expect(decompress(codec, fileBytes(name), 0).equals(plain)).toBe(true);
  });

  it('reads gzip and zstd', () => {
    expect(decompress(1, gzipSync(text), 0).equals(text)).toBe(true);
    expect(decompress(4, zstdCompressSync(text), 0).equals(text)).toBe(true);
  });

  it('names a codec that it does not know, and the offset', () => {
    expect(() => decompress(5, text, 7)).toThrow('the record batch at offset 7 is compressed by codec 5');
  });

  it.each([
    ['gzip', 1, gzipSync(text)],
    ['zstd', 4, zstdCompressSync(text)],
    ['lz4', LZ4, fileBytes('linked.lz4')],
    ['snappy', SNAPPY, fileBytes('raw.snappy')],
    ['snappy', SNAPPY, fileBytes('framed.snappy')],
  ])('refuses %s that was cut, in a sentence', (name, codec, bytes) => {
    for (const kept of [0.1, 0.5, 0.9]) {
      const cut = bytes.subarray(0, Math.floor(bytes.length * kept));
      expect(() => decompress(codec, cut, 42)).toThrow(`the ${name} record batch at offset 42 cannot be decompressed: `);
    }
  });

  it('refuses snappy that announces more than may be allocated', () => {
    expect(() => decompress(SNAPPY, Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0x00, 0x61]), 0)).toThrow('is larger than');
  });

  it('refuses lz4 that grows beyond what may be allocated', () => {
    // One literal, then a repetition of it whose length goes on for two mebibytes of 255.
    const block = Buffer.concat([Buffer.from([0x1f, 0x61, 0x01, 0x00]), Buffer.alloc(2 * 1024 * 1024, 0xff), Buffer.of(0)]);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(block.length);
    const frame = Buffer.concat([Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x60, 0x70, 0x00]), length, block, Buffer.alloc(4)]);
    expect(() => decompress(LZ4, frame, 0)).toThrow('is larger than');
  });

  it.each([
    [LZ4, 'linked.lz4'],
    [LZ4, 'independent.lz4'],
    [SNAPPY, 'raw.snappy'],
    [SNAPPY, 'framed.snappy'],
  ])('codec %s: damage to %s is read as something else or refused, and nothing worse', (codec, name) => {
    const whole = fileBytes(name);
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 5 }), (changes) => {
        const bytes = Buffer.from(whole);
        for (const [at, byte] of changes) bytes[at] = byte;
        try {
          expect(decompress(codec, bytes, 0).length).toBeLessThanOrEqual(256 * 1024 * 1024);
        } catch (error) {
          expect(error).toMatchObject({ name: 'UnreadableBatch', cause: expect.any(RangeError) });
        }
      }),
      { numRuns: 60 },
    );
  });
});
