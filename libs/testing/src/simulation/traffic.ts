/** Definition sets with short horizons, and events over long spans: late, duplicated, out of order, misrouted, broken, now and then from the future. */
import { type Partitioner, partitionOf } from '@tidemark/codec';
import type { Dimension, FoldSettings, MetricDefinition, MetricSet, Selector } from '@tidemark/core';
import type { Random } from '../generator/random.ts';
import type { MemoryLog, MemoryRecord } from '../twins/log.ts';

export const HOUR_MS = 3_600_000;
export const START_MS = Date.UTC(2026, 9, 24);
export const PARTITIONER: Partitioner = 'murmur2';

/** Rows close within hours; the timeline's cap is met now and then. */
export function drawSettings(random: Random): FoldSettings {
  const latenessHours = [0.25, 1, 3][random.whole(0, 2)] ?? 3;
  return { latenessMs: latenessHours * HOUR_MS, futureMs: HOUR_MS, duplicateWindow: 1024, timelineCap: 8 };
}

function select(event: string): Selector {
  return { name: event, anyOf: [{ event, where: [] }] };
}

// Berlin: daylight saving time ends within the span.
const base = { timezone: 'Europe/Berlin', weekStart: 'monday', unit: 'hour', freshnessMs: 60_000, revision: '0'.repeat(16) } as const;
const sum = { measure: 'sum', of: select('Buy'), path: ['properties', 'amount'], decimals: 2 } as const;

const DIMENSIONS: readonly Dimension[] = [
  { name: 'city', path: ['properties', 'city'], max: 3 },
  { name: 'first_city', path: ['properties', 'city'], max: 3, hold: 'first' },
];
const retained = { kind: 'retention', interval: 'calendar', brackets: [], minReturns: 1, sliceReturn: 'any' } as const;
const METRICS: readonly MetricDefinition[] = [
  { ...base, ...retained, id: 'back', slices: [['city']], start: select('Visit'), return: select('*'), columns: [1, 2], entry: 'every' },
  { ...base, ...retained, id: 'came', slices: [['first_city']], start: select('Buy'), return: select('Visit'), columns: [1, 3], entry: 'first_ever' },
  { ...base, ...retained, id: 'met', slices: [['city']], start: select('Visit'), return: select('Buy'), columns: [2], entry: 'first_matching' },
  {
    ...base,
    id: 'steps',
    kind: 'funnel',
    slices: [['city']],
    steps: [select('Visit'), select('Buy')],
    windowMs: 2 * HOUR_MS,
    lookback: 2,
    order: 'ordered',
    attempt: 'furthest',
    exclude: [],
    attribution: 'entry',
    sliceRanges: false,
  },
  { ...base, id: 'alive', kind: 'activity', slices: [['first_city']], event: select('*'), rolling: [2], lookback: 3, churnAfter: 2 },
  { ...base, id: 'money', kind: 'kpi', slices: [['city'], ['first_city']], measure: sum, lookback: 2 },
  { ...base, id: 'buyers', kind: 'kpi', slices: [], unit: 'day', measure: { measure: 'uniques', of: select('Buy') }, lookback: 2 },
  { ...base, id: 'count', kind: 'kpi', slices: [['city']], measure: { measure: 'count', of: select('Visit') }, lookback: 2 },
];

/** Two sets over some of the metrics each: two lineages. All four kinds come up within a few seeds. */
export function drawSets(random: Random): readonly [MetricSet, MetricSet] {
  const draw = (name: string, revision: string, chance: number): MetricSet => {
    const metrics = METRICS.filter(() => random.chance(chance));
    const kept = metrics.length > 0 ? metrics : METRICS.slice(4, 6);
    return { name, timezone: 'UTC', weekStart: 'monday', filter: [], dimensions: DIMENSIONS, metrics: kept, board: [], revision };
  };
  return [draw('first', '1'.repeat(16), 0.5), draw('second', '2'.repeat(16), 0.2)];
}

export interface TrafficOptions {
  readonly random: Random;
  readonly log: MemoryLog;
  readonly actors: number;
  /** The share of the records that the first actor makes. */
  readonly hot: number;
  readonly cities: number;
  readonly met: (
    what:
      | 'offsets without records'
      | 'same event again'
      | 'event out of order'
      | 'event from the future'
      | 'record on the wrong partition'
      | 'broken record',
  ) => void;
  /** Mean time between two records, ms. */
  readonly gapMs: number;
  /** How likely a record follows the one before at once. */
  readonly burst: number;
}

/** Appends records to a log, each at the time that it is told. */
export class Traffic {
  readonly #options: TrafficOptions;
  readonly #sent: { readonly partition: number; readonly key: Buffer; readonly value: Buffer }[] = [];

  constructor(options: TrafficOptions) {
    this.#options = options;
  }

  /** How long until the next record: records come in bursts, within which the beats differ in number. */
  gapMs(): number {
    const { random, gapMs, burst } = this.#options;
    if (random.chance(burst)) return random.whole(0, 400);
    return random.chance(0.03) ? Math.round(gapMs * random.between(5, 20)) : Math.round(-Math.log(1 - random.next()) * gapMs);
  }

  /** Appends one record with the given append time; answers its partition. */
  append(nowMs: number): number {
    const { random, log, met } = this.#options;
    const { partitionCount } = log.identity;
    const again = random.chance(0.08) ? this.#sent.at(-random.whole(1, 30)) : undefined;
    const sent = again ?? this.#event(nowMs);
    if (again !== undefined) met('same event again');
    const isAstray = random.chance(0.02) && partitionCount > 1;
    if (isAstray) met('record on the wrong partition');
    const partition = isAstray ? (sent.partition + 1) % partitionCount : sent.partition;
    this.#sent.push(sent);
    if (random.chance(0.05)) {
      log.skip(partition, random.whole(1, 3));
      met('offsets without records');
    }
    log.append(partition, { timestampMs: nowMs, ...this.#spoiled(sent) });
    return partition;
  }

  #event(nowMs: number): { partition: number; key: Buffer; value: Buffer } {
    const { random, log, actors, hot, cities } = this.#options;
    const { partitionCount } = log.identity;
    const userId = `u${random.chance(hot) ? 1 : random.whole(1, actors)}`;
    const timestamp = new Date(nowMs + this.#shiftMs()).toISOString();
    const properties = { city: random.chance(0.1) ? null : `c${random.whole(1, cities)}`, amount: random.whole(-50, 400) / 4 };
    const event = random.chance(0.6) ? 'Visit' : random.chance(0.8) ? 'Buy' : 'Else';
    const value = { type: 'track', event, userId, messageId: `m${this.#sent.length}`, timestamp, properties };
    const key = Buffer.from(userId);
    return { partition: partitionOf(PARTITIONER, key, partitionCount), key, value: Buffer.from(JSON.stringify(value)) };
  }

  #shiftMs(): number {
    const { random, met } = this.#options;
    const kind = random.weighted([70, 18, 8, 4]);
    if (kind === 1 || kind === 2) met('event out of order');
    if (kind === 3) met('event from the future');
    if (kind === 0) return -random.whole(0, 600_000);
    if (kind === 1) return -random.whole(0, 3 * HOUR_MS);
    if (kind === 2) return -random.whole(3 * HOUR_MS, 30 * HOUR_MS);
    return random.whole(0, 2 * HOUR_MS);
  }

  #spoiled({ key, value }: { key: Buffer; value: Buffer }): Pick<MemoryRecord, 'key' | 'value'> {
    const { random, met } = this.#options;
    if (!random.chance(0.02)) return { key, value };
    met('broken record');
    return random.chance(0.5) ? { key, value: value.subarray(0, 20) } : { key: null, value };
  }
}
