// A topic that continues another one: what is served is that of one log, however often the state, the stores or the process are lost in between.
import { describeEvent } from '@tidemark/codec';
import { memoryBatch } from '@tidemark/testing';
import { journalEntry } from '@tidemark/testing/contracts';
import { expect, test } from 'vitest';
import { archivedRecordOf } from '../../src/archive/archived-record.ts';
import { chunkHash } from '../../src/archive/chunk-hash.ts';
import {
  continuedIdentity,
  continueLog,
  createLongLog,
  createPlaces,
  epochText,
  type LogEpoch,
  logEpochs,
  logOfEpochs,
  logText,
} from '../../src/index.ts';
import { Bench, type Running } from '../partition/bench.ts';
import { ArchivedLog } from './archived-log.ts';

const PEOPLE = ['ann', 'bob', 'eve'];

function send(bench: Bench, from: number, to: number): void {
  for (let index = from; index < to; index++) {
    bench.send({ event: index % 5 === 0 ? 'Join' : 'Click', actor: PEOPLE[index % 3] ?? '', id: `e${index}`, at: index / 10 });
  }
}

async function started(bench: Bench, archived: ArchivedLog, epochs: readonly LogEpoch[]): Promise<Running> {
  const identity = continuedIdentity(bench.log.identity, epochs);
  const topic = continueLog(bench.log.member(), { identity: bench.log.identity, epochs });
  const log = createLongLog({ log: topic, archive: archived.memory.partitionArchive, epoch: 1, clock: bench.clock });
  const running = await bench.start({ log, identity });
  await bench.settle();
  return running;
}

async function stopped(bench: Bench, { worker, done }: Running): Promise<void> {
  const stopping = worker.stop();
  await bench.clock.advance(100);
  await stopping;
  await done;
}

function served(bench: Bench, { worker }: Running) {
  const [lineage = ''] = worker.lineages;
  return [bench.redis, bench.clickhouse].map((store) => ({ rows: store.rowsOf(lineage, 0), closed: store.headOf(lineage, 0).closed }));
}

/** The topic as it is now, archived behind what the archive has: as an archiver on the continued log does. */
async function archiveBehind({ memory, log }: ArchivedLog, at: number): Promise<void> {
  const records = log.records(0).map((record) => ({ ...record, offset: record.offset + at }));
  const batch = memoryBatch({ partition: 0, records, requestedOffset: at, highWatermark: at + records.length });
  const chunk = records.map((_, index) => archivedRecordOf(batch, index, { epoch: 1, describe: describeEvent }));
  await memory.archive.insert(chunk);
  await memory.archive.extendChain({ epoch: 1, partition: 0, from: at, to: at + chunk.length, count: chunk.length, hash: chunkHash(chunk) });
}

/** What an operator writes into the journal when the topic was created anew. */
function raised(bench: Bench, before: string, at: number): LogEpoch {
  return { log: logText(bench.log.identity), continues: before, from: [0], at: [at] };
}

/** Forty events of one topic, and twenty-five of two that continue it. */
async function threeTopics(lose: (bench: Bench) => void) {
  const bench = new Bench();
  const archived = new ArchivedLog({ log: bench.log });
  const epochs: LogEpoch[] = [];
  send(bench, 0, 40);
  await archived.archive();
  await stopped(bench, await started(bench, archived, epochs));
  for (const [from, to] of [
    [40, 55],
    [55, 65],
  ] as const) {
    lose(bench);
    const before = logText(bench.log.identity);
    bench.log.recreate();
    epochs.push(raised(bench, before, from));
    send(bench, from, to);
    const running = await started(bench, archived, epochs);
    expect(running.halts()).toEqual([]);
    await archiveBehind(archived, from);
    await stopped(bench, running);
  }
  lose(bench);
  return { bench, running: await started(bench, archived, epochs), archived, epochs };
}

test.each([
  ['nothing', () => undefined],
  ['the state', (bench: Bench) => bench.checkpoints.wipe()],
  [
    'Redis with the state',
    (bench: Bench) => {
      bench.checkpoints.wipe();
      bench.redis.wipe();
    },
  ],
  [
    'both stores',
    (bench: Bench) => {
      bench.checkpoints.wipe();
      bench.redis.wipe();
      bench.clickhouse.wipe();
    },
  ],
])('three topics, one after the other, are one log; lost before each start: %s', async (_what, lose) => {
  const reference = new Bench();
  send(reference, 0, 65);
  const expected = served(reference, await started(reference, new ArchivedLog({ log: reference.log }), []));
  const { bench, running } = await threeTopics(lose);
  expect(running.halts()).toEqual([]);
  expect(served(bench, running)).toEqual(expected);
  expect(bench.log.committed.get(0)).toBe(10);
});

test('who does not know of the epoch moves nothing, and says why', async () => {
  const { bench, running, archived, epochs } = await threeTopics(() => undefined);
  const before = served(bench, running);
  await stopped(bench, running);
  const old = await started(bench, archived, epochs.slice(0, -1));
  expect(old.halts()).toEqual(['the topic of the log is topic-3, the state was folded with topic-3.3']);
  expect(served(bench, old)).toEqual(before);
});

test('a state or figures beyond the end of the earlier topic are not continued', async () => {
  const bench = new Bench();
  const archived = new ArchivedLog({ log: bench.log });
  send(bench, 0, 40);
  await archived.archive();
  await stopped(bench, await started(bench, archived, []));
  const before = logText(bench.log.identity);
  bench.log.recreate();
  send(bench, 30, 60);
  const tooEarly = [raised(bench, before, 30)];
  const running = await started(bench, archived, tooEarly);
  expect(running.halts()).toEqual(['the topic of the log is topic-2.2, the state was folded with topic-1']);
  await stopped(bench, running);
  bench.checkpoints.wipe();
  expect((await started(bench, archived, tooEarly)).halts()).toEqual([
    'the identity of the log is memory/topic-2.2/1, the figures in redis are of memory/topic-1/1',
  ]);
});

test('an archive that ends before the earlier topic did leaves a hole, which halts', async () => {
  const bench = new Bench();
  const archived = new ArchivedLog({ log: bench.log });
  send(bench, 0, 20);
  await archived.archive();
  const before = logText(bench.log.identity);
  bench.log.recreate();
  send(bench, 30, 40);
  expect((await started(bench, archived, [raised(bench, before, 30)])).halts()).toEqual([
    'the log begins at 30, after position 0: what lies between is lost',
  ]);
});

test('positions follow the offsets that count, and never go below where the topic begins', () => {
  const { positionOf, offsetOf } = createPlaces({ from: [0, 7], at: [40, 0] });
  expect([positionOf(0, 0), positionOf(0, 5), positionOf(1, 7), positionOf(1, 3), positionOf(2, 4)]).toEqual([40, 45, 0, 0, 4]);
  expect([offsetOf(0, 45), offsetOf(0, 12), offsetOf(1, 0), offsetOf(2, 4)]).toEqual([5, 0, 7, 4]);
});

const epochEntry = (sequence: number, epoch: Partial<LogEpoch>) =>
  journalEntry(sequence, {
    ...{ kind: 'epoch', set: '', lineage: '', revision: '', files: [] },
    origin: epochText({ log: 'c/t2/1', continues: 'c/t1/1', from: [0], at: [40], ...epoch }),
  });

test('of two operators at once the first counts, and an epoch that would give positions twice has no effect', () => {
  const first = epochEntry(4, {});
  const next = epochEntry(6, { log: 'c/t3/1', continues: 'c/t2/1', at: [50] });
  const all = [
    next,
    epochEntry(5, { log: 'c/t2/1', at: [41] }),
    first,
    epochEntry(7, { log: 'c/t4/1', continues: 'c/t3/1', at: [49] }),
    journalEntry(1),
    first,
  ];
  expect(logEpochs(all).map(({ log, at }) => [log, ...at])).toEqual([
    ['c/t2/1', 40],
    ['c/t3/1', 50],
  ]);
  expect(logEpochs([journalEntry(1)])).toEqual([]);
  expect(logOfEpochs(logEpochs(all))).toBe('c/t3.3/1');
  const identity = { clusterId: 'c', topicId: 't3', partitionCount: 1, cleanupPolicy: 'delete', timestampType: 'LogAppendTime' };
  const continued = continuedIdentity(identity, logEpochs(all));
  expect(continued).toEqual({
    ...identity,
    topicId: 't3.3',
    earlier: [
      { log: 'c/t1/1', ends: [40] },
      { log: 'c/t2.2/1', ends: [50] },
    ],
  });
  expect(continuedIdentity(continued, logEpochs(all))).toEqual(continued);
});
