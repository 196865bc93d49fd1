/** Walks one partition's archive in order, along its unbroken chain only, and holds every chunk to the count and hash that its link names. */
import { createChunkHash } from '../archive/chunk-hash.ts';
import type { ArchiveChunk, ArchivedRecord, PartitionArchive } from '../ports/archive.ts';

export interface WalkOptions {
  readonly archive: PartitionArchive;
  readonly epoch: number;
  readonly partition: number;
  /** Read at once; default 5,000 records and 8 MiB of keys and values. */
  readonly pageRecords?: number;
  readonly pageBytes?: number;
}

/** The archive does not hold what its chain says, or the chain does not reach back to the beginning. */
export class BrokenArchive extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'BrokenArchive';
  }
}

const LINKS_AT_ONCE = 1_000;
const PAGE_RECORDS = 5_000;
const PAGE_BYTES = 8 * 1024 * 1024;

/** A page is handed on before its chunks are whole: only what lies below `provenTo` is known to be what the chain names. */
export interface ArchivePage {
  readonly records: readonly ArchivedRecord[];
  readonly provenTo: number;
}

/**
 * Yields pages of records in offset order, as far as the chain reaches now, and returns where it ends: call it again from there when it has grown.
 * `from` is 0, or what it returned. Throws BrokenArchive.
 */
export async function* walkArchive(options: WalkOptions, from: number): AsyncGenerator<ArchivePage, number> {
  const { archive, epoch, partition } = options;
  const end = await archive.chainEnd(epoch, partition);
  if (end === null) return from;
  if (end.from > 0) throw new BrokenArchive(`the archive begins at offset ${end.from}: what lies before cannot be folded again`);
  let reached = from;
  let lookFrom = from;
  let isSecondLook = from === 0;
  while (reached < end.to) {
    const links = await archive.links({ epoch, partition, from: lookFrom, to: end.to, limit: LINKS_AT_ONCE });
    const chosen = covering(links, reached);
    const last = chosen.at(-1);
    if (last !== undefined) {
      for (const run of runsOf(chosen, options.pageRecords ?? PAGE_RECORDS)) yield* runPages(options, run);
      reached = last.to;
      lookFrom = reached;
      isSecondLook = reached === 0;
    } else if (links.length === LINKS_AT_ONCE) lookFrom = (links.at(-1)?.from ?? 0) + 1;
    else if (isSecondLook) throw new BrokenArchive(`no link of the chain leads on from offset ${reached}`);
    else {
      // A link of another archiver that begins earlier may reach further.
      isSecondLook = true;
      lookFrom = 0;
    }
  }
  return reached;
}

/** Of links by `from`, those that lead on without a hole, each the one that reaches furthest. */
export function covering(links: readonly ArchiveChunk[], from: number): readonly ArchiveChunk[] {
  const chosen: ArchiveChunk[] = [];
  let reached = from;
  let best: ArchiveChunk | null = null;
  for (const link of links) {
    if (link.from > reached) {
      if (best === null || best.to <= reached) break;
      chosen.push(best);
      reached = best.to;
      best = null;
      if (link.from > reached) break;
    }
    if (best === null || link.to > best.to) best = link;
  }
  if (best !== null && best.from <= reached && best.to > reached) chosen.push(best);
  return chosen;
}

/** Links one behind the other, so many that their records are about one page: the tail of a quiet log has a link a second. */
export function runsOf(links: readonly ArchiveChunk[], pageRecords: number): readonly (readonly ArchiveChunk[])[] {
  const runs: ArchiveChunk[][] = [];
  let count = 0;
  for (const link of links) {
    const run = runs.at(-1);
    if (run === undefined || count + link.count > pageRecords || run.at(-1)?.to !== link.from) {
      runs.push([link]);
      count = link.count;
    } else {
      run.push(link);
      count += link.count;
    }
  }
  return runs;
}

async function* runPages(options: WalkOptions, run: readonly ArchiveChunk[]): AsyncGenerator<ArchivePage> {
  const { archive, epoch, partition, pageRecords: limit = PAGE_RECORDS, pageBytes: maxBytes = PAGE_BYTES } = options;
  const proof = createChainProof(run);
  const to = run.at(-1)?.to ?? 0;
  for (let next = run[0]?.from ?? 0; proof.missing > 0; ) {
    const page = await archive.records({ epoch, partition, from: next, to, limit, maxBytes });
    const last = page.at(-1);
    if (last === undefined) break;
    for (const record of page) proof.add(record);
    next = last.offset + 1;
    yield { records: page, provenTo: run[0]?.from ?? 0 };
  }
  proof.finish();
}

/** Holds records, in order, to the links that they lie in. Throws BrokenArchive at the first that does not hold what it names. */
export function createChainProof(run: readonly ArchiveChunk[]) {
  let missing = run.reduce((sum, { count }) => sum + count, 0);
  let index = 0;
  let hash = createChunkHash();
  let count = 0;
  const close = (link: ArchiveChunk): void => {
    if (count !== link.count || hash.digest() !== link.hash)
      throw new BrokenArchive(
        `the archive from offset ${link.from} to ${link.to} is not what its chain names: ${count} of ${link.count} records are there`,
      );
    hash = createChunkHash();
    count = 0;
    index++;
  };
  return {
    /** Records that the links name and that have not come. */
    get missing() {
      return missing;
    },
    add: (record: ArchivedRecord): void => {
      for (let link = run[index]; link !== undefined && record.offset >= link.to; link = run[index]) close(link);
      hash.add(record);
      count++;
      missing--;
    },
    finish: (): void => {
      for (let link = run[index]; link !== undefined; link = run[index]) close(link);
    },
  };
}
