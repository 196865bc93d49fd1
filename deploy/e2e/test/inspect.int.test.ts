// What became of each record is seen in a running deployment while somebody looks, and the archive explains the actor: by the service, its stream, and the command line.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { partitionOf } from '@tidemark/codec';
import { createLogWriter } from '@tidemark/kafka';
import type { LogWriter } from '@tidemark/pipeline';
import { type AcquiredEngines, acquireEngines, uniqueName } from '@tidemark/testing/engines';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Deployment, startDeployment } from './deployment.ts';

const PARTITIONS = 4;
const folder = mkdtempSync(join(tmpdir(), 'tidemark-inspect-'));
const SET =
  'name: shop\nmetrics:\n  - { id: orders, kind: kpi, measure: { count: Ordered } }\n  - { id: back, kind: retention, start: Ordered, return: Ordered, columns: 2 }\n';
let engines: AcquiredEngines;
let deployment: Deployment;
let writer: LogWriter;
let strangeWriter: LogWriter;

beforeAll(async () => {
  const metrics = join(folder, 'shop.yaml');
  writeFileSync(metrics, SET);
  engines = await acquireEngines(['kafka', 'redis', 'clickhouse']);
  deployment = await startDeployment({
    engines: engines.addresses,
    namespace: uniqueName('inspect'),
    metrics: [metrics],
    partitions: PARTITIONS,
    workers: 1,
    archivers: 1,
  });
  writer = createLogWriter(deployment.kafka, { partitioner: 'murmur2' });
  strangeWriter = createLogWriter(deployment.kafka, { partitioner: 'crc32' });
});
afterAll(async () => {
  await Promise.all([writer?.close(), strangeWriter?.close()]);
  await deployment?.stopAll();
  await engines?.release();
  rmSync(folder, { recursive: true });
});

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

function ordered(messageId: string, ageMs: number, userId = 'ann') {
  const timestamp = new Date(Date.now() - ageMs).toISOString();
  return { key: userId, value: JSON.stringify({ type: 'track', event: 'Ordered', userId, messageId, timestamp }) };
}

async function json(path: string): Promise<Record<string, unknown>> {
  const response = await fetch(`${deployment.addresses.both}${path}`);
  return JSON.parse(await response.text());
}

async function eventually(check: () => Promise<void>): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await check();
    } catch (error) {
      if (attempt >= 75) throw error;
      await sleep(200);
    }
  }
}

/** Reads the stream into a list until told to stop. */
function watch(path: string): { readonly seen: string[]; stop(): Promise<void> } {
  const stopping = new AbortController();
  const seen: string[] = [];
  const reading = (async () => {
    const { body } = await fetch(`${deployment.addresses.both}${path}`, { signal: stopping.signal });
    let text = '';
    for await (const chunk of body ?? []) {
      text += Buffer.from(chunk).toString();
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) {
        const [, data] = /^event: event\ndata: (.*)$/s.exec(block) ?? [];
        if (data !== undefined) seen.push(JSON.parse(data).outcome);
      }
    }
  })().catch(() => undefined);
  return {
    seen,
    stop: async () => {
      stopping.abort();
      await reading;
    },
  };
}

it('each record is seen with its outcome while somebody looks, and the actor is explained from the archive', { timeout: 90_000 }, async () => {
  // Nobody looks yet.
  await writer.append([ordered('unseen', MINUTE_MS)]);
  await eventually(async () => expect((await json('/v1/kpis/orders'))['total']).toBe(1));
  expect(await json('/v1/events')).toMatchObject({ set: 'shop', events: [] });
  const stream = watch('/v1/events/live?actor=ann');
  await sleep(1_500);

  const strayed = Array.from({ length: 100 }, (_, index) => `stray${index}`).find((name) => {
    const key = Buffer.from(name);
    return partitionOf('murmur2', key, PARTITIONS) !== partitionOf('crc32', key, PARTITIONS);
  });
  await writer.append([
    ordered('one', 0),
    ordered('one', 0),
    ordered('old', 9 * DAY_MS),
    ordered('ahead', -120 * MINUTE_MS),
    { key: 'ann', value: 'no JSON' },
  ]);
  await strangeWriter.append([ordered('strayed', 0, strayed)]);
  await eventually(async () => {
    const { events } = await json('/v1/events');
    const outcomes = Array.isArray(events) ? events.map(({ outcome, reason }) => `${outcome} ${reason}`).sort() : [];
    expect(outcomes).toEqual(['applied ', 'duplicate ', 'future ', 'late ', 'misrouted ', 'rejected broken_json']);
  });
  await eventually(async () => expect(stream.seen.toSorted()).toEqual(['applied', 'duplicate', 'future', 'late', 'rejected']));
  await stream.stop();
  const { events: late } = await json('/v1/events?outcome=late');
  expect(late).toMatchObject([
    { actor: 'ann', name: 'Ordered', messageId: 'old', words: expect.stringMatching(/behind the partition's clock: at most 7 d counts$/) },
  ]);

  await eventually(async () => {
    const { events, contributions, archive } = await json('/v1/explain/orders/ann');
    const told = Array.isArray(events) ? events.map(({ messageId, outcome }) => [messageId, outcome]) : [];
    expect(told.toSorted()).toEqual(
      [
        [null, 'rejected'],
        ['ahead', 'future'],
        ['old', 'late'],
        ['one', 'applied'],
        ['one', 'duplicate'],
        ['unseen', 'applied'],
      ].toSorted(),
    );
    const amounts = Array.isArray(contributions) ? contributions.map(({ amount }) => Number(amount)) : [];
    expect(amounts.reduce((sum, amount) => sum + amount, 0)).toBe(2);
    expect(archive).toMatchObject({ partition: partitionOf('murmur2', Buffer.from('ann'), PARTITIONS), position: expect.stringMatching(/^\d+$/) });
  });
  expect((await json('/v1/kpis/orders'))['total']).toBe(2);

  const command = resolve(import.meta.dirname, '../../../services/cli/src/main.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [command, 'explain', 'orders', 'ann', '--query', deployment.addresses.both]);
  expect(stdout).toContain('orders of the user ann');
  expect(stdout.match(/ {2}(?:applied|duplicate|late|future|rejected) /g)?.length).toBe(6);
});
