/** A growing byte buffer and its reader: variable-length integers, in which small ones take one byte. */
import { BrokenSegment } from './segment-error.ts';

/** The longest single value. */
const ROOM_BYTES = 16;

/** Writes at `at`; `bytes` is replaced when it grows. */
export class ByteWriter {
  bytes: Uint8Array<ArrayBuffer>;
  at = 0;

  constructor(capacityBytes = 1 << 16) {
    this.bytes = new Uint8Array(capacityBytes);
  }

  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.at++] = value;
  }

  /** Four bytes, little end first. */
  word(value: number): void {
    this.reserve(4);
    const { bytes, at } = this;
    bytes[at] = value;
    bytes[at + 1] = value >>> 8;
    bytes[at + 2] = value >>> 16;
    bytes[at + 3] = value >>> 24;
    this.at = at + 4;
  }

  /** An integer from 0 to 2^53 - 1, seven bits a byte, the lowest first. */
  varint(value: number): void {
    this.reserve(ROOM_BYTES);
    const { bytes } = this;
    let { at } = this;
    let rest = value;
    while (rest > 0x7fffffff) {
      bytes[at++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    while (rest > 0x7f) {
      bytes[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[at++] = rest;
    this.at = at;
  }

  /** A safe integer of either sign: the first byte holds the sign and six bits. A zero byte is 0 and nothing else. */
  signed(value: number): void {
    const size = Math.abs(value);
    const first = (value < 0 ? 0x40 : 0) | (size % 0x40);
    if (size < 0x40) {
      this.byte(first);
      return;
    }
    this.byte(first | 0x80);
    this.varint(Math.floor(size / 0x40));
  }

  append(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.at);
    this.at += bytes.length;
  }

  reserve(count: number): void {
    if (this.at + count <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(this.at + count, this.bytes.length * 2));
    grown.set(this.bytes);
    this.bytes = grown;
  }
}

/** Reads what `ByteWriter` wrote; whatever does not fit into the bytes is a BrokenSegment. */
export class ByteReader {
  readonly bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  byte(): number {
    const value = this.bytes[this.at++];
    if (value === undefined) throw new BrokenSegment('the segment ends in the middle of a value');
    return value;
  }

  /** Unsigned. */
  word(): number {
    const { bytes, at } = this;
    if (at + 4 > bytes.length) throw new BrokenSegment('the segment ends in the middle of a word');
    this.at = at + 4;
    return ((bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24)) >>> 0;
  }

  varint(): number {
    const first = this.byte();
    if (first < 0x80) return first;
    let value = first & 0x7f;
    for (let scale = 0x80; ; scale *= 0x80) {
      const next = this.byte();
      value += (next & 0x7f) * scale;
      if (value > Number.MAX_SAFE_INTEGER) throw new BrokenSegment('a number is too large');
      if (next < 0x80) return value;
    }
  }

  /** A varint of at most `limit`. */
  varintUpTo(limit: number, what: string): number {
    const value = this.varint();
    if (value > limit) throw new BrokenSegment(`${what} is ${value}, at most ${limit} was expected`);
    return value;
  }

  signed(): number {
    const first = this.byte();
    const low = first & 0x3f;
    const size = first < 0x80 ? low : low + this.varintUpTo(2 ** 47 - 1, 'a signed number') * 0x40;
    return (first & 0x40) === 0 ? size : -size;
  }
}
