// Responses come whole, however the network cut them, and no block is overwritten while somebody reads it.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ResponseFrames, takeOver } from '../src/response-frames.ts';

function framed(text: string): Buffer {
  const body = Buffer.from(text);
  const size = Buffer.alloc(4);
  size.writeInt32BE(body.length);
  return Buffer.concat([size, body]);
}

/** As a socket does: into what `space` offers, at most `atMost` bytes at a time. */
function receive(frames: ResponseFrames, bytes: Buffer, atMost = bytes.length): void {
  for (let at = 0; at < bytes.length; ) {
    const space = frames.space();
    const count = bytes.copy(space, 0, at, Math.min(bytes.length, at + atMost));
    frames.filled(count);
    at += count;
  }
}

const textOf = (response: Buffer): string => response.toString('utf8', 4);

describe('responses of a connection', () => {
  it('come whole and in order, however they are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 200_000 }), { maxLength: 5 }), fc.integer({ min: 5_000, max: 70_000 }), (lengths, atMost) => {
        const texts = lengths.map((length, index) => String(index).repeat(length));
        const got: string[] = [];
        const frames = new ResponseFrames((response) => got.push(textOf(response)));
        receive(frames, Buffer.concat(texts.map(framed)), atMost);
        receive(frames, Buffer.concat(['', 'a', 'bc'].map(framed)), 1);
        expect(got.length).toBe(texts.length + 3);
        expect([...texts, '', 'a', 'bc'].every((text, index) => text === got[index])).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  it('lie in the same memory again once they were let go', () => {
    const got: Buffer[] = [];
    const frames = new ResponseFrames((response) => got.push(response));
    for (const text of ['one', 'two', 'three', 'four']) {
      receive(frames, framed(text));
      const letGo = takeOver(got.at(-1) ?? Buffer.alloc(0));
      expect(textOf(got.at(-1) ?? Buffer.alloc(0))).toBe(text);
      letGo?.();
    }
    expect(new Set(got.map(({ buffer }) => buffer)).size).toBe(2);
  });

  it('stay as they are while nobody has taken them over, or let go', () => {
    const got: Buffer[] = [];
    const frames = new ResponseFrames((response) => got.push(response));
    const texts = ['one', 'two', 'three', 'four'];
    for (const [index, text] of texts.entries()) {
      receive(frames, framed(text));
      if (index % 2 === 0) takeOver(got[index] ?? Buffer.alloc(0));
    }
    expect(got.map(textOf)).toEqual(texts);
  });

  it('are never let go one by one when two share a block', () => {
    const got: Buffer[] = [];
    const frames = new ResponseFrames((response) => got.push(response));
    receive(frames, Buffer.concat([framed('one'), framed('two')]));
    expect(got.map(takeOver)).toEqual([null, null]);
  });

  it('are refused when their size is none', () => {
    const frames = new ResponseFrames(() => {});
    expect(() => receive(frames, Buffer.from([0xff, 0xff, 0xff, 0xff, 1]))).toThrow('a response of -1 bytes');
  });
});
