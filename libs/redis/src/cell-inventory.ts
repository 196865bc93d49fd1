/** Lists which buckets of which tables Redis holds of a partition, from the names of its row hashes. */
import type { CellInventory } from '@tidemark/pipeline';
import type { RedisConnection } from './connection.ts';
import { keyOf, partitionKeys } from './layout.ts';

/** Names asked for in one step of a scan. */
const NAMES_AT_ONCE = 1_000;

export function createRedisCellInventory(connection: RedisConnection): CellInventory {
  return {
    name: 'redis',
    async tables(lineage, partition) {
      const keys = partitionKeys(connection.namespace, lineage, partition);
      const tables = new Map<string, { metric: string; table: string; buckets: Set<number> }>();
      const add = (hash: string, field: string): void => {
        const { metric, table, bucket } = keyOf(keys, hash, field);
        const known = tables.get(`${metric}/${table}`) ?? { metric, table, buckets: new Set() };
        tables.set(`${metric}/${table}`, known);
        known.buckets.add(bucket);
      };
      for (const hash of await hashNames(connection, keys.tables)) {
        const { table } = keyOf(keys, hash, '0');
        if (table.includes(':')) add(hash, '0');
        else for (const field of texts(await connection.call('HKEYS', hash))) add(hash, field);
      }
      return [...tables.values()].map(({ buckets, ...of }) => ({ ...of, buckets: [...buckets] }));
    },
  };
}

/** A set of a few thousand names, step by step, so that nobody else waits. */
async function hashNames(connection: RedisConnection, set: string): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  let cursor = '0';
  do {
    const reply = await connection.call('SSCAN', set, cursor, 'COUNT', NAMES_AT_ONCE);
    if (!Array.isArray(reply)) throw new TypeError('Redis answered a scan with something that is no list');
    cursor = String(reply[0]);
    for (const name of texts(reply[1])) names.add(name);
  } while (cursor !== '0');
  return names;
}

function texts(reply: unknown): string[] {
  return Array.isArray(reply) ? reply.map(String) : [];
}
