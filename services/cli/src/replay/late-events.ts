/** Before a replay: from when on the running deployment would still count events, by its partitions' clocks. */
import { DEFAULT_SETTINGS, lineageOf } from '@tidemark/core';
import { connectRedis, createRedisCellReader } from '@tidemark/redis';
import type { StoreAccess } from '@tidemark/runtime';
import { z } from 'zod';
import { readMetricSets } from '../definition-files.ts';

/** Where to ask; the first that is given is asked. */
export interface DeploymentAddress {
  readonly queryUrl: string | null;
  readonly redisUrl: string | null;
  /** User and TLS, beside what the URL says. */
  readonly redisAccess?: StoreAccess;
  readonly namespace: string;
  readonly partitions: number;
  /** Definition files: their lineages are looked up in Redis. */
  readonly metrics: readonly string[];
  readonly latenessMs: number;
}

const REQUEST_TIMEOUT_MS = 5_000;
const readyz = z.object({
  details: z.object({ sets: z.array(z.object({ partitions: z.array(z.object({ clock: z.string().nullable() })) })) }),
});

/** The largest partition clock, epoch ms: what lies before it less the lateness is late in at least one partition. Null when no clock is known. */
export async function latestClockMs(address: DeploymentAddress): Promise<number | null> {
  const clocks = address.queryUrl === null ? await clocksFromRedis(address) : await clocksFromService(address.queryUrl);
  return clocks.length === 0 ? null : Math.max(...clocks);
}

/** Events that pass on, and how many of them are earlier than an instant. */
export function countEarlier<Event extends { readonly timeMs: number }>(
  batches: AsyncIterable<readonly Event[]> | Iterable<readonly Event[]>,
  beforeMs: number,
): { readonly batches: AsyncIterable<readonly Event[]>; readonly count: () => number } {
  let count = 0;
  const counted = async function* (): AsyncGenerator<readonly Event[]> {
    for await (const batch of batches) {
      for (const { timeMs } of batch) if (timeMs < beforeMs) count++;
      yield batch;
    }
  };
  return { batches: counted(), count: () => count };
}

/** Throws an Error when the service does not answer as one: the asker named it. */
async function clocksFromService(queryUrl: string): Promise<number[]> {
  const response = await fetch(new URL('/readyz', queryUrl), { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
  const { details } = readyz.parse(await response.json());
  return details.sets.flatMap(({ partitions }) => partitions.flatMap(({ clock }) => (clock === null ? [] : [Date.parse(clock)])));
}

async function clocksFromRedis({ redisUrl, redisAccess, namespace, partitions, metrics, latenessMs }: DeploymentAddress): Promise<number[]> {
  if (redisUrl === null) return [];
  const sets = readMetricSets(metrics);
  const connection = await connectRedis({ url: redisUrl, ...redisAccess, namespace });
  try {
    const reader = createRedisCellReader(connection);
    const numbers = Array.from({ length: partitions }, (_, partition) => partition);
    const heads = await Promise.all(sets.map((set) => reader.heads(lineageOf(set, { ...DEFAULT_SETTINGS, latenessMs }), numbers)));
    return heads.flat().flatMap(({ note }) => (note?.clockMs == null ? [] : [note.clockMs]));
  } finally {
    await connection.close();
  }
}
