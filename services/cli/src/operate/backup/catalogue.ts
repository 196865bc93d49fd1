/** What a backup consists of: an append-only file of finished pieces, so that an interrupted backup goes on where it was. */
import { mkdir, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exitCodes, exitError } from '@tidemark/runtime';
import { z } from 'zod';

const version = z.string().regex(/^[0-9a-f]{16}$/);
const offset = z.int().min(0);
const storedFile = z.object({ name: z.string().regex(/^[A-Za-z0-9_./-]+$/), sha256: z.string().regex(/^[0-9a-f]{64}$/), bytes: offset });
const note = z.looseObject({
  clockMs: z.number().nullable(),
  counters: z.record(z.string(), z.number()),
  overflow: z.boolean(),
  partitionCount: z.int(),
  publishedAtMs: z.number(),
  confirmedAtMs: z.number(),
  atEnd: z.boolean(),
  fingerprint: z.string(),
});
const segment = z.object({ key: z.string(), kind: z.enum(['base', 'delta']), piece: z.int(), next: offset, bytes: offset });
const manifest = z.looseObject({
  id: z.string(),
  writer: z.string(),
  format: z.int(),
  lineage: z.string(),
  partition: offset,
  epoch: offset,
  next: offset,
  pieces: offset,
  segments: z.array(segment),
  dropped: version,
  partitionCount: z.int(),
  partitioner: z.string(),
  clusterId: z.string(),
  topicId: z.string(),
  fingerprint: z.string(),
  fingerprintOffset: z.int(),
});

const lineSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('begin'), format: z.literal(1), take: z.int().positive(), id: z.string(), atMs: offset, namespace: z.string() }),
  z.object({ kind: z.literal('archive'), epoch: offset, partition: offset, from: offset, to: offset, count: offset, files: z.array(storedFile) }),
  z.object({ kind: z.literal('state'), take: offset, lineage: z.string(), partition: offset, manifest, files: z.array(storedFile) }),
  z.object({
    kind: z.literal('figures'),
    take: offset,
    lineage: z.string(),
    partition: offset,
    closed: version,
    target: version,
    note,
    count: offset,
    files: z.array(storedFile),
  }),
  z.object({ kind: z.literal('lists'), of: z.enum(['journal', 'incidents']), take: offset, count: offset, files: z.array(storedFile) }),
  z.object({ kind: z.literal('end'), take: offset, atMs: offset }),
]);

export type CatalogueLine = z.output<typeof lineSchema>;
export type StoredFile = z.output<typeof storedFile>;
type LineOf<Kind extends CatalogueLine['kind']> = Extract<CatalogueLine, { kind: Kind }>;
export type ArchivePiece = LineOf<'archive'>;
export type StatePiece = LineOf<'state'>;
export type FiguresPiece = LineOf<'figures'>;

/** One copy of everything but the archive, which all takes have in common. */
export interface Take {
  readonly number: number;
  readonly id: string;
  readonly namespace: string;
  readonly atMs: number;
  readonly isWhole: boolean;
  readonly state: readonly StatePiece[];
  readonly figures: readonly FiguresPiece[];
  readonly lists: readonly LineOf<'lists'>[];
}

export interface Catalogue {
  readonly takes: readonly Take[];
  /** In the order in which they were written: by epoch and partition without a hole. */
  readonly archive: readonly ArchivePiece[];
}

const FILE = 'backup.ndjson';

export async function readCatalogue(folder: string): Promise<Catalogue> {
  const text = await readFile(join(folder, FILE), 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  });
  const lines = text.split('\n');
  // What was cut off by a crash was not finished.
  lines.pop();
  return catalogueOf(
    lines.map((line, index) => {
      const read = lineSchema.safeParse(jsonOf(line));
      if (read.success) return read.data;
      throw exitError(
        exitCodes.failed,
        `${join(folder, FILE)} line ${index + 1} is not what a backup writes: restore that file, or begin in another folder`,
      );
    }),
  );
}

/** Cuts off what a crash left of an unfinished line; to be called before the first line is added. */
export async function repairCatalogue(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const file = await open(join(folder, FILE), 'a+');
  try {
    const bytes = await file.readFile();
    const whole = bytes.lastIndexOf(0x0a) + 1;
    if (whole < bytes.length) await file.truncate(whole);
  } finally {
    await file.close();
  }
}

/** Durable when it resolves. */
export async function addToCatalogue(folder: string, line: CatalogueLine): Promise<void> {
  const file = await open(join(folder, FILE), 'a');
  try {
    await file.appendFile(`${JSON.stringify(line)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
}

function catalogueOf(lines: readonly CatalogueLine[]): Catalogue {
  const begun = lines.filter((line) => line.kind === 'begin');
  const ended = new Set(lines.flatMap((line) => (line.kind === 'end' ? [line.take] : [])));
  return {
    archive: lines.filter((line) => line.kind === 'archive'),
    takes: begun.map(({ take, id, namespace, atMs }) => ({
      number: take,
      id,
      namespace,
      atMs,
      isWhole: ended.has(take),
      state: lines.filter((line) => line.kind === 'state').filter((piece) => piece.take === take),
      figures: lines.filter((line) => line.kind === 'figures').filter((piece) => piece.take === take),
      lists: lines.filter((line) => line.kind === 'lists').filter((piece) => piece.take === take),
    })),
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
