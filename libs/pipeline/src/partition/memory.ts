/** What a worker holds of one partition of one lineage: the fold, how far each sink is whole, and what is checkpointed. */
import type { PartitionFold } from '@tidemark/core';
import type { SegmentRef } from '../ports/checkpoint.ts';
import { NO_VERSION, splitVersion, type Version, versionOf } from '../ports/version.ts';

/** A sink's base is the head up to which we know it to be whole; null until its own head was read. */
export interface SinkState {
  base: Version | null;
  /** Its head cannot close where we stand: another publish has announced a position ahead of us. Only folding on helps, so it must not make the fold rest. */
  blocked: boolean;
}

/** A closed row that left the state since the last saved manifest. */
export interface DroppedRow {
  readonly table: string;
  readonly bucket: number;
  readonly label: number;
  readonly epoch: number;
  readonly next: number;
}

export interface PartitionMemory {
  readonly fold: PartitionFold;
  readonly redis: SinkState;
  readonly clickhouse: SinkState;
  /** Where a load began; NO_VERSION when nothing was loaded. */
  loadedAt: Version;
  /** The largest version of a closed row that was dropped. */
  dropped: Version;
  /** Rows that changed up to here have been found to keep their kind's invariants. */
  checked: Version;
  /** Rows dropped since the last saved manifest. */
  gone: DroppedRow[];
  /** Hash of the last folded record and its offset. */
  fingerprint: string;
  fingerprintOffset: number;
  readonly saved: SavedState;
}

/** The manifest that we know to be the stored one, and what it covers. */
export interface SavedState {
  /** Its id; null when none is stored. */
  manifestId: string | null;
  segments: readonly SegmentRef[];
  pieces: number;
  /** Position of the manifest, −1 when nothing is saved. */
  next: number;
  /** Version above which rows are not in it. */
  version: Version;
  /** Ids of the duplicate filter that it covers. */
  idsAdded: number;
  /** The next manifest must be a full base. */
  full: boolean;
  /** The piece that the rotation rewrites next, or null when it rests. */
  rotation: number | null;
}

export function emptyMemory(fold: PartitionFold): PartitionMemory {
  return {
    fold,
    redis: { base: null, blocked: false },
    clickhouse: { base: null, blocked: false },
    loadedAt: NO_VERSION,
    dropped: NO_VERSION,
    checked: NO_VERSION,
    gone: [],
    fingerprint: '',
    fingerprintOffset: -1,
    saved: { manifestId: null, segments: [], pieces: 0, next: -1, version: NO_VERSION, idsAdded: 0, full: true, rotation: null },
  };
}

/** The version that the memory stands at. */
export function positionOf(memory: PartitionMemory): Version {
  return versionOf(memory.fold.state.epoch, memory.fold.state.next);
}

/** Numbers of the rows that changed above a version. */
export function rowsAbove(memory: PartitionMemory, version: Version): Int32Array {
  const { epoch, next } = splitVersion(version);
  return memory.fold.state.changes.changedAbove(epoch, next);
}

/** Integers that wait for a sink; stops counting above `enough`. What was loaded does not wait for a store that has not told its head: it is in memory anyway. */
export function dirtyCells(memory: PartitionMemory, enough: number): number {
  const { changes } = memory.fold.state;
  if (changes.cellCount <= enough) return 0;
  const acknowledged = [memory.redis, memory.clickhouse].map(({ base, blocked }) => (blocked ? positionOf(memory) : (base ?? memory.loadedAt)));
  const { epoch, next } = splitVersion(acknowledged.reduce(earlierOf));
  return changes.cellsAbove(epoch, next, enough);
}

/** Takes closed rows out of the state once both sinks hold their final values. */
export function dropClosedRows(memory: PartitionMemory): number {
  const { redis, clickhouse } = memory;
  if (redis.base === null || clickhouse.base === null) return 0;
  const acknowledged = splitVersion(earlierOf(redis.base, clickhouse.base));
  const { clockMs, changes } = memory.fold.state;
  const closed = changes.closedAt(clockMs, acknowledged.epoch, acknowledged.next);
  const keys = changes.tables.map(({ shape }) => `${shape.metric}/${shape.name}`);
  for (const row of closed) {
    const [epoch, next] = [changes.epochOf(row), changes.nextOf(row)];
    const table = keys[changes.tableNumberOf(row)] as string;
    memory.gone.push({ table, bucket: changes.bucketOf(row), label: changes.labelOf(row), epoch, next });
    const version = versionOf(epoch, next);
    if (version > memory.dropped) memory.dropped = version;
    changes.tableOf(row).drop(row);
  }
  return closed.length;
}

/** Versions are text: the smaller text is the earlier version. */
function earlierOf(one: Version, other: Version): Version {
  if (one < other) return one;
  return other;
}
