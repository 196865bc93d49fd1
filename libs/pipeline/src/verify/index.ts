/** The proofs: what is served, and what single actors have in the state, recomputed from the archive. */
export { type ArchivePage, BrokenArchive, type WalkOptions, walkArchive } from './archive-walk.ts';
export type { Difference } from './compare-rows.ts';
export { createFoldAgain, type FoldAgain, type FoldAgainOptions } from './fold-again.ts';
export { differenceText, type ServedStore, type VerifyPartitionOptions, verifyPartition } from './verify-partition.ts';
