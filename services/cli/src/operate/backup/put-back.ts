/** Puts the pieces of a backup back where they came from; each may be put back twice. */
import {
  type ClickHouseConnection,
  createClickHouseArchive,
  createClickHouseCellSink,
  createClickHouseIncidentLedger,
  createClickHouseLineageJournal,
} from '@tidemark/clickhouse';
import { describeEvent } from '@tidemark/codec';
import {
  type ArchivedRecord,
  type CellRow,
  chunkHash,
  type HeadNote,
  type JournalEntry,
  type Manifest,
  type PublishPart,
  readEntry,
} from '@tidemark/pipeline';
import { createRedisCheckpointStore, createRedisLineageJournal, type RedisConnection } from '@tidemark/redis';
import { exitCodes, exitError } from '@tidemark/runtime';
import { z } from 'zod';
import type { ArchivePiece, FiguresPiece, StatePiece, Take } from './catalogue.ts';
import { readBytes, readLines } from './piece-file.ts';

export interface Targets {
  readonly redis: RedisConnection;
  readonly clickhouse: ClickHouseConnection;
}

const archivedLine = z.tuple([z.int().min(0), z.int(), z.string().nullable(), z.string().nullable(), z.union([z.literal(0), z.literal(1)])]);
const figureLine = z.tuple([z.string(), z.string(), z.int(), z.string(), z.string(), z.array(z.int())]);
const incident = z.object({
  kind: z.enum(['halt', 'rewind']),
  lineage: z.string(),
  partition: z.int(),
  atMs: z.int(),
  position: z.string(),
  detail: z.string(),
});

/** As many records as the archiver puts into one link. */
const LINK_RECORDS = 5_000;
const SEGMENT_TTL_SECONDS = 3_600;

/** False when the archive reaches beyond the piece already. Links are cut anew: a chain proves the same records in any cut. */
export async function putBackArchive(folder: string, piece: ArchivePiece, { clickhouse }: Targets): Promise<boolean> {
  const { epoch, partition, from, to } = piece;
  const archive = createClickHouseArchive(clickhouse);
  const end = await archive.chainEnd(epoch, partition);
  if (end !== null && end.to >= to) return false;
  const records = (await linesOf(folder, piece, archivedLine)).map((line) => recordOf(piece, line));
  await archive.insert(records);
  let linkFrom = from;
  for (let at = 0; at < records.length; at += LINK_RECORDS) {
    const linked = records.slice(at, at + LINK_RECORDS);
    const isLast = at + LINK_RECORDS >= records.length;
    const linkTo = isLast ? to : (linked.at(-1)?.offset ?? 0) + 1;
    await archive.extendChain({ epoch, partition, from: linkFrom, to: linkTo, count: linked.length, hash: chunkHash(linked) });
    linkFrom = linkTo;
  }
  return true;
}

/** What the record says is read from its bytes again. */
function recordOf({ epoch, partition }: ArchivePiece, [offset, timestampMs, key, value, control]: z.output<typeof archivedLine>): ArchivedRecord {
  const bytes = { key: key === null ? null : Buffer.from(key, 'base64'), value: value === null ? null : Buffer.from(value, 'base64') };
  const base = { epoch, partition, offset, timestampMs, ...bytes, control: control === 1 };
  if (control === 1) return { ...base, parsed: null, reason: '' };
  const described = describeEvent(bytes.key, bytes.value);
  if (!described.accepted) return { ...base, parsed: null, reason: described.reason };
  const { type, event, actorKind, actorId, messageId, timeMs } = described;
  return { ...base, parsed: { type, event, actorKind, actorId, messageId, timeMs }, reason: '' };
}

/** Rows above the closed head are those of a publish under way, which the mark says. */
export async function putBackFigures(folder: string, piece: FiguresPiece, { clickhouse }: Targets): Promise<void> {
  const { lineage, partition, closed, target } = piece;
  const sink = createClickHouseCellSink(clickhouse);
  const note: HeadNote = withoutUndefined(piece.note);
  const part = { lineage, partition, publishId: 'restore', base: closed, note };
  let index = 0;
  const write = (rows: readonly CellRow[], last: boolean): Promise<unknown> => {
    const sent: PublishPart = { ...part, index: index++, last, target: last ? closed : target, rows };
    return sink.write(sent);
  };
  for (const file of piece.files) {
    const rows = (await linesOf(folder, { files: [file] }, figureLine)).map(([metric, table, bucket, value, version, cells]) => ({
      metric,
      table,
      bucket,
      value,
      version,
      cells,
    }));
    for (const cut of cutRows(rows, sink.partLimits)) await write(cut, false);
  }
  if (index === 0) await write([], false);
  await write([], true);
}

function cutRows(rows: readonly CellRow[], { maxRows, maxCells }: { readonly maxRows: number; readonly maxCells: number }): readonly CellRow[][] {
  const parts: CellRow[][] = [];
  let cells = Number.POSITIVE_INFINITY;
  for (const row of rows) {
    const part = parts.at(-1);
    if (part === undefined || part.length >= maxRows || cells + row.cells.length > maxCells) {
      parts.push([row]);
      cells = row.cells.length;
    } else {
      part.push(row);
      cells += row.cells.length;
    }
  }
  return parts;
}

/** The manifest last: from then on a worker goes on from here. Throws an exit error (1) when another state is there. */
export async function putBackState(folder: string, piece: StatePiece, { redis }: Targets): Promise<void> {
  const { lineage, partition, files } = piece;
  const manifest: Manifest = manifestOf(piece);
  const store = createRedisCheckpointStore(redis, { segmentTtlSeconds: SEGMENT_TTL_SECONDS });
  for (const [index, file] of files.entries()) {
    const segment = manifest.segments[index];
    if (segment !== undefined) await store.saveSegment(lineage, partition, segment.key, await readBytes(folder, file));
  }
  const outcome = await store.replaceManifest(null, manifest);
  if (outcome === 'replaced') return;
  const there = await store.manifest(lineage, partition);
  if (there?.id === manifest.id) return;
  throw exitError(
    exitCodes.failed,
    `partition ${partition} of ${lineage} has a state already: stop the workers, empty the namespace in Redis, and restore again`,
  );
}

function manifestOf({ manifest }: StatePiece): Manifest {
  const { savedAtMs, ...rest } = manifest;
  return typeof savedAtMs === 'number' ? { ...rest, savedAtMs } : rest;
}

function withoutUndefined(note: FiguresPiece['note']): HeadNote {
  const { halted, ...rest } = note;
  return typeof halted === 'string' ? { ...rest, halted } : rest;
}

/** Journal and incidents. Answers how many entries. */
export async function putBackLists(folder: string, { lists }: Take, { redis, clickhouse }: Targets): Promise<number> {
  let count = 0;
  for (const list of lists) {
    if (list.of === 'incidents') {
      const incidents = await linesOf(folder, list, incident);
      await createClickHouseIncidentLedger(clickhouse).note(incidents);
      count += incidents.length;
      continue;
    }
    const journals = [createClickHouseLineageJournal(clickhouse), createRedisLineageJournal(redis)];
    for (const entry of await entriesOf(folder, list)) {
      for (const journal of journals) await journal.append(entry);
      count++;
    }
  }
  return count;
}

/** The journal of the backup. Throws an exit error. */
export async function copiedJournal(folder: string, { lists }: Take): Promise<readonly JournalEntry[]> {
  const found = await Promise.all(lists.filter(({ of }) => of === 'journal').map((list) => entriesOf(folder, list)));
  return found.flat();
}

async function entriesOf(folder: string, list: Take['lists'][number]): Promise<readonly JournalEntry[]> {
  const values = await linesOf(folder, list, z.unknown());
  return values.map((value) => {
    const read = readEntry(value);
    if (!read.ok) throw exitError(exitCodes.failed, `an entry of the journal in the backup ${read.problem}: it was written by another release`);
    return read.entry;
  });
}

async function linesOf<Schema extends z.ZodType>(
  folder: string,
  { files }: Pick<ArchivePiece, 'files'>,
  schema: Schema,
): Promise<z.output<Schema>[]> {
  const found: z.output<Schema>[] = [];
  for (const file of files) {
    for (const line of await readLines(folder, file)) {
      const read = schema.safeParse(line);
      if (!read.success)
        throw exitError(exitCodes.checkFailed, `${file.name} of the backup holds a line that no backup writes: take it from another copy`);
      found.push(read.data);
    }
  }
  return found;
}
