// What the benchmark of the peers asks ClickHouse by plain HTTP.

/** The answer's text; throws with the server's words. */
export async function askClickHouse(url: string, sql: string, database?: string): Promise<string> {
  const response = await fetch(database === undefined ? url : `${url}/?database=${database}`, { method: 'POST', body: sql });
  const text = await response.text();
  if (!response.ok) throw new Error(`ClickHouse refuses ${sql.slice(0, 80)}: ${text}`);
  return text;
}

export async function createDatabase(url: string, database: string): Promise<void> {
  await askClickHouse(url, `CREATE DATABASE IF NOT EXISTS ${database}`);
}

export async function dropDatabase(url: string, database: string): Promise<void> {
  await askClickHouse(url, `DROP DATABASE IF EXISTS ${database} SYNC`);
}

/** By partition the offset after the last archived record. */
export async function archivedUpTo(url: string, database: string): Promise<ReadonlyMap<number, number>> {
  const text = await askClickHouse(url, 'SELECT partition, max(to_offset) FROM archive_chunks GROUP BY partition FORMAT TSV', database);
  const lines = text
    .trim()
    .split('\n')
    .filter((line) => line !== '');
  return new Map(lines.map((line): [number, number] => [Number(line.split('\t')[0]), Number(line.split('\t')[1])]));
}

/** How many rows the archive holds and a sum over hashes of all that they say: equal for equal rows in any order. */
export async function archiveFingerprint(url: string, database: string): Promise<string> {
  const columns = 'epoch, partition, offset, record_ms, key, value, control, reason, type, event, actor_kind, actor_id, message_id, time_ms';
  const sql = `SELECT count(), uniqExact(partition, offset), sum(sipHash64(${columns})) FROM events FORMAT TSV`;
  const [rows = '', unique = '', sum = ''] = (await askClickHouse(url, sql, database)).trim().split('\t');
  if (rows !== unique) throw new Error(`of ${rows} archived rows only ${unique} are different records`);
  return `${rows} rows, ${sum}`;
}
