/** Buffers that are used again and again: memory outside of the heap, allocated at the pace of a log, makes the collector walk the whole heap for nothing. */

export const BLOCK_BYTES = 128 * 1024;
/** Kept for use again: about what one insert carries, twice. */
const FREE_LIMIT = 128;

/** Owns the buffers that nobody uses. */
export class BlockPool {
  readonly #free: Buffer[] = [];

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(BLOCK_BYTES);
  }

  /** A buffer that `take` gave, or a beginning of it; of any other nothing is kept. Nobody may read it any more. */
  giveBack({ buffer, byteOffset }: Buffer): void {
    const isOurs = byteOffset === 0 && buffer.byteLength === BLOCK_BYTES;
    if (isOurs && this.#free.length < FREE_LIMIT) this.#free.push(Buffer.from(buffer));
  }
}
