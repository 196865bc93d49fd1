/** The simulated Redis (cells and checkpoints in one store that may rewind) and ClickHouse, and the ports that a process has to them. */
import type { CellSink, CheckpointStore } from '@tidemark/pipeline';
import { StoreUnavailable } from '@tidemark/pipeline';
import { MemoryCellStore } from '../twins/cell-store.ts';
import { MemoryCheckpointStore } from '../twins/checkpoint-store.ts';
import type { Plant } from './planted.ts';
import type { EngineName, Schedule, SimulatedProcess } from './schedule.ts';

/** As many states of Redis as it may rewind to. */
const HISTORY = 40;

interface RedisState {
  readonly cells: unknown;
  readonly checkpoints: unknown;
}

export interface EngineOptions {
  readonly redisLimits: CellSink['partLimits'];
  readonly clickhouseLimits: CellSink['partLimits'];
  readonly plant: Plant;
}

export class Engines {
  readonly redis: MemoryCellStore;
  readonly checkpoints = new MemoryCheckpointStore();
  readonly clickhouse: MemoryCellStore;
  readonly up: Record<EngineName, boolean> = { redis: true, clickhouse: true };
  readonly #sinks: { readonly redis: CellSink; readonly clickhouse: CellSink };
  readonly #checkpointStore: CheckpointStore;
  #history: RedisState[] = [];

  constructor({ redisLimits, clickhouseLimits, plant }: EngineOptions) {
    this.redis = new MemoryCellStore('redis', { partLimits: redisLimits });
    this.clickhouse = new MemoryCellStore('clickhouse', { partLimits: clickhouseLimits });
    const sinkOf = (store: MemoryCellStore): CellSink => plant.sink?.(store.sink, store) ?? store.sink;
    this.#sinks = { redis: sinkOf(this.redis), clickhouse: sinkOf(this.clickhouse) };
    this.#checkpointStore = plant.checkpoints?.(this.checkpoints.store, this.checkpoints) ?? this.checkpoints.store;
    this.remember();
  }

  /** The ports of one process: each call waits in the schedule. */
  portsOf(owner: SimulatedProcess, schedule: Schedule): { redis: CellSink; clickhouse: CellSink; checkpoints: CheckpointStore } {
    const sink = (inner: CellSink): CellSink => {
      const call = <Answer>(text: string, apply: () => Promise<Answer>): Promise<Answer> =>
        schedule.call(owner, inner.name, text, () => this.#answer(inner.name, apply));
      return {
        name: inner.name,
        partLimits: inner.partLimits,
        head: (lineage, partition) => call(`head ${lineage.slice(0, 4)}:${partition}`, () => inner.head(lineage, partition)),
        write: (part) =>
          call(
            `write ${part.lineage.slice(0, 4)}:${part.partition} ${part.publishId}/${part.index}${part.last ? ' last' : ''} ${part.base}..${part.target} ${part.rows.length} rows`,
            () => inner.write(part),
          ),
        rowsBetween: (lineage, partition, above, upTo) =>
          call(`rowsBetween ${lineage.slice(0, 4)}:${partition} ${above}..${upTo}`, () => inner.rowsBetween(lineage, partition, above, upTo)),
      };
    };
    const store = this.#checkpointStore;
    const call = <Answer>(text: string, apply: () => Promise<Answer>): Promise<Answer> =>
      schedule.call(owner, 'redis', text, () => this.#answer('redis', apply));
    return {
      redis: sink(this.#sinks.redis),
      clickhouse: sink(this.#sinks.clickhouse),
      checkpoints: {
        manifest: (lineage, partition) => call(`manifest ${lineage.slice(0, 4)}:${partition}`, () => store.manifest(lineage, partition)),
        segment: (lineage, partition, key) => call(`segment ${key}`, () => store.segment(lineage, partition, key)),
        saveSegment: (lineage, partition, key, bytes) =>
          call(`saveSegment ${key} ${bytes.length}`, () => store.saveSegment(lineage, partition, key, bytes)),
        replaceManifest: (previousId, manifest) =>
          call(
            `replaceManifest ${manifest.lineage.slice(0, 4)}:${manifest.partition} ${previousId} by ${manifest.id} at ${manifest.next} of ${manifest.segments.length}`,
            () => store.replaceManifest(previousId, manifest),
          ),
      },
    };
  }

  /** What identifies the whole content: equal when nothing changed. */
  content(): readonly unknown[] {
    return [this.redis.snapshot(), this.checkpoints.snapshot(), this.clickhouse.snapshot()];
  }

  /** Keeps the present state of Redis as one to rewind to. */
  remember(): void {
    const state = { cells: this.redis.snapshot(), checkpoints: this.checkpoints.snapshot() };
    const last = this.#history.at(-1);
    if (last !== undefined && last.cells === state.cells && last.checkpoints === state.checkpoints) return;
    this.#history.push(state);
    if (this.#history.length > HISTORY) this.#history.shift();
  }

  /** False when there is no state that far back. */
  rewind(back: number): boolean {
    const state = this.#history.at(-1 - back);
    if (state === undefined || back < 1) return false;
    this.redis.restore(state.cells);
    this.checkpoints.restore(state.checkpoints);
    this.remember();
    return true;
  }

  wipe(): void {
    this.redis.wipe();
    this.checkpoints.wipe();
    this.remember();
  }

  async #answer<Answer>(engine: EngineName, apply: () => Promise<Answer>): Promise<Answer> {
    if (!this.up[engine]) throw new StoreUnavailable(engine, 'away');
    return apply();
  }
}
