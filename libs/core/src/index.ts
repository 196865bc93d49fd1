/** The public entry of core: pure meaning, no I/O, no clock, no randomness. */
export * from './answer.ts';
export * from './definition.ts';
export * from './event.ts';
export { createCalendars } from './fold/calendars.ts';
export { OUTCOMES, type Outcome } from './fold/outcome.ts';
export { PartitionFold } from './fold/partition-fold.ts';
export type { NamedRegister, PartitionState } from './fold/partition-state.ts';
export * from './lineage.ts';
export { figureOf } from './metrics/figure.ts';
export { type Expression, FormulaError, namesIn, parseFormula } from './metrics/formula.ts';
export {
  type AnswerContext,
  answerMetric,
  formulaOf,
  type MetricNeed,
  measuredMetrics,
  mergeNeeds,
  needsOf,
  rangeInside,
  type SourceOf,
  splitReference,
} from './metrics/formula-answer.ts';
export * from './metrics/kind.ts';
export { unreadableIn } from './metrics/kpi.ts';
export * from './metrics/registry.ts';
export { matchesPlain } from './recompute/match.ts';
export { recompute } from './recompute/recompute.ts';
export type { TimelineEvent } from './recompute/timeline.ts';
export * from './settings.ts';
export { type BucketSets, NO_BUCKET } from './state/bucket-sets.ts';
export { type CellTable, rowLabel, rowValue } from './state/cells.ts';
export type { Firsts } from './state/firsts.ts';
export type { HeldState } from './state/held-table.ts';
export type { CellRow, RowStore, RowTable } from './state/rows.ts';
export type { Timelines } from './state/timelines.ts';
export * from './time/calendar.ts';
export * from './time/civil.ts';
