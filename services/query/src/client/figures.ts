/** The other answers of the contract, as types; made by `npm run -w @tidemark/query openapi`: change the schemas, not this file. */
import type { AsOf, BucketName, Notes, Target } from './envelope.ts';

export type ActivityAnswer = TotalActivityAnswer | SlicedActivityAnswer;

export interface ActivityBucket {
  readonly bucket: BucketName;
  /** The slice value, of a tuple an array with one of each dimension; null is the total. */
  readonly value: string | readonly string[] | null;
  readonly active: number;
  readonly rolling: Readonly<Record<string, number>>;
  readonly new: number;
  readonly returning: number;
  readonly resurrecting: number;
  readonly dormant: number;
  readonly churned: number;
  readonly ever: number;
  readonly stickiness: Readonly<Record<string, number | null>>;
  readonly complete: boolean;
}

export interface ActivitySlice {
  /** The slice value; of a tuple an array with one of each dimension. `$rest` sums up what is not listed. */
  readonly value: string | readonly string[];
  readonly buckets: readonly ActivityBucket[];
  readonly uniques: number | null;
  readonly uniquesLimit: number;
  readonly stickiness: {
    readonly week: readonly StickinessCell[];
    readonly month: readonly StickinessCell[];
  };
}

export interface FunnelAgainst {
  readonly from: BucketName;
  readonly to: BucketName;
  readonly steps?: readonly FunnelStep[];
  readonly buckets?: readonly FunnelBucket[];
  readonly slices?: readonly FunnelSlice[];
  readonly complete: boolean;
  readonly uniquesLimit: number;
}

export interface FunnelAnswer {
  readonly metric: string;
  readonly revision: string;
  readonly lineage: string;
  readonly unit: 'hour' | 'day' | 'week' | 'month';
  readonly timezone: string;
  readonly from: BucketName;
  readonly to: BucketName;
  readonly asOf: AsOf;
  readonly notes: Notes;
  readonly steps?: readonly FunnelStep[];
  readonly buckets?: readonly FunnelBucket[];
  readonly slices?: readonly FunnelSlice[];
  readonly complete: boolean;
  readonly uniquesLimit: number;
  readonly target: Target | null;
  readonly owner: string | null;
  readonly ownerSince: string | null;
  readonly previous?: FunnelPrevious | null;
}

export interface FunnelBucket {
  readonly bucket: BucketName;
  readonly complete: boolean;
  readonly steps: readonly FunnelStep[];
}

export interface FunnelPrevious {
  readonly from: BucketName;
  readonly to: BucketName;
  readonly steps?: readonly FunnelStep[];
  readonly buckets?: readonly FunnelBucket[];
  readonly slices?: readonly FunnelSlice[];
  readonly complete: boolean;
  readonly uniquesLimit: number;
  /** The asked range cut to as many buckets, when not all of it is over. */
  readonly against: FunnelAgainst | null;
}

export interface FunnelSlice {
  /** The slice value; of a tuple an array with one of each dimension. `$rest` sums up what is not listed. */
  readonly value: string | readonly string[];
  readonly steps?: readonly FunnelStep[];
  readonly buckets?: readonly FunnelBucket[];
}

export interface FunnelStep {
  readonly step: number;
  readonly name: string;
  /** Distinct actors; null over a range longer than `uniquesLimit`. */
  readonly uniques: number | null;
  readonly entries: number;
  readonly ofFirst: number | null;
  readonly ofPrevious: number | null;
  /** From the step before; of step 1 n is 0. */
  readonly fromPrevious: StepTimes;
  /** From the opening event; of step 1 n is 0. */
  readonly fromFirst: StepTimes;
}

export type KpiAnswer = TotalKpiAnswer | SlicedKpiAnswer;

export interface KpiBucket {
  readonly bucket: BucketName;
  /** A fixed-point sum is text; a ratio or formula is a number, null over 0. */
  readonly value: number | string | null;
  /** What the value was made of, of a ratio its denominator; null of a formula. */
  readonly count: number | null;
  readonly complete: boolean;
  /** Numerator and denominator of a ratio, or the names of a formula. */
  readonly of?: Readonly<Record<string, number | string | null>>;
}

export interface KpiSlice {
  /** The slice value; of a tuple an array with one of each dimension. `$rest` sums up what is not listed. */
  readonly value: string | readonly string[];
  readonly buckets: readonly KpiBucket[];
  /** From sums over the range. Null for distinct actors over a range longer than `uniquesLimit`, and over 0. */
  readonly total: number | string | null;
  readonly of?: Readonly<Record<string, number | string | null>>;
  readonly uniquesLimit?: number;
}

export interface SlicedActivityAgainst {
  readonly from: BucketName;
  readonly to: BucketName;
  readonly slices: readonly ActivitySlice[];
}

export interface SlicedActivityAnswer {
  readonly metric: string;
  readonly revision: string;
  readonly lineage: string;
  readonly unit: 'hour' | 'day' | 'week' | 'month';
  readonly timezone: string;
  readonly from: BucketName;
  readonly to: BucketName;
  readonly asOf: AsOf;
  readonly notes: Notes;
  readonly slices: readonly ActivitySlice[];
  readonly target: Target | null;
  readonly owner: string | null;
  readonly ownerSince: string | null;
  readonly previous?: SlicedActivityPrevious | null;
}

export interface SlicedActivityPrevious {
  readonly from: BucketName;
  readonly to: BucketName;
  readonly slices: readonly ActivitySlice[];
  /** The asked range cut to as many buckets, when not all of it is over. */
  readonly against: SlicedActivityAgainst | null;
}

export interface SlicedKpiAgainst {
  readonly from: BucketName;
  readonly to: BucketName;
  readonly slices: readonly KpiSlice[];
}

export interface SlicedKpiAnswer {
  readonly metric: string;
  readonly revision: string;
  readonly lineage: string;
  readonly unit: 'hour' | 'day' | 'week' | 'month';
  readonly timezone: string;
  readonly from: BucketName;
  readonly to: BucketName;
  readonly asOf: AsOf;
  readonly notes: Notes;
  readonly slices: readonly KpiSlice[];
  readonly target: Target | null;
  readonly owner: string | null;
  readonly ownerSince: string | null;
  readonly previous?: SlicedKpiPrevious | null;
}

export interface SlicedKpiPrevious {
  readonly from: BucketName;
  readonly to: BucketName;
  readonly slices: readonly KpiSlice[];
  /** The asked range cut to as many buckets, when not all of it is over. */
  readonly against: SlicedKpiAgainst | null;
}

export interface StepTimes {
  readonly n: number;
  /** Exact. */
  readonly mean: number | null;
  /** Within 1 %. */
  readonly p50: number | null;
  /** Within 1 %. */
  readonly p90: number | null;
  /** Shortest times first, in seconds: bins 2 % wide whose edges are given to four digits, `to` outside; both 0: exactly no time. */
  readonly histogram: readonly { readonly from: number; readonly to: number; readonly n: number }[];
}

export interface StickinessCell {
  readonly period: BucketName;
  readonly n: number;
  readonly actors: number;
  readonly complete: boolean;
}

export interface TotalActivityAgainst {
  readonly from: BucketName;
  readonly to: BucketName;
  readonly buckets: readonly ActivityBucket[];
  readonly uniques: number | null;
  readonly uniquesLimit: number;
  readonly stickiness: {
    readonly week: readonly StickinessCell[];
    readonly month: readonly StickinessCell[];
  };
}

export interface TotalActivityAnswer {
  readonly metric: string;
  readonly revision: string;
  readonly lineage: string;
  readonly unit: 'hour' | 'day' | 'week' | 'month';
  readonly timezone: string;
  readonly from: BucketName;
  readonly to: BucketName;
  readonly asOf: AsOf;
  readonly notes: Notes;
  readonly buckets: readonly ActivityBucket[];
  readonly uniques: number | null;
  readonly uniquesLimit: number;
  readonly stickiness: {
    readonly week: readonly StickinessCell[];
    readonly month: readonly StickinessCell[];
  };
  readonly target: Target | null;
  readonly owner: string | null;
  readonly ownerSince: string | null;
  readonly previous?: TotalActivityPrevious | null;
}

export interface TotalActivityPrevious {
  readonly from: BucketName;
  readonly to: BucketName;
  readonly buckets: readonly ActivityBucket[];
  readonly uniques: number | null;
  readonly uniquesLimit: number;
  readonly stickiness: {
    readonly week: readonly StickinessCell[];
    readonly month: readonly StickinessCell[];
  };
  /** The asked range cut to as many buckets, when not all of it is over. */
  readonly against: TotalActivityAgainst | null;
}

export interface TotalKpiAgainst {
  readonly from: BucketName;
  readonly to: BucketName;
  readonly buckets: readonly KpiBucket[];
  /** From sums over the range. Null for distinct actors over a range longer than `uniquesLimit`, and over 0. */
  readonly total: number | string | null;
  readonly of?: Readonly<Record<string, number | string | null>>;
  readonly uniquesLimit?: number;
}

export interface TotalKpiAnswer {
  readonly metric: string;
  readonly revision: string;
  readonly lineage: string;
  readonly unit: 'hour' | 'day' | 'week' | 'month';
  readonly timezone: string;
  readonly from: BucketName;
  readonly to: BucketName;
  readonly asOf: AsOf;
  readonly notes: Notes;
  readonly buckets: readonly KpiBucket[];
  /** From sums over the range. Null for distinct actors over a range longer than `uniquesLimit`, and over 0. */
  readonly total: number | string | null;
  readonly of?: Readonly<Record<string, number | string | null>>;
  readonly uniquesLimit?: number;
  readonly target: Target | null;
  readonly owner: string | null;
  readonly ownerSince: string | null;
  readonly previous?: TotalKpiPrevious | null;
}

export interface TotalKpiPrevious {
  readonly from: BucketName;
  readonly to: BucketName;
  readonly buckets: readonly KpiBucket[];
  /** From sums over the range. Null for distinct actors over a range longer than `uniquesLimit`, and over 0. */
  readonly total: number | string | null;
  readonly of?: Readonly<Record<string, number | string | null>>;
  readonly uniquesLimit?: number;
  /** The asked range cut to as many buckets, when not all of it is over. */
  readonly against: TotalKpiAgainst | null;
}
