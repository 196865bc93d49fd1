/** The proofs: what is served, and what single actors have in the state, recomputed from the archive. */
export { BrokenArchive } from './archive-walk.ts';
export type { Difference } from './compare-rows.ts';
export { differenceText, type ServedStore, type VerifyPartitionOptions, verifyPartition } from './verify-partition.ts';
