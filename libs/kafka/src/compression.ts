/** The compression codecs of the log beside kafkajs's own gzip: zstd through node:zlib; the others fail with a sentence that says so. */
import { constants, zstdCompress, zstdDecompress } from 'node:zlib';
import kafkajs from 'kafkajs';

// kafkajs is CommonJS and Node finds only some of its names.
const { CompressionCodecs, CompressionTypes } = kafkajs;

/** Largest decompressed record batch: what a producer can make us allocate with one compressed batch. */
const MAX_BATCH_BYTES = 256 * 1024 * 1024;

/** A record batch that nobody can read by trying again. kafkajs gives up at once on an error that is not retriable. */
class UnreadableBatch extends Error {
  readonly retriable = false;
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'UnreadableBatch';
  }
}

/** kafkajs keeps one table per process; registering twice is harmless. */
export function registerCodecs(): void {
  CompressionCodecs[CompressionTypes.ZSTD] = () => ({ compress: compressZstd, decompress: decompressZstd });
  CompressionCodecs[CompressionTypes.LZ4] = () => unsupportedCodec('lz4');
  CompressionCodecs[CompressionTypes.Snappy] = () => unsupportedCodec('snappy');
}

function compressZstd(encoder: { readonly buffer: Buffer }): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    zstdCompress(encoder.buffer, { params: { [constants.ZSTD_c_compressionLevel]: 3 } }, (error, bytes) => (error ? reject(error) : resolve(bytes)));
  });
}

function decompressZstd(bytes: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    zstdDecompress(bytes, { maxOutputLength: MAX_BATCH_BYTES }, (error, plain) => {
      if (error) reject(new UnreadableBatch(`a zstd record batch cannot be decompressed: ${error.message}`, { cause: error }));
      else resolve(plain);
    });
  });
}

function unsupportedCodec(codec: string): { compress(): never; decompress(): never } {
  const refuse = (): never => {
    throw new UnreadableBatch(
      `compression codec ${codec} is not supported: set the producers' compression.type to zstd, gzip or none, or the topic's compression.type to zstd`,
    );
  };
  return { compress: refuse, decompress: refuse };
}
