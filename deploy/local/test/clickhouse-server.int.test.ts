// The ClickHouse owner as the stock client sees it: statements, parameters, inserts, settings, errors, large results, durability.
import { gzipSync } from 'node:zlib';
import { ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LocalEngines, startLocalEngines } from '../src/index.ts';
import { makeTemporaryFolder, removeFolder } from './test-folders.ts';

let dataFolder: string;
let engines: LocalEngines;
let client: ReturnType<typeof createClient>;
let url: string;

beforeAll(async () => {
  dataFolder = await makeTemporaryFolder();
  engines = await startLocalEngines({ dataFolder, only: ['clickhouse'] });
  url = engines.addresses.clickhouseUrl;
  client = createClient({ url, compression: { request: true, response: true }, log: { level: ClickHouseLogLevel.OFF } });
  await client.command({ query: 'CREATE DATABASE tidemark' });
  await client.command({
    query: `CREATE TABLE tidemark.rows (id UInt64, name String, tags Array(String), n Nullable(Int64), counts Array(Int64), at DateTime64(3, 'UTC'), version UInt64)
      ENGINE = ReplacingMergeTree(version) ORDER BY id -- a comment`,
  });
});

afterAll(async () => {
  await client.close();
  await engines.stop();
  await removeFolder(dataFolder);
});

function row(id: number, version: number): Record<string, unknown> {
  return {
    id,
    name: `it's ${id} "\\`,
    tags: ['a', "b'c"],
    n: id % 2 === 0 ? null : '-9007199254740993',
    counts: ['1', '-2'],
    at: '2026-11-21 18:00:04.120',
    version,
  };
}

async function select<Row>(query: string, parameters: Record<string, unknown> = {}): Promise<Row[]> {
  return (await client.query({ query, query_params: parameters, format: 'JSONEachRow' })).json<Row>();
}

test('ping answers, by path and by select', async () => {
  expect(await client.ping()).toEqual({ success: true });
  expect(await client.ping({ select: true })).toEqual({ success: true });
});

test('an insert of 10,000 rows reports the rows it wrote, and FINAL keeps the newest version', async () => {
  const values = Array.from({ length: 10_000 }, (_, id) => row(id, 1));
  const first = await client.insert({ table: 'tidemark.rows', values, format: 'JSONEachRow' });
  expect(first.summary?.written_rows).toBe('10000');
  const again = await client.insert({
    table: 'tidemark.rows',
    values: [{ ...row(7, 2), name: 'newer' }],
    format: 'JSONEachRow',
    columns: ['id', 'name', 'version'],
  });
  expect(again.summary?.written_rows).toBe('1');
  expect(await select("SELECT count() AS n, countIf(name = 'newer') AS newer FROM tidemark.rows FINAL")).toEqual([{ n: 10_000, newer: 1 }]);
});

test('parameters are bound by the engine, whatever they hold', async () => {
  const hostile = 'it\'s "quoted" \\ back\\\'slash \t tab \n line \u0001 {x:String} ; DROP TABLE tidemark.rows -- 💥';
  const parameters = { text: hostile, list: ['a', "b'c", '\\'], big: '9223372036854775807', none: null, at: '2026-11-21 18:00:04.120' };
  const [answer] = await select(
    "SELECT {text:String} AS text, {list:Array(String)} AS list, {big:Int64} AS big, {none:Nullable(Int64)} AS none, {at:DateTime64(3, 'UTC')} AS at SETTINGS output_format_json_quote_64bit_integers = 1",
    parameters,
  );
  expect(answer).toEqual({ text: hostile, list: ['a', "b'c", '\\'], big: '9223372036854775807', none: null, at: '2026-11-21 18:00:04.120' });
});

test('parameters of statements that run at once do not mix', async () => {
  const answers = await Promise.all(Array.from({ length: 100 }, (_, n) => select<{ n: number }>('SELECT {n:UInt32} AS n, sleep(0.002) AS s', { n })));
  expect(answers.map(([answer]) => answer?.n)).toEqual(Array.from({ length: 100 }, (_, n) => n));
});

test('parameters too long for a URL may come as a form', async () => {
  const ids = Array.from({ length: 50_000 }, (_, id) => id);
  const result = await client.query({
    query: 'SELECT length({ids:Array(UInt64)}) AS n',
    query_params: { ids },
    use_multipart_params: true,
    format: 'JSONEachRow',
  });
  expect(await result.json()).toEqual([{ n: 50_000 }]);
});

test('columns, inline rows, VALUES and INSERT SELECT all report what they wrote', async () => {
  await client.command({ query: 'CREATE TABLE tidemark.small (`id` UInt64, s String) ENGINE = MergeTree ORDER BY id' });
  const insert = async (query: string, query_params: Record<string, unknown> = {}): Promise<string | undefined> =>
    (await client.command({ query, query_params })).summary?.written_rows;
  expect(await insert("INSERT INTO tidemark.small (id, s) VALUES (1, 'x;y'), (2, 'z')")).toBe('2');
  expect(await insert('INSERT INTO tidemark.small (id, s) SELECT number, {s:String} FROM numbers(50)', { s: "it's" })).toBe('50');
  expect(await insert('INSERT INTO `tidemark`.`small` (`id`, `s`) FORMAT JSONEachRow\n{"id":3,"s":"a"}\n{"id":4,"s":"b; -- \'"}\n')).toBe('2');
  expect((await client.insert({ table: 'tidemark.small', values: [[5, 'five']], format: 'JSONCompactEachRow' })).summary?.written_rows).toBe('1');
  const withNames = await client.insert({
    table: 'tidemark.small',
    values: [
      ['id', 's'],
      [6, 'six'],
    ],
    format: 'JSONCompactEachRowWithNames',
  });
  expect(withNames.summary?.written_rows).toBe('1');
  expect(await select("SELECT count() AS n FROM tidemark.small WHERE s IN ('x;y', 'a', 'five', 'six')")).toEqual([{ n: 4 }]);
});

test('a setting in the URL ends with its statement, a deduplication token included', async () => {
  await client.command({
    query: 'CREATE TABLE tidemark.dedup (id UInt64) ENGINE = MergeTree ORDER BY id SETTINGS non_replicated_deduplication_window = 100',
  });
  const insert = async (token: string | undefined): Promise<unknown> =>
    client.insert({
      table: 'tidemark.dedup',
      values: [{ id: 1 }],
      format: 'JSONEachRow',
      clickhouse_settings: token === undefined ? {} : { insert_deduplication_token: token },
    });
  await insert('a');
  await insert('a');
  await insert('b');
  await insert('c');
  expect(await select('SELECT count() AS n FROM tidemark.dedup')).toEqual([{ n: 3 }]);
  await client.query({ query: 'SELECT 1', clickhouse_settings: { max_threads: 1, max_block_size: '77' } }).then((result) => result.text());
  expect(await select("SELECT getSetting('max_block_size') != 77 AS ok")).toEqual([{ ok: 1 }]);
  const limited = client.query({ query: 'SELECT * FROM numbers(1000)', clickhouse_settings: { max_result_rows: '10' } });
  await expect(limited).rejects.toMatchObject({ code: '396' });
});

test('a client with a database of its own reads there', async () => {
  const inside = createClient({ url, database: 'tidemark' });
  expect(await (await inside.query({ query: 'SELECT currentDatabase() AS d, count() AS n FROM dedup', format: 'JSONEachRow' })).json()).toEqual([
    { d: 'tidemark', n: 3 },
  ]);
  await inside.close();
  const nowhere = createClient({ url, database: 'nowhere', log: { level: ClickHouseLogLevel.OFF } });
  await expect(nowhere.query({ query: 'SELECT 1' })).rejects.toMatchObject({ code: '81', type: 'UNKNOWN_DATABASE' });
  await nowhere.close();
});

test('errors carry the code, the type and the status of a server', async () => {
  await expect(client.query({ query: 'SELECT * FROM nope' })).rejects.toMatchObject({ code: '60', type: 'UNKNOWN_TABLE' });
  await expect(client.query({ query: 'selec 1' })).rejects.toMatchObject({ code: '62', type: 'SYNTAX_ERROR' });
  await expect(client.query({ query: 'SELECT {x:String}' })).rejects.toMatchObject({ code: '456' });
  await expect(client.query({ query: 'SELECT 1', clickhouse_settings: { no_such_setting: 1 } as never })).rejects.toMatchObject({ code: '115' });
  await expect(client.insert({ table: 'tidemark.small', values: [{ id: 'x' }], format: 'JSONEachRow' })).rejects.toMatchObject({ code: '27' });
  await expect(client.command({ query: 'SELECT 1; SELECT 2' })).rejects.toMatchObject({ code: '62' });
  const post = async (body: string): Promise<[number, string | null]> => {
    const response = await fetch(url, { method: 'POST', body });
    await response.text();
    return [response.status, response.headers.get('x-clickhouse-exception-code')];
  };
  expect(await post('SELECT * FROM nope')).toEqual([404, '60']);
  expect(await post('SELEC 1')).toEqual([400, '62']);
  expect(await post('SELECT throwIf(1)')).toEqual([500, '395']);
  expect(await post('')).toEqual([400, '62']);
});

test('GET reads and does not write; a web page may do neither', async () => {
  const get = async (query: string, headers: Record<string, string> = {}): Promise<[number, string]> => {
    const response = await fetch(`${url}/?query=${encodeURIComponent(query)}&default_format=JSONEachRow`, { headers });
    return [response.status, await response.text()];
  };
  expect(await get('SELECT 1 AS one')).toEqual([200, '{"one":1}\n']);
  expect((await get('DROP TABLE tidemark.rows'))[1]).toContain('(READONLY)');
  expect((await get('SELECT 1', { origin: 'http://example.com' }))[0]).toBe(403);
});

test('a body beyond the limit is refused, also when only unpacking makes it so', async () => {
  const target = `${url}/?query=${encodeURIComponent('INSERT INTO tidemark.small FORMAT JSONEachRow')}`;
  const plain = await fetch(target, { method: 'POST', body: new Uint8Array(65 * 1024 * 1024) });
  expect(plain.status).toBe(413);
  const packed = await fetch(target, { method: 'POST', body: gzipSync(new Uint8Array(65 * 1024 * 1024)), headers: { 'content-encoding': 'gzip' } });
  expect([packed.status, packed.headers.get('x-clickhouse-exception-code')]).toEqual([400, '117']);
  expect(await client.ping()).toEqual({ success: true });
});

test('a result of 100,000 rows arrives whole', async () => {
  const rows = await select<{ n: string }>("SELECT number AS n, repeat('x', 100) AS s FROM numbers(100000)");
  expect(rows).toHaveLength(100_000);
  expect(rows.at(-1)).toMatchObject({ n: 99_999 });
});

test('a statement beyond its memory limit fails alone', async () => {
  const hungry = client.query({ query: 'SELECT groupArray(number) FROM numbers(50000000)', clickhouse_settings: { max_memory_usage: '50000000' } });
  await expect(hungry).rejects.toMatchObject({ code: '241', type: 'MEMORY_LIMIT_EXCEEDED' });
  expect(await select('SELECT 1 AS one')).toEqual([{ one: 1 }]);
});

test('/ping answers while statements run', async () => {
  const slow = Promise.all(Array.from({ length: 6 }, () => select('SELECT sleep(0.5)')));
  const startedAt = performance.now();
  expect(await client.ping()).toEqual({ success: true });
  expect(performance.now() - startedAt).toBeLessThan(400);
  await slow;
});

test('what was acknowledged is there after kill -9', async () => {
  const before = await select('SELECT count() AS n, sum(version) AS v FROM tidemark.rows');
  const pid = engines.processIds.clickhouse;
  const values = Array.from({ length: 5_000 }, (_, id) => row(20_000 + id, 1));
  await client.insert({ table: 'tidemark.rows', values, format: 'JSONEachRow' });
  await engines.kill('clickhouse');
  expect(engines.processIds.clickhouse).toBeUndefined();
  await engines.start('clickhouse');
  expect(engines.processIds.clickhouse).not.toBe(pid);
  expect(before).toEqual([{ n: 10_001, v: 10_002 }]);
  expect(await select('SELECT count() AS n, sum(version) AS v FROM tidemark.rows')).toEqual([{ n: 15_001, v: 15_002 }]);
});
