/** What the answers must say: the events as they were sent, made once more in the end, kept as far as the asked metrics need them, and recomputed by the slow oracle. */
import { messageHash } from '@tidemark/codec';
import {
  type Answer,
  type Calendar,
  createCalendars,
  DEFAULT_SETTINGS,
  type MetricDefinition,
  type MetricSet,
  type PropertyValue,
  recompute,
  type TimelineEvent,
} from '@tidemark/core';
import type { SampleEvent } from '@tidemark/testing';

export interface Range {
  readonly from: number;
  readonly to: number;
}

interface SentEvent {
  readonly messageId: string;
  readonly userId: string;
  readonly properties: { readonly channel: string };
  readonly context: { readonly app: { readonly name: string } };
}

const namePattern = /"event":"([^"]*)"/;
/** More values than the dimensions have. */
const sliceLimit = 40;

export class SentEvents {
  readonly #names: ReadonlySet<string>;
  readonly #workload: () => Iterable<SampleEvent>;
  readonly #events: TimelineEvent[] = [];
  #taken = 0;
  #latestMs = Number.NEGATIVE_INFINITY;

  /** `names`: of the events that the asked metrics count. `workload`: the same events whenever it is called; to hold millions would keep the engines' core busy with garbage. */
  constructor(names: readonly string[], workload: () => Iterable<SampleEvent>) {
    this.#names = new Set(names);
    this.#workload = workload;
  }

  /** Each counts as sent when it is taken. */
  *taken(): Generator<SampleEvent> {
    for (const event of this.#workload()) {
      this.#taken++;
      this.#latestMs = Math.max(this.#latestMs, event.timeMs);
      yield event;
    }
  }

  /** The latest instant of all events so far. */
  get latestMs(): number {
    return this.#latestMs;
  }

  /** When no event is taken any more. */
  answer(set: MetricSet, metric: MetricDefinition, { from, to }: Range, slice?: string): Answer {
    if (this.#events.length === 0) this.#makeAgain();
    const request = { from, to, limit: sliceLimit, byBucket: true, ...(slice === undefined ? {} : { slice }) };
    return recompute(set, metric, this.#events, request, { watermarkMs: this.#latestMs, latenessMs: DEFAULT_SETTINGS.latenessMs });
  }

  /** What is too late to count, and what comes again, is left out. */
  #makeAgain(): void {
    let left = this.#taken;
    for (const event of this.#workload()) {
      if (left-- === 0) break;
      this.#note(event);
    }
  }

  #note({ value, timeMs, meta }: SampleEvent): void {
    const name = namePattern.exec(value)?.[1] ?? '';
    if (meta === 'late' || meta === 'duplicate' || !this.#names.has(name)) return;
    const event: SentEvent = JSON.parse(value);
    const [high, low] = messageHash(event.messageId);
    const tieHash = (BigInt(high) << 32n) | BigInt(low);
    const [channel, app] = [event.properties.channel, event.context.app.name];
    const get = (path: readonly string[]): PropertyValue => propertyAt(path.join('.'), channel, app);
    this.#events.push({ actor: `u:${event.userId}`, messageId: event.messageId, tieHash, name, isAction: true, timeMs, get });
  }
}

export function calendarOf(metric: MetricDefinition): Calendar {
  return createCalendars().calendar(metric);
}

/** Throws for an id that the set has not. */
export function metricOf(set: MetricSet, id: string): MetricDefinition {
  const metric = set.metrics.find((each) => each.id === id);
  if (metric === undefined) throw new Error(`the set ${set.name} has no metric ${id}`);
  return metric;
}

/** Only this much of each is kept: there are hundreds of thousands. */
function propertyAt(path: string, channel: string, app: string): PropertyValue {
  if (path === 'properties.channel') return channel;
  if (path === 'context.app.name') return app;
  throw new Error(`${path} is not kept of the sent events: the asked metrics must do with channel and app`);
}
