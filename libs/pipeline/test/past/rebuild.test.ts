// What a rebuild leaves behind, how it is proven, and what becomes of a lineage that lost it.
import { memoryActorArchive } from '@tidemark/testing';
import { expect, test } from 'vitest';
import { judge } from '../../src/explain/actor-history.ts';
import { createLongLog, originOf, readOrigin } from '../../src/index.ts';
import { Bench, type Running } from '../partition/bench.ts';
import { HOUR_MS, SET, SETTINGS, START_MS } from '../partition/folded.ts';
import { verifyBench } from '../verify/archived.ts';
import { ArchivedLog } from './archived-log.ts';
import { integersOf, rebuild } from './rebuilt.ts';

const WORLD = { set: SET, settings: SETTINGS };

/** Thirty events over thirty hours, the later half first: by the log's order half of them are late. */
async function archivedBench(): Promise<{ bench: Bench; archived: ArchivedLog }> {
  const bench = new Bench();
  const archived = new ArchivedLog({ log: bench.log });
  for (let index = 0; index < 30; index++) {
    const at = (index + 15) % 30;
    bench.send({ event: at % 5 === 0 ? 'Join' : 'Click', actor: `a${at % 4}`, id: `e${at}`, at });
  }
  await archived.archive();
  return { bench, archived };
}

async function started(bench: Bench, archived: ArchivedLog, origin: string): Promise<Running> {
  const log = createLongLog({ log: bench.log.member(), archive: archived.memory.partitionArchive, epoch: 1, clock: bench.clock });
  const running = await bench.start({ log, origin });
  await bench.settle();
  return running;
}

test('an origin reads back as it was written, and nothing else is one', () => {
  const origin = { epoch: 1, positions: [12, 0, 2 ** 40] };
  expect(originOf(origin)).toBe('archive:1:12,0,1099511627776');
  expect(readOrigin(originOf(origin))).toEqual(origin);
  expect(readOrigin('log')).toBeNull();
  for (const text of ['', 'archive:1:', 'archive:1:3,', 'tape:1:3']) expect(() => readOrigin(text)).toThrow(/is no origin of a lineage$/);
});

test('begun again it changes nothing; with the state lost it halts, and the same positions bring back the same', async () => {
  const { bench, archived } = await archivedBench();
  const first = await rebuild(bench, archived, WORLD);
  expect([first.isNew, first.next]).toEqual([true, 30]);
  const before = [bench.redis, bench.clickhouse].map((store) => store.rowsOf(first.lineage, 0));
  expect(await rebuild(bench, archived, WORLD)).toMatchObject({ isNew: false, lineage: first.lineage });
  bench.send({ at: 40, id: 'live' });
  await archived.archive();
  expect((await rebuild(bench, archived, WORLD)).lineage).not.toBe(first.lineage);

  bench.checkpoints.wipe();
  const halted = await started(bench, archived, first.origin);
  expect(halted.halts()).toEqual([
    'the past of this lineage is the archive in time order up to position 30, and no store has the state that was built from it: run tidemark rebuild --again',
  ]);
  await bench.stop(halted);
  bench.redis.wipe();
  expect(await rebuild(bench, archived, { ...WORLD, to: 30 })).toMatchObject({ isNew: true, lineage: first.lineage, origin: first.origin });
  expect([bench.redis, bench.clickhouse].map((store) => store.rowsOf(first.lineage, 0))).toEqual(before);
  const again = await started(bench, archived, first.origin);
  expect([again.halts(), again.worker.status()[0]?.next]).toEqual([[], 31]);
});

test('an archive that lost a record, or ends elsewhere, is not built from', async () => {
  const { bench, archived } = await archivedBench();
  await expect(rebuild(bench, archived, { ...WORLD, to: 31 })).rejects.toThrow(
    'the archive has no position 31: its last record below is that at offset 29',
  );
  archived.memory.lose(1, 0, 7);
  await expect(rebuild(bench, archived, WORLD)).rejects.toThrow(/is not what its chain names/);
});

test('a partition without a record is there as well, and begins with the log', async () => {
  const bench = new Bench();
  const archived = new ArchivedLog({ log: bench.log });
  const { origin, lineage, next } = await rebuild(bench, archived, WORLD);
  expect([next, bench.checkpoints.manifestOf(lineage, 0)?.next]).toEqual([0, 0]);
  bench.checkpoints.wipe();
  bench.send({ at: 1 });
  const running = await started(bench, archived, origin);
  expect([running.halts(), running.worker.status()[0]?.next]).toEqual([[], 1]);
});

test('what is served of it is proven in the same order, and a changed integer is named', async () => {
  const { bench, archived } = await archivedBench();
  const { lineage, origin, next } = await rebuild(bench, archived, WORLD);
  const running = await started(bench, archived, origin);
  for (let at = 30; at < 36; at++) bench.send({ at, id: `live${at}` });
  await bench.settle();
  await archived.archive();
  expect(running.halts()).toEqual([]);
  const timeOrdered = { archive: archived.memory.timeOrderedArchive, next };
  const verified = await verifyBench(bench, archived.memory, { lineage, timeOrdered });
  expect(verified.results.map(({ outcome, detail }) => [outcome, detail])).toEqual([
    ['same', ''],
    ['same', ''],
  ]);
  expect(Object.keys(integersOf(bench.redis, lineage)).length).toBeGreaterThan(20);
  bench.redis.tamper(lineage, 0, (row) => (row.metric === 'clicks' ? { ...row, cells: [99] } : row));
  expect((await verifyBench(bench, archived.memory, { lineage, timeOrdered })).differences.length).toBeGreaterThan(0);
});

test('of one actor, what came late is told as counted below the position, and as late behind it', async () => {
  const { bench, archived } = await archivedBench();
  bench.send({ event: 'Click', actor: 'a1', id: 'too-late', at: 3 });
  await archived.archive();
  const { memory } = archived;
  const archive = { ...memoryActorArchive(memory), ...memory.checkArchive };
  const found = await archive.recordsOfActor({ actorId: 'a1', after: null, limit: 100 });
  const records = found.map((record) => ({ ...record, timestampMs: START_MS + 50 * HOUR_MS }));
  const outcomes = async (positions: readonly number[]): Promise<Record<string, number>> => {
    const judged = await judge(records, { settings: SETTINGS, partitioner: 'murmur2', partitionCount: 1, positions }, archive);
    expect(judged.map(({ record }) => record)).toEqual(records);
    return Object.fromEntries([...Map.groupBy(judged, ({ outcome }) => outcome)].map(([outcome, of]) => [outcome, of.length]));
  };
  expect(await outcomes([])).toEqual({ applied: 4, late: 5 });
  expect(await outcomes([30])).toEqual({ applied: 8, late: 1 });
});
