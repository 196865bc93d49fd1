/** The contract suites, for test files only: they define vitest suites when called. */
export { type ArchiveUnderTest, archiveContract, archivedRecord } from './archive.ts';
export { at, type CellStoreUnderTest, cellSinkContract, sliceRow, totalRow } from './cell-store.ts';
export { cellStoreDifferential } from './cell-store-differential.ts';
export { type CheckpointStoreUnderTest, checkpointContract } from './checkpoint-store.ts';
export { type LogUnderTest, logContract } from './log.ts';
