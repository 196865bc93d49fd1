// How far the worker's stores are: heads in Redis and ClickHouse, manifests in Redis, read as schemas/redis/layout.md and schemas/clickhouse say.
import { Redis } from 'ioredis';

/** Offset after the last record that each store holds whole, by partition; 0 where there is nothing. */
export interface StorePositions {
  redis(): Promise<number[]>;
  manifests(): Promise<number[]>;
  clickhouse(): Promise<number[]>;
  /** Records by outcome, summed over the heads in Redis. */
  counters(): Promise<Readonly<Record<string, number>>>;
  /** Forgets everything of the namespace in Redis. */
  wipeRedis(): Promise<void>;
  close(): void;
}

export function openStorePositions(options: {
  redisUrl: string;
  clickhouseUrl: string;
  database: string;
  namespace: string;
  partitions: number;
}): StorePositions & { lineage: string } {
  const { namespace, partitions, database } = options;
  const client = new Redis(options.redisUrl);
  const field = async (key: string, name: string): Promise<(string | null)[]> =>
    Promise.all(
      Array.from({ length: partitions }, (_, partition) => client.hget(`tidemark:${namespace}:{${partition}}:${store.lineage}:${key}`, name)),
    );
  const store = {
    lineage: '',
    redis: async () => (await field('head', 'closed')).map((version) => Number.parseInt(version?.slice(4) ?? '0', 16)),
    manifests: async () => (await field('manifest', 'json')).map((json) => nextOf(json)),
    counters: async () => (await field('head', 'note')).reduce((sums, json) => addCounters(sums, json), {}),
    clickhouse: async () => {
      const sql = `SELECT partition, toString(bitAnd(version, 281474976710655)) FROM rollup_cells FINAL WHERE lineage = '${store.lineage}' AND metric = '$head' AND tbl = 'head' FORMAT TSV`;
      const text = await (await fetch(`${options.clickhouseUrl}/?database=${database}`, { method: 'POST', body: sql })).text();
      const next = new Map(
        text
          .trim()
          .split('\n')
          .map((line): [number, number] => [Number(line.split('\t')[0]), Number(line.split('\t')[1])]),
      );
      return Array.from({ length: partitions }, (_, partition) => next.get(partition) ?? 0);
    },
    wipeRedis: async () => {
      for await (const keys of client.scanStream({ match: `tidemark:${namespace}:*`, count: 5_000 }))
        if (Array.isArray(keys) && keys.length > 0) await client.unlink(...keys.map(String));
    },
    close: () => client.disconnect(),
  };
  return store;
}

function nextOf(json: string | null): number {
  if (json === null) return 0;
  const manifest: { next: number } = JSON.parse(json);
  return manifest.next;
}

function addCounters(sums: Record<string, number>, json: string | null): Record<string, number> {
  const note: { counters: Record<string, number> } = JSON.parse(json ?? '{"counters":{}}');
  for (const [name, count] of Object.entries(note.counters)) sums[name] = (sums[name] ?? 0) + count;
  return sums;
}
