/** Bugs to plant, each a broken promise of a store or a log, to show that the simulation notices. Production code stays untouched. */
import {
  type Archive,
  type CellReader,
  type CellRow,
  type CellSink,
  type CheckpointStore,
  type LogHandler,
  NO_VERSION,
  type PublishPart,
  splitVersion,
  type Version,
  type Worker,
} from '@tidemark/pipeline';
import type { MemoryArchive } from '../twins/archive.ts';
import type { MemoryCellStore } from '../twins/cell-store.ts';
import type { MemoryCheckpointStore } from '../twins/checkpoint-store.ts';
import { rowKey } from './reference.ts';

export interface Plant {
  readonly sink?: (inner: CellSink, store: MemoryCellStore) => CellSink;
  readonly checkpoints?: (inner: CheckpointStore, store: MemoryCheckpointStore) => CheckpointStore;
  readonly archive?: (inner: Archive, store: MemoryArchive) => Archive;
  readonly reader?: (inner: CellReader, store: MemoryCellStore) => CellReader;
  /** Between the log and the worker. `nowMs` is the virtual wall clock. */
  readonly handler?: (inner: LogHandler, nowMs: () => number) => LogHandler;
  /** The worker of every process, instead of the right one. */
  readonly worker?: typeof Worker;
}

/** Every part that goes to one of the stores is another one. */
function parts(name: CellSink['name'], change: (part: PublishPart, store: MemoryCellStore) => PublishPart): Plant {
  return { sink: (inner, store) => (inner.name === name ? { ...inner, write: (part) => inner.write(change(part, store)) } : inner) };
}

function everyPart(change: (part: PublishPart, store: MemoryCellStore) => PublishPart): Plant {
  return { sink: (inner, store) => ({ ...inner, write: (part) => inner.write(change(part, store)) }) };
}

/** What a twin keeps of a partition, to be tampered with. */
function tamper(store: { snapshot(): unknown; restore(snapshot: unknown): void }, key: string, change: (stored: object) => object): void {
  const content = store.snapshot();
  if (!(content instanceof Map)) return;
  const stored: unknown = content.get(key);
  if (typeof stored === 'object' && stored !== null) store.restore(new Map(content).set(key, { ...stored, ...change(stored) }));
}

const partitionKey = (part: { lineage: string; partition: number }): string => `${part.lineage}:${part.partition}`;

/** Rows that a part brings are written whatever version is there. */
const noVersionCheck = parts('redis', (part, store) => {
  const sent = new Set(part.rows.map(rowKey));
  tamper(store, partitionKey(part), (stored) => {
    if (!('rows' in stored) || !(stored.rows instanceof Map)) return {};
    return { rows: new Map([...stored.rows].filter(([, row]: [string, CellRow]) => !sent.has(rowKey(row)))) };
  });
  return part;
});

/** The store compares the versions of rows by `isLess`: it loses some that are newer, and takes some that are older. */
function comparing(name: CellSink['name'], isLess: (one: Version, other: Version) => boolean): Plant {
  return parts(name, (part, store) => {
    const stored = new Map(store.rowsOf(part.lineage, part.partition).map((row) => [rowKey(row), row.version]));
    const wouldWrite = ({ version, ...row }: CellRow): boolean => isLess(stored.get(rowKey(row)) ?? NO_VERSION, version);
    const older = new Set(part.rows.filter((row) => wouldWrite(row) && row.version < (stored.get(rowKey(row)) ?? NO_VERSION)).map(rowKey));
    if (older.size > 0)
      tamper(store, partitionKey(part), (kept) => {
        if (!('rows' in kept) || !(kept.rows instanceof Map)) return {};
        return { rows: new Map([...kept.rows].filter(([, row]: [string, CellRow]) => !older.has(rowKey(row)))) };
      });
    return { ...part, rows: part.rows.filter((row) => !stored.has(rowKey(row)) || wouldWrite(row)) };
  });
}

/** Without the zeros in front. */
const decimal = (version: Version): string => BigInt(`0x${version}`).toString();
const signed = (version: Version): bigint => BigInt.asIntN(64, BigInt(`0x${version}`));

const noTarget = parts('redis', (part, store) => {
  if (part.last) tamper(store, partitionKey(part), (stored) => ('closed' in stored ? { target: stored.closed } : {}));
  return part;
});

const unknownIsDone: Plant = {
  sink: (inner) => ({
    ...inner,
    // The call is dropped now and then, and the client says that it went through.
    write: async (part) => {
      if (part.publishId.endsWith('7')) return { outcome: 'written' };
      return inner.write(part);
    },
  }),
};

const noCompareAndSet: Plant = {
  checkpoints: (inner, store) => ({
    ...inner,
    // A plain write: it looks neither at the manifest that is there nor for segments.
    replaceManifest: async (_previousId, manifest) => {
      const presentId = store.manifestOf(manifest.lineage, manifest.partition)?.id ?? null;
      if ((await inner.replaceManifest(presentId, manifest)) !== 'replaced') tamper(store, partitionKey(manifest), () => ({ manifest }));
      return 'replaced';
    },
  }),
};

const expiringSegments: Plant = {
  checkpoints: (inner, store) => ({
    ...inner,
    replaceManifest: async (previousId, manifest) => {
      const outcome = await inner.replaceManifest(previousId, manifest);
      tamper(store, partitionKey(manifest), (state) => {
        if (!('segments' in state) || !(state.segments instanceof Map)) return {};
        return { segments: new Map([...state.segments].map(([key, segment]: [string, object]) => [key, { ...segment, expires: true }])) };
      });
      return outcome;
    },
  }),
};

const lateCopies: Plant = {
  checkpoints: (inner, store) => ({
    ...inner,
    saveSegment: async (lineage, partition, key, bytes) => {
      await inner.saveSegment(lineage, partition, key, bytes);
      tamper(store, partitionKey({ lineage, partition }), (state) => {
        if (!('segments' in state) || !(state.segments instanceof Map)) return {};
        return { segments: new Map(state.segments).set(key, { bytes, expires: true }) };
      });
    },
  }),
};

const unlinkedBefore: Plant = {
  checkpoints: (inner, store) => ({
    ...inner,
    replaceManifest: (previousId, manifest) => {
      const named = new Set(manifest.segments.map(({ key }) => key));
      // What the new manifest does not name goes first, before the compare-and-set has decided.
      tamper(store, partitionKey(manifest), (state) => {
        if (!('segments' in state) || !(state.segments instanceof Map)) return {};
        return { segments: new Map([...state.segments].filter(([key]: [string, object]) => named.has(key))) };
      });
      return inner.replaceManifest(previousId, manifest);
    },
  }),
};

const movedManifest: Plant = {
  checkpoints: (inner) => ({
    ...inner,
    manifest: async (lineage, partition) => {
      const manifest = await inner.manifest(lineage, partition);
      return manifest !== null && manifest.next % 3 === 2 ? { ...manifest, next: manifest.next - 1 } : manifest;
    },
  }),
};

/** By name: what each breaks. */
export const PLANTED: Readonly<Record<string, Plant>> = {
  'Redis: no version check': noVersionCheck,
  'Redis: versions compared as numbers': comparing('redis', (one, other) => Number(decimal(one)) < Number(decimal(other))),
  'Redis: versions compared as text of unequal length': comparing('redis', (one, other) => decimal(one) < decimal(other)),
  'Redis: the epoch is ignored': comparing('redis', (one, other) => splitVersion(one).next < splitVersion(other).next),
  'ClickHouse: unsigned versions sorted as signed': comparing('clickhouse', (one, other) => signed(one) < signed(other)),
  'Redis: a store that has forgotten its base accepts a publish': parts('redis', (part) => ({ ...part, base: NO_VERSION })),
  'Redis: the closing script does not check for the parts': parts('redis', (part) => (part.last ? { ...part, index: 0 } : part)),
  'Redis: the open mark has no target': noTarget,
  'a call that was never made counts as acknowledged': unknownIsDone,
  'zero rows are not written': everyPart((part) => ({
    ...part,
    rows: part.rows.filter(({ cells }) => Array.from(cells).some((cell) => cell !== 0)),
  })),
  'rows carry the version of the publish': everyPart((part) => ({ ...part, rows: part.rows.map((row) => ({ ...row, version: part.target })) })),
  'ClickHouse: several blocks without a mark': parts('clickhouse', (part) => (part.last ? part : { ...part, index: part.index + 1 })),
  'ClickHouse: the head row before the rows': parts('clickhouse', (part) => (part.last || part.index > 0 ? part : { ...part, last: true })),
  'ClickHouse loses acknowledged inserts': {
    sink: (inner) => ({
      ...inner,
      write: async (part) =>
        inner.name === 'clickhouse' && part.last && part.rows.length === 1 ? inner.write({ ...part, rows: [] }) : inner.write(part),
    }),
  },
  'dropped rows are not brought back from the other store': {
    sink: (inner) => ({ ...inner, rowsBetween: async () => [] }),
  },
  'the manifest is written without compare-and-set': noCompareAndSet,
  'the TTL of named segments stays': expiringSegments,
  'a late copy of a segment gives it its TTL back': lateCopies,
  'segments are unlinked before the manifest is replaced': unlinkedBefore,
  'a load takes a manifest for an earlier one': movedManifest,
  'the archive loses acknowledged inserts': {
    archive: (inner) => ({ ...inner, insert: async (records) => (records.length % 4 === 3 ? undefined : inner.insert(records)) }),
  },
  'the archiver goes on behind a hole of its chain': {
    archive: (inner) => ({
      ...inner,
      chainEnd: async (epoch, partition) => {
        const end = await inner.chainEnd(epoch, partition);
        return end === null ? null : { ...end, to: end.to + 1 };
      },
    }),
  },
  'a reader takes the rows of an open head': {
    reader: (inner) => ({
      ...inner,
      read: async (lineage, partitions, ranges, since) =>
        (await inner.read(lineage, partitions, ranges, since)).map((answer) => ({ ...answer, head: { ...answer.head, target: answer.head.closed } })),
    }),
  },
  'a store leaves out a row that changed above the version asked for': {
    reader: (inner) => ({
      ...inner,
      read: async (lineage, partitions, ranges, since) =>
        (await inner.read(lineage, partitions, ranges, since)).map((answer) =>
          since?.has(answer.partition) === true ? { ...answer, rows: answer.rows.slice(1) } : answer,
        ),
    }),
  },
  'the wall clock is in the fold': {
    handler: (inner, nowMs) => ({ ...bound(inner), batch: (batch) => inner.batch({ ...batch, timestampMs: () => nowMs() - 3_600_000 }) }),
  },
  'offsets are taken for dense': {
    handler: (inner) => ({ ...bound(inner), batch: (batch) => inner.batch({ ...batch, offset: (index) => batch.offset(0) + index }) }),
  },
  'the batch boundary is in the fold': {
    handler: (inner) => ({
      ...bound(inner),
      batch: (batch) => inner.batch({ ...batch, valueStart: (index) => (index > 0 && index === batch.length - 1 ? -1 : batch.valueStart(index)) }),
    }),
  },
};

function bound(inner: LogHandler): LogHandler {
  return {
    assigned: (partition) => inner.assigned(partition),
    revoked: (partition) => inner.revoked(partition),
    batch: (batch) => inner.batch(batch),
  };
}
