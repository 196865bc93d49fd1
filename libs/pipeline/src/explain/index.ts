/** Explaining what an actor's events came to. */
export type { ExplainArchive, HistoryFacts } from './actor-history.ts';
export { type Contribution, type ContributionsAsked, contributionsOf } from './contributions.ts';
export { type ExplainedEvent, type ExplainFacts, type ExplainQuestion, type Explanation, explainActor } from './explain.ts';
export { outcomeWords } from './words.ts';
