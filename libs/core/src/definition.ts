/** Checked, canonical metric definitions: what the fold and the read side work from once `definitions` has accepted a file. */

export type Unit = 'hour' | 'day' | 'week' | 'month';
export type WeekStart = 'monday' | 'sunday';
export type Scalar = string | number | boolean | null;

/** A test on one property value. No coercion: "5" is not 5. A missing or null property satisfies only `not` and `exists: false`. */
export type Condition =
  | { readonly test: 'in'; readonly values: readonly Scalar[] }
  | { readonly test: 'range'; readonly gt?: number; readonly gte?: number; readonly lt?: number; readonly lte?: number }
  | { readonly test: 'exists'; readonly exists: boolean }
  | { readonly test: 'not'; readonly condition: Condition };

/** `path` is from the event's root: a bare name `plan` in a file has become `['properties', 'plan']`. */
export interface Clause {
  readonly path: readonly string[];
  readonly condition: Condition;
}

/** One way to match: the event's name (`'*'` = any track, page or screen) and every clause. */
export interface SelectorTerm {
  readonly event: string;
  readonly where: readonly Clause[];
}

/** Matches when any term matches. `name` is what a person reads (the defined selector's name or the event's). */
export interface Selector {
  readonly name: string;
  readonly anyOf: readonly SelectorTerm[];
}

/** A named slice. `values`: a closed list, anything else is `$other`. Otherwise the first `max` values per partition, then `$other`. */
export interface Dimension {
  readonly name: string;
  readonly path: readonly string[];
  readonly values?: readonly string[];
  readonly max: number;
  readonly hold?: 'first';
}

export interface Target {
  readonly of: string;
  readonly value: number;
  readonly per?: Unit;
  readonly direction: 'up' | 'down';
  /** The date on which the target last changed, as its file says. */
  readonly since?: string;
}

/** The name of a slice: its dimension's, of a tuple its dimensions' joined by commas, which no name contains. */
export function sliceName(dimensions: readonly string[]): string {
  return dimensions.join(',');
}

/** Whether a slice is by values that actors hold. Throws a RangeError for one that mixes them with those of events: a set has none. */
export function isHeldSlice(slice: readonly string[], dimensions: readonly Dimension[]): boolean {
  const count = slice.filter((name) => dimensions.some((dimension) => dimension.name === name && dimension.hold !== undefined)).length;
  if (count > 0 && count < slice.length) throw new RangeError(`the slice ${sliceName(slice)} mixes held dimensions with others`);
  return count > 0;
}

/** What every kind has. `slices` are tuples of dimension names; a tuple of one is a plain slice. */
export interface MetricBase {
  readonly id: string;
  readonly title?: string;
  readonly description?: string;
  readonly owner?: string;
  /** The date on which the owner last changed, as its file says. */
  readonly ownerSince?: string;
  readonly target?: Target;
  readonly timezone: string;
  readonly weekStart: WeekStart;
  readonly unit: Unit;
  readonly slices: readonly (readonly string[])[];
  readonly freshnessMs: number;
  /** Hash of only what changes the metric's integers, 16 lower-case hex digits. */
  readonly revision: string;
}

export type Entry = 'every' | 'first_ever' | 'first_matching';

export interface RetentionDefinition extends MetricBase {
  readonly kind: 'retention';
  readonly start: Selector;
  readonly return: Selector;
  /** Ascending, each ≥ 1; `columns: 30` has become 1..30. The last is the horizon in units. */
  readonly columns: readonly number[];
  readonly entry: Entry;
  /** `rolling`: columns count whole units of 24 h, 7 d or 30 d from the entry instant; not with entry `every`. */
  readonly interval: 'calendar' | 'rolling';
  /** Each [a, b] with 0 ≤ a ≤ b ≤ the last column. */
  readonly brackets: readonly (readonly [number, number])[];
  /** Return events that make a bucket count as returned, ≥ 1. */
  readonly minReturns: number;
  /** `same`: in slices of entry `every`, only returns that show the cohort's value. */
  readonly sliceReturn: 'any' | 'same';
}

export interface FunnelDefinition extends MetricBase {
  readonly kind: 'funnel';
  readonly steps: readonly Selector[];
  readonly windowMs: number;
  /** The longest range, in buckets, with exact uniques. */
  readonly lookback: number;
  readonly order: 'ordered' | 'any' | 'strict';
  readonly attempt: 'furthest' | 'first';
  readonly exclude: readonly Exclusion[];
  readonly attribution: 'entry' | 'first' | 'last' | { readonly step: number };
  /** Slices keep uniques for any range, as the total does. */
  readonly sliceRanges: boolean;
}

/** Steps are counted from 1. `drop`: the attempt does not count at all; `end`: it keeps the steps up to the first of `between`. */
export interface Exclusion {
  readonly select: Selector;
  readonly between: readonly [number, number];
  readonly effect: 'drop' | 'end';
}

/** Conditions that make an actor activated; each needs `atLeast` matching events within [t0, t0 + within]. */
export interface ActivationCondition {
  readonly select: Selector;
  readonly atLeast: number;
}

export interface ActivationDefinition extends MetricBase {
  readonly kind: 'activation';
  readonly start: Selector;
  readonly entry: Entry;
  /** null: for ever. */
  readonly withinMs: number | null;
  readonly conditions: readonly ActivationCondition[];
  /** How many of the conditions must hold: all of them, 1 (`any`), or the number of `some`. */
  readonly required: number;
  /** `activatedBy(k)` for k = 0..columns; null without. */
  readonly columns: number | null;
}

export interface ActivityDefinition extends MetricBase {
  readonly kind: 'activity';
  readonly event: Selector;
  readonly rolling: readonly number[];
  readonly lookback: number;
  readonly churnAfter: number;
}

export type Measure =
  | { readonly measure: 'count'; readonly of: Selector }
  | { readonly measure: 'sum'; readonly of: Selector; readonly path: readonly string[]; readonly decimals: number }
  | { readonly measure: 'uniques'; readonly of: Selector }
  /** `numerator / denominator`; neither is a ratio or formula itself. */
  | { readonly measure: 'ratio'; readonly numerator: SimpleMeasure; readonly denominator: SimpleMeasure }
  /** Over other metrics' fields: `of` maps a name of the expression to `id` or `id.field`. */
  | { readonly measure: 'formula'; readonly expression: string; readonly of: Readonly<Record<string, string>> };

/** What a ratio is made of. */
export type SimpleMeasure = Extract<Measure, { measure: 'count' | 'sum' | 'uniques' }>;

export interface KpiDefinition extends MetricBase {
  readonly kind: 'kpi';
  readonly measure: Measure;
  /** Of `uniques`: the longest range, in buckets, with an exact total. */
  readonly lookback: number;
}

export type MetricDefinition = RetentionDefinition | FunnelDefinition | ActivationDefinition | ActivityDefinition | KpiDefinition;
export type MetricKindName = MetricDefinition['kind'];

/** One definition file: the definitions that are applied together, and so one lineage. */
export interface MetricSet {
  /** The file's name without its ending, or `name:` in the file: [a-z][a-z0-9-]{0,62}. */
  readonly name: string;
  readonly timezone: string;
  readonly weekStart: WeekStart;
  /** Every selector of the set sees only events that pass all of these. */
  readonly filter: readonly Clause[];
  readonly dimensions: readonly Dimension[];
  readonly metrics: readonly MetricDefinition[];
  readonly board: readonly string[];
  /** Hash of everything in the set that changes an integer of a cell, 16 lower-case hex digits: formulas, which have none, are not part of it. */
  readonly revision: string;
}
