/** The live streams: figures are answered once however many watch them, and every reader gets the newest state at its own pace. */
import type { Catalogue, HeadWatch } from '@tidemark/pipeline';
import { type Asking, figureAt } from '../asking.ts';
import { Problem } from '../problems.ts';
import { LiveFigure, type LiveQuestion } from './live-figure.ts';

/** A reader's connection. Frames are handed to all readers as the same bytes. */
export interface FrameSink {
  /** False when the connection has more than it can take: nothing more is written until `drained` is called. */
  write(frame: Buffer): boolean;
  /** Cuts it off. */
  destroy(): void;
}

export interface LiveHubOptions {
  readonly asking: Asking;
  readonly nowMs: () => number;
  /** Names this run of the service in event ids: ids of another run resume nothing. */
  readonly instance: string;
  readonly maxStreamsPerAsker: number;
  readonly maxStreams: number;
  readonly failed: (error: unknown) => void;
  readonly changed?: (change: 'opened' | 'closed' | 'dropped') => void;
}

export interface Stream {
  /** The connection takes frames again. */
  drained(): void;
  /** The connection is gone. */
  closed(): void;
}

export interface StreamRequest {
  readonly asker: string;
  readonly questions: readonly LiveQuestion[];
  /** What the reader has is left out. */
  readonly lastEventId: string | null;
  readonly sink: FrameSink;
}

/** Without an event a stream says this often that it is there. */
const HEARTBEAT_MS = 15_000;
/** A reader that takes nothing for so long is cut off: when it comes back it resumes. */
const STUCK_MS = 30_000;
/** An unmoved figure is looked at this often: it may go stale. */
const PATIENCE_MS = 1_000;
/** A figure that nobody watches is kept for this long, for readers that reconnect. */
const LINGER_MS = 60_000;
const MAX_LINGERING = 200;
/** Different figures watched at once; streams of the same figures are not limited by it. */
const MAX_FIGURES = 2_000;
const MAX_EVALUATIONS = 6;
const HEARTBEAT = Buffer.from(': here\n\n');
const OPENING = Buffer.from('retry: 1000\n\n');

interface Reader {
  readonly asker: string;
  readonly sink: FrameSink;
  /** By figure the sequence that the reader has; 0: nothing. */
  readonly has: Map<LiveFigure, number>;
  /** Figures with something to say, the longest waiting first. */
  readonly pending: Set<LiveFigure>;
  /** Set while the connection takes nothing more. */
  blockedSinceMs: number | null;
  wroteAtMs: number;
  /** The last event id that was written. */
  idSequence: number;
}

interface Watched {
  readonly figure: LiveFigure;
  readonly readers: Set<Reader>;
  leftAtMs: number;
}

/** Owns the streams and the figures that they watch. It sets no timers: time is handed in, and `tick` called. */
export class LiveHub {
  readonly #options: LiveHubOptions;
  readonly #watched = new Map<string, Watched>();
  readonly #readers = new Set<Reader>();
  readonly #countByAsker = new Map<string, number>();
  readonly #idFrame: (sequence: number) => Buffer;
  #sequence = 0;
  /** Evaluations that ticks have begun and that are not over. */
  #evaluating = 0;

  constructor(options: LiveHubOptions) {
    this.#options = options;
    this.#idFrame = createIdFrames(options.instance);
  }

  get streamCount(): number {
    return this.#readers.size;
  }

  /** Streams whose readers are behind, and to which nothing is written for now. */
  get blockedCount(): number {
    return [...this.#readers].filter(({ blockedSinceMs }) => blockedSinceMs !== null).length;
  }

  /** Null when there is room for one more stream of this asker; else whose room is full. */
  refusal(asker: string): 'asker' | 'service' | null {
    if (this.#readers.size >= this.#options.maxStreams || this.#watched.size >= MAX_FIGURES) return 'service';
    return (this.#countByAsker.get(asker) ?? 0) >= this.#options.maxStreamsPerAsker ? 'asker' : null;
  }

  /** Resolves once every figure has been answered or found unanswerable, and what there is has been written or waits. */
  async open({ asker, questions, lastEventId, sink }: StreamRequest): Promise<Stream> {
    const { asking, nowMs, instance } = this.#options;
    const resumed = sequenceIn(lastEventId, instance, this.#sequence);
    const entries = questions.map((question) => this.#watch(question));
    const has = new Map(entries.map(({ figure }) => [figure, resumed === null ? 0 : (stateAt(figure, resumed) ?? 0)]));
    // Nothing is written before every figure has its first state.
    const reader: Reader = { asker, sink, has, pending: new Set(has.keys()), blockedSinceMs: nowMs(), wroteAtMs: nowMs(), idSequence: -1 };
    this.#readers.add(reader);
    this.#countByAsker.set(asker, (this.#countByAsker.get(asker) ?? 0) + 1);
    this.#options.changed?.('opened');
    const positions = positionsOf(asking);
    // A figure that others watch is fresh already.
    const unwatched = entries.filter((entry) => entry.readers.size === 0);
    for (const entry of entries) entry.readers.add(reader);
    await Promise.all(unwatched.map((entry) => this.#evaluate(entry, positions(entry.figure.question))));
    reader.blockedSinceMs = null;
    if (this.#readers.has(reader) && this.#write(reader, OPENING)) this.#pump(reader);
    return {
      drained: () => {
        reader.blockedSinceMs = null;
        this.#pump(reader);
      },
      closed: () => this.#leave(reader),
    };
  }

  /** Looks for moved positions; called after every poll of a store. Cheap when nothing has moved. */
  tick(): void {
    const atMs = this.#options.nowMs();
    this.#evaluateDue();
    for (const reader of this.#readers) {
      if (reader.blockedSinceMs !== null) {
        if (atMs - reader.blockedSinceMs >= STUCK_MS) this.#drop(reader);
      } else if (atMs - reader.wroteAtMs >= HEARTBEAT_MS) this.#write(reader, HEARTBEAT);
    }
    this.#forgetUnwatched(atMs);
  }

  /** Cuts all streams off. */
  close(): void {
    for (const reader of [...this.#readers]) {
      this.#leave(reader);
      reader.sink.destroy();
    }
    this.#watched.clear();
  }

  #watch(question: LiveQuestion): Watched {
    const known = this.#watched.get(question.path);
    if (known !== undefined) return known;
    const made = { figure: new LiveFigure(question), readers: new Set<Reader>(), leftAtMs: this.#options.nowMs() };
    this.#watched.set(question.path, made);
    return made;
  }

  /** The longest waiting first, a few at a time: what is read is sent soon, and requests find room in between. */
  #evaluateDue(): void {
    const { asking, nowMs } = this.#options;
    const atMs = nowMs();
    const positions = positionsOf(asking);
    const due = [...this.#watched.values()].filter(
      (entry) => isAwaited(entry) && entry.figure.isDue(positions(entry.figure.question), atMs, PATIENCE_MS),
    );
    due.sort((a, b) => a.figure.evaluatedAtMs - b.figure.evaluatedAtMs);
    for (const entry of due.slice(0, Math.max(0, MAX_EVALUATIONS - this.#evaluating))) {
      this.#evaluating++;
      void this.#evaluate(entry, positions(entry.figure.question)).finally(() => {
        this.#evaluating--;
        this.#evaluateDue();
      });
    }
  }

  async #evaluate(entry: Watched, positions: string): Promise<void> {
    const { asking, nowMs, failed } = this.#options;
    try {
      const nextSequence = (): number => ++this.#sequence;
      if (!(await entry.figure.evaluate(asking, { positions, nowMs, nextSequence }))) return;
    } catch (error) {
      failed(error);
      return;
    }
    for (const reader of entry.readers) {
      reader.pending.add(entry.figure);
      this.#pump(reader);
    }
  }

  /** Writes what is pending until the connection is full; whoever is slow skips states in between and gets the newest. */
  #pump(reader: Reader): void {
    if (reader.blockedSinceMs !== null || !this.#readers.has(reader)) return;
    for (const figure of reader.pending) {
      reader.pending.delete(figure);
      const frame = figure.frameFrom(reader.has.get(figure) ?? 0);
      reader.has.set(figure, figure.sequence);
      if (frame !== null && !this.#write(reader, frame)) return;
    }
    // Only a reader that has everything may say so later: a single id stands for all its figures.
    if (reader.idSequence !== this.#sequence && hasEverything(reader)) {
      reader.idSequence = this.#sequence;
      this.#write(reader, this.#idFrame(this.#sequence));
    }
  }

  #write(reader: Reader, frame: Buffer): boolean {
    reader.wroteAtMs = this.#options.nowMs();
    if (reader.sink.write(frame)) return true;
    reader.blockedSinceMs = reader.wroteAtMs;
    return false;
  }

  #drop(reader: Reader): void {
    this.#options.changed?.('dropped');
    this.#leave(reader);
    reader.sink.destroy();
  }

  #leave(reader: Reader): void {
    if (!this.#readers.delete(reader)) return;
    const left = (this.#countByAsker.get(reader.asker) ?? 1) - 1;
    if (left === 0) this.#countByAsker.delete(reader.asker);
    else this.#countByAsker.set(reader.asker, left);
    for (const figure of reader.has.keys()) {
      const entry = this.#watched.get(figure.question.path);
      if (entry === undefined) continue;
      entry.readers.delete(reader);
      entry.leftAtMs = this.#options.nowMs();
    }
    this.#options.changed?.('closed');
  }

  #forgetUnwatched(atMs: number): void {
    const unwatched = [...this.#watched.values()].filter((entry) => entry.readers.size === 0).sort((a, b) => a.leftAtMs - b.leftAtMs);
    for (const [index, entry] of unwatched.entries())
      if (atMs - entry.leftAtMs > LINGER_MS || unwatched.length - index > MAX_LINGERING) this.#watched.delete(entry.figure.question.path);
  }
}

/** Whether some reader could be told now: what only stuck readers watch costs nothing meanwhile. */
function isAwaited({ readers }: Watched): boolean {
  for (const { blockedSinceMs } of readers) if (blockedSinceMs === null) return true;
  return false;
}

/** Figures change one after the other, and readers are told a moment later. */
function hasEverything({ has }: Reader): boolean {
  for (const [figure, sequence] of has) if (figure.sequence !== sequence) return false;
  return true;
}

/** The state that a reader of everything up to `resumed` has of a figure; null when it is older than what is kept. */
function stateAt(figure: LiveFigure, resumed: number): number | null {
  if (figure.sequence === 0) return null;
  if (figure.sequence <= resumed) return figure.sequence;
  return figure.sequenceBefore !== null && figure.sequenceBefore <= resumed ? figure.sequenceBefore : null;
}

function sequenceIn(lastEventId: string | null, instance: string, newest: number): number | null {
  const [, of = '', digits = ''] = /^([A-Za-z0-9_-]{1,64})\.(\d{1,15})$/.exec(lastEventId ?? '') ?? [];
  const sequence = Number(digits);
  return of === instance && digits !== '' && sequence <= newest ? sequence : null;
}

/** An event id alone: no data, so that readers remember it and see no event. The newest is shared by all readers. */
function createIdFrames(instance: string): (sequence: number) => Buffer {
  let newest = { sequence: -1, frame: Buffer.alloc(0) };
  return (sequence) => {
    if (newest.sequence !== sequence) newest = { sequence, frame: Buffer.from(`id: ${instance}.${sequence}\n\n`) };
    return newest.frame;
  };
}

/** Where the lineage that answers stands by the newest poll of both stores, as text; read once per lineage and call. */
function positionsOf({ serving, answerer }: Asking): (question: LiveQuestion) => string {
  const { catalogue } = serving;
  const known = new Map<string, string>();
  return (question) => {
    const lineage = lineageAt(catalogue, question);
    const text = known.get(lineage) ?? `${lineage} ${positionsText(answerer.watch, lineage)}`;
    known.set(lineage, text);
    return text;
  };
}

/** Empty while nothing can answer. */
function lineageAt(catalogue: Catalogue, question: LiveQuestion): string {
  try {
    return figureAt(catalogue, question).lineage;
  } catch (error) {
    if (error instanceof Problem) return '';
    throw error;
  }
}

function positionsText(watch: HeadWatch, lineage: string): string {
  return (['redis', 'clickhouse'] as const)
    .map(
      (store) =>
        watch
          .state(store)
          .heads?.get(lineage)
          ?.map(({ closed, note }) => `${closed}${note?.halted ?? ''}`)
          .join(' ') ?? 'away',
    )
    .join('/');
}
