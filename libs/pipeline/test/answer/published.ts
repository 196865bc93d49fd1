/** A small served world for tests of answers: definitions, a clock that moves when told, and rows published to in-memory stores. */
import type { KpiDefinition, MetricDefinition, MetricSet } from '@tidemark/core';
import { MemoryCellStore } from '@tidemark/testing';
import {
  type Answered,
  type AnswerQuery,
  type CellRow,
  createAnswerer,
  createCatalogue,
  type HeadNote,
  NO_VERSION,
  versionOf,
  type WaitingClock,
} from '../../src/index.ts';

export const DAY_MS = 86_400_000;
/** 2026-11-21T18:00:00Z */
export const NOW_MS = Date.UTC(2026, 10, 21, 18);
export const TODAY = Math.floor(NOW_MS / DAY_MS);
export const LINEAGE = 'abcdef0123456789';

const anyPurchase = { name: 'Purchase', anyOf: [{ event: 'Purchase', where: [] }] };

export function kpiOf(overrides: Partial<KpiDefinition> = {}): KpiDefinition {
  return {
    kind: 'kpi',
    id: 'purchases',
    timezone: 'UTC',
    weekStart: 'monday',
    unit: 'day',
    slices: [['channel']],
    freshnessMs: 60_000,
    revision: '1111111111111111',
    measure: { measure: 'count', of: anyPurchase },
    lookback: 90,
    ...overrides,
  };
}

export function setOf(metrics: readonly MetricDefinition[], name = 'shop'): MetricSet {
  return {
    name,
    timezone: 'UTC',
    weekStart: 'monday',
    filter: [],
    dimensions: [{ name: 'channel', path: ['properties', 'channel'], max: 50 }],
    metrics,
    board: [],
    revision: '2222222222222222',
  };
}

export interface World {
  readonly redis: MemoryCellStore;
  readonly clickhouse: MemoryCellStore;
  readonly clock: WaitingClock & { advance(ms: number): void };
  /** Publishes rows of one partition up to a position, to one store or both. */
  publish(partition: number, next: number, rows: readonly Partial<CellRow>[], options?: PublishOptions): Promise<void>;
}

export interface PublishOptions {
  readonly to?: readonly ('redis' | 'clickhouse')[];
  readonly note?: Partial<HeadNote>;
  /** Leaves the head open: only the first of two parts is written. */
  readonly open?: boolean;
}

export function createWorld(): World {
  const stores = { redis: new MemoryCellStore('redis'), clickhouse: new MemoryCellStore('clickhouse') };
  let nowMs = NOW_MS;
  return {
    ...stores,
    clock: {
      nowMs: () => nowMs,
      sleep: (ms) => {
        nowMs += ms;
        return Promise.resolve();
      },
      advance: (ms) => {
        nowMs += ms;
      },
    },
    publish: async (partition, next, rows, options = {}) => {
      const version = versionOf(0, next);
      const note: HeadNote = {
        clockMs: nowMs - 5_000,
        counters: { read: next, applied: next - 1, late: 1 },
        overflow: false,
        partitionCount: 2,
        publishedAtMs: nowMs - 100,
        confirmedAtMs: nowMs,
        atEnd: true,
        fingerprint: '',
        ...options.note,
      };
      for (const store of options.to ?? (['redis', 'clickhouse'] as const)) {
        const outcome = await stores[store].sink.write({
          lineage: LINEAGE,
          partition,
          publishId: `${partition}:${next}`,
          index: 0,
          last: options.open !== true,
          target: version,
          base: NO_VERSION,
          rows: rows.map((row) => ({ metric: 'purchases', table: 'total', bucket: TODAY, value: '', cells: [1], version, ...row })),
          note,
        });
        if (outcome.outcome !== 'written') throw new Error(`${store} answered ${outcome.outcome}`);
      }
    },
  };
}

/** Answers by the id of a metric. */
export function answererOf(world: World, metrics: readonly MetricDefinition[] = [kpiOf()], partitions: readonly number[] = [0, 1]) {
  const catalogue = createCatalogue([{ set: setOf(metrics), lineage: LINEAGE }]);
  const answerer = createAnswerer({
    lineages: () => [LINEAGE],
    partitions,
    stores: { redis: world.redis.reader, clickhouse: world.clickhouse.reader },
    latenessMs: 7 * DAY_MS,
    clock: world.clock,
  });
  const answer = async (id: string, query: AnswerQuery): Promise<Answered> => {
    const served = catalogue.metric(id);
    if (served === undefined) throw new Error(`no metric ${id}`);
    return await answerer.answer(served, query);
  };
  return { ...answerer, answer };
}
