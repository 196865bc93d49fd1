/** The answers of the contract about cohorts, as types; made by `npm run -w @tidemark/query openapi`: change the schemas, not this file. */
import type { AsOf, BucketName, Instant, Notes, Target } from './envelope.ts';

export interface ActivationAgainst {
  readonly from: BucketName;
  readonly to: BucketName;
  readonly cohorts: readonly ActivationCohort[];
  /** Pooled over the complete cohorts. */
  readonly overall: readonly ActivationOverall[];
}

export interface ActivationAnswer {
  readonly metric: string;
  readonly revision: string;
  readonly lineage: string;
  readonly unit: 'hour' | 'day' | 'week' | 'month';
  readonly timezone: string;
  readonly from: BucketName;
  readonly to: BucketName;
  readonly asOf: AsOf;
  readonly notes: Notes;
  readonly cohorts: readonly ActivationCohort[];
  /** Pooled over the complete cohorts. */
  readonly overall: readonly ActivationOverall[];
  readonly target: Target | null;
  readonly owner: string | null;
  readonly ownerSince: string | null;
  readonly previous?: ActivationPrevious | null;
}

export interface ActivationCohort {
  readonly cohort: BucketName;
  /** The slice value, of a tuple an array with one of each dimension; null is the total. */
  readonly value: string | readonly string[] | null;
  readonly size: number;
  readonly activated: number;
  readonly rate: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly complete: boolean;
  /** Each judged on the whole window of each actor of the cohort. */
  readonly conditions: readonly { readonly name: string; readonly met: number }[];
  /** Actors activated in less than k + 1 units (1 h, 24 h, 7 d, 30 d) from their entry. */
  readonly activatedBy?: readonly { readonly k: number; readonly activated: number; readonly complete: boolean }[];
  readonly time: ActivationTime;
}

export interface ActivationOverall {
  /** The slice value, of a tuple an array with one of each dimension; null is the total. */
  readonly value: string | readonly string[] | null;
  readonly activated: number;
  readonly of: number;
  readonly rate: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly cohorts: number;
  /** Each pooled over the cohorts in which it is complete. */
  readonly activatedBy?: readonly {
    readonly k: number;
    readonly activated: number;
    readonly of: number;
    readonly rate: number | null;
    readonly low: number | null;
    readonly high: number | null;
    readonly cohorts: number;
  }[];
}

export interface ActivationPrevious {
  readonly from: BucketName;
  readonly to: BucketName;
  readonly cohorts: readonly ActivationCohort[];
  /** Pooled over the complete cohorts. */
  readonly overall: readonly ActivationOverall[];
  /** The asked range cut to as many buckets, when not all of it is over. */
  readonly against: ActivationAgainst | null;
}

/** Seconds from the entry to activation. */
export interface ActivationTime {
  readonly n: number;
  /** Exact. */
  readonly mean: number | null;
  /** Within 1 %. */
  readonly p50: number | null;
  readonly p90: number | null;
  /** Shortest times first, in seconds: bins 2 % wide whose edges are given to four digits, `to` outside; both 0: exactly no time. */
  readonly histogram: readonly { readonly from: number; readonly to: number; readonly n: number }[];
}

export interface RetentionAgainst {
  readonly from: BucketName;
  readonly to: BucketName;
  readonly cohorts: readonly RetentionCohort[];
  readonly overall: readonly RetentionOverall[];
}

export interface RetentionAnswer {
  readonly metric: string;
  readonly revision: string;
  readonly lineage: string;
  readonly unit: 'hour' | 'day' | 'week' | 'month';
  readonly timezone: string;
  readonly from: BucketName;
  readonly to: BucketName;
  readonly asOf: AsOf;
  readonly notes: Notes;
  readonly cohorts: readonly RetentionCohort[];
  readonly overall: readonly RetentionOverall[];
  readonly target: Target | null;
  readonly owner: string | null;
  readonly ownerSince: string | null;
  readonly previous?: RetentionPrevious | null;
}

export interface RetentionCohort {
  readonly cohort: BucketName;
  /** The slice value, of a tuple an array with one of each dimension; null is the total. */
  readonly value: string | readonly string[] | null;
  readonly size: number;
  readonly cells: readonly {
    readonly k: number;
    readonly retained: number;
    readonly rate: number | null;
    readonly onOrAfter: number;
    readonly complete: boolean;
    readonly closesAt: Instant;
  }[];
  readonly completeOnOrAfter: boolean;
  /** Of a metric with brackets: actors returned in some column from `from` to `to`, both included. */
  readonly brackets?: readonly {
    readonly from: number;
    readonly to: number;
    readonly retained: number;
    readonly rate: number | null;
    readonly complete: boolean;
  }[];
}

export interface RetentionOverall {
  /** The slice value, of a tuple an array with one of each dimension; null is the total. */
  readonly value: string | readonly string[] | null;
  readonly k: number;
  readonly retained: number;
  readonly of: number;
  readonly rate: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly cohorts: number;
}

export interface RetentionPrevious {
  readonly from: BucketName;
  readonly to: BucketName;
  readonly cohorts: readonly RetentionCohort[];
  readonly overall: readonly RetentionOverall[];
  /** The asked range cut to as many buckets, when not all of it is over. */
  readonly against: RetentionAgainst | null;
}
