/** Answering questions from published rows. */
export {
  type Answered,
  type Answerer,
  type AnswererOptions,
  type AnswerFromRowsOptions,
  answerFromRows,
  createAnswerer,
} from './answerer.ts';
export {
  type AnswerBody,
  type AsOf,
  asOfHeads,
  type Envelope,
  type HaltedPartition,
  type Notes,
  type OwnerFacts,
  type PreviousBody,
  type ServedHead,
} from './envelope.ts';
export { QueryRefused, type RefusalCode, Unavailable } from './failure.ts';
export type { HeadWatch, LineageHeads, StoreName, StoreState, WaitingClock } from './head-watch.ts';
export { type AnswerQuery, DEFAULT_SLICE_LIMIT } from './request.ts';
