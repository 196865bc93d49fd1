// What folding, state and answers cost as events, users, metrics, partitions and ranges grow, with fitted exponents: `npm run bench -- scale [--tiny]`.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { estimateStateBytes } from '@tidemark/codec';
import type { MetricSet } from '@tidemark/core';
import { parseMetricSet } from '@tidemark/definitions';
import { eventStream } from '@tidemark/testing';
import { uniqueName } from '@tidemark/testing/engines';
import { fittedExponent } from './in-process/fitted-exponent.ts';
import { answerCpuMs, type FoldedWorld, foldWorld, lastDays } from './in-process/folded-world.ts';
import { quantileOf, spreadOf } from './in-process/spread.ts';
import type { FedEvent } from './in-process/stepped-worker.ts';
import { tableText } from './in-process/table-text.ts';
import { type BenchOptions, readBenchOptions } from './report/options.ts';
import { figureText, machineOf, type ReportRow, rowOf, tell } from './report/report.ts';
import { withEngines } from './running/engines.ts';

/** What a world is made of, one of which is varied at a time. */
interface Size {
  readonly events: number;
  readonly users: number;
  readonly metrics: number;
  readonly partitions: number;
  /** Days that are asked for. */
  readonly range: number;
}

type Dimension = keyof Size;

interface Costs {
  /** Decoding and folding, µs of CPU for one event. */
  readonly foldUs: number;
  /** Of the state as it is packed, all partitions. */
  readonly stateBytes: number;
  /** One answer of the retention and of the funnel, read, ms of CPU, medians. */
  readonly retentionMs: number;
  readonly funnelMs: number;
}

interface Point {
  readonly dimension: Dimension;
  readonly size: number;
  /** Medians over the repeats. */
  readonly costs: Costs;
}

const costNames: Readonly<Record<keyof Costs, string>> = {
  foldUs: 'fold, µs / event',
  stateBytes: 'state, bytes',
  retentionMs: 'retention, ms CPU',
  funnelMs: 'funnel, ms CPU',
};
const costs = ['foldUs', 'stateBytes', 'retentionMs', 'funnelMs'] as const;
const factors = [1, 2, 4, 8];
const metricsFile = join(import.meta.dirname, 'queries/figures.yaml');
const names = ['Page Viewed', 'Button Clicked', 'Cabinet Opened', 'Offer Shown', 'Slot Chosen', 'Message Sent', 'Chat Opened', 'Service Booked'];
const historyDays = 120;
/** Between two answers: a quarter of a second's. */
const movedEvents = 500;
const endMs = Date.UTC(2025, 5, 20, 12);

const options: BenchOptions<'events' | 'users' | 'samples'> = readBenchOptions(process.argv.slice(2), {
  /** Of the smallest world. */
  events: { full: 50_000, tiny: 1_000 },
  users: { full: 5_000, tiny: 200 },
  samples: { full: 40, tiny: 2 },
});
const base: Size = { events: 2 * options.number('events'), users: options.number('users'), metrics: 2, partitions: 12, range: 60 };
/** Each from about a quarter of the base to twice of it, so that no variation leaves the base far behind. */
const smallest: Readonly<Record<Dimension, number>> = {
  events: options.number('events'),
  users: options.number('users') / 2,
  metrics: 2,
  partitions: 3,
  range: 11,
};

await withEngines(['redis'], async ({ addresses }) => {
  const machine = await machineOf(addresses);
  const runs: Point[][] = [];
  // Not counted: a round that compiles the code.
  for (let repeat = options.isTiny ? 0 : -1; repeat < options.number('repeats'); repeat++) {
    // Alternating, so that a machine that grows slower or faster favours nobody.
    const round = await measureAll(addresses.redisUrl, repeat % 2 === 0 ? sizes() : sizes().toReversed());
    if (repeat >= 0) runs.push(round);
  }
  const points = mediansOf(runs);
  console.log(tableOf(points));
  tell({ bench: 'scale', machine, setting: { ...options.all, historyDays, base }, rows: rowsOf(points), details: points }, options.jsonFile);
});

function sizes(): { readonly dimension: Dimension; readonly size: Size }[] {
  const dimensions: readonly Dimension[] = ['events', 'users', 'metrics', 'partitions', 'range'];
  return dimensions.flatMap((dimension) => factors.map((factor) => ({ dimension, size: { ...base, [dimension]: smallest[dimension] * factor } })));
}

async function measureAll(redisUrl: string, wanted: readonly { readonly dimension: Dimension; readonly size: Size }[]): Promise<Point[]> {
  const points: Point[] = [];
  for (const { dimension, size } of wanted) points.push({ dimension, size: size[dimension], costs: await measure(redisUrl, size) });
  return points;
}

async function measure(redisUrl: string, size: Size): Promise<Costs> {
  const world = await foldWorld({
    set: setOf(size.metrics),
    partitions: size.partitions,
    redisUrl,
    namespace: uniqueName('bench_scale'),
    events: eventStream({ seed: options.number('seed'), events: size.events, people: size.users, days: historyDays, endMs }),
    live: liveStream(size.users),
    movedEvents,
  });
  try {
    return {
      // A handful of events may fall between two ticks of the processor's clock; no logarithm takes 0.
      foldUs: Math.max(1, world.worker.foldCpuUs) / world.worker.fed,
      stateBytes: world.worker.states().reduce((sum, state) => sum + estimateStateBytes(state), 0),
      retentionMs: await askedMs(world, 'came_back', size.range),
      funnelMs: await askedMs(world, 'bought', size.range),
    };
  } finally {
    await world.close();
  }
}

/** As many as all answers of a world take, at 2,000 a second. */
function liveStream(people: number): Iterable<FedEvent> {
  const events = 2 * options.number('samples') * movedEvents;
  const days = events / 2_000 / 86_400;
  return eventStream({ seed: options.number('seed') + 1, events, people, days, endMs: endMs + days * 86_400_000 });
}

async function askedMs(world: FoldedWorld, metric: string, days: number): Promise<number> {
  const question = { metric, query: await lastDays(world, metric, days) };
  const samples: number[] = [];
  for (let sample = 0; sample < options.number('samples'); sample++) samples.push(await answerCpuMs(world, question));
  return quantileOf(samples, 0.5);
}

/** The retention and the funnel, and as many like them, on other names of the traffic, as make so many metrics. */
function setOf(metrics: number): MetricSet {
  const others = Array.from({ length: metrics / 2 - 1 }, (_, index) => {
    const name = (step: number): string => names[(index + 1 + step * (1 + (index % 2))) % names.length] ?? '';
    const steps = [0, 1, 2, 3, 4].map(name).join(', ');
    return [
      `  - { id: came_back_${index}, kind: retention, title: R, start: ${name(0)}, return: "*", unit: day, columns: 30, entry: every }`,
      `  - { id: bought_${index}, kind: funnel, title: F, steps: [${steps}], window: 14d, unit: day, lookback: 90 }`,
    ];
  });
  const parsed = parseMetricSet([readFileSync(metricsFile, 'utf8'), ...others.flat()].join('\n'), { file: 'scaled' });
  if (!parsed.ok) throw new Error(parsed.problems.map(({ line, message }) => `${line} ${message}`).join('\n'));
  return parsed.set;
}

function mediansOf(runs: readonly (readonly Point[])[]): Point[] {
  return sizes().map(({ dimension, size }) => {
    const own = runs.flatMap((run) => run.filter((point) => point.dimension === dimension && point.size === size[dimension]));
    const median = (cost: keyof Costs): number => spreadOf(own.map((point) => point.costs[cost])).median;
    const [foldUs, stateBytes, retentionMs, funnelMs] = [median('foldUs'), median('stateBytes'), median('retentionMs'), median('funnelMs')];
    return { dimension, size: size[dimension], costs: { foldUs, stateBytes, retentionMs, funnelMs } };
  });
}

function tableOf(points: readonly Point[]): string {
  const lines = points.map(({ dimension, size, costs: own }) => [
    `${dimension} ${size.toLocaleString('en-US')}`,
    ...costs.map((cost) => figureText(own[cost])),
  ]);
  return tableText([['one varied, the others as the base', ...costs.map((cost) => costNames[cost])], ...lines]);
}

/** The exponents. */
function rowsOf(points: readonly Point[]): readonly ReportRow[] {
  const dimensions = [...new Set(points.map(({ dimension }) => dimension))];
  return dimensions.flatMap((dimension) =>
    costs
      // A range is asked for, and changes nothing that is kept.
      .filter((cost) => dimension !== 'range' || cost === 'retentionMs' || cost === 'funnelMs')
      .map((cost) => {
        const own = points.filter((point) => point.dimension === dimension);
        return rowOf(`${costNames[cost]} against ${dimension}`, 'exponent', [fittedExponent(own.map((point) => [point.size, point.costs[cost]]))]);
      }),
  );
}
