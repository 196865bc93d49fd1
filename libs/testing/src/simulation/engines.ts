/** The simulated Redis (cells and checkpoints in one store that may rewind) and ClickHouse (cells and archive), and the ports that a process has to them. */
import type { Archive, CellReader, CellSink, CheckpointStore, PublishPart } from '@tidemark/pipeline';
import { StoreFull, StoreUnavailable } from '@tidemark/pipeline';
import { MemoryArchive } from '../twins/archive.ts';
import { MemoryCellStore } from '../twins/cell-store.ts';
import { MemoryCheckpointStore } from '../twins/checkpoint-store.ts';
import type { Plant } from './planted.ts';
import type { Schedule, SimulatedProcess } from './schedule.ts';
import { type Engine, publishStep, STEPS, type Step } from './steps.ts';
import type { Tally } from './tally.ts';

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
  readonly tally: Tally;
  /** Told what reached the archive. */
  readonly archived: { readonly records: Archive['insert']; readonly link: Archive['extendChain'] };
}

const AWAY = { redis: 'Redis away', clickhouse: 'ClickHouse away', log: 'log away' } as const;
const HEAD = { redis: 'worker: read the head in Redis', clickhouse: 'worker: read the head in ClickHouse' } as const;
const DROPPED = { redis: 'worker: fetch dropped rows from Redis', clickhouse: 'worker: fetch dropped rows from ClickHouse' } as const;
const HEADS = { redis: 'answer: read heads in Redis', clickhouse: 'answer: read heads in ClickHouse' } as const;
const ROWS = { redis: 'answer: read rows in Redis', clickhouse: 'answer: read rows in ClickHouse' } as const;

export class Engines {
  readonly redis: MemoryCellStore;
  readonly checkpoints = new MemoryCheckpointStore();
  readonly clickhouse: MemoryCellStore;
  readonly archive = new MemoryArchive();
  readonly up: Record<Engine, boolean> = { redis: true, clickhouse: true, log: true };
  /** Redis refuses what writes. */
  full = false;
  /** ClickHouse refuses what inserts. */
  tooManyParts = false;
  /** ClickHouse answers nobody in time; what it was sent it applies when it goes on. */
  stalled = false;
  readonly #sinks: { readonly redis: CellSink; readonly clickhouse: CellSink };
  readonly #checkpointStore: CheckpointStore;
  readonly #options: EngineOptions;
  #history: RedisState[] = [];
  /** What an operator puts back when the checkpoints are lost. */
  #kept: unknown = this.checkpoints.snapshot();

  constructor(options: EngineOptions) {
    const { redisLimits, clickhouseLimits, plant } = options;
    this.#options = options;
    this.redis = new MemoryCellStore('redis', { partLimits: redisLimits });
    this.clickhouse = new MemoryCellStore('clickhouse', { partLimits: clickhouseLimits });
    const sinkOf = (store: MemoryCellStore): CellSink => plant.sink?.(store.sink, store) ?? store.sink;
    this.#sinks = { redis: sinkOf(this.redis), clickhouse: sinkOf(this.clickhouse) };
    this.#checkpointStore = plant.checkpoints?.(this.checkpoints.store, this.checkpoints) ?? this.checkpoints.store;
    this.remember();
  }

  /** The stores of one worker: each call waits in the schedule. */
  portsOf(owner: SimulatedProcess, schedule: Schedule): { redis: CellSink; clickhouse: CellSink; checkpoints: CheckpointStore } {
    const call = this.callsOf(owner, schedule);
    const store = this.#checkpointStore;
    return {
      redis: sinkPort(this.#sinks.redis, call),
      clickhouse: sinkPort(this.#sinks.clickhouse, call),
      checkpoints: {
        manifest: (lineage, partition) => call('worker: read the manifest', place(lineage, partition), () => store.manifest(lineage, partition)),
        segment: (lineage, partition, key) => call('worker: read a segment', key, () => store.segment(lineage, partition, key)),
        saveSegment: (lineage, partition, key, bytes) =>
          call('worker: write a segment', `${key} ${bytes.length}`, () => store.saveSegment(lineage, partition, key, bytes)),
        replaceManifest: (previousId, manifest) => {
          const { lineage, partition, id, next, segments } = manifest;
          const text = `${place(lineage, partition)} ${previousId} by ${id} at ${next} of ${segments.length}`;
          return call('worker: replace the manifest', text, () => store.replaceManifest(previousId, manifest));
        },
      },
    };
  }

  /** The archive as one archiver calls it. */
  archiveOf(owner: SimulatedProcess, schedule: Schedule): Archive {
    const call = this.callsOf(owner, schedule);
    const { archive } = this.archive;
    const { archived, plant } = this.#options;
    const inner = plant.archive?.(archive, this.archive) ?? archive;
    return {
      insert: (records) =>
        call('archiver: insert records', records.map(({ partition, offset }) => `${partition}:${offset}`).join(' '), async () => {
          await inner.insert(records);
          await archived.records(records);
        }),
      extendChain: (chunk) =>
        call('archiver: extend the chain', `${chunk.partition}: ${chunk.from}..${chunk.to} of ${chunk.count}`, async () => {
          await inner.extendChain(chunk);
          await archived.link(chunk);
        }),
      chainEnd: (epoch, partition) => call('archiver: ask for the end of the chain', `${partition}`, () => inner.chainEnd(epoch, partition)),
      lastRecord: (epoch, partition, below) =>
        call('archiver: ask for the end of the chain', `${partition}, its last record`, () => inner.lastRecord(epoch, partition, below)),
    };
  }

  /** What the answer code reads from. */
  readersOf(owner: SimulatedProcess, schedule: Schedule): { redis: CellReader; clickhouse: CellReader } {
    const call = this.callsOf(owner, schedule);
    const port = (store: MemoryCellStore): CellReader => {
      const inner = this.#options.plant.reader?.(store.reader, store) ?? store.reader;
      return {
        name: inner.name,
        heads: (lineage, partitions) => call(HEADS[inner.name], lineage.slice(0, 4), () => inner.heads(lineage, partitions)),
        read: (lineage, partitions, ranges, since) =>
          call(ROWS[inner.name], `${lineage.slice(0, 4)}:${partitions.join(',')}`, () => inner.read(lineage, partitions, ranges, since)),
      };
    };
    return { redis: port(this.redis), clickhouse: port(this.clickhouse) };
  }

  /** Calls of one process by their step; the step's engine decides what becomes of each. */
  callsOf(owner: SimulatedProcess, schedule: Schedule): CallOf {
    return (step, text, apply) => {
      const { engine } = STEPS[step];
      return schedule.call(owner, { engine: engine ?? 'log', step, text }, () => this.#answer(step, apply));
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

  /** The present state is the one to begin with: no rewind goes back behind it, and a wipe leaves its checkpoints. */
  begin(): void {
    this.#history = [];
    this.#kept = this.checkpoints.snapshot();
    this.remember();
  }

  wipe(): void {
    this.redis.wipe();
    this.checkpoints.restore(this.#kept);
    this.remember();
  }

  heal(): void {
    Object.assign(this.up, { redis: true, clickhouse: true, log: true });
    this.full = false;
    this.tooManyParts = false;
    this.stalled = false;
  }

  async #answer<Answer>(step: Step, apply: () => Promise<Answer>): Promise<Answer> {
    const { tally } = this.#options;
    const { engine, ...kind } = STEPS[step];
    const writes = 'writes' in kind;
    if (engine !== null && !this.up[engine]) {
      tally.struckBy(AWAY[engine], step);
      throw new StoreUnavailable(engine, 'away');
    }
    if (engine === 'redis' && this.full && writes) {
      tally.struckBy('Redis full', step);
      throw new StoreFull(engine, 'OOM');
    }
    if (engine === 'clickhouse' && this.tooManyParts && writes) {
      tally.struckBy('too many parts', step);
      throw new StoreUnavailable(engine, 'too many parts');
    }
    return apply();
  }
}

export type CallOf = <Answer>(step: Step, text: string, apply: () => Promise<Answer>) => Promise<Answer>;

function sinkPort(inner: CellSink, call: CallOf): CellSink {
  return {
    name: inner.name,
    partLimits: inner.partLimits,
    head: (lineage, partition) => call(HEAD[inner.name], place(lineage, partition), () => inner.head(lineage, partition)),
    write: (part) => call(publishStep(inner.name, part), partText(part), () => inner.write(part)),
    rowsBetween: (lineage, partition, above, upTo) =>
      call(DROPPED[inner.name], `${place(lineage, partition)} ${above}..${upTo}`, () => inner.rowsBetween(lineage, partition, above, upTo)),
  };
}

function place(lineage: string, partition: number): string {
  return `${lineage.slice(0, 4)}:${partition}`;
}

function partText({ lineage, partition, publishId, index, last, base, target, rows }: PublishPart): string {
  return `${place(lineage, partition)} ${publishId}/${index}${last ? ' last' : ''} ${base}..${target} ${rows.length} rows`;
}
