/** A set with two lineages over in-memory stores: of one the total of a metric is the log's length, of the other twice that, so that a mixture shows. */
import type { MetricSet } from '@tidemark/core';
import { MemoryCellStore } from '@tidemark/testing';
import {
  type AnswerBody,
  createAnswerer,
  type LineageStanding,
  NO_VERSION,
  type PlannedLineage,
  type PlannedSet,
  Serving,
  type Version,
  versionOf,
} from '../../src/index.ts';
import { DAY_MS, kpiOf, NOW_MS, setOf, TODAY } from '../answer/published.ts';
import { NOTE } from '../partition/folded.ts';

export const PARTITIONS = [0, 1, 2];
export const OLD = 'aaaaaaaaaaaaaaaa';
export const NEW = 'bbbbbbbbbbbbbbbb';
const FACTORS: Readonly<Record<string, number>> = { [OLD]: 1, [NEW]: 2 };

export function definitionsOf(lineage: string): MetricSet {
  const revision = lineage.replaceAll(/[ab]/g, (digit) => (digit === 'a' ? '1' : '2'));
  return { ...setOf([kpiOf({ revision }), kpiOf({ id: 'visits', revision })]), revision };
}
const SETS: Readonly<Record<string, MetricSet>> = { [OLD]: definitionsOf(OLD), [NEW]: definitionsOf(NEW) };

/** The set as the journal has it: `serving` is its target. */
export function planOf(serving: string, options: { positions?: readonly Version[]; previous?: string | null; sets?: typeof SETS } = {}): PlannedSet {
  const lineages = [OLD, NEW].map((lineage): PlannedLineage => {
    const standing: LineageStanding = lineage === serving ? 'serving' : lineage === OLD ? 'kept' : 'catching_up';
    const set = (options.sets ?? SETS)[lineage] ?? null;
    return { lineage, revision: set?.revision ?? '', set, standing, sinceMs: NOW_MS, by: 'ann' };
  });
  return { name: 'shop', target: serving, positions: options.positions ?? [], previous: options.previous ?? null, lineages };
}

export function createSwitching() {
  const stores = { redis: new MemoryCellStore('redis'), clickhouse: new MemoryCellStore('clickhouse') };
  let nowMs = NOW_MS;
  const switches: string[] = [];
  const refusals: string[] = [];
  const serving = new Serving({
    partitions: PARTITIONS,
    nowMs: () => nowMs,
    switched: ({ from, to }) => switches.push(`${from} ${to}`),
    refused: (reason) => refusals.push(reason),
  });
  const clock = { nowMs: () => nowMs, sleep: () => new Promise<void>((resolve) => setImmediate(resolve)) };
  const answerer = createAnswerer({
    lineages: () => serving.polled,
    partitions: PARTITIONS,
    stores: { redis: stores.redis.reader, clickhouse: stores.clickhouse.reader },
    latenessMs: 7 * DAY_MS,
    clock,
    answered: (lineage, heads) => serving.answered(lineage, heads),
  });
  return {
    stores,
    serving,
    answerer,
    switches,
    refusals,
    advance: (ms: number): void => {
      nowMs += ms;
    },
    publish: async (lineage: string, partition: number, next: number, to: readonly ('redis' | 'clickhouse')[] = ['redis']): Promise<void> => {
      const version = versionOf(1, next);
      const rows = ['purchases', 'visits'].map((metric) => ({
        metric,
        table: 'total',
        bucket: TODAY,
        value: '',
        cells: [next * (FACTORS[lineage] ?? 0)],
        version,
      }));
      const part = { lineage, partition, publishId: `${next}`, index: 0, last: true, target: version, base: NO_VERSION, rows };
      for (const store of to) await stores[store].sink.write({ ...part, note: { ...NOTE, clockMs: nowMs, confirmedAtMs: nowMs } });
    },
    /** One poll of both stores, and what follows from it. */
    look: async (): Promise<void> => {
      await Promise.all([answerer.watch.poll('redis'), answerer.watch.poll('clickhouse')]);
      serving.look(answerer.watch);
    },
    /** Both metrics as one question, as a board asks. */
    ask: (): Promise<readonly AnswerBody[]> =>
      serving.ask(['shop'], async (catalogue) => {
        const bodies: AnswerBody[] = [];
        for (const served of catalogue.metrics) bodies.push((await answerer.answer(served, {})).body);
        return bodies;
      }),
  };
}

export type Switching = ReturnType<typeof createSwitching>;

/** By partition the position that a body names; throws when its total is not that of its own lineage at these positions. */
export function positionsIn(body: AnswerBody): readonly number[] {
  const positions = PARTITIONS.map((partition) => Number(body.asOf.positions[String(partition)]));
  const sum = positions.reduce((total, next) => total + next, 0);
  const total = 'total' in body ? Number(body.total) : Number.NaN;
  if (total !== sum * (FACTORS[body.lineage] ?? Number.NaN)) throw new Error(`${body.lineage} at ${positions.join(' ')} says ${total}`);
  return positions;
}
