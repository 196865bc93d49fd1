/** The public entry of core: pure meaning, no I/O, no clock, no randomness. */
export * from './answer.ts';
export * from './definition.ts';
export * from './event.ts';
export * from './lineage.ts';
export * from './settings.ts';
export * from './metrics/kind.ts';
export * from './metrics/registry.ts';
export * from './time/calendar.ts';
export * from './time/civil.ts';
export { createCalendars } from './fold/calendars.ts';
export { OUTCOMES, type Outcome } from './fold/outcome.ts';
export { PartitionFold } from './fold/partition-fold.ts';
export type { NamedRegister, PartitionState } from './fold/partition-state.ts';
export { unreadableIn } from './metrics/kpi.ts';
export { NO_BUCKET, type BucketSets } from './state/bucket-sets.ts';
export type { CellRow, CellTable, ChangeList } from './state/cells.ts';
export type { Firsts } from './state/firsts.ts';
export type { Timelines } from './state/timelines.ts';
