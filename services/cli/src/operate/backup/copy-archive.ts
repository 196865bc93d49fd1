/** Copies the archive of one partition into the files of a backup, from where the backup ends; only what the chain's hashes have proven is written. */
import { type ArchivedRecord, type PartitionArchive, walkArchive } from '@tidemark/pipeline';
import { type ArchivePiece, addToCatalogue } from './catalogue.ts';
import { writeLines } from './piece-file.ts';

export interface CopyArchiveOptions {
  readonly folder: string;
  readonly archive: PartitionArchive;
  readonly epoch: number;
  readonly partition: number;
  /** Where the backup ends; null when it has nothing of this partition. */
  readonly from: number | null;
  readonly copied: (records: number) => void;
}

/** One file holds about this much; at most one run of the chain more. */
const PIECE_RECORDS = 50_000;
const PIECE_BYTES = 32 * 1024 * 1024;

/** [offset, recorded at (ms), key and value in base64 or null, 1 of a control record]. */
export type ArchivedLine = readonly [number, number, string | null, string | null, 0 | 1];

/** Answers where the copy ends now. Throws BrokenArchive when the archive is not what its chain names. */
export async function copyArchive(options: CopyArchiveOptions): Promise<number> {
  const { archive, epoch, partition } = options;
  const end = await archive.chainEnd(epoch, partition);
  const from = options.from ?? end?.from ?? 0;
  if (end === null || from >= end.to) return from;
  // A chain that begins late proves what it has all the same.
  const walked = { ...archive, chainEnd: async () => ({ from: 0, to: end.to }) };
  const walk = walkArchive({ archive: walked, epoch, partition }, from);
  let pieceFrom = from;
  let provenTo = from;
  let proven: ArchivedRecord[] = [];
  let waiting: ArchivedRecord[] = [];
  let bytes = 0;
  const cut = async (to: number): Promise<void> => {
    if (to > pieceFrom) await writePiece(options, { from: pieceFrom, to, records: proven });
    pieceFrom = to;
    proven = [];
    bytes = 0;
  };
  for (;;) {
    const step = await walk.next();
    if (step.done === true) {
      proven.push(...waiting);
      await cut(step.value);
      return step.value;
    }
    if (step.value.provenTo > provenTo) {
      provenTo = step.value.provenTo;
      proven.push(...waiting);
      waiting = [];
      if (proven.length >= PIECE_RECORDS || bytes >= PIECE_BYTES) await cut(provenTo);
    }
    waiting.push(...step.value.records);
    for (const { key, value } of step.value.records) bytes += (key?.length ?? 0) + (value?.length ?? 0);
  }
}

async function writePiece(
  { folder, epoch, partition, copied }: CopyArchiveOptions,
  { from, to, records }: { readonly from: number; readonly to: number; readonly records: readonly ArchivedRecord[] },
): Promise<void> {
  const name = `archive/epoch-${epoch}/partition-${partition}/${String(from).padStart(16, '0')}-${to}.ndjson.gz`;
  const file = await writeLines(folder, name, records.map(lineOf));
  const piece: ArchivePiece = { kind: 'archive', epoch, partition, from, to, count: records.length, files: [file] };
  await addToCatalogue(folder, piece);
  copied(records.length);
}

function lineOf({ offset, timestampMs, key, value, control }: ArchivedRecord): ArchivedLine {
  return [offset, timestampMs, key?.toString('base64') ?? null, value?.toString('base64') ?? null, control ? 1 : 0];
}
