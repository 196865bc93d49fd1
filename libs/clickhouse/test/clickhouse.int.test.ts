// The contracts on the real ClickHouse engine, migrations, and what only a real engine can do: hang, go away, merge.

import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { inspect } from 'node:util';
import {
  type ClickHouseConnection,
  ClickHouseRefused,
  connectClickHouse,
  createClickHouseActorArchive,
  createClickHouseArchive,
  createClickHouseArchiveReader,
  createClickHouseCellInventory,
  createClickHouseCellReader,
  createClickHouseCellSink,
  createClickHouseCheckArchive,
  createClickHouseCheckLedger,
  createClickHouseIncidentLedger,
  createClickHouseIntake,
  createClickHouseLineageJournal,
  createClickHousePartitionArchive,
  createClickHouseSnapshotStore,
  createClickHouseTimeOrderedArchive,
  migrate,
} from '@tidemark/clickhouse';
import { createDescriber, describeEvent } from '@tidemark/codec';
import { intakeOfRecords, NO_VERSION, StoreUnavailable } from '@tidemark/pipeline';
import { memoryBatch } from '@tidemark/testing';
import {
  actorArchiveContract,
  archiveContract,
  archivedRecord,
  archiveReadersContract,
  at,
  type CellStoreUnderTest,
  cellSinkContract,
  cellStoreDifferential,
  checkLedgerContract,
  headNote,
  incidentLedgerContract,
  inventoryContract,
  lineageJournalContract,
  snapshotContract,
  totalRow,
  unknownOutcomesContract,
} from '@tidemark/testing/contracts';
import { type AcquiredEngines, acquireEngines, startLossyLine, uniqueName } from '@tidemark/testing/engines';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const folder = resolve(import.meta.dirname, '../../../schemas/clickhouse');
const database = uniqueName('int');
let engines: AcquiredEngines;
beforeAll(async () => {
  engines = await acquireEngines(['clickhouse']);
  const connection = await open();
  await migrate(connection, { folder });
  await connection.close();
});
afterAll(async () => {
  const connection = await open();
  await connection.run(`DROP DATABASE IF EXISTS ${database}`);
  await connection.close();
  await engines?.release();
});

const open = (options: { database?: string; requestTimeoutMs?: number } = {}): Promise<ClickHouseConnection> =>
  connectClickHouse({ url: engines.addresses.clickhouseUrl, database, ...options });

const openStore = async (): Promise<CellStoreUnderTest> => {
  const connection = await open();
  return { sink: createClickHouseCellSink(connection), reader: createClickHouseCellReader(connection), close: () => connection.close() };
};
cellSinkContract('ClickHouse', openStore);
cellStoreDifferential('ClickHouse', openStore, { numRuns: 15, maxSteps: 12 });

archiveContract('ClickHouse', async () => {
  const connection = await open();
  const reader = createClickHouseArchiveReader(connection);
  const records = (epoch: number, partition: number) => reader.records({ epoch, partition, from: 0, to: 2 ** 48, limit: 1_000 });
  return { archive: createClickHouseArchive(connection), records, close: () => connection.close() };
});

actorArchiveContract('ClickHouse', async () => {
  const connection = await open();
  return { actors: createClickHouseActorArchive(connection), archive: createClickHouseArchive(connection), close: () => connection.close() };
});

snapshotContract('ClickHouse', async () => {
  const connection = await open();
  return { store: createClickHouseSnapshotStore(connection), close: () => connection.close() };
});

archiveReadersContract('ClickHouse', async () => {
  const connection = await open();
  return {
    archive: createClickHouseArchive(connection),
    partitionArchive: createClickHousePartitionArchive(connection),
    checkArchive: createClickHouseCheckArchive(connection),
    // Small, so that every boundary between two questions is met.
    timeOrderedArchive: createClickHouseTimeOrderedArchive(connection, { placesAtOnce: 5, pageRecords: 3, pageBytes: 250 }),
    close: () => connection.close(),
  };
});

inventoryContract('ClickHouse', async () => {
  const connection = await open();
  return { sink: createClickHouseCellSink(connection), inventory: createClickHouseCellInventory(connection), close: () => connection.close() };
});

incidentLedgerContract('ClickHouse', async () => {
  const connection = await open();
  return { ledger: createClickHouseIncidentLedger(connection), close: () => connection.close() };
});

checkLedgerContract('ClickHouse', async () => {
  const connection = await open();
  return { ledger: createClickHouseCheckLedger(connection), close: () => connection.close() };
});

lineageJournalContract('ClickHouse', async () => {
  const connection = await open();
  await connection.run('TRUNCATE TABLE lineage_journal');
  const spoil = (id: string) => connection.insert('lineage_journal', ['sequence', 'id', 'files'], [[1, id, 'no JSON']]);
  const close = () => connection.close();
  return { journal: createClickHouseLineageJournal(connection), other: createClickHouseLineageJournal(connection), spoil, close };
});

unknownOutcomesContract('ClickHouse', ['sink', 'archive'], async () => {
  const line = await startLossyLine(engines.addresses.clickhouseUrl);
  const near = await open();
  const far = await connectClickHouse({ url: line.url, database, requestTimeoutMs: 2_000 });
  const portsOf = (connection: ClickHouseConnection) => ({
    sink: createClickHouseCellSink(connection),
    archive: createClickHouseArchive(connection),
  });
  const reader = createClickHouseArchiveReader(near);
  const close = async (): Promise<void> => {
    await Promise.all([near.close(), far.close()]);
    await line.close();
  };
  const records = (epoch: number, partition: number) => reader.records({ epoch, partition, from: 0, to: 2 ** 48, limit: 1_000 });
  return { near: portsOf(near), far: portsOf(far), line, records, close };
});

describe('the archive in ClickHouse', () => {
  let connection: ClickHouseConnection;
  beforeAll(async () => {
    connection = await open();
  });
  afterAll(async () => {
    await connection?.close();
  });

  test('rejected events are shown once, with reason and a readable beginning', async () => {
    const archive = createClickHouseArchive(connection);
    const rejected = archivedRecord(8, 4, { key: null, value: Buffer.from([0x41, 0xff, 0x42]), parsed: null, reason: 'no key' });
    for (let times = 0; times < 2; times++) await archive.insert([rejected, archivedRecord(8, 5)]);
    expect(await connection.select('SELECT offset, reason, key, value_prefix FROM rejected_events WHERE partition = 8')).toEqual([
      [4, 'no key', '', 'A\ufffdB'],
    ]);
  });

  test('dates outside of what DateTime64 holds are bounded in `time` and exact in `time_ms`', async () => {
    const archive = createClickHouseArchive(connection);
    const years = [-62_135_596_800_000, 1_700_000_000_123, 253_402_300_799_999];
    const records = years.map((timeMs, offset) => {
      const record = archivedRecord(9, offset);
      return { ...record, parsed: record.parsed && { ...record.parsed, timeMs } };
    });
    await archive.insert(records);
    const found = await connection.select('SELECT time_ms, toString(time) FROM events WHERE partition = 9 ORDER BY offset');
    expect(found).toEqual([
      [years[0], '1900-01-01 00:00:00.000'],
      [years[1], '2023-11-14 22:13:20.123'],
      [years[2], '2299-12-31 23:59:59.999'],
    ]);
  });

  test('records that go in by way of a batch come back as those that go in as objects, from blocks used before too', async () => {
    const intake = createClickHouseIntake(connection, createDescriber());
    const hostile = Buffer.from(Uint8Array.from({ length: 256 }, (_, byte) => byte));
    const body = (userId: string, more: object): Buffer =>
      Buffer.from(
        JSON.stringify({ type: 'track', event: 'tab\tname', userId, messageId: `m\\${userId}`, timestamp: '2026-11-21T18:00:04.120Z', ...more }),
      );
    const fields: readonly { readonly key: Buffer | null; readonly value: Buffer | null; readonly control?: boolean }[] = [
      { key: Buffer.from('u1'), value: body('u1', { event: 'opened', messageId: 'plain' }) },
      { key: Buffer.from('漢\0\t'), value: body('漢\0\t', {}) },
      { key: hostile, value: hostile },
      { key: Buffer.from('\\N'), value: null },
      { key: null, value: body('u1', {}) },
      { key: null, value: null, control: true },
      { key: Buffer.alloc(0), value: Buffer.alloc(300_000, '\t\\') },
    ];
    const collector = intake.collector(7);
    for (const round of [0, 1]) {
      const records = fields.map((each, index) => ({ offset: round * 100 + index * 2, timestampMs: 1_700_000_000_000, control: false, ...each }));
      const batch = memoryBatch({ partition: 11, records, requestedOffset: 0, highWatermark: 200 });
      for (let index = 0; index < batch.length; index++) collector.add(batch, index);
      const expected = intakeOfRecords(createClickHouseArchive(connection), describeEvent).collector(7);
      for (let index = 0; index < batch.length; index++) expected.add(batch, index);
      await intake.insertRows([collector.take()]);
      const span = { epoch: 7, partition: 11, from: round * 100, to: round * 100 + 100, limit: 100 };
      expect(await createClickHouseArchiveReader(connection).records(span)).toEqual(expected.take());
    }
  });

  test('a large batch is cut into several inserts and counted', async () => {
    const archive = createClickHouseArchive(connection);
    await archive.insert(Array.from({ length: 60_001 }, (_, offset) => archivedRecord(10, offset)));
    expect(await connection.select('SELECT count() FROM events FINAL WHERE partition = 10')).toEqual([[60_001]]);
  });
});

describe('migrations', () => {
  test('each file is applied once, in a database that need not exist; a changed file is named and refused', async () => {
    const copy = await mkdtemp(`${tmpdir()}/tidemark-migrations-`);
    const connection = await open({ database: `${database}_migrations` });
    try {
      await cp(folder, copy, { recursive: true });
      const lines: string[] = [];
      const onProgress = (line: string): number => lines.push(line);
      const applied = await migrate(connection, { folder: copy, onProgress });
      expect(applied[0]).toBe('0001_archive.sql');
      expect(lines).toEqual(applied.map((name) => `applied ${name}`));
      expect(await migrate(connection, { folder: copy })).toEqual([]);
      await writeFile(`${copy}/9999_more.sql`, 'CREATE TABLE more (a Int8) ENGINE = MergeTree ORDER BY a;\n\nINSERT INTO more VALUES (1);\n');
      expect(await migrate(connection, { folder: copy })).toEqual(['9999_more.sql']);
      const first = await readFile(`${copy}/0001_archive.sql`, 'utf8');
      await writeFile(`${copy}/0001_archive.sql`, `${first}\n-- changed`);
      await expect(migrate(connection, { folder: copy })).rejects.toThrow(/^0001_archive\.sql was changed after it was applied/);
    } finally {
      await connection.run(`DROP DATABASE IF EXISTS ${database}_migrations`);
      await connection.close();
      await rm(copy, { recursive: true, force: true });
    }
  });
});

const note = headNote();
describe('ClickHouse under stress', () => {
  const part = (lineage: string, next: number) =>
    ({
      lineage,
      partition: 0,
      publishId: 'p',
      index: 0,
      last: true,
      target: at(next),
      base: NO_VERSION,
      rows: [totalRow(1, at(next), [next])],
      note,
    }) as const;

  test('background merges change neither rows nor heads: the newest confirmation stays', async () => {
    const connection = await open();
    const sink = createClickHouseCellSink(connection);
    for (let times = 1; times <= 5; times++) await sink.write({ ...part('merged', 7), note: { ...note, confirmedAtMs: times } });
    await connection.run('OPTIMIZE TABLE rollup_cells FINAL');
    expect(await sink.head('merged', 0)).toEqual({ closed: at(7), target: at(7), note: { ...note, confirmedAtMs: 5 } });
    await sink.write({ ...part('merged', 7), note: { ...note, confirmedAtMs: 6 } });
    expect((await sink.head('merged', 0)).note?.confirmedAtMs).toBe(6);
    await connection.close();
  });

  test('the largest part becomes one block, so that no reader sees half of it', async () => {
    const connection = await open();
    const sink = createClickHouseCellSink(connection);
    const { maxRows, maxCells } = sink.partLimits;
    const cells = Array.from({ length: maxCells / maxRows }, (_, index) => Number.MAX_SAFE_INTEGER - index);
    await connection.run('SYSTEM STOP MERGES rollup_cells');
    await sink.write({ ...part('largest', maxRows), rows: Array.from({ length: maxRows }, (_, bucket) => totalRow(bucket, at(bucket + 1), cells)) });
    const found = await connection.select("SELECT count(), uniqExact(_part) FROM rollup_cells WHERE lineage = 'largest'");
    await connection.run('SYSTEM START MERGES rollup_cells');
    expect(found).toEqual([[maxRows + 1, 1]]);
    await connection.close();
  });

  test('a statement that is wrong is a refusal, not an unknown outcome', async () => {
    const connection = await open();
    await expect(connection.select('SELECT nothing FROM rollup_cells')).rejects.toBeInstanceOf(ClickHouseRefused);
    await expect(connection.insert('rollup_cells', ['bucket'], [['no number']])).rejects.toBeInstanceOf(ClickHouseRefused);
    await connection.close();
  });

  test('a table that is missing counts as a store that is away, and says which program brings it', async () => {
    const connection = await open();
    const missing = expect(connection.select('SELECT 1 FROM nowhere')).rejects;
    await missing.toBeInstanceOf(StoreUnavailable);
    await missing.toThrow(/nowhere.*migrate\.ts/s);
    await connection.close();
  });

  test('an engine that hangs is an unknown outcome; the insert that it applies after all, and the one sent again, leave one row', async () => {
    const connection = await open({ requestTimeoutMs: 500 });
    const sink = createClickHouseCellSink(connection);
    await sink.write(part('hanging', 1));
    await engines.local.kill('clickhouse', 'SIGSTOP');
    const failure = await sink.write(part('hanging', 2)).catch((error: unknown) => error);
    await engines.local.kill('clickhouse', 'SIGCONT');
    expect(failure).toBeInstanceOf(StoreUnavailable);
    await expect.poll(() => sink.write(part('hanging', 2)).catch(() => null), { timeout: 10_000 }).toEqual({ outcome: 'written' });
    expect(await sink.head('hanging', 0)).toMatchObject({ closed: at(2), target: at(2) });
    expect(await sink.rowsBetween('hanging', 0, NO_VERSION, at(2))).toHaveLength(1);
    await connection.close();
  });

  test('an engine that is gone is StoreUnavailable, without the password; acknowledged rows are there after kill -9', async () => {
    const connection = await open();
    const sink = createClickHouseCellSink(connection);
    await sink.write(part('killed', 3));
    await engines.local.kill('clickhouse');
    await expect(sink.write(part('killed', 4))).rejects.toBeInstanceOf(StoreUnavailable);
    const url = engines.addresses.clickhouseUrl.replace('://', '://someone:secret@');
    const failure = await connectClickHouse({ url, database }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(StoreUnavailable);
    expect(inspect(failure)).not.toContain('secret');
    await engines.local.start('clickhouse');
    expect(await sink.head('killed', 0)).toMatchObject({ closed: at(3), target: at(3) });
    await connection.close();
  });
});
