// Answers under open-loop load while positions move, and what an answer costs when there are ten times the events: `npm run bench -- queries [--tiny]`.
import { join } from 'node:path';
import { eventStream, type SampleEvent } from '@tidemark/testing';
import { uniqueName } from '@tidemark/testing/engines';
import { answerCpuMs, type FoldedWorld, foldWorld, lastDays, type Question } from './in-process/folded-world.ts';
import { quantileOf } from './in-process/spread.ts';
import { type BenchOptions, readBenchOptions } from './report/options.ts';
import { machineOf, type ReportRow, rowOf, tell } from './report/report.ts';
import { withEngines } from './running/engines.ts';
import { Asker, type OpenLoop } from './running/open-loop.ts';
import { counterOf, type Deployed, deploy, reaches } from './running/services.ts';
import { SteadyLoad } from './running/steady-load.ts';
import { partitionCount } from './worker-throughput/topic.ts';
import { readSet } from './worker-throughput/workload.ts';

type Options = BenchOptions<'events' | 'people' | 'requests' | 'rate' | 'seconds' | 'growth' | 'samples'>;

const metricsFile = join(import.meta.dirname, 'queries/figures.yaml');
const retentionDays = 30;
const funnelDays = 90;
/** Of the history: a cohort of the funnel's first day has its whole window before it. */
const historyDays = 120;
const historyEndMs = Date.UTC(2025, 5, 20, 12);
const warmMs = 6_000;
/** Between two answers of one world: a quarter of a second of the live rate. */
const movedEvents = 500;

const options: Options = readBenchOptions(process.argv.slice(2), {
  /** Of the history. */
  events: { full: 300_000, tiny: 10_000 },
  people: { full: 20_000, tiny: 1_000 },
  requests: { full: 200, tiny: 40 },
  /** Live events a second. */
  rate: { full: 2_000, tiny: 500 },
  seconds: { full: 30, tiny: 3 },
  /** Events of the smallest of three histories of the same days: of the others one has ten times the people, one ten times the events of each. */
  growth: { full: 100_000, tiny: 2_000 },
  samples: { full: 200, tiny: 5 },
});

interface Loaded {
  readonly allMs: readonly number[];
  readonly byQuestion: readonly (readonly number[])[];
  readonly hits: number;
  readonly misses: number;
  readonly queryShare: number;
}

/** Milliseconds of processor time per answer, in turn over the worlds. */
interface Growth {
  readonly question: string;
  readonly smallMs: readonly number[];
  readonly morePeopleMs: readonly number[];
  readonly busierMs: readonly number[];
}

await withEngines(['kafka', 'redis', 'clickhouse'], async ({ addresses }) => {
  const machine = await machineOf(addresses);
  const growth = await measureGrowth(addresses.redisUrl);
  const deployed = await deploy({ addresses, namespace: uniqueName('bench_queries'), metricsFile, profileFolder: options.profileFolder });
  const load = await SteadyLoad.connect({ brokers: addresses.kafkaBrokers, topic: deployed.topic, events: historyThenLive() });
  try {
    await load.fill(options.number('events'));
    const runs = await measureLoaded(deployed, load);
    const details = {
      loaded: runs.map(({ hits, misses, allMs, queryShare }) => ({ requests: allMs.length, hits, misses, queryShare })),
      growth: growth.map(({ question, smallMs, morePeopleMs, busierMs }) => {
        const [small, morePeople, busier] = [smallMs, morePeopleMs, busierMs].map((ms) => quantileOf(ms, 0.5));
        return { question, small, morePeople, busier };
      }),
    };
    const setting = { ...options.all, retentionDays, funnelDays, historyDays, partitions: partitionCount, order: 'retention, funnel in turn' };
    tell({ bench: 'queries', machine, setting, rows: rowsOf(runs, growth), details }, options.jsonFile);
  } finally {
    await load.close();
    await deployed.stop();
  }
});

function* historyThenLive(): Generator<SampleEvent> {
  const [seed, people, events] = [options.number('seed'), options.number('people'), options.number('events')];
  yield* eventStream({ seed, events, people, days: historyDays, endMs: historyEndMs });
  yield* liveStream(options.number('rate') * (options.number('seconds') + 30) * options.number('repeats') * 2, people);
}

/** People of another seed have other ids of messages and the same names. Its time goes on about as the clock on the wall does. */
function liveStream(events: number, people: number): Iterable<SampleEvent> {
  const days = events / options.number('rate') / 86_400;
  return eventStream({ seed: options.number('seed') + 1, events, people, days, endMs: historyEndMs + days * 86_400_000 });
}

async function measureLoaded(deployed: Deployed, load: SteadyLoad): Promise<readonly Loaded[]> {
  const worker = await deployed.startWorker();
  await worker.whileRunning(reaches(deployed.stores.redis, load.ends, 'the heads in Redis'));
  const query = await deployed.startQuery();
  const stop = new AbortController();
  const producing = load.keep(options.number('rate'), { forMs: Number.POSITIVE_INFINITY, signal: stop.signal });
  producing.catch(() => undefined);
  const runs: Loaded[] = [];
  const asker = new Asker();
  try {
    const urls = await addressesOf(query.address);
    const asking: OpenLoop = { urls, perSecond: options.number('requests'), forMs: options.number('seconds') * 1_000 };
    await asker.ask({ ...asking, forMs: warmMs });
    for (let repeat = 0; repeat < options.number('repeats'); repeat++) {
      const answers = (cache: string): Promise<number> => counterOf(`${query.address}/metrics`, 'answers_total', `cache="${cache}"`);
      const [hits, misses, before, beganMs] = [await answers('hit'), await answers('miss'), await query.process.usage(), performance.now()];
      const asked = await query.process.whileRunning(asker.ask(asking));
      const [after, wallUs] = [await query.process.usage(), (performance.now() - beganMs) * 1_000];
      runs.push({
        allMs: asked.map(({ ms }) => ms),
        byQuestion: urls.map((_, index) => asked.filter((each) => each.index === index).map(({ ms }) => ms)),
        hits: (await answers('hit')) - hits,
        misses: (await answers('miss')) - misses,
        queryShare: (after.cpuUs - before.cpuUs) / wallUs,
      });
    }
  } finally {
    asker.close();
    stop.abort();
    await producing;
  }
  return runs;
}

/** The month of cohorts and the quarter of the funnel that end at the watermark. */
async function addressesOf(address: string): Promise<readonly string[]> {
  const response = await fetch(`${address}/v1/kpis/opened`);
  if (response.status !== 200) throw new Error(`the first question was answered with ${response.status}: ${await response.text()}`);
  const { to }: { to: string } = JSON.parse(await response.text());
  const before = (days: number): string => new Date(Date.parse(`${to}T00:00:00Z`) - (days - 1) * 86_400_000).toISOString().slice(0, 10);
  return [
    `${address}/v1/retention/came_back?from=${before(retentionDays)}&to=${to}`,
    `${address}/v1/funnels/bought?from=${before(funnelDays)}&to=${to}`,
  ];
}

/** The same days, with ten times the people and with ten times the events of each, asked in turn. */
async function measureGrowth(redisUrl: string): Promise<readonly Growth[]> {
  const set = readSet(metricsFile);
  const [seed, people, events] = [options.number('seed'), options.number('people'), options.number('growth')];
  const worldOf = (events: number, people: number): Promise<FoldedWorld> =>
    foldWorld({
      set,
      partitions: partitionCount,
      redisUrl,
      namespace: uniqueName(`bench_growth_${events}_${people}`),
      events: eventStream({ seed, events, people, days: historyDays, endMs: historyEndMs }),
      live: liveStream(2 * 2 * options.number('samples') * movedEvents, people),
      movedEvents,
    });
  const worlds = [await worldOf(events, people), await worldOf(10 * events, 10 * people), await worldOf(10 * events, people)] as const;
  try {
    const growth: Growth[] = [];
    for (const [metric, days] of [['came_back', retentionDays] as const, ['bought', funnelDays] as const]) {
      const query = await lastDays(worlds[0], metric, days);
      growth.push(await askInTurn(worlds, { metric, query }));
    }
    return growth;
  } finally {
    for (const world of worlds) await world.close();
  }
}

async function askInTurn(worlds: readonly FoldedWorld[], question: Question): Promise<Growth> {
  const ms = worlds.map((): number[] => []);
  const samples = options.number('samples');
  // The first half is not counted: it compiles the code.
  for (let sample = -samples; sample < samples; sample++) {
    for (const [index, world] of worlds.entries()) {
      const tookMs = await answerCpuMs(world, question);
      if (sample >= 0) ms[index]?.push(tookMs);
    }
  }
  const [smallMs = [], morePeopleMs = [], busierMs = []] = ms;
  return { question: question.metric, smallMs, morePeopleMs, busierMs };
}

function rowsOf(runs: readonly Loaded[], growth: readonly Growth[]): readonly ReportRow[] {
  const of = (figure: (run: Loaded) => number): number[] => runs.map(figure);
  const loaded = [
    rowOf(
      'both questions, p50',
      'ms',
      of(({ allMs }) => quantileOf(allMs, 0.5)),
    ),
    rowOf(
      'both questions, p99',
      'ms',
      of(({ allMs }) => quantileOf(allMs, 0.99)),
      { kind: 'atMost', must: 15, aim: 6 },
    ),
    ...['retention, 30 cohorts × 31 columns', 'funnel, 5 steps over 90 days'].map((name, index) =>
      rowOf(
        `${name}, p99`,
        'ms',
        of(({ byQuestion }) => quantileOf(byQuestion[index] ?? [], 0.99)),
      ),
    ),
    rowOf(
      'answers whose figures were kept',
      '',
      of(({ hits, misses }) => hits / (hits + misses)),
    ),
    rowOf(
      'query service, share of its core',
      '',
      of(({ queryShare }) => queryShare),
    ),
  ];
  const grown = growth.flatMap(({ question, smallMs, morePeopleMs, busierMs }) => {
    const ratio = (name: string, ms: readonly number[]): ReportRow =>
      rowOf(`${question}: ${name}, ratio`, '×', [quantileOf(ms, 0.5) / quantileOf(smallMs, 0.5)], { kind: 'atMost', must: 1.2, aim: 1.05 });
    return [
      rowOf(`${question}: CPU per answer of new positions, ${options.number('growth').toLocaleString('en-US')} events`, 'ms', [
        quantileOf(smallMs, 0.5),
      ]),
      ratio('the same with ten times the people', morePeopleMs),
      ratio('the same with ten times the events of each person', busierMs),
    ];
  });
  return [...loaded, ...grown];
}
