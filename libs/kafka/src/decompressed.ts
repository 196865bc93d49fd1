/** The growing output of a decompressor: bounded in size, able to repeat what it already holds. */

/** Largest decompressed record batch: what a producer can make us allocate with one compressed batch. */
export const MAX_BATCH_BYTES = 256 * 1024 * 1024;

/** Bytes appended one piece after the other. Methods throw a RangeError for what no valid input asks for. */
export class Decompressed {
  #bytes: Buffer;
  #length = 0;

  /** `expectedBytes` is trusted up to a mebibyte only. */
  constructor(expectedBytes: number) {
    this.#bytes = Buffer.allocUnsafe(Math.min(1024 * 1024, Math.max(1024, expectedBytes)));
  }

  get length(): number {
    return this.#length;
  }

  /** What was appended so far. */
  take(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  appendFrom(source: Uint8Array, start: number, length: number): void {
    if (start < 0 || length < 0 || start + length > source.length) throw new RangeError('it ends within a literal');
    this.#reserve(length);
    this.#bytes.set(source.subarray(start, start + length), this.#length);
    this.#length += length;
  }

  /** Appends what stands `distance` before the end; a repetition longer than its distance repeats itself. Nothing before `floor` may be meant. */
  repeat(distance: number, length: number, floor: number): void {
    const from = this.#length - distance;
    if (distance < 1 || from < floor || length < 0) throw new RangeError('it repeats bytes that were never there');
    this.#reserve(length);
    const bytes = this.#bytes;
    const at = this.#length;
    if (distance >= length && length > 32) bytes.copyWithin(at, from, from + length);
    else for (let index = 0; index < length; index += 1) bytes[at + index] = bytes[from + index] ?? 0;
    this.#length = at + length;
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    if (needed > MAX_BATCH_BYTES) throw new RangeError(`it is larger than ${MAX_BATCH_BYTES} bytes`);
    const larger = Buffer.allocUnsafe(Math.min(MAX_BATCH_BYTES, Math.max(needed, this.#bytes.length * 2)));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}
