/** Reads an archived partition on from any offset, whole chunks at a time: nothing is handed on before its count and hash are those that the chain names. */
import type { ArchiveChunk, ArchivedRecord } from '../ports/archive.ts';
import { covering, createChainProof, runsOf, type WalkOptions } from '../verify/archive-walk.ts';

/** What the archive holds from an offset on. */
export interface ArchiveRun {
  /** In offset order, none below the offset that was asked for; none at all where the chunks hold none. */
  readonly records: readonly ArchivedRecord[];
  /** Everything below is read. */
  readonly to: number;
}

const LINKS_AT_ONCE = 1_000;
const PAGE_RECORDS = 5_000;
const PAGE_BYTES = 8 * 1024 * 1024;
/** A chunk ends at the next multiple of 5,000 offsets: the one that holds an offset begins so near, unless somebody cut longer ones. */
const NEAR_OFFSETS = 10_000;
const NO_END = 2 ** 48 - 1;

/**
 * From `from` on, at most about 5,000 records or 8 MiB beyond one chunk; null when no chunk holds the offset. Throws BrokenArchive when the chunks are not
 * what the chain names, StoreUnavailable.
 */
export async function readRun(options: WalkOptions, from: number): Promise<ArchiveRun | null> {
  const first = await linksOn(options, from);
  const links = first.length > 0 ? first : await linksAround(options, from);
  const [run] = runsOf(links, options.pageRecords ?? PAGE_RECORDS);
  if (run === undefined) return null;
  const { records, to } = await readLinks(options, run);
  return { records: records.filter(({ offset }) => offset >= from), to };
}

/** The chunks that lead on from an offset at which one begins. */
async function linksOn({ archive, epoch, partition }: WalkOptions, from: number): Promise<readonly ArchiveChunk[]> {
  return covering(await archive.links({ epoch, partition, from, to: NO_END, limit: LINKS_AT_ONCE }), from);
}

/** The same from the chunk on that holds the offset. */
async function linksAround(options: WalkOptions, offset: number): Promise<readonly ArchiveChunk[]> {
  const near = await linkOver(options, Math.max(0, offset - NEAR_OFFSETS), offset);
  const holding = near ?? (await linkOver(options, 0, offset));
  return holding === null ? [] : linksOn(options, holding.from);
}

/** Of the chunks that begin in a span, the one that reaches furthest beyond the offset at its end. */
async function linkOver({ archive, epoch, partition }: WalkOptions, from: number, offset: number): Promise<ArchiveChunk | null> {
  let found: ArchiveChunk | null = null;
  for (let lookFrom = from; ; ) {
    const links = await archive.links({ epoch, partition, from: lookFrom, to: offset + 1, limit: LINKS_AT_ONCE });
    for (const link of links) if (link.to > (found?.to ?? offset)) found = link;
    const last = links.at(-1);
    if (last === undefined || links.length < LINKS_AT_ONCE) return found;
    lookFrom = last.from + 1;
  }
}

/** As many of the links, at least one, as a page of records covers. */
async function readLinks(options: WalkOptions, run: readonly ArchiveChunk[]): Promise<{ records: readonly ArchivedRecord[]; to: number }> {
  const { archive, epoch, partition, pageRecords: limit = PAGE_RECORDS, pageBytes: maxBytes = PAGE_BYTES } = options;
  const to = run.at(-1)?.to ?? 0;
  const records: ArchivedRecord[] = [];
  const expected = run.reduce((sum, { count }) => sum + count, 0);
  let next = run[0]?.from ?? 0;
  let whole: readonly ArchiveChunk[] = [];
  while (whole.length === 0) {
    const page = await archive.records({ epoch, partition, from: next, to, limit, maxBytes });
    records.push(...page);
    next = (page.at(-1)?.offset ?? to - 1) + 1;
    // Where nothing follows every link is whole, or what it names is not there.
    whole = page.length === 0 || records.length >= expected ? run : run.filter((link) => link.to <= next);
  }
  const end = whole.at(-1)?.to ?? 0;
  const below = records.filter(({ offset }) => offset < end);
  const proof = createChainProof(whole);
  for (const record of below) proof.add(record);
  proof.finish();
  return { records: below, to: end };
}
