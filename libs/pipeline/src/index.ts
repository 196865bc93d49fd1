/** Pure control flow over ports: fold a batch, publish, checkpoint, recover, answer. */

export * from './answer/index.ts';
export * from './archive/index.ts';
export type { Beats, PartitionEvent, Stores } from './partition/lineage-partition.ts';
export * from './partition/worker.ts';
export * from './ports/archive.ts';
export * from './ports/checkpoint.ts';
export * from './ports/log.ts';
export * from './ports/sink.ts';
export * from './ports/time.ts';
export * from './ports/version.ts';
