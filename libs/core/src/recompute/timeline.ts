/** The events that the oracle recomputes from: applied ones, each once, by actor and in time order. */
import type { PropertyValue } from '../event.ts';

/** An applied event with everything that a definition may ask of it. */
export interface TimelineEvent {
  /** Namespaced: `u:…` for a userId, `a:…` for an anonymousId. */
  readonly actor: string;
  readonly messageId: string;
  /** 64-bit hash of the messageId: the smaller one comes first at equal instants. */
  readonly tieHash: bigint;
  readonly name: string;
  /** True for track, page and screen. */
  readonly isAction: boolean;
  readonly timeMs: number;
  /** The value at a path from the event's root. */
  get(path: readonly string[]): PropertyValue;
}

/** Each actor's events by (time, tieHash). Of several events with one messageId the first in the given order counts. */
export function eventsByActor(events: readonly TimelineEvent[]): ReadonlyMap<string, readonly TimelineEvent[]> {
  const seen = new Set<string>();
  const byActor = new Map<string, TimelineEvent[]>();
  for (const event of events) {
    if (seen.has(event.messageId)) continue;
    seen.add(event.messageId);
    const own = byActor.get(event.actor);
    if (own) own.push(event);
    else byActor.set(event.actor, [event]);
  }
  for (const own of byActor.values()) own.sort((a, b) => a.timeMs - b.timeMs || Number(a.tieHash > b.tieHash) - Number(a.tieHash < b.tieHash));
  return byActor;
}
