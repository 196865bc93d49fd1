/** Whether the service can answer now: each store with its latency, and how far each partition of each set is in both. */
import { isoInstant } from '@tidemark/core';
import { type Answerer, type Head, type StoreName, splitVersion } from '@tidemark/pipeline';
import { redactText } from '@tidemark/runtime';
import type { Asking } from './asking.ts';

interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
  readonly latencyMs?: number;
}

/** Ready while every partition of every set has a head in a store that answers: one store away is degraded, not down. A halted partition still answers. */
export async function readiness({ answerer, serving }: Asking, partitions: readonly number[]) {
  const { watch } = answerer;
  const states = await Promise.all(
    serving.catalogue.sets.map(async ({ set, lineage }) => {
      const heads = await watch.fresh(lineage);
      const of = (store: StoreName, index: number): Head | null => published(heads[store]?.[index]);
      const states = partitions.map((partition, index) => partitionState(partition, of('redis', index), of('clickhouse', index)));
      return { set: set.name, lineage, partitions: states };
    }),
  );
  const sums = states.map(({ set, partitions: ofSet }): Check => {
    const missing = ofSet.filter(({ position }) => position === null).map(({ partition }) => partition);
    const halted = ofSet.filter((partition) => partition.halted !== null).map(({ partition }) => partition);
    const haltedText = halted.length === 0 ? '' : `; halted: ${halted.join(', ')}`;
    const detail =
      missing.length === 0 ? `${ofSet.length} partitions can be answered` : `nothing to answer from for partitions ${missing.join(', ')}`;
    return { name: `set ${set}`, ok: missing.length === 0, detail: detail + haltedText };
  });
  const checks = [storeCheck(answerer, 'redis'), storeCheck(answerer, 'clickhouse'), ...sums];
  return { ready: sums.every(({ ok }) => ok), checks, details: { sets: states } };
}

function storeCheck({ watch }: Answerer, store: StoreName): Check {
  const { error, latencyMs } = watch.state(store);
  return { name: store, ok: error === null, detail: error === null ? 'ok' : redactText(error).slice(0, 300), latencyMs };
}

function partitionState(partition: number, redis: Head | null, clickhouse: Head | null) {
  const source =
    redis === null && clickhouse === null ? null : (redis?.closed ?? '') >= (clickhouse?.closed ?? '') ? ('redis' as const) : ('clickhouse' as const);
  const head = source === 'redis' ? redis : clickhouse;
  const clockMs = head?.note?.clockMs ?? null;
  return {
    partition,
    position: head === null ? null : positionOf(head),
    clock: clockMs === null ? null : isoInstant(clockMs),
    source,
    halted: head?.note?.halted ?? null,
    heads: { redis: headState(redis), clickhouse: headState(clickhouse) },
  };
}

function headState(head: Head | null) {
  if (head?.note == null) return null;
  return {
    position: positionOf(head),
    open: head.closed < head.target,
    publishedAt: isoInstant(head.note.publishedAtMs),
    confirmedAt: isoInstant(head.note.confirmedAtMs),
  };
}

function positionOf(head: Head): string {
  return String(splitVersion(head.closed).next);
}

function published(head: Head | undefined): Head | null {
  return head === undefined || head.note === null ? null : head;
}
