/** The sample cabinet's history as real traffic delivers it: some events out of order, some twice, some too late; and how it gets into the log. */

import { createLogWriter } from '@tidemark/kafka';
import { cabinetHistory, type HistoryOptions } from '@tidemark/testing';
import type { Deployment } from './deployment.ts';
import type { Oracle } from './oracle.ts';
import { seeded } from './seeded.ts';

export interface TextRecord {
  readonly key: string;
  readonly value: string;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const LATE_SHARE = 0.002;
const OUT_OF_ORDER_SHARE = 0.02;
const TWICE_SHARE = 0.01;
const BATCH_RECORDS = 4_000;

/** Long ago, so that no worker ticks the clocks on, and the log's ends stay what was appended. */
export const END_MS = Date.UTC(2024, 5, 1);

/** In the order of delivery; the same options give the same bytes. */
export function* deliveredHistory(options: Omit<HistoryOptions, 'endMs'>): Generator<TextRecord> {
  const random = seeded(options.seed);
  const waiting: { atMs: number; record: TextRecord }[] = [];
  const hold = (atMs: number, record: TextRecord): void => {
    let index = waiting.length;
    while (index > 0 && (waiting[index - 1]?.atMs ?? 0) > atMs) index -= 1;
    waiting.splice(index, 0, { atMs, record });
  };
  for (const { key, value, timeMs } of cabinetHistory({ ...options, endMs: END_MS })) {
    for (let first = waiting[0]; first !== undefined && first.atMs <= timeMs; first = waiting[0]) {
      yield first.record;
      waiting.shift();
    }
    const record = { key, value };
    const luck = random();
    let atMs = timeMs;
    if (luck < LATE_SHARE) atMs += (7.2 + 12 * random()) * DAY_MS;
    else if (luck < LATE_SHARE + OUT_OF_ORDER_SHARE) atMs += 2 * MINUTE_MS + random() * 5 * HOUR_MS;
    if (atMs > timeMs) hold(atMs, record);
    else yield record;
    if (random() < TWICE_SHARE) hold(atMs + random() * HOUR_MS, record);
  }
  for (const { record } of waiting) yield record;
}

/** Appends in order, and folds the same into the oracle. Answers how many. */
export async function appendAll(deployment: Deployment, oracle: Oracle, records: Iterable<TextRecord>): Promise<number> {
  const writer = createLogWriter(deployment.kafka, { partitioner: 'murmur2' });
  let count = 0;
  let batch: TextRecord[] = [];
  const flush = async (): Promise<void> => {
    const sending = writer.append(batch);
    for (const { key, value } of batch) oracle.foldText(key, value);
    await sending;
    count += batch.length;
    batch = [];
  };
  for (const record of records) {
    batch.push(record);
    if (batch.length === BATCH_RECORDS) await flush();
  }
  await flush();
  await writer.close();
  return count;
}
