/** The compression codec that producers of ours may use beside kafkajs's own gzip: zstd through node:zlib. */
import { constants, zstdCompress, zstdDecompress } from 'node:zlib';
import kafkajs from 'kafkajs';
import { MAX_BATCH_BYTES } from './decompressed.ts';

// kafkajs is CommonJS and Node finds only some of its names.
const { CompressionCodecs, CompressionTypes } = kafkajs;

/** kafkajs keeps one table per process; registering twice is harmless. Its consumers could read by it too, but ours read for themselves. */
export function registerCodecs(): void {
  CompressionCodecs[CompressionTypes.ZSTD] = () => ({ compress: compressZstd, decompress: decompressZstd });
}

function compressZstd(encoder: { readonly buffer: Buffer }): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    zstdCompress(encoder.buffer, { params: { [constants.ZSTD_c_compressionLevel]: 3 } }, (error, bytes) => (error ? reject(error) : resolve(bytes)));
  });
}

function decompressZstd(bytes: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    zstdDecompress(bytes, { maxOutputLength: MAX_BATCH_BYTES }, (error, plain) => (error ? reject(error) : resolve(plain)));
  });
}
