// What 100 more metrics on event names that do not occur cost the fold: `npm run bench -- metrics [--tiny]`.
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { MetricSet } from '@tidemark/core';
import { parseMetricSet } from '@tidemark/definitions';
import { heapInUse } from './in-process/collect-garbage.ts';
import { FoldedPartitions, partitionOfKey } from './in-process/folded-partitions.ts';
import { type Spread, spreadOf } from './in-process/spread.ts';
import { tableText } from './in-process/table-text.ts';
import { setFile, workloadEvents } from './worker-throughput/workload.ts';

export interface MetricsReport {
  readonly events: number;
  readonly metrics: readonly [number, number];
  /** CPU per event by the car dealer's set and by the larger one, medians. */
  readonly decodeUs: readonly [number, number];
  readonly foldUs: readonly [number, number];
  /** The larger set over the dealer's, repeat by repeat: of the fold alone, and of decoding and folding. */
  readonly foldRatio: Spread;
  readonly ratio: Spread;
}

interface Run {
  readonly decodeUs: number;
  readonly foldUs: number;
}

interface Records {
  readonly keys: readonly Buffer[];
  readonly values: readonly Buffer[];
  readonly partitions: Uint8Array;
}

/** One metric of each kind on names of its own; sliced as the dealer's are, one of the five by a tuple too, one on a property of its own. */
function fiveMetrics(number: number): string {
  const [first, second, third] = [1, 2, 3].map((step) => `Never Seen ${number}-${step}`);
  const slice = 'slice: [channel, segment, device, purchases]';
  return [
    `{ id: more_r${number}, kind: retention, title: R, start: ${first}, return: ${second}, unit: day, entry: every, columns: 30, ${slice} }`,
    `{ id: more_f${number}, kind: funnel, title: F, steps: [${first}, ${second}, ${third}], window: 7d, ${slice} }`,
    `{ id: more_a${number}, kind: activation, title: A, start: ${first}, entry: every, within: 30d, all: [{ select: ${second} }, { select: ${third} }], unit: week, ${slice} }`,
    `{ id: more_d${number}, kind: activity, title: D, event: ${first}, unit: day, rolling: [7, 30], slice: [channel, [channel, ${number % 2 === 0 ? 'device' : 'segment'}]] }`,
    `{ id: more_k${number}, kind: kpi, title: K, measure: { sum: { event: ${third}, where: { more_${number}: [a, b] } }, property: amount_${number}, decimals: 2 }, unit: hour, ${slice} }`,
  ]
    .map((metric) => `  - ${metric}\n`)
    .join('');
}

function setWith(more: number): MetricSet {
  const written = readFileSync(setFile, 'utf8');
  const added = Array.from({ length: more / 5 }, (_, number) => fiveMetrics(number)).join('');
  const parsed = parseMetricSet(
    written.replace('\nboard:', () => `\n${added}\nboard:`),
    { file: 'larger' },
  );
  if (!parsed.ok) throw new Error(parsed.problems.map(({ line, message }) => `${line} ${message}`).join('\n'));
  return parsed.set;
}

/** All events once: decoded alone, then decoded and folded into fresh state. */
function runOf(set: MetricSet, { keys, values, partitions }: Records): Run {
  const folded = new FoldedPartitions([set]);
  heapInUse();
  const decodeUs = cpuUs(() => {
    for (let at = 0; at < keys.length; at++) folded.decoder.decode(keys[at] as Buffer, values[at] as Buffer);
  });
  const allUs = cpuUs(() => {
    for (let at = 0; at < keys.length; at++) folded.apply(partitions[at] as number, keys[at] as Buffer, values[at] as Buffer);
  });
  return { decodeUs: decodeUs / keys.length, foldUs: (allUs - decodeUs) / keys.length };
}

function cpuUs(work: () => void): number {
  const before = process.threadCpuUsage();
  work();
  const { user, system } = process.threadCpuUsage(before);
  return user + system;
}

function recordsOf(options: { seed: number; events: number; people: number }): Records {
  const keys: Buffer[] = [];
  const values: Buffer[] = [];
  for (const event of workloadEvents({ workload: 'stream', days: 10, ...options })) {
    keys.push(Buffer.from(event.key));
    values.push(Buffer.from(event.value));
  }
  return { keys, values, partitions: Uint8Array.from(keys, partitionOfKey) };
}

function reportOf(sets: readonly [MetricSet, MetricSet], events: number, runs: readonly (readonly [Run, Run])[]): MetricsReport {
  const medians = (of: keyof Run): [number, number] => [spreadOf(runs.map(([a]) => a[of])).median, spreadOf(runs.map(([, b]) => b[of])).median];
  return {
    events,
    metrics: [sets[0].metrics.length, sets[1].metrics.length],
    decodeUs: medians('decodeUs'),
    foldUs: medians('foldUs'),
    foldRatio: spreadOf(runs.map(([small, large]) => large.foldUs / small.foldUs)),
    ratio: spreadOf(runs.map(([small, large]) => (large.foldUs + large.decodeUs) / (small.foldUs + small.decodeUs))),
  };
}

const { values } = parseArgs({
  options: {
    events: { type: 'string' },
    repeats: { type: 'string' },
    seed: { type: 'string', default: '1' },
    json: { type: 'string' },
    tiny: { type: 'boolean', default: false },
  },
});
const events = Number(values.events ?? (values.tiny ? 20_000 : 200_000));
const repeats = Number(values.repeats ?? (values.tiny ? 1 : 15));
const sets = [setWith(0), setWith(100)] as const;
const records = recordsOf({ seed: Number(values.seed), events, people: events / 10 });
// Not counted: the first run of each compiles the code.
for (const set of sets) runOf(set, records);
const runs: [Run, Run][] = [];
for (let repeat = 0; repeat < repeats; repeat++) {
  // Alternating, so that a machine that grows slower or faster favours nobody.
  if (repeat % 2 === 0) runs.push([runOf(sets[0], records), runOf(sets[1], records)]);
  else {
    const large = runOf(sets[1], records);
    runs.push([runOf(sets[0], records), large]);
  }
}
const report = reportOf(sets, events, runs);
const ratioText = ({ median, min, max }: Spread): string => `${median.toFixed(3)} (${min.toFixed(3)} – ${max.toFixed(3)})`;
console.log(`${events.toLocaleString('en-US')} events of the stream, ${repeats} repeats, CPU µs per event, medians`);
console.log(
  tableText([
    ['metrics', 'decode', 'fold'],
    ...report.metrics.map((count, index) => [String(count), (report.decodeUs[index] ?? 0).toFixed(3), (report.foldUs[index] ?? 0).toFixed(3)]),
  ]),
);
console.log(`ratio of the fold: ${ratioText(report.foldRatio)}; of decoding and folding: ${ratioText(report.ratio)}`);
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
