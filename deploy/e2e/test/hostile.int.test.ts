// Hostile records go through the whole path: each with its own outcome, each counted, each rejected one readable with its reason, and the good ones among them count.
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { createClickHouseArchiveReader } from '@tidemark/clickhouse';
import { type AcquiredEngines, acquireEngines, uniqueName } from '@tidemark/testing/engines';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { expectFiguresOf } from './comparisons.ts';
import { type Deployment, startDeployment } from './deployment.ts';
import { type HostileRecord, hostileRecords } from './hostile-records.ts';
import { Oracle, readSet } from './oracle.ts';
import { questionsOf } from './questions.ts';

const PARTITIONS = 5;
const SET_FILE = resolve(import.meta.dirname, 'hostile.yaml');
const RANGE = { fromMs: Date.UTC(2024, 4, 20), toMs: Date.UTC(2024, 5, 5) };

const oracle = new Oracle({ set: readSet(SET_FILE), partitions: PARTITIONS });
let engines: AcquiredEngines;
let deployment: Deployment;
let sent: readonly Sent[];

interface Sent extends HostileRecord {
  readonly to: number;
  readonly offset: number;
}

/** The first of `name-0`, `name-1` … that belongs there. */
function keyIn(partition: number, name: string): string {
  for (let number = 0; ; number++) if (oracle.partitionOf(Buffer.from(`${name}-${number}`)) === partition) return `${name}-${number}`;
}

/** Null keys go to partition 0. One request per MiB, in order. */
async function send(records: readonly HostileRecord[]): Promise<Sent[]> {
  const next = Array.from({ length: PARTITIONS }, () => 0);
  const placed = records.map((record): Sent => {
    const to = record.partition ?? (record.key === null ? 0 : oracle.partitionOf(record.key));
    const offset = next[to] ?? 0;
    next[to] = offset + 1;
    return { ...record, to, offset };
  });
  const producer = deployment.kafka.kafka.producer({
    createPartitioner:
      () =>
      ({ message }) =>
        message.partition ?? 0,
  });
  await producer.connect();
  let batch: Sent[] = [];
  const flush = async (): Promise<void> => {
    await producer.send({ topic: deployment.kafka.topic, messages: batch.map(({ key, value, to }) => ({ key, value, partition: to })) });
    batch = [];
  };
  for (const record of placed) {
    batch.push(record);
    if (batch.reduce((sum, { value }) => sum + (value?.length ?? 0), 0) > 1_000_000) await flush();
  }
  await flush();
  await producer.disconnect();
  return placed;
}

function countBy(list: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const each of list) counts[each] = (counts[each] ?? 0) + 1;
  return counts;
}

beforeAll(async () => {
  engines = await acquireEngines(['kafka', 'redis', 'clickhouse']);
  const namespace = uniqueName('hostile');
  deployment = await startDeployment({
    engines: engines.addresses,
    namespace,
    metrics: [SET_FILE],
    partitions: PARTITIONS,
    workers: 1,
    archivers: 1,
  });
  sent = await send(hostileRecords(PARTITIONS, keyIn, Date.now()));
  await deployment.untilCaughtUp([questionsOf(oracle.set, RANGE)[0]?.path ?? ''], 60_000);
  await deployment.untilArchived(60_000);
});

afterEach((context) => {
  if (context.task.result?.state === 'fail') console.error(deployment.logTails());
});

afterAll(async () => {
  await deployment?.stopAll();
  await engines?.release();
});

describe('hostile records', () => {
  it('have the outcome that the contract gives each of them', () => {
    const outcomes = sent.map(({ what, key, value, to }) => `${what}: ${oracle.fold({ partition: to, key, value, recordMs: Date.now() })}`);
    expect(outcomes).toEqual(sent.map(({ what, outcome }) => `${what}: ${outcome}`));
  });

  it('are all accounted for by the worker, and no partition halts', async () => {
    const partitions = await deployment.partitions();
    expect(partitions.map(({ halted }) => halted)).toEqual(Array.from({ length: PARTITIONS }, () => null));
    const counters = ['read', 'control', 'rejected', 'misrouted', 'future', 'late', 'duplicate', 'applied'].map((name) => [
      name,
      partitions.reduce((sum, each) => sum + (each.counters[name] ?? 0), 0),
    ]);
    const expected = countBy(sent.map(({ outcome }) => outcome));
    expect(Object.fromEntries(counters)).toEqual({ read: sent.length, control: 0, ...expected });
    const metrics = await (await fetch(`${deployment.workers[0]?.address}/metrics`)).text();
    const told = [...metrics.matchAll(/rejected_records_total\{reason="(\w+)"[^}]*\} (\d+)/g)].map(([, reason, count]) => [reason, Number(count)]);
    expect(Object.fromEntries(told)).toEqual(countBy(sent.filter(({ reason }) => reason !== '').map(({ reason }) => reason)));
  });

  it('stand in rejected_events, each with its reason', async () => {
    const rows = await deployment.clickhouse.select('SELECT partition, offset, reason FROM rejected_events ORDER BY partition, offset');
    const expected = sent.filter(({ reason }) => reason !== '').map(({ to, offset, reason }) => [to, offset, reason]);
    expect(rows.map(([partition, offset, reason]) => [Number(partition), Number(offset), reason])).toEqual(
      expected.sort(([a = 0, b = 0], [c = 0, d = 0]) => Number(a) - Number(c) || Number(b) - Number(d)),
    );
  });

  it('are archived byte for byte, each once', async () => {
    const reader = createClickHouseArchiveReader(deployment.clickhouse);
    const digest = (key: Buffer | null, value: Buffer | null): string =>
      createHash('sha256')
        .update(JSON.stringify([key?.toString('hex'), value === null]))
        .update(value ?? '')
        .digest('hex');
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const mine = sent.filter(({ to }) => to === partition);
      const [[epoch] = []] = await deployment.clickhouse.select('SELECT max(epoch) FROM events');
      const records = await reader.records({ epoch: Number(epoch), partition, from: 0, to: mine.length + 10, limit: mine.length + 10 });
      expect(records.map(({ offset, key, value }) => [offset, digest(key, value)])).toEqual(
        mine.map(({ offset, key, value }) => [offset, digest(key, value)]),
      );
    }
  });

  it('leave the good ones among them counted: from Redis and from ClickHouse, as an undisturbed fold does', async () => {
    expect(await expectFiguresOf(deployment, oracle, RANGE)).toBeGreaterThan(8);
  });

  it('give these figures by hand', async () => {
    const ofRange = sent.filter(({ outcome, value, what }) => outcome === 'applied' && value?.includes('"event":"Good"') && !/year 1/.test(what));
    const good = await deployment.ask('/v1/kpis/good?from=2024-05-20T00%2B00:00&to=2024-06-05T00%2B00:00');
    expect(good).toMatchObject({ total: ofRange.length, notes: { late: 4, capped: 1 } });
    expect(await deployment.ask('/v1/kpis/good?from=2024-05-20T00%2B00:00&to=2024-06-05T00%2B00:00&slice=colour')).toMatchObject({
      notes: { overflow: true },
    });
    expect(await deployment.ask('/v1/kpis/amounts?from=2024-05-20&to=2024-06-05')).toMatchObject({ notes: { unreadable: 3 } });
  });
});
