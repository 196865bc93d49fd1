/** The journal of lineages: which are worked on, and which are served. */
export { type ComparedLineages, type CompareLineagesOptions, compareLineages, type LineageDifference } from './compare-lineages.ts';
export {
  compareEntries,
  type DefinitionText,
  ENTRY_KINDS,
  type EntryKind,
  type JournalEntry,
  LOG_ORIGIN,
  nextSequence,
  type ReadEntry,
  readEntry,
  readEntryText,
} from './entry.ts';
export { epochText, type LogEpoch } from './epoch-text.ts';
export { type JoinedJournal, type JoinedReading, joinJournals } from './joined-journal.ts';
export { continuedIdentity, isBeginningOf, logEpochs, logOfEpochs, logText } from './log-epochs.ts';
export { type JournalState, journalState, type KnownLineage, type LineageStanding, type LineageSwitch, type SetState } from './state.ts';
