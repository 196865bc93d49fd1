/** An in-memory checkpoint store with the promises of Redis, for tests and the simulator. */
import type { CheckpointStore, Manifest, ReplaceOutcome } from '@tidemark/pipeline';
import { type Intercept, underIntercept } from './calls.ts';

interface StoredSegment {
  readonly bytes: Uint8Array;
  /** True until a manifest names it: it may vanish. */
  readonly expires: boolean;
}

interface StoredState {
  readonly manifest: Manifest | null;
  readonly segments: ReadonlyMap<string, StoredSegment>;
}

const EMPTY: StoredState = { manifest: null, segments: new Map() };

/** Owns manifests and segments of all lineages and partitions. `store` may be shared by any number of workers. */
export class MemoryCheckpointStore {
  readonly store: CheckpointStore;
  intercept: Intercept | undefined;
  #states: ReadonlyMap<string, StoredState> = new Map();

  constructor(options: { readonly intercept?: Intercept } = {}) {
    this.intercept = options.intercept;
    const call = <Answer>(method: string, lineage: string, partition: number, apply: () => Answer): Promise<Answer> =>
      underIntercept(this.intercept, { store: 'checkpoint', method, lineage, partition }, apply);
    this.store = {
      manifest: (lineage, partition) => call('manifest', lineage, partition, () => this.#at(lineage, partition).manifest),
      segment: (lineage, partition, key) => call('segment', lineage, partition, () => this.#at(lineage, partition).segments.get(key)?.bytes ?? null),
      saveSegment: (lineage, partition, key, bytes) => {
        const kept = Uint8Array.from(bytes);
        return call('saveSegment', lineage, partition, () => {
          const state = this.#at(lineage, partition);
          if (state.segments.has(key)) return;
          this.#put(lineage, partition, { ...state, segments: new Map(state.segments).set(key, { bytes: kept, expires: true }) });
        });
      },
      replaceManifest: (previousId, manifest) => {
        const kept = structuredClone(manifest);
        return call('replaceManifest', manifest.lineage, manifest.partition, () => this.#replace(previousId, kept));
      },
    };
  }

  manifestOf(lineage: string, partition: number): Manifest | null {
    return this.#at(lineage, partition).manifest;
  }

  /** The keys of all segments that are there, and whether each may expire. */
  segmentsOf(lineage: string, partition: number): ReadonlyMap<string, { readonly expires: boolean }> {
    return this.#at(lineage, partition).segments;
  }

  /** Lets every TTL run out at once. */
  expire(): void {
    const living = (state: StoredState): StoredState => ({
      ...state,
      segments: new Map([...state.segments].filter(([, segment]) => !segment.expires)),
    });
    this.#states = new Map([...this.#states].map(([key, state]) => [key, living(state)]));
  }

  /** The whole content; `restore` brings it back: a store that rewinds. Cheap: nothing is copied. */
  snapshot(): unknown {
    return this.#states;
  }

  restore(snapshot: unknown): void {
    if (!(snapshot instanceof Map)) throw new TypeError('not a snapshot of this store');
    this.#states = snapshot;
  }

  wipe(): void {
    this.#states = new Map();
  }

  #replace(previousId: string | null, manifest: Manifest): ReplaceOutcome {
    const state = this.#at(manifest.lineage, manifest.partition);
    if ((state.manifest?.id ?? null) !== previousId) return 'other';
    const named = new Set(manifest.segments.map((segment) => segment.key));
    if ([...named].some((key) => !state.segments.has(key))) return 'missing_segment';
    const unlinked = new Set((state.manifest?.segments ?? []).map((segment) => segment.key).filter((key) => !named.has(key)));
    const left = [...state.segments].filter(([key]) => !unlinked.has(key));
    const segments = new Map(left.map(([key, segment]) => [key, named.has(key) ? { ...segment, expires: false } : segment]));
    this.#put(manifest.lineage, manifest.partition, { manifest, segments });
    return 'replaced';
  }

  #at(lineage: string, partition: number): StoredState {
    return this.#states.get(`${lineage}:${partition}`) ?? EMPTY;
  }

  #put(lineage: string, partition: number, next: StoredState): void {
    this.#states = new Map(this.#states).set(`${lineage}:${partition}`, next);
  }
}
