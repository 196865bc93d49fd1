// A funnel's window is edited while traffic goes on: rebuilt beside the served one through kills, told cell by cell, gone over to, and back.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createCalendars, type FunnelDefinition, type MetricSet, recompute, type TimelineEvent } from '@tidemark/core';
import { createLogWriter } from '@tidemark/kafka';
import { type AcquiredEngines, acquireEngines, uniqueName } from '@tidemark/testing/engines';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type Deployment, startDeployment } from './deployment.ts';
import { readSet } from './oracle.ts';
import { chooseSeed, seeded } from './seeded.ts';
import { ServiceProcess } from './service-process.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const DAYS = 40;
const ACTORS = 3_000;
const CLI = 'services/cli/src/main.ts';

const SET = `
name: shop
dimensions:
  channel: { property: channel, values: [app, web] }
metrics:
  - { id: buying, kind: funnel, steps: [Opened, Chosen, Paid], window: 7d, slice: [channel] }
  - { id: opened, kind: kpi, measure: { count: Opened }, slice: [channel] }
  - { id: people, kind: activity, event: Opened }
  - { id: choices, kind: kpi, measure: { count: Chosen } }
`;
const EDITED = SET.replace('window: 7d', 'window: 3d').replace(
  'id: choices, kind: kpi, measure: { count: Chosen }',
  'id: payments, kind: kpi, measure: { count: Paid }',
);

let engines: AcquiredEngines;
let deployment: Deployment | null = null;
let stopTraffic: (() => Promise<void>) | null = null;
const folder = mkdtempSync(join(tmpdir(), 'tidemark-lineages-'));
const started: ServiceProcess[] = [];

beforeAll(async () => {
  engines = await acquireEngines(['kafka', 'redis', 'clickhouse']);
});
afterEach(async (context) => {
  if (context.task.result?.state === 'fail')
    console.error(deployment?.logTails(), ...started.map((process) => `== ${process.name}\n${process.log.slice(-2_000)}`));
  await stopTraffic?.();
  await Promise.all(started.map((process) => process.end('SIGKILL')));
  await deployment?.stopAll();
  deployment = null;
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await engines?.release();
});

const beganMs = performance.now();
const mark = (what: string): void => console.log(`${((performance.now() - beganMs) / 1_000).toFixed(1)} s: ${what}`);

interface Happening {
  readonly actor: string;
  readonly name: string;
  readonly timeMs: number;
  readonly channel: string;
}

/** In time order: everybody opens a few times, chooses up to nine days later, and then pays within two. */
function history(endMs: number): readonly Happening[] {
  const random = seeded(chooseSeed('lineages'));
  const happenings: Happening[] = [];
  for (let person = 0; person < ACTORS; person++) {
    const actor = `person-${person}`;
    for (let times = 1 + Math.floor(random() * 4); times > 0; times--) {
      const channel = random() < 0.6 ? 'app' : 'web';
      const openedMs = Math.floor(endMs - random() * DAYS * DAY_MS);
      const chosenMs = Math.floor(openedMs + random() * 9 * DAY_MS);
      happenings.push({ actor, name: 'Opened', timeMs: openedMs, channel });
      if (random() < 0.7) happenings.push({ actor, name: 'Chosen', timeMs: chosenMs, channel });
      if (random() < 0.4) happenings.push({ actor, name: 'Paid', timeMs: Math.floor(chosenMs + random() * 2 * DAY_MS), channel });
    }
  }
  return happenings.filter(({ timeMs }) => timeMs < endMs).sort((left, right) => left.timeMs - right.timeMs);
}

function recordOf({ actor, name, timeMs, channel }: Happening, messageId: string): { key: string; value: string } {
  const event = { type: 'track', messageId, userId: actor, event: name, timestamp: new Date(timeMs).toISOString(), properties: { channel } };
  return { key: actor, value: JSON.stringify(event) };
}

/** Entries by step and bucket, recomputed from the timeline. */
function entriesOf(set: MetricSet, happenings: readonly Happening[], { from, to }: { from: number; to: number }): readonly (readonly number[])[] {
  const events = happenings.map(({ actor, name, timeMs, channel }, index): TimelineEvent => {
    const get = (path: readonly string[]) => (path.join('.') === 'properties.channel' ? channel : undefined);
    return { actor: `u:${actor}`, messageId: `h${index}`, tieHash: BigInt(index), name, isAction: true, timeMs, get };
  });
  const metric = funnelOf(set);
  const answer = recompute(set, metric, events, { from, to, limit: 10, byBucket: true }, { watermarkMs: Date.now(), latenessMs: 7 * DAY_MS });
  if (!('buckets' in answer) || answer.buckets === undefined) throw new Error('no buckets');
  return answer.buckets.map((bucket) => ('steps' in bucket ? bucket.steps.map(({ entries }) => entries) : []));
}

function funnelOf(set: MetricSet): FunnelDefinition {
  const metric = set.metrics.find(({ id }) => id === 'buying');
  if (metric?.kind !== 'funnel') throw new Error('no funnel');
  return metric;
}

interface Cell {
  readonly metric: string;
  readonly table: string;
  readonly bucket: number;
  readonly column: number;
  readonly was: number;
  readonly is: number;
}

interface Told {
  readonly difference?: Cell;
  readonly report?: { readonly unexplained: number; readonly metrics: readonly { readonly metric: string; readonly reason: string | null }[] };
  readonly lineages?: readonly { readonly lineage: string; readonly standing: string; readonly by: string }[];
}

/** The JSON lines of a command. */
function told(output: string): readonly Told[] {
  return output.split('\n').flatMap((line): Told[] => (line.startsWith('{') ? [JSON.parse(line)] : []));
}

/** In a group of its own: the groups of one that was killed wait for its session to end. */
async function startWorker(running: Deployment): Promise<void> {
  const name = `worker-${started.length}`;
  const env = { ...running.environment(), TIDEMARK_HTTP_PORT: '0', TIDEMARK_CONSUMER_GROUP: `${running.options.namespace}.${name}` };
  const process = new ServiceProcess({ name, path: 'services/worker/src/main.ts', env, logFile: join(folder, `${name}.log`) });
  started.push(process);
  const port = await process.logged(/"port":(\d+)[^\n]*worker is up/);
  running.workers.push({ process, address: `http://127.0.0.1:${port}` });
}

/** Opens of other people, now, until it is stopped. */
function startTraffic(running: Deployment): () => Promise<void> {
  const writer = createLogWriter(running.kafka, { partitioner: 'murmur2' });
  let going = true;
  const sending = (async () => {
    for (let round = 0; going; round++) {
      const now = { name: 'Opened', timeMs: Date.now(), channel: 'app' };
      await writer.append(
        Array.from({ length: 8 }, (_, person) => recordOf({ ...now, actor: `live-${round % 50}-${person}` }, `l${round}-${person}`)),
      );
      await sleep(50);
    }
    await writer.close();
  })();
  return async () => {
    going = false;
    await sending;
  };
}

it('an edited window is rebuilt, compared, gone over to and back, while events arrive and processes are killed', async () => {
  const [before, after] = [join(folder, 'shop.yaml'), join(folder, 'edited.yaml')];
  writeFileSync(before, SET);
  writeFileSync(after, EDITED);
  const running = await startDeployment({
    ...{ engines: engines.addresses, namespace: uniqueName('lineages'), metrics: [before], partitions: 4, workers: 0, archivers: 1 },
  });
  deployment = running;
  await startWorker(running);
  const happenings = history(Date.now() - DAY_MS);
  const writer = createLogWriter(running.kafka, { partitioner: 'murmur2' });
  const records = happenings.map((each, index) => recordOf(each, `h${index}`));
  for (let from = 0; from < records.length; from += 5_000) await writer.append(records.slice(from, from + 5_000));
  await writer.close();
  await running.untilCaughtUp(['/v1/funnels/buying'], 60_000);
  stopTraffic = startTraffic(running);
  mark('caught up');

  const plan = await running.run('plan', CLI, ['plan', after]);
  expect(plan.output).toMatch(/edited +buying +window: 7 days → 3 days/);
  expect(plan.output).toMatch(/new +payments/);
  expect(plan.output).toMatch(/retired +choices/);
  expect(plan.output).toMatch(/unchanged +opened, people/);

  mark('planned');
  // The command dies, and so does the worker, three times; each goes on where it was.
  const applying = (name: string): ServiceProcess => {
    const args = ['apply', after, '--yes', '--json', '--by', 'ann'];
    const process = new ServiceProcess({ name, path: CLI, args, env: running.environment(), logFile: join(folder, `${name}.log`) });
    started.push(process);
    return process;
  };
  const first = applying('first');
  const lineage = await first.logged(/lineage ([0-9a-f]{16}) is worked on beside/);
  await first.end('SIGKILL');
  const second = applying('second');
  for (let kills = 0; kills < 3; kills++) {
    const deadlineMs = performance.now() + 20_000;
    while (performance.now() < deadlineMs && !(await running.partitions()).some((each) => each.lineage === lineage && (each.next ?? 0) > 0))
      await sleep(10);
    await running.endWorker('SIGKILL');
    await startWorker(running);
  }
  mark('killed three times');
  expect([await second.ended(), second.log]).toEqual([0, expect.stringContaining('"outcome":"switched"')]);

  mark('switched');

  // What the report says is what a recomputation of both definitions gives. Today's buckets, in which traffic goes on, are alike.
  const lines = told(second.log);
  const differences = lines.flatMap(({ difference }) => difference ?? []);
  const [report] = lines.flatMap((line) => line.report ?? []);
  expect(report?.unexplained).toBe(0);
  expect(Object.fromEntries(report?.metrics.map(({ metric, reason }) => [metric, reason]) ?? [])).toEqual({
    buying: 'edited: window: 7 days → 3 days',
    choices: 'retired',
    payments: 'new metric',
  });
  const [oldSet, newSet] = [readSet(before), readSet(after)];
  const calendar = createCalendars().calendar(funnelOf(oldSet));
  const range = { from: calendar.bucketOf(Date.now() - (DAYS + 2) * DAY_MS), to: calendar.bucketOf(Date.now()) };
  const [was, is] = [entriesOf(oldSet, happenings, range), entriesOf(newSet, happenings, range)];
  const expected = was.flatMap((steps, index) =>
    steps.flatMap((count, step) => {
      const change = (is[index]?.[step] ?? 0) - count;
      return change === 0 ? [] : [[range.from + index, step, change]];
    }),
  );
  const found = differences
    .filter(({ metric, table, column }) => metric === 'buying' && table === 'total' && column < 3)
    .map(({ bucket, column, was: old, is: now }) => [bucket, column, now - old]);
  expect(found).toEqual(expected);
  expect(expected.length).toBeGreaterThan(30);

  // What is served, and what is kept, is what the archive gives, kills or not.
  await stopTraffic();
  await running.untilCaughtUp(['/v1/funnels/buying'], 60_000);
  await running.untilArchived(60_000);
  const entered = async (): Promise<unknown> => (await running.ask('/v1/funnels/buying'))['revision'];
  await expect.poll(entered, { timeout: 20_000 }).toBe(funnelOf(newSet).revision);
  const verified = await running.run('verify', CLI, ['verify']);
  expect([verified.code, verified.output]).toEqual([0, expect.stringContaining('all the same')]);
  mark('verified');

  const back = await running.run('rollback', CLI, ['rollback', 'shop', '--by', 'bob']);
  expect([back.code, back.output]).toEqual([0, expect.stringContaining('go back to lineage')]);
  await expect.poll(entered, { timeout: 20_000 }).toBe(funnelOf(oldSet).revision);
  const old = (await lineageServed(running)) ?? '';
  const refused = await running.run('retire', CLI, ['retire', old]);
  expect([refused.code, refused.output]).toEqual([1, expect.stringContaining('is what is served of shop')]);

  // Forth again; once the old one is retired the new one moves to the common group, and goes on.
  expect((await running.run('rollback', CLI, ['rollback', 'shop', '--by', 'bob'])).code).toBe(0);
  expect((await running.run('retire', CLI, ['retire', old])).code).toBe(0);
  const lineages = async (): Promise<readonly string[]> => [...new Set((await running.partitions()).map((each) => each.lineage))];
  await expect.poll(lineages, { timeout: 30_000 }).toEqual([lineage]);
  const more = createLogWriter(running.kafka, { partitioner: 'murmur2' });
  const now = Date.now();
  await more.append(happenings.slice(0, 500).map((each, index) => recordOf({ ...each, timeMs: now }, `again-${index}`)));
  await more.close();
  await running.untilCaughtUp(['/v1/funnels/buying'], 60_000);
  expect(await entered()).toBe(funnelOf(newSet).revision);
  mark('rolled back and retired');
}, 300_000);

async function lineageServed(running: Deployment): Promise<string | undefined> {
  const listed = await running.run('lineages', CLI, ['lineages', '--json']);
  const lineages = told(listed.output).flatMap((line) => line.lineages ?? []);
  expect(lineages.map(({ standing, by }) => `${standing} ${by.split(' ')[0]}`)).toEqual(['serving bob', 'kept bob']);
  return lineages.find(({ standing }) => standing === 'serving')?.lineage;
}
