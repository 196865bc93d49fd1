// The settings shipped for a small ClickHouse server exist in the engine of the same age, so that the server starts with them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { query } from 'chdb';
import { expect, test } from 'vitest';

const folder = join(import.meta.dirname, '../clickhouse');

/** The leaves of a settings file as paths of element names with their texts. */
function leaves(file: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const open: string[] = [];
  const text = readFileSync(join(folder, file), 'utf8').replace(/<!--[\s\S]*?-->/g, '');
  for (const [, closing, name = '', empty, content = ''] of text.matchAll(/<(\/?)(\w+)[^>]*?(\/?)>([^<]*)/g)) {
    if (closing) open.pop();
    else if (!empty) {
      open.push(name);
      if (content.trim() !== '') found.set(open.slice(1).join('/'), content.trim());
    }
  }
  expect(open).toEqual([]);
  return found;
}

function known(table: string): ReadonlySet<string> {
  return new Set(query(`SELECT name FROM system.${table}`, 'TSV').trim().split('\n'));
}

test('every server and merge tree setting is one that the engine knows', () => {
  const names = [...leaves('small-host.xml').keys()].filter((path) => !/^(logger|query_log)\//.test(path));
  const server = known('server_settings');
  const mergeTree = known('merge_tree_settings');
  expect(names.length).toBeGreaterThan(15);
  expect(names.filter((path) => !(path.startsWith('merge_tree/') ? mergeTree.has(path.slice('merge_tree/'.length)) : server.has(path)))).toEqual([]);
});

test('every query setting is one that the engine knows and takes', () => {
  const settings = [...leaves('small-queries.xml')].map(([path, value]) => [path.replace('profiles/default/', ''), value] as const);
  const names = known('settings');
  expect(settings.filter(([name]) => !names.has(name))).toEqual([]);
  const clause = settings.map(([name, value]) => `${name} = ${/^\d+$/.test(value) ? value : `'${value}'`}`).join(', ');
  expect(query(`SELECT 1 SETTINGS ${clause}`, 'TSV')).toBe('1\n');
});

test('merges leave room in the background pool, without which the server refuses to start', () => {
  const settings = leaves('small-host.xml');
  const value = (name: string): number => Number(settings.get(name));
  const entries = value('background_pool_size') * value('background_merges_mutations_concurrency_ratio');
  for (const [name, count] of settings) if (name.startsWith('merge_tree/number_of_free')) expect(Number(count), name).toBeLessThan(entries);
});
