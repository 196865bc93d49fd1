/** The archive in an order for another number of partitions. */
export { type JudgedRecord as JudgedArchived, type JudgeOptions, judgedRecords } from './judged-records.ts';
export { mergeByClock } from './merge-by-clock.ts';
export { type PredictedOutcomes, type PredictOptions, predictOutcomes } from './predicted-outcomes.ts';
