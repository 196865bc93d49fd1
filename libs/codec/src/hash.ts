/** The hashes by which actors and messages are known: MurmurHash3 x86 128, seed 0, on bytes laid out in a scratch buffer. */
import { type ActorKind, ID_LIMIT_BYTES } from './accept.ts';

/** Before the id, so that a user and an anonymous visitor of one id are two actors. */
const NAMESPACE_TAG: Readonly<Record<ActorKind, number>> = { user: 0x75, anonymous: 0x61 };

/** The first byte of what is hashed for an actor: `u` or `a`. */
export function namespaceTagOf(kind: ActorKind): number {
  return NAMESPACE_TAG[kind];
}

/** Four unsigned 32-bit words: the same as `actor0` to `actor3` of the decoded event. */
export function actorHash(kind: ActorKind, id: string): readonly [number, number, number, number] {
  const bytes = Buffer.from(id, 'utf8');
  const scratch = new HashScratch(bytes.length + 1);
  scratch.bytes[0] = namespaceTagOf(kind);
  scratch.bytes.set(bytes, 1);
  scratch.hash(bytes.length + 1, 0);
  const [word0 = 0, word1 = 0, word2 = 0, word3 = 0] = scratch.words;
  return [word0, word1, word2, word3];
}

/** The high and the low word, unsigned: the same as `messageHigh` and `messageLow` of the decoded event. */
export function messageHash(messageId: string): readonly [number, number] {
  const bytes = Buffer.from(messageId, 'utf8');
  const scratch = new HashScratch(bytes.length);
  scratch.bytes.set(bytes);
  scratch.hash(bytes.length, 0);
  const [high = 0, low = 0] = scratch.words;
  return [high, low];
}

const C1 = 0x239b961b;
const C2 = 0xab0e9789 | 0;
const C3 = 0x38b34ae5;
const C4 = 0xa1e38b93 | 0;

/** Bytes to hash, written in place, and the four words of the last hash. Holds its buffers so that hashing allocates nothing. */
export class HashScratch {
  readonly bytes: Uint8Array;
  readonly words = new Uint32Array(4);
  readonly #view: DataView;

  constructor(capacityBytes: number = ID_LIMIT_BYTES + 1) {
    // Sixteen more, so that the zeros after the last byte fill its block.
    this.bytes = new Uint8Array(capacityBytes + 16);
    this.#view = new DataView(this.bytes.buffer);
  }

  /**
   * Hashes the first `length` bytes into `words`. Zeros are written after them: a tail that is padded with zeros mixes in nothing
   * more than the tail itself, so no switch over its length is needed.
   */
  hash(length: number, seed: number): void {
    const { bytes } = this;
    const view = this.#view;
    for (let at = length; (at & 15) !== 0; at += 1) bytes[at] = 0;
    let h1 = seed;
    let h2 = seed;
    let h3 = seed;
    let h4 = seed;
    const whole = length & ~15;
    let at = 0;
    for (; at < whole; at += 16) {
      h1 = (Math.imul(rotate(h1 ^ mix(view.getInt32(at, true), C1, 15, C2), 19) + h2, 5) + 0x561ccd1b) | 0;
      h2 = (Math.imul(rotate(h2 ^ mix(view.getInt32(at + 4, true), C2, 16, C3), 17) + h3, 5) + 0x0bcaa747) | 0;
      h3 = (Math.imul(rotate(h3 ^ mix(view.getInt32(at + 8, true), C3, 17, C4), 15) + h4, 5) + 0x96cd1c35) | 0;
      h4 = (Math.imul(rotate(h4 ^ mix(view.getInt32(at + 12, true), C4, 18, C1), 13) + h1, 5) + 0x32ac3b17) | 0;
    }
    if (at < length) {
      h1 ^= mix(view.getInt32(at, true), C1, 15, C2);
      h2 ^= mix(view.getInt32(at + 4, true), C2, 16, C3);
      h3 ^= mix(view.getInt32(at + 8, true), C3, 17, C4);
      h4 ^= mix(view.getInt32(at + 12, true), C4, 18, C1);
    }
    this.#finish(h1 ^ length, h2 ^ length, h3 ^ length, h4 ^ length);
  }

  #finish(h1: number, h2: number, h3: number, h4: number): void {
    const first = (h1 + h2 + h3 + h4) | 0;
    const mixed1 = avalanche(first);
    const mixed2 = avalanche((h2 + first) | 0);
    const mixed3 = avalanche((h3 + first) | 0);
    const mixed4 = avalanche((h4 + first) | 0);
    const sum = (mixed1 + mixed2 + mixed3 + mixed4) | 0;
    this.words[0] = sum;
    this.words[1] = mixed2 + sum;
    this.words[2] = mixed3 + sum;
    this.words[3] = mixed4 + sum;
  }
}

function rotate(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}

function mix(word: number, first: number, by: number, second: number): number {
  return Math.imul(rotate(Math.imul(word, first), by), second);
}

function avalanche(word: number): number {
  const once = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  const twice = Math.imul(once ^ (once >>> 13), 0xc2b2ae35);
  return twice ^ (twice >>> 16);
}
