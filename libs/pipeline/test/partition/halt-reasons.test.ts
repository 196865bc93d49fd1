// Each reason to halt is produced here by what causes it, and has its line in the runbook.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describeEvent } from '@tidemark/codec';
import { MemoryArchive } from '@tidemark/testing';
import { afterAll, expect, test } from 'vitest';
import { createArchiveWriter, createLongLog, HALT_REASONS, type HaltCode, haltCodeOf, intakeOfRecords, StoreUnavailable } from '../../src/index.ts';
import { ArchivedLog } from '../past/archived-log.ts';
import { Bench, type Running } from './bench.ts';
import { OTHER_SET, SET } from './folded.ts';

const produced = new Set<HaltCode>();

/** The reasons told since the start, each by its code. */
function codes({ halts }: Pick<Running, 'halts'>): HaltCode[] {
  const found = [...new Set(halts().map(haltCodeOf))];
  for (const code of found) produced.add(code);
  return found;
}

async function folded(count = 4): Promise<Bench> {
  const bench = new Bench();
  for (let index = 0; index < count; index++) bench.send({ at: index / 10 });
  await stopped(bench);
  return bench;
}

async function stopped(bench: Bench): Promise<void> {
  const { worker, done } = await bench.start();
  await bench.settle();
  const stopping = worker.stop();
  await bench.clock.advance(100);
  await stopping;
  await done;
}

/** What a worker says that starts on the bench. */
async function started(bench: Bench, changes: Parameters<Bench['start']>[0] = {}): Promise<HaltCode[]> {
  const running = await bench.start(changes);
  await bench.settle();
  return codes(running);
}

test('a log that lost records: below our position, between two fetches, or at its end', async () => {
  const lost = await folded();
  lost.send({ at: 0.5 }, { at: 0.6 });
  lost.log.deleteBefore(0, 5);
  expect(await started(lost)).toEqual(['log_lost']);

  const jumped = await folded();
  jumped.send({ at: 0.5 }, { at: 0.6 }, { at: 0.7 });
  const running = await jumped.start();
  jumped.log.deleteBefore(0, 6);
  await jumped.settle();
  expect(codes(running)).toEqual(['log_jumped']);

  const shorter = await folded();
  shorter.log.truncate(0, 2);
  expect(await started(shorter)).toEqual(['log_shorter']);

  const ahead = await folded();
  ahead.checkpoints.wipe();
  ahead.redis.wipe();
  ahead.log.truncate(0, 2);
  expect(await started(ahead)).toEqual(['store_ahead']);
});

test('a log that lost records which the archive has lost as well', async () => {
  const bench = await folded();
  const archived = new ArchivedLog({ log: bench.log });
  await archived.archive();
  for (const store of [bench.checkpoints, bench.redis, bench.clickhouse]) store.wipe();
  bench.log.deleteBefore(0, 4);
  archived.memory.lose(1, 0, 1);
  const { log, clock } = bench;
  expect(await started(bench, { log: createLongLog({ log: log.member(), archive: archived.memory.partitionArchive, epoch: 1, clock }) })).toEqual([
    'archive_broken',
  ]);
});

test('a past that only a rebuild can fold, and whose state is in no store', async () => {
  const bench = await folded();
  expect(await started(bench, { origin: 'archive:1:3' })).toEqual(['past_lost']);
});

test('a log that is another one: rewritten, replaced under us, of other constants, without our partition', async () => {
  const rewritten = await folded();
  rewritten.log.truncate(0, 3);
  rewritten.send({ at: 0.9 }, { at: 0.9 });
  expect(await started(rewritten)).toEqual(['log_rewritten']);

  const replaced = await folded();
  const running = await replaced.start();
  await replaced.settle();
  replaced.log.recreate();
  await replaced.settle(12_000);
  expect(codes(running)).toEqual(['log_replaced']);

  const bench = await folded();
  expect(await started(bench, { partitioner: 'crc32' })).toEqual(['constant_differs']);

  const gone = await folded();
  const member = gone.log.member();
  member.bounds = async () => new Map();
  const without = await gone.start({ log: member });
  await gone.settle();
  expect(codes(without)).toEqual(['no_partition']);
});

test('a state that cannot be read: of a newer format, or broken', async () => {
  const newer = await folded();
  const { store } = newer.checkpoints;
  const future = { ...store, manifest: async (...of: Parameters<typeof store.manifest>) => changed(await store.manifest(...of), { format: 99 }) };
  const stores = { redis: newer.redis.sink, clickhouse: newer.clickhouse.sink };
  expect(await started(newer, { stores: { ...stores, checkpoints: future } })).toEqual(['newer_format']);

  const broken = await folded();
  const rotten = { ...broken.checkpoints.store, segment: async () => new Uint8Array([1, 2, 3]) };
  expect(await started(broken, { stores: { redis: broken.redis.sink, clickhouse: broken.clickhouse.sink, checkpoints: rotten } })).toEqual([
    'state_unreadable',
  ]);
});

function changed<T extends object>(value: T | null, change: Partial<T>): T | null {
  return value === null ? null : { ...value, ...change };
}

test('a fold that throws suspends its lineage alone', async () => {
  const bench = new Bench();
  const running = await bench.start({ sets: [SET, OTHER_SET] });
  const [first] = running.worker.holdings();
  if (first === undefined) throw new Error('nothing is held');
  first.memory.fold.apply = () => {
    throw new Error('planted');
  };
  bench.send({ at: 0.1 });
  await bench.settle();
  expect(codes(running)).toEqual(['fold_failed']);
  expect(running.worker.status().map(({ halted }) => halted === null)).toEqual([false, true]);
});

test('invariants that do not hold stop the publish: a lost record, a cohort smaller than its cells', async () => {
  const lost = new Bench();
  lost.send({ at: 0.1 });
  const losing = await lost.start();
  await lost.settle();
  const [held] = losing.worker.holdings();
  if (held === undefined) throw new Error('nothing is held');
  held.memory.fold.state.counters.read++;
  lost.send({ at: 0.2 });
  await lost.settle();
  expect(codes(losing)).toEqual(['conservation_broken']);

  const bench = new Bench();
  bench.send({ event: 'Join', at: 0.1 });
  const running = await bench.start();
  await bench.settle();
  const [cohort] = running.worker.holdings();
  if (cohort === undefined) throw new Error('nothing is held');
  const { changes } = cohort.memory.fold.state;
  bench.send({ event: 'Join', actor: 'bob', at: 0.2 });
  for (const { row, table, cells } of changes.all()) {
    const start = changes.startOf(row);
    if (table.shape.metric === 'joined') changes.cells.fill(9, start + 1, start + cells.length);
  }
  await bench.settle();
  expect(codes(running)).toEqual(['invariant_broken']);
});

test('a store that refuses for good halts, one that is away does not, and what nobody foresaw is told as it is', async () => {
  for (const [error, expected] of [
    [new Error('Redis at 127.0.0.1:6379/0: NOPERM this user has no permissions'), ['store_refused']],
    [new StoreUnavailable('redis', 'Redis at 127.0.0.1:6379/0: Connection is closed.'), []],
    [new RangeError('a slice value of slice:city of clicks holds half a surrogate pair'), ['unexpected']],
  ] as const) {
    const bench = new Bench();
    bench.send({ at: 0.1 });
    bench.redis.intercept = ({ method }) => {
      if (method === 'write') throw error;
      return 'apply';
    };
    expect(await started(bench)).toEqual(expected);
  }
});

test('the archiver: a log that lost what was not archived, or ends before the archive, or has no such partition', async () => {
  const told = async (to: number | null, bounds: { low: number; high: number } | null): Promise<string[]> => {
    const reasons: string[] = [];
    const memory = new MemoryArchive();
    if (to !== null) await memory.archive.extendChain({ epoch: 1, partition: 0, from: 0, to, count: 0, hash: '' });
    const writer = createArchiveWriter({
      archive: intakeOfRecords(memory.archive, describeEvent),
      log: { bounds: async () => new Map(bounds === null ? [] : [[0, bounds]]), control: () => undefined },
      epoch: 1,
      clock: { monotonicMs: () => 0, sleep: async () => undefined },
      onNote: (note) => {
        if (note.note === 'halted') reasons.push(note.reason);
      },
    });
    await writer.handler.assigned(0);
    return codes({ halts: () => reasons });
  };
  expect(await told(3, { low: 5, high: 9 })).toEqual(['log_lost_unarchived']);
  expect(await told(30, { low: 5, high: 9 })).toEqual(['archive_ahead']);
  expect(await told(null, null)).toEqual(['no_partition']);
  expect(await told(null, { low: 5, high: 9 })).toEqual([]);
});

test('the topic that the archiver reads was replaced: services/archiver/src/topic-watch.ts', () => {
  const source = readFileSync(resolve(import.meta.dirname, '../../../../services/archiver/src/topic-watch.ts'), 'utf8');
  const sentences = [...source.matchAll(/return `([^`]+)`/g)].map(([, text = '']) => text.replaceAll(/\$\{[^}]+\}/g, '7'));
  expect(sentences).toHaveLength(3);
  expect(codes({ halts: () => sentences })).toEqual(['topic_replaced']);
});

test('each reason has its line in the runbook, with the sentence as it is told, what to check and what to do', () => {
  const runbook = readFileSync(resolve(import.meta.dirname, '../../../../deploy/runbook.md'), 'utf8');
  const section = runbook.slice(runbook.indexOf('## A halted partition'), runbook.indexOf('## A dependency is away'));
  const rows = section.split('\n').filter((line) => line.startsWith('| `'));
  const named = rows.map((row) => /^\| `(\w+)`/.exec(row)?.[1]);
  expect(named).toEqual(HALT_REASONS.map(({ code }) => code));
  for (const { code, shown } of HALT_REASONS) {
    const cells = (rows[named.indexOf(code)] ?? '').split('|').map((cell) => cell.trim());
    expect([code, cells[2]]).toEqual([code, expect.stringContaining(shown)]);
    for (const cell of cells.slice(3, 6)) expect([code, cell.length > 5]).toEqual([code, true]);
  }
});

afterAll(() => {
  expect(HALT_REASONS.map(({ code }) => code).filter((code) => !produced.has(code))).toEqual([]);
});
