/** Pure control flow over ports: fold a batch, publish, checkpoint, recover, answer. */

export * from './answer/index.ts';
export * from './archive/index.ts';
export * from './explain/index.ts';
export * from './lineages/index.ts';
export { HALT_REASONS, type HaltCode, haltCodeOf } from './partition/halt-reasons.ts';
export type { PartitionStatus } from './partition/holding.ts';
export type { ReadAhead } from './partition/state-ahead.ts';
export { createTurns } from './partition/turns.ts';
export * from './partition/worker.ts';
export type { BeatRun, Beats, ObserveBeat, PartitionEvent, Stores, WorkerEvent, WorkerOptions } from './partition/worker-options.ts';
export * from './past/index.ts';
export * from './ports/actor-archive.ts';
export * from './ports/archive.ts';
export * from './ports/check.ts';
export * from './ports/checkpoint.ts';
export * from './ports/lineage-journal.ts';
export * from './ports/log.ts';
export * from './ports/operator-requests.ts';
export * from './ports/outcome-trail.ts';
export * from './ports/sink.ts';
export * from './ports/snapshot.ts';
export * from './ports/time.ts';
export * from './ports/version.ts';
export * from './repartition/index.ts';
export * from './selfcheck/index.ts';
export * from './serving/index.ts';
export * from './verify/index.ts';
