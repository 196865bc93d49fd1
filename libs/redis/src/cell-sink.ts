/** Publishes cells to Redis: every part is one script, atomic and harmless to send again. */
import { type CellRow, type CellSink, createTurns, type Head, type PublishOutcome, type PublishPart, type Version } from '@tidemark/pipeline';
import { loadScript, type RedisConnection, type Reply } from './connection.ts';
import { decodeHead, encodeNote } from './head.ts';
import { decodeRow, keyOf, type PartitionKeys, partitionKeys } from './layout.ts';
import { packGroups } from './row-groups.ts';

const publishScript = loadScript('publish');
const rowsBetweenScript = loadScript('rows_between');

/** A script holds the server for some 5 ms. */
const PART_LIMITS = { maxRows: 200, maxCells: 6_000 };
/** One runs, the next is at the server already; whoever reads waits behind these and not behind a part of every partition. */
const PARTS_AT_ONCE = 2;

export function createRedisCellSink(connection: RedisConnection): CellSink {
  const keysOf = (lineage: string, partition: number): PartitionKeys => partitionKeys(connection.namespace, lineage, partition);
  // The nodes of a cluster work beside each other.
  const turns = createTurns(connection.isCluster ? Number.POSITIVE_INFINITY : PARTS_AT_ONCE);
  return {
    name: 'redis',
    partLimits: PART_LIMITS,
    async head(lineage, partition): Promise<Head> {
      return decodeHead(await connection.call('HMGET', keysOf(lineage, partition).head, 'closed', 'target', 'note', 'confirmation', 'announced'));
    },
    async write(part): Promise<PublishOutcome> {
      const keys = keysOf(part.lineage, part.partition);
      const { hashes, args } = encodePart(keys, part);
      const named = [keys.head, keys.parts, keys.tables, keys.changed, ...hashes];
      return decodeOutcome(await turns.take(() => connection.run(publishScript, named, args)));
    },
    async rowsBetween(lineage, partition, above, upTo): Promise<readonly CellRow[] | null> {
      return readRowsBetween(connection, keysOf(lineage, partition), above, upTo);
    },
  };
}

function encodePart(keys: PartitionKeys, part: PublishPart): { hashes: string[]; args: (string | Buffer)[] } {
  const { note, confirmedAtMs, confirmation } = encodeNote(part.note);
  const args = [
    part.base,
    part.target,
    part.publishId,
    String(part.index),
    part.last ? '1' : '0',
    note,
    String(confirmedAtMs),
    confirmation,
    part.note.log ?? '',
  ];
  const { hashes, packed } = packGroups(keys, part.rows);
  return { hashes, args: [...args, ...packed] };
}

function decodeOutcome(reply: Reply): PublishOutcome {
  const [outcome, closed] = Array.isArray(reply) ? reply.map(String) : [];
  if (outcome === 'behind' && closed !== undefined) return { outcome, closed };
  if (outcome === 'written' || outcome === 'open' || outcome === 'incomplete') return { outcome };
  throw new TypeError(`Redis answered a publish with ${String(reply)}`);
}

async function readRowsBetween(connection: RedisConnection, keys: PartitionKeys, above: Version, upTo: Version): Promise<readonly CellRow[] | null> {
  const reply = await connection.run(rowsBetweenScript, [keys.head, keys.tables], [above, upTo]);
  if (!Array.isArray(reply)) return null;
  const rows: CellRow[] = [];
  for (let i = 0; i < reply.length; i += 2) {
    const hash = String(reply[i]);
    const pairs = reply[i + 1];
    if (!Array.isArray(pairs)) continue;
    for (let at = 0; at < pairs.length; at += 2) {
      const value = pairs[at + 1];
      if (Buffer.isBuffer(value)) rows.push(decodeRow(keyOf(keys, hash, String(pairs[at])), value));
    }
  }
  return rows;
}
