/** Answers questions about metrics from the rows that workers publish, at positions that every answer names. */
import {
  type AnswerRequest,
  answerMetric,
  type CalendarSource,
  createCalendars,
  type MetricDefinition,
  type MetricSet,
  type SourceOf,
} from '@tidemark/core';
import type { PartitionRows, TableRange } from '../ports/sink.ts';
import type { ServedMetric } from '../serving/catalogue.ts';
import { asking, comparedRanges, type PreviousFigures, rangeBefore } from './comparison.ts';
import { type AnswerBody, answerBody, entityTag, type Figures, type ServedHead, unreadableOf, watermarkOf } from './envelope.ts';
import { type CachedFigures, createFigureCache, type FigureCache } from './figure-cache.ts';
import { createHeadWatch, type HeadWatch, type LineageHeads, type ReadStores, type StoreName, type WaitingClock } from './head-watch.ts';
import { createKeptQuestions, type KeptQuestions } from './kept-questions.ts';
import type { KeptSums } from './kept-sums.ts';
import { OftenAsked } from './often-asked.ts';
import { type ChosenHead, chooseHeads, isSamePrefix, readPartitions } from './read.ts';
import { type AnswerQuery, resolveRequest } from './request.ts';
import { rangesOf, sumPartitions } from './rows.ts';

export interface AnswererOptions {
  /** Those whose heads are to be at hand, read anew at every poll; any other is asked about when a question needs it. */
  readonly lineages: () => readonly string[];
  readonly partitions: readonly number[];
  readonly stores: ReadStores;
  readonly latenessMs: number;
  readonly clock: WaitingClock;
  readonly cacheBounds?: { readonly maxAnswers: number; readonly maxFigures: number };
  /** Told of the positions of everything that is answered, before it is. */
  readonly answered?: (lineage: string, heads: readonly ServedHead[]) => void;
}

export interface Answered {
  readonly metric: MetricDefinition;
  /** Strong, without quotes. */
  readonly etag: string;
  readonly body: AnswerBody;
  /** True when the figures were kept from before, because no partition has moved since. */
  readonly cached: boolean;
}

export interface Answerer {
  readonly watch: HeadWatch;
  /** Throws QueryRefused when the question is at fault, Unavailable when no store can answer now. */
  answer(served: ServedMetric, query: AnswerQuery): Promise<Answered>;
  /** Where a lineage stands now; throws Unavailable. */
  heads(lineage: string): Promise<readonly ServedHead[]>;
}

/** One answer holds some thousand figures; these bounds are some hundred megabytes at the very most. */
const DEFAULT_CACHE_BOUNDS = { maxAnswers: 500, maxFigures: 2_000_000 };
/** Some hundred questions of a few ten thousand rows each. A minute is how long a damaged row is served that was mended under its own version. */
const KEPT_BOUNDS = { maxBytes: 128 * 2 ** 20, maxAgeMs: 60_000 };
/** So long new heads are held back while what is asked again and again is read at them. With the poll it stays below the age of heads that are asked for anew. */
const AHEAD_MS = 60;
/** A default range ends at the watermark that is served; a read that crosses into a new bucket is asked once more. */
const RANGE_ATTEMPTS = 3;

export function createAnswerer(options: AnswererOptions): Answerer {
  const { stores, partitions, clock, lineages, answered } = options;
  const watch = createHeadWatch({ stores, lineages, partitions, clock, polled: async (headsOf) => await readAhead(headsOf, context) });
  const context: AnswerContext = {
    ...options,
    watch,
    calendars: createCalendars(),
    cache: createFigureCache(options.cacheBounds ?? DEFAULT_CACHE_BOUNDS),
    kept: createKeptQuestions(partitions, KEPT_BOUNDS),
    reading: new Map(),
    often: new OftenAsked(),
    wordings: createWordings(),
  };
  return {
    watch,
    answer: async (served, query) => await answerServed(served, query, context),
    heads: async (lineage) => {
      const heads = chooseHeads(await watch.fresh(lineage), partitions).map((chosen) => servedHead(chosen, lineage, watch));
      answered?.(lineage, heads);
      return heads;
    },
  };
}

/** Numbers definitions as they come: figures are kept by what they were computed from, and other words may make other figures of the same rows. */
function createWordings(): (set: MetricSet) => number {
  const numbers = new WeakMap<MetricSet, number>();
  let last = 0;
  return (set) => {
    const known = numbers.get(set) ?? ++last;
    numbers.set(set, known);
    return known;
  };
}

interface AnswerContext extends AnswererOptions {
  readonly watch: HeadWatch;
  readonly calendars: CalendarSource;
  readonly cache: FigureCache;
  /** What was read for earlier answers: the next one reads what changed. */
  readonly kept: KeptQuestions;
  /** Reads under way: the same question asked by many is read once. */
  readonly reading: Map<string, Promise<CachedFigures>>;
  readonly often: OftenAsked<AskedFigures>;
  readonly wordings: (set: MetricSet) => number;
}

async function answerServed(served: ServedMetric, query: AnswerQuery, context: AnswerContext): Promise<Answered> {
  const { metric, lineage } = served;
  const { watch, clock, calendars, partitions } = context;
  const chosen = chooseHeads(await watch.fresh(lineage), partitions);
  const resolve = (watermarkMs: number | null): AnswerRequest => resolveRequest(served, query, { watermarkMs, nowMs: clock.nowMs() }, calendars);
  const compare = query.compare === 'previous';
  let request = resolve(watermarkOf(chosen));
  for (let attempt = 1; ; attempt++) {
    const asked = { served, question: { request, compare } };
    context.often.ask(figuresKey(asked, context), asked);
    const { figures, cached } = await figuresOf(asked, chosen, context);
    const heads = cached ? vouched(figures.heads, chosen) : figures.heads;
    const again = resolve(watermarkOf(heads));
    if (attempt < RANGE_ATTEMPTS && (again.from !== request.from || again.to !== request.to)) {
      request = again;
      continue;
    }
    const servedHeads = heads.map((head) => servedHead(head, lineage, watch));
    const body = answerBody({ metric, lineage, request, heads: servedHeads, figures, nowMs: clock.nowMs(), calendars });
    context.answered?.(lineage, servedHeads);
    return { metric, etag: entityTag(body, request, servedHeads), body, cached };
  }
}

interface Question {
  readonly request: AnswerRequest;
  readonly compare: boolean;
}

/** The ranges whose rows are read: which part of the one before is compared, the watermark of the rows says. */
function requestsOf({ request, compare }: Question): readonly AnswerRequest[] {
  const before = rangeBefore(request);
  return compare && before.from >= 0 ? [request, asking(request, before)] : [request];
}

interface AskedFigures {
  readonly served: ServedMetric;
  readonly question: Question;
}

function figuresKey({ served: { lineage, set, metric }, question: { request, compare } }: AskedFigures, { wordings }: AnswerContext): string {
  const { from, to, slice, value, limit, byBucket } = request;
  return JSON.stringify([lineage, wordings(set), metric.id, compare, from, to, slice, value, limit, byBucket]);
}

/** Until the figures asked again and again are at these heads, which nobody has been shown yet: who asks meanwhile is answered as before. */
async function readAhead(headsOf: (lineage: string) => LineageHeads, context: AnswerContext): Promise<void> {
  const reads = context.often.due.flatMap((asked) => readWhenMoved(asked, headsOf(asked.served.lineage), context) ?? []);
  if (reads.length > 0) await Promise.race([Promise.all(reads), context.clock.sleep(AHEAD_MS)]);
}

/** Null when there is nothing to read. What fails is forgotten: whoever asks again is told, and of a lineage that is retired nobody asks again. */
function readWhenMoved(asked: AskedFigures, heads: LineageHeads, context: AnswerContext): Promise<void> | null {
  const { often, cache, partitions, clock } = context;
  const key = figuresKey(asked, context);
  const forget = (): void => often.forget(key);
  try {
    const chosen = chooseHeads(heads, partitions);
    return cache.find(key, chosen, clock.nowMs()) === null ? figuresOf(asked, chosen, context).then(() => undefined, forget) : null;
  } catch {
    forget();
    return null;
  }
}

async function figuresOf(
  asked: AskedFigures,
  chosen: readonly ChosenHead[],
  context: AnswerContext,
): Promise<{ figures: CachedFigures; cached: boolean }> {
  const { cache, reading, clock } = context;
  const key = figuresKey(asked, context);
  const kept = cache.find(key, chosen, clock.nowMs());
  if (kept !== null) return { figures: kept, cached: true };
  const underWay = reading.get(key);
  if (underWay !== undefined) {
    await underWay;
    // It may have begun before the heads moved to where this question has seen them.
    const joined = cache.find(key, chosen, clock.nowMs());
    if (joined !== null) return { figures: joined, cached: false };
  }
  context.often.read(key);
  const read = readFigures(asked, chosen, context).finally(() => {
    if (reading.get(key) === read) reading.delete(key);
  });
  reading.set(key, read);
  const figures = await read;
  cache.put(key, figures);
  return { figures, cached: false };
}

async function readFigures({ served, question }: AskedFigures, chosen: readonly ChosenHead[], context: AnswerContext): Promise<CachedFigures> {
  const { latenessMs, calendars, clock, kept } = context;
  const { lineage } = served;
  const ranges = rangesOf(served, requestsOf(question), calendars);
  return await kept.inTurn({ lineage, ranges, nowMs: clock.nowMs() }, async (sums) => {
    await bringUpToDate(sums, chosen, { ...context, lineage, ranges });
    const heads = chosen.map(({ partition }) => headIn(sums, partition));
    const figures = compute({ served, question, sourceOf: sums.sourceOf, watermarkMs: watermarkOf(heads), latenessMs, calendars });
    return { ...figures, heads, readAtMs: clock.nowMs() };
  });
}

/** Partitions that stand where they were read are not read again; of the others only what changed, where that can be said. */
async function bringUpToDate(
  sums: KeptSums,
  chosen: readonly ChosenHead[],
  context: AnswerContext & { readonly lineage: string; readonly ranges: readonly TableRange[] },
): Promise<void> {
  const moved = chosen.filter(({ partition, head }) => {
    const own = sums.heads.get(partition);
    return own === undefined || !isSamePrefix(own.head, head);
  });
  const askedMs = context.clock.nowMs();
  const readings = moved.length === 0 ? [] : await readPartitions(moved, { ...context, bases: sums.heads });
  for (const reading of readings) sums.take(reading);
  for (const head of chosen) if (!moved.includes(head)) sums.heads.set(head.partition, head);
  if (sums.wholeSinceMs === Number.NEGATIVE_INFINITY) sums.wholeSinceMs = askedMs;
}

function headIn(sums: KeptSums, partition: number): ChosenHead {
  const head = sums.heads.get(partition);
  if (head === undefined) throw new Error(`partition ${partition} was not read`);
  return head;
}

interface Computation {
  readonly served: ServedMetric;
  readonly question: Question;
  readonly sourceOf: SourceOf;
  readonly watermarkMs: number | null;
  readonly latenessMs: number;
  readonly calendars: CalendarSource;
}

function compute({ served, question, sourceOf, watermarkMs: watermark, latenessMs, calendars }: Computation): Figures {
  const { metric, set } = served;
  const { request, compare } = question;
  const watermarkMs = watermark ?? Number.NEGATIVE_INFINITY;
  const answering = { set, sourceOf, clock: { watermarkMs, latenessMs }, calendars };
  const unreadable = unreadableOf(metric, request, answering);
  const answer = answerMetric(metric, request, answering);
  if (!compare) return { answer, unreadable };
  const ranges = comparedRanges(request, calendars.calendar(metric), watermarkMs);
  if (ranges === null) return { answer, unreadable, previous: null };
  const over = (range: { from: number; to: number }) => ({ ...range, answer: answerMetric(metric, asking(request, range), answering) });
  const previous: PreviousFigures = { ...over(ranges.previous), against: ranges.against === null ? null : over(ranges.against) };
  return { answer, unreadable, previous };
}

/** Of kept figures, a store whose head is at their position now vouches for them, with its newest note. */
function vouched(heads: readonly ChosenHead[], chosen: readonly ChosenHead[]): readonly ChosenHead[] {
  return heads.map((own, index) => {
    const now = chosen[index];
    return now !== undefined && isSamePrefix(own.head, now.head) ? now : own;
  });
}

function servedHead({ partition, store, head }: ChosenHead, lineage: string, watch: HeadWatch): ServedHead {
  return { partition, store, head, lastAtEndMs: watch.lastAtEndMs(lineage, partition, head) };
}

/** Where the rows of `answerFromRows` come from, and when. */
export interface AnswerFromRowsOptions {
  readonly served: ServedMetric;
  readonly query: AnswerQuery;
  /** Every partition with its head and rows; rows that the answer does not need are ignored. Heads must have a note. */
  readonly partitions: readonly PartitionRows[];
  readonly latenessMs: number;
  readonly nowMs: number;
  readonly source: StoreName;
}

/** The same body from rows in hand, without stores. Throws QueryRefused. Freshness is judged by the heads' own notes. */
export function answerFromRows(options: AnswerFromRowsOptions): Answered {
  const { served, query, partitions, latenessMs, nowMs } = options;
  const { metric, lineage } = served;
  const calendars = createCalendars();
  const request = resolveRequest(served, query, { watermarkMs: watermarkOf(partitions), nowMs }, calendars);
  const question = { request, compare: query.compare === 'previous' };
  const sourceOf = sumPartitions(partitions, rangesOf(served, requestsOf(question), calendars));
  const figures = compute({ served, question, sourceOf, watermarkMs: watermarkOf(partitions), latenessMs, calendars });
  const heads = partitions.map(({ partition, head }): ServedHead => {
    const lastAtEndMs = head.note?.atEnd === true ? head.note.confirmedAtMs : Number.NEGATIVE_INFINITY;
    return { partition, store: options.source, head, lastAtEndMs };
  });
  const body = answerBody({ metric, lineage, request, heads, figures, nowMs, calendars });
  return { metric, etag: entityTag(body, request, heads), body, cached: false };
}
