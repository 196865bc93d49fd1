/** Brings a copied state back into the store of checkpoints: the newest that is whole and was folded from this very log. */
import { type CheckpointContext, refusal } from '../partition/checkpoint.ts';
import type { CheckpointStore, Manifest } from '../ports/checkpoint.ts';
import { StoreUnavailable } from '../ports/sink.ts';
import type { SnapshotSlot, SnapshotStore } from '../ports/snapshot.ts';
import { partHash, readContents, type SnapshotContents } from './snapshot-contents.ts';

export interface RestoreOptions extends Pick<CheckpointContext, 'identity' | 'partitioner' | 'lineage' | 'partition'> {
  readonly checkpoints: CheckpointStore;
  readonly snapshots: SnapshotStore;
  /** A copy that is not taken, and why. */
  readonly passedOver: (why: string) => void;
}

interface Copy extends SnapshotContents {
  readonly slot: SnapshotSlot;
  readonly id: string;
}

/** The manifest that is stored now: ours, or that of who was faster; null when there is nothing to bring back. Throws StoreUnavailable. */
export async function restoreState(options: RestoreOptions): Promise<Manifest | null> {
  const { checkpoints, lineage, partition } = options;
  for (const copy of await copies(options)) {
    if (!(await broughtBack(options, copy))) continue;
    const outcome = await checkpoints.replaceManifest(null, copy.manifest);
    if (outcome === 'replaced') return copy.manifest;
    const stored = await checkpoints.manifest(lineage, partition);
    if (stored !== null) return stored;
    throw new StoreUnavailable('checkpoint', `the copied state of partition ${partition} of ${lineage} could not be brought back: ${outcome}`);
  }
  return null;
}

/** Those that may be taken, the longest first. */
async function copies({ snapshots, lineage, partition, identity, partitioner, passedOver }: RestoreOptions): Promise<readonly Copy[]> {
  const found: Copy[] = [];
  for (const part of await snapshots.contents(lineage, partition)) {
    const contents = readContents(part);
    const why = contents === null ? 'its table of contents cannot be read' : misfit(contents.manifest);
    if (contents !== null && why === null) found.push({ ...contents, slot: part.slot, id: part.id });
    else passedOver(`the copy in slot ${part.slot} is passed over: ${why}`);
  }
  return found.sort((a, b) => b.manifest.epoch - a.manifest.epoch || b.manifest.next - a.manifest.next);

  function misfit(manifest: Manifest): string | null {
    if (manifest.lineage !== lineage || manifest.partition !== partition) return 'it is of another partition';
    return refusal(manifest, { identity, partitioner });
  }
}

/** Writes all segments, under the keys that the manifest names; false when one of them is not what was copied. */
async function broughtBack({ checkpoints, snapshots, lineage, partition, passedOver }: RestoreOptions, copy: Copy): Promise<boolean> {
  for (const { key, bytes: expected } of copy.manifest.segments) {
    const pieces: Uint8Array[] = [];
    for (const number of copy.parts.get(key) ?? []) {
      const part = await snapshots.part(lineage, partition, copy.slot, number);
      if (part !== null && part.id === copy.id && partHash(part.bytes) === part.hash) pieces.push(part.bytes);
    }
    const bytes = Buffer.concat(pieces);
    if (bytes.length !== expected) {
      passedOver(`the copy of position ${copy.manifest.next} in slot ${copy.slot} is passed over: segment ${key} is damaged`);
      return false;
    }
    await checkpoints.saveSegment(lineage, partition, key, bytes);
  }
  return true;
}
