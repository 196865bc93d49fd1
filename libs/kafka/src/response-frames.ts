/** Whole responses of one connection, read straight into blocks of memory; a block is used again once everybody has let go of what lies in it. */

/** Every response begins with its size, without these bytes. */
const SIZE_BYTES = 4;
const FIRST_BLOCK_BYTES = 65_536;
/** Above kafkajs's own bound of a fetch, 10 MiB, by what one larger record may need. */
const LIMIT_BYTES = 256 * 2 ** 20;
/** Larger blocks are not kept for the next response. */
const KEPT_BLOCK_BYTES = 32 * 2 ** 20;

/** By the memory of a response: the block that it lies in, for as long as nobody took it over. */
const blocks = new WeakMap<ArrayBufferLike, Block>();

interface Block {
  readonly bytes: Buffer<ArrayBuffer>;
  readonly frames: ResponseFrames;
}

/**
 * The block of a response is its reader's from now on, who asks before anything else happens: it is overwritten by later responses after the
 * answered function was called, or never when it is not. null for bytes that lie in no block, or share one.
 */
export function takeOver(response: Buffer): (() => void) | null {
  const block = blocks.get(response.buffer);
  if (block === undefined) return null;
  blocks.delete(response.buffer);
  return () => block.frames.giveBack(block.bytes);
}

export class ResponseFrames {
  readonly #emit: (response: Buffer) => void;
  /** At most one: a second response comes after the first was read. */
  #spare: Buffer<ArrayBuffer> | null = null;
  #block = Buffer.allocUnsafeSlow(FIRST_BLOCK_BYTES);
  /** Where the response at hand begins, its size included, and how far its bytes came. */
  #start = 0;
  #end = 0;

  /** `emit` gets each response as a whole, its size included, in bytes that stay as they are until somebody has taken them over and let go. */
  constructor(emit: (response: Buffer) => void) {
    this.#emit = emit;
  }

  /** Where the next bytes belong; never empty. */
  space(): Buffer {
    return this.#block.subarray(this.#end);
  }

  /** So many bytes came into `space`. Throws a RangeError for a response that cannot be one. */
  filled(count: number): void {
    this.#end += count;
    const block = this.#block;
    let emitted = 0;
    let wanted = SIZE_BYTES;
    while (this.#end - this.#start >= SIZE_BYTES) {
      wanted = SIZE_BYTES + block.readInt32BE(this.#start);
      if (wanted < SIZE_BYTES || wanted > LIMIT_BYTES) throw new RangeError(`a response of ${wanted - SIZE_BYTES} bytes`);
      if (this.#end - this.#start < wanted) break;
      emitted++;
      const response = block.subarray(this.#start, this.#start + wanted);
      this.#start += wanted;
      wanted = SIZE_BYTES;
      this.#emit(response);
    }
    // Of two responses in one block each would give it back while the other is read.
    if (emitted === 1) blocks.set(block.buffer, { bytes: block, frames: this });
    if (emitted > 0 || this.#start + wanted > block.length) this.#moveOn(wanted);
  }

  giveBack(block: Buffer<ArrayBuffer>): void {
    // Of two the larger is worth keeping.
    if (block.length <= KEPT_BLOCK_BYTES && (this.#spare === null || this.#spare.length < block.length)) this.#spare = block;
  }

  /** What came of the next response goes to a block that has room for it and that nobody reads. */
  #moveOn(wanted: number): void {
    const old = this.#block;
    let next = this.#spare;
    this.#spare = null;
    if (next === null || next.length < wanted) next = Buffer.allocUnsafeSlow(Math.max(old.length, 2 ** Math.ceil(Math.log2(wanted))));
    old.copy(next, 0, this.#start, this.#end);
    this.#end -= this.#start;
    this.#start = 0;
    this.#block = next;
  }
}
