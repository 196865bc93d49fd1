/** A worker that can be killed and paused between any two of its calls, and the figures that its stores ought to hold. */
import { MemoryCellStore, type MemoryLog } from '@tidemark/testing';
import type { CellSink, CheckpointStore, PublishPart, WorkerOptions } from '../../src/index.ts';
import { publish } from '../../src/partition/publish.ts';
import type { Bench, Running } from './bench.ts';
import { Folded, LINEAGE, NOTE } from './folded.ts';

export interface Mortal extends Running {
  /** kill −9: nothing of it arrives any more. */
  kill(): void;
  /** SIGSTOP: its calls wait until `wake`. */
  pause(): void;
  wake(): void;
}

export interface MortalOptions {
  /** Rows that one script of Redis takes. */
  readonly maxRows?: number;
  /** Told of each part that is about to be written to Redis. */
  readonly before?: (part: PublishPart, kill: () => void) => void | Promise<void>;
  readonly changes?: Partial<WorkerOptions>;
}

export async function startMortal(bench: Bench, { maxRows = Number.POSITIVE_INFINITY, before, changes }: MortalOptions = {}): Promise<Mortal> {
  let isDead = false;
  let gate = Promise.withResolvers<void>();
  gate.resolve();
  let running: Running | null = null;
  const kill = (): void => {
    isDead = true;
    running?.member.crash(new Error('killed'));
  };
  const call = async <Answer>(run: () => Promise<Answer>): Promise<Answer> => {
    await gate.promise;
    return isDead ? new Promise(() => undefined) : run();
  };
  const sink = (inner: CellSink): CellSink => ({
    name: inner.name,
    partLimits: inner.name === 'redis' ? { maxRows, maxCells: Number.POSITIVE_INFINITY } : inner.partLimits,
    head: (...of) => call(() => inner.head(...of)),
    write: async (part) => {
      if (inner.name === 'redis') await before?.(part, kill);
      return call(() => inner.write(part));
    },
    rowsBetween: (...of) => call(() => inner.rowsBetween(...of)),
  });
  const { store } = bench.checkpoints;
  const checkpoints: CheckpointStore = {
    manifest: (...of) => call(() => store.manifest(...of)),
    segment: (...of) => call(() => store.segment(...of)),
    saveSegment: (...of) => call(() => store.saveSegment(...of)),
    replaceManifest: (...of) => call(() => store.replaceManifest(...of)),
  };
  const stores = { redis: sink(bench.redis.sink), clickhouse: sink(bench.clickhouse.sink), checkpoints };
  running = await bench.start({ stores, ...changes });
  await bench.clock.advance(0);
  return {
    ...running,
    kill,
    pause: () => {
      gate = Promise.withResolvers<void>();
    },
    wake: () => gate.resolve(),
  };
}

/** `metric/table bucket value` → `integers @position`, of all rows of a partition. */
export function figuresOf(store: MemoryCellStore, lineage: string): Record<string, string> {
  const figures = store.rowsOf(lineage, 0).map(({ metric, table, bucket, value, cells, version }): [string, string] => {
    const integers = Array.from(cells)
      .join(',')
      .replace(/(^|,)0(,0)*$/, '');
    return [`${metric}/${table} ${bucket} ${value}`, `${integers} @${Number.parseInt(version.slice(4), 16)}`];
  });
  return Object.fromEntries(figures.sort());
}

/** What a store ought to hold of a log up to a position: folded in one go, published in one part. */
export async function prefixOf(log: MemoryLog, next: number): Promise<Record<string, string>> {
  const folded = new Folded();
  for (const record of log.records(0)) if (record.offset < next) folded.log.append(0, record);
  folded.foldInto(folded.memory);
  const store = new MemoryCellStore('redis');
  const context = { lineage: LINEAGE, partition: 0, sink: store.sink, other: store.sink, randomId: () => 'p', note: () => NOTE };
  await publish(folded.memory, context);
  return figuresOf(store, LINEAGE);
}
