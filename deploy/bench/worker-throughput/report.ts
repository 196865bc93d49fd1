// Medians, spreads and the ratio of the runs, as a table for people and as JSON.
import { type Spread, spreadOf } from '../in-process/spread.ts';
import { tableText } from '../in-process/table-text.ts';
import type { ContenderName, RunResult } from './contenders.ts';

export interface ContenderRow {
  readonly contender: ContenderName;
  readonly eventsPerCpuSecond: Spread;
  readonly cpuUsPerEvent: number;
  readonly wallS: Spread;
  /** Garbage collection as a share of the CPU time. */
  readonly gcShare: number;
  readonly heapMib: number;
  readonly peakRssMib: number;
}

export interface Report {
  readonly rows: readonly ContenderRow[];
  /** Over kafkajs + JSON.parse, events per CPU second, repeat by repeat; null when one of the two did not run. */
  readonly ratio: Spread | null;
  readonly foldRatio: Spread | null;
}

const titles: Readonly<Record<ContenderName, string>> = {
  bare: 'kafkajs eachBatch',
  parse: 'kafkajs eachBatch + JSON.parse',
  fold: 'worker, auto-cabinet set, reading and folding',
  worker: 'worker, auto-cabinet set, publishing and checkpointing',
};

/** Runs of one repeat share their place in each contender's list. */
export function reportOf(runs: readonly RunResult[]): Report {
  const by = (contender: ContenderName): RunResult[] => runs.filter((run) => run.contender === contender);
  const contenders = (['bare', 'parse', 'fold', 'worker'] as const).filter((contender) => by(contender).length > 0);
  const parse = by('parse').map(perCpuSecond);
  const ratioOf = (contender: ContenderName): Spread | null => {
    const ratios = by(contender).flatMap((run, repeat) => (parse[repeat] === undefined ? [] : [perCpuSecond(run) / parse[repeat]]));
    return ratios.length === 0 ? null : spreadOf(ratios);
  };
  return { rows: contenders.map((contender) => rowOf(contender, by(contender))), ratio: ratioOf('worker'), foldRatio: ratioOf('fold') };
}

export function reportText(report: Report): string {
  const header = ['', 'events / CPU s', '(min – max)', 'µs / event', 'wall s', 'GC', 'heap MiB', 'peak RSS MiB'];
  const lines = report.rows.map((row) => [
    titles[row.contender],
    thousands(row.eventsPerCpuSecond.median),
    `${thousands(row.eventsPerCpuSecond.min)} – ${thousands(row.eventsPerCpuSecond.max)}`,
    row.cpuUsPerEvent.toFixed(2),
    row.wallS.median.toFixed(1),
    `${(row.gcShare * 100).toFixed(0)} %`,
    row.heapMib.toFixed(0),
    row.peakRssMib.toFixed(0),
  ]);
  const table = [tableText([header, ...lines])];
  const ratios = { 'folding alone': report.foldRatio, worker: report.ratio };
  for (const [name, ratio] of Object.entries(ratios)) {
    if (ratio === null) continue;
    table.push('', `ratio ${name} / (kafkajs + JSON.parse): ${ratio.median.toFixed(2)} (${ratio.min.toFixed(2)} – ${ratio.max.toFixed(2)})`);
  }
  return table.join('\n');
}

function rowOf(contender: ContenderName, runs: readonly RunResult[]): ContenderRow {
  const eventsPerCpuSecond = spreadOf(runs.map(perCpuSecond));
  return {
    contender,
    eventsPerCpuSecond,
    cpuUsPerEvent: 1e6 / eventsPerCpuSecond.median,
    wallS: spreadOf(runs.map((run) => run.wallS)),
    gcShare: spreadOf(runs.map((run) => run.gcS / run.cpuS)).median,
    heapMib: spreadOf(runs.map((run) => run.heapMib)).median,
    peakRssMib: spreadOf(runs.map((run) => run.rssMib)).median,
  };
}

function perCpuSecond(run: RunResult): number {
  return run.events / run.cpuS;
}

function thousands(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
