/** What one seed draws before it begins: sizes, limits, and how often each kind of trouble comes. */
import type { FoldSettings } from '@tidemark/core';
import type { Beats, CellSink } from '@tidemark/pipeline';
import type { Random } from '../generator/random.ts';
import { drawSettings, HOUR_MS } from './traffic.ts';

/** With its usual weight. */
export const FAULTS = {
  late: 3,
  kill: 2,
  doom: 0.2,
  stop: 0.7,
  start: 3,
  pause: 2,
  wake: 2.5,
  rebalance: 3,
  redeliver: 1.5,
  rewind: 3,
  wipe: 0.5,
  expire: 1,
  redisAway: 0.5,
  redisBack: 1.5,
  clickhouseAway: 0.6,
  clickhouseBack: 1,
  cut: 0.7,
} as const;
export type Fault = keyof typeof FAULTS;

export interface Plan {
  readonly settings: FoldSettings;
  readonly partitionCount: number;
  readonly records: number;
  readonly actors: number;
  readonly gapMs: number;
  readonly burst: number;
  /** Sets in play, 1 or 2. */
  readonly sets: number;
  /** Some workers know only the first set until the world heals. */
  readonly growing: boolean;
  readonly workers: number;
  /** Steps before the world heals. */
  readonly steps: number;
  readonly rates: { readonly fault: number; readonly lossy: number; readonly produce: number; readonly deliver: number; readonly timer: number };
  readonly faultWeights: readonly number[];
  readonly redisLimits: CellSink['partLimits'];
  readonly clickhouseLimits: CellSink['partLimits'];
  readonly checkpointSizes: { readonly pieceBytes: number; readonly minDeltaBytes: number };
  readonly maxDirtyCells: number;
  readonly beats: Beats;
}

export function drawPlan(random: Random): Plan {
  const records = random.whole(20, 120);
  const limits = (): CellSink['partLimits'] => ({
    maxRows: random.chance(0.25) ? Number.POSITIVE_INFINITY : random.whole(1, random.chance(0.5) ? 3 : 12),
    maxCells: random.chance(0.7) ? Number.POSITIVE_INFINITY : random.whole(5, 60),
  });
  const sets = random.chance(0.4) ? 2 : 1;
  return {
    settings: drawSettings(random),
    partitionCount: random.chance(0.35) ? 2 : 1,
    records,
    actors: random.whole(2, 12),
    gapMs: (random.between(10, 80) * HOUR_MS) / records,
    burst: random.between(0.2, 0.8),
    sets,
    growing: sets === 2 && random.chance(0.5),
    workers: random.chance(0.6) ? 2 : random.whole(1, 3),
    steps: [150, 400, 400, 900][random.whole(0, 3)] ?? 400,
    rates: {
      fault: random.between(0.02, 0.2),
      lossy: random.chance(0.3) ? 0 : random.between(0, 0.3),
      produce: random.between(0.03, 0.15),
      deliver: random.between(0.1, 0.3),
      timer: random.between(0.1, 0.4),
    },
    faultWeights: Object.values(FAULTS).map((weight) => (random.chance(0.35) ? 0 : weight * random.between(0.2, 1.2))),
    redisLimits: limits(),
    clickhouseLimits: limits(),
    checkpointSizes: { pieceBytes: random.whole(300, 4_000), minDeltaBytes: random.whole(100, 6_000) },
    maxDirtyCells: random.chance(0.6) ? 1_000_000 : random.whole(10, 250),
    beats: {
      publishIntervalMs: 250,
      tablePublishIntervalMs: random.chance(0.5) ? 1_000 : 300,
      checkpointIntervalMs: random.whole(200, random.chance(0.5) ? 1_000 : 12_000),
      confirmIntervalMs: { redis: 1_000, clickhouse: random.chance(0.5) ? 10_000 : 500 },
      catchUp: { lag: random.chance(0.5) ? 3 : 1_000, agedLag: 2, ageMs: 5_000, intervalMs: { redis: 1_000, clickhouse: 3_000, checkpoint: 4_000 } },
    },
  };
}
