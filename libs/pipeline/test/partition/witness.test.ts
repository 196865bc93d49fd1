// What people see of the fold: each record's outcome while somebody looks, a sample of a flood, and nothing at all while nobody does.
import type { OutcomeTrail, WitnessedRecord } from '@tidemark/pipeline';
import { MemoryOutcomeTrail } from '@tidemark/testing';
import { expect, test } from 'vitest';
import { Bench, type Running } from './bench.ts';
import { HOUR_MS, recordOf, START_MS } from './folded.ts';

async function watched(
  bench: Bench,
): Promise<{ running: Running; memory: MemoryOutcomeTrail; lineage: string; seen(): Promise<readonly WitnessedRecord[]> }> {
  const memory = new MemoryOutcomeTrail({ nowMs: () => bench.clock.nowMs() });
  const running = await bench.start({ trail: memory.trail });
  const [lineage = ''] = running.worker.lineages;
  const seen = async () => (await memory.trail.read(lineage, [0], { limit: 1_000 })).flatMap(({ records }) => records);
  return { running, memory, lineage, seen };
}

const want = (trail: OutcomeTrail, lineage: string, bench: Bench) => trail.want(lineage, { forMs: 60_000, nowMs: bench.clock.nowMs() });

test('nothing is kept while nobody looks; from a second after somebody does, each record with its outcome', async () => {
  const bench = new Bench();
  const { memory, lineage, seen, running } = await watched(bench);
  bench.send({ at: 0, id: 'before' });
  await bench.settle();
  expect(await seen()).toEqual([]);
  await want(memory.trail, lineage, bench);
  await bench.clock.advance(1_000);
  bench.send({ at: 0.5, id: 'one' }, { at: 0.5, id: 'one' }, { at: -24 * 8, id: 'old' });
  bench.log.append(0, { ...recordOf({ at: 9 }), timestampMs: START_MS });
  bench.log.append(0, { timestampMs: START_MS, key: Buffer.from('k'), value: Buffer.from('{"type":"nothing"}') });
  bench.log.append(0, { timestampMs: START_MS, key: null, value: null, control: true });
  await bench.settle(600);
  const records = await seen();
  expect(records.map(({ offset, outcome, reason }) => [offset, outcome, reason])).toEqual([
    [1, 'applied', ''],
    [2, 'duplicate', ''],
    [3, 'late', ''],
    [4, 'future', ''],
    [5, 'rejected', 'bad_type'],
    [6, 'control', ''],
  ]);
  expect(records[0]).toMatchObject({ partition: 0, epoch: 1, clockMs: START_MS + HOUR_MS / 2, parsed: { messageId: 'one' }, skipped: 0 });
  expect(records[4]).toMatchObject({ key: 'k', parsed: null, value: '{"type":"nothing"}', valueBytes: 18 });
  expect(running.halts()).toEqual([]);
});

test('it ends with the wish', async () => {
  const bench = new Bench();
  const { memory, lineage, seen } = await watched(bench);
  await want(memory.trail, lineage, bench);
  await bench.clock.advance(62_000);
  bench.send({ at: 0 });
  await bench.settle();
  expect(await seen()).toEqual([]);
});

test('of a flood a sample is kept, rare outcomes among it, and how many were left out', async () => {
  const bench = new Bench();
  const { memory, lineage, seen } = await watched(bench);
  await want(memory.trail, lineage, bench);
  await bench.clock.advance(1_000);
  for (let index = 0; index < 500; index++) bench.send({ at: 0.5, id: index === 250 ? 'm249' : `m${index}` });
  bench.log.deliver(400);
  bench.log.deliver(400);
  await bench.clock.advance(600);
  const records = await seen();
  expect(records.filter(({ outcome }) => outcome === 'applied').map(({ offset }) => offset)).toEqual(
    Array.from({ length: 16 }, (_, index) => 484 + index),
  );
  expect(records.filter(({ outcome }) => outcome === 'duplicate').map(({ offset }) => offset)).toEqual([250]);
  expect(records.reduce((sum, { skipped }) => sum + skipped, 0) + records.length).toBe(500);
});

test('long values are cut between characters', async () => {
  const bench = new Bench();
  const { memory, lineage, seen } = await watched(bench);
  await want(memory.trail, lineage, bench);
  await bench.clock.advance(1_000);
  const value = Buffer.from(`"${'\u{1f600}'.repeat(1_000)}"`);
  bench.log.append(0, { timestampMs: START_MS, key: Buffer.alloc(5_000, 0xff), value });
  await bench.settle(600);
  const [record] = await seen();
  expect([record?.value, record?.valueBytes, Buffer.byteLength(record?.key ?? '')]).toEqual([`"${'\u{1f600}'.repeat(499)}`, value.length, 6_000]);
});

test('a trail that does not answer changes nothing for the figures', async () => {
  const bench = new Bench();
  const { memory, lineage, running, seen } = await watched(bench);
  await want(memory.trail, lineage, bench);
  await bench.clock.advance(1_000);
  memory.intercept = () => 'lose';
  bench.send({ at: 0 }, { at: 0.1 });
  await bench.settle();
  expect(running.halts()).toEqual([]);
  expect(running.worker.status()).toEqual([expect.objectContaining({ next: 2 })]);
  memory.intercept = undefined;
  await bench.clock.advance(1_000);
  bench.send({ at: 0.2 });
  await bench.settle();
  expect((await seen()).map(({ offset }) => offset)).toEqual([2]);
});

test('what a worker folds again is there once', async () => {
  const bench = new Bench();
  const { memory, lineage, seen, running } = await watched(bench);
  await want(memory.trail, lineage, bench);
  await bench.clock.advance(1_000);
  bench.log.append(0, recordOf({ at: 0 }));
  await bench.settle(600);
  bench.checkpoints.wipe();
  await running.worker.stop();
  await bench.start({ trail: memory.trail });
  await bench.clock.advance(1_000);
  bench.send({ at: 0.1 });
  await bench.settle(600);
  expect((await seen()).map(({ offset }) => offset)).toEqual([0, 1]);
});
