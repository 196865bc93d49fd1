/** The contract suites, for test files only: they define vitest suites when called. */
export { type ActorArchiveUnderTest, actorArchiveContract } from './actor-archive.ts';
export { type ArchiveUnderTest, archiveContract, archivedRecord } from './archive.ts';
export { cellSinkContract } from './cell-store.ts';
export { at, type CellStoreUnderTest, headNote, sliceRow, totalRow } from './cell-store-bench.ts';
export { cellStoreDifferential } from './cell-store-differential.ts';
export { type CheckpointStoreUnderTest, checkpointContract } from './checkpoint-store.ts';
export { type ArchiveReadersUnderTest, archiveReadersContract, checkLedgerContract, incidentLedgerContract, inventoryContract } from './checks.ts';
export { journalEntry, type LineageJournalUnderTest, lineageJournalContract } from './lineage-journal.ts';
export { type LogUnderTest, logContract } from './log.ts';
export { type OperatorRequestsUnderTest, operatorRequestsContract } from './operator-requests.ts';
export { type OutcomeTrailUnderTest, outcomeTrailContract, witnessedRecord } from './outcome-trail.ts';
export { type SnapshotStoreUnderTest, snapshotContract } from './snapshot-store.ts';
export { type Line, type StoreCallsUnderTest, unknownOutcomesContract } from './unknown-outcomes.ts';
