/** The log and, before its beginning, the archive: whoever reads from an offset that the log has deleted gets archived records until the log takes over. */
// How a partition is read, and why nothing is missing or comes twice at the seam:
// 1. An offset below the log's beginning is read from the archive, along its unbroken chain, each chunk held to its count and hash before it is handed over.
// 2. The archive is read on until it has shown a record that the log still has; from that record on the log is read.
// 3. The log's first record must be the very one that the archive showed last: then it is left out, and what follows goes on. Another one is handed over as
//    it is, so that who folded the archived one finds that the log was rewritten.
// 4. Retention goes on meanwhile: where the log jumps over what was asked for, the archive is read again from the position at which the reader stands.
import type { ArchivedRecord, PartitionArchive } from '../ports/archive.ts';
import type { EventLog, LogBatch, LogBounds, LogHandler, LogIdentity } from '../ports/log.ts';
import type { RuntimeClock } from '../ports/time.ts';
import { archiveBatch } from '../verify/archive-batch.ts';
import { BrokenArchive } from '../verify/archive-walk.ts';
import { createArchiveReach } from './archive-reach.ts';
import { type ArchiveRun, readRun } from './archive-run.ts';
import { batchWindow } from './batch-window.ts';
import { createTurns } from './turns.ts';

export interface LongLogOptions {
  readonly log: EventLog;
  readonly archive: PartitionArchive;
  /** Of the archive that continues into this log. */
  readonly epoch: number;
  readonly clock: Pick<RuntimeClock, 'sleep'>;
  /** Archived records that are handed over at once, without letting others have their turn. Default 5,000. */
  readonly turnRecords?: number;
  readonly report?: (event: LongLogEvent) => void;
}

export type LongLogEvent =
  | { readonly event: 'archive_begun' | 'archive_left'; readonly partition: number; readonly offset: number }
  | { readonly event: 'archive_waiting' | 'archive_lost'; readonly partition: number; readonly why: string };

/** The same promises as the log's own; `bounds` name the archive's beginning as the lowest offset where its chain reaches the log. */
export function createLongLog(options: LongLogOptions): EventLog {
  return new LongLog(options);
}

interface Place {
  /** Raised whenever reading begins elsewhere: what belongs to an earlier turn is dropped. */
  turn: number;
  source: 'loading' | 'log' | 'archive';
  /** What the handler expects next. */
  position: number;
  /** Up to here nothing more is to come: beyond the position where offsets follow that are never handed over. */
  readTo: number;
  /** By the handler. */
  paused: boolean;
  /** Ends the rest of a paused archive. */
  goOn: (() => void) | null;
  /** Where the log takes over, until its first batch has come. */
  seam: { readonly offset: number; readonly last: ArchivedRecord | null } | null;
  /** Neither has what comes next: the log's jump is the handler's to see. */
  isLost: boolean;
}

interface Delivery {
  readonly run: ArchiveRun;
  /** The log's end. */
  readonly high: number;
  /** False once the partition is read from elsewhere. */
  readonly isCurrent: () => boolean;
}

const RETRY_MS = 500;
const TURN_RECORDS = 5_000;
/** Each holds a chunk and a page in memory. */
const READS_AT_ONCE = 4;

class LongLog implements EventLog {
  readonly #options: LongLogOptions;
  readonly #reach: ReturnType<typeof createArchiveReach>;
  readonly #inTurn = createTurns(READS_AT_ONCE);
  readonly #places = new Map<number, Place>();
  /** The log's own, as last heard of. */
  #bounds: ReadonlyMap<number, LogBounds> = new Map();
  #handler: LogHandler | null = null;
  #stopped = false;

  constructor(options: LongLogOptions) {
    this.#options = options;
    this.#reach = createArchiveReach(options.archive, options.epoch);
  }

  identity(): Promise<LogIdentity> {
    return this.#options.log.identity();
  }

  async bounds(): Promise<ReadonlyMap<number, LogBounds>> {
    const own = [...(await this.#ownBounds())];
    // Who is loading decides by the answer whether something is lost: unreachable is not absent.
    const isLoading = (partition: number): boolean => this.#places.get(partition)?.source === 'loading';
    return new Map(
      await Promise.all(
        own.map(
          async ([partition, bounds]): Promise<[number, LogBounds]> => [partition, await this.#reach.extend(partition, bounds, isLoading(partition))],
        ),
      ),
    );
  }

  run(handler: LogHandler): Promise<void> {
    this.#handler = handler;
    return this.#options.log.run({
      assigned: (partition) => this.#assigned(handler, partition),
      revoked: (partition) => {
        this.#leave(partition);
        handler.revoked(partition);
      },
      batch: (batch) => this.#batch(handler, batch),
    });
  }

  control: EventLog['control'] = (partition, action) => {
    const { log } = this.#options;
    const place = this.#places.get(partition);
    if (place === undefined || 'commit' in action) return log.control(partition, action);
    if ('seek' in action) {
      // While loading, the answer of `assigned` decides.
      if (place.source === 'loading') return;
      const rested = place.source === 'archive';
      if (this.#begin(partition, place, action.seek)) return;
      log.control(partition, action);
      if (rested && !place.paused) log.control(partition, { resume: true });
      return;
    }
    place.paused = 'pause' in action;
    if (!place.paused) this.#wake(place);
    // While the archive is read the log rests in any case.
    if (place.source !== 'archive') log.control(partition, action);
  };

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const place of this.#places.values()) this.#wake(place);
    await this.#options.log.stop();
  }

  async #ownBounds(): Promise<ReadonlyMap<number, LogBounds>> {
    const bounds = await this.#options.log.bounds();
    this.#bounds = bounds;
    for (const [partition, place] of this.#places) {
      // Retention has overtaken a reader, and without a new record the log would never show it by a jump.
      const isOvertaken = place.source === 'log' && !place.isLost && place.readTo < (bounds.get(partition)?.low ?? 0);
      if (isOvertaken) this.#readArchive(partition, place);
    }
    return bounds;
  }

  async #assigned(handler: LogHandler, partition: number): Promise<number | null> {
    const place = this.#places.get(partition) ?? {
      turn: 0,
      source: 'loading',
      position: 0,
      readTo: 0,
      paused: false,
      goOn: null,
      seam: null,
      isLost: false,
    };
    this.#places.set(partition, place);
    if (place.source === 'archive' && !place.paused) this.#options.log.control(partition, { resume: true });
    Object.assign(place, { turn: place.turn + 1, source: 'loading', seam: null, isLost: false } satisfies Partial<Place>);
    this.#wake(place);
    const { turn } = place;
    const offset = await handler.assigned(partition);
    if (place.turn !== turn) return offset;
    if (offset === null) {
      // Nothing is read until the handler seeks.
      Object.assign(place, { source: 'log', readTo: Number.POSITIVE_INFINITY } satisfies Partial<Place>);
      return null;
    }
    if (!this.#bounds.has(partition)) await this.#ownBounds();
    if (place.turn !== turn) return offset;
    return this.#begin(partition, place, offset) ? null : offset;
  }

  #leave(partition: number): void {
    const place = this.#places.get(partition);
    if (place === undefined) return;
    this.#places.delete(partition);
    place.turn += 1;
    this.#wake(place);
  }

  /** Reads from an offset on; true when the archive has to give it, and the log rests. */
  #begin(partition: number, place: Place, offset: number): boolean {
    const low = this.#bounds.get(partition)?.low ?? 0;
    const isDeleted = offset < low;
    Object.assign(place, {
      turn: place.turn + 1,
      position: offset,
      readTo: offset,
      source: isDeleted ? 'archive' : 'log',
      seam: null,
      isLost: false,
    } satisfies Partial<Place>);
    this.#wake(place);
    if (isDeleted) this.#readArchive(partition, place);
    return isDeleted;
  }

  #readArchive(partition: number, place: Place): void {
    place.turn += 1;
    place.source = 'archive';
    place.seam = null;
    this.#options.log.control(partition, { pause: true });
    this.#report({ event: 'archive_begun', partition, offset: place.position });
    void this.#follow(partition, place);
  }

  async #follow(partition: number, place: Place): Promise<void> {
    const { clock, epoch, archive } = this.#options;
    const { turn } = place;
    const isCurrent = (): boolean => !this.#stopped && this.#places.get(partition) === place && place.turn === turn;
    let reached = place.position;
    let last: ArchivedRecord | null = null;
    // Whoever asked for the archive is told first that the log rests.
    await clock.sleep(0);
    while (isCurrent()) {
      if (place.paused) {
        await resumed(place);
        continue;
      }
      try {
        const bounds = (await this.#ownBounds()).get(partition) ?? { low: 0, high: 0 };
        if (!isCurrent()) return;
        if (last !== null && last.offset >= bounds.low) return this.#takeOver(partition, place, last.offset, last);
        const run = await this.#inTurn(() => readRun({ archive, epoch, partition }, reached));
        if (!isCurrent()) return;
        if (run === null) {
          if (reached >= bounds.low) return this.#takeOver(partition, place, reached, null);
          const why = `the log begins at ${bounds.low}, after position ${reached}: what lies between is lost`;
          return this.#giveUp(partition, place, bounds.low, why);
        }
        last = run.records.at(-1) ?? last;
        reached = run.to;
        await this.#deliver(partition, place, { run, high: bounds.high, isCurrent });
      } catch (error) {
        if (!isCurrent()) return;
        const why = error instanceof Error ? error.message : String(error);
        if (error instanceof BrokenArchive) return this.#giveUp(partition, place, this.#bounds.get(partition)?.low ?? 0, why);
        this.#report({ event: 'archive_waiting', partition, why });
        await clock.sleep(RETRY_MS);
      }
    }
  }

  /** In turns; the handler may pause, seek or lose the partition in each of them. */
  async #deliver(partition: number, place: Place, { run, high, isCurrent }: Delivery): Promise<void> {
    const { clock, turnRecords = TURN_RECORDS } = this.#options;
    const { records, to } = run;
    for (let from = 0; from < records.length; from += turnRecords) {
      if (from > 0) await clock.sleep(0);
      while (place.paused && isCurrent()) await resumed(place);
      if (!isCurrent()) return;
      const turn = records.slice(from, from + turnRecords);
      const end = (turn.at(-1)?.offset ?? 0) + 1;
      const nextOffset = from + turnRecords < records.length ? end : to;
      const batch = { ...archiveBatch(partition, turn), requestedOffset: place.position, highWatermark: Math.max(high, to), nextOffset };
      // Before the call, in which the handler may seek.
      place.position = end;
      place.readTo = nextOffset;
      this.#handler?.batch(batch);
    }
  }

  /** The log is read from here on; `last` is what its first record must be. */
  #takeOver(partition: number, place: Place, offset: number, last: ArchivedRecord | null): void {
    const { log } = this.#options;
    Object.assign(place, { source: 'log', seam: { offset, last }, readTo: Math.max(place.readTo, offset) } satisfies Partial<Place>);
    this.#report({ event: 'archive_left', partition, offset: place.position });
    log.control(partition, { seek: offset });
    if (!place.paused) log.control(partition, { resume: true });
  }

  /** Neither has what comes next: told to the handler, and the log goes on where it begins. */
  #giveUp(partition: number, place: Place, low: number, why: string): void {
    const { log } = this.#options;
    this.#report({ event: 'archive_lost', partition, why });
    this.#handler?.lost?.(partition, low, why);
    place.source = 'log';
    place.isLost = true;
    log.control(partition, { seek: place.position });
    if (!place.paused) log.control(partition, { resume: true });
  }

  #batch(handler: LogHandler, batch: LogBatch): void {
    const place = this.#places.get(batch.partition);
    if (place === undefined) {
      handler.batch(batch);
      return;
    }
    // Fetched before the log was told to rest.
    if (place.source !== 'log') return;
    const given = place.seam === null ? batch : crossed(batch, place);
    place.seam = null;
    if (given.requestedOffset > place.position && !place.isLost) {
      this.#readArchive(batch.partition, place);
      return;
    }
    place.isLost = false;
    place.readTo = given.nextOffset;
    if (given.length > 0) place.position = given.offset(given.length - 1) + 1;
    handler.batch(given);
  }

  #wake(place: Place): void {
    place.goOn?.();
    place.goOn = null;
  }

  #report(event: LongLogEvent): void {
    this.#options.report?.(event);
  }
}

/** Until the handler goes on, or the place is left. */
function resumed(place: Place): Promise<void> {
  return new Promise((resolve) => {
    place.goOn = resolve;
  });
}

/** The log's first batch behind the archive, as what continues the position: without the record that the archive has shown. */
function crossed(batch: LogBatch, { seam, position }: Place): LogBatch {
  if (seam === null || batch.requestedOffset !== seam.offset) return batch;
  const { last } = seam;
  if (last === null || batch.length === 0 || batch.offset(0) > last.offset) return batchWindow(batch, 0, position);
  // Another record: handed over, so that it is found where the archived one was folded.
  return isSame(batch.key(0), last.key) && isSame(batch.value(0), last.value) ? batchWindow(batch, 1, position) : batch;
}

function isSame(one: Buffer | null, other: Buffer | null): boolean {
  return one === null || other === null ? one === other : one.equals(other);
}
