/** One membership of one partition in the archiver: what was taken, what is cut and waits to be saved, how far the chain reaches. */
import type { RecordCollector, RecordMark } from '../ports/archive.ts';
import type { LogBatch } from '../ports/log.ts';
import { type ChunkCutter, type CutChunk, createChunkCutter } from './chunk.ts';

export interface Session<Rows> {
  readonly partition: number;
  readonly cutter: ChunkCutter<Rows>;
  /** Cut, not yet in the chain; oldest first. */
  readonly queue: CutChunk<Rows>[];
  /** The last archived record, until the log has shown the same one: only then is it continued. */
  expected: RecordMark | null;
  /** Everything below is in the chain. */
  archived: number;
  /** The log's end as of the last batch. */
  high: number;
  /** How far the log was read, what is never handed over included. */
  readTo: number;
  /** Monotonic time at which the oldest open record came. */
  openSinceMs: number;
}

/** What is not at the log's end, as far as we know, goes out after this many flush intervals all the same: the log may be slow. */
const PATIENCE = 5;
/** One chunk, and one insert, carry about this much of keys and values: at most one record more. */
const MAX_INSERT_BYTES = 8 * 1024 * 1024;
/** One insert carries no more records than these, or one chunk. */
const MAX_INSERT_RECORDS = 50_000;

export function createSession<Rows>(options: {
  readonly epoch: number;
  readonly partition: number;
  readonly from: number;
  readonly expected: RecordMark | null;
  readonly chunkRecords: number;
  readonly collector: RecordCollector<Rows>;
}): Session<Rows> {
  const { partition, from, expected } = options;
  return { partition, cutter: createChunkCutter(options), queue: [], expected, archived: from, high: from, readTo: from, openSinceMs: 0 };
}

/** Where the log is to be read from. */
export function readFrom({ expected, cutter }: Session<unknown>): number {
  return expected?.offset ?? cutter.next;
}

/** Whether a batch that was asked for from the expected record on begins with it, byte for byte and at its time. */
export function beginsWith(batch: LogBatch, { offset, timestampMs, key, value }: RecordMark): boolean {
  if (batch.length === 0 || batch.offset(0) !== offset || batch.timestampMs(0) !== timestampMs) return false;
  return isSame(batch.key(0), key) && isSame(batch.value(0), value);
}

function isSame(one: Buffer | null, other: Buffer | null): boolean {
  return one === null || other === null ? one === other : one.equals(other);
}

/** Bytes of keys and values that the session holds. */
export function heldBytes(session: Session<unknown>): number {
  return session.cutter.openBytes + session.queue.reduce((sum, chunk) => sum + chunk.bytes, 0);
}

/** Takes what lies at or above the session's position; answers by how many bytes it holds more. */
export function takeBatch(session: Session<unknown>, batch: LogBatch, nowMs: number): number {
  const { cutter, queue } = session;
  const openBefore = cutter.openBytes;
  let cutBytes = 0;
  if (cutter.openRecords === 0) session.openSinceMs = nowMs;
  for (let index = 0; index < batch.length; index += 1) {
    if (batch.offset(index) < cutter.next) continue;
    // Large records do not wait for a fixed offset: a chunk is never much larger than an insert.
    const chunk = cutter.take(batch, index) ?? (cutter.openBytes > MAX_INSERT_BYTES ? cutter.cutTail() : null);
    if (chunk === null) continue;
    queue.push(chunk);
    cutBytes += chunk.bytes;
    session.openSinceMs = nowMs;
  }
  session.high = batch.highWatermark;
  session.readTo = batch.nextOffset;
  return cutBytes + cutter.openBytes - openBefore;
}

/** Cuts the open records when they have waited long enough at the end of the log, or `always`. */
export function cutTail(
  session: Session<unknown>,
  options: { readonly nowMs: number; readonly flushIntervalMs: number; readonly always: boolean },
): void {
  if (session.cutter.openRecords === 0) return;
  const waitMs = options.flushIntervalMs * (session.readTo >= session.high ? 1 : PATIENCE);
  if (!options.always && options.nowMs - session.openSinceMs < waitMs) return;
  const chunk = session.cutter.cutTail();
  if (chunk !== null) session.queue.push(chunk);
}

export interface DueChunk<Rows> {
  readonly session: Session<Rows>;
  readonly chunk: CutChunk<Rows>;
}

/** The oldest chunks of all sessions, round by round, up to one insert. */
export function nextInsert<Rows>(sessions: Iterable<Session<Rows>>): readonly DueChunk<Rows>[] {
  const all = [...sessions];
  const due: DueChunk<Rows>[] = [];
  let bytes = 0;
  let records = 0;
  for (let round = 0; all.some(({ queue }) => queue.length > round); round += 1) {
    for (const session of all) {
      const chunk = session.queue[round];
      if (chunk === undefined) continue;
      const isOverfull = bytes + chunk.bytes > MAX_INSERT_BYTES || records + chunk.link.count > MAX_INSERT_RECORDS;
      if (due.length > 0 && isOverfull) return due;
      due.push({ session, chunk });
      bytes += chunk.bytes;
      records += chunk.link.count;
    }
  }
  return due;
}
