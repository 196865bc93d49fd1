/** A log in memory whose records are archived as they come, so that it may lose them. */
import { describeEvent } from '@tidemark/codec';
import { MemoryArchive, MemoryLog, memoryBatch } from '@tidemark/testing';
import { archivedRecordOf } from '../../src/archive/archived-record.ts';
import { chunkHash } from '../../src/archive/chunk-hash.ts';

export class ArchivedLog {
  readonly log: MemoryLog;
  readonly memory = new MemoryArchive();
  readonly #archivedTo: number[];
  readonly #chunkRecords: number;

  constructor(options: { readonly log?: MemoryLog; readonly partitionCount?: number; readonly chunkRecords?: number } = {}) {
    const { partitionCount = 1, log = new MemoryLog({ partitionCount }), chunkRecords = 3 } = options;
    this.log = log;
    this.#chunkRecords = chunkRecords;
    this.#archivedTo = Array.from({ length: log.identity.partitionCount }, () => 0);
  }

  /** Brings the archive to the end of the log; a chunk reaches over offsets that nobody is given. */
  async archive(): Promise<void> {
    for (const [partition, from] of this.#archivedTo.entries()) {
      const kept = this.log.records(partition).filter(({ offset }) => offset >= from);
      const batch = memoryBatch({ partition, records: kept, requestedOffset: from, highWatermark: this.log.bounds(partition).high });
      const records = kept.map((_, index) => archivedRecordOf(batch, index, { epoch: 1, describe: describeEvent }));
      let begin = from;
      for (let at = 0; at < records.length; at += this.#chunkRecords) {
        const chunk = records.slice(at, at + this.#chunkRecords);
        const to = (chunk.at(-1)?.offset ?? 0) + 1;
        await this.memory.archive.insert(chunk);
        await this.memory.archive.extendChain({ epoch: 1, partition, from: begin, to, count: chunk.length, hash: chunkHash(chunk) });
        begin = to;
      }
      this.#archivedTo[partition] = begin;
    }
  }
}
