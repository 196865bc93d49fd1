// The worker's loop per partition: assigned, fed, paused, revoked, stopped, with stores that come and go.
import type { Fate } from '@tidemark/testing';
import { expect, test } from 'vitest';
import { type LogWriter, versionOf } from '../../src/index.ts';
import { BEATS, Bench } from './bench.ts';
import { HOUR_MS, NOTE, OTHER_SET, SET, SETTINGS, START_MS } from './folded.ts';

const at = (next: number): string => versionOf(1, next);

test('an assigned partition is folded, published to both stores and saved', async () => {
  const bench = new Bench();
  bench.send({ at: 0 }, { at: 0.1 });
  const { worker, halts } = await bench.start();
  await bench.settle();
  const [lineage = ''] = worker.lineages;
  expect(halts()).toEqual([]);
  expect(worker.status()).toEqual([expect.objectContaining({ partition: 0, lineage, next: 2, logHigh: 2, redis: at(2), clickhouse: at(2) })]);
  expect(bench.redis.headOf(lineage, 0)).toMatchObject({ closed: at(2), note: { atEnd: true, clockMs: START_MS + HOUR_MS / 10 } });
  expect(bench.clickhouse.headOf(lineage, 0).closed).toBe(at(2));
  expect(bench.checkpoints.manifestOf(lineage, 0)?.next).toBe(2);
  expect(bench.log.committed.get(0)).toBe(2);
});

test('an idle owner confirms its head: every second to Redis, less often to ClickHouse', async () => {
  const bench = new Bench();
  bench.send({ at: 0 });
  const { worker } = await bench.start();
  await bench.settle();
  const [lineage = ''] = worker.lineages;
  const confirmed = () => [bench.redis, bench.clickhouse].map((store) => store.headOf(lineage, 0).note?.confirmedAtMs ?? 0);
  const [redisBefore = 0, clickhouseBefore = 0] = confirmed();
  await bench.clock.advance(1_500);
  const [redisAfter = 0, clickhouseAfter = 0] = confirmed();
  expect(redisAfter - redisBefore).toBeGreaterThanOrEqual(1_000);
  expect(clickhouseAfter).toBe(clickhouseBefore);
  await bench.clock.advance(10_000);
  expect(confirmed()[1]).toBeGreaterThan(clickhouseAfter);
});

test('far behind the end of the log an owner publishes rarely: figures are old anyway; near it as often as ever', async () => {
  const bench = new Bench();
  const { events } = await bench.start();
  for (let index = 0; index < 10_100; index++) bench.send({ at: index / 100_000 });
  const published = (): number => events.filter((event) => event.event === 'published' && event.sink === 'redis').length;
  bench.log.deliver(1);
  await bench.clock.advance(600);
  const first = published();
  bench.log.deliver(1);
  await bench.clock.advance(1_000);
  expect(published()).toBe(first);
  await bench.clock.advance(1_500);
  expect(published()).toBe(first + 1);
  bench.log.deliver(5_000);
  await bench.clock.advance(600);
  expect(published()).toBeGreaterThan(first + 1);
});

test('in records that are old, a little behind is far: publishing and saving rest; in fresh ones it is not', async () => {
  const bench = new Bench();
  const { events } = await bench.start({ beats: { ...BEATS, catchUp: { ...BEATS.catchUp, agedLag: 50 } } });
  // The clock starts an hour after the time 0.
  for (let index = 0; index < 200; index++) bench.send({ at: index < 100 ? 0 : 2 });
  const count = (event: string): number => events.filter((each) => each.event === event).length;
  const redisCount = (): number => events.filter((each) => each.event === 'published' && each.sink === 'redis').length;
  bench.log.deliver(1);
  await bench.clock.advance(600);
  const first = redisCount();
  bench.log.deliver(1);
  await bench.clock.advance(1_000);
  expect(redisCount()).toBe(first);
  await bench.clock.advance(9_000);
  expect(count('checkpointed')).toBe(0);
  await bench.clock.advance(6_000);
  expect(count('checkpointed')).toBe(1);
  bench.log.deliver(140);
  await bench.clock.advance(300);
  const near = redisCount();
  bench.log.deliver(1);
  await bench.clock.advance(300);
  expect(redisCount()).toBe(near + 1);
});

test('what waits for a sink is published before the fold would pause, however far behind', async () => {
  const bench = new Bench();
  const { events } = await bench.start({ maxDirtyCells: 5 });
  for (let index = 0; index < 10_100; index++) bench.send({ event: 'Join', actor: `a${index}`, at: index / 100_000 });
  const published = (): number => events.filter((event) => event.event === 'published' && event.sink === 'redis').length;
  bench.log.deliver(1);
  await bench.clock.advance(1_300);
  const first = published();
  bench.log.deliver(1);
  await bench.clock.advance(300);
  expect(published()).toBe(first + 1);
});

test('assigned retries while the checkpoints are away: unreachable is not absent', async () => {
  const bench = new Bench();
  bench.send({ at: 0 });
  const first = await bench.start();
  await bench.settle();
  first.member.crash(new Error('killed'));
  await bench.clock.advance(0);
  bench.checkpoints.intercept = () => 'lose';
  const { worker, events, halts } = await bench.start();
  await bench.settle(3_000);
  expect(events.filter(({ event }) => event === 'store_unreachable').length).toBeGreaterThan(3);
  expect(worker.status()[0]?.next).toBeNull();
  bench.checkpoints.intercept = undefined;
  await bench.settle();
  expect(halts()).toEqual([]);
  expect(events).toContainEqual(expect.objectContaining({ event: 'loaded', next: 1 }));
});

test('while one lineage cannot be loaded, no load of another is left behind to undo what is folded later', async () => {
  const bench = new Bench();
  bench.send({ at: 0 }, { at: 0.1 });
  const first = await bench.start({ sets: [SET, OTHER_SET] });
  await bench.settle();
  first.member.crash(new Error('killed'));
  await bench.clock.advance(0);
  const [slow = '', failing = ''] = first.worker.lineages;
  let failures = 0;
  const held: (() => void)[] = [];
  bench.checkpoints.intercept = async ({ lineage, method }): Promise<Fate> => {
    if (lineage === failing && method === 'manifest' && ++failures === 1) return 'lose';
    if (lineage === slow && method === 'manifest' && held.length === 0) await new Promise<void>((resolve) => held.push(resolve));
    return 'apply';
  };
  const { worker } = await bench.start({ sets: [SET, OTHER_SET] });
  await bench.settle(2_000);
  bench.send({ at: 0.2 });
  await bench.settle(2_000);
  for (const release of held) release();
  await bench.settle();
  expect(worker.status().map(({ next, halted, counters }) => [next, halted, counters['read']])).toEqual([
    [3, null, 3],
    [3, null, 3],
  ]);
});

test('two sets side by side: a new one replays the log while the other skips what it has folded', async () => {
  const bench = new Bench();
  for (let index = 0; index < 6; index++) bench.send({ at: index / 10 });
  const first = await bench.start();
  await bench.settle();
  first.member.crash(new Error('killed'));
  await bench.clock.advance(0);
  const { worker, halts } = await bench.start({ sets: [SET, OTHER_SET] });
  bench.log.deliver(4);
  await bench.clock.advance(0);
  expect(worker.status().map(({ next }) => next)).toEqual([6, 4]);
  await bench.settle();
  expect(halts()).toEqual([]);
  expect(worker.status().map(({ next, counters, redis }) => [next, counters['read'], redis])).toEqual([
    [6, 6, at(6)],
    [6, 6, at(6)],
  ]);
  bench.send({ at: 0.7 });
  await bench.settle();
  expect(worker.status().map(({ next, counters }) => [next, counters['read']])).toEqual([
    [7, 7],
    [7, 7],
  ]);
});

test('a hole that one lineage misses halts that lineage, not the one that is past it', async () => {
  const bench = new Bench();
  for (let index = 0; index < 6; index++) bench.send({ at: index / 10 });
  const first = await bench.start();
  await bench.settle();
  first.member.crash(new Error('killed'));
  await bench.clock.advance(0);
  const { worker } = await bench.start({ sets: [SET, OTHER_SET] });
  bench.log.deleteBefore(0, 4);
  bench.send({ at: 0.7 });
  await bench.settle();
  expect(worker.status().map(({ next, halted }) => [next, halted])).toEqual([
    [7, null],
    [0, expect.stringMatching(/jumped from position 0 to 4/)],
  ]);
});

test('a definition whose rows break its invariants suspends its lineage, the other goes on', async () => {
  const bench = new Bench();
  bench.send({ at: 0 });
  const write = bench.redis.sink.write.bind(bench.redis.sink);
  const { worker } = await bench.start({ sets: [SET, OTHER_SET] });
  const [broken = ''] = worker.lineages;
  bench.redis.sink.write = (part) => (part.lineage === broken ? Promise.reject(new TypeError('no such row')) : write(part));
  await bench.settle();
  expect(worker.status().map(({ halted }) => halted)).toEqual(['no such row', null]);
  expect(worker.status()[1]).toMatchObject({ redis: at(1) });
});

test('the fold pauses while too much waits for a sink, and resumes when it is taken', async () => {
  const bench = new Bench();
  const { worker } = await bench.start({ maxDirtyCells: 10 });
  await bench.clock.advance(2_000);
  bench.clickhouse.intercept = () => 'lose';
  for (let hour = 0; hour < 12; hour++) bench.send({ at: hour });
  await bench.settle();
  const next = worker.status()[0]?.next ?? 0;
  expect(next).toBeGreaterThan(3);
  expect(next).toBeLessThan(12);
  expect(worker.status()[0]?.redis).toBe(at(next));
  await bench.settle(60_000);
  expect(worker.status()[0]?.next).toBe(next);
  bench.clickhouse.intercept = undefined;
  await bench.settle();
  await bench.settle();
  await bench.settle();
  expect(worker.status()[0]).toMatchObject({ next: 12, redis: at(12), clickhouse: at(12) });
});

test('the fold does not rest below a position that another publish has announced: only folding on closes that head', async () => {
  const bench = new Bench();
  for (let hour = 0; hour < 12; hour++) bench.send({ at: hour });
  const { worker } = await bench.start({ maxDirtyCells: 6 });
  const announced = { partition: 0, publishId: 'dead', index: 0, last: false, target: at(9), base: at(0), rows: [], note: NOTE };
  await bench.clock.advance(1_000);
  await bench.redis.sink.write({ ...announced, lineage: worker.lineages[0] ?? '' });
  for (let round = 0; round < 6; round++) await bench.settle();
  expect(worker.status()[0]).toMatchObject({ next: 12, redis: at(12), clickhouse: at(12) });
});

test('a large state that was loaded folds on while ClickHouse is away: it is in memory anyway', async () => {
  const bench = new Bench();
  for (let hour = 0; hour < 12; hour++) bench.send({ at: hour / 6 });
  const first = await bench.start();
  await bench.settle();
  first.member.crash(new Error('killed'));
  await bench.clock.advance(0);
  bench.clickhouse.intercept = () => 'lose';
  const { worker } = await bench.start({ maxDirtyCells: 4 });
  bench.send({ at: 2 });
  await bench.settle();
  expect(worker.status()[0]).toMatchObject({ next: 13, redis: at(13), clickhouse: null });
});

test('a revoked partition is let go of, and loaded anew when it comes back', async () => {
  const bench = new Bench();
  bench.send({ at: 0 });
  const { worker, member, events } = await bench.start();
  await bench.settle();
  member.assign([]);
  expect(worker.status()).toEqual([]);
  bench.send({ at: 0.1 });
  member.assign([0]);
  await bench.settle();
  expect(worker.status()[0]).toMatchObject({ next: 2, redis: at(2) });
  expect(events.filter(({ event }) => event === 'loaded')).toHaveLength(1);
});

test('a partition that stays assigned keeps its memory and is read on', async () => {
  const bench = new Bench();
  bench.send({ at: 0 });
  const { worker, member, events } = await bench.start();
  await bench.settle();
  bench.send({ at: 0.1 });
  member.assign([0]);
  await bench.settle();
  expect(worker.status()[0]).toMatchObject({ next: 2, halted: null });
  expect(events.some(({ event }) => event === 'loaded')).toBe(false);
});

test('a worker that somebody has overtaken goes on from the longer manifest', async () => {
  const bench = new Bench();
  bench.send({ at: 0 });
  const slow = await bench.start();
  await bench.settle();
  const rival = await bench.start();
  rival.member.assign([0]);
  await bench.clock.advance(0);
  bench.send({ at: 0.1 }, { at: 0.2 }, { at: 0.3 });
  while (rival.member.deliver(0, 10) > 0) await bench.clock.advance(0);
  await bench.clock.advance(6_000);
  slow.member.assign([0]);
  await bench.clock.advance(0);
  slow.member.deliver(0, 2);
  await bench.clock.advance(20_000);
  expect(slow.halts()).toEqual([]);
  expect(slow.worker.status()[0]?.next).toBe(4);
  expect(bench.checkpoints.manifestOf(slow.worker.lineages[0] ?? '', 0)?.next).toBe(4);
});

test('stop publishes and saves everything, then leaves the group', async () => {
  const bench = new Bench();
  const { worker, done } = await bench.start();
  await bench.clock.advance(0);
  bench.send({ at: 0 }, { at: 0.1 });
  bench.log.deliver(10);
  const stopping = worker.stop();
  await bench.clock.advance(10);
  await stopping;
  await done;
  const [lineage = ''] = worker.lineages;
  expect(bench.redis.headOf(lineage, 0).closed).toBe(at(2));
  expect(bench.clickhouse.headOf(lineage, 0).closed).toBe(at(2));
  expect(bench.checkpoints.manifestOf(lineage, 0)?.next).toBe(2);
  expect(bench.log.members).toEqual([]);
  expect(bench.clock.pending).toBe(0);
});

test('stop saves within its deadline when ClickHouse never answers', async () => {
  const bench = new Bench();
  const { worker, done } = await bench.start();
  await bench.settle(2_000);
  bench.clickhouse.intercept = () => new Promise<Fate>(() => undefined);
  bench.send({ at: 0 });
  bench.log.deliver(10);
  const startedMs = bench.clock.nowMs();
  const stopping = worker.stop().then(() => bench.clock.nowMs() - startedMs);
  await bench.clock.advance(20_000);
  expect(await stopping).toBe(6_000);
  await done;
  const [lineage = ''] = worker.lineages;
  expect(bench.redis.headOf(lineage, 0).closed).toBe(at(1));
  expect(bench.checkpoints.manifestOf(lineage, 0)?.next).toBe(1);
});

test('a lineage that fails at the last publish keeps neither the others nor the group waiting', async () => {
  const bench = new Bench();
  const { worker, done } = await bench.start({ sets: [SET, OTHER_SET] });
  await bench.clock.advance(0);
  bench.send({ at: 0 });
  bench.log.deliver(10);
  const [broken = '', healthy = ''] = worker.lineages;
  const write = bench.redis.sink.write.bind(bench.redis.sink);
  bench.redis.sink.write = (part) => (part.lineage === broken ? Promise.reject(new TypeError('no such row')) : write(part));
  const stopping = worker.stop();
  await bench.clock.advance(10);
  await stopping;
  await done;
  expect(bench.redis.headOf(healthy, 0).closed).toBe(at(1));
  expect(bench.checkpoints.manifestOf(healthy, 0)?.next).toBe(1);
});

test('a partition that is still loading when the worker stops begins no beats', async () => {
  const bench = new Bench();
  const held: (() => void)[] = [];
  bench.checkpoints.intercept = async (): Promise<Fate> => {
    await new Promise<void>((resolve) => held.push(resolve));
    return 'apply';
  };
  const { worker } = await bench.start();
  const stopping = worker.stop();
  await bench.clock.advance(10);
  await stopping;
  for (const release of held) release();
  await bench.clock.advance(1_000);
  expect(bench.clock.pending).toBe(0);
});

test('a silent partition with a live clock is ticked, its clock moves, and a refused tick is told but kills nothing', async () => {
  const bench = new Bench();
  const writer: LogWriter = bench.log.writer({ partitioner: 'murmur2', nowMs: () => bench.clock.nowMs() });
  let refusals = 1;
  const flaky: LogWriter = {
    append: (records) => writer.append(records),
    appendTick: (partition) => (refusals-- > 0 ? Promise.reject(new Error('no leader')) : writer.appendTick(partition)),
    close: () => writer.close(),
  };
  bench.send({ at: 0 });
  const { worker, events } = await bench.start({ writer: flaky, settings: { ...SETTINGS, latenessMs: 24 * HOUR_MS } });
  await bench.settle();
  await bench.clock.advance(70_000);
  expect(events).toContainEqual({ event: 'log_unreachable', why: 'no leader' });
  await bench.clock.advance(70_000);
  await bench.settle();
  expect(events.filter(({ event }) => event === 'ticked').length).toBeGreaterThan(0);
  expect(worker.status()[0]?.clockMs).toBeGreaterThan(START_MS);
  expect(worker.status()[0]?.counters['control']).toBeGreaterThan(0);
});

test('a log that ends in what is never handed over reads as at its end, and goes on behind it', async () => {
  const bench = new Bench();
  bench.send({ at: 0 });
  bench.log.skip(0, 2);
  const { worker, halts } = await bench.start();
  await bench.settle();
  const [lineage = ''] = worker.lineages;
  const atEnd = (): boolean | undefined => bench.redis.headOf(lineage, 0).note?.atEnd;
  expect(worker.status()[0]).toMatchObject({ next: 1, logHigh: 1 });
  expect(atEnd()).toBe(true);
  bench.log.skip(0, 1);
  await bench.clock.advance(2_000);
  expect(atEnd()).toBe(false);
  bench.log.deliver(10);
  await bench.clock.advance(2_000);
  expect(worker.status()[0]).toMatchObject({ next: 1, logHigh: 1 });
  expect(atEnd()).toBe(true);
  bench.send({ at: 0.1 });
  await bench.settle();
  expect(worker.status()[0]).toMatchObject({ next: 5, logHigh: 5 });
  expect(halts()).toEqual([]);
});
