/** Reads cells from Redis: head and rows of a partition in one read-only script, so that no reader sees a mixture. */
import type { CellReader, CellRow, Head, PartitionRows, TableRange, Version } from '@tidemark/pipeline';
import { loadScript, type RedisConnection, type Reply } from './connection.ts';
import { decodeHead } from './head.ts';
import { bucketHashKey, decodeRow, type PartitionKeys, partitionKeys } from './layout.ts';

const readScript = loadScript('read');
const changesScript = loadScript('changes');

/** Lua unpacks the fields of one request onto its stack; beyond this a whole hash is read and filtered here. */
const FIELDS_MAX = 5_000;

/** Below every bucket: stands for no beginning. */
const FIRST_BUCKET = -(2 ** 40);

/** One row hash to read, how to ask for it, and how its reply becomes rows. */
interface HashRequest {
  readonly hash: string;
  readonly args: readonly string[];
  readonly decode: (reply: Reply | undefined, rows: CellRow[]) => void;
}

export function createRedisCellReader(connection: RedisConnection): CellReader {
  const keysOf = (lineage: string, partition: number): PartitionKeys => partitionKeys(connection.namespace, lineage, partition);
  return {
    name: 'redis',
    // One write and one round trip for all partitions.
    async heads(lineage, partitions): Promise<readonly Head[]> {
      const replies = connection.together(() =>
        partitions.map((partition) =>
          connection.call('HMGET', keysOf(lineage, partition).head, 'closed', 'target', 'note', 'confirmation', 'announced'),
        ),
      );
      return (await Promise.all(replies)).map(decodeHead);
    },
    async read(lineage, partitions, ranges, since): Promise<readonly PartitionRows[]> {
      const read = async (partition: number): Promise<PartitionRows> => {
        const [keys, above] = [keysOf(lineage, partition), since?.get(partition)];
        return above === undefined
          ? await readPartition(connection, keys, partition, ranges)
          : await readChanges(connection, keys, { partition, above, ranges });
      };
      return await Promise.all(connection.together(() => partitions.map(read)));
    },
  };
}

/** The script puts the names of the hashes together, and opens those alone in which something changed. */
async function readChanges(
  connection: RedisConnection,
  keys: PartitionKeys,
  { partition, above, ranges }: { partition: number; above: Version; ranges: readonly TableRange[] },
): Promise<PartitionRows> {
  const args = ranges.flatMap(({ metric, table, from, to, sliced, value }) => [
    `${metric}:${table}`,
    String(Math.max(from, FIRST_BUCKET)),
    String(to),
    sliced ? (value === undefined ? 'all' : 'one') : 'buckets',
    (sliced ? value : undefined) ?? '',
  ]);
  const reply = await connection.run(changesScript, [keys.head, keys.changed], [above, keys.rowsPrefix, ...args]);
  if (!Array.isArray(reply)) throw new TypeError('Redis answered a read of changes with something that is no list');
  const rows: CellRow[] = [];
  for (const [index, { metric, table, sliced }] of ranges.entries()) {
    eachPair(reply[index + 1], (bucket, pairs) =>
      eachPair(pairs, (field, value) =>
        pushWhen(
          rows,
          true,
          sliced ? { metric, table, bucket: Number(bucket), value: field } : { metric, table, bucket: Number(field), value: '' },
          value,
        ),
      ),
    );
  }
  return { partition, head: decodeHead(reply[0]), rows };
}

async function readPartition(
  connection: RedisConnection,
  keys: PartitionKeys,
  partition: number,
  ranges: readonly TableRange[],
): Promise<PartitionRows> {
  const values = [...new Set(ranges.flatMap((range) => (range.sliced && range.value !== undefined ? [range.value] : [])))];
  const requests = ranges.flatMap((range) => (range.sliced ? slicedRequests(keys, range, values) : [unslicedRequest(keys, range)]));
  const args = [String(values.length), ...values, ...requests.flatMap((request) => request.args)];
  const reply = await connection.run(readScript, [keys.head, ...requests.map((request) => request.hash)], args);
  if (!Array.isArray(reply)) throw new TypeError('Redis answered a read with something that is no list');
  const rows: CellRow[] = [];
  for (const [index, request] of requests.entries()) request.decode(reply[index + 1], rows);
  return { partition, head: decodeHead(reply[0]), rows };
}

function unslicedRequest(keys: PartitionKeys, { metric, table, from, to }: TableRange): HashRequest {
  const hash = bucketHashKey(keys, metric, table, from);
  const count = Math.max(0, to - from + 1);
  if (count > FIELDS_MAX) {
    const within = (bucket: number): boolean => bucket >= from && bucket <= to;
    return {
      hash,
      args: ['all'],
      decode: (reply, rows) =>
        eachPair(reply, (field, value) => pushWhen(rows, within(Number(field)), { metric, table, bucket: Number(field), value: '' }, value)),
    };
  }
  const buckets = Array.from({ length: count }, (_, index) => from + index);
  return {
    hash,
    args: count === 0 ? ['all'] : [String(count), ...buckets.map(String)],
    decode: (reply, rows) => {
      for (const [index, bucket] of buckets.entries()) pushWhen(rows, true, { metric, table, bucket, value: '' }, at(reply, index));
    },
  };
}

function slicedRequests(keys: PartitionKeys, range: TableRange, values: readonly string[]): HashRequest[] {
  const { metric, table, from, to } = range;
  const requests: HashRequest[] = [];
  for (let bucket = from; bucket <= to; bucket++) {
    const hash = bucketHashKey(keys, metric, table, bucket);
    const { value: wanted } = range;
    if (wanted === undefined) {
      requests.push({
        hash,
        args: ['all'],
        decode: (reply, rows) => eachPair(reply, (field, value) => pushWhen(rows, true, { metric, table, bucket, value: field }, value)),
      });
    } else {
      const args = ['shared', String(values.indexOf(wanted) + 1)];
      requests.push({ hash, args, decode: (reply, rows) => pushWhen(rows, true, { metric, table, bucket, value: wanted }, at(reply, 0)) });
    }
  }
  return requests;
}

function at(reply: Reply | undefined, index: number): Reply | undefined {
  return Array.isArray(reply) ? reply[index] : undefined;
}

function eachPair(reply: Reply | undefined, visit: (field: string, value: Reply | undefined) => void): void {
  if (!Array.isArray(reply)) return;
  for (let index = 0; index < reply.length; index += 2) visit(String(reply[index]), reply[index + 1]);
}

function pushWhen(
  rows: CellRow[],
  wanted: boolean,
  key: { metric: string; table: string; bucket: number; value: string },
  value: Reply | undefined,
): void {
  if (wanted && Buffer.isBuffer(value)) rows.push(decodeRow(key, value));
}
