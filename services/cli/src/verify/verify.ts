/** `verify`: recomputes what both stores serve from the archive, and names every cell that differs. */
import {
  type ClickHouseConnection,
  connectClickHouse,
  createClickHouseCellInventory,
  createClickHouseCellReader,
  createClickHouseCheckLedger,
  createClickHouseLineageJournal,
  createClickHousePartitionArchive,
  createClickHouseTimeOrderedArchive,
} from '@tidemark/clickhouse';
import { DEFAULT_SETTINGS, type MetricSet } from '@tidemark/core';
import {
  type CheckResult,
  journalState,
  type KnownLineage,
  type PartitionArchive,
  type ServedStore,
  StoreUnavailable,
  type TimeOrderedArchive,
} from '@tidemark/pipeline';
import { connectRedis, createRedisCellInventory, createRedisCellReader } from '@tidemark/redis';
import { createProgress, type ExitCode, exitCodes, exitError, formatCount, printable, type StoreAccess } from '@tidemark/runtime';
import { readMetricSets } from '../definition-files.ts';
import { knownSet } from '../lineages/plan.ts';
import type { Output } from '../terminal-output.ts';
import { type ChosenSet, chooseSets } from './chosen-sets.ts';
import { positionsOf, verifySet } from './verify-set.ts';

export interface VerifyOptions {
  /** Definition files. */
  readonly metrics: readonly string[];
  /** What the journal says is served is proven, and the files only where there is no journal yet. Default: the files. */
  readonly fromJournal?: boolean;
  /** Names of sets; empty: all. */
  readonly sets: readonly string[];
  readonly metric?: string | undefined;
  readonly clickhouseUrl: string;
  readonly clickhouseDatabase: string;
  readonly access: { readonly redis: StoreAccess; readonly clickhouse: StoreAccess };
  /** Null: only ClickHouse is looked at. */
  readonly redisUrl: string | null;
  readonly namespace: string;
  readonly partitions: number;
  readonly partitioner: 'murmur2' | 'crc32';
  readonly latenessMs: number;
  readonly json: boolean;
}

interface Connected {
  readonly archive: PartitionArchive & TimeOrderedArchive;
  readonly served: readonly KnownLineage[];
  readonly stores: readonly ServedStore[];
  readonly record: (results: readonly CheckResult[]) => Promise<void>;
  close(): Promise<void>;
}

/** Exit code 5 when a cell differs, 1 when a partition could be proven in no store, else 0. Each difference is a line of data, also of JSON; a summary ends it. */
export async function verify(options: VerifyOptions, output: Output): Promise<ExitCode> {
  const settings = { ...DEFAULT_SETTINGS, latenessMs: options.latenessMs };
  // A name that no file has is told before anybody is asked.
  if (options.fromJournal !== true) chooseSets(readMetricSets(options.metrics), { ...options, settings, served: [] });
  const connected = await connect(options, output);
  try {
    const sets = options.fromJournal === true && connected.served.length > 0 ? connected.served.map(setOf) : readMetricSets(options.metrics);
    const chosen = chooseSets(sets, { ...options, settings, served: connected.served });
    const partitions = Array.from({ length: options.partitions }, (_, partition) => partition);
    const total = await positionsOf(chosen, partitions, connected.stores);
    const progress = createProgress({ stream: output.messages, label: 'verify', unit: 'records', total, env: output.env });
    const results: CheckResult[] = [];
    for (const each of chosen) {
      for (const partition of partitions) {
        const found = await verifySet({ ...connected, ...options, chosen: each, settings, partition }, output, (records) => progress.add(records));
        results.push(...found);
        await connected.record(found);
      }
    }
    progress.finish();
    return summary(chosen, results, options, output);
  } finally {
    await connected.close();
  }
}

async function connect(options: VerifyOptions, output: Output): Promise<Connected> {
  const clickhouse = await connectClickHouse({ url: options.clickhouseUrl, database: options.clickhouseDatabase, ...options.access.clickhouse });
  const redis =
    options.redisUrl === null
      ? null
      : await connectRedis({ url: options.redisUrl, namespace: options.namespace, ...options.access.redis }).catch(tolerate(output));
  const ledger = createClickHouseCheckLedger(clickhouse);
  const served: ServedStore[] = [{ reader: createClickHouseCellReader(clickhouse), inventory: createClickHouseCellInventory(clickhouse) }];
  if (redis !== null) served.push({ reader: createRedisCellReader(redis), inventory: createRedisCellInventory(redis) });
  return {
    archive: { ...createClickHousePartitionArchive(clickhouse), ...createClickHouseTimeOrderedArchive(clickhouse) },
    served: await servedLineages(clickhouse),
    stores: served,
    record: async (results) => {
      // What was found is printed whether or not it can be kept.
      await ledger.record(results).catch((error: unknown) => output.message(`the result is not kept for the audit: ${messageOf(error)}`));
    },
    close: async () => {
      await Promise.all([clickhouse.close(), redis?.close()]);
    },
  };
}

/** Without a journal, as before its first entry, every set begins with the log. */
async function servedLineages(clickhouse: ClickHouseConnection): Promise<Connected['served']> {
  const { entries } = await createClickHouseLineageJournal(clickhouse).read();
  return journalState(entries).sets.flatMap(({ serving }) => (serving === null ? [] : [serving]));
}

function setOf(known: KnownLineage): MetricSet {
  const set = knownSet(known);
  if (set !== null) return set;
  throw exitError(
    exitCodes.config,
    `this release does not accept the definitions that the journal has of ${known.set}: name its file with --metrics`,
  );
}

/** Redis may be away: then what ClickHouse serves is proven alone. */
function tolerate(output: Output): (error: unknown) => null {
  return (error) => {
    if (!(error instanceof StoreUnavailable)) throw error;
    output.message(`Redis is left out: ${error.message}`);
    return null;
  };
}

function messageOf(error: unknown): string {
  return printable(error instanceof Error ? error.message : String(error), 300);
}

function summary(chosen: readonly ChosenSet[], results: readonly CheckResult[], options: VerifyOptions, output: Output): ExitCode {
  const differences = results.reduce((sum, result) => sum + result.differences, 0);
  const compared = results.reduce((sum, result) => sum + result.compared, 0);
  const undecided = results.filter(({ outcome }) => outcome === 'undecided');
  const isProven = ({ lineage, partition }: CheckResult): boolean =>
    results.some((other) => other.lineage === lineage && other.partition === partition && other.outcome !== 'undecided');
  const unproven = undecided.filter((result) => !isProven(result));
  if (options.json) {
    const sets = chosen.map(({ set, lineage }) => ({ set: set.name, lineage }));
    output.data(JSON.stringify({ summary: { sets, compared, differences, results } }));
  }
  for (const { kind, lineage, partition, detail } of undecided)
    output.message(`not compared: ${kind.replace('verify_', '')}, partition ${partition} of ${lineage}: ${printable(detail, 500)}`);
  const words = `${formatCount(compared)} integers of ${chosen.map(({ set }) => set.name).join(', ')} compared with the archive`;
  if (differences > 0) output.message(output.style.red(`${words}: ${formatCount(differences)} differ`));
  else if (unproven.length > 0)
    output.message(output.style.red(`${words}; not proven: ${new Set(unproven.map(({ partition }) => partition)).size} partitions`));
  else output.message(`${words}: all the same`);
  if (differences > 0) return exitCodes.checkFailed;
  return unproven.length > 0 ? exitCodes.failed : exitCodes.ok;
}

/** Where the archive is; throws an exit error (2) when nobody said. */
export function archiveUrl(given: string | null | undefined): string {
  if (given !== null && given !== undefined) return given;
  throw exitError(exitCodes.usage, 'no archive to recompute from: start one with tidemark up, or name it with TIDEMARK_CLICKHOUSE_URL');
}
