// What the owner reads out of a statement's text, comments and quotes notwithstanding.
import { expect, test } from 'vitest';
import { isInsert, isSeveralStatements, namedFormat, parseRawInsert, quoteIdentifier, quoteLiteral, skeletonOf } from '../src/clickhouse-sql.ts';

test.each([
  ["SELECT 'a -- b', 1", 'SELECT 00000000, 1'],
  ["SELECT 'it''s \\' ;' ;", 'SELECT 000000000000 ;'],
  ['SELECT `a``b`, "c;d"', 'SELECT qqqqqq, qqqqq'],
  ['SELECT 1 -- x;\n, 2', 'SELECT 1       , 2'],
  ['SELECT /* ; */ 1', 'SELECT         1'],
  ['SELECT $tag$ ; $tag$ + 1', 'SELECT 0000000000000 + 1'],
  ["SELECT 'open", 'SELECT 00000'],
])('%j has the skeleton %j', (sql, skeleton) => {
  expect(skeletonOf(sql)).toBe(skeleton);
  expect(skeletonOf(sql)).toHaveLength(sql.length);
});

test.each([
  ['SELECT 1 FORMAT JSON', 'JSON'],
  ['select 1 format JSONEachRow SETTINGS max_threads = 1;', 'JSONEachRow'],
  ["SELECT 'x FORMAT CSV'", undefined],
  ['SELECT format FROM t', undefined],
  ['SELECT 1 FORMAT CSV -- the end', 'CSV'],
])('%j names the format %j', (sql, format) => {
  expect(namedFormat(skeletonOf(sql))).toBe(format);
});

test.each([
  ['SELECT 1; SELECT 2', true],
  ['SELECT 1;', false],
  ["SELECT '; SELECT 2'", false],
  ['SELECT 1; -- the end', false],
  ['INSERT INTO t VALUES (1); (2)', false],
  ['INSERT INTO t SELECT 1; DROP TABLE t', true],
])('%j holds several statements: %s', (sql, several) => {
  expect(isSeveralStatements(skeletonOf(sql))).toBe(several);
});

test('an insert is known behind comments and lower case', () => {
  expect(isInsert(skeletonOf('-- note\n /* x */ insert into t values (1)'))).toBe(true);
  expect(isInsert(skeletonOf("SELECT 'INSERT INTO t'"))).toBe(false);
});

test('an insert of rows is taken apart', () => {
  expect(parseRawInsert('INSERT INTO events FORMAT JSONEachRow')).toEqual({
    table: 'events',
    columns: undefined,
    settings: undefined,
    format: 'JSONEachRow',
    dataStart: 37,
  });
  const full = 'INSERT INTO TABLE `a`."b" (x, `y`) SETTINGS insert_deduplication_token = \'FORMAT CSV\', max_threads=1 FORMAT CSV\n1,2\n';
  const parsed = parseRawInsert(full);
  expect(parsed).toMatchObject({
    table: 'a.b',
    columns: ['x', 'y'],
    settings: "insert_deduplication_token = 'FORMAT CSV', max_threads=1",
    format: 'CSV',
  });
  expect(full.slice(parsed?.dataStart)).toBe('1,2\n');
});

test.each([
  'INSERT INTO t VALUES (1)',
  'INSERT INTO t SELECT 1 FORMAT JSON',
  'INSERT INTO `a b` FORMAT CSV',
  'INSERT INTO FUNCTION file(x) FORMAT CSV',
  'INSERT INTO t (* EXCEPT(a)) FORMAT CSV',
])('%j is left to the engine', (sql) => {
  expect(parseRawInsert(sql)).toBeUndefined();
});

test('quoting leaves no way out of a literal or a name', () => {
  expect(quoteLiteral("it's \\' \0")).toBe("'it\\'s \\\\\\' \\0'");
  expect(quoteIdentifier('a`b\\')).toBe('`a\\`b\\\\`');
});
