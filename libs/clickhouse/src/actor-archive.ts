/** Reads one actor's history from the archive's second order: by actor, then by time. */
import type { ActorArchive, ArchivedRecord } from '@tidemark/pipeline';
import { createClickHouseArchive } from './archive.ts';
import { recordOf, VALUES } from './archive-reader.ts';
import type { ClickHouseConnection } from './connection.ts';

const BEGINNING = { timeMs: Number.MIN_SAFE_INTEGER, epoch: 0, partition: 0, offset: 0 };

export function createClickHouseActorArchive(connection: ClickHouseConnection): ActorArchive {
  const { chainEnd } = createClickHouseArchive(connection);
  return {
    async recordsOfActor({ actorId, after, limit }): Promise<readonly ArchivedRecord[]> {
      const rows = await connection.select(
        `SELECT epoch, partition, offset, ${VALUES}, false, reason, type, event, actor_kind, if(reason = '', actor, ''), message_id, if(reason = '', time_ms, 0)
FROM events_by_actor
WHERE actor = {actor:String} AND time_ms >= {timeMs:Int64}
  AND (time_ms, epoch, partition, offset) > ({timeMs:Int64}, {epoch:UInt16}, {partition:UInt16}, {offset:UInt64})
ORDER BY actor, time_ms, epoch, partition, offset LIMIT 1 BY epoch, partition, offset LIMIT {limit:UInt64}`,
        { actor: actorId, limit, ...(after ?? BEGINNING) },
      );
      return rows.map(recordOf);
    },
    async position(partition): Promise<{ epoch: number; next: number } | null> {
      const [[count, newest] = []] = await connection.select('SELECT count(), max(epoch) FROM archive_chunks WHERE partition = {partition:UInt16}', {
        partition,
      });
      if (Number(count) === 0) return null;
      const epoch = Number(newest);
      const end = await chainEnd(epoch, partition);
      return end === null ? null : { epoch, next: end.to };
    },
  };
}
