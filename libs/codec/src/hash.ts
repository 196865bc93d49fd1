/** The hashes by which actors and messages are known: MurmurHash3 x86 128, seed 0. */
import type { ActorKind } from './accept.ts';

/** Before the id, so that a user and an anonymous visitor of one id are two actors: `u` and `a`. */
export const USER_TAG = 0x75;
export const ANONYMOUS_TAG = 0x61;

/** Four unsigned 32-bit words: the same as `actor0` to `actor3` of the decoded event. */
export function actorHash(kind: ActorKind, id: string): readonly [number, number, number, number] {
  return hashOf(Buffer.concat([Buffer.of(kind === 'user' ? USER_TAG : ANONYMOUS_TAG), Buffer.from(id, 'utf8')]));
}

/** The high and the low word, unsigned: the same as `messageHigh` and `messageLow` of the decoded event. */
export function messageHash(messageId: string): readonly [number, number] {
  const [high, low] = hashOf(Buffer.from(messageId, 'utf8'));
  return [high, low];
}

function hashOf(bytes: Uint8Array): readonly [number, number, number, number] {
  const view = new DataView(new ArrayBuffer(bytes.length + 3));
  for (const [index, byte] of bytes.entries()) view.setUint8(index, byte);
  const words = new Uint32Array(4);
  murmur3(view, { start: 0, length: bytes.length, seed: 0 }, words);
  const [word0 = 0, word1 = 0, word2 = 0, word3 = 0] = words;
  return [word0, word1, word2, word3];
}

const C1 = 0x239b961b;
const C2 = 0xab0e9789 | 0;
const C3 = 0x38b34ae5;
const C4 = 0xa1e38b93 | 0;

/** What to hash. */
interface HashSpan {
  start: number;
  length: number;
  seed: number;
}

/**
 * Hashes bytes of a view, which must be readable for three more, into four words. A tail that is filled up with zeros mixes in nothing
 * more than the tail itself, so no switch over its length is needed. Returns all words hashed, or-ed: it shows whether the bytes are ASCII.
 */
export function murmur3(view: DataView, { start, length, seed }: HashSpan, words: Uint32Array): number {
  let h1 = seed;
  let h2 = seed;
  let h3 = seed;
  let h4 = seed;
  let seen = 0;
  let at = start;
  let left = length;
  for (; left >= 16; left -= 16, at += 16) {
    const k1 = view.getInt32(at, true);
    const k2 = view.getInt32(at + 4, true);
    const k3 = view.getInt32(at + 8, true);
    const k4 = view.getInt32(at + 12, true);
    seen |= k1 | k2 | k3 | k4;
    h1 = (Math.imul(rotate(h1 ^ mix(k1, C1, 15, C2), 19) + h2, 5) + 0x561ccd1b) | 0;
    h2 = (Math.imul(rotate(h2 ^ mix(k2, C2, 16, C3), 17) + h3, 5) + 0x0bcaa747) | 0;
    h3 = (Math.imul(rotate(h3 ^ mix(k3, C3, 17, C4), 15) + h4, 5) + 0x96cd1c35) | 0;
    h4 = (Math.imul(rotate(h4 ^ mix(k4, C4, 18, C1), 13) + h1, 5) + 0x32ac3b17) | 0;
  }
  if (left > 0) {
    const k1 = wordAt(view, at, left);
    const k2 = left > 4 ? wordAt(view, at + 4, left - 4) : 0;
    const k3 = left > 8 ? wordAt(view, at + 8, left - 8) : 0;
    const k4 = left > 12 ? wordAt(view, at + 12, left - 12) : 0;
    seen |= k1 | k2 | k3 | k4;
    h1 ^= mix(k1, C1, 15, C2);
    h2 ^= mix(k2, C2, 16, C3);
    h3 ^= mix(k3, C3, 17, C4);
    h4 ^= mix(k4, C4, 18, C1);
  }
  finish(h1 ^ length, h2 ^ length, h3 ^ length, h4 ^ length, words);
  return seen;
}

/** Up to four bytes as a word, the first the lowest; of the last word of a span, zeros for what is not in it. */
export function wordAt(view: DataView, at: number, leftBytes: number): number {
  const word = view.getInt32(at, true);
  return leftBytes >= 4 ? word : word & ~(-1 << (leftBytes << 3));
}

function finish(h1: number, h2: number, h3: number, h4: number, words: Uint32Array): void {
  const first = (h1 + h2 + h3 + h4) | 0;
  const mixed1 = avalanche(first);
  const mixed2 = avalanche((h2 + first) | 0);
  const mixed3 = avalanche((h3 + first) | 0);
  const mixed4 = avalanche((h4 + first) | 0);
  const sum = (mixed1 + mixed2 + mixed3 + mixed4) | 0;
  words[0] = sum;
  words[1] = mixed2 + sum;
  words[2] = mixed3 + sum;
  words[3] = mixed4 + sum;
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
