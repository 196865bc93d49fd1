/** Explains one actor's part in a metric: the actor's events in time order, what became of each, and the integers that they add now. */
import { type ActorKind, partitionOf } from '@tidemark/codec';
import { type AnswerRequest, type CalendarSource, createCalendars, isoInstant, measuredMetrics, type Outcome, type Unit } from '@tidemark/core';
import { QueryRefused } from '../answer/failure.ts';
import { type AnswerQuery, resolveRequest } from '../answer/request.ts';
import { LOG_ORIGIN } from '../lineages/entry.ts';
import { shownText } from '../partition/shown-text.ts';
import { readOrigin } from '../past/origin.ts';
import { type ActorPlace, comparePlaces, placeInTime } from '../ports/actor-archive.ts';
import type { ArchivedRecord } from '../ports/archive.ts';
import type { ServedMetric } from '../serving/catalogue.ts';
import { type ExplainArchive, type History, type HistoryFacts, type JudgedRecord, judge, readHistory } from './actor-history.ts';
import type { Contribution, ContributionsAsked } from './contributions.ts';
import { rolesOf } from './roles.ts';
import { outcomeWords } from './words.ts';

export interface ExplainQuestion {
  readonly served: ServedMetric;
  /** As producers write it. Hostile text. */
  readonly actorId: string;
  /** Default: the user of this id, or the anonymous actor when there is no such user. */
  readonly kind?: ActorKind | undefined;
  readonly query: Pick<AnswerQuery, 'from' | 'to' | 'slice'>;
  /** `next` of the page before. */
  readonly after?: string | undefined;
  /** Events of one page. */
  readonly limit: number;
}

export interface ExplainFacts extends HistoryFacts {
  /** Until when the contributions are asked for at the least, such as the served watermark; null for the last event. */
  readonly nowMs: number | null;
  /** Computes the contributions; `contributionsOf`, here or in another thread. */
  readonly contribute: (asked: ContributionsAsked) => Promise<readonly Contribution[]>;
}

export interface ExplainedEvent {
  readonly at: string;
  readonly recordedAt: string;
  readonly epoch: number;
  readonly partition: number;
  readonly offset: string;
  readonly outcome: Outcome;
  /** The reject reason; '' otherwise. */
  readonly reason: string;
  readonly words: string;
  readonly name: string | null;
  readonly kind: ActorKind | null;
  readonly messageId: string | null;
  /** What it is to the metric. */
  readonly plays: readonly string[];
  readonly value: string | null;
  readonly valueBytes: number;
}

export interface Explanation {
  readonly metric: string;
  readonly revision: string;
  readonly lineage: string;
  readonly unit: Unit;
  readonly timezone: string;
  readonly actor: string;
  readonly kind: ActorKind;
  /** Where the actor's records lie, and up to which position the archive holds that partition without a gap. */
  readonly archive: { readonly partition: number; readonly epoch: number | null; readonly position: string | null };
  /** Of the contributions; null when there are none to ask for. */
  readonly from: string | null;
  readonly to: string | null;
  readonly contributions: readonly Contribution[] | null;
  /** Why there are no contributions, or what stands in their place. */
  readonly note: string | null;
  readonly events: readonly ExplainedEvent[];
  /** What asks for the following events; null at the end. */
  readonly next: string | null;
}

/** Contributions are recomputed plainly, which takes time with the square of the events. */
const EXPLAINED_EVENTS = 1_000;
const EXPLAINED_BYTES = 16 * 1024 * 1024;
/** Events × buckets of the range. */
const EXPLAINED_PRODUCT = 40_000;
const LONGEST_RANGE = 400;
const MIN_RANGE = 30;

/** Throws QueryRefused, StoreUnavailable, and what `contribute` throws. */
export async function explainActor(question: ExplainQuestion, given: ExplainFacts, archive: ExplainArchive): Promise<Explanation> {
  const { served, actorId } = question;
  const facts = { ...given, positions: readOrigin(served.origin ?? LOG_ORIGIN)?.positions };
  const { metric, lineage } = served;
  const after = question.after === undefined ? null : placeOf(question.after);
  const partition = partitionOf(facts.partitioner, Buffer.from(actorId), facts.partitionCount);
  // Asked before the records: whatever it names is among them.
  const position = await archive.position(partition);
  const covered = (history: History): History => ({
    ...history,
    records: history.records.filter((record) => isCovered(record, partition, position)),
  });
  const whole = covered(await readHistory(archive, { actorId, after: null, maxRecords: EXPLAINED_EVENTS, maxBytes: EXPLAINED_BYTES }));
  const judged = await judge(whole.records, facts, archive);
  const kind = question.kind ?? kindOf(judged);
  const contributed = whole.isWhole
    ? await contributions(
        question,
        judged.filter(({ parsed }) => parsed?.actorKind === kind),
        facts,
      )
    : { from: null, to: null, contributions: null, note: `there are more than ${whole.records.length} events: too many to recompute one by one` };
  const page = whole.isWhole ? pageOf(judged, after, question.limit) : await furtherPage(question, { after, facts, archive, covered });
  const last = page.judged.at(-1);
  return {
    metric: metric.id,
    revision: metric.revision,
    lineage,
    unit: metric.unit,
    timezone: metric.timezone,
    actor: actorId,
    kind,
    archive: { partition, epoch: position?.epoch ?? null, position: position === null ? null : String(position.next) },
    ...contributed,
    events: page.judged.map((one) => explained(one, served, facts)),
    next: page.hasMore && last !== undefined ? textOfPlace(placeInTime(last.record)) : null,
  };
}

/** What lies beyond the unbroken chain may have a hole before it: it is not told yet. */
function isCovered(record: ArchivedRecord, partition: number, position: { epoch: number; next: number } | null): boolean {
  if (record.partition !== partition) return true;
  return position !== null && (record.epoch < position.epoch || (record.epoch === position.epoch && record.offset < position.next));
}

function kindOf(judged: readonly JudgedRecord[]): ActorKind {
  const kinds = judged.flatMap(({ parsed }) => (parsed === null ? [] : [parsed.actorKind]));
  return kinds.length > 0 && !kinds.includes('user') ? 'anonymous' : 'user';
}

interface Page {
  readonly judged: readonly JudgedRecord[];
  readonly hasMore: boolean;
}

function pageOf(judged: readonly JudgedRecord[], after: ActorPlace | null, limit: number): Page {
  const beyond = after === null ? judged : judged.filter(({ record }) => comparePlaces(placeInTime(record), after) > 0);
  return { judged: beyond.slice(0, limit), hasMore: beyond.length > limit };
}

/** Of an actor with very many events: repeats are known within the page only. */
async function furtherPage(
  { actorId, limit }: ExplainQuestion,
  {
    after,
    facts,
    archive,
    covered,
  }: { after: ActorPlace | null; facts: HistoryFacts; archive: ExplainArchive; covered: (history: History) => History },
): Promise<Page> {
  const { records, isWhole } = covered(await readHistory(archive, { actorId, after, maxRecords: limit, maxBytes: EXPLAINED_BYTES }));
  return { judged: await judge(records, facts, archive), hasMore: !isWhole };
}

async function contributions(
  { served, query }: ExplainQuestion,
  judged: readonly JudgedRecord[],
  { nowMs, contribute }: ExplainFacts,
): Promise<Pick<Explanation, 'from' | 'to' | 'contributions' | 'note'>> {
  const { metric, set } = served;
  const calendars = createCalendars();
  const calendar = calendars.calendar(metric);
  const applied = judged.flatMap(({ record, event }) => (event === null ? [] : [{ record, event }]));
  const [first, last] = [applied[0]?.event, applied.at(-1)?.event];
  if (first === undefined || last === undefined) {
    requestOf(served, query, { events: [], nowMs: nowMs ?? 0, calendars });
    return { from: null, to: null, contributions: [], note: 'no event of this actor counts' };
  }
  const request = requestOf(served, query, { events: [first.timeMs, last.timeMs], nowMs: Math.max(nowMs ?? last.timeMs, last.timeMs), calendars });
  const longest = Math.min(LONGEST_RANGE, Math.max(MIN_RANGE, Math.floor(EXPLAINED_PRODUCT / applied.length)));
  const asked = query.from === undefined ? { ...request, from: Math.max(request.from, request.to - longest + 1) } : request;
  if (asked.to - asked.from + 1 > longest)
    throw new QueryRefused(
      'too_large',
      'from',
      `${asked.to - asked.from + 1} buckets with ${applied.length} events: at most ${longest} buckets are explained at once`,
    );
  const made = measuredMetrics(set, metric).map(({ id }) => id);
  const isFormula = metric.kind === 'kpi' && metric.measure.measure === 'formula';
  return {
    from: calendar.name(asked.from),
    to: calendar.name(asked.to),
    contributions: await contribute({
      set,
      metricId: metric.id,
      records: applied.map(({ record: { key, value } }) => ({ key, value })),
      request: asked,
    }),
    note: isFormula ? `a formula has no integers of its own: explain ${made.join(', ')}` : null,
  };
}

/** From the actor's first event on when the question names no beginning. */
function requestOf(
  served: ServedMetric,
  query: ExplainQuestion['query'],
  { events, nowMs, calendars }: { events: readonly number[]; nowMs: number; calendars: CalendarSource },
): AnswerRequest {
  const limit = query.slice === undefined ? {} : { limit: 1_000 };
  const request = resolveRequest(served, { ...query, to: query.to }, { watermarkMs: null, nowMs }, calendars);
  const [firstMs] = events;
  const from =
    query.from !== undefined || firstMs === undefined
      ? request.from
      : Math.max(0, Math.min(calendars.calendar(served.metric).bucketOf(firstMs), request.to));
  return { ...request, ...limit, from };
}

function explained(
  { record, outcome, reason, clockMs, parsed, event }: JudgedRecord,
  { set, metric }: ServedMetric,
  { settings }: HistoryFacts,
): ExplainedEvent {
  const { epoch, partition, offset, timestampMs, value } = record;
  return {
    at: isoInstant(parsed?.timeMs ?? timestampMs),
    recordedAt: isoInstant(timestampMs),
    epoch,
    partition,
    offset: String(offset),
    outcome,
    reason,
    words: outcomeWords({ outcome, reason, timeMs: parsed?.timeMs ?? null, recordMs: timestampMs, clockMs, latenessMs: settings.latenessMs }),
    name: parsed?.event ?? null,
    kind: parsed?.actorKind ?? null,
    messageId: parsed?.messageId ?? null,
    plays: event === null ? [] : rolesOf(set, metric, event),
    value: value === null ? null : shownText(value),
    valueBytes: value?.length ?? 0,
  };
}

function textOfPlace({ timeMs, epoch, partition, offset }: ActorPlace): string {
  return `${timeMs}.${epoch}.${partition}.${offset}`;
}

function placeOf(text: string): ActorPlace {
  const [, timeMs, epoch, partition, offset] = /^(-?\d{1,15})\.(\d{1,5})\.(\d{1,5})\.(\d{1,15})$/.exec(text) ?? [];
  if (offset === undefined) throw new QueryRefused('bad_parameter', 'after', 'expected what `next` of the page before says');
  return { timeMs: Number(timeMs), epoch: Number(epoch), partition: Number(partition), offset: Number(offset) };
}
