/** Whether producers put actors on the partitions that this namespace's partitioner gives: misrouted records are counted and not folded. */
import type { WorkerConfig } from './config.ts';

type Partitioner = WorkerConfig['TIDEMARK_PARTITIONER'];

interface Counted {
  readonly lineage: string;
  readonly partition: number;
  readonly counters: Readonly<Record<string, number>>;
}

interface Sum {
  readonly atMs: number;
  /** By lineage and partition. */
  readonly read: ReadonlyMap<string, number>;
  readonly misrouted: ReadonlyMap<string, number>;
}

export interface RoutingCheck {
  readonly name: 'partitioner';
  readonly ok: boolean;
  readonly detail: string;
}

/** A tenth of a percent of the records of the last minutes, of at least so many. */
const SHARE_LIMIT = 0.001;
const LEAST_RECORDS = 1_000;
/** What was wrong is forgotten after twice this. */
const WINDOW_MS = 5 * 60_000;

const CULPRITS: Readonly<Record<Partitioner, string>> = {
  murmur2: "librdkafka with its default (set partitioner=murmur2_random there), or kafkajs's legacy partitioner",
  crc32: 'the Java client or kafkajs with their default (murmur2)',
};

/** Ask it again and again: what it knows of the minutes before comes from the calls before. */
export function createRoutingCheck(partitioner: Partitioner): (status: readonly Counted[], nowMs: number) => RoutingCheck {
  let before: Sum | null = null;
  let latest: Sum | null = null;
  return (status, nowMs) => {
    const now = sumOf(status, nowMs);
    if (latest === null || nowMs - latest.atMs >= WINDOW_MS) {
      before = latest;
      latest = now;
    }
    const read = grown(now.read, before?.read);
    const misrouted = grown(now.misrouted, before?.misrouted);
    const ok = read < LEAST_RECORDS || misrouted <= read * SHARE_LIMIT;
    const share = read === 0 ? 0 : (100 * misrouted) / read;
    const detail = ok
      ? `${misrouted} of ${read} records on another partition than ${partitioner} gives`
      : `${share.toFixed(2)} % of ${read} records are on another partition than ${partitioner} gives and are not counted: probably from ${CULPRITS[partitioner]}`;
    return { name: 'partitioner', ok, detail };
  };
}

function sumOf(status: readonly Counted[], atMs: number): Sum {
  const of = (counter: string): Map<string, number> =>
    new Map(status.map(({ lineage, partition, counters }) => [`${lineage}/${partition}`, counters[counter] ?? 0]));
  return { atMs, read: of('read'), misrouted: of('misrouted') };
}

/** A partition that was loaded meanwhile counts from its first sight on only when it was there before. */
function grown(now: ReadonlyMap<string, number>, before: ReadonlyMap<string, number> | undefined): number {
  let sum = 0;
  for (const [key, count] of now) sum += Math.max(0, count - (before?.get(key) ?? 0));
  return sum;
}
