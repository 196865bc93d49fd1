/** Copies a partition's saved state, while its owner goes on saving, into the older of its two slots. */
// The order, and what each gap guarantees:
// 1. The segments that the manifest names are copied one by one. One that the owner has replaced meanwhile sends us back to the manifest as it is now:
//    what both name is copied already, so that each round has less to do.
// 2. The table of contents is written last. A copy that breaks off before is nothing, and the other slot still has the one before.
import type { CheckpointStore, Manifest } from '../ports/checkpoint.ts';
import type { SnapshotPart, SnapshotSlot, SnapshotStore } from '../ports/snapshot.ts';
import { contentsBytes, partHash, readContents } from './snapshot-contents.ts';

export interface CopyOptions {
  readonly checkpoints: CheckpointStore;
  readonly snapshots: SnapshotStore;
  readonly lineage: string;
  readonly partition: number;
  readonly id: string;
  readonly nowMs: number;
  /** False ends the copy where it is. */
  readonly goesOn: () => boolean;
}

/** `unstable`: the state was replaced faster than it could be copied. */
export type CopyResult =
  | { readonly result: 'copied'; readonly next: number; readonly bytes: number }
  | { readonly result: 'absent' | 'same' | 'unstable' | 'ended' };

const PART_BYTES = 4 * 1024 * 1024;
const ROUNDS = 20;

/** Throws StoreUnavailable. */
export async function copyState(options: CopyOptions): Promise<CopyResult> {
  const { checkpoints, snapshots, lineage, partition } = options;
  const there = await snapshots.contents(lineage, partition);
  const newest = newestOf(there);
  const copy = createCopy(options, newest?.slot === 0 ? 1 : 0, Math.max(options.nowMs, ...there.map(({ savedAtMs }) => savedAtMs + 1)));
  for (let round = 0; round < ROUNDS; round++) {
    const manifest = await checkpoints.manifest(lineage, partition);
    if (manifest === null) return { result: 'absent' };
    if (newest !== null && readContents(newest)?.manifest.id === manifest.id) return { result: 'same' };
    const whole = await copy.segmentsOf(manifest);
    if (!options.goesOn()) return { result: 'ended' };
    if (whole) return { result: 'copied', next: manifest.next, bytes: await copy.finish(manifest) };
  }
  return { result: 'unstable' };
}

/** The copy that must not be written over: the latest that has a table of contents. */
export function newestOf(contents: readonly SnapshotPart[]): SnapshotPart | null {
  const readable = contents.filter((part) => readContents(part) !== null);
  return readable.sort((a, b) => b.savedAtMs - a.savedAtMs)[0] ?? null;
}

function createCopy({ checkpoints, snapshots, lineage, partition, id, goesOn }: CopyOptions, slot: SnapshotSlot, savedAtMs: number) {
  const parts = new Map<string, readonly number[]>();
  let count = 0;
  let copiedBytes = 0;
  const save = async (part: number, bytes: Uint8Array): Promise<void> => {
    await snapshots.save(lineage, partition, { slot, id, part, savedAtMs, bytes, hash: partHash(bytes) });
    copiedBytes += bytes.length;
  };
  return {
    /** False when a segment is gone, or the copy is to end. */
    segmentsOf: async ({ segments }: Manifest): Promise<boolean> => {
      for (const { key } of segments) {
        if (parts.has(key)) continue;
        const bytes = goesOn() ? await checkpoints.segment(lineage, partition, key) : null;
        if (bytes === null) return false;
        const numbers: number[] = [];
        for (let at = 0; at < bytes.length; at += PART_BYTES) {
          count += 1;
          await save(count, bytes.subarray(at, at + PART_BYTES));
          numbers.push(count);
        }
        parts.set(key, numbers);
      }
      return true;
    },
    /** Answers the bytes that were copied. */
    finish: async (manifest: Manifest): Promise<number> => {
      const named = manifest.segments.map(({ key }): [string, readonly number[]] => [key, parts.get(key) ?? []]);
      await save(0, contentsBytes({ manifest, parts: new Map(named) }));
      return copiedBytes;
    },
  };
}
