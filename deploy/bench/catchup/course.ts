/** One course of the benchmark: history, live traffic, an edit that catches up beside it, the way back, and a second edit in whose catch-up workers are killed. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { EngineAddresses } from '@tidemark/local';
import { uniqueName } from '@tidemark/testing/engines';
import { quantileOf } from '../in-process/spread.ts';
import { runCommand, startCommand, type Told } from '../running/commands.ts';
import { Poller } from '../running/poller.ts';
import { type Deployed, deploy, reaches } from '../running/services.ts';
import { SteadyLoad } from '../running/steady-load.ts';
import type { MeasuredProcess } from '../worker-throughput/measured-process.ts';
import { openStorePositions, type StorePositions } from '../worker-throughput/store-positions.ts';
import { partitionCount } from '../worker-throughput/topic.ts';
import type { Definitions } from './definitions.ts';
import { asksOf, type Findings, findingsOf } from './findings.ts';
import { SentEvents } from './recomputed.ts';
import { Watch } from './watch.ts';
import { type CatchUpWorkload, catchUpEvents } from './workload.ts';

export interface CourseOptions {
  readonly addresses: EngineAddresses;
  readonly definitions: Definitions;
  readonly workload: CatchUpWorkload;
  /** Of workers, in the second catch-up; 0: there is none. */
  readonly kills: number;
  /** Seconds of live traffic before the first edit. */
  readonly settleS: number;
  /** Seconds until the group gives a killed worker up. */
  readonly sessionS: number;
  /** Between two questions for positions. */
  readonly pollMs: number;
  readonly profileFolder: string | null;
  readonly tell: (line: string) => void;
}

/** Milliseconds from the acknowledgement to the answer that holds it. */
export interface Freshness {
  readonly before: readonly number[];
  readonly catchingUp: readonly number[];
  /** From there until readers have gone over. */
  readonly switching: readonly number[];
}

export interface Course {
  readonly alonePerSecond: number;
  readonly catchUpPerSecond: number;
  readonly sentPerSecond: number;
  /** Of one core, during the catch-up. */
  readonly workerShare: number;
  readonly queryShare: number;
  readonly aloneShare: number;
  /** Before the edit. */
  readonly liveShare: number;
  readonly freshness: Freshness;
  /** The whole command, readers gone over. */
  readonly applyS: number;
  /** Until the old revision is served again. */
  readonly rollbackS: number;
  readonly killed: { readonly kills: number; readonly catchUpS: number } | null;
  readonly findings: Findings;
}

const question = '/v1/kpis/bookings';
const lookMs = 20;
/** Asking for figures costs more than asking for positions. */
const watchEach = 10;
const servedWithinMs = 60_000;

interface Stage extends CourseOptions {
  readonly deployed: Deployed;
  readonly load: SteadyLoad;
  readonly fresh: Poller;
  readonly watch: Watch;
  readonly query: MeasuredProcess;
}

export async function runCourse(options: CourseOptions): Promise<Course> {
  const { addresses, definitions, workload, settleS, sessionS, pollMs, profileFolder, tell } = options;
  const namespace = uniqueName('bench_catchup');
  const more = { TIDEMARK_SESSION_TIMEOUT: `${sessionS}s` };
  const deployed = await deploy({ addresses, namespace, metricsFile: definitions.served.file, more, profileFolder });
  const sent = new SentEvents(definitions.names, () => catchUpEvents(workload));
  const load = await SteadyLoad.connect({ brokers: addresses.kafkaBrokers, topic: deployed.topic, events: sent.taken() });
  const stop = new AbortController();
  let producing: Promise<number> = Promise.resolve(0);
  try {
    await load.fill(workload.events);
    tell(`${workload.events.toLocaleString('en-US')} events are in the log`);
    const alone = await fullSpeed(deployed, load);
    tell(`alone: ${Math.round(alone.perSecond).toLocaleString('en-US')} events a second`);
    const query = await deployed.startQuery();
    producing = load.keep(workload.live.perSecond, { forMs: Number.POSITIVE_INFINITY, signal: stop.signal });
    producing.catch(() => undefined);
    await untilAnswered(query.address + question);
    const fresh = new Poller({ ask: query.address + question, partitions: partitionCount, everyMs: pollMs });
    const watch = new Watch({ address: query.address, ...asksOf(definitions), everyMs: watchEach * pollMs });
    load.onAcknowledged((acknowledged) => fresh.expect(acknowledged));
    const stage = { ...options, deployed, load, fresh, watch, query: query.process };
    const [settlingMs, settling] = [performance.now(), await alone.worker.usage()];
    await sleep(settleS * 1_000);
    const liveShare = ((await alone.worker.usage()).cpuUs - settling.cpuUs) / 1_000 / (performance.now() - settlingMs);
    const first = await firstEdit(stage, alone.worker);
    const killed = options.kills === 0 ? null : await editUnderKills(stage, alone.worker);
    stop.abort();
    const sentPerSecond = await producing;
    await untilAllFolded(stage, [first.servedLineage, killed?.lineage ?? first.lineage]);
    await fresh.drained(servedWithinMs);
    await fresh.stop();
    const watched = await watch.stop();
    tell('recomputing');
    const reports = [first.told, ...(killed === null ? [] : [killed.told])];
    const findings = await findingsOf({ definitions, sent, watched, seen: watch.seen, address: query.address, reports });
    const underKills = killed === null ? null : { kills: killed.kills, catchUpS: killed.catchUpS };
    const { applyS, rollbackS, catchUpPerSecond, workerShare, queryShare, freshness } = first;
    const speeds = { alonePerSecond: alone.perSecond, aloneShare: alone.share, catchUpPerSecond, sentPerSecond };
    return { ...speeds, liveShare, workerShare, queryShare, freshness, applyS, rollbackS, killed: underKills, findings };
  } finally {
    stop.abort();
    await producing.catch(() => undefined);
    await load.close();
    await deployed.stop();
  }
}

/** Events a second of a worker that has the log to itself, from joining its group until Redis is whole. */
async function fullSpeed(deployed: Deployed, load: SteadyLoad): Promise<{ worker: MeasuredProcess; perSecond: number; share: number }> {
  const worker = await deployed.startWorker();
  const [beganMs, before] = [performance.now(), await worker.usage()];
  await worker.whileRunning(reaches(deployed.stores.redis, load.ends, 'the heads in Redis'));
  const seconds = (performance.now() - beganMs) / 1_000;
  return { worker, perSecond: sumOf(load.ends) / seconds, share: ((await worker.usage()).cpuUs - before.cpuUs) / 1e6 / seconds };
}

interface FirstEdit extends Pick<Course, 'catchUpPerSecond' | 'workerShare' | 'queryShare' | 'freshness' | 'applyS' | 'rollbackS'> {
  readonly servedLineage: string;
  readonly lineage: string;
  readonly told: readonly Told[];
}

/** Nothing disturbs it: speed and freshness are measured; then readers go back, and the work on the edit ends. */
async function firstEdit(stage: Stage, worker: MeasuredProcess): Promise<FirstEdit> {
  const { deployed, definitions, fresh, watch, query, load, tell } = stage;
  const { env } = deployed;
  const [edit] = definitions.edits;
  const planned = await runCommand(['plan', edit.file, '--json'], env);
  if (!planned.some(({ plan }) => plan?.act === 'start')) throw new Error(`the plan of ${edit.file} begins no lineage`);
  const marks = [fresh.delaysMs.length];
  const beganMs = performance.now();
  const applying = startCommand(['apply', edit.file, '--yes', '--json', '--by', 'bench'], env);
  const { lineage } = await applying.plan();
  await untilJoined(worker, 2);
  const goal = [...load.ends];
  const [joinedMs, before] = [performance.now(), await Promise.all([worker.usage(), query.usage()])];
  await withPositions(stage, lineage, ({ redis }) => worker.whileRunning(reaches(redis, goal, 'the heads of the edited lineage')));
  const [afterMs, after] = [performance.now(), await Promise.all([worker.usage(), query.usage()])];
  marks.push(fresh.delaysMs.length);
  const catchUpPerSecond = sumOf(goal) / ((afterMs - joinedMs) / 1_000);
  const p99Ms = quantileOf(fresh.delaysMs.slice(marks[0]), 0.99);
  tell(`beside live traffic: ${Math.round(catchUpPerSecond).toLocaleString('en-US')} events a second, live p99 ${Math.round(p99Ms)} ms`);
  const told = await applying.ended;
  await watch.untilServed(edit.revision, servedWithinMs);
  const applyS = (performance.now() - beganMs) / 1_000;
  marks.push(fresh.delaysMs.length);
  await watch.askRevision(definitions.served.revision);
  const rollingMs = performance.now();
  await runCommand(['rollback', definitions.set, '--by', 'bench'], env);
  await watch.untilServed(definitions.served.revision, servedWithinMs);
  const rollbackS = (performance.now() - rollingMs) / 1_000;
  await watch.askRevision(edit.revision);
  const listed = await runCommand(['lineages', '--json'], env);
  const serving = listed.flatMap(({ lineages = [] }) => lineages).find(({ standing }) => standing === 'serving');
  if (stage.kills > 0) await runCommand(['retire', lineage, '--by', 'bench'], env);
  tell(`gone over after ${applyS.toFixed(1)} s, and back after ${rollbackS.toFixed(1)} s`);
  const [from = 0, caught = 0, gone = 0] = marks;
  const freshness = {
    before: fresh.delaysMs.slice(0, from),
    catchingUp: fresh.delaysMs.slice(from, caught),
    switching: fresh.delaysMs.slice(caught, gone),
  };
  const share = (index: 0 | 1): number => (after[index].cpuUs - before[index].cpuUs) / 1_000 / (afterMs - joinedMs);
  return {
    ...{ catchUpPerSecond, freshness, applyS, rollbackS, lineage, told },
    workerShare: share(0),
    queryShare: share(1),
    servedLineage: serving?.lineage ?? '',
  };
}

/** Each kill falls while the lineage catches up, at equal parts of its way. */
async function editUnderKills(
  stage: Stage,
  first: MeasuredProcess,
): Promise<{ lineage: string; told: readonly Told[]; kills: number; catchUpS: number }> {
  const { deployed, definitions, watch, load, tell } = stage;
  const [, edit] = definitions.edits;
  const goal = [...load.ends];
  const beganMs = performance.now();
  const applying = startCommand(['apply', edit.file, '--yes', '--json', '--by', 'bench'], deployed.env);
  const { lineage } = await applying.plan();
  let worker = first;
  let kills = 0;
  const catchUpS = await withPositions(stage, lineage, async ({ redis }) => {
    for (let kill = 1; kill <= stage.kills; kill++) {
      const folded = await reachesShare(redis, goal, kill / (stage.kills + 1));
      process.kill(worker.pid, 'SIGKILL');
      if (folded < sumOf(goal)) kills++;
      tell(`killed at ${folded.toLocaleString('en-US')} of ${sumOf(goal).toLocaleString('en-US')}`);
      worker = await deployed.startWorker();
    }
    await worker.whileRunning(reaches(redis, goal, 'the heads of the second lineage'));
    return (performance.now() - beganMs) / 1_000;
  });
  const told = await applying.ended;
  await watch.untilServed(edit.revision, servedWithinMs);
  tell(`gone over to the second edit after ${((performance.now() - beganMs) / 1_000).toFixed(1)} s`);
  await watch.askRevision(definitions.served.revision);
  return { lineage, told, kills, catchUpS };
}

/** How many are folded once it is so much of all. */
async function reachesShare(positions: StorePositions['redis'], goal: readonly number[], share: number): Promise<number> {
  for (;;) {
    const folded = sumOf((await positions()).map((next, partition) => Math.min(next, goal[partition] ?? 0)));
    if (folded > 0 && folded >= share * sumOf(goal)) return folded;
    await sleep(lookMs);
  }
}

async function withPositions<T>({ addresses, deployed }: Stage, lineage: string, run: (positions: StorePositions) => Promise<T>): Promise<T> {
  const { namespace } = deployed;
  const positions = openStorePositions({ ...addresses, database: namespace, namespace, partitions: partitionCount });
  positions.lineage = lineage;
  try {
    return await run(positions);
  } finally {
    positions.close();
  }
}

async function untilAllFolded(stage: Stage, lineages: readonly string[]): Promise<void> {
  for (const lineage of lineages)
    await withPositions(stage, lineage, ({ redis }) => reaches(redis, stage.load.ends, `the heads of lineage ${lineage}`));
}

async function untilJoined(worker: MeasuredProcess, times: number): Promise<void> {
  const untilMs = performance.now() + servedWithinMs;
  while (worker.lines('joined the group').length < times) {
    if (performance.now() > untilMs) throw new Error(`the worker joined no group of the new lineage within ${servedWithinMs} ms`);
    await sleep(lookMs);
  }
}

/** A query service that has just started knows its sets within a moment. */
async function untilAnswered(url: string): Promise<void> {
  const untilMs = performance.now() + servedWithinMs;
  for (;;) {
    const { status } = await fetch(url);
    if (status === 200) return;
    if (performance.now() > untilMs) throw new Error(`GET ${url} still answers ${status}`);
    await sleep(lookMs);
  }
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}
