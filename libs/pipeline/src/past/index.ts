/** Where the past comes from when the log, or the state, has lost it: the archive, and copies of the state in a second store. */
export { continueLog, createPlaces } from './continued-log.ts';
export { createLongLog, type LongLogEvent, type LongLogOptions } from './long-log.ts';
export { type ArchiveOrigin, isOrigin, originOf, readOrigin } from './origin.ts';
export { type RebuildOptions, type Rebuilt, rebuildPartition } from './rebuild-partition.ts';
export { createSnapshots, type SnapshotEvent, type SnapshotOptions, type Snapshots } from './snapshots.ts';
export { type ArchiveSurvey, surveyArchive } from './time-ordered-fold.ts';
