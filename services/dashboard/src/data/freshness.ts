/** How fresh the figures are, in words, from where each partition stands. */
import { signal } from '@preact/signals';
import type { AsOf, Ready } from '@tidemark/query/client';
import { clockText, duration } from '../show/times.ts';
import type { Connection } from './connection.ts';

/** Of the figure that the page shows; null where it shows none or many. */
export const shownAsOf = signal<{ readonly asOf: AsOf; readonly metric: string; readonly from?: string; readonly to?: string } | null>(null);

export type Partition = Ready['details']['sets'][number]['partitions'][number];

export interface Freshness {
  readonly state: 'live' | 'catching-up' | 'stale' | 'halted' | 'offline' | 'waiting';
  readonly words: string;
}

/** A partition that was at the end of its log so lately is live. */
const LIVE_WITHIN_MS = 10_000;

/** `live, 0.4 s behind`, `catching up, 2 min behind`, `stale since 14:02`, `partition 3 halted`, `offline since 14:02`. */
export function freshness(facts: { connection: Connection; partitions: readonly Partition[] | null; asOf: AsOf | null; nowMs: number }): Freshness {
  const { connection, partitions, asOf, nowMs } = facts;
  if (connection.state === 'offline') return { state: 'offline', words: `offline since ${clockText(connection.sinceMs, { seconds: false })}` };
  if (partitions === null && asOf === null) return { state: 'waiting', words: 'asking for figures' };
  const halted =
    partitions?.filter((partition) => partition.halted !== null).map(({ partition }) => partition) ??
    asOf?.halted.map(({ partition }) => partition) ??
    [];
  if (halted.length > 0)
    return { state: 'halted', words: halted.length === 1 ? `partition ${halted[0]} halted` : `partitions ${halted.join(', ')} halted` };
  const confirmedMs = partitions === null ? Date.parse(asOf?.publishedAt ?? '') : least(partitions.map(confirmedAtMs));
  const publishedMs = partitions === null ? confirmedMs : Math.max(...partitions.map(publishedAtMs));
  const behindS = Math.max(0, (nowMs - confirmedMs) / 1_000);
  if (Number.isNaN(behindS) || confirmedMs === 0) return { state: 'waiting', words: 'waiting for the first events' };
  if (nowMs - confirmedMs <= LIVE_WITHIN_MS)
    return { state: 'live', words: connection.state === 'polling' ? `polling, ${duration(behindS)} behind` : `live, ${duration(behindS)} behind` };
  if (nowMs - publishedMs <= LIVE_WITHIN_MS) return { state: 'catching-up', words: `catching up, ${duration(behindS)} behind` };
  if (asOf === null || asOf.stale) return { state: 'stale', words: `stale since ${staleText(confirmedMs, nowMs)}` };
  return { state: 'live', words: `${duration(behindS)} behind` };
}

export function confirmedAtMs({ heads }: Partition): number {
  return Math.max(parsed(heads.redis?.confirmedAt), parsed(heads.clickhouse?.confirmedAt));
}

function publishedAtMs({ heads }: Partition): number {
  return Math.max(parsed(heads.redis?.publishedAt), parsed(heads.clickhouse?.publishedAt));
}

function parsed(instant: string | undefined): number {
  return instant === undefined ? 0 : Date.parse(instant);
}

function least(values: readonly number[]): number {
  return values.reduce((smallest, value) => Math.min(smallest, value), Number.POSITIVE_INFINITY);
}

function staleText(ms: number, nowMs: number): string {
  const date = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' }).format(new Date(ms));
  return nowMs - ms > 12 * 3_600_000 ? `${date}, ${clockText(ms, { seconds: false })}` : clockText(ms, { seconds: false });
}
