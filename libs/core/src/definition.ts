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
}

/** What every kind has. `slices` are dimension names, a tuple each; today tuples of one. */
export interface MetricBase {
  readonly id: string;
  readonly title?: string;
  readonly description?: string;
  readonly owner?: string;
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
}

export interface FunnelDefinition extends MetricBase {
  readonly kind: 'funnel';
  readonly steps: readonly Selector[];
  readonly windowMs: number;
  /** The longest range, in buckets, with exact uniques. */
  readonly lookback: number;
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
  | { readonly measure: 'uniques'; readonly of: Selector };

export interface KpiDefinition extends MetricBase {
  readonly kind: 'kpi';
  readonly measure: Measure;
  /** Of `uniques`: the longest range, in buckets, with an exact total. */
  readonly lookback: number;
}

export type MetricDefinition = RetentionDefinition | FunnelDefinition | ActivityDefinition | KpiDefinition;
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
  /** Hash of everything in the set that changes an integer, 16 lower-case hex digits. */
  readonly revision: string;
}
