/** `rebuild`: a lineage whose past is the archive in time order, made here, from where workers go on. */
// The order: 1. every partition's archive is proven, which names the positions and so the lineage; 2. partition after partition is folded, published and saved;
// 3. the journal's entry is written. Until then nobody knows of the lineage, and a rebuild that was ended leaves rows that nobody reads.
import { randomUUID } from 'node:crypto';
import { createClickHouseCellSink, createClickHousePartitionArchive, createClickHouseTimeOrderedArchive } from '@tidemark/clickhouse';
import { lineageOf, type MetricSet } from '@tidemark/core';
import { type ArchiveSurvey, type LogIdentity, originOf, rebuildPartition, StoreUnavailable, surveyArchive, versionOf } from '@tidemark/pipeline';
import { createRedisCellSink, createRedisCheckpointStore } from '@tidemark/redis';
import { createProgress, type ExitCode, exitCodes, formatCount, systemClock } from '@tidemark/runtime';
import { decide } from '../lineages/decide.ts';
import { type OpenLineages, openLineages } from '../lineages/open.ts';
import { settingsOf } from '../lineages/plan.ts';
import { type Deployment, openKafka } from '../operate/deployment.ts';
import { deploymentLog, readEpochs } from '../operate/deployment-log.ts';
import type { Output } from '../terminal-output.ts';
import { whatToRebuild } from './what.ts';

export interface RebuildOptions {
  /** A definition file, or the name of a set of the journal. */
  readonly what: string;
  /** Up to the positions of the set's lineage that was built so before. */
  readonly again: boolean;
  readonly by: string;
  readonly json: boolean;
}

/** Of the archive. */
const EPOCH = 1;

interface Job {
  readonly deployment: Deployment;
  readonly opened: OpenLineages;
  readonly identity: LogIdentity;
  readonly output: Output;
}

/** Exit 0 when workers go on with the lineage. Throws BrokenArchive when the archive is not whole, StoreUnavailable. */
export async function rebuild(deployment: Deployment, options: RebuildOptions, output: Output): Promise<ExitCode> {
  const opened = await openLineages(deployment, output);
  try {
    const settings = settingsOf(deployment);
    const state = await opened.state();
    const { set, file, positions, running } = whatToRebuild(options, state, settings);
    const job = { deployment, opened, output, identity: await identityOf(opened, output) };
    const surveys = await survey(job, positions);
    const origin = originOf({ epoch: EPOCH, positions: surveys.map(({ next }) => next) });
    const lineage = lineageOf(set, settings, origin);
    const counters = await build(job, { set, lineage, surveys });
    const isKnown = state.running.some((known) => known.lineage === lineage);
    const ends = surveys.map(({ next }) => versionOf(EPOCH, next));
    const about = { set: set.name, lineage, revision: set.revision };
    if (!isKnown) await decide(opened.journal, options.by, { kind: 'start', ...about, files: [file], origin, positions: ends });
    if (options.json) output.data(JSON.stringify({ ...about, origin, counters }));
    tell(output, { lineage, counters, isKnown, older: running.filter((known) => known !== lineage), what: options.what });
    return exitCodes.ok;
  } finally {
    await opened.close();
  }
}

async function identityOf({ deployment, clickhouse, redis }: OpenLineages, output: Output): Promise<LogIdentity> {
  const kafka = await openKafka(deployment, output);
  try {
    const { log } = await deploymentLog(kafka, `${deployment.namespace}.operator`, await readEpochs({ clickhouse, redis }));
    return await log.identity();
  } finally {
    await kafka.close();
  }
}

/** By partition, up to the end of its chain as it is now, or to the given positions. */
async function survey({ opened, output, identity }: Job, positions: readonly number[] | null): Promise<readonly ArchiveSurvey[]> {
  const archive = createClickHousePartitionArchive(opened.clickhouse);
  const partitions = Array.from({ length: identity.partitionCount }, (_, partition) => partition);
  const ends = await Promise.all(partitions.map((partition) => archive.chainEnd(EPOCH, partition)));
  const total = ends.reduce((sum, end) => sum + (end?.to ?? 0), 0);
  const progress = createProgress({ stream: output.messages, label: 'proving the archive', unit: 'records', total, env: output.env });
  const surveys: ArchiveSurvey[] = [];
  for (const partition of partitions) {
    const to = positions === null ? null : (positions[partition] ?? 0);
    surveys.push(await surveyArchive({ archive, epoch: EPOCH, partition, to, read: progress.add }));
  }
  progress.finish();
  return surveys;
}

/** By outcome, of all partitions that were not there already. */
async function build(
  { deployment, opened, identity, output }: Job,
  { set, lineage, surveys }: { readonly set: MetricSet; readonly lineage: string; readonly surveys: readonly ArchiveSurvey[] },
): Promise<Readonly<Record<string, number>>> {
  const { clickhouse, redis } = opened;
  if (redis === null) throw new StoreUnavailable('redis', 'Redis must answer: the state from which workers go on is saved there');
  const stores = {
    redis: createRedisCellSink(redis),
    clickhouse: createClickHouseCellSink(clickhouse),
    checkpoints: createRedisCheckpointStore(redis, { segmentTtlSeconds: 3_600 }),
  };
  const total = surveys.reduce((sum, { records }) => sum + records, 0);
  const progress = createProgress({ stream: output.messages, label: 'folding in time order', unit: 'records', total, env: output.env });
  const counters: Record<string, number> = {};
  for (const [partition, of] of surveys.entries()) {
    const { partitioner } = deployment;
    const built = await rebuildPartition({
      ...{ set, lineage, partition, partitioner, identity, stores, survey: of, epoch: EPOCH },
      settings: settingsOf(deployment),
      archive: createClickHouseTimeOrderedArchive(clickhouse),
      clock: systemClock,
      randomId: randomUUID,
      writer: `rebuild-${process.pid}`,
      folded: progress.add,
    });
    if (!built.isNew) output.message(`partition ${partition} of lineage ${lineage} is there already`);
    for (const [outcome, count] of Object.entries(built.counters)) counters[outcome] = (counters[outcome] ?? 0) + count;
  }
  progress.finish();
  return counters;
}

interface Told {
  readonly lineage: string;
  readonly counters: Readonly<Record<string, number>>;
  readonly isKnown: boolean;
  /** Rebuilt before, of the same set, and worked on still. */
  readonly older: readonly string[];
  readonly what: string;
}

function tell(output: Output, { lineage, counters, isKnown, older, what }: Told): void {
  const others = ['duplicate', 'rejected', 'misrouted', 'future', 'late'].flatMap((outcome) => {
    const count = counters[outcome] ?? 0;
    return count === 0 ? [] : [`${formatCount(count)} ${outcome}`];
  });
  const words = `${formatCount(counters['applied'] ?? 0)} events are folded in time order as lineage ${lineage}`;
  output.message(`${words}${others.length === 0 ? '' : `, besides ${others.join(', ')}`}`);
  if (older.length > 0) output.message(`built before and still worked on: ${older.map((each) => `tidemark retire ${each}`).join(', ')} ends it`);
  if (isKnown) output.message('its workers go on: restart them, or run tidemark resume for each partition that halted');
  else output.message(`workers go on with it; tidemark apply ${what} says what differs from what is served, and lets readers go over`);
}
