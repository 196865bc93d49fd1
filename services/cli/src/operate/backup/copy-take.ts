/** Copies state and figures of one partition of a lineage, and the lists that belong to no partition. */
import {
  allIncidents,
  type ClickHouseConnection,
  createClickHouseCellInventory,
  createClickHouseCellReader,
  createClickHouseLineageJournal,
} from '@tidemark/clickhouse';
import {
  type CellReader,
  type CellRow,
  type CheckpointStore,
  type Manifest,
  NO_VERSION,
  StoreUnavailable,
  splitVersion,
  type TableRange,
} from '@tidemark/pipeline';
import { exitCodes, exitError, systemClock } from '@tidemark/runtime';
import { addToCatalogue, type StoredFile } from './catalogue.ts';
import { writeBytes, writeLines } from './piece-file.ts';

export interface CopyPlace {
  readonly folder: string;
  readonly take: number;
}

export interface Whose {
  readonly lineage: string;
  readonly partition: number;
}

const LOAD_TRIES = 20;
const PAUSE_MS = 250;
const ROWS_PER_FILE = 50_000;
const BUCKETS_AT_ONCE = 2_000;

/** [metric, table, bucket, value, version, cells]. */
export type FigureLine = readonly [string, string, number, string, string, readonly number[]];

/** Answers the position, or null when no state is saved. A manifest that is replaced meanwhile is read anew. */
export async function copyState(store: CheckpointStore, { lineage, partition }: Whose, { folder, take }: CopyPlace): Promise<number | null> {
  for (let tries = 0; tries < LOAD_TRIES; tries++) {
    const manifest = await store.manifest(lineage, partition);
    if (manifest === null) return null;
    const segments = await segmentsOf(store, manifest);
    if (segments !== null) {
      const files: StoredFile[] = [];
      for (const [index, bytes] of segments.entries())
        files.push(await writeBytes(folder, `take-${take}/state/${lineage}/partition-${partition}/${index}.segment`, bytes));
      await addToCatalogue(folder, { kind: 'state', take, lineage, partition, manifest: { ...manifest, segments: [...manifest.segments] }, files });
      return manifest.next;
    }
    await systemClock.sleep(PAUSE_MS);
  }
  throw exitError(
    exitCodes.failed,
    `the saved state of partition ${partition} of ${lineage} names segments that are not there: restart its worker, which saves it anew`,
  );
}

/** In the order in which the manifest names them; null when one is gone. */
async function segmentsOf(store: CheckpointStore, { lineage, partition, segments }: Manifest): Promise<readonly Uint8Array[] | null> {
  const found: Uint8Array[] = [];
  for (const { key } of segments) {
    const bytes = await store.segment(lineage, partition, key);
    if (bytes === null) return null;
    found.push(bytes);
  }
  return found;
}

/**
 * First the head, then the tables one after the other: all rows up to the head are there, and those above it are a publish under way, as which they are
 * put back. Answers the position, or null when nothing was published.
 */
export async function copyFigures(clickhouse: ClickHouseConnection, whose: Whose, { folder, take }: CopyPlace): Promise<number | null> {
  const { lineage, partition } = whose;
  const reader = createClickHouseCellReader(clickhouse);
  const [head] = await reader.heads(lineage, [partition]);
  if (head?.note == null) return null;
  const ranges = await rangesOf(clickhouse, whose);
  let { target } = head;
  let count = 0;
  const files: StoredFile[] = [];
  let lines: FigureLine[] = [];
  const flush = async (): Promise<void> => {
    if (lines.length === 0) return;
    files.push(await writeLines(folder, `take-${take}/figures/${lineage}/partition-${partition}/${files.length}.ndjson.gz`, lines));
    lines = [];
  };
  for (const range of ranges) {
    for (const row of await rowsOf(reader, whose, range)) {
      if (row.version > target) target = row.version;
      lines.push([row.metric, row.table, row.bucket, row.value, row.version, Array.from(row.cells)]);
      count++;
    }
    if (lines.length >= ROWS_PER_FILE) await flush();
  }
  await flush();
  const { closed, note } = head;
  await addToCatalogue(folder, {
    kind: 'figures',
    take,
    lineage,
    partition,
    closed,
    target,
    note: { ...note, counters: { ...note.counters } },
    count,
    files,
  });
  return splitVersion(closed).next;
}

async function rangesOf(clickhouse: ClickHouseConnection, { lineage, partition }: Whose): Promise<readonly TableRange[]> {
  const tables = await createClickHouseCellInventory(clickhouse).tables(lineage, partition);
  return tables.flatMap(({ metric, table, buckets }) => {
    const sorted = buckets.toSorted((a, b) => a - b);
    const ranges: TableRange[] = [];
    for (let at = 0; at < sorted.length; at += BUCKETS_AT_ONCE) {
      const [from = 0, to = from] = [sorted[at], sorted[Math.min(at + BUCKETS_AT_ONCE, sorted.length) - 1]];
      ranges.push({ metric, table, from, to, sliced: table.includes(':') });
    }
    return ranges;
  });
}

async function rowsOf(reader: CellReader, { lineage, partition }: Whose, range: TableRange): Promise<readonly CellRow[]> {
  const [found] = await reader.read(lineage, [partition], [range]);
  if (found === undefined) throw new StoreUnavailable('clickhouse', 'ClickHouse gave no answer for the partition that was asked');
  return found.rows.filter(({ version }) => version !== NO_VERSION);
}

/** What operators decided, and what went wrong so far. Answers how many entries. */
export async function copyLists(clickhouse: ClickHouseConnection, { folder, take }: CopyPlace): Promise<number> {
  const { entries } = await createClickHouseLineageJournal(clickhouse).read();
  const incidents = await allIncidents(clickhouse);
  for (const [of, values] of [
    ['journal', entries],
    ['incidents', incidents],
  ] as const) {
    const file = await writeLines(folder, `take-${take}/${of}.ndjson.gz`, values);
    await addToCatalogue(folder, { kind: 'lists', of, take, count: values.length, files: [file] });
  }
  return entries.length + incidents.length;
}
