/** The sample traffic of `up --demo`: months of history of three worlds into an empty topic, then events in real time. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createLogWriter, type KafkaConnection } from '@tidemark/kafka';
import type { LogRecord, LogWriter } from '@tidemark/pipeline';
import { createProgress } from '@tidemark/runtime';
import { sampleHistory, sampleLive } from '@tidemark/testing';
import { sendInOrder } from '../replay/send.ts';
import type { Output } from '../terminal-output.ts';
import { isUnreachable } from '../unreachable.ts';
import { type DemoState, newDemoState, readDemoState, writeDemoState } from './demo-state.ts';

export interface DemoOptions {
  readonly kafka: KafkaConnection;
  readonly partitioner: 'murmur2' | 'crc32';
  readonly dataFolder: string;
  readonly eventsPerSecond: number;
  readonly output: Output;
  readonly signal: AbortSignal;
}

/** Epoch ms. */
interface Filled {
  /** The end of the history that the topic has, as far as is known. */
  readonly historyEndMs: number;
  /** From then on events are to come live. */
  readonly liveFromMs: number;
}

const SEED = 20_261;
/** About: how long the running month is makes a difference. */
const HISTORY_EVENTS = 285_000;
const CHUNK_EVENTS = 1_000;
const SAVE_EVERY_EVENTS = 20_000;
const LIVE_EVERY_MS = 250;
const RETRY_MS = 500;
/** Beyond it the oldest are given up: Kafka has been away for long. */
const MOST_WAITING = 50_000;

/** Runs until `signal` aborts. Kafka being away is waited out; anything else rejects. */
export async function runDemo(options: DemoOptions): Promise<void> {
  const writer = createLogWriter(options.kafka, { partitioner: options.partitioner });
  try {
    await goLive(options, writer, await fillHistory(options, writer));
  } finally {
    await writer.close();
  }
}

async function fillHistory(options: DemoOptions, writer: LogWriter): Promise<Filled> {
  const { dataFolder, output, signal } = options;
  const isEmpty = await isTopicEmpty(options);
  const before = await readDemoState(dataFolder);
  if (!isEmpty && (before === null || before.isWhole)) {
    output.message('the topic has events already: the sample goes on live');
    return { historyEndMs: before?.endMs ?? Date.now(), liveFromMs: Date.now() };
  }
  // What was sent before is never sent again, except what was not acknowledged: its ids are the same, so that it counts once.
  let state: DemoState = isEmpty || before === null ? newDemoState(SEED, Date.now()) : before;
  await writeDemoState(dataFolder, state);
  const progress = createProgress({
    stream: output.messages,
    label: 'sample history',
    unit: 'events',
    total: Math.max(0, HISTORY_EVENTS - state.sent),
    env: output.env,
  });
  let saved = state.sent;
  const onSent = (count: number): void => {
    state = { ...state, sent: state.sent + count };
    progress.add(count);
    if (state.sent - saved < SAVE_EVERY_EVENTS) return;
    saved = state.sent;
    void writeDemoState(dataFolder, state);
  };
  while (!signal.aborted && !state.isWhole) {
    try {
      await sendInOrder({ writer, records: historyFrom(state), onSent, signal });
      state = { ...state, isWhole: !signal.aborted };
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      await pause(RETRY_MS, signal);
    }
  }
  await writeDemoState(dataFolder, state);
  if (state.isWhole) progress.finish();
  return { historyEndMs: state.endMs, liveFromMs: isEmpty ? state.endMs : Date.now() };
}

/** A new topic's partitions have no leaders for a moment. */
async function isTopicEmpty({ kafka, signal }: DemoOptions): Promise<boolean> {
  while (!signal.aborted) {
    try {
      const offsets = await kafka.admin.fetchTopicOffsets(kafka.topic);
      return offsets.every(({ high, low }) => high === low);
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      await pause(RETRY_MS, signal);
    }
  }
  return false;
}

function* historyFrom({ seed, endMs, sent }: DemoState): Generator<LogRecord[]> {
  let chunk: LogRecord[] = [];
  let index = 0;
  for (const event of sampleHistory({ seed, endMs })) {
    if (index++ < sent) continue;
    if (chunk.push(event) < CHUNK_EVENTS) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}

async function goLive({ eventsPerSecond, output, signal }: DemoOptions, writer: LogWriter, filled: Filled): Promise<void> {
  if (signal.aborted || eventsPerSecond === 0) return;
  output.message(output.style.dim(`sample traffic: ${eventsPerSecond} events a second`));
  const live = sampleLive({ seed: SEED, endMs: filled.historyEndMs, eventsPerSecond, startMs: filled.liveFromMs });
  let waiting: LogRecord[] = [];
  while (!signal.aborted) {
    waiting.push(...live(Date.now()));
    try {
      await writer.append(waiting);
      waiting = [];
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      waiting = waiting.slice(-MOST_WAITING);
    }
    await pause(LIVE_EVERY_MS, signal);
  }
}

/** By the port's error, or by the mark that the Kafka client gives to what may pass. */
function isUnavailable(error: unknown): boolean {
  if (isUnreachable(error)) return true;
  if (!(error instanceof Error)) return false;
  return error.name === 'KafkaJSNumberOfRetriesExceeded' || ('retriable' in error && error.retriable === true);
}

/** Ends early, without an error, when the signal aborts. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
