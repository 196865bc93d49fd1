/** What a benchmark says: a table for people, with what must be and what is aimed at, and the same as JSON. */
import { writeFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import type { EngineAddresses } from '@tidemark/local';
import { Redis } from 'ioredis';
import pinned from '../../local/maven-artifacts.json' with { type: 'json' };
import { type Spread, spreadOf } from '../in-process/spread.ts';
import { tableText } from '../in-process/table-text.ts';
import { canPin } from '../worker-throughput/measured-process.ts';

/** A bound of a figure; `atMost`: less is better. */
export interface Bound {
  readonly kind: 'atMost' | 'atLeast';
  readonly must: number;
  readonly aim?: number;
}

export interface ReportRow {
  readonly what: string;
  readonly unit: string;
  /** Over the repeats. */
  readonly value: Spread;
  readonly bound?: Bound;
  readonly verdict: Verdict | null;
}

/** `pass`: what must be, `aim`: what is aimed at too. */
export type Verdict = 'missed' | 'pass' | 'aim';

export interface BenchReport {
  readonly bench: string;
  readonly machine: Readonly<Record<string, string | number | boolean>>;
  readonly setting: Readonly<Record<string, unknown>>;
  readonly rows: readonly ReportRow[];
  /** Runs in the order in which they were made, fitted exponents, and whatever else the rows come from. */
  readonly details: unknown;
}

/** `values`: one for each repeat. */
export function rowOf(what: string, unit: string, values: readonly number[], bound?: Bound): ReportRow {
  const value = spreadOf(values);
  return { what, unit, value, ...(bound === undefined ? {} : { bound }), verdict: bound === undefined ? null : verdictOf(value.median, bound) };
}

/** Of a figure that is no number: missed. */
export function verdictOf(figure: number, { kind, must, aim }: Bound): Verdict {
  const keeps = (bound: number): boolean => (kind === 'atMost' ? figure <= bound : figure >= bound);
  if (!keeps(must)) return 'missed';
  return aim !== undefined && keeps(aim) ? 'aim' : 'pass';
}

const verdictTexts: Readonly<Record<Verdict, string>> = { missed: 'MISSED', pass: 'pass', aim: 'pass, aim too' };

export function reportText({ rows }: Pick<BenchReport, 'rows'>): string {
  const lines = rows.map(({ what, unit, value, bound, verdict }) => [
    what,
    figureText(value.median),
    `${figureText(value.min)} – ${figureText(value.max)}`,
    unit,
    boundText(bound, bound?.must),
    boundText(bound, bound?.aim),
    verdict === null ? '' : verdictTexts[verdict],
  ]);
  return tableText([['', 'median', '(min – max)', '', 'must', 'aim', ''], ...lines]);
}

/** Four digits that count, and no more decimals than they need. */
export function figureText(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const decimals = Math.min(4, Math.max(0, 3 - Math.floor(Math.log10(Math.max(Math.abs(value), 1e-4)))));
  return Number(value.toFixed(decimals)).toLocaleString('en-US', { maximumFractionDigits: 4 });
}

function boundText(bound: Bound | undefined, value: number | undefined): string {
  if (bound === undefined || value === undefined) return '';
  return `${bound.kind === 'atMost' ? '≤' : '≥'} ${figureText(value)}`;
}

/** Prints the table, and writes the file where one is asked for. */
export function tell(report: BenchReport, jsonFile: string | null): void {
  console.log(JSON.stringify({ ...report.machine, ...report.setting }));
  console.log(`\n${reportText(report)}`);
  if (jsonFile !== null) writeFileSync(jsonFile, `${JSON.stringify(report, null, 2)}\n`);
}

/** The machine, the versions of everything that takes part, and how busy it is now. */
export async function machineOf(addresses: Partial<EngineAddresses>): Promise<Record<string, string | number | boolean>> {
  const { redisUrl = '', clickhouseUrl = '', kafkaBrokers = '' } = addresses;
  return {
    cpu: cpus()[0]?.model ?? '',
    cores: cpus().length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    linux: release(),
    node: process.version,
    ...(redisUrl === '' ? {} : { redis: await redisVersion(redisUrl) }),
    ...(clickhouseUrl === '' ? {} : { clickhouse: await clickhouseVersion(clickhouseUrl) }),
    ...(kafkaBrokers === '' ? {} : { kafka: pinned.kafka.folder }),
    isPinned: canPin,
    loadNow: Number((loadavg()[0] ?? 0).toFixed(2)),
  };
}

async function redisVersion(url: string): Promise<string> {
  return (await redisInfo(url, 'server')).get('redis_version') ?? 'unknown';
}

/** The lines of a section of INFO. */
export async function redisInfo(url: string, section: string): Promise<ReadonlyMap<string, string>> {
  const client = new Redis(url);
  try {
    const lines = (await client.info(section)).split('\r\n').filter((line) => line.includes(':'));
    return new Map(lines.map((line): [string, string] => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]));
  } finally {
    client.disconnect();
  }
}

async function clickhouseVersion(url: string): Promise<string> {
  return (await (await fetch(url, { method: 'POST', body: 'SELECT version()' })).text()).trim();
}
