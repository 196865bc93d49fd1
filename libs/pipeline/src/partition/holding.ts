/** What a worker holds of one partition: its lineages, and where their log stands. */
import type { LogBounds } from '../ports/log.ts';
import type { LineagePartition } from './lineage-partition.ts';

export interface Holding {
  readonly lineages: LineagePartition[];
  /** Where the next batch must begin; null before the first. */
  position: number | null;
  /** Where the log's client stands: beyond `position` when what follows is never handed over. */
  readTo: number;
  bounds: LogBounds | null;
  /** When `bounds` was asked for: what it says was true then, and may not be any more. */
  boundsAskedAtMs: number;
  lastRecordAtMs: number;
  paused: boolean;
  /** True between assignment and release. */
  active: boolean;
  /** True while the group waits for the offset to read from. */
  loading: boolean;
}

export interface PartitionStatus {
  readonly partition: number;
  readonly lineage: string;
  readonly next: number | null;
  readonly clockMs: number | null;
  /** Lowest position that can still be read, from the archive where it reaches the log. */
  readonly logLow: number | null;
  readonly logHigh: number | null;
  /** When the log last told its end, by the clock; −Infinity when it never did. */
  readonly logHighAtMs: number;
  readonly halted: string | null;
  /** The fold rests because too much waits for a sink. */
  readonly paused: boolean;
  readonly counters: Readonly<Record<string, number>>;
  readonly redis: string | null;
  readonly clickhouse: string | null;
}

/** The log's end as positions count it: when all is read, what follows the last record that was handed over is not missing. */
export function endOf(holding: Holding | undefined): number | null {
  const { bounds = null, position = null, readTo = 0 } = holding ?? {};
  if (bounds === null) return null;
  return position !== null && readTo >= bounds.high ? Math.min(position, bounds.high) : bounds.high;
}
