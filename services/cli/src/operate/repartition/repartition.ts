/** `repartition`: makes the log of a new namespace, with another number of partitions, from the archive of this one; its figures become the same. */
// Message ids, event times and every actor's order are kept; record times are new. What counted here counts there, and nothing else: the order is that of
// the old partitions' clocks, in which no event can be late that was not, and what was late, repeated, future, misrouted or broken here is left out.
import { archivedEpochs, createClickHouseLineageJournal, createClickHousePartitionArchive } from '@tidemark/clickhouse';
import { DEFAULT_SETTINGS } from '@tidemark/core';
import { createLogWriter, ensureEventsTopic, type KafkaConnection } from '@tidemark/kafka';
import { type JournalEntry, journalState, LOG_ORIGIN, type LogRecord } from '@tidemark/pipeline';
import { createProgress, type ExitCode, exitCodes, exitError, formatCount, systemClock } from '@tidemark/runtime';
import { sendInOrder } from '../../replay/send.ts';
import type { Output } from '../../terminal-output.ts';
import { type Deployment, openClickHouse, openKafka } from '../deployment.ts';
import { isSent, planRound, type RoundOptions, type RoundPlan, roundRecords } from './plan.ts';
import { progressPath, type RepartitionProgress, readProgress, writeProgress } from './progress-file.ts';

export interface RepartitionOptions {
  readonly to: string;
  readonly partitions: number;
  /** Go on although events would be taken for repeats. */
  readonly loseRepeats: boolean;
  readonly dryRun: boolean;
}

const UNKNOWN_TOPIC = 3;

export async function repartition(
  deployment: Deployment,
  { to, partitions, loseRepeats, dryRun }: RepartitionOptions,
  output: Output,
): Promise<ExitCode> {
  if (to === deployment.namespace) throw exitError(exitCodes.usage, `--to ${to} is the namespace that is read: name another`);
  const path = progressPath(deployment.dataFolder, { from: deployment.namespace, to });
  const before = await readProgress(path);
  const clickhouse = await openClickHouse(deployment);
  const kafka = await openKafka(deployment, output, to);
  try {
    const archive = createClickHousePartitionArchive(clickhouse);
    refuseEpochs(await archivedEpochs(clickhouse));
    refuseRebuilt((await createClickHouseLineageJournal(clickhouse).read()).entries);
    await refuseForeignTopic(kafka, before, partitions);
    const done = before?.done ?? new Array<number>(deployment.partitions).fill(0);
    const ends = before?.round?.ends ?? (await Promise.all(done.map(async (_, partition) => (await archive.chainEnd(1, partition))?.to ?? 0)));
    const settings = { ...DEFAULT_SETTINGS, latenessMs: deployment.latenessMs };
    const round = { archive, settings, partitioner: deployment.partitioner, partitionCount: deployment.partitions, partitions, epoch: 1, done, ends };
    const plan = await planned(round, output);
    tellPlan(plan, { to, from: deployment.namespace, sent: before?.round?.sent ?? 0 }, output);
    refuseMisjudged(plan, to, loseRepeats);
    if (dryRun) return exitCodes.ok;
    const { topicId } = await ensureEventsTopic(kafka, { partitions });
    const progress = { from: deployment.namespace, to, partitions, topicId, done, round: { ends, sent: before?.round?.sent ?? 0 } };
    await send({ kafka, round, plan, progress, path }, output);
    await writeProgress(path, { ...progress, done: [...ends], round: null });
    output.data(`${formatCount(plan.toSend)} events of ${deployment.namespace} are in ${to}.events; run it again for what comes later`);
    return exitCodes.ok;
  } finally {
    await Promise.all([clickhouse.close(), kafka.close()]);
  }
}

function refuseEpochs(epochs: ReadonlyMap<number, readonly number[]>): void {
  for (const [partition, of] of epochs)
    if (of.some((epoch) => epoch !== 1))
      throw exitError(
        exitCodes.failed,
        `partition ${partition} was archived in the epochs ${of.join(', ')}: only an archive of one epoch can be repartitioned`,
      );
}

/** What came late counts in a past that was rebuilt in time order, and is left out here. */
export function refuseRebuilt(entries: readonly JournalEntry[]): void {
  const rebuilt = journalState(entries).sets.flatMap(({ name, serving }) => (serving === null || serving.origin === LOG_ORIGIN ? [] : [name]));
  if (rebuilt.length > 0)
    throw exitError(
      exitCodes.failed,
      `what is served of ${rebuilt.join(', ')} was rebuilt in time order and counts events that came late, which a repartitioning leaves out: replay the history into the new namespace first, or roll back to a lineage that began with the log`,
    );
}

/** Events of others in the new topic would be counted among ours. */
async function refuseForeignTopic(kafka: KafkaConnection, before: RepartitionProgress | null, partitions: number): Promise<void> {
  if (before !== null && before.partitions !== partitions)
    throw exitError(exitCodes.usage, `${kafka.topic} was begun with ${before.partitions} partitions: say --partitions ${before.partitions}`);
  const { errorCode, topicId } = await kafka.topicMetadata();
  if (errorCode === UNKNOWN_TOPIC && before === null) return;
  if (errorCode === UNKNOWN_TOPIC || (before !== null && before.topicId !== topicId))
    throw exitError(exitCodes.failed, `${kafka.topic} is not the topic that this repartitioning began: repartition into another namespace`);
  const offsets = before === null ? await kafka.admin.fetchTopicOffsets(kafka.topic) : [];
  if (offsets.some(({ high }) => high !== '0'))
    throw exitError(
      exitCodes.failed,
      `${kafka.topic} holds records already, and no repartitioning that began here wrote them: repartition into another namespace`,
    );
}

/** Figures that would differ are not begun. */
function refuseMisjudged({ misjudged }: RoundPlan, to: string, loseRepeats: boolean): void {
  const repeats = misjudged.get('duplicate') ?? 0;
  const others = [...misjudged.values()].reduce((sum, count) => sum + count, 0) - repeats;
  if (others > 0)
    throw exitError(
      exitCodes.failed,
      `${formatCount(others)} of these events would be late or future in ${to}, which has gone on meanwhile: nothing was sent. Repartition into another namespace`,
    );
  if (repeats > 0 && !loseRepeats)
    throw exitError(
      exitCodes.failed,
      `${formatCount(repeats)} of these events have the message id of another actor's event, and would share its partition, which takes them for repeats: nothing was sent. Fix: another number of partitions may part them, or go on without them with --lose-repeats`,
    );
}

async function planned(round: RoundOptions, output: Output): Promise<RoundPlan> {
  const total = round.ends.reduce((sum, end) => sum + end, 0);
  const progress = createProgress({ stream: output.messages, label: 'reading the archive', unit: 'records', total, env: output.env });
  const plan = await planRound(round, systemClock.nowMs(), (records) => progress.add(records));
  progress.finish();
  return plan;
}

function tellPlan(
  plan: RoundPlan,
  { from, to, sent }: { readonly from: string; readonly to: string; readonly sent: number },
  { data, message }: Output,
): void {
  data(`${formatCount(plan.toSend)} events that count in ${from} go to ${to}, by partition: ${plan.byPartition.map(formatCount).join(' ')}`);
  const left = [...plan.leftOut].map(([outcome, count]) => `${formatCount(count)} ${outcome}`);
  if (left.length > 0) data(`left out, for they count in no figure of ${from}: ${left.join(', ')}`);
  if (sent > 0)
    message(
      `an interrupted round is gone on with after ${formatCount(sent)} of them; the last few may be sent twice, which the duplicate filter takes out`,
    );
}

interface Sending {
  readonly kafka: KafkaConnection;
  readonly round: RoundOptions;
  readonly plan: RoundPlan;
  readonly progress: RepartitionProgress & { readonly round: { readonly ends: readonly number[]; readonly sent: number } };
  readonly path: string;
}

async function send({ kafka, round, plan, progress, path }: Sending, output: Output): Promise<void> {
  await writeProgress(path, progress);
  const writer = createLogWriter(kafka, { partitioner: round.partitioner });
  const shown = createProgress({ stream: output.messages, label: `sending to ${kafka.topic}`, unit: 'events', total: plan.toSend, env: output.env });
  let { sent } = progress.round;
  shown.set(sent);
  let noted = sent;
  /** One batch is on its way at a time, so what is acknowledged is a beginning. */
  const onSent = (count: number): void => {
    sent += count;
    shown.add(count);
  };
  const records = async function* (): AsyncGenerator<readonly LogRecord[]> {
    let skipped = 0;
    for await (const { record, outcome, isNew } of roundRecords(round)) {
      const { key, value } = record;
      if (!isNew || !isSent(record, outcome) || key === null || value === null) continue;
      if (skipped++ < progress.round.sent) continue;
      yield [{ key, value }];
      if (sent === noted) continue;
      noted = sent;
      await writeProgress(path, { ...progress, round: { ends: [...progress.round.ends], sent } });
    }
  };
  try {
    await sendInOrder({ writer, records: records(), onSent });
    shown.finish();
  } finally {
    await writer.close();
  }
}
