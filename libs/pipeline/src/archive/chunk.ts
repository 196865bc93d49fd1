/** Cuts one partition's records into chunks: at fixed offsets, so that every archiver cuts alike, and earlier where the log ends. */
import { createHash } from 'node:crypto';
import type { ArchiveChunk, ArchivedRecord } from '../ports/archive.ts';

/** A chunk's records, and the link of the chain that follows them. */
export interface CutChunk {
  readonly link: ArchiveChunk;
  readonly records: readonly ArchivedRecord[];
  /** Of keys and values. */
  readonly bytes: number;
}

export interface ChunkCutter {
  /** Everything below was taken. */
  readonly next: number;
  /** Records taken and not yet cut. */
  readonly openRecords: number;
  readonly openBytes: number;
  /** Takes the next record; answers the chunk that it completes. Of a record below `next` nothing is taken. */
  take(record: ArchivedRecord): CutChunk | null;
  /** Cuts what is open, or answers null when nothing is. */
  cutTail(): CutChunk | null;
}

/** `from`: where the chain ends. A chunk ends at the next multiple of `chunkRecords`, which counts offsets: they are sparse. */
export function createChunkCutter(options: {
  readonly epoch: number;
  readonly partition: number;
  readonly from: number;
  readonly chunkRecords: number;
}): ChunkCutter {
  const { epoch, partition, chunkRecords } = options;
  const floorOf = (offset: number): number => offset - (offset % chunkRecords);
  let from = options.from;
  let next = from;
  let records: ArchivedRecord[] = [];
  let bytes = 0;

  const cut = (to: number): CutChunk => {
    const chunk = { link: { epoch, partition, from, to, count: records.length, hash: chunkHash(records) }, records, bytes };
    from = to;
    records = [];
    bytes = 0;
    return chunk;
  };

  return {
    get next() {
      return next;
    },
    get openRecords() {
      return records.length;
    },
    get openBytes() {
      return bytes;
    },
    take(record) {
      if (record.offset < next) return null;
      const last = records.at(-1);
      // A gap in the offsets leads over the boundary: the chunk ends at the last boundary before this record.
      const before = last !== undefined && floorOf(record.offset) > last.offset ? cut(floorOf(record.offset)) : null;
      records.push(record);
      bytes += (record.key?.length ?? 0) + (record.value?.length ?? 0);
      next = record.offset + 1;
      // Where both hold, the second chunk is cut by the record after this one.
      if (before !== null) return before;
      return next % chunkRecords === 0 ? cut(next) : null;
    },
    cutTail: () => (records.length === 0 ? null : cut(next)),
  };
}

/** SHA-256 over each record's offset, key and value, each with its length (−1 = null), in offset order; hex. */
export function chunkHash(records: readonly ArchivedRecord[]): string {
  const hash = createChunkHash();
  for (const record of records) hash.add(record);
  return hash.digest();
}

/** The same, record by record. */
export function createChunkHash(): { add(record: ArchivedRecord): void; digest(): string } {
  const hash = createHash('sha256');
  const head = Buffer.allocUnsafe(16);
  return {
    add: ({ offset, key, value }) => {
      head.writeBigUInt64BE(BigInt(offset), 0);
      head.writeInt32BE(key?.length ?? -1, 8);
      head.writeInt32BE(value?.length ?? -1, 12);
      hash.update(head);
      if (key !== null) hash.update(key);
      if (value !== null) hash.update(value);
    },
    digest: () => hash.digest('hex'),
  };
}
