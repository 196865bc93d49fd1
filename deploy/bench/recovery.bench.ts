// kill −9 of the worker with a million actors in its state, until answers are fresh again: `npm run bench -- recovery [--actors=N --tiny]`.
import { setTimeout as sleep } from 'node:timers/promises';
import { eventStream, type SampleEvent } from '@tidemark/testing';
import { uniqueName } from '@tidemark/testing/engines';
import { type BenchOptions, readBenchOptions } from './report/options.ts';
import { machineOf, type ReportRow, redisInfo, rowOf, tell } from './report/report.ts';
import { withEngines } from './running/engines.ts';
import { Poller, type Positions } from './running/poller.ts';
import { type Deployed, deploy, reaches } from './running/services.ts';
import { SteadyLoad } from './running/steady-load.ts';
import type { MeasuredProcess } from './worker-throughput/measured-process.ts';
import { partitionCount } from './worker-throughput/topic.ts';
import { setFile } from './worker-throughput/workload.ts';

/** Milliseconds after the kill. */
interface Course {
  /** The new process has its connections. */
  readonly upMs: number;
  /** It has its first partition: the group has given the dead member up. */
  readonly assignedMs: number;
  /** The last partition's state is in memory. */
  readonly restoredMs: number;
  /** All that had been acknowledged before the kill is folded. */
  readonly replayedMs: number;
  /** The same is published in Redis. */
  readonly publishedMs: number;
  /** An answer holds everything that had been acknowledged a second before it. */
  readonly freshMs: number;
  /** Processor time of the new process until then, its start included. */
  readonly cpuMs: number;
}

type Options = BenchOptions<'actors' | 'each' | 'rate' | 'settle' | 'session'>;

const endMs = Date.UTC(2025, 5, 30);
const historyDays = 10;
const dayMs = 86_400_000;
const question = '/v1/kpis/bookings';
const pollMs = 20;
const freshWithinMs = 1_000;
const recoveredWithinMs = 180_000;
const options: Options = readBenchOptions(process.argv.slice(2), {
  actors: { full: 1_000_000, tiny: 2_000 },
  /** Events of each actor before the first kill, on average. */
  each: { full: 5, tiny: 2 },
  /** Events a second that go on coming. */
  rate: { full: 2_000, tiny: 500 },
  /** Seconds of traffic before each kill. */
  settle: { full: 12, tiny: 2 },
  /** Seconds. */
  session: { full: 10, tiny: 6, least: 6 },
});

await withEngines(['kafka', 'redis', 'clickhouse'], async ({ addresses }) => {
  const machine = await machineOf(addresses);
  const more = { TIDEMARK_SESSION_TIMEOUT: `${options.number('session')}s` };
  const deployed = await deploy({
    addresses,
    namespace: uniqueName('bench_recovery'),
    metricsFile: setFile,
    more,
    profileFolder: options.profileFolder,
  });
  const load = await SteadyLoad.connect({ brokers: addresses.kafkaBrokers, topic: deployed.topic, events: workload() });
  const stop = new AbortController();
  let producing: Promise<unknown> = Promise.resolve();
  try {
    await load.fill(options.number('each') * options.number('actors'));
    let worker = await deployed.startWorker();
    for (const [what, positions] of Object.entries({ heads: deployed.stores.redis, manifests: deployed.stores.manifests }))
      await worker.whileRunning(reaches(positions, load.ends, `the ${what} in Redis`));
    const { address } = await deployed.startQuery();
    producing = load.keep(options.number('rate'), { forMs: Number.POSITIVE_INFINITY, signal: stop.signal });
    producing.catch(() => undefined);
    const runs: Course[] = [];
    for (let repeat = 0; repeat < options.number('repeats'); repeat++) {
      await sleep(options.number('settle') * 1_000);
      const after = await recover({ deployed, load, worker, address });
      worker = after.worker;
      runs.push(after.course);
      console.error(JSON.stringify(after.course));
    }
    const sizes = await sizesOf(addresses.redisUrl, worker);
    const setting = { ...options.all, workload: 'stream', historyDays, partitions: partitionCount, restart: 'at once' };
    tell({ bench: 'recovery', machine, setting, rows: [...rowsOf(runs), ...sizes], details: runs }, options.jsonFile);
  } finally {
    stop.abort();
    await producing.catch(() => undefined);
    await load.close();
    await deployed.stop();
  }
});

/** Each actor once, in their order; then history and live traffic of the same people. */
function* workload(): Generator<SampleEvent> {
  const [actors, seed] = [options.number('actors'), options.number('seed')];
  const startMs = endMs - historyDays * dayMs;
  let index = 0;
  for (const event of eventStream({ seed, events: actors, people: actors, days: 1, endMs: startMs })) {
    const key = `customer-${String(index++).padStart(7, '0')}`;
    yield { ...event, key, value: event.value.replace(`"${event.key}"`, `"${key}"`) };
  }
  yield* eventStream({ seed: seed + 1, events: actors * (options.number('each') - 1), people: actors, days: historyDays, endMs });
  const live = options.number('rate') * options.number('repeats') * (options.number('settle') + recoveredWithinMs / 1_000);
  const days = live / options.number('rate') / 86_400;
  yield* eventStream({ seed: seed + 2, events: live, people: actors, days, endMs: endMs + days * dayMs });
}

interface Recovering {
  readonly deployed: Deployed;
  readonly load: SteadyLoad;
  readonly worker: MeasuredProcess;
  readonly address: string;
}

async function recover({ deployed, load, worker, address }: Recovering): Promise<{ worker: MeasuredProcess; course: Course }> {
  const acknowledged = markEnds(load);
  const killedAtMs = Date.now();
  const beganMs = performance.now();
  process.kill(worker.pid, 'SIGKILL');
  const wanted = [...load.ends];
  const since = (): number => performance.now() - beganMs;
  const starting = deployed.startWorker();
  const polling = { partitions: partitionCount, everyMs: pollMs };
  const answers = new Poller({ ...polling, ask: `${address}${question}` });
  const published = reaches(deployed.stores.redis, wanted, 'the heads in Redis').then(since);
  try {
    const next = await starting;
    const { port }: { port: number } = JSON.parse(await next.line('worker is up'));
    const replayed = reaches(() => foldedTo(port), wanted, 'the positions of the new worker').then(since);
    const fresh = untilFresh(answers, acknowledged.endsAt).then(since);
    const [replayedMs, publishedMs, freshMs] = await next.whileRunning(Promise.all([replayed, published, fresh]));
    const cpuMs = (await next.usage()).cpuUs / 1_000;
    const logged = (text: string): number[] => next.lines(text).map((line) => timeOf(line) - killedAtMs);
    const upMs = logged('worker is up')[0] ?? Number.NaN;
    const assignedMs = Math.min(...logged('"event":"assigned"'));
    const restoredMs = Math.max(...logged('"event":"loaded"'));
    return { worker: next, course: { upMs, assignedMs, restoredMs, replayedMs, publishedMs, freshMs, cpuMs } };
  } finally {
    acknowledged.stop();
    await answers.stop();
  }
}

/** Remembers what had been acknowledged when. */
function markEnds(load: SteadyLoad): { endsAt(atMs: number): Positions; stop(): void } {
  const marks: { readonly atMs: number; readonly ends: Positions }[] = [{ atMs: performance.now(), ends: [...load.ends] }];
  const stop = load.onAcknowledged(({ atMs }) => marks.push({ atMs, ends: [...load.ends] }));
  return { endsAt: (atMs) => (marks.findLast((mark) => mark.atMs <= atMs) ?? marks[0])?.ends ?? [], stop };
}

async function untilFresh(answers: Poller, endsAt: (atMs: number) => Positions): Promise<void> {
  const untilMs = performance.now() + recoveredWithinMs;
  for (; performance.now() < untilMs; await sleep(pollMs)) {
    const { positions } = answers;
    if (positions.length > 0 && endsAt(performance.now() - freshWithinMs).every((end, partition) => (positions[partition] ?? 0) >= end)) return;
  }
  throw new Error(`answers are not fresh ${recoveredWithinMs} ms after the kill: ${answers.positions.join(', ')}`);
}

/** Nothing of a partition that is not loaded yet. */
async function foldedTo(port: number): Promise<Positions> {
  const response = await fetch(`http://127.0.0.1:${port}/readyz`);
  const body: { details?: { partitions?: readonly { partition: number; next: number | null }[] } } = JSON.parse(await response.text());
  const next = new Map(body.details?.partitions?.map((status) => [status.partition, status.next ?? 0]));
  return Array.from({ length: partitionCount }, (_, partition) => next.get(partition) ?? 0);
}

/** Epoch ms of a log line. */
function timeOf(line: string): number {
  const { time }: { time: string | number } = JSON.parse(line);
  return typeof time === 'number' ? time : Date.parse(time);
}

function rowsOf(runs: readonly Course[]): readonly ReportRow[] {
  const session = options.number('session') * 1_000;
  const seconds = (figure: (course: Course) => number): number[] => runs.map((course) => figure(course) / 1_000);
  return [
    rowOf(
      'kill −9 → fresh again, beyond the session timeout',
      's',
      seconds(({ freshMs }) => freshMs - session),
      { kind: 'atMost', must: 8, aim: 3 },
    ),
    rowOf(
      'kill −9 → fresh again',
      's',
      seconds(({ freshMs }) => freshMs),
    ),
    rowOf(
      'start of the process, under way before the group lets it in',
      's',
      seconds(({ upMs }) => upMs),
    ),
    rowOf(
      'until the group gives it the partitions',
      's',
      seconds(({ assignedMs }) => assignedMs),
    ),
    rowOf(
      'restore: state of all partitions loaded',
      's',
      seconds(({ assignedMs, restoredMs }) => restoredMs - assignedMs),
    ),
    rowOf(
      'replay: up to what was acknowledged at the kill',
      's',
      seconds(({ restoredMs, replayedMs }) => replayedMs - restoredMs),
    ),
    rowOf(
      'first publish of it, whole in Redis',
      's',
      seconds(({ replayedMs, publishedMs }) => publishedMs - replayedMs),
    ),
    rowOf(
      'until an answer is fresh',
      's',
      seconds(({ publishedMs, freshMs }) => freshMs - publishedMs),
    ),
    rowOf(
      'processor time of the new process until then',
      's',
      seconds(({ cpuMs }) => cpuMs),
    ),
  ];
}

/** What this state takes, for the sizing of a deployment. */
async function sizesOf(redisUrl: string, worker: MeasuredProcess): Promise<readonly ReportRow[]> {
  const memory = await redisInfo(redisUrl, 'memory');
  const { rssBytes } = await worker.usage();
  const mebi = 2 ** 20;
  return [rowOf('Redis, memory in use', 'MiB', [Number(memory.get('used_memory')) / mebi]), rowOf('worker, resident', 'MiB', [rssBytes / mebi])];
}
