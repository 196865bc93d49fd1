/** Archives a log: takes batches, cuts them into chunks, saves each chunk and then extends the partition's chain by it. */
// The order, and what each gap guarantees:
// 1. A chunk's records are inserted. A crash before the acknowledgement leaves rows that the chain does not name; the same rows are written again.
// 2. Its link is added to the chain. A rebuild reads only what an unbroken chain names, so a chunk that failed is a hole that is seen, and the next start fills it.
// 3. The position is committed, for lag tools only: a start resumes from the chain.
import type { ArchiveIntake, RecordMark } from '../ports/archive.ts';
import type { EventLog, LogBatch, LogHandler } from '../ports/log.ts';
import { type ArchivePosition, archivePosition } from './archive-position.ts';
import { gaveUp, type RetryClock, type RetryOptions, retried } from './retry.ts';
import { beginsWith, createSession, cutTail, type DueChunk, heldBytes, nextInsert, readFrom, type Session, takeBatch } from './session.ts';

export interface ArchiveWriterOptions<Rows> {
  readonly archive: ArchiveIntake<Rows>;
  readonly log: Pick<EventLog, 'bounds' | 'control'>;
  readonly epoch: number;
  readonly clock: RetryClock;
  /** Offsets per chunk; default 5,000. */
  readonly chunkRecords?: number;
  /** How long records at the log's end wait for their chunk to fill; default 1,000. */
  readonly flushIntervalMs?: number;
  /** Keys and values held before fetching pauses; default 32 MiB. */
  readonly maxHeldBytes?: number;
  /** How long `stop` tries to save what is held; default 6,000. */
  readonly stopDeadlineMs?: number;
  readonly onNote?: (note: ArchiveNote) => void;
}

type ResumePosition = { readonly halt: string } | { readonly from: number; readonly expected: RecordMark | null };

/** What an operator should hear of. */
export type ArchiveNote =
  | { readonly note: 'reading'; readonly partition: number; readonly from: number }
  | { readonly note: 'halted'; readonly partition: number; readonly reason: string }
  | { readonly note: 'retrying'; readonly purpose: string; readonly reason: string; readonly attempt: number };

/** A partition that runs here, or that stands still and why. */
export type ArchivePartition =
  | { readonly partition: number; readonly halted: string }
  | {
      readonly partition: number;
      readonly halted: null;
      /** Everything below was read. */
      readonly next: number;
      /** Everything below is in the chain. */
      readonly archived: number;
      /** The log's end as of the last batch. */
      readonly high: number;
    };

/** Since the start; `heldBytes` now. */
export interface ArchiveTotals {
  readonly records: number;
  readonly bytes: number;
  readonly chunks: number;
  readonly failures: number;
  readonly heldBytes: number;
}

export interface ArchiveWriter {
  readonly handler: LogHandler;
  /** Saves what is cut until `stop`. Rejects when the archive refuses what a retry will not mend. Called once. */
  run(): Promise<void>;
  /** Fetches no more, saves what is held within the deadline; then `run` has resolved, unless the archive hangs. Leave the group afterwards. */
  stop(): Promise<void>;
  /** Stops a partition until the process ends, because of something that must not be guessed about. */
  halt(partition: number, reason: string): void;
  partitions(): readonly ArchivePartition[];
  totals(): ArchiveTotals;
}

export function createArchiveWriter<Rows>(options: ArchiveWriterOptions<Rows>): ArchiveWriter {
  return new LogArchiver(options);
}

/** Owns the sessions of the partitions that are assigned, from `run` to `stop`. */
class LogArchiver<Rows> implements ArchiveWriter {
  readonly handler: LogHandler = {
    assigned: (partition) => this.#assigned(partition),
    revoked: (partition) => this.#drop(partition),
    batch: (batch) => this.#batch(batch),
  };
  readonly #options: Required<ArchiveWriterOptions<Rows>>;
  readonly #retry: RetryOptions;
  readonly #sessions = new Map<number, Session<Rows>>();
  readonly #halted = new Map<number, string>();
  /** The latest question where a partition goes on; revoking takes it back. */
  readonly #loads = new Map<number, symbol>();
  readonly #ended = Promise.withResolvers<void>();
  #wake = new AbortController();
  #paused = false;
  #stopAtMs: number | null = null;
  #totals = { records: 0, bytes: 0, chunks: 0, failures: 0, heldBytes: 0 };

  constructor(options: ArchiveWriterOptions<Rows>) {
    this.#options = {
      chunkRecords: 5_000,
      flushIntervalMs: 1_000,
      maxHeldBytes: 32 * 1024 * 1024,
      stopDeadlineMs: 6_000,
      onNote: () => {},
      ...options,
    };
    this.#retry = {
      clock: options.clock,
      onFailure: (failure) => {
        this.#totals.failures += 1;
        this.#options.onNote({ note: 'retrying', ...failure });
      },
    };
  }

  run(): Promise<void> {
    this.#save().then(this.#ended.resolve, this.#ended.reject);
    return this.#ended.promise;
  }

  async stop(): Promise<void> {
    if (this.#stopAtMs === null) {
      this.#stopAtMs = this.#options.clock.monotonicMs() + this.#options.stopDeadlineMs;
      this.#control({ pause: true });
      this.#wake.abort();
    }
    // A failure is told by `run`. A request that hangs, as a stopped ClickHouse lets it, is not waited for beyond the deadline.
    const { clock, stopDeadlineMs } = this.#options;
    const late = new AbortController();
    await Promise.race([this.#ended.promise.catch(() => undefined), clock.sleep(stopDeadlineMs, late.signal)]);
    late.abort();
  }

  halt(partition: number, reason: string): void {
    if (this.#halted.has(partition)) return;
    this.#drop(partition);
    this.#halted.set(partition, reason);
    this.#options.log.control(partition, { pause: true });
    this.#options.onNote({ note: 'halted', partition, reason });
  }

  partitions(): readonly ArchivePartition[] {
    const halted = [...this.#halted].map(([partition, reason]) => ({ partition, halted: reason }));
    const running = [...this.#sessions.values()].map(({ partition, cutter, archived, high }) => ({
      partition,
      halted: null,
      next: cutter.next,
      archived,
      high,
    }));
    return [...halted, ...running].sort((left, right) => left.partition - right.partition);
  }

  totals(): ArchiveTotals {
    return { ...this.#totals };
  }

  async #assigned(partition: number): Promise<number | null> {
    if (this.#stopAtMs !== null || this.#halted.has(partition)) return null;
    // After a rebalance that left the partition here, what is held still continues the chain.
    const session = this.#sessions.get(partition);
    return session === undefined ? this.#load(partition) : readFrom(session);
  }

  /** Null when the partition halts, or is no longer ours. */
  async #load(partition: number): Promise<number | null> {
    const token = Symbol();
    this.#loads.set(partition, token);
    const isCurrent = (): boolean => this.#loads.get(partition) === token && this.#stopAtMs === null;
    const position = await retried(this.#retry, `find where partition ${partition} goes on`, () => this.#findPosition(partition), isCurrent);
    if (position === gaveUp || !isCurrent()) return null;
    if ('halt' in position) {
      this.halt(partition, position.halt);
      return null;
    }
    const { archive, epoch, chunkRecords } = this.#options;
    const collector = archive.collector(epoch);
    const { from, expected } = position;
    const session = createSession({ epoch, partition, from, expected, chunkRecords, collector });
    this.#sessions.set(partition, session);
    if (this.#paused) this.#options.log.control(partition, { pause: true });
    this.#options.onNote({ note: 'reading', partition, from });
    return readFrom(session);
  }

  async #findPosition(partition: number): Promise<ResumePosition> {
    const { archive, epoch, log } = this.#options;
    const end = await archive.chainEnd(epoch, partition);
    const last = end === null ? null : await archive.lastRecord(epoch, partition, end.to);
    // Asked last: the archiver before us may have archived further than the log reached when we began.
    const bounds = (await log.bounds()).get(partition);
    const position = archivePosition(end?.to ?? null, bounds);
    // What retention has deleted cannot be compared any more.
    return 'halt' in position ? position : { ...position, expected: last !== null && last.offset >= (bounds?.low ?? 0) ? last : null };
  }

  #batch(batch: LogBatch): void {
    const session = this.#sessions.get(batch.partition);
    if (session === undefined || this.#stopAtMs !== null) return;
    if (batch.requestedOffset !== readFrom(session)) {
      this.#options.log.control(batch.partition, { pause: true });
      this.#recheck(session).catch(this.#ended.reject);
      return;
    }
    const { expected } = session;
    if (expected !== null && !beginsWith(batch, expected)) {
      this.halt(
        batch.partition,
        `the record at offset ${expected.offset} is not the one that was archived: the log was rewritten, or the topic re-created`,
      );
      return;
    }
    session.expected = null;
    const { clock, maxHeldBytes } = this.#options;
    this.#totals.heldBytes += takeBatch(session, batch, clock.monotonicMs());
    if (session.queue.length > 0) this.#wake.abort();
    if (this.#paused || this.#totals.heldBytes <= maxHeldBytes) return;
    this.#paused = true;
    this.#control({ pause: true });
  }

  /** The client jumped: either the log has lost our position, or another fetch from it succeeds. */
  async #recheck(session: Session<Rows>): Promise<void> {
    const { partition, cutter } = session;
    const isCurrent = (): boolean => this.#sessions.get(partition) === session && this.#stopAtMs === null;
    const ask = async (): Promise<ArchivePosition> => {
      const bounds = (await this.#options.log.bounds()).get(partition);
      if (session.expected !== null && session.expected.offset < (bounds?.low ?? 0)) session.expected = null;
      return archivePosition(cutter.next, bounds);
    };
    const position = await retried(this.#retry, `check the bounds of partition ${partition}`, ask, isCurrent);
    if (position === gaveUp || !isCurrent()) return;
    if ('halt' in position) {
      this.halt(partition, position.halt);
      return;
    }
    this.#options.log.control(partition, { seek: readFrom(session) });
    if (!this.#paused) this.#options.log.control(partition, { resume: true });
  }

  /** One insert after the other, for all partitions together. */
  async #save(): Promise<void> {
    const { clock, flushIntervalMs } = this.#options;
    for (;;) {
      const nowMs = clock.monotonicMs();
      // While fetching is paused for memory nothing more comes to fill a chunk.
      const always = this.#paused || this.#stopAtMs !== null;
      for (const session of this.#sessions.values()) cutTail(session, { nowMs, flushIntervalMs, always });
      const due = nextInsert(this.#sessions.values());
      if (due.length > 0 && this.#goesOn()) await this.#saveChunks(due);
      else if (this.#stopAtMs !== null) return;
      else {
        this.#wake = new AbortController();
        await clock.sleep(Math.max(1, flushIntervalMs / 4), this.#wake.signal);
      }
    }
  }

  async #saveChunks(due: readonly DueChunk<Rows>[]): Promise<void> {
    const { archive } = this.#options;
    const rows = due.map(({ chunk }) => chunk.rows);
    const goesOn = (): boolean => this.#goesOn();
    if ((await retried(this.#retry, 'archive records', () => archive.insertRows(rows), goesOn)) === gaveUp) return;
    for (const { session, chunk } of due) {
      if ((await retried(this.#retry, 'extend the chain', () => archive.extendChain(chunk.link), goesOn)) === gaveUp) return;
      this.#totals.records += chunk.link.count;
      this.#totals.bytes += chunk.bytes;
      this.#totals.chunks += 1;
      if (this.#sessions.get(session.partition) !== session) continue;
      session.queue.shift();
      session.archived = chunk.link.to;
      this.#release(chunk.bytes);
      this.#options.log.control(session.partition, { commit: chunk.link.to });
    }
  }

  #goesOn(): boolean {
    return this.#stopAtMs === null || this.#options.clock.monotonicMs() < this.#stopAtMs;
  }

  #drop(partition: number): void {
    this.#loads.delete(partition);
    const session = this.#sessions.get(partition);
    if (session === undefined) return;
    this.#sessions.delete(partition);
    this.#release(heldBytes(session));
  }

  #release(bytes: number): void {
    this.#totals.heldBytes -= bytes;
    if (!this.#paused || this.#stopAtMs !== null || this.#totals.heldBytes > this.#options.maxHeldBytes / 2) return;
    this.#paused = false;
    this.#control({ resume: true });
  }

  #control(action: { readonly pause: true } | { readonly resume: true }): void {
    for (const partition of this.#sessions.keys()) this.#options.log.control(partition, action);
  }
}
