// A past that came late and in disorder, built anew from the archive in time order: every figure is that of a deployment which received everything in order.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { DEFAULT_SETTINGS, type FoldSettings, type MetricSet } from '@tidemark/core';
import { parseMetricSets } from '@tidemark/definitions';
import { cabinetHistory } from '@tidemark/testing';
import { expect, test } from 'vitest';
import { createLongLog, versionOf, type WorkerOptions } from '../../src/index.ts';
import { Bench, type Running } from '../partition/bench.ts';
import { recordOf, SET, SETTINGS } from '../partition/folded.ts';
import { ArchivedLog } from './archived-log.ts';
import { integersOf, rebuild } from './rebuilt.ts';

interface TimedRecord {
  readonly timeMs: number;
  readonly key: Buffer;
  readonly value: Buffer;
}

interface World {
  readonly set: MetricSet;
  readonly settings: FoldSettings;
  /** In time order. */
  readonly records: readonly TimedRecord[];
}

type Random = (below: number) => number;

function seeded(seed: number): Random {
  let state = Math.imul(seed, 2_654_435_761) >>> 0;
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 2_246_822_519) + 0x9e3779b9) >>> 0;
    return state % below;
  };
}

async function started(bench: Bench, archived: ArchivedLog, { set, settings }: World, changes: Partial<WorkerOptions> = {}): Promise<Running> {
  const log = createLongLog({ log: bench.log.member(), archive: archived.memory.partitionArchive, epoch: 1, clock: bench.clock });
  const running = await bench.start({ log, sets: [set], settings, maxDirtyCells: 1e9, ...changes });
  await settled(bench);
  return running;
}

async function settled(bench: Bench): Promise<void> {
  await bench.clock.advance(0);
  while (bench.log.deliver(500) > 0) await bench.clock.advance(0);
  await bench.clock.advance(6_000);
}

/** What a deployment serves that received everything in order. */
async function inOrder(world: World): Promise<Record<string, string>> {
  const bench = new Bench();
  for (const { timeMs, key, value } of world.records) bench.log.append(0, { timestampMs: timeMs, key, value });
  const running = await started(bench, new ArchivedLog({ log: bench.log }), world);
  return integersOf(bench.redis, running.worker.lineages[0] ?? '');
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const all = [...items];
  for (let index = all.length - 1; index > 0; index--) {
    const other = random(index + 1);
    [all[index], all[other]] = [all[other] as T, all[index] as T];
  }
  return all;
}

/** Lives through the last records, then gets all earlier ones in disorder, some of them twice, with ticks and broken records in between. */
async function lateHistory(
  world: World,
  random: Random,
): Promise<{ bench: Bench; archived: ArchivedLog; rest: readonly TimedRecord[]; late: number }> {
  const bench = new Bench();
  const archived = new ArchivedLog({ log: bench.log, chunkRecords: 1 + random(40) });
  const { records } = world;
  const liveFrom = Math.floor(records.length * 0.8);
  const restFrom = Math.floor(records.length * 0.9);
  for (const { timeMs, key, value } of records.slice(liveFrom, restFrom)) bench.log.append(0, { timestampMs: timeMs, key, value });
  const nowMs = records[restFrom - 1]?.timeMs ?? 0;
  for (const { key, value } of shuffled(records.slice(0, liveFrom), random)) {
    bench.log.append(0, { timestampMs: nowMs, key, value });
    const luck = random(40);
    if (luck === 0) bench.log.append(0, { timestampMs: nowMs, key, value });
    if (luck === 1) bench.log.append(0, { timestampMs: nowMs, key, value: Buffer.from('{"type":') });
    if (luck === 2) bench.log.append(0, { timestampMs: nowMs, key: null, value: null, control: true });
    if (luck === 3) bench.log.skip(0, 2);
  }
  await archived.archive();
  const live = await started(bench, archived, world);
  const late = live.worker.status()[0]?.counters['late'] ?? 0;
  await bench.stop(live);
  return { bench, archived, rest: records.slice(restFrom), late };
}

async function isRebuiltRight(world: World, random: Random): Promise<void> {
  const { bench, archived, rest, late } = await lateHistory(world, random);
  expect(late).toBeGreaterThan(world.records.length / 4);
  const { lineage, origin, next, counters } = await rebuild(bench, archived, world);
  expect(counters).toMatchObject({ late: 0, misrouted: 0, future: 0 });
  for (const store of [bench.redis, bench.clickhouse])
    expect(store.headOf(lineage, 0)).toMatchObject({ closed: versionOf(1, next), target: versionOf(1, next) });
  const going = await started(bench, archived, world, { origin });
  expect(going.worker.lineages).toEqual([lineage]);
  for (const { timeMs, key, value } of rest) bench.log.append(0, { timestampMs: timeMs, key, value });
  await settled(bench);
  expect(going.halts()).toEqual([]);
  const expected = await inOrder(world);
  expect(Object.keys(expected).length).toBeGreaterThan(10);
  expect(integersOf(bench.redis, lineage)).toEqual(expected);
  expect(integersOf(bench.clickhouse, lineage)).toEqual(expected);
}

test('small random histories over days, where only hours count as on time', { timeout: 60_000 }, async () => {
  for (let seed = 1; seed <= 12; seed++) {
    const random = seeded(seed);
    let at = 0;
    const records = Array.from({ length: 150 }, (): TimedRecord => {
      at += random(12) / 10;
      const actor = `a${random(6)}`;
      const { timestampMs, key, value } = recordOf({
        event: random(4) === 0 ? 'Join' : 'Click',
        actor,
        at,
        city: ['Gyumri', 'Yerevan', ''][random(3)] ?? '',
      });
      return { timeMs: timestampMs, key, value };
    });
    await isRebuiltRight({ set: SET, settings: SETTINGS, records }, random);
  }
});

test('two years of the sample dealer, imported late and shuffled into a live deployment', { timeout: 60_000 }, async () => {
  const file = resolve(import.meta.dirname, '../../../../schemas/metrics/auto-cabinet.yaml');
  const parsed = parseMetricSets([file], (path) => readFileSync(path, 'utf8'));
  const [set] = parsed.ok ? parsed.sets : [];
  if (set === undefined) throw new Error('the sample set does not parse');
  const history = cabinetHistory({ seed: 3, people: 30, days: 730, events: 1_000, endMs: Date.UTC(2026, 10, 21) });
  const records = [...history].map(({ timeMs, key, value }): TimedRecord => ({ timeMs, key: Buffer.from(key), value: Buffer.from(value) }));
  await isRebuiltRight({ set, settings: DEFAULT_SETTINGS, records }, seeded(99));
});
