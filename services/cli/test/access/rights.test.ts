// The rights that doctor tries are those that deploy/access.md lists, and cover what the adapters and the migrations really ask of the engines.
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import {
  CLICKHOUSE_RIGHTS,
  CLICKHOUSE_TABLES,
  clickhouseGrant,
  clickhouseUser,
  KAFKA_RIGHTS,
  kafkaCommand,
  REDIS_COMMANDS,
  ROLES,
  redisCommand,
} from '../../src/access/rights.ts';

const root = resolve(import.meta.dirname, '../../../..');
const page = readFileSync(join(root, 'deploy/access.md'), 'utf8').split('\n');
const read = (folder: string, end: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(end))
    .map((name) => readFileSync(join(root, folder, name), 'utf8'));

test('deploy/access.md lists exactly the rights that doctor tries, role by role', () => {
  const kafka = ROLES.flatMap((role) => KAFKA_RIGHTS[role].map((right) => kafkaCommand(right, { user: `tidemark-${role}`, namespace: 'tidemark' })));
  const redis = ROLES.filter((role) => REDIS_COMMANDS[role].length > 0).map((role) =>
    redisCommand(REDIS_COMMANDS[role], { user: `tidemark-${role}`, namespace: 'tidemark' }),
  );
  const clickhouse = ROLES.filter((role) => CLICKHOUSE_RIGHTS[role].length > 0).flatMap((role) => {
    const user = `tidemark_${role}`;
    return [clickhouseUser(role, user), ...CLICKHOUSE_RIGHTS[role].map((right) => clickhouseGrant(right, { user, database: 'tidemark' }))];
  });
  expect(page.filter((line) => line.startsWith('kafka-acls.sh'))).toEqual(kafka);
  expect(page.filter((line) => line.startsWith('ACL '))).toEqual(redis);
  expect(page.filter((line) => /^(?:CREATE USER|GRANT) /.test(line))).toEqual(clickhouse.map((line) => `${line};`));
});

test('the worker may run every command that the Redis adapter names, also within scripts, and no other', () => {
  const inCode = read('libs/redis/src', '.ts')
    .filter((text) => !text.startsWith('/** Which commands a user may not run'))
    .flatMap((text) => [...text.matchAll(/\.call\(\s*'([A-Z]+)'/g)].map(([, name = '']) => name));
  const inScripts = read('libs/redis/src', '.lua').flatMap((text) => [...text.matchAll(/redis\.p?call\('([A-Z]+)'/g)].map(([, name = '']) => name));
  const named = new Set([...inCode, ...inScripts].map((name) => name.toLowerCase()));
  expect([...REDIS_COMMANDS.worker].sort()).toEqual([...named].sort());
  expect(REDIS_COMMANDS.query.filter((command) => !named.has(command))).toEqual([]);
});

test('every table of the migrations can be tried, and the migration needs no privilege beyond its own', () => {
  const statements = read('schemas/clickhouse', '.sql').flatMap((text) =>
    text
      .replaceAll(/^--.*$/gm, '')
      .split(/;\s*$/m)
      .map((statement) => statement.trim())
      .filter((statement) => statement !== ''),
  );
  const tables = statements.flatMap((statement) => /^CREATE TABLE IF NOT EXISTS (\w+)/.exec(statement)?.[1] ?? []);
  expect(Object.keys(CLICKHOUSE_TABLES).sort()).toEqual(tables.sort());
  const verbs = new Set(
    statements.map((statement) => /^[A-Z]+ (?:MATERIALIZED )?[A-Z]+/.exec(statement)?.[0].replace('MATERIALIZED ', '') ?? statement),
  );
  const privileges = CLICKHOUSE_RIGHTS.migrate.flatMap((right) => right.privileges);
  expect([...verbs].filter((verb) => !privileges.includes(verb))).toEqual([]);
});

test('only the query user is limited, and may change nothing', () => {
  expect(ROLES.filter((role) => clickhouseUser(role, 'x').includes('readonly = 2'))).toEqual(['query']);
  expect(CLICKHOUSE_RIGHTS.query).toEqual([{ table: '*', privileges: ['SELECT'] }]);
});
