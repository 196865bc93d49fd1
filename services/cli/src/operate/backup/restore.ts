/** `restore`: puts a backup into an empty deployment, so that workers and archivers go on from there. */
// The order is that of a start: the archive, which needs nothing; figures; and the state last, for a manifest is what a worker begins with. A restore that
// was interrupted is begun again: everything may be put back twice.
import { resolve } from 'node:path';
import { migrate } from '@tidemark/clickhouse';
import { isBeginningOf, type LogEpoch, type LogIdentity, logEpochs, logText, splitVersion } from '@tidemark/pipeline';
import type { RedisConnection } from '@tidemark/redis';
import { createProgress, type ExitCode, exitCodes, exitError, formatCount } from '@tidemark/runtime';
import { projectFolder } from '../../config.ts';
import type { Output } from '../../terminal-output.ts';
import { type Deployment, openClickHouse, openKafka, openRedis } from '../deployment.ts';
import { deploymentLog } from '../deployment-log.ts';
import { type ArchivePiece, type FiguresPiece, readCatalogue, type StatePiece, type Take } from './catalogue.ts';
import { readBytes } from './piece-file.ts';
import { copiedJournal, putBackArchive, putBackFigures, putBackLists, putBackState, type Targets } from './put-back.ts';

export interface RestoreOptions {
  readonly folder: string;
  /** Neither figures nor state: the log is another one, and is to be made from the archive. */
  readonly archiveOnly: boolean;
  readonly dryRun: boolean;
}

interface Content {
  readonly take: Take;
  readonly archive: readonly ArchivePiece[];
  readonly figures: readonly FiguresPiece[];
  readonly state: readonly StatePiece[];
}

export async function restore(deployment: Deployment, options: RestoreOptions, output: Output): Promise<ExitCode> {
  const { folder, archiveOnly, dryRun } = options;
  const content = await contentOf(options);
  if (content.take.namespace !== deployment.namespace)
    throw exitError(
      exitCodes.usage,
      `the backup is of the namespace ${content.take.namespace}, TIDEMARK_NAMESPACE is ${deployment.namespace}: set it to that one`,
    );
  const records = content.archive.reduce((sum, { count }) => sum + count, 0);
  const what = `${formatCount(records)} records of the archive, figures of ${content.figures.length} and state of ${content.state.length} partitions`;
  const targets: Targets = { redis: await openRedis(deployment), clickhouse: await openClickHouse(deployment) };
  try {
    if (!archiveOnly) await refuseOtherLog({ ...content, epochs: logEpochs(await copiedJournal(folder, content.take)) }, deployment, output);
    if (dryRun) {
      await checkFiles(folder, content, output);
      await refuseOccupied(content, targets.redis, deployment);
      output.data(
        `every file of backup ${content.take.number} is what was written; would put back ${what}, in this order: archive, lists, figures, state`,
      );
      return exitCodes.ok;
    }
    await migrate(targets.clickhouse, { folder: resolve(projectFolder, 'schemas/clickhouse') });
    await refuseOccupied(content, targets.redis, deployment);
    await targets.redis.call('SET', markOf(deployment), content.take.id);
    await putBack(content, folder, targets, output);
    await targets.redis.call('DEL', markOf(deployment));
    output.data(`backup ${content.take.number} is put back: ${what}. Start the workers and archivers, then run tidemark verify`);
    return exitCodes.ok;
  } finally {
    await Promise.all([targets.redis.close(), targets.clickhouse.close()]);
  }
}

async function contentOf({ folder, archiveOnly }: RestoreOptions): Promise<Content> {
  const { takes, archive } = await readCatalogue(folder);
  const take = takes.findLast(({ isWhole }) => isWhole);
  if (take === undefined) {
    const why = takes.length === 0 ? 'holds no backup' : 'holds a backup that was interrupted: run tidemark backup on it again';
    throw exitError(exitCodes.usage, `${folder} ${why}`);
  }
  // Of what was copied twice the later holds.
  const latest = <Piece extends FiguresPiece | StatePiece>(pieces: readonly Piece[]): readonly Piece[] => [
    ...new Map(pieces.map((piece) => [`${piece.lineage} ${piece.partition}`, piece])).values(),
  ];
  return { take, archive, figures: archiveOnly ? [] : latest(take.figures), state: archiveOnly ? [] : latest(take.state) };
}

/** State and figures belong to one log, at positions that it must still have. */
async function refuseOtherLog(
  { state, figures, archive, epochs }: Content & { readonly epochs: readonly LogEpoch[] },
  deployment: Deployment,
  output: Output,
): Promise<void> {
  const kafka = await openKafka(deployment, output);
  try {
    const { log } = await deploymentLog(kafka, `${deployment.namespace}.operator`, epochs);
    const identity = await log.identity();
    const bounds = await log.bounds();
    const [first] = state;
    const other = first === undefined ? null : difference(first, identity);
    if (other !== null)
      throw exitError(
        exitCodes.failed,
        `${other}: state and figures of the backup belong to another log. Bring that log back; or restore with --archive-only and make a new namespace of it with tidemark repartition`,
      );
    for (const { partition, lineage, manifest } of state) {
      const { low, high } = bounds.get(partition) ?? { low: 0, high: 0 };
      const figuresAt = figures.find((each) => each.partition === partition && each.lineage === lineage)?.target;
      const needed = Math.max(manifest.next, figuresAt === undefined ? 0 : splitVersion(figuresAt).next);
      // Workers read from the archive what the log has deleted.
      const archivedTo = archive.findLast((piece) => piece.partition === partition && piece.epoch === manifest.epoch)?.to ?? 0;
      if ((manifest.next < low && archivedTo < low) || needed > high)
        throw exitError(
          exitCodes.failed,
          `the log of partition ${partition} has offsets ${low} to ${high}, the backup needs ${manifest.next} to ${needed}: restore with --archive-only and make a new namespace of it with tidemark repartition`,
        );
    }
  } finally {
    await kafka.close();
  }
}

function difference({ manifest, partition }: StatePiece, identity: LogIdentity): string | null {
  const { clusterId, topicId, partitionCount } = identity;
  if (isBeginningOf(identity, { log: logText(manifest), partition, next: manifest.next })) return null;
  if (manifest.clusterId !== clusterId) return `the brokers belong to cluster ${clusterId}, the backup is of ${manifest.clusterId}`;
  if (manifest.topicId !== topicId) return `the topic's id is ${topicId}, the backup is of ${manifest.topicId}`;
  return manifest.partitionCount === partitionCount
    ? null
    : `the topic has ${partitionCount} partitions, the backup is of ${manifest.partitionCount}`;
}

function markOf({ namespace }: Deployment): string {
  return `tidemark:${namespace}:restore`;
}

/** Only the same restore, interrupted, may find something. */
async function refuseOccupied({ take, state }: Content, redis: RedisConnection, deployment: Deployment): Promise<void> {
  const mark = await redis.call('GET', `tidemark:${redis.namespace}:restore`);
  if (Buffer.isBuffer(mark) && mark.toString() === take.id) return;
  const { records, rows } = await contentsOf(deployment);
  const manifests = await Promise.all(
    state.map(({ lineage, partition }) => redis.call('EXISTS', `tidemark:${redis.namespace}:{${partition}}:${lineage}:manifest`)),
  );
  const states = manifests.filter((found) => found === 1).length;
  if (records + rows + states === 0) return;
  throw exitError(
    exitCodes.failed,
    `the deployment is not empty (${formatCount(records)} archived records, ${formatCount(rows)} rows, ${states} saved states): restore into an empty database and an empty Redis namespace, with workers and archivers stopped`,
  );
}

/** Asked from outside the database, which need not be there yet. */
async function contentsOf(deployment: Deployment): Promise<{ records: number; rows: number }> {
  const outside = await openClickHouse({ ...deployment, clickhouseDatabase: 'default' });
  try {
    const { clickhouseDatabase: database } = deployment;
    const found = await outside.select(
      "SELECT name, total_rows FROM system.tables WHERE database = {database:String} AND name IN ('events', 'rollup_cells')",
      { database },
    );
    const rowsOf = (table: string): number => Number(found.find(([name]) => name === table)?.[1] ?? 0);
    return { records: rowsOf('events'), rows: rowsOf('rollup_cells') };
  } finally {
    await outside.close();
  }
}

async function putBack({ take, archive, figures, state }: Content, folder: string, targets: Targets, output: Output): Promise<void> {
  const total = archive.length + figures.length + state.length;
  const progress = createProgress({ stream: output.messages, label: 'restore', unit: 'pieces', total, env: output.env });
  for (const piece of archive) {
    await putBackArchive(folder, piece, targets);
    progress.add(1);
  }
  await putBackLists(folder, take, targets);
  for (const piece of figures) {
    await putBackFigures(folder, piece, targets);
    progress.add(1);
  }
  for (const piece of state) {
    await putBackState(folder, piece, targets);
    progress.add(1);
  }
  progress.finish();
}

async function checkFiles(folder: string, { take, archive, figures, state }: Content, output: Output): Promise<void> {
  const files = [...archive, ...take.lists, ...figures, ...state].flatMap((piece) => piece.files);
  const progress = createProgress({ stream: output.messages, label: 'checking files', unit: 'files', total: files.length, env: output.env });
  for (const file of files) {
    await readBytes(folder, file);
    progress.add(1);
  }
  progress.finish();
}
