/** What a worker is made of, what it tells, and how often it does what. */
import type { Partitioner } from '@tidemark/codec';
import type { FoldSettings, MetricSet } from '@tidemark/core';
import type { CheckpointStore } from '../ports/checkpoint.ts';
import type { EventLog, LogIdentity, LogWriter } from '../ports/log.ts';
import type { OperatorRequests } from '../ports/operator-requests.ts';
import type { OutcomeTrail } from '../ports/outcome-trail.ts';
import type { CellSink } from '../ports/sink.ts';
import type { RuntimeClock } from '../ports/time.ts';
import type { CheckpointSizes } from './checkpoint.ts';
import type { PublishResult } from './publish.ts';
import type { ReadAhead } from './state-ahead.ts';

export interface WorkerOptions {
  readonly sets: readonly MetricSet[];
  readonly settings: FoldSettings;
  /** Where the prefix of these lineages begins: what `lineageOf` is given. Default: with the log. */
  readonly origin?: string;
  readonly partitioner: Partitioner;
  readonly identity: LogIdentity;
  readonly log: EventLog;
  readonly writer: LogWriter;
  readonly stores: Stores;
  readonly beats: Beats;
  readonly clock: RuntimeClock;
  readonly randomId: () => string;
  readonly incarnation: string;
  /** Integers of one partition and lineage that may wait for a sink; above it the fold pauses. */
  readonly maxDirtyCells: number;
  readonly checkpointSizes?: CheckpointSizes;
  /** Where people see what becomes of records; without it nobody does. */
  readonly trail?: OutcomeTrail;
  /** Reads the state of partitions without an owner while the group lets us wait; without it nothing is read before a partition is given. */
  readonly readAhead?: ReadAhead;
  /** Where operators ask; without it a halt lasts until the process ends. */
  readonly requests?: OperatorRequests;
  readonly report: (event: WorkerEvent) => void;
  /** Wrapped around every publish and checkpoint. */
  readonly observe?: ObserveBeat;
}

export type WorkerEvent =
  | (PartitionEvent & { readonly partition: number; readonly lineage: string })
  | { readonly event: 'assigned' | 'revoked'; readonly partition: number }
  | { readonly event: 'log_unreachable' | 'store_unreachable'; readonly why: string }
  | { readonly event: 'ticked'; readonly partition: number };

export interface Beats {
  readonly publishIntervalMs: number;
  readonly tablePublishIntervalMs: number;
  readonly checkpointIntervalMs: number;
  /** How often an idle owner confirms an unchanged head, per sink. */
  readonly confirmIntervalMs: Readonly<Record<CellSink['name'], number>>;
  readonly catchUp: CatchUp;
}

/** While figures are old anyway, publishing and saving rest for longer, so that a row or an actor that changes on and on is written once. */
export interface CatchUp {
  /** So many records to go are always many. */
  readonly lag: number;
  /** So many are, while the last record that was read is older than `ageMs`. */
  readonly agedLag: number;
  readonly ageMs: number;
  readonly intervalMs: Readonly<Record<CellSink['name'] | 'checkpoint', number>>;
}

export interface Stores {
  readonly redis: CellSink;
  readonly clickhouse: CellSink;
  readonly checkpoints: CheckpointStore;
}

export type PartitionEvent =
  | { readonly event: 'loaded'; readonly next: number }
  | { readonly event: 'halted'; readonly reason: string }
  | { readonly event: 'published'; readonly sink: CellSink['name']; readonly outcome: PublishResult }
  | { readonly event: 'checkpointed'; readonly bytes: number }
  | { readonly event: 'moved' };

/** A publish or a checkpoint that is about to run. */
export interface BeatRun {
  readonly beat: 'publish' | 'checkpoint';
  /** Where a publish goes. */
  readonly sink?: CellSink['name'];
  readonly lineage: string;
  readonly partition: number;
}

/** Runs a beat and answers what it answers: for who times or traces it. `rows` of a publish that closed, `bytes` of a checkpoint that was saved. */
export type ObserveBeat = <T extends { readonly result: string; readonly rows?: number; readonly bytes?: number }>(
  beat: BeatRun,
  run: () => Promise<T>,
) => Promise<T>;
