/** An in-memory archive of records and chunks with the promises of ClickHouse, for tests and the simulator. */
import type { Archive, ArchiveChunk, ArchivedRecord, CheckArchive, PartitionArchive, TimeOrderedArchive } from '@tidemark/pipeline';
import { checkArchiveOver, partitionArchiveOver, timeOrderedArchiveOver } from './archive-readers.ts';
import { type Intercept, underIntercept } from './calls.ts';

/** Owns the records and chunks of all epochs and partitions. */
export class MemoryArchive {
  readonly archive: Archive;
  readonly partitionArchive: PartitionArchive;
  readonly checkArchive: CheckArchive;
  readonly timeOrderedArchive: TimeOrderedArchive;
  intercept: Intercept | undefined;
  readonly #records = new Map<string, ArchivedRecord>();
  readonly #chunks: ArchiveChunk[] = [];

  constructor(options: { readonly intercept?: Intercept } = {}) {
    this.intercept = options.intercept;
    const call = <Answer>(method: string, partition: number, apply: () => Answer): Promise<Answer> =>
      underIntercept(this.intercept, { store: 'archive', method, lineage: '', partition }, apply);
    this.archive = {
      insert: (records) => {
        const kept = records.map((record) => structuredCopy(record));
        return call('insert', kept[0]?.partition ?? -1, () => {
          for (const record of kept) this.#records.set(`${record.epoch}:${record.partition}:${record.offset}`, record);
        });
      },
      extendChain: (chunk) =>
        call('extendChain', chunk.partition, () => {
          this.#chunks.push(chunk);
        }),
      chainEnd: (epoch, partition) =>
        call('chainEnd', partition, () => chainEnd(this.#chunks.filter((chunk) => chunk.epoch === epoch && chunk.partition === partition))),
      lastRecord: (epoch, partition, below) =>
        call('lastRecord', partition, () => this.recordsOf(epoch, partition).findLast(({ offset }) => offset < below) ?? null),
    };
    this.partitionArchive = partitionArchiveOver(this, this.archive.chainEnd, call);
    this.checkArchive = checkArchiveOver(this, call);
    this.timeOrderedArchive = timeOrderedArchiveOver(this, call);
  }

  /** Acknowledged links in the order of their arrival. */
  linksOf(epoch: number, partition: number): readonly ArchiveChunk[] {
    return this.#chunks.filter((chunk) => chunk.epoch === epoch && chunk.partition === partition);
  }

  /** Takes a record out behind the chain's back: an archive that lost something. */
  lose(epoch: number, partition: number, offset: number): void {
    this.#records.delete(`${epoch}:${partition}:${offset}`);
  }

  /** Of all partitions, in no order. */
  everyRecord(): readonly ArchivedRecord[] {
    return [...this.#records.values()];
  }

  everyLink(): readonly ArchiveChunk[] {
    return this.#chunks;
  }

  /** In offset order. */
  recordsOf(epoch: number, partition: number): readonly ArchivedRecord[] {
    return [...this.#records.values()]
      .filter((record) => record.epoch === epoch && record.partition === partition)
      .sort((a, b) => a.offset - b.offset);
  }
}

/** Walks from the lowest `from` as long as some chunk begins at or below the end and reaches beyond it. */
function chainEnd(chunks: readonly ArchiveChunk[]): { from: number; to: number } | null {
  const [first, ...rest] = chunks.toSorted((a, b) => a.from - b.from);
  if (!first) return null;
  let to = first.to;
  for (const chunk of rest) {
    if (chunk.from > to) break;
    to = Math.max(to, chunk.to);
  }
  return { from: first.from, to };
}

function structuredCopy(record: ArchivedRecord): ArchivedRecord {
  return { ...record, key: record.key && Buffer.from(record.key), value: record.value && Buffer.from(record.value) };
}
