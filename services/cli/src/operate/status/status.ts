/** `status`: a partition's whole state of affairs, and what of it is wrong, each with its line in the runbook. */
import { type ExitCode, exitCodes, formatCount, formatDuration, printable, systemClock } from '@tidemark/runtime';
import type { Output } from '../../terminal-output.ts';
import { isUnreachable } from '../../unreachable.ts';
import { type Deployment, openClickHouse, openKafka, openRedis } from '../deployment.ts';
import { knownLineages } from '../lineages.ts';
import { type Engines, gatherFacts, type LineageFacts, type PartitionFacts, positionOf } from './facts.ts';
import { problemsOf, type StatusProblem } from './problems.ts';

export interface StatusOptions {
  /** Null: all. */
  readonly partition: number | null;
  readonly json: boolean;
}

/** Exit 4 when an engine does not answer, 5 when something is wrong, else 0. What is merely worth watching changes nothing. */
export async function status(deployment: Deployment, { partition, json }: StatusOptions, output: Output): Promise<ExitCode> {
  const away = new Map<string, string>();
  const engines: Engines = {
    kafka: deployment.kafkaBrokers === null ? null : await orNull(away, 'Kafka', () => openKafka(deployment, output)),
    redis: deployment.redisUrl === null ? null : await orNull(away, 'Redis', () => openRedis(deployment)),
    clickhouse: await orNull(away, 'ClickHouse', () => openClickHouse(deployment)),
  };
  try {
    const lineages = await knownLineages(deployment, engines.clickhouse);
    const partitions = partition === null ? Array.from({ length: deployment.partitions }, (_, number) => number) : [partition];
    const told = (engine: string, why: string): void => void away.set(engine, why);
    const facts = await gatherFacts({ engines, lineages, partitions, namespace: deployment.namespace, away: told });
    const asked = {
      nowMs: systemClock.nowMs(),
      hasKafka: engines.kafka !== null && !away.has('Kafka'),
      hasClickHouse: engines.clickhouse !== null && !away.has('ClickHouse'),
    };
    const problems = facts.flatMap((each) => problemsOf(each, asked));
    if (json) output.data(JSON.stringify({ namespace: deployment.namespace, away: Object.fromEntries(away), partitions: facts, problems }));
    else print({ facts, problems, away, nowMs: asked.nowMs }, output);
    if (away.size > 0) return exitCodes.unreachable;
    return problems.some(({ severity }) => severity === 'wrong') ? exitCodes.checkFailed : exitCodes.ok;
  } finally {
    await Promise.all([engines.kafka?.close(), engines.redis?.close(), engines.clickhouse?.close()]);
  }
}

async function orNull<Connection>(away: Map<string, string>, engine: string, open: () => Promise<Connection>): Promise<Connection | null> {
  try {
    return await open();
  } catch (error) {
    if (!isUnreachable(error)) throw error;
    away.set(engine, error instanceof Error ? error.message : String(error));
    return null;
  }
}

interface Found {
  readonly facts: readonly PartitionFacts[];
  readonly problems: readonly StatusProblem[];
  readonly away: ReadonlyMap<string, string>;
  readonly nowMs: number;
}

function print({ facts, problems, away, nowMs }: Found, { data, dataStyle: style }: Output): void {
  for (const each of facts) {
    data(style.bold(`partition ${each.partition}`) + style.dim(`  ${logText(each)}  ${archiveText(each)}`));
    for (const lineage of each.lineages) for (const line of lineageLines(lineage, nowMs)) data(line);
  }
  data('');
  for (const [engine, why] of away) data(`${style.red('AWAY ')}  ${engine}: ${printable(why)}  ${style.dim('runbook: A dependency is away')}`);
  for (const { severity, partition, of, code, text } of problems) {
    const mark = severity === 'wrong' ? style.red('WRONG') : style.yellow('watch');
    data(`${mark}  partition ${partition}${of === null ? '' : `, ${of}`}: ${printable(text)}  ${style.dim(`runbook: ${code}`)}`);
  }
  if (away.size === 0 && problems.length === 0) data(style.green('nothing is wrong'));
}

function logText({ log }: PartitionFacts): string {
  if (log === null) return 'log unknown';
  const committed = log.committed === null ? 'nothing committed' : `committed ${formatCount(log.committed)}`;
  return `log ${formatCount(log.low)} to ${formatCount(log.high)}, ${committed}`;
}

function archiveText({ archive }: PartitionFacts): string {
  if (archive === null) return 'archive empty or unknown';
  const holes = archive.holes.length === 0 ? '' : `, ${archive.holes.length} holes`;
  return `archive ${formatCount(archive.from)} to ${formatCount(archive.to)}${archive.epoch === 1 ? '' : ` of epoch ${archive.epoch}`}${holes}`;
}

function lineageLines(lineage: LineageFacts, nowMs: number): readonly string[] {
  const { manifest, redis, clickhouse, incidents, checks } = lineage;
  const counters = Object.entries(redis?.note?.counters ?? clickhouse?.note?.counters ?? {}).filter(([, count]) => count > 0);
  const standing = lineage.isRunning ? '' : '  (nobody works on it)';
  const state =
    manifest === null
      ? 'none saved or unknown'
      : `${formatCount(manifest.next)} of epoch ${manifest.epoch} by ${printable(manifest.writer, 60)}${ageText(manifest.savedAtMs, nowMs)}`;
  const lines = [
    `  ${lineage.set ?? 'a set that is not known here'}  ${lineage.lineage}${standing}`,
    `    state ${state}`,
    `    redis ${headText(redis)}  clickhouse ${headText(clickhouse)}`,
  ];
  if (counters.length > 0) lines.push(`    ${counters.map(([name, count]) => `${name} ${formatCount(count)}`).join('  ')}`);
  for (const { kind, count, last } of incidents)
    lines.push(`    last ${kind} ${formatDuration(nowMs - last.atMs)} ago (${formatCount(count)} so far): ${printable(last.detail, 200)}`);
  for (const { kind, outcome, checkedAtMs, compared } of checks)
    lines.push(`    ${kind} ${formatDuration(nowMs - checkedAtMs)} ago: ${outcome}, ${formatCount(compared)} compared`);
  return lines;
}

function headText(head: LineageFacts['redis']): string {
  if (head === null) return 'unknown';
  const position = positionOf(head);
  if (position === null) return 'nothing';
  return `${formatCount(position)}${head.closed < head.target ? ' (open)' : ''}`;
}

function ageText(savedAtMs: number | undefined, nowMs: number): string {
  return savedAtMs === undefined ? '' : ` ${formatDuration(Math.max(0, nowMs - savedAtMs))} ago`;
}
