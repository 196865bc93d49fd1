/** `replay`: a file of events into Kafka, in time order. */

import { isoInstant } from '@tidemark/core';
import { connectKafka, createLogWriter, ensureEventsTopic } from '@tidemark/kafka';
import { createProgress, type ExitCode, exitCodes, exitError, formatCount, formatDuration, type KafkaAccess } from '@tidemark/runtime';
import { type BadRows, createBadRows } from '../events/bad-rows.ts';
import { type EventFileFormat, readEventFile } from '../events/event-file.ts';
import type { EventMap } from '../events/event-map.ts';
import { inTimeOrder, type OrderedEvents } from '../events/time-order.ts';
import { kafkaMessages } from '../kafka-messages.ts';
import type { Output } from '../terminal-output.ts';
import { countEarlier, type DeploymentAddress, latestClockMs } from './late-events.ts';
import { sendInOrder } from './send.ts';

export interface ReplayOptions {
  readonly path: string;
  readonly map: EventMap;
  readonly format?: EventFileFormat | undefined;
  readonly brokers: readonly string[];
  /** TLS and login of the brokers. */
  readonly access: KafkaAccess;
  readonly namespace: string;
  readonly partitioner: 'murmur2' | 'crc32';
  /** Creates the topic with so many partitions when it is absent; null expects it to be there. */
  readonly createPartitions: number | null;
  readonly deployment: DeploymentAddress;
  /** Send events that are too late to count. */
  readonly late: boolean;
  readonly skipBad: boolean;
  readonly sortMemoryBytes: number;
  readonly json: boolean;
}

const FUTURE_MS = 3_600_000;

/** Nothing is sent before the whole file has been read once, so that a file with a mistake changes nothing. */
export async function replay(options: ReplayOptions, output: Output): Promise<ExitCode> {
  const badRows = createBadRows();
  const events = await readWhole(options, badRows, output);
  for (const line of badRows.lines()) output.message(line);
  if (badRows.count > 0 && !options.skipBad)
    throw exitError(
      exitCodes.failed,
      `${formatCount(badRows.count)} rows make no event, and nothing was sent: mend them, or leave them out with --skip-bad`,
    );
  if (events.wasSorted) output.message(`${options.path} is not in time order: sorted`);
  const lateBeforeMs = events.count > 0 ? await warn(options, events, output) : Number.NEGATIVE_INFINITY;
  const startedMs = performance.now();
  const late = await send(options, { events, lateBeforeMs }, output);
  const seconds = (performance.now() - startedMs) / 1000;
  const topic = `${options.namespace}.events`;
  if (options.json)
    output.data(
      JSON.stringify({ file: options.path, topic, events: events.count, late, skipped: badRows.count, seconds: Number(seconds.toFixed(3)) }),
    );
  else output.message(`${formatCount(events.count)} events of ${options.path} are in ${topic}, after ${formatDuration(seconds * 1000)}`);
  if (late > 0) output.message(`${formatCount(late)} of them are earlier than ${isoInstant(lateBeforeMs)}: archived, ${FOLD_IN}`);
  return exitCodes.ok;
}

/** What becomes of events that came too late for what is served. */
const FOLD_IN =
  'but not counted in what is served; tidemark rebuild SET folds them in once they are archived, tidemark apply FILE then compares and switches';

async function readWhole(options: ReplayOptions, badRows: BadRows, output: Output): Promise<OrderedEvents> {
  const { path, map, format } = options;
  const progress = createProgress({ stream: output.messages, label: `reading ${path}`, unit: 'events', env: output.env });
  const events = await inTimeOrder({
    path,
    maxMemoryBytes: options.sortMemoryBytes,
    read: (again) => readEventFile({ path, map, format, onBadRow: again ? () => undefined : badRows.add }),
    onRead: progress.add,
  });
  progress.finish();
  return events;
}

/** What is earlier than this is late. */
async function warn(options: ReplayOptions, { firstMs, lastMs }: OrderedEvents, output: Output): Promise<number> {
  if (lastMs > Date.now() + FUTURE_MS)
    output.message(`events later than an hour from now (up to ${isoInstant(lastMs)}) will be archived, but not counted`);
  const { deployment } = options;
  const clockMs = await latestClockMs(deployment).catch((error: unknown) => {
    throw exitError(
      exitCodes.unreachable,
      `cannot tell whether the events are late: ${deployment.queryUrl ?? deployment.redisUrl} does not answer as expected (${error instanceof Error ? error.message : String(error)}). Fix: start it, or name another by --query`,
      error,
    );
  });
  if (clockMs === null || firstMs >= clockMs - deployment.latenessMs) return Number.NEGATIVE_INFINITY;
  const facts = `the file begins at ${isoInstant(firstMs)}, but the running deployment has seen ${isoInstant(clockMs)} and counts only what is at most ${formatLateness(deployment.latenessMs)} older`;
  const remedy = 'earlier events would be archived, but not counted';
  const fix = 'replay into another --namespace, or send them all the same with --late and let tidemark rebuild fold them in';
  if (!options.late) throw exitError(exitCodes.failed, `${facts}: ${remedy}. Fix: ${fix}`);
  output.message(`${facts}: ${remedy}`);
  return clockMs - deployment.latenessMs;
}

function formatLateness(latenessMs: number): string {
  const days = latenessMs / 86_400_000;
  return Number.isInteger(days) ? `${days} days` : formatDuration(latenessMs);
}

interface Sending {
  readonly events: OrderedEvents;
  readonly lateBeforeMs: number;
}

/** Answers how many were late. */
async function send(options: ReplayOptions, { events, lateBeforeMs }: Sending, output: Output): Promise<number> {
  const { brokers, access, namespace, partitioner, createPartitions } = options;
  const kafka = await connectKafka({ brokers, clientId: 'tidemark-replay', namespace, logger: kafkaMessages(output), ...access });
  try {
    if (createPartitions !== null) await ensureEventsTopic(kafka, { partitions: createPartitions });
    const writer = createLogWriter(kafka, { partitioner });
    const progress = createProgress({
      stream: output.messages,
      label: `replaying ${options.path}`,
      unit: 'events',
      total: events.count,
      env: output.env,
    });
    try {
      const { batches, count } = countEarlier(events.batches(), lateBeforeMs);
      await sendInOrder({ writer, records: batches, onSent: progress.add });
      progress.finish();
      return count();
    } finally {
      await writer.close();
    }
  } finally {
    await kafka.close();
  }
}
