/** What every answer says beside its figures: what it counts, up to which position, how fresh and how final it is. */
import { createHash } from 'node:crypto';
import {
  type Answer,
  type AnswerContext,
  type AnswerRequest,
  type Calendar,
  type CalendarSource,
  isoInstant,
  type MetricDefinition,
  measuredMetrics,
  rangeInside,
  type Target,
  type Unit,
  unreadableIn,
} from '@tidemark/core';
import type { Head } from '../ports/sink.ts';
import { splitVersion } from '../ports/version.ts';
import type { PreviousFigures } from './comparison.ts';
import type { StoreName } from './head-watch.ts';

export interface HaltedPartition {
  readonly partition: number;
  readonly reason: string;
}

export interface AsOf {
  /** The smallest partition clock, ISO; null while no partition has one. */
  readonly watermark: string | null;
  /** By partition, decimal: the offset after the last record that the figures include. */
  readonly positions: Readonly<Record<string, string>>;
  /** When the newest part of the figures became readable, ISO. */
  readonly publishedAt: string;
  readonly source: StoreName | 'mixed';
  /** True when some partition's owner was last at the end of the log longer ago than the metric's freshness. */
  readonly stale: boolean;
  readonly halted: readonly HaltedPartition[];
}

export interface Notes {
  /** Events too late to count, of the whole lineage. */
  readonly late: number;
  /** Actors whose timelines outgrew their cap. */
  readonly capped: number;
  /** The answer is sliced, and some partition had more slice values than it keeps apart. */
  readonly overflow: boolean;
  /** Events of the range whose summed property was no number. */
  readonly unreadable: number;
}

export interface Envelope {
  readonly metric: string;
  readonly revision: string;
  readonly lineage: string;
  readonly unit: Unit;
  readonly timezone: string;
  readonly from: string;
  readonly to: string;
  readonly asOf: AsOf;
  readonly notes: Notes;
}

/** Figures of the range before, by names of buckets; `against`: the asked range cut to as many buckets, when some of it is not over yet. */
export type PreviousBody = Answer & {
  readonly from: string;
  readonly to: string;
  readonly against: (Answer & { readonly from: string; readonly to: string }) | null;
};

/** The JSON body of an answer: its figures, what the metric is to reach and who answers for it; `previous` when it was asked for, null when there is none. */
export type AnswerBody = Envelope & Answer & OwnerFacts & { readonly previous?: PreviousBody | null };

/** Null where the definition says nothing. The dates of the last change are those that the definition gives. */
export interface OwnerFacts {
  readonly target: Target | null;
  readonly owner: string | null;
  readonly ownerSince: string | null;
}

/** A partition's head as served. */
export interface ServedHead {
  readonly partition: number;
  readonly store: StoreName;
  readonly head: Head;
  /** Epoch ms; −Infinity if its owner was never seen at the end of the log. */
  readonly lastAtEndMs: number;
}

export interface Figures {
  readonly answer: Answer;
  readonly unreadable: number;
  /** Present when a comparison was asked for; null when there is nothing to compare with. */
  readonly previous?: PreviousFigures | null;
}

/** The smallest clock; partitions that never had an event or tick have none and are left out. */
export function watermarkOf(heads: readonly { readonly head: Head }[]): number | null {
  const clocks = heads.flatMap(({ head }) => (head.note === null || head.note.clockMs === null ? [] : [head.note.clockMs]));
  return clocks.length === 0 ? null : Math.min(...clocks);
}

export function asOfHeads(heads: readonly ServedHead[], facts: { freshnessMs: number; nowMs: number }): AsOf {
  const watermarkMs = watermarkOf(heads);
  const stores = new Set(heads.map(({ store }) => store));
  const [onlyStore] = stores;
  return {
    watermark: watermarkMs === null ? null : isoInstant(watermarkMs),
    positions: Object.fromEntries(heads.map(({ partition, head }) => [String(partition), String(splitVersion(head.closed).next)])),
    publishedAt: isoInstant(heads.reduce((latest, { head }) => Math.max(latest, head.note?.publishedAtMs ?? 0), 0)),
    source: stores.size === 1 && onlyStore !== undefined ? onlyStore : 'mixed',
    stale: heads.some(({ lastAtEndMs }) => facts.nowMs - lastAtEndMs > facts.freshnessMs),
    halted: heads.flatMap(({ partition, head }) => (head.note?.halted === undefined ? [] : [{ partition, reason: head.note.halted }])),
  };
}

export interface BodyParts {
  readonly metric: MetricDefinition;
  readonly lineage: string;
  readonly request: AnswerRequest;
  readonly heads: readonly ServedHead[];
  readonly figures: Figures;
  readonly nowMs: number;
  readonly calendars: CalendarSource;
}

export function answerBody(parts: BodyParts): AnswerBody {
  const { metric, lineage, request, heads, figures } = parts;
  const calendar = parts.calendars.calendar(metric);
  const counted = (name: string): number => heads.reduce((sum, { head }) => sum + (head.note?.counters[name] ?? 0), 0);
  return {
    metric: metric.id,
    revision: metric.revision,
    lineage,
    unit: metric.unit,
    timezone: metric.timezone,
    from: calendar.name(request.from),
    to: calendar.name(request.to),
    asOf: asOfHeads(heads, { freshnessMs: metric.freshnessMs, nowMs: parts.nowMs }),
    notes: {
      late: counted('late'),
      capped: counted('capped'),
      overflow: request.slice !== undefined && heads.some(({ head }) => head.note?.overflow === true),
      unreadable: figures.unreadable,
    },
    ...figures.answer,
    target: metric.target ?? null,
    owner: metric.owner ?? null,
    ownerSince: metric.ownerSince ?? null,
    ...(figures.previous === undefined ? {} : { previous: figures.previous && previousBody(figures.previous, calendar) }),
  };
}

function previousBody({ against, ...previous }: PreviousFigures, calendar: Calendar): PreviousBody {
  const named = ({ from, to, answer }: Omit<PreviousFigures, 'against'>) => ({ from: calendar.name(from), to: calendar.name(to), ...answer });
  return { ...named(previous), against: against && named(against) };
}

/** Events of the range whose property was no number, of the total or of the slice values asked for; of a formula in all that it names. */
export function unreadableOf(metric: MetricDefinition, request: AnswerRequest, { set, sourceOf, calendars }: AnswerContext): number {
  let count = 0;
  for (const measured of measuredMetrics(set, metric)) {
    if (measured.kind !== 'kpi') continue;
    const range = rangeInside(calendars.calendar(metric), calendars.calendar(measured), request.from, request.to);
    const source = sourceOf(measured.id);
    const table = request.slice === undefined ? 'total' : `slice:${request.slice}`;
    const values = request.slice === undefined ? [''] : request.value === undefined ? source.values(table) : [request.value];
    for (const value of values) count += unreadableIn(measured, range, source.rows(table, value));
  }
  return count;
}

/**
 * A strong tag of everything that an answer's meaning hangs on: the resolved question, revision, lineage, positions, watermark, halted partitions,
 * staleness (an answer that goes stale must reach its readers), the target and owner, and whether a comparison is there. 32 url-safe characters.
 */
export function entityTag(body: AnswerBody, request: AnswerRequest, heads: readonly ServedHead[]): string {
  const { watermark, halted, stale } = body.asOf;
  const positions = heads.map(({ partition, head }) => [partition, head.closed]);
  const question = [request.from, request.to, request.slice, request.value, request.limit, request.byBucket];
  const facts = [
    body.metric,
    question,
    body.revision,
    body.lineage,
    positions,
    watermark,
    halted,
    stale,
    body.target,
    body.owner,
    body.ownerSince,
    body.previous !== undefined,
  ];
  return createHash('sha256').update(JSON.stringify(facts)).digest('base64url').slice(0, 32);
}
