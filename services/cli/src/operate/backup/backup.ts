/** `backup`: a copy of a running deployment that can be put back, taken without stopping anything. */
// The order, and why a copy taken in it is whole although everything moves on meanwhile:
// 1. State, partition by partition. Each is the state at one position of the log, whatever the others are at.
// 2. Figures from ClickHouse, later than any state: rows that a state has dropped were acknowledged by both stores before it was saved, so they are in it.
//    Figures ahead of the state do no harm: the worker folds on to them. The other way round rows would be lost.
// 3. The archive last, so that it reaches at least as far as the figures and they can be proven from it.
// Random histories hold it to that: libs/pipeline/test/partition/backup-order.property.test.ts.
// Redis's rows are not copied: a worker fills Redis from its state and from ClickHouse.
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { archivedEpochs, type ClickHouseConnection, createClickHousePartitionArchive } from '@tidemark/clickhouse';
import { splitVersion } from '@tidemark/pipeline';
import { createRedisCheckpointStore, type RedisConnection } from '@tidemark/redis';
import { createProgress, type ExitCode, exitCodes, exitError, formatCount, systemClock } from '@tidemark/runtime';
import type { Output } from '../../terminal-output.ts';
import { type Deployment, openClickHouse, openRedis } from '../deployment.ts';
import { knownLineages } from '../lineages.ts';
import { addToCatalogue, type Catalogue, readCatalogue, repairCatalogue, type Take } from './catalogue.ts';
import { copyArchive } from './copy-archive.ts';
import { copyFigures, copyLists, copyState, type Whose } from './copy-take.ts';

export interface BackupOptions {
  readonly folder: string;
  readonly dryRun: boolean;
}

interface Sources {
  readonly redis: RedisConnection;
  readonly clickhouse: ClickHouseConnection;
}

/** How long the archiver is waited for, so that the copy's figures can be proven from it. */
const ARCHIVE_PATIENCE_MS = 30_000;
const PAUSE_MS = 500;

/** A folder that holds a backup already gets what is new: of the archive what it has not, of all else another copy. One that was interrupted goes on. */
export async function backup(deployment: Deployment, { folder, dryRun }: BackupOptions, output: Output): Promise<ExitCode> {
  const sources = { redis: await openRedis(deployment), clickhouse: await openClickHouse(deployment) };
  try {
    const catalogue = await readCatalogue(folder);
    const last = catalogue.takes.at(-1);
    if (last !== undefined && last.namespace !== deployment.namespace)
      throw exitError(
        exitCodes.usage,
        `${folder} holds a backup of the namespace ${last.namespace}, not of ${deployment.namespace}: name another folder`,
      );
    const lineages = await knownLineages(deployment, sources.clickhouse);
    const whose = lineages.flatMap(({ lineage }) => Array.from({ length: deployment.partitions }, (_, partition) => ({ lineage, partition })));
    if (dryRun) return await tell({ folder, catalogue, whose, deployment, sources }, output);
    await repairCatalogue(folder);
    const take = last?.isWhole === false ? last : await begin(folder, (last?.number ?? 0) + 1, deployment.namespace);
    const reached = await copyTake(take, whose, folder, sources, output);
    const records = await copyWholeArchive({ folder, catalogue, reached, deployment, sources }, output);
    await addToCatalogue(folder, { kind: 'end', take: take.number, atMs: systemClock.nowMs() });
    // The one before is kept: a copy that turns out to be damaged is not the only one.
    for (const { number } of catalogue.takes)
      if (number < take.number - 1) await rm(join(folder, `take-${number}`), { recursive: true, force: true });
    output.data(
      `backup ${take.number} in ${folder} is whole: ${formatCount(reached.size)} partitions of ${lineages.length} lineages, ${formatCount(records)} new records of the archive`,
    );
    return exitCodes.ok;
  } finally {
    await Promise.all([sources.redis.close(), sources.clickhouse.close()]);
  }
}

async function begin(folder: string, number: number, namespace: string): Promise<Take> {
  const [id, atMs] = [randomUUID(), systemClock.nowMs()];
  await addToCatalogue(folder, { kind: 'begin', format: 1, take: number, id, atMs, namespace });
  return { number, id, namespace, atMs, isWhole: false, state: [], figures: [], lists: [] };
}

/** By `lineage partition`, up to where figures were copied. What an interrupted take has is kept: figures that come later still are later than its states. */
async function copyTake(
  take: Take,
  whose: readonly Whose[],
  folder: string,
  { redis, clickhouse }: Sources,
  output: Output,
): Promise<ReadonlyMap<string, number>> {
  const place = { folder, take: take.number };
  const store = createRedisCheckpointStore(redis, { segmentTtlSeconds: 1 });
  const progress = createProgress({ stream: output.messages, label: 'state and figures', unit: 'pieces', total: 2 * whose.length, env: output.env });
  const has = (pieces: readonly Whose[], one: Whose): boolean =>
    pieces.some(({ lineage, partition }) => lineage === one.lineage && partition === one.partition);
  // A state that was copied now must not follow figures of before.
  const redo = whose.filter((one) => !has(take.state, one));
  for (const one of redo) {
    await copyState(store, one, place);
    progress.add(1);
  }
  const reached = new Map<string, number>();
  for (const one of whose) {
    const kept = redo.includes(one)
      ? undefined
      : take.figures.find(({ lineage, partition }) => lineage === one.lineage && partition === one.partition);
    const position = kept === undefined ? await copyFigures(clickhouse, one, place) : splitVersion(kept.closed).next;
    if (position !== null) reached.set(`${one.lineage} ${one.partition}`, position);
    progress.add(1);
  }
  if (take.lists.length < 2) await copyLists(clickhouse, place);
  progress.finish();
  return reached;
}

interface ArchiveJob {
  readonly folder: string;
  readonly catalogue: Catalogue;
  readonly reached: ReadonlyMap<string, number>;
  readonly deployment: Deployment;
  readonly sources: Sources;
}

async function copyWholeArchive({ folder, catalogue, reached, deployment, sources }: ArchiveJob, output: Output): Promise<number> {
  const archive = createClickHousePartitionArchive(sources.clickhouse);
  const epochs = await archivedEpochs(sources.clickhouse);
  const progress = createProgress({ stream: output.messages, label: 'archive', unit: 'records', env: output.env });
  let records = 0;
  const copied = (count: number): void => {
    records += count;
    progress.add(count);
  };
  for (let partition = 0; partition < deployment.partitions; partition++) {
    const wanted = Math.max(0, ...[...reached].flatMap(([key, position]) => (key.endsWith(` ${partition}`) ? [position] : [])));
    for (const epoch of epochs.get(partition) ?? []) {
      const isNewest = epoch === epochs.get(partition)?.at(-1);
      let end = endOfCopy(catalogue, epoch, partition);
      for (let waitedMs = 0; ; waitedMs += PAUSE_MS) {
        end = await copyArchive({ folder, archive, epoch, partition, from: end, copied });
        if (!isNewest || end >= wanted || waitedMs >= ARCHIVE_PATIENCE_MS) break;
        await systemClock.sleep(PAUSE_MS);
      }
      if (isNewest && end < wanted)
        output.message(
          `partition ${partition}: the archive ends at ${end}, figures at ${wanted}: after a restore the log must still have what lies between`,
        );
    }
  }
  progress.finish();
  return records;
}

/** Null when the backup has nothing of it. */
function endOfCopy({ archive }: Catalogue, epoch: number, partition: number): number | null {
  return archive.findLast((piece) => piece.epoch === epoch && piece.partition === partition)?.to ?? null;
}

async function tell(
  { folder, catalogue, whose, deployment, sources }: Omit<ArchiveJob, 'reached'> & { readonly whose: readonly Whose[] },
  { data }: Output,
): Promise<ExitCode> {
  const last = catalogue.takes.at(-1);
  const before =
    last === undefined ? 'holds no backup' : `holds backup ${last.number}${last.isWhole ? '' : ', which was interrupted and would be gone on with'}`;
  data(`${folder} ${before}; nothing is stopped, nothing is changed in the deployment`);
  const lineages = new Set(whose.map(({ lineage }) => lineage));
  data(
    `1. would copy the saved state from Redis, then the figures from ClickHouse, of ${lineages.size} lineages in ${deployment.partitions} partitions`,
  );
  data('2. would copy the journal of lineages and the incidents');
  const { chainEnd } = createClickHousePartitionArchive(sources.clickhouse);
  for (const [partition, epochs] of await archivedEpochs(sources.clickhouse)) {
    for (const epoch of epochs) {
      const end = await chainEnd(epoch, partition);
      const from = endOfCopy(catalogue, epoch, partition) ?? end?.from ?? 0;
      data(
        `3. would copy the archive of partition ${partition}, epoch ${epoch}, from offset ${formatCount(from)} to ${formatCount(Math.max(from, end?.to ?? 0))}`,
      );
    }
  }
  return exitCodes.ok;
}
