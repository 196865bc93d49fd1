// Saves a partition's state and brings it back.
/**
 * The order of a checkpoint (design.md §2.1 steps 1 and 4), and what each gap guarantees:
 * 1. All segments are cut at one position, in memory. 2. Segments are written under fresh keys with a TTL: a crash leaves garbage that expires.
 * 3. The manifest is replaced by compare-and-set; only then rows and actors count as saved, and what only the old manifest named is gone.
 */
import {
  BrokenSegment,
  type DeltaSince,
  estimateStateBytes,
  formatOf,
  NewerFormat,
  packBasePiece,
  packDelta,
  SEGMENT_FORMAT,
  unpackSegments,
} from '@tidemark/codec';
import type { PartitionFold } from '@tidemark/core';
import { isBeginningOf, logText } from '../lineages/log-epochs.ts';
import type { CheckpointStore, Manifest, SegmentRef } from '../ports/checkpoint.ts';
import type { LogIdentity } from '../ports/log.ts';
import { StoreUnavailable } from '../ports/sink.ts';
import { NO_VERSION, splitVersion, versionOf } from '../ports/version.ts';
import { emptyMemory, type PartitionMemory, positionOf, type SavedState } from './memory.ts';

const MAX_PIECES = 1024;
const LOAD_TRIES = 5;

export interface CheckpointSizes {
  /** About the size of a piece of the base. */
  readonly pieceBytes: number;
  /** Deltas smaller than this are not worth a rewrite of the base. */
  readonly minDeltaBytes: number;
}

const DEFAULT_SIZES: CheckpointSizes = { pieceBytes: 4 * 1024 * 1024, minDeltaBytes: 256 * 1024 };

export interface CheckpointContext {
  readonly lineage: string;
  readonly partition: number;
  readonly store: CheckpointStore;
  readonly randomId: () => string;
  /** This process's incarnation, and its clock, for people. */
  readonly writer: string;
  readonly nowMs?: () => number;
  readonly partitioner: string;
  readonly identity: LogIdentity;
  readonly newFold: () => PartitionFold;
  readonly sizes?: CheckpointSizes | undefined;
  /** What was read by this manifest before the partition was ours. */
  readonly ahead?: ((manifest: Manifest) => Promise<PartitionMemory | null>) | undefined;
}

interface Segment {
  readonly ref: SegmentRef;
  readonly bytes: Uint8Array;
}

/** `saved`, `unchanged`; `moved`: another manifest is stored, load before going on; `retry`: unknown outcome. */
export type SaveResult = { readonly result: 'saved'; readonly bytes: number } | { readonly result: 'unchanged' | 'moved' | 'retry' };

export async function saveCheckpoint(memory: PartitionMemory, context: CheckpointContext): Promise<SaveResult> {
  const { state } = memory.fold;
  if (!memory.saved.full && state.next === memory.saved.next && memory.gone.length === 0) return { result: 'unchanged' };
  const previousId = memory.saved.manifestId;
  const goneAtCut = memory.gone.length;
  const touched = state.touched.cut();
  const { segments, saved } = cutSegments(memory, touched, context);
  const manifest = manifestOf(memory, saved, context);
  try {
    for (const { ref, bytes } of segments) await context.store.saveSegment(context.lineage, context.partition, ref.key, bytes);
    const outcome = await replaced(context, previousId, manifest);
    if (outcome === 'missing_segment') memory.saved.full = true;
    if (outcome !== 'replaced') return { result: outcome === 'other' ? 'moved' : 'retry' };
  } catch (error) {
    if (error instanceof StoreUnavailable) return { result: 'retry' };
    throw error;
  }
  Object.assign(memory.saved, saved);
  memory.gone.splice(0, goneAtCut);
  state.touched.saved(touched.generation);
  return { result: 'saved', bytes: segments.reduce((sum, segment) => sum + segment.ref.bytes, 0) };
}

/** An unknown outcome is read back: our own id means done. */
async function replaced(context: CheckpointContext, previousId: string | null, manifest: Manifest): ReturnType<CheckpointStore['replaceManifest']> {
  try {
    return await context.store.replaceManifest(previousId, manifest);
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    const stored = await context.store.manifest(context.lineage, context.partition);
    return stored?.id === manifest.id ? 'replaced' : 'other';
  }
}

function cutSegments(
  memory: PartitionMemory,
  { slots, whole }: Pick<DeltaSince, 'slots' | 'whole'>,
  context: CheckpointContext,
): { segments: Segment[]; saved: SavedState } {
  const { saved } = memory;
  const { state } = memory.fold;
  const sizes = context.sizes ?? DEFAULT_SIZES;
  const segmentOf = (kind: SegmentRef['kind'], piece: number, bytes: Uint8Array): Segment => ({
    ref: { key: context.randomId(), kind, piece, next: state.next, bytes: bytes.length },
    bytes,
  });
  const covered = { manifestId: null, next: state.next, version: positionOf(memory), idsAdded: state.duplicates.added, full: false };
  if (saved.full || saved.pieces === 0) {
    const pieces = choosePieces(estimateStateBytes(state), sizes);
    const segments = Array.from({ length: pieces }, (_, piece) => segmentOf('base', piece, packBasePiece(state, piece, pieces)));
    return { segments, saved: { ...covered, segments: segments.map(({ ref }) => ref), pieces, rotation: null } };
  }
  const since = {
    slots,
    whole,
    rowsAbove: splitVersion(saved.version),
    idsFrom: saved.idsAdded,
    dropped: memory.gone,
  };
  const segments = packDelta(state, since).map((bytes) => segmentOf('delta', 0, bytes));
  const piece = saved.rotation ?? (needsRotation(saved, sizes) ? 0 : null);
  if (piece !== null) segments.push(segmentOf('base', piece, packBasePiece(state, piece, saved.pieces)));
  const bases = [
    ...saved.segments.filter((ref) => ref.kind === 'base' && ref.piece !== piece),
    ...segments.map(({ ref }) => ref).filter((ref) => ref.kind === 'base'),
  ];
  // A delta leaves only together with all older ones, once every piece is newer: one of equal position may name rows that were dropped after the piece was cut.
  const oldest = Math.min(...bases.map((ref) => ref.next));
  const deltas = [
    ...saved.segments.filter((ref) => ref.kind === 'delta' && ref.next >= oldest),
    ...segments.map(({ ref }) => ref).filter((ref) => ref.kind === 'delta'),
  ];
  const grown = bases.reduce((sum, ref) => sum + ref.bytes, 0) > 2 * saved.pieces * sizes.pieceBytes && saved.pieces < MAX_PIECES;
  const rotation = piece === null || piece + 1 >= saved.pieces ? null : piece + 1;
  return { segments, saved: { ...covered, segments: [...bases, ...deltas], pieces: saved.pieces, rotation, full: grown && rotation === null } };
}

/** Deltas have outgrown the base: what is written of bases is then about as much as of deltas, and what a load reads at most twice the base. */
function needsRotation(saved: SavedState, sizes: CheckpointSizes): boolean {
  let base = 0;
  let delta = 0;
  for (const ref of saved.segments) {
    if (ref.kind === 'base') base += ref.bytes;
    else delta += ref.bytes;
  }
  return delta > Math.max(sizes.minDeltaBytes, base);
}

function choosePieces(stateBytes: number, sizes: CheckpointSizes): number {
  let pieces = 1;
  while (pieces * sizes.pieceBytes < stateBytes && pieces < MAX_PIECES) pieces *= 2;
  return pieces;
}

function manifestOf(memory: PartitionMemory, saved: SavedState, context: CheckpointContext): Manifest {
  const { identity } = context;
  const id = context.randomId();
  saved.manifestId = id;
  return {
    id,
    writer: context.writer,
    ...(context.nowMs === undefined ? {} : { savedAtMs: context.nowMs() }),
    format: formatOf(memory.fold.state, saved.segments.some(({ kind }) => kind === 'delta') ? 'delta' : 'base'),
    lineage: context.lineage,
    partition: context.partition,
    epoch: memory.fold.state.epoch,
    next: saved.next,
    pieces: saved.pieces,
    segments: saved.segments,
    dropped: memory.dropped,
    partitionCount: identity.partitionCount,
    partitioner: context.partitioner,
    clusterId: identity.clusterId,
    topicId: identity.topicId,
    fingerprint: memory.fingerprint,
    fingerprintOffset: memory.fingerprintOffset,
  };
}

/** `memory` to go on with, or the reason why this partition must halt. `loaded`: it came from the store, not from what we held. */
export type LoadResult = { readonly memory: PartitionMemory; readonly loaded: boolean } | { readonly halt: string };

/** What to go on with, given what we hold. Throws StoreUnavailable: unreachable is not absent. */
export async function loadMemory(current: PartitionMemory | null, context: CheckpointContext): Promise<LoadResult> {
  let triedId: string | null = null;
  for (let tries = 0; ; tries++) {
    const manifest = await context.store.manifest(context.lineage, context.partition);
    if (manifest === null) return { memory: rebased(current ?? emptyMemory(context.newFold()), null), loaded: false };
    const halt = refusal(manifest, context);
    if (halt !== null) return { halt };
    if (current !== null && manifest.id === current.saved.manifestId) return { memory: current, loaded: false };
    const ahead = current === null ? ((await context.ahead?.(manifest)) ?? null) : null;
    if (ahead !== null) return { memory: ahead, loaded: true };
    // The store has rewound, or someone is behind us: a shorter manifest is overwritten from memory.
    if (current !== null && manifest.next < current.fold.state.next) return { memory: rebased(current, manifest.id), loaded: false };
    const segments = await readSegments(manifest, context);
    if (segments !== null) return unpacked(manifest, segments, context);
    // Replaced while we read: start over. Named and missing again and again: the store has lost state, and what we hold, or else the log, must give it back.
    if (manifest.id !== triedId) tries = 0;
    triedId = manifest.id;
    if (tries >= LOAD_TRIES) return { memory: rebased(current ?? emptyMemory(context.newFold()), manifest.id), loaded: false };
  }
}

/** Memory that must be saved as a full base over whatever manifest is stored. */
function rebased(memory: PartitionMemory, manifestId: string | null): PartitionMemory {
  memory.saved.full = true;
  memory.saved.manifestId = manifestId;
  return memory;
}

/** Why a manifest must not be continued by this process, or null. */
export function refusal(manifest: Manifest, context: Pick<CheckpointContext, 'identity' | 'partitioner'>): string | null {
  const { identity } = context;
  if (manifest.format > SEGMENT_FORMAT) return `the state is written in format ${manifest.format}, newer than this program reads (${SEGMENT_FORMAT})`;
  const { partition, next } = manifest;
  const isOfThisLog = isBeginningOf(identity, { log: logText(manifest), partition, next });
  const log: [string, string, string][] = [
    ['cluster', manifest.clusterId, identity.clusterId],
    ['topic', manifest.topicId, identity.topicId],
  ];
  const guarded: [string, string | number, string | number][] = [
    ['partition count', manifest.partitionCount, identity.partitionCount],
    ['partitioner', manifest.partitioner, context.partitioner],
    ...(isOfThisLog ? [] : log),
  ];
  for (const [name, stored, now] of guarded) if (stored !== now) return `the ${name} of the log is ${now}, the state was folded with ${stored}`;
  return null;
}

async function readSegments(manifest: Manifest, context: CheckpointContext): Promise<{ next: number; bytes: Uint8Array }[] | null> {
  const segments: { next: number; bytes: Uint8Array }[] = [];
  for (const ref of manifest.segments) {
    const bytes = await context.store.segment(context.lineage, context.partition, ref.key);
    if (bytes === null) return null;
    segments.push({ next: ref.next, bytes });
  }
  return segments;
}

function unpacked(manifest: Manifest, segments: readonly { next: number; bytes: Uint8Array }[], context: CheckpointContext): LoadResult {
  const memory = emptyMemory(context.newFold());
  const { state } = memory.fold;
  try {
    unpackSegments(state, segments);
  } catch (error) {
    if (error instanceof BrokenSegment || error instanceof NewerFormat)
      return { halt: `the stored state of position ${manifest.next} cannot be read: ${error.message}` };
    throw error;
  }
  state.epoch = manifest.epoch;
  state.next = manifest.next;
  memory.loadedAt = versionOf(manifest.epoch, manifest.next);
  memory.dropped = manifest.dropped;
  memory.fingerprint = manifest.fingerprint;
  memory.fingerprintOffset = manifest.fingerprintOffset;
  Object.assign(memory.saved, {
    manifestId: manifest.id,
    segments: manifest.segments,
    pieces: manifest.pieces,
    next: manifest.next,
    version: manifest.next > 0 ? versionOf(manifest.epoch, manifest.next) : NO_VERSION,
    idsAdded: state.duplicates.added,
    full: false,
    rotation: null,
  } satisfies SavedState);
  return { memory, loaded: true };
}
