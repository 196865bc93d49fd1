// The archiver as a process against real Kafka and ClickHouse: everything arrives, once, in an unbroken chain, whatever kills it.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { type ClickHouseConnection, connectClickHouse } from '@tidemark/clickhouse';
import { connectKafka, createLogWriter, type KafkaConnection } from '@tidemark/kafka';
import type { LogWriter } from '@tidemark/pipeline';
import { type AcquiredEngines, acquireEngines, uniqueName } from '@tidemark/testing/engines';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

const PARTITIONS = 4;
const namespace = uniqueName('arch');
const source = resolve(import.meta.dirname, '../src');
const children: ChildProcess[] = [];
let engines: AcquiredEngines;
let kafka: KafkaConnection;
let writer: LogWriter;
let clickhouse: ClickHouseConnection;
let written = 0;

beforeAll(async () => {
  engines = await acquireEngines(['kafka', 'clickhouse']);
  expect(await exitCode(launch('migrate.ts'))).toBe(0);
  kafka = await connectKafka({
    brokers: engines.addresses.kafkaBrokers.split(','),
    clientId: 'archiver-int-test',
    namespace,
    logger: { info: () => {}, warn: () => {}, error: () => {} },
  });
  writer = createLogWriter(kafka, { partitioner: 'murmur2' });
  clickhouse = await connectClickHouse({ url: engines.addresses.clickhouseUrl, database: namespace });
});

afterAll(async () => {
  for (const child of children) if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  await writer?.close();
  await kafka?.close();
  await clickhouse?.close();
  await engines?.release();
});

interface Running {
  readonly child: ChildProcess;
  readonly log: string[];
}

function launch(program: string, more: Readonly<Record<string, string>> = {}): Running {
  const env = {
    PATH: process.env['PATH'],
    TIDEMARK_KAFKA_BROKERS: engines.addresses.kafkaBrokers,
    TIDEMARK_CLICKHOUSE_URL: engines.addresses.clickhouseUrl,
    TIDEMARK_CLICKHOUSE_DATABASE: namespace,
    TIDEMARK_NAMESPACE: namespace,
    TIDEMARK_PARTITIONS: String(PARTITIONS),
    TIDEMARK_HTTP_PORT: '0',
    ...more,
  };
  const child = spawn(process.execPath, [resolve(source, program)], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  const log: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => log.push(line));
  children.push(child);
  return { child, log };
}

function exitCode({ child, log }: Running): Promise<number | null> {
  return new Promise((done) =>
    child.once('exit', (code) => {
      if (code !== 0 && code !== null) console.error(log.slice(-5).join('\n'));
      done(code);
    }),
  );
}

async function portOf({ log }: Running): Promise<number> {
  await until('the archiver is up', () => log.some((line) => line.includes('archiver is up')));
  return Number(/"port":(\d+)/.exec(log.find((line) => line.includes('archiver is up')) ?? '')?.[1]);
}

async function write(count: number): Promise<void> {
  for (let sent = 0; sent < count; sent += 5_000) {
    const size = Math.min(5_000, count - sent);
    await writer.append(Array.from({ length: size }, (_, index) => eventRecord(written + sent + index)));
  }
  written += count;
}

function eventRecord(number: number): { key: string; value: string } {
  const userId = `user-${number % 3_001}`;
  const properties = { plan: 'pro', seats: number % 9, note: 'x'.repeat(120) };
  return {
    key: userId,
    value: JSON.stringify({
      type: 'track',
      event: 'file_opened',
      userId,
      messageId: `message-${number}`,
      timestamp: '2026-03-01T10:00:00.000Z',
      properties,
    }),
  };
}

async function archived(): Promise<number> {
  const [[count] = []] = await clickhouse.select('SELECT count() FROM (SELECT DISTINCT partition, offset FROM events)');
  return Number(count);
}

async function until(what: string, condition: () => boolean | Promise<boolean>, timeoutMs = 60_000): Promise<number> {
  const startMs = performance.now();
  while (!(await condition())) {
    if (performance.now() - startMs > timeoutMs) throw new Error(`waited in vain until ${what}; ${children.length} processes were started`);
    await new Promise((done) => setTimeout(done, 50));
  }
  return performance.now() - startMs;
}

/** The chain of every partition reaches the log's end without a hole, and counts what it says. */
async function expectWholeChain(): Promise<void> {
  const ends = await kafka.admin.fetchTopicOffsets(kafka.topic);
  for (const { partition, high } of ends) {
    const chunks = await clickhouse.select(
      'SELECT from_offset, to_offset, max(count) FROM archive_chunks WHERE partition = {partition:UInt16} GROUP BY from_offset, to_offset ORDER BY from_offset, to_offset',
      { partition },
    );
    let end = 0;
    for (const [from, to] of chunks) {
      expect(Number(from)).toBeLessThanOrEqual(end);
      end = Math.max(end, Number(to));
    }
    expect(end).toBe(Number(high));
    expect(chunks.every(([from, to, count]) => Number(count) === Number(to) - Number(from))).toBe(true);
  }
}

describe('the archiver', () => {
  it('migrates twice without a sound', async () => {
    expect(await exitCode(launch('migrate.ts'))).toBe(0);
  });

  it('refuses another partition count, in a sentence', async () => {
    const running = launch('main.ts', { TIDEMARK_PARTITIONS: '5' });
    const code = await new Promise((done) => running.child.once('exit', done));
    expect(code).toBe(1);
    expect(running.log.join('\n')).toContain(`has ${PARTITIONS} partitions where 5 are configured`);
  });

  it('names a mistake in its environment and ends with code 3', async () => {
    const running = launch('main.ts', { TIDEMARK_CLICKHOUSE_URL: 'nowhere' });
    expect(await new Promise((done) => running.child.once('exit', done))).toBe(3);
    expect(running.log.join('\n')).toContain('TIDEMARK_CLICKHOUSE_URL="nowhere" is not valid');
  });

  // A test that fails leaves no member behind for the next one to share the group with.
  afterEach(async () => {
    for (const child of children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    }
  });

  it('archives what is in the log, and its tail within seconds, ready all the while', async () => {
    await write(20_000);
    await writer.appendTick(2);
    written += 1;
    const running = launch('main.ts');
    const port = await portOf(running);
    await until('20,001 records are archived', async () => (await archived()) >= written);
    const ready = await fetch(`http://127.0.0.1:${port}/readyz`);
    expect([ready.status, JSON.stringify(await ready.json())]).toEqual([200, expect.stringContaining('"4 partitions"')]);
    // The count moves when the insert is acknowledged, a moment after its rows can be read.
    const metrics = async (): Promise<string> => (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    await until('the metrics count them', async () => /tidemark_archive_records_total 2000\d/.test(await metrics()));
    await write(1);
    const tailMs = await until('the last record is archived', async () => (await archived()) >= written);
    expect(tailMs).toBeLessThan(4_000);
    running.child.kill('SIGTERM');
    expect(await exitCode(running)).toBe(0);
    await expectWholeChain();
  });

  it('keeps the tail that it holds when it is asked to stop', async () => {
    const running = launch('main.ts');
    await portOf(running);
    await until('it reads', () => running.log.filter((line) => line.includes('goes on at offset')).length >= PARTITIONS);
    await write(500);
    await new Promise((done) => setTimeout(done, 300));
    const startMs = performance.now();
    running.child.kill('SIGTERM');
    expect(await exitCode(running)).toBe(0);
    expect(performance.now() - startMs).toBeLessThan(10_000);
    await expectWholeChain();
  });

  it('survives kill −9 under load, and another member beside it', async () => {
    const first = launch('main.ts');
    await portOf(first);
    const writing = write(40_000);
    await until('some of it is archived', async () => (await archived()) > written + 5_000 - 40_000 || (await archived()) > 22_000);
    first.child.kill('SIGKILL');
    const second = launch('main.ts');
    const third = launch('main.ts');
    await writing;
    await until('everything is archived', async () => (await archived()) >= written);
    for (const running of [second, third]) {
      running.child.kill('SIGTERM');
      expect(await exitCode(running)).toBe(0);
    }
    await expectWholeChain();
    const [[rows, distinct, parsed] = []] = await clickhouse.select(
      "SELECT count(), uniqExact(message_id), countIf(reason = '' AND NOT control) FROM (SELECT DISTINCT partition, offset, message_id, reason, control FROM events)",
    );
    expect([Number(rows), Number(distinct), Number(parsed)]).toEqual([written, written, written - 1]);
  });
});
