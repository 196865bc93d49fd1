/** `epoch raise`: the log goes on in a topic that was created anew, behind all that the archive holds, in the same namespace. */

import { randomUUID } from 'node:crypto';
import type { ClickHouseConnection } from '@tidemark/clickhouse';
import { archiveReach, createClickHouseCellReader, createClickHouseLineageJournal, createClickHousePartitionArchive } from '@tidemark/clickhouse';
import { createEventLog, groupsWithMembers, type KafkaConnection } from '@tidemark/kafka';
import { epochText, type Head, joinJournals, type LogEpoch, logEpochs, nextSequence, splitVersion } from '@tidemark/pipeline';
import { createRedisCellReader, createRedisCheckpointStore, createRedisLineageJournal, type RedisConnection } from '@tidemark/redis';
import { type ExitCode, exitCodes, exitError, formatCount, systemClock } from '@tidemark/runtime';
import type { Output } from '../../terminal-output.ts';
import { type Deployment, openClickHouse, openKafka, openRedis } from '../deployment.ts';
import { type KnownLineage, knownLineages } from '../lineages.ts';
import { type Folded, planRaise, type RaiseFacts } from './plan-raise.ts';

export interface RaiseOptions {
  readonly by: string;
  readonly dryRun: boolean;
}

interface Engines {
  readonly kafka: KafkaConnection;
  readonly redis: RedisConnection;
  readonly clickhouse: ClickHouseConnection;
}

/** Archived identities do not change: positions go on. */
const EPOCH = 1;

/** Exit 0 when the epoch is raised, or needs not be; 1 when the log cannot be continued, or services still read. Throws StoreUnavailable. */
export async function raiseEpoch(deployment: Deployment, options: RaiseOptions, output: Output): Promise<ExitCode> {
  const [redis, clickhouse, kafka] = [await openRedis(deployment), await openClickHouse(deployment), await openKafka(deployment, output)];
  const engines: Engines = { redis, clickhouse, kafka };
  const journal = joinJournals({ table: createClickHouseLineageJournal(clickhouse), copy: createRedisLineageJournal(redis) });
  try {
    const running = (await knownLineages(deployment, clickhouse)).filter(({ isRunning }) => isRunning);
    const { entries, isWhole, away } = await journal.read();
    if (!isWhole) throw exitError(exitCodes.unreachable, `the journal of lineages cannot be read: ${away.join('; ')}`);
    const epochs = logEpochs(entries);
    if (!options.dryRun) await refuseReaders(engines.kafka, deployment, running);
    const plan = planRaise(await gather(engines, running, epochs));
    if (plan.plan !== 'raise') {
      if (plan.plan === 'refused') throw exitError(exitCodes.failed, `refused: ${plan.why}`);
      output.data(`nothing to raise: ${plan.why}`);
      return exitCodes.ok;
    }
    const { epoch } = plan;
    if (!options.dryRun) {
      const about = { kind: 'epoch', set: '', lineage: '', revision: '', files: [], origin: epochText(epoch), positions: [] } as const;
      await journal.append({ ...about, by: options.by.slice(0, 200), sequence: nextSequence(entries), id: randomUUID(), atMs: systemClock.nowMs() });
      const now = logEpochs((await journal.read()).entries);
      if (now.length !== epochs.length + 1 || now.at(-1)?.log !== epoch.log)
        throw exitError(exitCodes.failed, 'this decision has no effect, for another one came first: look at the journal, then run it again');
    }
    tell({ epoch, number: epochs.length + 2, dryRun: options.dryRun }, output);
    return exitCodes.ok;
  } finally {
    await Promise.all([redis.close(), clickhouse.close(), kafka.close()]);
  }
}

function tell({ epoch, number, dryRun }: { epoch: LogEpoch; number: number; dryRun: boolean }, { data, message }: Output): void {
  data(`epoch ${number} ${dryRun ? 'would begin' : 'begins'}: the log of ${epoch.continues} goes on in ${epoch.log}`);
  for (const [partition, at] of epoch.at.entries()) {
    const from = epoch.from[partition] ?? 0;
    const lost = from > 0 && at > 0 ? `; the topic has deleted its first ${formatCount(from)} offsets already, they are lost` : '';
    data(`partition ${partition}: offset ${formatCount(from)} of the topic is position ${formatCount(at)}${lost}`);
  }
  if (!dryRun) message('start archivers and workers now: they go on from there; then tidemark status, and tidemark verify');
}

/** Who still reads would archive or fold records of the new topic at positions of the old one. */
async function refuseReaders(kafka: KafkaConnection, { namespace }: Deployment, running: readonly KnownLineage[]): Promise<void> {
  const groups = [`${namespace}.archiver`, `${namespace}.worker`, ...running.map(({ lineage }) => `${namespace}.worker.${lineage}`)];
  const [first] = await groupsWithMembers(kafka, groups);
  if (first === undefined) return;
  throw exitError(
    exitCodes.failed,
    `refused: the consumer group ${first} has members: stop all workers and archivers first; one that was killed leaves its group after ten seconds`,
  );
}

async function gather(engines: Engines, running: readonly KnownLineage[], epochs: readonly LogEpoch[]): Promise<RaiseFacts> {
  const topic = createEventLog(engines.kafka, { groupId: 'nobody' });
  const [identity, bounds] = [await topic.identity(), await topic.bounds()];
  const partitions = Array.from({ length: identity.partitionCount }, (_, partition) => partition);
  const folded = await Promise.all(running.map((known) => foldedOf(engines, known, partitions)));
  const { chainEnd } = createClickHousePartitionArchive(engines.clickhouse);
  const reach = await archiveReach(engines.clickhouse, EPOCH);
  const archive = await Promise.all(
    partitions.map(async (partition): Promise<[number, { chainEnd: number; reach: number }]> => {
      return [partition, { chainEnd: (await chainEnd(EPOCH, partition))?.to ?? 0, reach: reach.get(partition) ?? 0 }];
    }),
  );
  return { identity, bounds, epochs, folded: folded.flat(), archive: new Map(archive) };
}

async function foldedOf({ redis, clickhouse }: Engines, { lineage, set }: KnownLineage, partitions: readonly number[]): Promise<readonly Folded[]> {
  const checkpoints = createRedisCheckpointStore(redis, { segmentTtlSeconds: 1 });
  const of = set ?? lineage;
  const states = await Promise.all(partitions.map((partition) => checkpoints.manifest(lineage, partition)));
  const inRedis = await createRedisCellReader(redis).heads(lineage, partitions);
  const inTable = await createClickHouseCellReader(clickhouse).heads(lineage, partitions);
  return partitions.flatMap((partition, index): Folded[] => {
    const manifest = states[index] ?? null;
    const log = manifest === null ? null : `${manifest.clusterId}/${manifest.topicId}/${manifest.partitionCount}`;
    return [
      ...(manifest === null ? [] : [{ partition, of, where: 'the saved state' as const, log, next: manifest.next }]),
      ...headOf({ partition, of, where: 'redis' }, inRedis[index]),
      ...headOf({ partition, of, where: 'clickhouse' }, inTable[index]),
    ];
  });
}

/** What is closed, and what a publish that never ended has announced. */
function headOf(about: Pick<Folded, 'partition' | 'of' | 'where'>, head: Head | undefined): readonly Folded[] {
  if (head === undefined || head.note === null) return [];
  const closed = { ...about, log: head.note.log ?? null, next: splitVersion(head.closed).next };
  return head.target > head.closed ? [closed, { ...about, log: head.announced ?? null, next: splitVersion(head.target).next }] : [closed];
}
