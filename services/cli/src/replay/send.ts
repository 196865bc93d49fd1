/** Appends records in order, a batch at a time: the next is made ready while the last waits for its acknowledgement. */
import type { LogRecord, LogWriter } from '@tidemark/pipeline';

export interface SendOptions {
  readonly writer: LogWriter;
  readonly records: AsyncIterable<readonly LogRecord[]> | Iterable<readonly LogRecord[]>;
  /** Told after each acknowledged batch. */
  readonly onSent: (count: number) => void;
  readonly signal?: AbortSignal | undefined;
}

const BATCH_RECORDS = 4_000;
const BATCH_BYTES = 2 * 1024 * 1024;

/** One batch is on its way at a time, so that the order within a partition is that of the records. Ends early, without an error, when `signal` aborts. */
export async function sendInOrder({ writer, records, onSent, signal }: SendOptions): Promise<void> {
  let underWay: Promise<void> = Promise.resolve();
  const flush = async (batch: readonly LogRecord[]): Promise<void> => {
    await underWay;
    if (signal?.aborted === true) return;
    underWay = writer.append(batch).then(() => onSent(batch.length));
    // The failure is met by the next await; until then it is no unhandled one.
    underWay.catch(() => undefined);
  };
  let batch: LogRecord[] = [];
  let bytes = 0;
  for await (const chunk of records) {
    for (const record of chunk) {
      batch.push({ key: record.key, value: record.value });
      bytes += record.value.length;
      if (batch.length < BATCH_RECORDS && bytes < BATCH_BYTES) continue;
      await flush(batch);
      if (signal?.aborted === true) return underWay;
      batch = [];
      bytes = 0;
    }
  }
  if (batch.length > 0) await flush(batch);
  await underWay;
}
