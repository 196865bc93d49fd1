// From the acknowledged event to the answer that holds it, at half of the worker's full speed: `npm run bench -- freshness [--rate=N --tiny]`.
import { eventStream } from '@tidemark/testing';
import { uniqueName } from '@tidemark/testing/engines';
import { quantileOf } from './in-process/spread.ts';
import { type BenchOptions, readBenchOptions } from './report/options.ts';
import { machineOf, type ReportRow, rowOf, tell } from './report/report.ts';
import { withEngines } from './running/engines.ts';
import { Poller } from './running/poller.ts';
import { type Deployed, deploy, reaches } from './running/services.ts';
import { SteadyLoad } from './running/steady-load.ts';
import type { MeasuredProcess } from './worker-throughput/measured-process.ts';
import { partitionCount } from './worker-throughput/topic.ts';
import { setFile } from './worker-throughput/workload.ts';

interface Run {
  readonly wantedPerSecond: number;
  readonly sentPerSecond: number;
  readonly publishedMs: readonly number[];
  readonly answeredMs: readonly number[];
  readonly polls: number;
  /** Of one core. */
  readonly workerShare: number;
  readonly queryShare: number;
}

type Options = BenchOptions<'events' | 'people' | 'rate' | 'seconds' | 'warm' | 'poll'>;

const endMs = Date.UTC(2025, 5, 30);
const dayS = 86_400;
/** As many events a second as the workload's own time has; what is sent a second may differ. */
const livePerSecond = 20_000;
/** More than a worker reaches, to make the workload long enough. */
const mostPerSecond = 200_000;
const answeredWithinMs = 30_000;
/** A board's question; its answer is one of the shortest. */
const question = '/v1/kpis/bookings';
/** Below this share of what was wanted, the figure is of another load. */
const enoughSent = 0.95;

const options: Options = readBenchOptions(process.argv.slice(2), {
  events: { full: 400_000, tiny: 20_000 },
  people: { full: 100_000, tiny: 2_000 },
  /** Events a second; 0: half of the full speed. */
  rate: { full: 0, tiny: 1_000, least: 0 },
  seconds: { full: 30, tiny: 2 },
  /** Seconds that are not counted. */
  warm: { full: 5, tiny: 1, least: 0 },
  poll: { full: 10, tiny: 20 },
});

await withEngines(['kafka', 'redis', 'clickhouse'], async ({ addresses }) => {
  const machine = await machineOf(addresses);
  const deployed = await deploy({ addresses, namespace: uniqueName('bench_freshness'), metricsFile: setFile, profileFolder: options.profileFolder });
  const load = await SteadyLoad.connect({ brokers: addresses.kafkaBrokers, topic: deployed.topic, events: workload() });
  try {
    await load.fill(options.number('events'));
    const { worker, perSecond } = await fullSpeed(deployed, load);
    const query = await deployed.startQuery();
    const wantedPerSecond = options.number('rate') || Math.round(perSecond / 2);
    console.error(
      `full speed ${Math.round(perSecond).toLocaleString('en-US')} events a second; measured at ${wantedPerSecond.toLocaleString('en-US')}`,
    );
    const runs: Run[] = [];
    for (let repeat = 0; repeat < options.number('repeats'); repeat++)
      runs.push(await measure({ deployed, load, worker, query: query.process, address: query.address, wantedPerSecond }));
    const setting = { ...options.all, workload: 'live', fullPerSecond: Math.round(perSecond), wantedPerSecond, partitions: partitionCount };
    const details = runs.map(({ publishedMs, answeredMs, ...run }) => ({ ...run, samples: answeredMs.length, published: publishedMs.length }));
    tell({ bench: 'freshness', machine, setting, rows: rowsOf(runs, perSecond), details }, options.jsonFile);
    for (const { sentPerSecond } of runs)
      if (sentPerSecond < enoughSent * wantedPerSecond)
        console.log(`the producer, which shares a core with the engines, came to ${Math.round(sentPerSecond)} events a second of ${wantedPerSecond}`);
  } finally {
    await load.close();
    await deployed.stop();
  }
});

function workload() {
  const seconds = options.number('repeats') * (options.number('seconds') + options.number('warm'));
  const events = options.number('events') + seconds * Math.max(options.number('rate'), mostPerSecond);
  return eventStream({ seed: options.number('seed'), events, people: options.number('people'), days: events / livePerSecond / dayS, endMs });
}

/** Events a second of a worker that has the log to itself, from joining its group until Redis is whole. */
async function fullSpeed(deployed: Deployed, load: SteadyLoad): Promise<{ worker: MeasuredProcess; perSecond: number }> {
  const worker = await deployed.startWorker();
  const beganMs = performance.now();
  await worker.whileRunning(reaches(deployed.stores.redis, load.ends, 'the heads in Redis'));
  return { worker, perSecond: options.number('events') / ((performance.now() - beganMs) / 1_000) };
}

interface Measuring {
  readonly deployed: Deployed;
  readonly load: SteadyLoad;
  readonly worker: MeasuredProcess;
  readonly query: MeasuredProcess;
  readonly address: string;
  readonly wantedPerSecond: number;
}

async function measure({ deployed, load, worker, query, address, wantedPerSecond }: Measuring): Promise<Run> {
  if (options.number('warm') > 0) await load.keep(wantedPerSecond, { forMs: options.number('warm') * 1_000 });
  const polling = { partitions: partitionCount, everyMs: options.number('poll') };
  const answers = new Poller({ ...polling, ask: `${address}${question}` });
  const published = new Poller({ ...polling, ask: deployed.stores.redis });
  const stops = [answers, published].map((poller) => load.onAcknowledged((acknowledged) => poller.expect(acknowledged)));
  const [before, beganMs] = [await Promise.all([worker.usage(), query.usage()]), performance.now()];
  const sentPerSecond = await worker.whileRunning(load.keep(wantedPerSecond, { forMs: options.number('seconds') * 1_000 }));
  const [after, wallUs] = [await Promise.all([worker.usage(), query.usage()]), (performance.now() - beganMs) * 1_000];
  for (const stop of stops) stop();
  await Promise.all([answers.drained(answeredWithinMs), published.drained(answeredWithinMs)]);
  await Promise.all([answers.stop(), published.stop()]);
  const share = (index: 0 | 1): number => (after[index].cpuUs - before[index].cpuUs) / wallUs;
  const { delaysMs: answeredMs, polls } = answers;
  return { wantedPerSecond, sentPerSecond, publishedMs: published.delaysMs, answeredMs, polls, workerShare: share(0), queryShare: share(1) };
}

function rowsOf(runs: readonly Run[], perSecond: number): readonly ReportRow[] {
  const of = (figure: (run: Run) => number): number[] => runs.map(figure);
  return [
    rowOf(
      'acknowledged → in an answer, p50',
      'ms',
      of(({ answeredMs }) => quantileOf(answeredMs, 0.5)),
    ),
    rowOf(
      'acknowledged → in an answer, p99',
      'ms',
      of(({ answeredMs }) => quantileOf(answeredMs, 0.99)),
      { kind: 'atMost', must: 800, aim: 450 },
    ),
    rowOf(
      'of it: acknowledged → published in Redis, p50',
      'ms',
      of(({ publishedMs }) => quantileOf(publishedMs, 0.5)),
    ),
    rowOf(
      'of it: acknowledged → published in Redis, p99',
      'ms',
      of(({ publishedMs }) => quantileOf(publishedMs, 0.99)),
    ),
    rowOf('full speed of the worker, catching up', 'events / s', [perSecond]),
    rowOf(
      'sent meanwhile',
      'events / s',
      of(({ sentPerSecond }) => sentPerSecond),
    ),
    rowOf(
      'worker, share of its core',
      '',
      of(({ workerShare }) => workerShare),
    ),
    rowOf(
      'query service, share of the same core',
      '',
      of(({ queryShare }) => queryShare),
    ),
  ];
}
