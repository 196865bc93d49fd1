/** Dev only: in-memory twins, contract suites, generator, simulator, tidy. */

export { cabinetHistory, type HistoryOptions } from './generator/cabinet/history.ts';
export { cabinetLive, type LiveOptions } from './generator/cabinet/live.ts';
export { type CrmHistoryOptions, crmHistory } from './generator/crm/history.ts';
export { type CrmLiveOptions, crmLive } from './generator/crm/live.ts';
export type { LiveSource } from './generator/live.ts';
export { type MapHistoryOptions, mapHistory } from './generator/map/history.ts';
export { type MapLiveOptions, mapLive } from './generator/map/live.ts';
export type { SampleEvent } from './generator/record.ts';
export { type SampleOptions, sampleHistory, sampleLive } from './generator/sample.ts';
export { eventStream, type StreamOptions } from './generator/stream.ts';
export { hostileNames } from './hostile-names/index.ts';
export { memoryActorArchive } from './twins/actor-archive.ts';
export { MemoryArchive } from './twins/archive.ts';
export type { Fate, Intercept, StoreCall } from './twins/calls.ts';
export { MemoryCellStore, type MemoryCellStoreOptions } from './twins/cell-store.ts';
export { MemoryCheckLedger, MemoryIncidentLedger } from './twins/check-ledger.ts';
export { MemoryCheckpointStore } from './twins/checkpoint-store.ts';
export { MemoryLineageJournal } from './twins/lineage-journal.ts';
export { MemoryLog, type MemoryLogOptions, MemoryMember, type MemoryRecord, memoryBatch } from './twins/log.ts';
export { MemoryOperatorRequests } from './twins/operator-requests.ts';
export { MemoryOutcomeTrail } from './twins/outcome-trail.ts';
export { MemorySnapshotStore } from './twins/snapshot-store.ts';
