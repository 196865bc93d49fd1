/** The hash of a chunk, by which its link names the records: SHA-256 over each record's offset, key and value, each with its length (−1 = null), in offset order. */
import { createHash } from 'node:crypto';
import type { ArchivedRecord } from '../ports/archive.ts';
import type { LogBatch } from '../ports/log.ts';

/** Offset, length of the key, length of the value. */
const HEAD_BYTES = 16;
/** Short pieces are hashed together: a call for each costs more than the hash. */
const TOGETHER_BYTES = 16 * 1024;

/** Hex. */
export function chunkHash(records: readonly ArchivedRecord[]): string {
  const hash = createChunkHash();
  for (const record of records) hash.add(record);
  return hash.digest();
}

/** The same, record by record; used up by `digest`. */
export function createChunkHash(): ChunkHash {
  return new ChunkHash();
}

/** Owns a hash and the bytes that wait for it. */
class ChunkHash {
  readonly #hash = createHash('sha256');
  readonly #waiting = new Uint8Array(TOGETHER_BYTES);
  readonly #view = new DataView(this.#waiting.buffer);
  #length = 0;

  add({ offset, key, value }: ArchivedRecord): void {
    this.#head(offset, key?.length ?? -1, value?.length ?? -1);
    if (key !== null) this.#bytes(key, 0, key.length);
    if (value !== null) this.#bytes(value, 0, value.length);
  }

  /** The same for a record where it lies; answers the bytes of its key and value. */
  addAt(batch: LogBatch, index: number): number {
    const bytes = batch.bytes(index);
    const keyStart = batch.keyStart(index);
    const keyEnd = batch.keyEnd(index);
    const valueStart = batch.valueStart(index);
    const valueEnd = batch.valueEnd(index);
    this.#head(batch.offset(index), keyStart < 0 ? -1 : keyEnd - keyStart, valueStart < 0 ? -1 : valueEnd - valueStart);
    if (keyStart >= 0) this.#bytes(bytes, keyStart, keyEnd);
    if (valueStart >= 0) this.#bytes(bytes, valueStart, valueEnd);
    return keyEnd - keyStart + valueEnd - valueStart;
  }

  digest(): string {
    this.#flush();
    return this.#hash.digest('hex');
  }

  #head(offset: number, keyBytes: number, valueBytes: number): void {
    if (this.#length + HEAD_BYTES > TOGETHER_BYTES) this.#flush();
    const view = this.#view;
    const at = this.#length;
    view.setUint32(at, Math.floor(offset / 2 ** 32));
    view.setUint32(at + 4, offset % 2 ** 32);
    view.setInt32(at + 8, keyBytes);
    view.setInt32(at + 12, valueBytes);
    this.#length = at + HEAD_BYTES;
  }

  #bytes(bytes: Uint8Array, start: number, end: number): void {
    if (this.#length + end - start > TOGETHER_BYTES) this.#flush();
    // A plain view is made faster than a Buffer.
    const piece = new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start);
    if (end - start > TOGETHER_BYTES) {
      this.#hash.update(piece);
      return;
    }
    this.#waiting.set(piece, this.#length);
    this.#length += end - start;
  }

  #flush(): void {
    if (this.#length > 0) this.#hash.update(this.#waiting.subarray(0, this.#length));
    this.#length = 0;
  }
}
