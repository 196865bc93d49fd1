/** The ClickHouse adapter: cell sink and reader, the archive and its reader, migrations. The only importer of @clickhouse/client. */
export { createClickHouseArchive } from './archive.ts';
export { type ArchiveReader, type ArchiveSpan, createClickHouseArchiveReader } from './archive-reader.ts';
export { createClickHouseCellReader } from './cell-reader.ts';
export { createClickHouseCellSink } from './cell-sink.ts';
export { type ClickHouseConnection, type ClickHouseOptions, ClickHouseRefused, connectClickHouse } from './connection.ts';
export { type MigrateOptions, migrate } from './migrate.ts';
