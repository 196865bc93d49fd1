/** Makes Redis forget the figures of one partition of a lineage, as if it had lost them: the owner notices, and writes them again. State is kept. */
import { loadScript, type RedisConnection } from './connection.ts';
import { partitionKeys } from './layout.ts';

const forgetScript = loadScript('forget');

/** Answers how many row hashes were there. Head and rows go at one instant, so that no publish can mistake what is left for a whole prefix. */
export async function forgetFigures(connection: RedisConnection, of: { readonly lineage: string; readonly partition: number }): Promise<number> {
  const keys = partitionKeys(connection.namespace, of.lineage, of.partition);
  return Number(await connection.run(forgetScript, [keys.head, keys.parts, keys.tables, keys.changed], []));
}
