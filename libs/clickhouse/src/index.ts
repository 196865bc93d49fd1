/** The ClickHouse adapter: cell sink and reader, the archive and its reader, migrations. The only importer of @clickhouse/client. */
export { createClickHouseActorArchive } from './actor-archive.ts';
export { createClickHouseArchive, createClickHouseIntake } from './archive.ts';
export { type ArchiveReader, type ArchiveSpan, createClickHouseArchiveReader } from './archive-reader.ts';
export { createClickHouseCellInventory } from './cell-inventory.ts';
export { createClickHouseCellReader } from './cell-reader.ts';
export { createClickHouseCellSink } from './cell-sink.ts';
export { createClickHouseCheckArchive } from './check-archive.ts';
export { createClickHouseCheckLedger } from './check-ledger.ts';
export { type ClickHouseConnection, type ClickHouseOptions, ClickHouseRefused, connectClickHouse } from './connection.ts';
export { allIncidents, createClickHouseIncidentLedger } from './incident-ledger.ts';
export { archivedEpochs, archiveReach, type ChainHole, chainHoles, publishedLineages } from './known-lineages.ts';
export { createClickHouseLineageJournal } from './lineage-journal.ts';
export { lineageSize, type MetricSize } from './lineage-size.ts';
export { type MigrateOptions, migrate } from './migrate.ts';
export { createClickHousePartitionArchive } from './partition-archive.ts';
export { createClickHouseSnapshotStore } from './snapshot-store.ts';
export { createClickHouseTimeOrderedArchive } from './time-ordered-archive.ts';
