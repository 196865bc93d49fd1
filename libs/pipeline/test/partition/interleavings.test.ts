// The interleavings that were found on paper, each played once, step by step, by production workers over twins.
/**
 * | Letter  | Test                                                                                                                     |
 * | ------- | ------------------------------------------------------------------------------------------------------------------------ |
 * | (a) (b) | below                                                                                                                    |
 * | (c)     | `halts.test.ts`: a log that was cut below a published head and rewritten halts before the head, not in a mixture           |
 * | (d)     | below                                                                                                                    |
 * | (e)     | `halts.test.ts`: a manifest that vanished while state is held: the store lost it, and gets a full base                     |
 * | (f)     | `../archive/archive-writer.test.ts`; what the chain promises: `libs/testing/src/contracts/archive.ts`                       |
 * | (g)–(j) | below; (g) through the answerer: `../answer/answerer.test.ts`, never read in the middle of a publish                       |
 * | (k) (l) | below; (k) when an owner may tick at all: `ticks.test.ts`                                                                  |
 *
 * At random, with everything else that can happen: `libs/testing/test/simulation.sim.test.ts`.
 */
import { partitionOf } from '@tidemark/codec';
import { expect, test } from 'vitest';
import { type AnswerBody, createAnswerer, createCatalogue, versionOf } from '../../src/index.ts';
import { Bench } from './bench.ts';
import { HOUR_MS, recordOf, SET, SETTINGS } from './folded.ts';
import { figuresOf, type Mortal, prefixOf, startMortal } from './mortal.ts';

const at = (next: number): string => versionOf(1, next);
const lineageOf = ({ worker }: Mortal): string => worker.lineages[0] ?? '';

/** A reader finds the head open, which it waits for, or exactly the prefix that the head names. */
async function readsWholePrefix(bench: Bench, lineage: string): Promise<'open' | 'whole'> {
  const { closed, target } = bench.redis.headOf(lineage, 0);
  if (closed < target) return 'open';
  expect(figuresOf(bench.redis, lineage)).toEqual(await prefixOf(bench.log, Number.parseInt(closed.slice(4), 16)));
  return 'whole';
}

/** Two clicks change two rows twice; a worker folds both, and dies between the two scripts of its publish. */
async function killedBetweenScripts(): Promise<{ bench: Bench; first: Mortal }> {
  const bench = new Bench();
  const first = await startMortal(bench, {
    maxRows: 1,
    before: ({ target, index }, kill) => {
      if (target === at(2) && index === 1) kill();
    },
  });
  bench.send({ at: 0 }, { at: 0.1 });
  bench.log.deliver(2);
  await bench.clock.advance(300);
  return { bench, first };
}

test('(a) a publish of two scripts is killed after the first; the successor publishes an older version of the other row: no row is lost', async () => {
  const { bench, first } = await killedBetweenScripts();
  const lineage = lineageOf(first);
  expect(Object.values(figuresOf(bench.redis, lineage))).toEqual(['2 @2']);
  const successor = await startMortal(bench, { maxRows: 1 });
  bench.log.deliver(1);
  await bench.clock.advance(300);
  expect(Object.values(figuresOf(bench.redis, lineage)).sort()).toEqual(['1 @1', '2 @2']);
  await bench.settle();
  expect(figuresOf(bench.redis, lineage)).toEqual(await prefixOf(bench.log, 2));
  expect(bench.redis.headOf(lineage, 0)).toMatchObject({ closed: at(2), target: at(2) });
  expect(successor.halts()).toEqual([]);
});

test.each([
  ['is alive', false],
  ['was killed', true],
])('(b) the manifest is durable, Redis then forgets rows that it acknowledged after it, and the worker %s: they come back', async (_, isKilled) => {
  const bench = new Bench();
  const first = await startMortal(bench);
  const lineage = lineageOf(first);
  bench.send({ at: 0 });
  await bench.settle(300);
  const early = bench.redis.snapshot();
  bench.send({ at: 1 }, { at: 1.1 });
  await bench.settle();
  expect(bench.checkpoints.manifestOf(lineage, 0)?.next).toBe(3);
  expect(bench.redis.headOf(lineage, 0).closed).toBe(at(3));
  bench.redis.restore(early);
  if (isKilled) {
    first.kill();
    await startMortal(bench);
  }
  await bench.settle();
  expect(bench.redis.headOf(lineage, 0)).toMatchObject({ closed: at(3), target: at(3) });
  expect(figuresOf(bench.redis, lineage)).toEqual(await prefixOf(bench.log, 3));
});

test('(d) a manifest is replaced, the worker pauses, Redis rewinds to the old manifest, another loads it, the first wakes: no named segment is ever deleted', async () => {
  const bench = new Bench();
  bench.log.rebalance = () => undefined;
  const changes = { checkpointSizes: { pieceBytes: 300, minDeltaBytes: 1 } };
  const first = await startMortal(bench, { changes });
  const lineage = lineageOf(first);
  const missing: string[] = [];
  const look = (): void => {
    const stored = bench.checkpoints.segmentsOf(lineage, 0);
    for (const { key } of bench.checkpoints.manifestOf(lineage, 0)?.segments ?? []) if (stored.get(key)?.expires !== false) missing.push(key);
  };
  bench.checkpoints.intercept = () => {
    look();
    return 'apply';
  };
  first.member.assign([0]);
  for (let actor = 0; actor < 20; actor++) bench.send({ at: actor / 100, actor: `actor ${actor}` });
  await bench.settle();
  const old = { cells: bench.redis.snapshot(), checkpoints: bench.checkpoints.snapshot(), id: bench.checkpoints.manifestOf(lineage, 0)?.id };
  for (let actor = 0; actor < 20; actor++) bench.send({ at: 0.5, actor: `actor ${actor}` });
  await bench.settle();
  expect(bench.checkpoints.manifestOf(lineage, 0)?.id).not.toBe(old.id);
  first.pause();
  bench.redis.restore(old.cells);
  bench.checkpoints.restore(old.checkpoints);
  const second = await startMortal(bench, { changes });
  second.member.assign([0]);
  for (let actor = 0; actor < 5; actor++) bench.send({ at: 0.6, actor: `actor ${actor}` });
  await bench.clock.advance(0);
  while (second.member.deliver(0, 10) > 0) await bench.clock.advance(2_000);
  await bench.clock.advance(6_000);
  expect(second.events).toContainEqual(expect.objectContaining({ event: 'loaded', next: 20 }));
  first.wake();
  bench.send({ at: 0.7 });
  await bench.settle(12_000);
  look();
  expect(first.events).toContainEqual(expect.objectContaining({ event: 'moved' }));
  expect([missing, first.halts(), second.halts()]).toEqual([[], [], []]);
  expect(bench.checkpoints.manifestOf(lineage, 0)?.next).toBe(46);
  expect(figuresOf(bench.redis, lineage)).toEqual(await prefixOf(bench.log, 46));
});

test('(g) a reader between two scripts of one publish finds the head open or a whole prefix: never retained > size', async () => {
  const bench = new Bench();
  const seen: string[] = [];
  let lineage = '';
  const worker = await startMortal(bench, { maxRows: 1, before: async () => void seen.push(await readsWholePrefix(bench, lineage)) });
  lineage = lineageOf(worker);
  for (let actor = 0; actor < 4; actor++) bench.send({ event: 'Join', at: 0, actor: `${actor}` }, { at: 1, actor: `${actor}`, city: `${actor}` });
  await bench.settle();
  bench.send({ event: 'Join', at: 0.1, actor: 'late' }, { event: 'Join', at: 0, actor: 'later' }, { at: 1.1, actor: 'late' });
  await bench.settle();
  expect(await readsWholePrefix(bench, lineage)).toBe('whole');
  expect(new Set(seen)).toEqual(new Set(['open', 'whole']));
  expect(worker.halts()).toEqual([]);
});

test('(h) settings changed on one of two workers: two lineages, never two values under one version', async () => {
  const bench = new Bench();
  const [one, other] = [await startMortal(bench), await startMortal(bench, { changes: { settings: { ...SETTINGS, latenessMs: 5 * HOUR_MS } } })];
  for (const { member } of [one, other]) member.assign([0]);
  // Three hours late for the one, on time for the other.
  bench.send({ at: 4 }, { at: 1, actor: 'bob' }, { at: 4.1 });
  await bench.settle();
  expect(lineageOf(one)).not.toBe(lineageOf(other));
  const [first, second] = [one, other].map((each) => figuresOf(bench.redis, lineageOf(each)));
  expect([one, other].map(({ worker }) => worker.status()[0]?.counters)).toMatchObject([
    { applied: 2, late: 1 },
    { applied: 3, late: 0 },
  ]);
  expect(first).toEqual(await prefixOf(bench.log, 3));
  expect(second).not.toEqual(first);
  for (const each of [one, other]) {
    expect(figuresOf(bench.clickhouse, lineageOf(each))).toEqual(figuresOf(bench.redis, lineageOf(each)));
    expect(bench.checkpoints.manifestOf(lineageOf(each), 0)).toMatchObject({ next: 3, writer: expect.any(String) });
    expect(each.halts()).toEqual([]);
  }
});

test('(i) rows close while ClickHouse is away, then the worker is killed: they arrive', async () => {
  const bench = new Bench();
  const first = await startMortal(bench);
  const lineage = lineageOf(first);
  bench.send({ at: 0 });
  await bench.settle();
  bench.clickhouse.intercept = () => 'lose';
  bench.send({ at: 0.1 }, { at: 0.2, city: 'Sevan' }, { at: 9 });
  await bench.settle();
  expect(bench.redis.headOf(lineage, 0).closed).toBe(at(4));
  expect(bench.checkpoints.manifestOf(lineage, 0)?.next).toBe(4);
  first.kill();
  await bench.clock.advance(1_000);
  bench.clickhouse.intercept = undefined;
  const successor = await startMortal(bench);
  await bench.settle();
  expect(successor.events).toContainEqual(expect.objectContaining({ event: 'loaded', next: 4 }));
  expect(figuresOf(bench.clickhouse, lineage)).toEqual(await prefixOf(bench.log, 4));
  expect(bench.clickhouse.headOf(lineage, 0)).toMatchObject({ closed: at(4), target: at(4) });
});

test('(j) a publish is killed after its first script, the successor publishes a smaller head: readers never see the mixture', async () => {
  const { bench, first } = await killedBetweenScripts();
  const lineage = lineageOf(first);
  const before = bench.redis.headOf(lineage, 0).closed;
  expect(await readsWholePrefix(bench, lineage)).toBe('open');
  const successor = await startMortal(bench, { maxRows: 1 });
  bench.log.deliver(1);
  await bench.clock.advance(300);
  expect(successor.worker.status()[0]?.next).toBe(1);
  expect(await readsWholePrefix(bench, lineage)).toBe('open');
  expect(bench.redis.headOf(lineage, 0)).toMatchObject({ closed: before, target: at(2) });
  await bench.settle();
  expect(await readsWholePrefix(bench, lineage)).toBe('whole');
  expect(bench.redis.headOf(lineage, 0).closed).toBe(at(2));
});

test('(k) a backfill of old events pauses for minutes (as a topic that falls silent: there is no command to pause one): no tick is appended, nothing becomes late', async () => {
  const bench = new Bench();
  const worker = await startMortal(bench);
  bench.send({ at: -100 }, { at: -99 });
  await bench.settle(300_000);
  bench.send({ at: -98.5 }, { at: -98 });
  await bench.settle(120_000);
  expect(worker.events.some(({ event }) => event === 'ticked')).toBe(false);
  expect(worker.worker.status()[0]?.counters).toMatchObject({ applied: 4, late: 0, control: 0 });
});

test('(l) a retraction on one partition while another is silent: a complete cell never changes, neither while the silent one holds the watermark back nor when ticks move it', async () => {
  const bench = new Bench(2);
  const actorsOf = (partition: number): readonly string[] =>
    [...'abcdefghij'].filter((name) => partitionOf('murmur2', Buffer.from(name), 2) === partition);
  const send = (partition: number, event: string, hours: number, ordinal = 0): void => {
    bench.log.append(partition, recordOf({ event, at: hours, actor: actorsOf(partition)[ordinal] ?? '' }));
  };
  const worker = await startMortal(bench);
  const catalogue = createCatalogue([{ set: SET, lineage: lineageOf(worker) }]);
  const answerer = createAnswerer({
    lineages: () => [lineageOf(worker)],
    partitions: [0, 1],
    stores: { redis: bench.redis.reader, clickhouse: bench.clickhouse.reader },
    latenessMs: SETTINGS.latenessMs,
    clock: { nowMs: () => bench.clock.nowMs(), sleep: async () => undefined },
  });
  const complete = new Map<string, string>();
  const changed: string[] = [];
  const ask = async (): Promise<number> => {
    const range = { from: '2026-10-31T18+00:00', to: '2026-11-02T01+00:00' };
    for (const served of catalogue.metrics) {
      const { body } = await answerer.answer(served, range);
      for (const [path, figures] of completeIn(body, served.metric.id)) {
        if ((complete.get(path) ?? figures) !== figures) changed.push(`${path}: ${complete.get(path)} became ${figures}`);
        complete.set(path, figures);
      }
    }
    return complete.size;
  };
  // One is silent for a day of the other's events, in which a first moves back and a count comes late: nothing becomes complete.
  send(1, 'Join', -23.5);
  send(0, 'Join', -22.9);
  await bench.settle();
  const early = await ask();
  expect(early).toBeGreaterThan(0);
  for (const [event, hours] of [
    ['Click', -22.5],
    ['Join', -23.4],
    ['Click', -10],
    ['Click', -1],
    ['Click', -1.5],
  ] as const) {
    send(0, event, hours);
    await bench.settle(2_000);
    expect(await ask()).toBe(early);
  }
  // It wakes, and falls silent again until ticks move it; meanwhile the other takes a cohort back.
  send(1, 'Click', -0.5);
  for (const [event, hours] of [
    ['Join', 0.9],
    ['Join', -0.9],
  ] as const) {
    send(0, event, hours, 1);
    await bench.settle(2_000);
    expect(await ask()).toBeGreaterThan(early);
  }
  const awake = complete.size;
  for (let minutes = 0; minutes < 3; minutes++) {
    await bench.clock.advance(61_000);
    bench.log.deliver(10);
    await ask();
  }
  expect(complete.size).toBeGreaterThan(awake);
  expect(worker.events).toContainEqual(expect.objectContaining({ event: 'ticked', partition: 1 }));
  expect(changed).toEqual([]);
  expect(worker.halts()).toEqual([]);
});

/** Every figure that calls itself complete, by its path in the answer. */
function completeIn(body: AnswerBody, metric: string): readonly [string, string][] {
  const found: [string, string][] = [];
  const walk = (value: unknown, path: string): void => {
    if (typeof value !== 'object' || value === null) return;
    if ('complete' in value && value.complete === true) found.push([path, JSON.stringify(value)]);
    for (const [key, inner] of Object.entries(value)) walk(inner, `${path}/${key}`);
  };
  walk(body, metric);
  return found;
}
