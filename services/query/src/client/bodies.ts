/** The other bodies of the contract, as types; made by `npm run -w @tidemark/query openapi`: change the schemas, not this file. */
import type { ActivationAnswer, RetentionAnswer } from './cohorts.ts';
import type { AsOf, BucketName, Instant, Target } from './envelope.ts';
import type { ActivityAnswer, FunnelAnswer, KpiAnswer } from './figures.ts';

export interface Board {
  readonly set: string;
  readonly revision: string;
  readonly lineage: string;
  readonly timezone: string;
  readonly tiles: readonly Tile[];
}

export interface Contribution {
  /** As formulas and answers name it. */
  readonly cell: string;
  /** The cohort or bucket; null: of the whole range. */
  readonly bucket: BucketName | null;
  /** The last of the buckets in a row that have the same. */
  readonly through: BucketName | null;
  readonly value: string | readonly string[] | null;
  /** Of fixed-point sums their text. */
  readonly amount: number | string;
  readonly words: string;
}

/** The reader was too slow for so many records that passed its filter. */
export interface EventsMissed {
  readonly count: number;
}

/** Outcomes cannot be seen now; they follow when they can. */
export interface EventsProblem {
  readonly code: ProblemCode;
  readonly detail: string;
}

export interface EventsWatching {
  readonly set: string;
  readonly lineage: string;
  /** Outcomes are kept only while somebody looks: since then. The worker begins within a second after. */
  readonly watchedSince: Instant;
}

export interface ExplainedEvent {
  readonly partition: number;
  readonly epoch: number;
  readonly offset: string;
  /** The record's LogAppendTime. */
  readonly recordedAt: Instant;
  readonly outcome: 'control' | 'rejected' | 'misrouted' | 'future' | 'late' | 'duplicate' | 'applied';
  /** Of a rejected record one of the reasons of schemas/events; else empty. */
  readonly reason: string;
  /** What became of it and why, for people. */
  readonly words: string;
  /** The name that selectors see; null when the record cannot be read. */
  readonly name: string | null;
  readonly kind: 'user' | 'anonymous' | null;
  readonly messageId: string | null;
  /** The first 2,000 bytes as text. Written by strangers. */
  readonly value: string | null;
  /** Of the whole value. */
  readonly valueBytes: number;
  readonly at: string;
  /** What it is to the metric. */
  readonly plays: readonly string[];
}

export interface Explanation {
  readonly metric: string;
  readonly revision: string;
  readonly lineage: string;
  readonly unit: 'hour' | 'day' | 'week' | 'month';
  readonly timezone: string;
  readonly definition: string;
  readonly actor: string;
  readonly kind: 'user' | 'anonymous';
  /** The actor's partition, and up to which offset the archive holds it without a gap: what is explained. */
  readonly archive: {
    readonly partition: number;
    readonly epoch: number | null;
    readonly position: string | null;
  };
  readonly from: BucketName | null;
  readonly to: BucketName | null;
  /** Recomputed from these events alone; null when there are too many. */
  readonly contributions: readonly Contribution[] | null;
  /** Why there are none, or what stands in their place. */
  readonly note: string | null;
  readonly events: readonly ExplainedEvent[];
  /** `after=` of the following page; null at the end. */
  readonly next: string | null;
}

export interface InspectedEvent {
  readonly partition: number;
  readonly epoch: number;
  readonly offset: string;
  /** The record's LogAppendTime. */
  readonly recordedAt: Instant;
  readonly outcome: 'control' | 'rejected' | 'misrouted' | 'future' | 'late' | 'duplicate' | 'applied';
  /** Of a rejected record one of the reasons of schemas/events; else empty. */
  readonly reason: string;
  /** What became of it and why, for people. */
  readonly words: string;
  /** The name that selectors see; null when the record cannot be read. */
  readonly name: string | null;
  readonly kind: 'user' | 'anonymous' | null;
  readonly messageId: string | null;
  /** The first 2,000 bytes as text. Written by strangers. */
  readonly value: string | null;
  /** Of the whole value. */
  readonly valueBytes: number;
  /** The event's own time, ISO 8601 in UTC. */
  readonly at: string | null;
  readonly actor: string | null;
  /** The Kafka key as text. */
  readonly key: string | null;
  /** Records of the partition between the one before and this that are not shown: of a flood only a sample is. */
  readonly skipped: number;
}

export interface InspectedEvents {
  readonly set: string;
  readonly lineage: string;
  /** Outcomes are kept only while somebody looks: since then. The worker begins within a second after. */
  readonly watchedSince: Instant;
  /** Newest first. */
  readonly events: readonly InspectedEvent[];
}

export interface Lineage {
  readonly lineage: string;
  /** Of the set. */
  readonly revision: string;
  /** `serving`: answers now · `catching_up`: not served yet, or not again · `kept`: served before, and kept current · `retired`: its rows stay as they were. */
  readonly state: 'serving' | 'catching_up' | 'kept' | 'retired';
  /** When that was decided; null while only a file says so. */
  readonly since: Instant | null;
  /** Who decided it. Written by people. */
  readonly by: string | null;
  /** Revision by metric, each of which `revision=` answers; null when this release cannot read the definitions. */
  readonly metrics: Readonly<Record<string, string>> | null;
  /** By partition: the offset after the last record included. Null while no store answers. */
  readonly positions: Readonly<Record<string, string>> | null;
  /** Records that the served lineage has beyond it. */
  readonly lag: number | null;
  /** While it catches up: its part of the way; null while that is unknown. */
  readonly progress: number | null;
  /** While it catches up: seconds until it is there by the speed of the last minute; null while that is unknown. */
  readonly eta: number | null;
  /** Partitions that do not go on, and why. */
  readonly halted: readonly { readonly partition: number; readonly reason: string }[];
}

export interface Lineages {
  readonly sets: readonly {
    readonly set: string;
    /** Oldest first. */
    readonly lineages: readonly Lineage[];
  }[];
}

export interface LiveDelta {
  /** The figure, as it was asked for. */
  readonly path: string;
  readonly metric: string;
  /** Of the answer, without quotes: what the path itself answers with. */
  readonly from: string;
  /** Of the answer, without quotes: what the path itself answers with. */
  readonly etag: string;
  /** RFC 6902, to be applied in order to the body that has the tag `from`. */
  readonly patch: readonly PatchOperation[];
}

/** The figure cannot be answered now; a snapshot follows when it can. */
export interface LiveProblem {
  /** The figure, as it was asked for. */
  readonly path: string;
  readonly metric: string;
  readonly code: ProblemCode;
  readonly detail: string;
}

export interface LiveSnapshot {
  /** The figure, as it was asked for. */
  readonly path: string;
  readonly metric: string;
  /** Of the answer, without quotes: what the path itself answers with. */
  readonly etag: string;
  readonly body: RetentionAnswer | FunnelAnswer | ActivationAnswer | ActivityAnswer | KpiAnswer;
}

export interface Metric {
  readonly id: string;
  readonly kind: 'retention' | 'funnel' | 'activation' | 'activity' | 'kpi';
  readonly set: string;
  readonly title: string;
  readonly description: string | null;
  /** What is counted, in one sentence made from the definition. */
  readonly definition: string;
  readonly target: Target | null;
  readonly owner: string | null;
  readonly ownerSince: string | null;
  readonly revision: string;
  readonly lineage: string;
  readonly unit: 'hour' | 'day' | 'week' | 'month';
  readonly timezone: string;
  readonly weekStart: 'monday' | 'sunday';
  /** Seconds. */
  readonly freshness: number;
  readonly slices: readonly {
    /** What `slice=` takes: a dimension, of a tuple its dimensions joined by commas. */
    readonly name: string;
    /** Values come from events; otherwise the list is closed and anything else is `$other`. */
    readonly open: boolean;
    /** Of an open slice those of the last thirty buckets, largest first; null where they were not looked up. */
    readonly values: readonly (string | readonly string[])[] | null;
  }[];
  readonly path: string;
}

export interface Metrics {
  readonly metrics: readonly Metric[];
}

export type PatchOperation = PatchValue | PatchRemoval;

export interface PatchRemoval {
  readonly op: 'remove';
  readonly path: string;
}

export interface PatchValue {
  readonly op: 'add' | 'replace';
  readonly path: string;
  readonly value: unknown;
}

export interface Problem {
  readonly type: 'about:blank';
  readonly title: string;
  readonly status: number;
  readonly code: ProblemCode;
  readonly detail: string;
  readonly requestId: string;
  readonly errors?: readonly { readonly pointer: string; readonly message: string }[];
}

export type ProblemCode =
  | 'bad_parameter'
  | 'bad_range'
  | 'bad_slice'
  | 'too_large'
  | 'bad_request'
  | 'unauthorized'
  | 'forbidden'
  | 'unknown_metric'
  | 'wrong_kind'
  | 'unknown_set'
  | 'unknown_revision'
  | 'unknown_path'
  | 'not_allowed'
  | 'not_acceptable'
  | 'receive_timeout'
  | 'url_too_long'
  | 'wrong_host'
  | 'rate_limited'
  | 'too_many_streams'
  | 'headers_too_large'
  | 'unavailable'
  | 'timeout'
  | 'internal';

export interface Ready {
  readonly ready: boolean;
  readonly checks: readonly {
    readonly name: string;
    readonly ok: boolean;
    readonly detail: string;
    readonly latencyMs?: number;
  }[];
  readonly details: {
    readonly sets: readonly {
      readonly set: string;
      readonly lineage: string;
      readonly partitions: readonly {
        readonly partition: number;
        readonly position: string | null;
        readonly clock: Instant | null;
        readonly source: 'redis' | 'clickhouse' | null;
        readonly halted: string | null;
        readonly heads: {
          readonly redis: {
            readonly position: string;
            readonly open: boolean;
            readonly publishedAt: Instant;
            readonly confirmedAt: Instant;
          } | null;
          readonly clickhouse: {
            readonly position: string;
            readonly open: boolean;
            readonly publishedAt: Instant;
            readonly confirmedAt: Instant;
          } | null;
        };
      }[];
    }[];
  };
}

export interface Sets {
  readonly sets: readonly {
    readonly name: string;
    readonly revision: string;
    readonly lineage: string;
    readonly timezone: string;
    readonly weekStart: 'monday' | 'sunday';
    readonly metrics: readonly string[];
    readonly board: readonly string[];
    /** Null while no store can answer for the set. */
    readonly asOf: AsOf | null;
  }[];
}

export interface Tile {
  /** As the set lists it. */
  readonly tile: string;
  readonly metric: string;
  /** Of the metric; empty for the total of a kpi. */
  readonly field: string;
  readonly kind: 'retention' | 'funnel' | 'activation' | 'activity' | 'kpi';
  readonly title: string;
  readonly definition: string;
  readonly unit: 'hour' | 'day' | 'week' | 'month';
  readonly timezone: string;
  readonly from: BucketName;
  readonly to: BucketName;
  /** Over the whole range, which ends at the watermark; its last bucket is seldom over. */
  readonly value: number | string | null;
  /** The buckets of the range that are over beside as many of the range before; null when there is nothing to compare. */
  readonly compared: {
    readonly from: BucketName;
    readonly to: BucketName;
    readonly value: number | string | null;
    readonly previous: {
      readonly from: BucketName;
      readonly to: BucketName;
      readonly value: number | string | null;
    };
    /** value / previous.value − 1; null over 0 or null. */
    readonly change: number | null;
  } | null;
  /** The field per bucket or cohort. */
  readonly line: readonly {
    readonly bucket: BucketName;
    readonly value: number | string | null;
    readonly complete: boolean;
  }[];
  readonly target: Target | null;
  readonly owner: string | null;
  readonly ownerSince: string | null;
  /** Seconds. */
  readonly freshness: number;
  /** Where the figure is answered whole. */
  readonly path: string;
  readonly asOf: AsOf;
}
