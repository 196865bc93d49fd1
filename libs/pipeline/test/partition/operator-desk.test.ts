// What operators ask of a worker: a halted lineage starts again once its cause is gone, and rows that ClickHouse lost are written again.
import { MemoryOperatorRequests } from '@tidemark/testing';
import { expect, test } from 'vitest';
import { versionOf } from '../../src/index.ts';
import { Bench } from './bench.ts';
import { OTHER_SET, SET } from './folded.ts';

/** A worker at the end of a log of two records, and a way to ask it. */
async function asked(changes: Parameters<Bench['start']>[0] = {}) {
  const bench = new Bench();
  const { requests } = new MemoryOperatorRequests();
  bench.send({ at: 0 }, { event: 'Join', at: 0.1 });
  const running = await bench.start({ requests, ...changes });
  await bench.settle();
  let ids = 0;
  const ask = async (act: 'resume' | 'republish', lineage = running.worker.lineages[0] ?? '', partition = 0) => {
    const id = `ask-${++ids}`;
    await requests.ask({ id, act, lineage, partition });
    await bench.clock.advance(3_000);
    const { outcome, detail } = (await requests.answerTo(id)) ?? {};
    return { outcome, detail, pending: (await requests.pending()).length };
  };
  return { bench, ask, ...running };
}

test('a partition that halted over a re-created topic goes on once the old topic is back, and counts each record once', async () => {
  const { bench, ask, worker, halts } = await asked();
  const { topicId } = bench.log.identity;
  bench.log.alter({ topicId: 'another' });
  await bench.clock.advance(12_000);
  expect(halts()).toEqual([expect.stringMatching(/^the log's topicId is now another/)]);
  bench.send({ at: 0.2 });
  await bench.settle();
  expect(await ask('resume')).toEqual({
    outcome: 'refused',
    detail: expect.stringMatching(/^it halted again: the topic of the log is another, the state was folded with topic-1/),
    pending: 0,
  });
  bench.log.alter({ topicId });
  expect(await ask('resume')).toEqual({ outcome: 'done', detail: 'it goes on at position 2', pending: 0 });
  await bench.settle();
  expect(worker.status()).toEqual([expect.objectContaining({ next: 3, halted: null, redis: versionOf(1, 3), clickhouse: versionOf(1, 3) })]);
  expect(worker.status()[0]?.counters).toMatchObject({ read: 3, applied: 3 });
  const [lineage = ''] = worker.lineages;
  expect(bench.redis.headOf(lineage, 0).note?.halted).toBeUndefined();
});

test('one lineage starts again while the other folds on: what the other has read is not counted twice', async () => {
  let isBroken = true;
  const breaking = { ...SET, name: 'breaking', revision: '3'.repeat(16) };
  const { bench, ask, worker, halts } = await asked({ sets: [OTHER_SET, breaking] });
  const [other = '', broken = ''] = worker.lineages;
  bench.checkpoints.intercept = ({ lineage, method }) => {
    if (isBroken && lineage === broken && method === 'replaceManifest') throw new Error('Redis at here: WRONGTYPE');
    return 'apply';
  };
  bench.send({ at: 0.2 });
  await bench.settle();
  expect(halts()).toEqual(['Redis at here: WRONGTYPE']);
  bench.send({ at: 0.3 }, { event: 'Join', actor: 'bob', at: 0.4 });
  await bench.settle();
  expect(worker.status().map(({ lineage, next, halted }) => [lineage, next, halted !== null])).toEqual([
    [other, 5, false],
    [broken, 3, true],
  ]);
  isBroken = false;
  expect(await ask('resume', broken)).toMatchObject({ outcome: 'done', detail: 'it goes on at position 2' });
  await bench.settle();
  expect(worker.status().map(({ next, counters, halted }) => [next, counters['applied'], halted])).toEqual([
    [5, 5, null],
    [5, 5, null],
  ]);
});

test('nobody starts again on a topic that was just re-created while another lineage still takes it for the one before', async () => {
  const breaking = { ...SET, name: 'breaking', revision: '3'.repeat(16) };
  const { bench, ask, worker, halts } = await asked({ sets: [OTHER_SET, breaking] });
  const broken = worker.lineages[1] ?? '';
  bench.checkpoints.intercept = ({ lineage, method }) => {
    if (lineage === broken && method === 'replaceManifest') throw new Error('Redis at here: WRONGTYPE');
    return 'apply';
  };
  bench.send({ at: 0.2 });
  await bench.settle();
  bench.checkpoints.intercept = undefined;
  bench.log.alter({ topicId: 'another' });
  const answers = [await ask('resume', broken)];
  for (let tries = 0; tries < 6; tries++) answers.push(await ask('resume', broken));
  expect(answers[0]).toMatchObject({
    outcome: 'refused',
    detail: expect.stringMatching(/^the topic was re-created or changed, and what is still folded/),
  });
  expect(answers.at(-1)).toMatchObject({ outcome: 'refused', detail: expect.stringMatching(/^it halted again: the topic of the log is another/) });
  expect(halts().filter((reason) => reason.startsWith("the log's topicId is now another"))).toHaveLength(1);
});

test('a partition that halted when it was assigned, and was never read from, is read once it may be', async () => {
  const first = await asked();
  const stopping = first.worker.stop();
  await first.bench.clock.advance(100);
  await stopping;
  const { bench } = first;
  const { topicId } = bench.log.identity;
  bench.log.alter({ topicId: 'another' });
  bench.send({ at: 0.2 });
  const { requests } = new MemoryOperatorRequests();
  const { worker, halts } = await bench.start({ requests });
  await bench.settle();
  expect(halts()).toEqual([expect.stringMatching(/^the topic of the log is another/)]);
  expect(worker.status()).toMatchObject([{ next: null, halted: expect.any(String) }]);
  bench.log.alter({ topicId });
  await requests.ask({ id: 'again', act: 'resume', lineage: worker.lineages[0] ?? '', partition: 0 });
  await bench.settle();
  expect(await requests.answerTo('again')).toMatchObject({ outcome: 'done', detail: 'it goes on at position 2', by: expect.stringMatching(/^w/) });
  expect(worker.status()).toMatchObject([{ next: 3, halted: null, redis: versionOf(1, 3), clickhouse: versionOf(1, 3) }]);
});

test('what is not halted is not started again, and what nobody holds stays unanswered', async () => {
  const { ask } = await asked();
  expect(await ask('resume')).toEqual({ outcome: 'refused', detail: 'it is not halted', pending: 0 });
  expect(await ask('resume', 'f'.repeat(16))).toEqual({ outcome: undefined, detail: undefined, pending: 1 });
  expect(await ask('republish', undefined, 7)).toMatchObject({ outcome: undefined, pending: 2 });
});

test('a topic that has other partitions now is no cause that a worker can live with', async () => {
  const { bench, ask } = await asked();
  bench.log.grow(2);
  await bench.clock.advance(12_000);
  expect(await ask('resume')).toMatchObject({ outcome: 'refused', detail: 'the topic has 2 partitions, before 1' });
});

test('rows that were deleted or changed in ClickHouse come back as they were, while the head stays where it is', async () => {
  const { bench, ask, worker } = await asked();
  const [lineage = ''] = worker.lineages;
  const sorted = () => bench.clickhouse.rowsOf(lineage, 0).toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  const before = sorted();
  let rows = 0;
  bench.clickhouse.tamper(lineage, 0, (row) => (++rows % 2 === 0 ? null : row));
  expect(sorted().length).toBeLessThan(before.length);
  expect(await ask('republish')).toEqual({
    outcome: 'done',
    detail: 'all rows up to position 2 were written to clickhouse again',
    pending: 0,
  });
  expect(sorted()).toEqual(before);
  bench.send({ at: 0.3 });
  await bench.settle();
  expect(worker.status()[0]).toMatchObject({ next: 3, halted: null, clickhouse: versionOf(1, 3), redis: versionOf(1, 3) });
});
