/** An in-memory second store of packed state with the promises of ClickHouse. */
import type { SnapshotPart, SnapshotStore } from '@tidemark/pipeline';
import { type Intercept, underIntercept } from './calls.ts';

/** Owns the copies of all lineages and partitions. */
export class MemorySnapshotStore {
  readonly store: SnapshotStore;
  intercept: Intercept | undefined;
  readonly #parts = new Map<string, SnapshotPart>();

  constructor(options: { readonly intercept?: Intercept } = {}) {
    this.intercept = options.intercept;
    const call = <Answer>(method: string, lineage: string, partition: number, apply: () => Answer): Promise<Answer> =>
      underIntercept(this.intercept, { store: 'snapshot', method, lineage, partition }, apply);
    const keyOf = (lineage: string, partition: number, slot: number, part: number): string => `${lineage}:${partition}:${slot}:${part}`;
    this.store = {
      contents: (lineage, partition) =>
        call('contents', lineage, partition, () =>
          [0, 1].flatMap((slot) => this.#parts.get(keyOf(lineage, partition, slot, 0)) ?? []).filter(({ bytes }) => bytes.length > 0),
        ),
      part: (lineage, partition, slot, part) =>
        call('part', lineage, partition, () => this.#parts.get(keyOf(lineage, partition, slot, part)) ?? null),
      save: (lineage, partition, part) => {
        const kept = { ...part, bytes: Uint8Array.from(part.bytes) };
        return call('save', lineage, partition, () => {
          const key = keyOf(lineage, partition, part.slot, part.part);
          const before = this.#parts.get(key);
          // Of two the later one stays, whichever came last.
          if (before === undefined || before.savedAtMs <= kept.savedAtMs) this.#parts.set(key, kept);
        });
      },
      forget: (lineage) =>
        call('forget', lineage, 0, () => {
          const full = [...this.#parts].filter(([key, { bytes }]) => key.startsWith(`${lineage}:`) && bytes.length > 0);
          for (const [key, part] of full)
            this.#parts.set(key, { ...part, id: '', savedAtMs: part.savedAtMs + 1, bytes: new Uint8Array(0), hash: '' });
          return full.length;
        }),
    };
  }

  /** All parts, by `lineage:partition:slot:part`. */
  get parts(): ReadonlyMap<string, SnapshotPart> {
    return this.#parts;
  }

  /** Changes a stored byte behind everybody's back. */
  damage(key: string): void {
    const part = this.#parts.get(key);
    if (part === undefined) throw new RangeError(`no part ${key}`);
    const bytes = Uint8Array.from(part.bytes);
    bytes[0] = (bytes[0] ?? 0) ^ 1;
    this.#parts.set(key, { ...part, bytes });
  }
}
