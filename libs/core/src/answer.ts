/** The shapes of the figures that kinds answer with; `http-api.md`'s bodies are these plus the envelope. */

/** The value of a slice as its dimension gives it; of a tuple one per dimension, in the order of the slice. `$rest` is a text in both. */
export type SliceValue = string | readonly string[];

export interface RetentionCell {
  k: number;
  retained: number;
  rate: number | null;
  onOrAfter: number;
  complete: boolean;
  /** ISO instant of the watermark at which the cell becomes complete. */
  closesAt: string;
}
export interface RetentionCohort {
  cohort: string;
  value: SliceValue | null;
  size: number;
  cells: RetentionCell[];
  completeOnOrAfter: boolean;
  /** Present when the metric has brackets. */
  brackets?: RetentionBracket[];
}
/** Actors returned in some bucket of [from, to] after their entry. */
export interface RetentionBracket {
  from: number;
  to: number;
  retained: number;
  rate: number | null;
  complete: boolean;
}
export interface RetentionOverall {
  value: SliceValue | null;
  k: number;
  retained: number;
  of: number;
  rate: number | null;
  low: number | null;
  high: number | null;
  /** Cohorts (buckets of the range) whose cell k is complete, those without actors too. */
  cohorts: number;
}
export interface RetentionAnswer {
  cohorts: RetentionCohort[];
  overall: RetentionOverall[];
}

export interface FunnelStep {
  step: number;
  name: string;
  /** Distinct actors; null when the range is longer than `lookback`, in slices when it is longer than one bucket, unless `sliceRanges` or held values keep more. Of `$rest` the sum over its values. */
  uniques: number | null;
  entries: number;
  /** Ratios of uniques, null with them and over nobody; of step 1 both are 1. */
  ofFirst: number | null;
  ofPrevious: number | null;
  /** Of each actor's earliest attempt opened in the bucket that reached the step; a range pools its buckets. Step 1 has n 0. */
  fromPrevious: Durations;
  fromFirst: Durations;
}
/** Seconds. `n` actors; the mean is exact, quantiles are within 1 % (zero exactly). Histogram bins are [from, to) and only those with n > 0. */
export interface Durations {
  n: number;
  mean: number | null;
  p50: number | null;
  p90: number | null;
  histogram: { from: number; to: number; n: number }[];
}

export interface FunnelBucket {
  bucket: string;
  complete: boolean;
  steps: FunnelStep[];
}
export interface FunnelSlice {
  value: SliceValue;
  steps?: FunnelStep[];
  buckets?: FunnelBucket[];
}
/** `steps` per range; `buckets` with by=bucket; `slices` with slice. */
export interface FunnelAnswer {
  steps?: FunnelStep[];
  buckets?: FunnelBucket[];
  slices?: FunnelSlice[];
  /** Of the range's last bucket, and so of all. */
  complete: boolean;
  uniquesLimit: number;
}

export interface ActivationCohort {
  cohort: string;
  value: SliceValue | null;
  size: number;
  activated: number;
  rate: number | null;
  low: number | null;
  high: number | null;
  complete: boolean;
  /** Each judged on the whole window of each actor of the cohort. */
  conditions: { name: string; met: number }[];
  /** Present when the metric has columns. */
  activatedBy?: { k: number; activated: number; complete: boolean }[];
  time: Durations;
}
/** Pooled over the complete cohorts of the range. */
export interface ActivationOverall {
  value: SliceValue | null;
  activated: number;
  of: number;
  rate: number | null;
  low: number | null;
  high: number | null;
  cohorts: number;
  /** Present when the metric has columns: each pooled over the cohorts in which it is complete. */
  activatedBy?: { k: number; activated: number; of: number; rate: number | null; low: number | null; high: number | null; cohorts: number }[];
}
export interface ActivationAnswer {
  cohorts: ActivationCohort[];
  overall: ActivationOverall[];
}

export interface ActivityBucket {
  bucket: string;
  value: SliceValue | null;
  active: number;
  rolling: Record<string, number>;
  new: number;
  returning: number;
  resurrecting: number;
  dormant: number;
  churned: number;
  ever: number;
  stickiness: Record<string, number | null>;
  complete: boolean;
}
export interface StickinessCell {
  period: string;
  n: number;
  actors: number;
  complete: boolean;
}
export interface ActivityFigures {
  buckets: ActivityBucket[];
  uniques: number | null;
  uniquesLimit: number;
  /** Unit day only, else empty: every period that shares a day with the range, counted whole, with n from 1 to its number of days, zeros included. */
  stickiness: { week: StickinessCell[]; month: StickinessCell[] };
}
export type ActivityAnswer = ActivityFigures | { slices: ({ value: SliceValue } & ActivityFigures)[] };

/** Counts and distinct actors are numbers, fixed-point sums strings; ratios and formulas numbers, null over 0 and over what is null itself. */
export type KpiValue = string | number | null;
export interface KpiBucket {
  bucket: string;
  value: KpiValue;
  /** Matching events of a count or sum, unreadable amounts included; of uniques the distinct actors; of a ratio those of its denominator; null of a formula. */
  count: number | null;
  complete: boolean;
  /** What the value was made of: `numerator` and `denominator` of a ratio, a formula's names. */
  of?: Record<string, KpiValue>;
}
export interface KpiFigures {
  buckets: KpiBucket[];
  /** From sums over the range, never from the buckets' ratios. null for uniques over a range longer than `lookback`. */
  total: KpiValue;
  /** What the total was made of. */
  of?: Record<string, KpiValue>;
  /** Of uniques only, also inside a ratio. */
  uniquesLimit?: number;
}
export type KpiAnswer = KpiFigures | { slices: ({ value: SliceValue } & KpiFigures)[] };

export type Answer = RetentionAnswer | FunnelAnswer | ActivationAnswer | ActivityAnswer | KpiAnswer;

/** A question to one metric; bucket numbers of the metric's calendar, both included. */
export interface AnswerRequest {
  from: number;
  to: number;
  /** The dimension asked for, of a tuple its name (`channel,device`); undefined is the total. */
  slice?: string;
  /**
   * One value of the slice; undefined lists all, largest first, the rest beyond `limit` folded into `$rest`.
   * Of a tuple the JSON text of its array as `JSON.stringify` writes it: by this text ties are broken, too.
   */
  value?: string;
  limit: number;
  byBucket: boolean;
}

/** What an answer is cut at: figures include exactly the events up to it. */
export interface AnswerClock {
  watermarkMs: number;
  latenessMs: number;
}
