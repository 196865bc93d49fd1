/** Kafka's Fetch response, version 11, by hand: what kafkajs needs of it, and the record batches of each partition as the bytes that came. */
import { lastOffsetOf } from './record-batch-header.ts';
import { takeOver } from './response-frames.ts';

export const FETCH_API_KEY = 1;
/** The newest version that kafkajs 2.2.4 speaks; brokers have it since Kafka 2.3. */
export const FETCH_API_VERSION = 11;

/** A transaction that was aborted: records of this producer from this offset on, up to its abort marker, are never handed over. */
export interface AbortedTransaction {
  readonly producerId: bigint;
  readonly firstOffset: number;
}

/** The bytes of one response: nobody reads them any more when all that hold them have let go. */
class Hold {
  #holders = 0;
  readonly #letGo: () => void;

  constructor(letGo: () => void) {
    this.#letGo = letGo;
  }

  set holders(count: number) {
    this.#holders = count;
    if (count === 0) this.#letGo();
  }

  get holders(): number {
    return this.#holders;
  }
}

/**
 * Everything that one fetch brought of one partition, still in bytes. kafkajs takes it for a message: it compares `offset` with the one
 * that was asked for, resolves it when the batch is done, and drops control records, of which it knows none.
 */
export class FetchedRecords {
  /** Whole record batches from `start` to `end`; of a cut one behind them nothing is read. */
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
  readonly aborted: readonly AbortedTransaction[];
  /** The last one that the batches span, whatever stands there. */
  readonly lastOffset: number;
  readonly offset: string;
  readonly isControlRecord = false;
  readonly batchContext = {};
  readonly key = null;
  #hold: Hold | null;

  constructor(
    bytes: Buffer,
    span: { readonly start: number; readonly end: number; readonly aborted: readonly AbortedTransaction[] },
    hold: Hold | null = null,
  ) {
    this.bytes = bytes;
    this.#hold = hold;
    this.start = span.start;
    this.end = span.end;
    this.aborted = span.aborted;
    this.lastOffset = lastOffsetOf(bytes, span.start, span.end);
    this.offset = String(this.lastOffset);
  }

  /** The bytes are not read any more, and may be overwritten. */
  letGo(): void {
    if (this.#hold !== null) this.#hold.holders -= 1;
    this.#hold = null;
  }
}

/** As kafkajs's own decoder answers it; `messages` is empty or a single `FetchedRecords`. */
export interface FetchResponse {
  readonly throttleTime: number;
  readonly clientSideThrottleTime: number;
  readonly errorCode: number;
  readonly sessionId: number;
  readonly responses: readonly { readonly topicName: string; readonly partitions: readonly FetchedPartition[] }[];
}

export interface FetchedPartition {
  readonly partition: number;
  readonly errorCode: number;
  readonly highWatermark: string;
  readonly preferredReadReplica: number;
  /** Always empty: we leave out aborted records ourselves. */
  readonly abortedTransactions: readonly [];
  readonly messages: readonly FetchedRecords[];
}

/** The payload after the correlation id. Throws a RangeError on bytes that end too early, UnreadableBatch on an old message format. */
export function decodeFetchResponse(payload: Buffer): FetchResponse {
  const letGo = takeOver(payload);
  const hold = letGo === null ? null : new Hold(letGo);
  const cursor: Cursor = { payload, at: 0, hold, held: 0 };
  const clientSideThrottleTime = int32(cursor);
  const errorCode = int16(cursor);
  const sessionId = int32(cursor);
  const responses = array(cursor, () => ({ topicName: text(cursor), partitions: array(cursor, () => readPartition(cursor)) }));
  if (hold !== null) hold.holders = cursor.held;
  // The broker has not waited; kafkajs is to wait for as long as `clientSideThrottleTime` says.
  return { throttleTime: 0, clientSideThrottleTime, errorCode, sessionId, responses };
}

function readPartition(cursor: Cursor): FetchedPartition {
  const partition = int32(cursor);
  const errorCode = int16(cursor);
  const highWatermark = String(int64(cursor));
  // The last stable offset and the log's start.
  cursor.at += 16;
  const aborted = array(cursor, () => ({ producerId: int64(cursor), firstOffset: Number(int64(cursor)) }));
  const preferredReadReplica = int32(cursor);
  return { partition, errorCode, highWatermark, preferredReadReplica, abortedTransactions: [], messages: readRecords(cursor, aborted) };
}

function readRecords(cursor: Cursor, aborted: readonly AbortedTransaction[]): readonly FetchedRecords[] {
  const { payload } = cursor;
  const size = Math.max(0, int32(cursor));
  const start = cursor.at;
  if (start + size > payload.length) throw new RangeError('a Fetch response ends too early');
  cursor.at += size;
  const records = new FetchedRecords(payload, { start, end: cursor.at, aborted }, cursor.hold);
  if (records.lastOffset < 0) return [];
  cursor.held += 1;
  return [records];
}

interface Cursor {
  readonly payload: Buffer;
  at: number;
  readonly hold: Hold | null;
  /** How many partitions hold the bytes. */
  held: number;
}

function int16(cursor: Cursor): number {
  cursor.at += 2;
  return cursor.payload.readInt16BE(cursor.at - 2);
}

function int32(cursor: Cursor): number {
  cursor.at += 4;
  return cursor.payload.readInt32BE(cursor.at - 4);
}

function int64(cursor: Cursor): bigint {
  cursor.at += 8;
  return cursor.payload.readBigInt64BE(cursor.at - 8);
}

function text(cursor: Cursor): string {
  const start = cursor.at + 2;
  const end = start + int16(cursor);
  if (end < start || end > cursor.payload.length) throw new RangeError('a Fetch response with a broken name');
  cursor.at = end;
  return cursor.payload.toString('utf8', start, end);
}

function array<T>(cursor: Cursor, readItem: () => T): T[] {
  const items: T[] = [];
  for (let left = int32(cursor); left > 0; left -= 1) items.push(readItem());
  return items;
}
