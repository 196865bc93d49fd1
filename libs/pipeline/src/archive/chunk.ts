/** Cuts one partition's records into chunks: at fixed offsets, so that every archiver cuts alike, and earlier where the log ends. */
import type { ArchiveChunk, RecordCollector } from '../ports/archive.ts';
import type { LogBatch } from '../ports/log.ts';
import { createChunkHash } from './chunk-hash.ts';

/** A chunk's records, and the link of the chain that follows them. */
export interface CutChunk<Rows> {
  readonly link: ArchiveChunk;
  readonly rows: Rows;
  /** Of keys and values. */
  readonly bytes: number;
}

export interface ChunkCutter<Rows> {
  /** Everything below was taken. */
  readonly next: number;
  /** Records taken and not yet cut. */
  readonly openRecords: number;
  readonly openBytes: number;
  /** Takes the next record; answers the chunk that it completes. Of a record below `next` nothing is taken. */
  take(batch: LogBatch, index: number): CutChunk<Rows> | null;
  /** Cuts what is open, or answers null when nothing is. */
  cutTail(): CutChunk<Rows> | null;
}

/** `from`: where the chain ends. A chunk ends at the next multiple of `chunkRecords`, which counts offsets: they are sparse. */
export function createChunkCutter<Rows>(options: {
  readonly epoch: number;
  readonly partition: number;
  readonly from: number;
  readonly chunkRecords: number;
  readonly collector: RecordCollector<Rows>;
}): ChunkCutter<Rows> {
  const { epoch, partition, chunkRecords, collector } = options;
  const floorOf = (offset: number): number => offset - (offset % chunkRecords);
  let from = options.from;
  let next = from;
  let hash = createChunkHash();
  let count = 0;
  let bytes = 0;

  const cut = (to: number): CutChunk<Rows> => {
    const chunk = { link: { epoch, partition, from, to, count, hash: hash.digest() }, rows: collector.take(), bytes };
    from = to;
    hash = createChunkHash();
    count = 0;
    bytes = 0;
    return chunk;
  };

  return {
    get next() {
      return next;
    },
    get openRecords() {
      return count;
    },
    get openBytes() {
      return bytes;
    },
    take(batch, index) {
      const offset = batch.offset(index);
      if (offset < next) return null;
      // A gap in the offsets leads over the boundary: the chunk ends at the last boundary before this record.
      const before = count > 0 && floorOf(offset) >= next ? cut(floorOf(offset)) : null;
      collector.add(batch, index);
      bytes += hash.addAt(batch, index);
      count += 1;
      next = offset + 1;
      // Where both hold, the second chunk is cut by the record after this one.
      if (before !== null) return before;
      return next % chunkRecords === 0 ? cut(next) : null;
    },
    cutTail: () => (count === 0 ? null : cut(next)),
  };
}
