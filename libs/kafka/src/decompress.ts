/** The compression codecs of the log, by their number in a record batch: gzip and zstd through node:zlib, snappy and lz4 by hand. */
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { MAX_BATCH_BYTES } from './decompressed.ts';
import { decompressLz4 } from './lz4.ts';
import { decompressSnappy } from './snappy.ts';
import { UnreadableBatch } from './unreadable-batch.ts';

interface Codec {
  readonly name: string;
  decompress(bytes: Buffer): Buffer;
}

const LIMITS = { maxOutputLength: MAX_BATCH_BYTES };

const CODECS: ReadonlyMap<number, Codec> = new Map([
  [1, { name: 'gzip', decompress: (bytes) => gunzipSync(bytes, LIMITS) }],
  [2, { name: 'snappy', decompress: decompressSnappy }],
  [3, { name: 'lz4', decompress: decompressLz4 }],
  [4, { name: 'zstd', decompress: (bytes) => zstdDecompressSync(bytes, LIMITS) }],
]);

/** The records of a batch. `offset`: of its first record, for the error. Throws UnreadableBatch. */
export function decompress(codec: number, bytes: Buffer, offset: number): Buffer {
  const known = CODECS.get(codec);
  if (known === undefined) throw new UnreadableBatch(`the record batch at offset ${offset} is compressed by codec ${codec}, which is not known here`);
  try {
    return known.decompress(bytes);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UnreadableBatch(`the ${known.name} record batch at offset ${offset} cannot be decompressed: ${why}`, { cause: error });
  }
}
