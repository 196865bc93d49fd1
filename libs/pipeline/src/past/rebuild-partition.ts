/** Makes one partition of a lineage whose past is the archive in time order: folds it, publishes it to both stores, and saves the state from which workers go on. */
// The order, and what each gap guarantees: 1. Rows and heads at the position; nobody serves the lineage yet. 2. The checkpoint, with what both stores have
// acknowledged already dropped from it. 3. The journal's entry, by the caller, once all partitions are here: before it no worker knows the lineage, and after
// it a worker finds every partition's state or halts. A rebuild that broke off is begun again; what is there already is left alone.
import { createCalendars, type FoldSettings, type MetricSet, PartitionFold, Vocabulary } from '@tidemark/core';
import { type CheckpointContext, saveCheckpoint } from '../partition/checkpoint.ts';
import { dropClosedRows, emptyMemory, type PartitionMemory } from '../partition/memory.ts';
import { noteOf, publish } from '../partition/publish.ts';
import type { Stores } from '../partition/worker-options.ts';
import { type CellSink, StoreUnavailable } from '../ports/sink.ts';
import type { RuntimeClock } from '../ports/time.ts';
import { foldInTimeOrder, type TimeOrderedFoldOptions } from './time-ordered-fold.ts';

export interface RebuildOptions
  extends Omit<TimeOrderedFoldOptions, 'partitionCount' | 'vocabulary'>,
    Pick<CheckpointContext, 'identity' | 'randomId' | 'writer' | 'sizes'> {
  readonly set: MetricSet;
  readonly settings: FoldSettings;
  readonly lineage: string;
  readonly stores: Stores;
  readonly clock: Pick<RuntimeClock, 'nowMs' | 'sleep'>;
  /** How long a store that does not answer is waited for; default 60,000. */
  readonly patienceMs?: number;
}

export interface Rebuilt {
  /** False when the state was there already. */
  readonly isNew: boolean;
  /** By outcome, of what was folded now. */
  readonly counters: Readonly<Record<string, number>>;
}

const PATIENCE_MS = 60_000;
const PAUSE_MS = 250;

/** Throws BrokenArchive, StoreUnavailable. */
export async function rebuildPartition(options: RebuildOptions): Promise<Rebuilt> {
  const { set, settings, epoch, lineage, partition, stores, survey, identity } = options;
  const before = await stores.checkpoints.manifest(lineage, partition);
  if (before !== null && before.next >= survey.next) return { isNew: false, counters: {} };
  const vocabulary = new Vocabulary();
  const memory = emptyMemory(new PartitionFold({ set, settings, vocabulary, calendars: createCalendars() }));
  memory.fold.state.epoch = epoch;
  await foldInTimeOrder(memory, { ...options, vocabulary, partitionCount: identity.partitionCount });
  await publishWhole(memory, options, stores.redis, stores.clickhouse);
  await publishWhole(memory, options, stores.clickhouse, stores.redis);
  dropClosedRows(memory);
  await save(memory, options, before?.id ?? null);
  return { isNew: true, counters: memory.fold.state.counters.toRecord() };
}

async function publishWhole(memory: PartitionMemory, options: RebuildOptions, sink: CellSink, other: CellSink): Promise<void> {
  const { lineage, partition, randomId, clock, identity } = options;
  const note = () => noteOf(memory, { nowMs: clock.nowMs(), identity, atEnd: false });
  await untilDone(options, `publish partition ${partition} to ${sink.name}`, async () => {
    const { result, ...outcome } = await publish(memory, { lineage, partition, sink, other, randomId, note });
    return result === 'closed' ? null : 'why' in outcome ? outcome.why : `its head is ${result}`;
  });
}

async function save(memory: PartitionMemory, options: RebuildOptions, previousId: string | null): Promise<void> {
  const { lineage, partition, stores, randomId, writer, partitioner, identity, sizes, survey } = options;
  const newFold = () => memory.fold;
  const context: CheckpointContext = { lineage, partition, store: stores.checkpoints, randomId, writer, partitioner, identity, newFold, sizes };
  memory.saved.manifestId = previousId;
  await untilDone(options, `save the state of partition ${partition}`, async () => {
    const outcome = await saveCheckpoint(memory, context);
    if (outcome.result === 'saved' || outcome.result === 'unchanged') return null;
    const stored = await stores.checkpoints.manifest(lineage, partition);
    if (stored !== null && stored.next >= survey.next) return null;
    Object.assign(memory.saved, { manifestId: stored?.id ?? null, full: true });
    return `the outcome is ${outcome.result}`;
  });
}

/** `attempt` answers null when it is done, else why not. */
async function untilDone({ clock, patienceMs = PATIENCE_MS }: RebuildOptions, what: string, attempt: () => Promise<string | null>): Promise<void> {
  const untilMs = clock.nowMs() + patienceMs;
  for (;;) {
    const why = await attempt();
    if (why === null) return;
    if (clock.nowMs() >= untilMs) throw new StoreUnavailable('rebuild', `could not ${what}: ${why}`);
    await clock.sleep(PAUSE_MS);
  }
}
