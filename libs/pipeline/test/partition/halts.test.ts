// What stops a partition loudly: a log that is not the one that was folded, or that has lost what was not folded yet.
import type { Fate } from '@tidemark/testing';
import { expect, test } from 'vitest';
import { NO_VERSION, versionOf } from '../../src/index.ts';
import { Bench } from './bench.ts';
import { recordOf } from './folded.ts';

/** A worker has folded, published and saved a few records, and is gone. */
async function folded(count = 4): Promise<Bench> {
  const bench = new Bench();
  for (let index = 0; index < count; index++) bench.send({ at: index / 10 });
  const running = await bench.start();
  await bench.settle();
  await bench.stop(running);
  return bench;
}

test('a healthy restart halts nothing, reads the last folded record again, and folds it once', async () => {
  const bench = await folded();
  bench.send({ at: 0.5 });
  const { worker, halts, events } = await bench.start();
  await bench.settle();
  expect(halts()).toEqual([]);
  expect(events).toContainEqual(expect.objectContaining({ event: 'loaded', next: 4 }));
  expect(worker.status()[0]).toMatchObject({ next: 5, redis: versionOf(1, 5), clickhouse: versionOf(1, 5) });
  expect(worker.status()[0]?.counters).toMatchObject({ read: 5, applied: 5 });
});

test('the log begins after our position', async () => {
  const bench = await folded();
  bench.send({ at: 0.5 }, { at: 0.6 });
  bench.log.deleteBefore(0, 5);
  const { halts, worker } = await bench.start();
  await bench.settle();
  expect(halts()).toEqual([expect.stringMatching(/^the log begins at 5, after position 4/)]);
  expect(worker.status()[0]).toMatchObject({ next: 4, halted: expect.any(String) });
});

test('a log that begins at our position is read on, though nobody can tell whether it was rewritten', async () => {
  const bench = await folded();
  bench.send({ at: 0.5 });
  bench.log.deleteBefore(0, 4);
  const { halts, worker } = await bench.start();
  await bench.settle();
  expect(halts()).toEqual([]);
  expect(worker.status()[0]?.next).toBe(5);
});

test('our position lies beyond the end of the log', async () => {
  const bench = await folded();
  bench.log.truncate(0, 2);
  const { halts } = await bench.start();
  await bench.settle();
  expect(halts()).toEqual([expect.stringMatching(/^position 4 lies beyond the end of the log, 2/)]);
});

test('the head of a store lies beyond the end of the log', async () => {
  const bench = await folded();
  bench.checkpoints.wipe();
  bench.redis.wipe();
  bench.log.truncate(0, 2);
  const { halts } = await bench.start();
  await bench.settle();
  expect(halts()).toEqual(['clickhouse holds figures up to 4, beyond the end of the log, 2']);
});

test('a log that was cut and rewritten shows another record where the last folded one was', async () => {
  const bench = await folded();
  bench.log.truncate(0, 3);
  bench.send({ at: 0.9 }, { at: 0.9 });
  const { halts, worker } = await bench.start();
  await bench.settle();
  expect(halts()).toEqual([expect.stringMatching(/^the record at offset 3 is not the one that the state was folded with/)]);
  expect(worker.status()[0]?.next).toBe(4);
});

test('a log that was cut below a published head and rewritten halts before the head, not in a mixture', async () => {
  const bench = await folded();
  // Redis is lost; ClickHouse still holds the head that the old log gave.
  bench.checkpoints.wipe();
  bench.redis.wipe();
  bench.log.truncate(0, 2);
  bench.send({ at: 0.7 }, { at: 0.8 }, { at: 0.9 });
  const { halts, worker } = await bench.start();
  const lineage = worker.lineages[0] ?? '';
  const before = bench.clickhouse.rowsOf(lineage, 0);
  await bench.settle();
  expect(halts()).toEqual([expect.stringMatching(/^the record at offset 3 is not the one that clickhouse was folded with/)]);
  expect(bench.clickhouse.rowsOf(lineage, 0)).toEqual(before);
  expect(bench.clickhouse.headOf(lineage, 0)).toMatchObject({ closed: versionOf(1, 4), note: { halted: halts()[0] } });
});

test('a head that is seen only when its store comes back is compared as well', async () => {
  const bench = await folded();
  bench.checkpoints.wipe();
  bench.redis.wipe();
  bench.log.truncate(0, 2);
  bench.send({ at: 0.7 });
  bench.clickhouse.intercept = () => 'lose';
  const { halts, worker } = await bench.start();
  await bench.settle();
  expect(worker.status()[0]).toMatchObject({ next: 3, halted: null });
  bench.clickhouse.intercept = undefined;
  await bench.settle();
  bench.send({ at: 0.8 });
  await bench.settle();
  expect(halts()).toEqual([expect.stringMatching(/offset 3 is not the one that clickhouse/)]);
});

test('a head that is behind us when its store comes back is compared before anything is published on top of it', async () => {
  const bench = await folded();
  bench.checkpoints.wipe();
  bench.redis.wipe();
  bench.log.truncate(0, 2);
  // By now the rewritten log reaches beyond the head that the old one gave.
  bench.send({ at: 0.6 }, { at: 0.7 }, { at: 0.8 }, { at: 0.9 });
  bench.clickhouse.intercept = () => 'lose';
  const { halts, worker } = await bench.start();
  await bench.settle();
  expect(worker.status()[0]).toMatchObject({ next: 6, halted: null });
  const lineage = worker.lineages[0] ?? '';
  const before = bench.clickhouse.rowsOf(lineage, 0);
  bench.clickhouse.intercept = undefined;
  await bench.settle();
  expect(halts()).toEqual([expect.stringMatching(/^the record at offset 3 is not the one that clickhouse was folded with/)]);
  expect(bench.clickhouse.rowsOf(lineage, 0)).toEqual(before);
});

test('a head that is behind us and of the same log costs one more look at its record', async () => {
  const bench = await folded();
  bench.clickhouse.wipe();
  bench.send({ at: 0.5 });
  bench.clickhouse.intercept = () => 'lose';
  const first = await bench.start();
  await bench.settle();
  bench.clickhouse.intercept = undefined;
  await bench.settle();
  expect(first.halts()).toEqual([]);
  expect(first.worker.status()[0]).toMatchObject({ next: 5, redis: versionOf(1, 5), clickhouse: versionOf(1, 5) });
  first.member.crash(new Error('gone'));
  // The next one finds Redis behind its state, because it has rewound.
  const lineage = first.worker.lineages[0] ?? '';
  const rewound = bench.redis.snapshot();
  bench.send({ at: 0.6 });
  const second = await bench.start();
  await bench.settle(12_000);
  second.member.crash(new Error('gone'));
  bench.redis.restore(rewound);
  const third = await bench.start();
  await bench.settle();
  expect(third.halts()).toEqual([]);
  expect(bench.redis.headOf(lineage, 0).closed).toBe(versionOf(1, 6));
  expect(third.worker.status()[0]?.counters).toMatchObject({ read: 6, applied: 6 });
});

test('figures of another number of partitions halt, though no state is left that would say so', async () => {
  const bench = await folded();
  bench.checkpoints.wipe();
  bench.redis.wipe();
  bench.log.alter({ partitionCount: 2 });
  bench.log.grow(2);
  const { halts } = await bench.start();
  await bench.settle();
  expect(halts()[0]).toBe('the partition count of the log is 2, the figures in clickhouse are of 1');
});

test('figures of a topic that was deleted and created anew halt, though no state is left and the new log is long enough', async () => {
  const bench = await folded();
  bench.checkpoints.wipe();
  bench.redis.wipe();
  bench.log.recreate();
  for (let record = 0; record < 12; record++) bench.send({ at: record / 10 });
  const { halts } = await bench.start();
  await bench.settle();
  expect(halts()[0]).toMatch(/^the identity of the log is memory\/topic-2\/1, the figures in clickhouse are of memory\/topic\S*\/1$/);
});

test('a publish that never closed says which log it was folded from: of another one it halts', async () => {
  const bench = new Bench();
  const { worker } = await bench.start();
  const note = { clockMs: null, counters: {}, overflow: false, partitionCount: 1, publishedAtMs: 1, confirmedAtMs: 1, atEnd: false, fingerprint: '' };
  const part = {
    lineage: worker.lineages[0] ?? '',
    partition: 0,
    publishId: 'gone',
    index: 0,
    last: false,
    target: versionOf(1, 2),
    base: NO_VERSION,
  };
  const second = new Bench();
  await second.clickhouse.sink.write({ ...part, rows: [], note: { ...note, log: 'memory/another/1' } });
  second.send({ at: 0 }, { at: 0.1 }, { at: 0.2 });
  const { halts } = await second.start();
  await second.settle();
  expect(halts()).toEqual([expect.stringMatching(/^the identity of the log is .*, the figures in clickhouse are of memory\/another\/1$/)]);
});

test('a live worker whose log is cut and rewritten under it halts when the rewritten records reach its position', async () => {
  const bench = new Bench();
  bench.send({ at: 0 }, { at: 0.1 }, { at: 0.2 });
  const { halts, worker } = await bench.start();
  await bench.settle();
  bench.log.truncate(0, 1);
  bench.send({ at: 0.3 });
  await bench.settle();
  expect(worker.status()[0]?.next).toBe(3);
  bench.send({ at: 0.4 }, { at: 0.5 });
  await bench.settle();
  expect(halts()).toEqual([expect.stringMatching(/the log was rewritten/)]);
  expect(worker.status()[0]?.next).toBe(3);
});

test('a first batch that jumped forward: retention ran between the look at the log and the first fetch', async () => {
  const bench = await folded();
  bench.send({ at: 0.5 }, { at: 0.6 }, { at: 0.7 });
  const { halts, worker } = await bench.start();
  bench.log.deleteBefore(0, 6);
  await bench.settle();
  expect(halts()).toEqual([expect.stringMatching(/^the log jumped from position 4 to 6/)]);
  expect(worker.status()[0]?.next).toBe(4);
});

test('a live worker that the log jumps over halts', async () => {
  const bench = new Bench();
  bench.send({ at: 0 });
  const { halts } = await bench.start();
  await bench.settle();
  bench.send({ at: 0.1 }, { at: 0.2 });
  bench.log.deleteBefore(0, 2);
  await bench.settle();
  expect(halts()).toEqual([expect.stringMatching(/^the log jumped from position 1 to 2/)]);
});

test('another topic under the same name halts', async () => {
  const bench = await folded();
  bench.log.recreate();
  for (let index = 0; index < 6; index++) bench.send({ at: index / 10 });
  const { halts } = await bench.start();
  await bench.settle();
  expect(halts()).toEqual([expect.stringMatching(/^the topic of the log is topic-2, the state was folded with topic-1/)]);
});

test('a topic that is deleted and created anew under a live worker halts, though the new one has as many records', async () => {
  const bench = await folded();
  const { halts } = await bench.start();
  await bench.settle();
  bench.log.recreate();
  await bench.settle(12_000);
  expect(halts()).toEqual([expect.stringMatching(/^the log's topicId is now topic-2, the state was folded with topic-1/)]);
});

test('a halted partition folds, publishes and saves nothing more, and its halt is told once', async () => {
  const bench = await folded();
  bench.log.truncate(0, 3);
  bench.send({ at: 0.9 }, { at: 0.9 });
  const { halts, worker } = await bench.start();
  await bench.settle();
  const lineage = worker.lineages[0] ?? '';
  const stored = () => [bench.redis, bench.clickhouse].flatMap((store) => [store.rowsOf(lineage, 0), store.headOf(lineage, 0)?.closed]);
  const before = [...stored(), bench.checkpoints.snapshot()];
  bench.send({ at: 1 });
  await bench.settle(20_000);
  const stopping = worker.stop();
  await bench.clock.advance(100);
  await stopping;
  expect([...stored(), bench.checkpoints.snapshot()]).toEqual(before);
  expect(halts()).toHaveLength(1);
  // Every answer names the reason, because the heads do.
  for (const store of [bench.redis, bench.clickhouse]) expect(store.headOf(lineage, 0)?.note?.halted).toBe(halts()[0]);
});

test('a manifest that vanished while state is held: the store lost it, and gets a full base', async () => {
  const bench = new Bench();
  bench.send({ at: 0 }, { at: 0.1 });
  const { halts, worker } = await bench.start();
  await bench.settle();
  bench.redis.wipe();
  bench.checkpoints.wipe();
  await bench.settle(12_000);
  // Nothing new to save, but the head is idle and confirmed: the rows are back.
  expect(worker.status()[0]).toMatchObject({ redis: versionOf(1, 2) });
  bench.send({ at: 0.2 });
  await bench.settle(12_000);
  expect(halts()).toEqual([]);
  const manifest = bench.checkpoints.manifestOf(worker.lineages[0] ?? '', 0);
  expect(manifest).toMatchObject({ next: 3, segments: [expect.objectContaining({ kind: 'base' })] });
});

test('a record beyond the position of the log that a rival has read and published meanwhile is no reason to halt', async () => {
  const bench = await folded();
  // While the worker looks at manifest and heads, the log grows and a rival publishes.
  let grown = false;
  bench.clickhouse.intercept = async ({ method }): Promise<Fate> => {
    if (method === 'head' && !grown) {
      grown = true;
      bench.log.append(0, recordOf({ at: 0.5 }));
      const rival = await bench.start();
      await bench.settle(2_000);
      rival.member.crash(new Error('gone'));
    }
    return 'apply';
  };
  const first = bench.start();
  await bench.clock.advance(30_000);
  const { halts } = await first;
  await bench.settle();
  expect(grown).toBe(true);
  expect(halts()).toEqual([]);
});
