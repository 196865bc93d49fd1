/** What every answer of the contract carries, as types; made by `npm run -w @tidemark/query openapi`: change the schemas, not this file. */

export interface AsOf {
  /** The smallest partition clock; null before the first event. */
  readonly watermark: Instant | null;
  /** By partition: the offset after the last record included. */
  readonly positions: Readonly<Record<string, string>>;
  readonly publishedAt: Instant;
  readonly source: 'redis' | 'clickhouse' | 'mixed';
  /** The last confirmation at the end of the log is older than the metric allows. */
  readonly stale: boolean;
  readonly halted: readonly { readonly partition: number; readonly reason: string }[];
}

/** A bucket by its first local date, an hour with its offset. */
export type BucketName = string;

/** ISO 8601 in UTC. */
export type Instant = string;

export interface Notes {
  /** Events too late to count. */
  readonly late: number;
  /** Actors whose timelines outgrew their cap. */
  readonly capped: number;
  /** A partition had more slice values than it keeps apart. */
  readonly overflow: boolean;
  /** Events whose summed property was no number. */
  readonly unreadable: number;
}

export interface Target {
  readonly of: string;
  readonly value: number;
  readonly per?: 'hour' | 'day' | 'week' | 'month';
  readonly direction: 'up' | 'down';
  /** The date of the last change, as the definition gives it. */
  readonly since?: string;
}
