/** What one seed draws before it begins: sizes, limits, and how often each kind of trouble comes. */
import type { FoldSettings } from '@tidemark/core';
import type { Beats, CellSink } from '@tidemark/pipeline';
import type { Random } from '../generator/random.ts';
import { FAULTS, type Fault, isFault, RARE } from './faults.ts';
import { drawSettings, HOUR_MS } from './traffic.ts';

export interface Plan {
  readonly settings: FoldSettings;
  readonly partitionCount: number;
  readonly records: number;
  readonly actors: number;
  readonly gapMs: number;
  readonly burst: number;
  /** Records appended at a time, at most: large worlds come in volleys. */
  readonly volley: number;
  /** The share of the records that one actor alone makes. */
  readonly hot: number;
  readonly cities: number;
  /** Sets in play, 1 or 2. */
  readonly sets: number;
  /** Some workers know only the first set until the world heals. */
  readonly growing: boolean;
  /** Other settings that some workers have until the world heals: another lineage of the same sets. */
  readonly otherSettings: FoldSettings | null;
  readonly workers: number;
  readonly archivers: number;
  readonly readers: number;
  readonly archive: { readonly chunkRecords: number; readonly flushIntervalMs: number; readonly maxHeldBytes: number };
  /** Steps before the world heals. */
  readonly steps: number;
  readonly rates: {
    readonly fault: number;
    readonly lossy: number;
    readonly produce: number;
    readonly deliver: number;
    readonly timer: number;
    readonly ask: number;
  };
  readonly faultWeights: readonly number[];
  readonly redisLimits: CellSink['partLimits'];
  readonly clickhouseLimits: CellSink['partLimits'];
  readonly checkpointSizes: { readonly pieceBytes: number; readonly minDeltaBytes: number };
  readonly maxDirtyCells: number;
  readonly beats: Beats;
}

/** What a shrunk world has at most. */
export interface Limits {
  readonly records?: number;
  readonly workers?: number;
  readonly archivers?: number;
  readonly readers?: number;
  readonly steps?: number;
  readonly partitions?: number;
  readonly sets?: number;
  readonly without?: readonly Fault[];
  /** No call is lost on its way. */
  readonly lossless?: boolean;
}

/** Small worlds mostly, because trouble is dense in them; one in a hundred has up to 2,000 records. */
function drawRecords(random: Random): number {
  const size = random.weighted([85, 11, 3, 1]);
  const [low, high] = (
    [
      [20, 110],
      [110, 300],
      [300, 1_000],
      [1_000, 2_000],
    ] as const
  )[size] ?? [20, 110];
  return random.whole(low, high);
}

function drawFaultWeights(random: Random): number[] {
  const names = Object.keys(FAULTS).filter(isFault);
  const rare = names.filter((name) => random.chance(RARE[name] ?? 0))[0];
  return names.map((name) => {
    const weight = FAULTS[name] * random.between(0.2, 1.2);
    if (RARE[name] !== undefined) return name === rare ? weight : 0;
    return random.chance(0.35) ? 0 : weight;
  });
}

export function drawPlan(random: Random, limits: Limits = {}): Plan {
  const records = drawRecords(random);
  const parts = (): CellSink['partLimits'] => ({
    maxRows: random.chance(0.25) ? Number.POSITIVE_INFINITY : random.whole(1, random.chance(0.5) ? 3 : 12) * Math.ceil(records / 200),
    maxCells: random.chance(0.7) ? Number.POSITIVE_INFINITY : random.whole(5, 60) * Math.ceil(records / 200),
  });
  const sets = random.chance(0.4) ? 2 : 1;
  const settings = drawSettings(random);
  const drawn: Plan = {
    settings,
    partitionCount: random.chance(0.35) ? 2 : 1,
    records,
    actors: random.whole(2, 12),
    gapMs: (random.between(10, 80) * HOUR_MS) / records,
    burst: random.between(0.2, 0.8),
    volley: Math.ceil(records / 150),
    hot: random.chance(0.2) ? random.between(0.2, 0.9) : 0,
    cities: random.chance(0.2) ? random.whole(1, 30) : 5,
    sets,
    growing: sets === 2 && random.chance(0.5),
    otherSettings: random.chance(0.08) ? { ...settings, latenessMs: settings.latenessMs + HOUR_MS / 2 } : null,
    workers: random.chance(0.6) ? 2 : random.whole(1, 3),
    archivers: [0, 0, 1, 1, 2][random.whole(0, 4)] ?? 1,
    readers: random.chance(0.5) ? 1 : 0,
    archive: {
      chunkRecords: random.whole(1, 40),
      flushIntervalMs: random.chance(0.5) ? 1_000 : 5_000,
      maxHeldBytes: random.chance(0.7) ? 1_000_000 : random.whole(200, 4_000),
    },
    // Most steps are not about the stores: questions, archivers, the log. Fewer leave the bugs of saving unseen.
    steps: [300, 900, 900, 1_800][random.whole(0, 3)] ?? 900,
    rates: {
      fault: random.between(0.02, 0.2),
      lossy: random.chance(0.3) ? 0 : random.between(0, 0.3),
      produce: random.between(0.03, 0.15),
      deliver: random.between(0.1, 0.3),
      timer: random.between(0.1, 0.4),
      ask: random.between(0.005, 0.03),
    },
    faultWeights: drawFaultWeights(random),
    redisLimits: parts(),
    clickhouseLimits: parts(),
    checkpointSizes: { pieceBytes: random.whole(300, 4_000), minDeltaBytes: random.whole(100, 6_000) },
    maxDirtyCells: random.chance(0.6) ? 1_000_000 : random.whole(10, 250),
    beats: drawBeats(random),
  };
  return limited(drawn, limits);
}

function drawBeats(random: Random): Beats {
  return {
    publishIntervalMs: 250,
    tablePublishIntervalMs: random.chance(0.5) ? 1_000 : 300,
    checkpointIntervalMs: random.whole(200, random.chance(0.5) ? 1_000 : 12_000),
    confirmIntervalMs: { redis: 1_000, clickhouse: random.chance(0.5) ? 10_000 : 500 },
    catchUp: { lag: random.chance(0.5) ? 3 : 1_000, agedLag: 2, ageMs: 5_000, intervalMs: { redis: 1_000, clickhouse: 3_000, checkpoint: 4_000 } },
  };
}

function limited(drawn: Plan, limits: Limits): Plan {
  const least = (own: number, limit: number | undefined): number => Math.min(own, limit ?? own);
  const sets = least(drawn.sets, limits.sets);
  const names = Object.keys(FAULTS).filter(isFault);
  return {
    ...drawn,
    records: least(drawn.records, limits.records),
    workers: least(drawn.workers, limits.workers),
    archivers: least(drawn.archivers, limits.archivers),
    readers: least(drawn.readers, limits.readers),
    steps: least(drawn.steps, limits.steps),
    partitionCount: least(drawn.partitionCount, limits.partitions),
    sets,
    growing: drawn.growing && sets > 1,
    rates: limits.lossless === true ? { ...drawn.rates, lossy: 0 } : drawn.rates,
    faultWeights: drawn.faultWeights.map((weight, index) => (limits.without?.some((name) => name === names[index]) ? 0 : weight)),
  };
}
