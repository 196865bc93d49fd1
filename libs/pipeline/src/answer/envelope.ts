/** What every answer says beside its figures: what it counts, up to which position, how fresh and how final it is. */
import { createHash } from 'node:crypto';
import {
  type Answer,
  type AnswerRequest,
  type CalendarSource,
  isoInstant,
  type MetricDefinition,
  type RowSource,
  type Target,
  type Unit,
  unreadableIn,
} from '@tidemark/core';
import type { Head } from '../ports/sink.ts';
import { splitVersion } from '../ports/version.ts';
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

/** The JSON body of an answer; a kpi's carries its target and owner. */
export type AnswerBody = Envelope & Answer & { readonly target?: Target | null; readonly owner?: string | null };

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
    ...(metric.kind === 'kpi' ? { target: metric.target ?? null, owner: metric.owner ?? null } : {}),
  };
}

/** Events of the range whose property was no number, of the total or of the slice values asked for. */
export function unreadableOf(metric: MetricDefinition, request: AnswerRequest, source: RowSource): number {
  if (metric.kind !== 'kpi') return 0;
  if (request.slice === undefined) return unreadableIn(metric, request, source.rows('total', ''));
  const table = `slice:${request.slice}`;
  const values = request.value === undefined ? source.values(table) : [request.value];
  return values.reduce((sum, value) => sum + unreadableIn(metric, request, source.rows(table, value)), 0);
}

/**
 * A strong tag of everything that an answer's meaning hangs on: the resolved question, revision, lineage, positions, watermark, halted partitions,
 * staleness (an answer that goes stale must reach its readers) and the target and owner that a kpi carries. 32 url-safe characters.
 */
export function entityTag(body: AnswerBody, request: AnswerRequest, heads: readonly ServedHead[]): string {
  const { watermark, halted, stale } = body.asOf;
  const positions = heads.map(({ partition, head }) => [partition, head.closed]);
  const question = [request.from, request.to, request.slice, request.value, request.limit, request.byBucket];
  const facts = [body.metric, question, body.revision, body.lineage, positions, watermark, halted, stale, body.target, body.owner];
  return createHash('sha256').update(JSON.stringify(facts)).digest('base64url').slice(0, 32);
}
