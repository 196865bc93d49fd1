/** Dev only: in-memory twins, contract suites, generator, simulator, tidy. */

export { cabinetHistory, type HistoryOptions } from './generator/history.ts';
export { cabinetLive, type LiveOptions, type LiveSource } from './generator/live.ts';
export type { SampleEvent } from './generator/record.ts';
export { MemoryArchive } from './twins/archive.ts';
export type { Fate, Intercept, StoreCall } from './twins/calls.ts';
export { MemoryCellStore, type MemoryCellStoreOptions } from './twins/cell-store.ts';
export { MemoryCheckpointStore } from './twins/checkpoint-store.ts';
export { MemoryLog, type MemoryLogOptions, MemoryMember, type MemoryRecord, memoryBatch } from './twins/log.ts';
