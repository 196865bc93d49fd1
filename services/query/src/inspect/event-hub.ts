/** The streams of newest events: outcomes are read from the trail once for all readers of a set, and a reader that is slow misses some and is told how many. */
import { isoInstant } from '@tidemark/core';
import { type OutcomeTrail, type ServedSet, StoreUnavailable, type TrailPage, type TrailPlace, type WitnessedRecord } from '@tidemark/pipeline';
import type { FrameSink, Stream } from '../live/live-hub.ts';
import { type EventFacts, type EventFilter, eventFacts, passes } from './event-facts.ts';

export interface EventHubOptions {
  readonly trail: OutcomeTrail;
  readonly partitions: readonly number[];
  readonly latenessMs: number;
  /** A set as it is served now; undefined once it is not. */
  readonly served: (set: string) => ServedSet | undefined;
  readonly nowMs: () => number;
  readonly maxStreamsPerAsker: number;
  readonly maxStreams: number;
}

export interface EventStreamRequest {
  readonly asker: string;
  readonly served: ServedSet;
  readonly filter: EventFilter;
  readonly begun: Begun;
  readonly sink: FrameSink;
}

/** What there was when a stream began. */
export interface Begun {
  readonly sinceMs: number;
  readonly pages: readonly TrailPage[];
}

/** How long the worker goes on after the last look. */
const WANTED_MS = 60_000;
const RENEW_MS = 20_000;
/** Of one partition and look; what is more comes with the next. */
const READ_RECORDS = 100;
/** Kept of a partition by the trail. */
const TRAIL_RECORDS = 200;
/** What a new reader is shown of what was before. */
const SHOWN_AT_FIRST = 50;
/** Frames that wait for a slow reader, all shared with the others. */
const MAX_WAITING = 200;
const HEARTBEAT_MS = 15_000;
const STUCK_MS = 30_000;
const HEARTBEAT = Buffer.from(': here\n\n');
const OPENING = Buffer.from('retry: 1000\n\n');

interface Reader {
  readonly asker: string;
  readonly filter: EventFilter;
  readonly sink: FrameSink;
  /** The last record of each partition that it has been offered. */
  readonly after: Map<number, TrailPlace>;
  readonly waiting: Buffer[];
  missed: number;
  blockedSinceMs: number | null;
  wroteAtMs: number;
}

/** The readers of one set. */
interface Watch {
  readonly name: string;
  lineage: string;
  readonly readers: Set<Reader>;
  readonly after: Map<number, TrailPlace>;
  renewedAtMs: number;
  /** True since the trail could not be read. */
  failing: boolean;
}

/** Owns the streams. It sets no timers: time is handed in, and `tick` called. */
export class EventHub {
  readonly #options: EventHubOptions;
  readonly #watches = new Map<string, Watch>();
  #ticking = false;

  constructor(options: EventHubOptions) {
    this.#options = options;
  }

  get streamCount(): number {
    return [...this.#watches.values()].reduce((sum, { readers }) => sum + readers.size, 0);
  }

  /** Null when there is room for one more stream of this asker; else whose room is full. */
  refusal(asker: string): 'asker' | 'service' | null {
    const all = [...this.#watches.values()].flatMap(({ readers }) => [...readers]);
    if (all.length >= this.#options.maxStreams) return 'service';
    return all.filter((reader) => reader.asker === asker).length >= this.#options.maxStreamsPerAsker ? 'asker' : null;
  }

  /** The newest records that pass, newest first; asking keeps the trail alive. Throws StoreUnavailable. */
  async recent({ lineage }: ServedSet, filter: EventFilter, limit: number): Promise<{ sinceMs: number; events: readonly EventFacts[] }> {
    const { trail, partitions, latenessMs, nowMs } = this.#options;
    const sinceMs = await trail.want(lineage, { forMs: WANTED_MS, nowMs: nowMs() });
    const isFiltered = filter.actor !== undefined || filter.outcome !== undefined;
    const pages = await trail.read(lineage, partitions, { limit: isFiltered ? TRAIL_RECORDS : Math.min(limit, TRAIL_RECORDS) });
    const records = pages.flatMap((page) => page.records).filter((record) => passes(filter, record));
    return {
      sinceMs,
      events: records
        .sort(newestFirst)
        .slice(0, limit)
        .map((record) => eventFacts(record, latenessMs)),
    };
  }

  /** What a stream needs to be opened: whether it can be is said before it begins. Throws StoreUnavailable. */
  async begin({ lineage }: ServedSet): Promise<Begun> {
    const { trail, partitions, nowMs } = this.#options;
    const sinceMs = await trail.want(lineage, { forMs: WANTED_MS, nowMs: nowMs() });
    return { sinceMs, pages: await trail.read(lineage, partitions, { limit: SHOWN_AT_FIRST }) };
  }

  open({ asker, served, filter, begun, sink }: EventStreamRequest): Stream {
    const { nowMs } = this.#options;
    const { sinceMs, pages } = begun;
    const reader: Reader = { asker, filter, sink, after: new Map(), waiting: [], missed: 0, blockedSinceMs: null, wroteAtMs: nowMs() };
    const { name } = served.set;
    const { lineage } = served;
    const watch = this.#watches.get(name) ?? { name, lineage, readers: new Set<Reader>(), after: new Map(), renewedAtMs: nowMs(), failing: false };
    this.#watches.set(name, watch);
    watch.readers.add(reader);
    this.#write(reader, OPENING);
    this.#offer(reader, frameOf('watching', { set: name, lineage, watchedSince: isoInstant(sinceMs) }));
    const records = pages.flatMap((page) => page.records).sort(newestFirst);
    for (const { partition, records: own } of pages) advance(reader.after, partition, own);
    const shown = records.filter((record) => passes(filter, record)).slice(0, SHOWN_AT_FIRST);
    for (const record of shown.reverse()) this.#offer(reader, this.#frame(record));
    return {
      drained: () => {
        reader.blockedSinceMs = null;
        this.#pump(reader);
      },
      closed: () => this.#leave(watch, reader),
    };
  }

  /** Reads what is new; called a few times a second. Never rejects, and does nothing while the tick before is under way. */
  async tick(): Promise<void> {
    if (this.#ticking) return;
    this.#ticking = true;
    try {
      for (const watch of [...this.#watches.values()]) await this.#advance(watch);
    } finally {
      this.#ticking = false;
    }
  }

  /** Cuts all streams off. */
  close(): void {
    for (const watch of this.#watches.values()) for (const { sink } of watch.readers) sink.destroy();
    this.#watches.clear();
  }

  async #advance(watch: Watch): Promise<void> {
    const { trail, partitions, nowMs } = this.#options;
    try {
      await this.#follow(watch);
      const { lineage } = watch;
      if (nowMs() - watch.renewedAtMs >= RENEW_MS) {
        await trail.want(lineage, { forMs: WANTED_MS, nowMs: nowMs() });
        watch.renewedAtMs = nowMs();
      }
      const pages = await trail.read(lineage, partitions, { after: watch.after, limit: READ_RECORDS });
      watch.failing = false;
      for (const { partition, records } of pages) advance(watch.after, partition, records);
      const records = pages
        .flatMap((page) => page.records)
        .sort(newestFirst)
        .reverse();
      for (const record of records) this.#tell(watch, record);
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      if (!watch.failing) for (const reader of watch.readers) this.#offer(reader, UNAVAILABLE);
      watch.failing = true;
    }
    for (const reader of watch.readers) this.#keepAlive(watch, reader);
  }

  /** When the set goes over to another lineage, its outcomes are those of the new one from then on: of the same records, which nobody is told twice. */
  async #follow(watch: Watch): Promise<void> {
    const { trail, served, nowMs } = this.#options;
    const lineage = served(watch.name)?.lineage ?? watch.lineage;
    if (lineage === watch.lineage) return;
    const sinceMs = await trail.want(lineage, { forMs: WANTED_MS, nowMs: nowMs() });
    watch.lineage = lineage;
    watch.renewedAtMs = nowMs();
    for (const reader of watch.readers) this.#offer(reader, frameOf('watching', { set: watch.name, lineage, watchedSince: isoInstant(sinceMs) }));
  }

  /** The frame is made once for all. */
  #tell(watch: Watch, record: WitnessedRecord): void {
    let frame: Buffer | null = null;
    for (const reader of watch.readers) {
      if (!isAfter(record, reader.after.get(record.partition))) continue;
      reader.after.set(record.partition, record);
      if (!passes(reader.filter, record)) continue;
      frame ??= this.#frame(record);
      this.#offer(reader, frame);
    }
  }

  #frame(record: WitnessedRecord): Buffer {
    return frameOf('event', eventFacts(record, this.#options.latenessMs));
  }

  #offer(reader: Reader, frame: Buffer): void {
    reader.waiting.push(frame);
    if (reader.waiting.length > MAX_WAITING) {
      reader.waiting.shift();
      reader.missed++;
    }
    this.#pump(reader);
  }

  /** What a slow reader missed was older than all that waits, and is told first. */
  #pump(reader: Reader): void {
    while (reader.blockedSinceMs === null) {
      if (reader.missed > 0) {
        const count = reader.missed;
        reader.missed = 0;
        this.#write(reader, frameOf('missed', { count }));
        continue;
      }
      const frame = reader.waiting.shift();
      if (frame === undefined) return;
      this.#write(reader, frame);
    }
  }

  #write(reader: Reader, frame: Buffer): void {
    reader.wroteAtMs = this.#options.nowMs();
    if (!reader.sink.write(frame)) reader.blockedSinceMs = reader.wroteAtMs;
  }

  #keepAlive(watch: Watch, reader: Reader): void {
    const atMs = this.#options.nowMs();
    if (reader.blockedSinceMs === null) {
      if (atMs - reader.wroteAtMs >= HEARTBEAT_MS) this.#write(reader, HEARTBEAT);
    } else if (atMs - reader.blockedSinceMs >= STUCK_MS) {
      this.#leave(watch, reader);
      reader.sink.destroy();
    }
  }

  #leave(watch: Watch, reader: Reader): void {
    watch.readers.delete(reader);
    if (watch.readers.size === 0 && this.#watches.get(watch.name) === watch) this.#watches.delete(watch.name);
  }
}

function advance(after: Map<number, TrailPlace>, partition: number, records: readonly WitnessedRecord[]): void {
  const last = records.at(-1);
  if (last !== undefined) after.set(partition, { epoch: last.epoch, offset: last.offset });
}

function isAfter(record: TrailPlace, place: TrailPlace | undefined): boolean {
  return place === undefined || record.epoch > place.epoch || (record.epoch === place.epoch && record.offset > place.offset);
}

function newestFirst(left: WitnessedRecord, right: WitnessedRecord): number {
  return right.recordMs - left.recordMs || left.partition - right.partition || right.epoch - left.epoch || right.offset - left.offset;
}

/** JSON has no line ends, so an event's data is one line. */
function frameOf(event: string, data: object): Buffer {
  return Buffer.from(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}

const UNAVAILABLE = frameOf('problem', {
  code: 'unavailable',
  detail: 'outcomes are kept in Redis, which does not answer: they follow when it does',
});
