// A worker over the long log: what it serves is the same whether it read the log, or the archive in the log's place.
import { expect, test } from 'vitest';
import { createLongLog, type WorkerOptions } from '../../src/index.ts';
import { Bench, type Running } from '../partition/bench.ts';
import { ArchivedLog } from './archived-log.ts';

const PEOPLE = ['ann', 'bob', 'eve'];

/** Forty events of three people over four hours. */
function send(bench: Bench, from: number, to: number): void {
  for (let index = from; index < to; index++) {
    bench.send({ event: index % 5 === 0 ? 'Join' : 'Click', actor: PEOPLE[index % 3] ?? '', id: `e${index}`, at: index / 10 });
  }
}

async function started(bench: Bench, archived: ArchivedLog, changes: Partial<WorkerOptions> = {}): Promise<Running> {
  const log = createLongLog({ log: bench.log.member(), archive: archived.memory.partitionArchive, epoch: 1, clock: bench.clock });
  const running = await bench.start({ log, ...changes });
  await bench.settle();
  return running;
}

/** All rows of both stores, and the heads. */
function served(bench: Bench, { worker }: Running) {
  const [lineage = ''] = worker.lineages;
  return [bench.redis, bench.clickhouse].map((store) => ({ rows: store.rowsOf(lineage, 0), closed: store.headOf(lineage, 0).closed }));
}

test('Redis and the first half of the log are lost: the same rows come back from the archive, and the log goes on', async () => {
  const reference = new Bench();
  send(reference, 0, 45);
  const expected = served(reference, await started(reference, new ArchivedLog({ log: reference.log })));

  const bench = new Bench();
  const archived = new ArchivedLog({ log: bench.log });
  send(bench, 0, 40);
  await archived.archive();
  await bench.stop(await started(bench, archived));
  bench.redis.wipe();
  bench.checkpoints.wipe();
  bench.log.deleteBefore(0, 20);
  const again = await started(bench, archived);
  send(bench, 40, 45);
  await bench.settle();
  expect(again.halts()).toEqual([]);
  expect(served(bench, again)).toEqual(expected);
});

test('a hole that neither has halts with the reason that a log alone has', async () => {
  const bench = new Bench();
  const archived = new ArchivedLog({ log: bench.log });
  send(bench, 0, 10);
  await archived.archive();
  send(bench, 10, 40);
  bench.log.deleteBefore(0, 20);
  expect((await started(bench, archived)).halts()).toEqual(['the log begins at 20, after position 0: what lies between is lost']);
});

test('an archive that is away while a partition loads is waited for, and nothing halts', async () => {
  const bench = new Bench();
  const archived = new ArchivedLog({ log: bench.log });
  send(bench, 0, 30);
  await archived.archive();
  bench.log.deleteBefore(0, 30);
  let away = true;
  archived.memory.intercept = () => (away ? 'lose' : 'apply');
  const running = await started(bench, archived);
  expect([running.halts(), running.worker.status()[0]?.next]).toEqual([[], 0]);
  away = false;
  await bench.settle();
  expect([running.halts(), running.worker.status()[0]?.next]).toEqual([[], 30]);
});
