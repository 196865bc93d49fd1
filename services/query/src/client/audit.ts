/** The audit of the contract, as types; made by `npm run -w @tidemark/query openapi`: change the schemas, not this file. */
import type { Instant } from './envelope.ts';

export interface Audit {
  readonly sets: readonly {
    readonly set: string;
    readonly revision: string;
    readonly lineage: string;
    readonly partitions: readonly AuditPartition[];
  }[];
  /** What did not answer, so that its facts are missing. */
  readonly away: readonly { readonly what: 'redis' | 'clickhouse'; readonly reason: string }[];
}

export interface AuditCheck {
  readonly kind: 'verify_redis' | 'verify_clickhouse' | 'selfcheck';
  readonly outcome: 'same' | 'different' | 'undecided';
  readonly checkedAt: Instant;
  /** Offset after the last record included. */
  readonly position: string;
  /** Integers; of a selfcheck actors. */
  readonly compared: number;
  readonly differences: number;
  /** The first difference, or why it is undecided. May quote slice values. */
  readonly detail: string;
}

export interface AuditIncident {
  readonly kind: 'halt' | 'rewind';
  readonly count: number;
  readonly lastAt: Instant;
  /** Offset after the last record included. */
  readonly position: string;
  /** Of the last: the reason of the halt, or the store that went back. */
  readonly detail: string;
}

export interface AuditPartition {
  readonly partition: number;
  readonly redis: AuditStore | null;
  readonly clickhouse: AuditStore | null;
  /** The saved state; null while none is saved, or Redis is away. */
  readonly manifest: {
    /** Offset after the last record included. */
    readonly position: string;
    readonly writer: string;
    readonly segments: number;
    readonly bytes: number;
  } | null;
  /** The unbroken chain of archived chunks; null while there is none, or ClickHouse is away. */
  readonly archive: {
    /** Offset after the last record included. */
    readonly from: string;
    /** Offset after the last record included. */
    readonly to: string;
    /** Chunks lie behind a hole: what is in them is archived, but no rebuild reads past the hole. */
    readonly gap: boolean;
  } | null;
  readonly incidents: readonly AuditIncident[];
  /** The latest of each kind. */
  readonly checks: readonly AuditCheck[];
}

/** What a store holds of the partition. */
export interface AuditStore {
  /** Offset after the last record included. */
  readonly position: string;
  /** A publish is under way. */
  readonly open: boolean;
  readonly watermark: Instant | null;
  readonly publishedAt: Instant;
  readonly confirmedAt: Instant;
  /** The end of the log, where the owner stood there when it published; null otherwise. */
  readonly logEnd: string | null;
  readonly halted: { readonly code: HaltCode; readonly reason: string } | null;
  readonly overflow: boolean;
  /** Records since the origin: read, applied, duplicate, rejected, late, future, misrouted, control; and capped actors. */
  readonly counters: Readonly<Record<string, number>>;
}

/** What each means and what to do stands in deploy/runbook.md. */
export type HaltCode =
  | 'log_lost'
  | 'log_lost_unarchived'
  | 'log_jumped'
  | 'archive_broken'
  | 'past_lost'
  | 'log_shorter'
  | 'store_ahead'
  | 'archive_ahead'
  | 'log_rewritten'
  | 'log_replaced'
  | 'topic_replaced'
  | 'no_partition'
  | 'constant_differs'
  | 'newer_format'
  | 'state_unreadable'
  | 'fold_failed'
  | 'conservation_broken'
  | 'invariant_broken'
  | 'store_refused'
  | 'unexpected';
