// Medians, spreads and ratios of the peers' runs, as a table for people and as JSON; a row that came to other results has failed.
import { type Spread, spreadOf } from '../in-process/spread.ts';
import { tableText } from '../in-process/table-text.ts';
import { type PeerName, type PeerRun, peers } from './contenders.ts';
import { type ComparedMetric, comparedMetrics, compareFigures, type Figures } from './figures.ts';

export interface PeerRow {
  readonly peer: PeerName;
  readonly eventsPerCpuSecond: Spread;
  readonly cpuUsPerEvent: number;
  readonly wallS: Spread;
  /** Garbage collection as a share of the CPU time. */
  readonly gcShare: number;
  readonly peakRssMib: number;
  /** How its results were compared, and that they are the same. */
  readonly equality: string;
  /** Why its times do not count: its results are others than ours. */
  readonly failure: string | null;
}

export interface RatioRow {
  readonly measure: string;
  readonly ratio: Spread;
  readonly must: string;
  readonly aim: string;
}

export interface PeersReport {
  readonly rows: readonly PeerRow[];
  readonly ratios: readonly RatioRow[];
  /** Peers that could not run here or failed, and why. */
  readonly skipped: Readonly<Record<string, string>>;
}

const titles: Readonly<Record<PeerName, string>> = {
  parse: 'kafkajs eachBatch + JSON.parse',
  worker: 'worker, car dealer’s set, publishing and checkpointing',
  'worker-same': 'worker, only the metrics that the peers compute',
  streams: 'Kafka Streams, in-memory stores with changelog',
  consumer: 'plain Java consumer + Jackson + fold in arrays',
  naive: 'naive service, a script awaited per event',
  'naive-pipelined': 'naive service, scripts pipelined per batch',
  archiver: 'archiver',
  inserter: 'kafkajs eachBatch + JSON.parse + clickhouse-js JSON rows',
};

/** What each peer computes of the figures that the worker serves. */
const computes: Readonly<Partial<Record<PeerName, readonly ComparedMetric[]>>> = {
  'worker-same': comparedMetrics,
  streams: ['cabinet_retention', 'active_customers', 'engaged_customers'],
  consumer: comparedMetrics,
  naive: comparedMetrics,
  'naive-pipelined': comparedMetrics,
};

const ratios: readonly { measure: string; ours: PeerName; theirs: PeerName; must: string; aim: string }[] = [
  { measure: 'worker / (kafkajs + JSON.parse)', ours: 'worker', theirs: 'parse', must: '≥ 1.0', aim: '≥ 1.3' },
  { measure: 'worker / Kafka Streams', ours: 'worker', theirs: 'streams', must: '≥ 1.5', aim: '≥ 2.5' },
  { measure: 'the same metrics alone / Kafka Streams', ours: 'worker-same', theirs: 'streams', must: 'reported', aim: '' },
  { measure: 'worker / plain Java consumer', ours: 'worker', theirs: 'consumer', must: 'reported', aim: '≥ 1.0' },
  { measure: 'the same metrics alone / plain Java consumer', ours: 'worker-same', theirs: 'consumer', must: 'reported', aim: '' },
  { measure: 'worker / naive service', ours: 'worker', theirs: 'naive', must: '≥ 10', aim: '≥ 20' },
  { measure: 'worker / naive service, pipelined', ours: 'worker', theirs: 'naive-pipelined', must: 'reported', aim: '' },
  { measure: 'archiver / (kafkajs + parse + clickhouse-js)', ours: 'archiver', theirs: 'inserter', must: '≥ 1.0', aim: '≥ 2' },
];

/** Runs of one repeat share their place in each peer's list. `more` are ratios that were measured elsewhere. */
export function peersReportOf(runs: readonly PeerRun[], more: readonly RatioRow[], skipped: Readonly<Record<string, string>>): PeersReport {
  const by = (peer: PeerName): PeerRun[] => runs.filter((run) => run.peer === peer);
  const served = by('worker')[0]?.figures ?? null;
  const rows = peers.filter((peer) => by(peer).length > 0).map((peer) => rowOf(peer, by(peer), served, by('archiver')[0]?.rows ?? null));
  const counts = (peer: PeerName): boolean => rows.some((row) => row.peer === peer && row.failure === null);
  const made = ratios
    .filter(({ ours, theirs }) => counts(ours) && counts(theirs))
    .map(({ measure, ours, theirs, must, aim }) => {
      const peer = by(theirs).map(perCpuSecond);
      return { measure, must, aim, ratio: spreadOf(by(ours).flatMap((run, repeat) => (peer[repeat] ? [perCpuSecond(run) / peer[repeat]] : []))) };
    });
  return { rows, ratios: [...made, ...more], skipped };
}

function rowOf(peer: PeerName, runs: readonly PeerRun[], served: Figures | null, archived: string | null): PeerRow {
  const eventsPerCpuSecond = spreadOf(runs.map(perCpuSecond));
  return {
    peer,
    eventsPerCpuSecond,
    cpuUsPerEvent: 1e6 / eventsPerCpuSecond.median,
    wallS: spreadOf(runs.map((run) => run.wallS)),
    gcShare: spreadOf(runs.map((run) => run.gcS / run.cpuS)).median,
    peakRssMib: spreadOf(runs.map((run) => run.peakRssMib)).median,
    ...equalityOf(peer, runs, served, archived),
  };
}

/** Every repeat is compared, not only the first. */
function equalityOf(
  peer: PeerName,
  runs: readonly PeerRun[],
  served: Figures | null,
  archived: string | null,
): Pick<PeerRow, 'equality' | 'failure'> {
  if (peer === 'parse') return { equality: 'computes nothing', failure: null };
  if (peer === 'archiver' || peer === 'inserter') {
    const other = runs.find((run) => run.rows !== archived);
    if (archived === null || other !== undefined)
      return { equality: '', failure: `rows: ${String(other?.rows ?? runs[0]?.rows)}; the archiver's: ${String(archived)}` };
    return { equality: `the same ${archived.split(',')[0]}`, failure: null };
  }
  const metrics = computes[peer] ?? comparedMetrics;
  let same = 0;
  for (const { figures } of runs) {
    if (served === null || figures === null) return { equality: '', failure: 'there are no figures to compare with: the worker did not run' };
    const comparison = compareFigures(served, figures, metrics);
    if (comparison.differences.length > 0) return { equality: '', failure: comparison.differences.join('; ') };
    same = comparison.same;
  }
  return { equality: `${peer === 'worker' ? 'serves' : 'the same'} ${same} integers of ${metrics.length} metrics`, failure: null };
}

export function peersReportText(report: PeersReport): string {
  const header = ['', 'events / CPU s', '(min – max)', 'µs / event', 'wall s', 'GC', 'peak RSS MiB', 'results'];
  const lines = report.rows.map((row) =>
    row.failure === null
      ? [
          titles[row.peer],
          thousands(row.eventsPerCpuSecond.median),
          `${thousands(row.eventsPerCpuSecond.min)} – ${thousands(row.eventsPerCpuSecond.max)}`,
          row.cpuUsPerEvent.toFixed(2),
          row.wallS.median.toFixed(1),
          `${(row.gcShare * 100).toFixed(0)} %`,
          row.peakRssMib.toFixed(0),
          row.equality,
        ]
      : [titles[row.peer], '', '', '', '', '', '', `FAILED: ${row.failure}`],
  );
  const ratioLines = report.ratios.map(({ measure, ratio, must, aim }) => [measure, ratioText(ratio), must, aim]);
  const skipped = Object.entries(report.skipped).map(([peer, reason]) => `not run: ${peer}: ${reason}`);
  return [tableText([header, ...lines]), '', tableText([['ratio', 'median (min – max)', 'must', 'aim'], ...ratioLines]), ...skipped].join('\n');
}

function ratioText({ median, min, max }: Spread): string {
  return `${median.toFixed(2)} (${min.toFixed(2)} – ${max.toFixed(2)})`;
}

function perCpuSecond(run: PeerRun): number {
  return run.events / run.cpuS;
}

function thousands(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
