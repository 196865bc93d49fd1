/** A store of checkpoints that has a second one behind it: saved state is copied there now and then, and comes back from there where the first store has lost it. */
import type { CheckpointContext } from '../partition/checkpoint.ts';
import type { CheckpointStore, Manifest } from '../ports/checkpoint.ts';
import { StoreUnavailable } from '../ports/sink.ts';
import type { SnapshotStore } from '../ports/snapshot.ts';
import type { Repetition, RuntimeClock } from '../ports/time.ts';
import { copyState, newestOf } from './copy-state.ts';
import { restoreState } from './restore-state.ts';

export interface SnapshotOptions extends Pick<CheckpointContext, 'identity' | 'partitioner' | 'randomId'> {
  readonly checkpoints: CheckpointStore;
  readonly snapshots: SnapshotStore;
  readonly clock: RuntimeClock;
  /** Between two copies of a partition; the first ones are spread over it. 0: nothing is copied, and what is there is still brought back. */
  readonly intervalMs: number;
  readonly report?: (event: SnapshotEvent) => void;
}

export type SnapshotEvent = { readonly lineage: string; readonly partition: number } & (
  | { readonly event: 'copied'; readonly next: number; readonly bytes: number }
  | { readonly event: 'restored'; readonly next: number }
  | { readonly event: 'copy_failed' | 'copy_passed_over'; readonly why: string }
);

export interface Snapshots {
  readonly checkpoints: CheckpointStore;
  /** Epoch ms of the newest copy of what was saved through us; null while none is known. */
  copiedAtMs(lineage: string, partition: number): number | null;
  /** Ends a copy under way, which is then nothing; the one before stays. */
  stop(): Promise<void>;
}

interface Known {
  readonly lineage: string;
  readonly partition: number;
  readonly seenAtMs: number;
  /** Of the last manifest that was stored through us. */
  manifestId: string;
  copiedId: string;
  /** Of the newest copy, whoever made it; null while none is known. */
  copiedAtMs: number | null;
  /** Null until the second store was asked when it was last copied. */
  dueAtMs: number | null;
}

const LOOK_MS = 1_000;
const RETRY_MS = 60_000;

export function createSnapshots(options: SnapshotOptions): Snapshots {
  const { checkpoints, snapshots, clock, identity, partitioner, intervalMs, report = () => undefined } = options;
  const known = new Map<string, Known>();
  const copier = intervalMs > 0 ? startCopies(options, known) : null;
  const store: CheckpointStore = {
    ...checkpoints,
    async manifest(lineage, partition) {
      const stored = await checkpoints.manifest(lineage, partition);
      if (stored !== null) return stored;
      const passedOver = (why: string): void => report({ event: 'copy_passed_over', lineage, partition, why });
      const restored = await restoreState({ checkpoints, snapshots, identity, partitioner, lineage, partition, passedOver }).catch(
        (error: unknown) => {
          // A table that is not there yet, or must not be read, is unreachable, not absent.
          throw error instanceof StoreUnavailable ? error : new StoreUnavailable('snapshot', error instanceof Error ? error.message : String(error));
        },
      );
      if (restored !== null) report({ event: 'restored', lineage, partition, next: restored.next });
      return restored;
    },
    async replaceManifest(previousId, manifest) {
      const outcome = await checkpoints.replaceManifest(previousId, manifest);
      if (outcome === 'replaced') note(known, manifest, clock.nowMs());
      return outcome;
    },
  };
  return {
    checkpoints: store,
    copiedAtMs: (lineage, partition) => known.get(`${lineage}:${partition}`)?.copiedAtMs ?? null,
    stop: async () => {
      await copier?.stop();
    },
  };
}

function note(known: Map<string, Known>, { lineage, partition, id }: Manifest, nowMs: number): void {
  const key = `${lineage}:${partition}`;
  const before = known.get(key);
  if (before !== undefined) before.manifestId = id;
  else known.set(key, { lineage, partition, seenAtMs: nowMs, manifestId: id, copiedId: '', copiedAtMs: null, dueAtMs: null });
}

/** One after the other, beside whatever else goes on. */
function startCopies(options: SnapshotOptions, known: ReadonlyMap<string, Known>): Repetition {
  const { clock, intervalMs, report = () => undefined } = options;
  let stopped = false;
  const round = async (): Promise<void> => {
    for (const each of known.values()) {
      if (stopped) return;
      try {
        await copyWhenDue(options, each, () => !stopped);
      } catch (error) {
        each.dueAtMs = clock.nowMs() + Math.min(RETRY_MS, intervalMs);
        const { lineage, partition } = each;
        report({ event: 'copy_failed', lineage, partition, why: error instanceof Error ? error.message : String(error) });
      }
    }
  };
  const repetition = clock.every(Math.min(LOOK_MS, intervalMs), round);
  return {
    stop: async () => {
      stopped = true;
      await repetition.stop();
    },
  };
}

async function copyWhenDue(options: SnapshotOptions, each: Known, goesOn: () => boolean): Promise<void> {
  const { checkpoints, snapshots, clock, intervalMs, identity, randomId, report = () => undefined } = options;
  const { lineage, partition, manifestId } = each;
  const nowMs = clock.nowMs();
  if (manifestId === each.copiedId || (each.dueAtMs !== null && nowMs < each.dueAtMs)) return;
  // Somebody else, or we before a restart, may have copied it a short while ago.
  const newest = newestOf(await snapshots.contents(lineage, partition));
  const spreadMs = (intervalMs * (partition + 1)) / identity.partitionCount;
  each.copiedAtMs = newest?.savedAtMs ?? each.copiedAtMs;
  each.dueAtMs = newest === null ? each.seenAtMs + spreadMs : newest.savedAtMs + intervalMs;
  if (nowMs < each.dueAtMs) return;
  const copied = await copyState({ checkpoints, snapshots, lineage, partition, id: randomId(), nowMs, goesOn });
  if (copied.result === 'copied') report({ event: 'copied', lineage, partition, next: copied.next, bytes: copied.bytes });
  if (copied.result === 'unstable') throw new Error('the state was replaced faster than it could be copied');
  if (copied.result === 'ended') return;
  each.copiedId = manifestId;
  each.copiedAtMs = nowMs;
  each.dueAtMs = clock.nowMs() + intervalMs;
}
