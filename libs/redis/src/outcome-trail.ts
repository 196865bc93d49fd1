/** The trail of outcomes in Redis: a capped stream per partition, and a key whose life is the wish to see it. */
import type { OutcomeTrail, TrailPage, WitnessedRecord } from '@tidemark/pipeline';
import { loadScript, type RedisConnection, type Reply } from './connection.ts';
import { trailKeys } from './layout.ts';

const appendScript = loadScript('append_outcomes');

/** Of one partition; each record has at most some kilobytes. */
const KEPT_RECORDS = 200;
/** Without new records a trail is forgotten after so long. */
const KEPT_SECONDS = 120;

export function createRedisOutcomeTrail(connection: RedisConnection): OutcomeTrail {
  const keysOf = (lineage: string) => trailKeys(connection.namespace, lineage);
  return {
    async want(lineage, { forMs, nowMs }): Promise<number> {
      const key = keysOf(lineage).wanted;
      await connection.call('SET', key, String(nowMs), 'PX', forMs, 'NX');
      const [since] = await Promise.all([connection.call('GET', key), connection.call('PEXPIRE', key, forMs)]);
      return since === null ? nowMs : Number(String(since));
    },
    async isWanted(lineage): Promise<boolean> {
      return (await connection.call('EXISTS', keysOf(lineage).wanted)) === 1;
    },
    async append(lineage, partition, records): Promise<void> {
      if (records.length === 0) return;
      const args = records.flatMap((record) => [idOf(record), JSON.stringify(record)]);
      await connection.run(appendScript, [keysOf(lineage).trail(partition)], [KEPT_RECORDS, KEPT_SECONDS, ...args]);
    },
    async read(lineage, partitions, { after, limit }): Promise<readonly TrailPage[]> {
      // Calls that are sent together travel together.
      return await Promise.all(
        partitions.map(async (partition) => {
          const key = keysOf(lineage).trail(partition);
          const place = after?.get(partition);
          if (place !== undefined)
            return { partition, records: recordsIn(await connection.call('XRANGE', key, `(${idOf(place)}`, '+', 'COUNT', limit)) };
          return { partition, records: recordsIn(await connection.call('XREVRANGE', key, '+', '-', 'COUNT', limit)).toReversed() };
        }),
      );
    },
  };
}

function idOf({ epoch, offset }: { readonly epoch: number; readonly offset: number }): string {
  // A stream's ids begin at 0-1.
  return `${epoch}-${offset + 1}`;
}

function recordsIn(reply: Reply): readonly WitnessedRecord[] {
  if (!Array.isArray(reply)) throw new TypeError('Redis answered a range of a stream with something that is no list');
  return reply.map((entry) => {
    const fields = Array.isArray(entry) ? entry[1] : null;
    const text = Array.isArray(fields) ? fields[1] : null;
    if (!Buffer.isBuffer(text)) throw new TypeError('an entry of the trail has no record');
    const record: WitnessedRecord = JSON.parse(text.toString('utf8'));
    return record;
  });
}
