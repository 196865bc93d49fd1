/** The port to the store of packed state: segments and one manifest per (lineage, partition). */
import type { Version } from './version.ts';

/** A stored piece of state. `base` pieces together hold all of it at their positions; a `delta` what changed since the manifest before. */
export interface SegmentRef {
  readonly key: string;
  readonly kind: 'base' | 'delta';
  /** Of a base: which of the `pieces`. */
  readonly piece: number;
  /** Position at which it was cut. */
  readonly next: number;
  readonly bytes: number;
}

/** What a partition's state is made of. Replaced only by compare-and-set on the id. */
export interface Manifest {
  readonly id: string;
  /** The writer's incarnation. */
  readonly writer: string;
  /** Epoch ms by the writer's clock, for people; absent from what older releases wrote. */
  readonly savedAtMs?: number;
  readonly format: number;
  readonly lineage: string;
  readonly partition: number;
  readonly epoch: number;
  readonly next: number;
  readonly pieces: number;
  readonly segments: readonly SegmentRef[];
  /** The largest version of a closed row that was dropped from the state. */
  readonly dropped: Version;
  readonly partitionCount: number;
  readonly partitioner: string;
  readonly clusterId: string;
  readonly topicId: string;
  /** Hash of the last folded record and its offset; '' and -1 before the first. */
  readonly fingerprint: string;
  readonly fingerprintOffset: number;
}

export type ReplaceOutcome = 'replaced' | 'other' | 'missing_segment';

/** Every method throws StoreUnavailable on an unknown outcome. */
export interface CheckpointStore {
  manifest(lineage: string, partition: number): Promise<Manifest | null>;
  /** null when the key is absent. */
  segment(lineage: string, partition: number, key: string): Promise<Uint8Array | null>;
  /** Written only if the key is absent (a late copy must not give a named segment its TTL back), with a TTL until a manifest names it. */
  saveSegment(lineage: string, partition: number, key: string, bytes: Uint8Array): Promise<void>;
  /** Atomically: the stored id is `previousId` (null = no manifest), all named segments exist → store, remove their TTL, unlink what the old one named and this one does not. */
  replaceManifest(previousId: string | null, manifest: Manifest): Promise<ReplaceOutcome>;
}
