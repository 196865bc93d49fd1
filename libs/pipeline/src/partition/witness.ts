/** Sees what becomes of each record, for people who look: a bounded sample of the newest outcomes goes to the trail, and nothing is done while nobody looks. */
import { describeEvent } from '@tidemark/codec';
import { OUTCOMES, type Outcome } from '@tidemark/core';
import type { LogBatch } from '../ports/log.ts';
import type { OutcomeTrail, WitnessedRecord } from '../ports/outcome-trail.ts';
import type { Repetition, RuntimeClock } from '../ports/time.ts';
import type { PartitionMemory } from './memory.ts';
import { shownText } from './shown-text.ts';

/** Told of each record right after it was folded. Costs a look into a map and four writes. */
export type Saw = (memory: PartitionMemory, index: number, outcome: Outcome) => void;

export interface Witness {
  /** Null while nobody looks at any of the lineages. `finish` takes the sample out of the batch, which must still be valid. */
  observe(batch: LogBatch, folded: readonly Folded[]): { readonly saw: Saw; finish(): void } | null;
  stop(): Promise<void>;
}

export interface Folded {
  readonly lineage: string;
  readonly memory: PartitionMemory | null;
}

/** Of each outcome of a partition and flush: rare outcomes are not crowded out by the common one. */
const KEPT_PER_OUTCOME = 16;
const FLUSH_MS = 500;

/** The last few records of one outcome within a batch, by their index. */
interface Ring {
  readonly indexes: Int32Array;
  readonly clocks: Float64Array;
  count: number;
}

interface Seen {
  readonly outcome: Outcome;
  readonly offset: number;
  readonly recordMs: number;
  readonly clockMs: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
}

/** One partition of one lineage. */
interface Watch {
  readonly lineage: string;
  readonly partition: number;
  readonly rings: readonly Ring[];
  /** By outcome, in offset order; waiting for the next flush. */
  pending: Seen[][];
  skipped: number;
  epoch: number;
}

/** `unreachable` is told when the trail does not answer; what it missed is not sent again. */
export function createWitness(options: {
  lineages: readonly string[];
  trail: OutcomeTrail;
  clock: RuntimeClock;
  unreachable: (error: unknown) => void;
}): Witness {
  const { lineages, trail, clock, unreachable } = options;
  const watches = new Map<string, Watch>();
  let wanted: ReadonlySet<string> = new Set();

  const look = async (): Promise<void> => {
    const found = await Promise.all(lineages.map(async (lineage) => ((await trail.isWanted(lineage)) ? [lineage] : [])));
    wanted = new Set(found.flat());
    if (wanted.size === 0) watches.clear();
  };
  const flush = async (): Promise<void> => {
    for (const watch of watches.values()) {
      const records = taken(watch);
      if (records.length > 0) await trail.append(watch.lineage, watch.partition, records);
    }
  };
  const failed = (error: unknown): void => {
    wanted = new Set();
    watches.clear();
    unreachable(error);
  };
  const beats: Repetition[] = [clock.every(2 * FLUSH_MS, look, failed), clock.every(FLUSH_MS, flush, failed)];
  const watchOf = (lineage: string, partition: number): Watch => {
    const key = `${partition} ${lineage}`;
    const known = watches.get(key) ?? newWatch(lineage, partition);
    watches.set(key, known);
    return known;
  };
  return {
    observe(batch, folded) {
      if (wanted.size === 0) return null;
      const byMemory = new Map<PartitionMemory, Watch>();
      for (const { lineage, memory } of folded) if (memory !== null && wanted.has(lineage)) byMemory.set(memory, watchOf(lineage, batch.partition));
      if (byMemory.size === 0) return null;
      return {
        saw: (memory, index, outcome) => {
          const watch = byMemory.get(memory);
          if (watch !== undefined) note(watch, index, outcome, memory.fold.state.clockMs);
        },
        finish: () => {
          for (const [memory, watch] of byMemory) take(watch, batch, memory.fold.state.epoch);
        },
      };
    },
    stop: async () => {
      await Promise.all(beats.map((beat) => beat.stop()));
    },
  };
}

function newWatch(lineage: string, partition: number): Watch {
  const rings = OUTCOMES.map((): Ring => ({ indexes: new Int32Array(KEPT_PER_OUTCOME), clocks: new Float64Array(KEPT_PER_OUTCOME), count: 0 }));
  return { lineage, partition, rings, pending: OUTCOMES.map(() => []), skipped: 0, epoch: 0 };
}

function note({ rings }: Watch, index: number, outcome: Outcome, clockMs: number): void {
  const ring = rings[OUTCOMES.indexOf(outcome)];
  if (ring === undefined) return;
  const at = ring.count++ % KEPT_PER_OUTCOME;
  ring.indexes[at] = index;
  ring.clocks[at] = clockMs;
}

/** Moves what the rings hold of a batch behind what waits, of which the oldest give way. */
function take(watch: Watch, batch: LogBatch, epoch: number): void {
  watch.epoch = epoch;
  for (const [number, outcome] of OUTCOMES.entries()) {
    const [ring, pending] = [watch.rings[number], watch.pending[number]];
    if (ring === undefined || pending === undefined || ring.count === 0) continue;
    const kept = Math.min(ring.count, KEPT_PER_OUTCOME);
    for (let nth = ring.count - kept; nth < ring.count; nth++) {
      const index = ring.indexes[nth % KEPT_PER_OUTCOME] ?? 0;
      const clockMs = ring.clocks[nth % KEPT_PER_OUTCOME] ?? Number.NEGATIVE_INFINITY;
      const bytes = { key: copyOf(batch.key(index)), value: copyOf(batch.value(index)) };
      pending.push({ outcome, offset: batch.offset(index), recordMs: batch.timestampMs(index), clockMs, ...bytes });
    }
    const dropped = Math.max(0, pending.length - KEPT_PER_OUTCOME);
    pending.splice(0, dropped);
    watch.skipped += ring.count - kept + dropped;
    ring.count = 0;
  }
}

/** The log may read its next batch into the same memory. */
function copyOf(bytes: Buffer | null): Buffer | null {
  return bytes === null ? null : Buffer.from(bytes);
}

/** What waits, as it is shown, in offset order; the first says how many were skipped. */
function taken(watch: Watch): readonly WitnessedRecord[] {
  const seen = watch.pending.flat().sort((a, b) => a.offset - b.offset);
  const { skipped } = watch;
  if (seen.length === 0) return [];
  watch.pending = OUTCOMES.map(() => []);
  watch.skipped = 0;
  return seen.map((one, index) => witnessed(one, watch, index === 0 ? skipped : 0));
}

function witnessed({ outcome, offset, recordMs, clockMs, key, value }: Seen, { partition, epoch }: Watch, skipped: number): WitnessedRecord {
  const described = outcome === 'control' ? null : describeEvent(key, value);
  const parsed = described?.accepted === true ? described : null;
  return {
    partition,
    epoch,
    offset,
    recordMs,
    outcome,
    reason: described?.accepted === false ? described.reason : '',
    clockMs: Number.isFinite(clockMs) ? clockMs : null,
    key: key === null ? null : shownText(key),
    parsed:
      parsed === null
        ? null
        : {
            event: parsed.event,
            actorKind: parsed.actorKind,
            actorId: parsed.actorId,
            messageId: parsed.messageId,
            timeMs: parsed.timeMs,
          },
    value: value === null ? null : shownText(value),
    valueBytes: value?.length ?? 0,
    skipped,
  };
}
