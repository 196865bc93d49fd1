/** One lineage of a store of cells under contract, and rows for it. */
import {
  type CellReader,
  type CellRow,
  type CellSink,
  type HeadNote,
  NO_VERSION,
  type PublishPart,
  type TableRange,
  type Version,
  versionOf,
} from '@tidemark/pipeline';

export interface CellStoreUnderTest {
  readonly sink: CellSink;
  readonly reader: CellReader;
  close(): Promise<void>;
}

export const NOTE: HeadNote = {
  clockMs: 1_700_000_000_000,
  counters: { read: Number.MAX_SAFE_INTEGER, applied: 2 },
  overflow: false,
  partitionCount: 12,
  publishedAtMs: 1_700_000_000_100,
  confirmedAtMs: 1_700_000_000_100,
  atEnd: false,
  fingerprint: 'f00d',
};
/** A note of a head that stands at the end of its log, of one partition, with nothing counted. */
export function headNote(): HeadNote {
  const times = { clockMs: 1, publishedAtMs: 1, confirmedAtMs: 1 };
  return { ...times, counters: {}, overflow: false, partitionCount: 1, atEnd: true, fingerprint: '' };
}

export const EVERYTHING: TableRange[] = [
  { metric: 'activity', table: 'total', from: -1_000, to: 30_000, sliced: false },
  { metric: 'activity', table: 'slice:country', from: -1, to: 30, sliced: true },
];

/** A version of epoch 1. */
export function at(next: number): Version {
  return versionOf(1, next);
}

export function totalRow(bucket: number, version: Version, cells: readonly number[]): CellRow {
  return { metric: 'activity', table: 'total', bucket, value: '', version, cells };
}

export function sliceRow(bucket: number, value: string, version: Version, cells: readonly number[]): CellRow {
  return { metric: 'activity', table: 'slice:country', bucket, value, version, cells };
}

/** One lineage of the store under test, with short names for what the tests do to it. */
export class CellStoreBench {
  readonly sink: CellSink;
  readonly reader: CellReader;
  readonly lineage: string;
  constructor(store: CellStoreUnderTest, lineage: string) {
    this.sink = store.sink;
    this.reader = store.reader;
    this.lineage = lineage;
  }

  part(changes: Partial<PublishPart> & Pick<PublishPart, 'target' | 'rows'>): PublishPart {
    return { lineage: this.lineage, partition: 3, publishId: 'publish', index: 0, last: true, base: NO_VERSION, note: NOTE, ...changes };
  }

  write(changes: Partial<PublishPart> & Pick<PublishPart, 'target' | 'rows'>): Promise<unknown> {
    return this.sink.write(this.part(changes));
  }

  head(partition = 3): Promise<{ closed: Version; target: Version; note: HeadNote | null }> {
    return this.sink.head(this.lineage, partition);
  }

  /** `table bucket value` → `[version, cells without trailing zeros]`, of one partition. */
  async content(ranges: readonly TableRange[] = EVERYTHING, partition = 3): Promise<Record<string, [Version, number[]]>> {
    const [answer] = await this.reader.read(this.lineage, [partition], ranges);
    return byName(answer?.rows ?? []);
  }
}

export function byName(rows: readonly CellRow[]): Record<string, [Version, number[]]> {
  return Object.fromEntries(rows.map((row) => [`${row.table} ${row.bucket} ${row.value}`, [row.version, trimmed(row.cells)]]));
}

function trimmed(cells: ArrayLike<number>): number[] {
  const copy = Array.from(cells);
  while (copy.at(-1) === 0) copy.pop();
  return copy;
}
