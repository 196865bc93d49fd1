/** One course: two deployments get the same years, one in order, the other live first and the past afterwards; then every figure of both is compared. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLogWriter } from '@tidemark/kafka';
import type { EngineAddresses } from '@tidemark/local';
import { cabinetHistory } from '@tidemark/testing';
import { uniqueName } from '@tidemark/testing/engines';
import { type Deployment, startDeployment } from '../../e2e/test/deployment.ts';
import { figuresOf, type Question, questionsOf } from '../../e2e/test/questions.ts';
import { seeded } from '../../e2e/test/seeded.ts';
import { compareJson } from '../../torture/comparison.ts';
import { runCommand } from '../running/commands.ts';
import { readSet, setFile } from '../worker-throughput/workload.ts';

export interface CourseOptions {
  readonly addresses: EngineAddresses;
  readonly seed: number;
  /** About how many. */
  readonly events: number;
  readonly days: number;
  readonly people: number;
  /** The last of the days, which arrive live. */
  readonly recentDays: number;
  /** Live events a second while the past is imported. */
  readonly rate: number;
  readonly partitions: number;
  readonly tell: (line: string) => void;
}

export interface Course {
  readonly events: number;
  /** Of the past, imported. */
  readonly older: number;
  /** Too late to count, before the rebuild. */
  readonly late: number;
  readonly importS: number;
  readonly rebuildS: number;
  readonly applyS: number;
  /** Cells that the report of `apply` names. */
  readonly reported: number;
  readonly answers: number;
  readonly compared: number;
  readonly differing: number;
  /** A sentence each, of the first that differ. */
  readonly wrong: readonly string[];
}

interface Sent {
  readonly key: string;
  readonly value: string;
}

interface History {
  readonly older: readonly Sent[];
  readonly recent: readonly Sent[];
}

/** A fixed past, so that no worker ticks the clocks on. */
const endMs = Date.UTC(2024, 5, 1);
const dayMs = 86_400_000;
const set = readSet(setFile);
/** Its positions tell how far the set is served. */
const anyFigure = '/v1/kpis/bookings';
const batchEvents = 5_000;
const caughtUpWithinMs = 300_000;
const beatMs = 50;
const mostTold = 20;
const askedAtOnce = 4;
/** Of two years, by every value of a slice, there are more figures than one answer may have. */
const mostBuckets = 90;

export async function runCourse(options: CourseOptions): Promise<Course> {
  const { tell } = options;
  const history = historyOf(options);
  const events = history.older.length + history.recent.length;
  tell(`${events.toLocaleString('en-US')} events, ${history.recent.length.toLocaleString('en-US')} of them recent`);
  const inOrder = await start(options, 'in_order', 0);
  try {
    await append(inOrder, [...history.older, ...history.recent]);
    await inOrder.untilCaughtUp([anyFigure], caughtUpWithinMs);
    tell('one deployment has all in order');
    const live = await start(options, 'live', 1);
    try {
      const course = await importPast(options, live, history);
      const compared = await compare(options, inOrder, live);
      return { events, older: history.older.length, ...course, ...compared, wrong: [...course.wrong, ...compared.wrong].slice(0, mostTold) };
    } finally {
      await live.stopAll();
    }
  } finally {
    await inOrder.stopAll();
  }
}

function historyOf({ seed, events, days, people, recentDays }: CourseOptions): History {
  const all = [...cabinetHistory({ seed, people, days, events, endMs })];
  const recentFromMs = endMs - recentDays * dayMs;
  return { older: all.filter(({ timeMs }) => timeMs < recentFromMs), recent: all.filter(({ timeMs }) => timeMs >= recentFromMs) };
}

async function start({ addresses, partitions }: CourseOptions, name: string, archivers: number): Promise<Deployment> {
  const namespace = uniqueName(`bench_years_${name}`);
  return startDeployment({ engines: addresses, namespace, metrics: [setFile], partitions, workers: 1, archivers });
}

async function append(deployment: Deployment, events: readonly Sent[]): Promise<void> {
  const writer = createLogWriter(deployment.kafka, { partitioner: 'murmur2' });
  for (let from = 0; from < events.length; from += batchEvents) await writer.append(events.slice(from, from + batchEvents));
  await writer.close();
}

/** Half of the recent events are there; the rest arrives while the past is imported, rebuilt and gone over to, and what is left of it afterwards. */
async function importPast(
  options: CourseOptions,
  live: Deployment,
  { older, recent }: History,
): Promise<Omit<Course, 'events' | 'older' | 'answers' | 'compared' | 'differing'>> {
  const { tell } = options;
  const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], ...live.environment() };
  const half = Math.floor(recent.length / 2);
  await append(live, recent.slice(0, half));
  await live.untilCaughtUp([anyFigure], caughtUpWithinMs);
  const traffic = startTraffic(live, recent.slice(half), options.rate);
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-years-'));
  try {
    const file = join(folder, 'years.ndjson');
    writeFileSync(file, shuffled(older, options.seed).join('\n'));
    const importS = await secondsOf(() => runCommand(['replay', file, '--late', '--json'], env));
    await live.untilArchived(caughtUpWithinMs);
    const late = (await live.partitions()).reduce((sum, { counters }) => sum + (counters['late'] ?? 0), 0);
    tell(`the past is in the archive: ${late.toLocaleString('en-US')} events came too late to count`);
    const rebuildS = await secondsOf(() => runCommand(['rebuild', setFile, '--json'], env));
    const beganMs = performance.now();
    const told = await runCommand(['apply', setFile, '--yes', '--json', '--by', 'bench'], env);
    const applyS = (performance.now() - beganMs) / 1_000;
    tell(`rebuilt after ${rebuildS.toFixed(1)} s, compared and gone over to after ${applyS.toFixed(1)} s`);
    await traffic.finish();
    const switched = told.some(({ outcome }) => outcome === 'switched');
    const wrong = switched ? [] : ['apply did not switch to the rebuilt lineage'];
    await untilSwitched(live, told.find(({ plan }) => plan !== undefined)?.plan?.lineage ?? '');
    await live.untilCaughtUp([anyFigure], caughtUpWithinMs);
    return { importS, rebuildS, applyS, late, reported: told.filter(({ difference }) => difference !== undefined).length, wrong };
  } finally {
    await traffic.finish();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** In their order, so many a second; to finish is to send what is left. */
function startTraffic(live: Deployment, events: readonly Sent[], perSecond: number): { finish(): Promise<void> } {
  let isLeft = true;
  const writer = createLogWriter(live.kafka, { partitioner: 'murmur2' });
  const sending = (async () => {
    const each = Math.max(1, Math.round((perSecond * beatMs) / 1_000));
    let sent = 0;
    for (; isLeft && sent < events.length; sent += each) {
      await writer.append(events.slice(sent, sent + each));
      await sleep(beatMs);
    }
    for (; sent < events.length; sent += batchEvents) await writer.append(events.slice(sent, sent + batchEvents));
    await writer.close();
  })();
  // Told to whoever finishes it.
  sending.catch(() => undefined);
  return {
    finish: () => {
      isLeft = false;
      return sending;
    },
  };
}

function shuffled(events: readonly Sent[], seed: number): readonly string[] {
  const random = seeded(seed);
  return events
    .map(({ value }) => ({ value, at: random() }))
    .sort((left, right) => left.at - right.at)
    .map(({ value }) => value);
}

async function secondsOf(run: () => Promise<unknown>): Promise<number> {
  const beganMs = performance.now();
  await run();
  return (performance.now() - beganMs) / 1_000;
}

/** Both query services go over by themselves. */
async function untilSwitched(live: Deployment, lineage: string): Promise<void> {
  const untilMs = performance.now() + caughtUpWithinMs;
  for (const from of ['both', 'table'] as const) {
    for (let seen: unknown; seen !== lineage; await sleep(beatMs)) {
      seen = await live.ask(anyFigure, from).then(({ lineage: served }) => served, String);
      if (seen !== lineage && performance.now() > untilMs) throw new Error(`${from} still serves ${String(seen)} and not lineage ${lineage}`);
    }
  }
}

/** Every question about every day, from Redis and ClickHouse and from ClickHouse alone. */
async function compare(
  options: CourseOptions,
  inOrder: Deployment,
  live: Deployment,
): Promise<Pick<Course, 'answers' | 'compared' | 'differing' | 'wrong'>> {
  const range = { fromMs: endMs - options.days * dayMs, toMs: endMs - 1 };
  const whole = questionsOf(set, range).filter(({ query }) => query.slice === undefined);
  const questions = [...whole, ...questionsOf(set, range, mostBuckets)];
  const wrong: string[] = [];
  const left = [...questions];
  let compared = 0;
  const compareNext = async (): Promise<void> => {
    for (let question = left.pop(); question !== undefined; question = left.pop()) {
      const expected = await figures(inOrder, question, 'both');
      for (const from of ['both', 'table'] as const) {
        const { cells, differences } = compareJson(await figures(live, question, from), expected);
        compared += cells;
        for (const { path, served, expected: must } of differences)
          wrong.push(`${question.path}${path} is ${String(served)} (${from}), and ${String(must)} where all came in order`);
      }
    }
  };
  await Promise.all(Array.from({ length: askedAtOnce }, compareNext));
  options.tell(`${questions.length} questions compared in two stores`);
  return { answers: 2 * questions.length, compared, differing: wrong.length, wrong };
}

/** The figures are the same, whatever the past that they were folded from is called. */
async function figures(deployment: Deployment, { path }: Question, from: 'both' | 'table'): Promise<Record<string, unknown>> {
  const { lineage: _, ...rest } = figuresOf(await deployment.ask(path, from));
  return rest;
}
