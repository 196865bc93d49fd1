/** Applies the numbered SQL files of a folder, each once, and refuses to go on when an applied file has changed. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClickHouseConnection } from './connection.ts';

export interface MigrateOptions {
  /** Folder with `0001_name.sql`, `0002_…`. Statements end with a semicolon at a line's end. */
  readonly folder: string;
  /** One line per applied file. */
  readonly onProgress?: (line: string) => void;
}

interface Migration {
  readonly name: string;
  readonly text: string;
  readonly checksum: string;
}

const FILE_NAME = /^\d{4}_[a-z0-9_]+\.sql$/;
/** Two services may start at once and both apply a file: statements are idempotent, and of two equal records one stays. */
const JOURNAL = `CREATE TABLE IF NOT EXISTS schema_migrations
(name String, checksum String, applied_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC'))
ENGINE = ReplacingMergeTree ORDER BY name`;

/** Creates the database when it is absent. Returns the names of the files applied now. Throws an Error naming the file that changed after it was applied. */
export async function migrate(connection: ClickHouseConnection, options: MigrateOptions): Promise<readonly string[]> {
  const migrations = await readMigrations(options.folder);
  await connection.createDatabase();
  await connection.run(JOURNAL);
  const journal = await connection.select('SELECT name, checksum FROM schema_migrations FINAL');
  const applied = new Map(journal.map(([name, checksum]) => [String(name), String(checksum)]));
  for (const { name, checksum } of migrations) {
    const before = applied.get(name);
    if (before !== undefined && before !== checksum) {
      throw new Error(
        `${name} was changed after it was applied to ${connection.database} at ${connection.address}: restore the file, and put the change into a new one.`,
      );
    }
  }
  const pending = migrations.filter(({ name }) => !applied.has(name));
  for (const { name, text, checksum } of pending) {
    for (const statement of statementsOf(text)) await connection.run(statement);
    await connection.insert('schema_migrations', ['name', 'checksum'], [[name, checksum]]);
    options.onProgress?.(`applied ${name}`);
  }
  return pending.map(({ name }) => name);
}

async function readMigrations(folder: string): Promise<Migration[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  const misnamed = names.find((name) => !FILE_NAME.test(name));
  if (misnamed !== undefined) throw new Error(`${misnamed} is no name for a migration: use 0001_what_it_does.sql.`);
  return await Promise.all(
    names.map(async (name) => {
      const text = (await readFile(join(folder, name), 'utf8')).replaceAll('\r\n', '\n');
      return { name, text, checksum: createHash('sha256').update(text).digest('hex') };
    }),
  );
}

/** Without the comment lines, which some servers would keep as part of a view's text. */
function statementsOf(text: string): string[] {
  const code = text
    .split('\n')
    .filter((line) => !line.startsWith('--'))
    .join('\n');
  return code
    .split(/;\s*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}
