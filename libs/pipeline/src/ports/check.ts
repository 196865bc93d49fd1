/** The ports of the proofs: which tables a store holds of a partition, and the ledger of what was checked with which result. */
import type { Version } from './version.ts';

/** One table of a metric as a store holds it. */
export interface StoredTable {
  readonly metric: string;
  readonly table: string;
  /** Each once, in no promised order. */
  readonly buckets: readonly number[];
}

/** Lists what is stored, wanted or not, so that a row that nobody should have written is found too. */
export interface CellInventory {
  readonly name: 'redis' | 'clickhouse';
  /** In no promised order; the head is no table. Throws StoreUnavailable. */
  tables(lineage: string, partition: number): Promise<readonly StoredTable[]>;
}

/** `verify` of one store, or the worker's own check of single actors. */
export type CheckKind = 'verify_redis' | 'verify_clickhouse' | 'selfcheck';

/** What a check found. `undecided`: something could not be compared, and `detail` says why. */
export interface CheckResult {
  readonly kind: CheckKind;
  readonly lineage: string;
  readonly partition: number;
  /** Epoch ms. */
  readonly checkedAtMs: number;
  /** Up to which the log was folded again. */
  readonly position: Version;
  readonly outcome: 'same' | 'different' | 'undecided';
  /** Integers compared; actors of a self-check. */
  readonly compared: number;
  readonly differences: number;
  /** '' or the first difference, or why it is undecided. Hostile text, at most 1,000 characters. */
  readonly detail: string;
}

/** Every method throws StoreUnavailable on an unknown outcome; recording the same result again is harmless. */
export interface CheckLedger {
  record(results: readonly CheckResult[]): Promise<void>;
  /** The latest of each kind and partition. */
  latest(lineage: string): Promise<readonly CheckResult[]>;
}

/** `halt`: a partition stopped. `rewind`: a store has forgotten what it had acknowledged, and went on from `position`. */
export interface Incident {
  readonly kind: 'halt' | 'rewind';
  readonly lineage: string;
  readonly partition: number;
  /** Epoch ms. */
  readonly atMs: number;
  readonly position: Version;
  /** The reason of the halt; of a rewind the store. At most 1,000 characters. */
  readonly detail: string;
}

export interface IncidentSummary {
  readonly kind: Incident['kind'];
  readonly partition: number;
  readonly count: number;
  readonly last: Incident;
}

/** Every method throws StoreUnavailable on an unknown outcome; noting the same incident again is harmless. */
export interface IncidentLedger {
  note(incidents: readonly Incident[]): Promise<void>;
  /** One for each kind and partition that had any. */
  summaries(lineage: string): Promise<readonly IncidentSummary[]>;
}
