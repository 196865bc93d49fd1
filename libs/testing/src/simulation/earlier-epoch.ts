/** What an operator leaves behind who raised the epoch of a topic that had to be created anew: state and figures of the earlier one, to be continued. */
import { formatOf, packBasePiece } from '@tidemark/codec';
import type { PartitionState } from '@tidemark/core';
import { type CellRow, type HeadNote, type LogIdentity, type Manifest, NO_VERSION, type Version } from '@tidemark/pipeline';
import type { Random } from '../generator/random.ts';
import type { MemoryCellStore } from '../twins/cell-store.ts';
import type { MemoryCheckpointStore } from '../twins/checkpoint-store.ts';
import type { Reference } from './reference.ts';
import { PARTITIONER } from './traffic.ts';

/** The first one, more digits in decimal, more in hex, the sign bit, the last one: there doubles cannot tell two positions apart. */
const RAISES = [
  [1, 2],
  [3, 4],
  [255, 256],
  [0x7fff, 0x8000],
  [0xfffe, 0xffff],
] as const;

export interface EarlierEpoch {
  readonly from: number;
  readonly to: number;
  /** Of the earlier epoch. */
  readonly records: number;
}

/** null in three worlds of four: the log is the first one, in epoch 1. */
export function drawEarlierEpoch(random: Random): EarlierEpoch | null {
  if (!random.chance(0.25)) return null;
  const [from, to] = RAISES[random.whole(0, RAISES.length - 1)] ?? RAISES[0];
  return { from, to, records: random.whole(1, 60) };
}

/** Puts the figures of the earlier epoch into a store, closed where its log ended. */
export async function leaveFigures(store: MemoryCellStore, { lineage, partition, version, rows, note }: ReturnType<typeof endOf>): Promise<void> {
  await store.sink.write({ lineage, partition, publishId: 'epoch', index: 0, last: true, target: version, base: NO_VERSION, rows, note });
}

/** The whole prefix, as one publish would bring it. */
export function endOf(
  reference: Reference,
  partitionCount: number,
): { lineage: string; partition: number; version: Version; rows: readonly CellRow[]; note: HeadNote } {
  const { lineage, partition, version } = reference;
  const { clockMs = null, counters = '{}', overflow = false } = reference.factsAt(version) ?? {};
  const times = { publishedAtMs: 0, confirmedAtMs: 0, atEnd: true };
  const note: HeadNote = { ...times, clockMs, counters: JSON.parse(counters), overflow, partitionCount, fingerprint: '' };
  return { lineage, partition, version, rows: reference.rows(), note };
}

/** The state of the earlier epoch at the beginning of the raised one, as the manifest to begin with. */
export async function leaveState(
  checkpoints: MemoryCheckpointStore,
  reference: Reference,
  state: PartitionState,
  identity: LogIdentity,
): Promise<void> {
  const { lineage, partition } = reference;
  const bytes = packBasePiece(state, 0, 1);
  const key = `epoch-${state.epoch}`;
  await checkpoints.store.saveSegment(lineage, partition, key, bytes);
  const manifest: Manifest = {
    ...{ id: key, writer: 'operator', format: formatOf(state, 'base'), lineage, partition, epoch: state.epoch, next: 0, pieces: 1 },
    segments: [{ key, kind: 'base', piece: 0, next: 0, bytes: bytes.length }],
    ...{ dropped: NO_VERSION, partitionCount: identity.partitionCount, partitioner: PARTITIONER },
    ...{ clusterId: identity.clusterId, topicId: identity.topicId, fingerprint: '', fingerprintOffset: -1 },
  };
  await checkpoints.store.replaceManifest(null, manifest);
}
