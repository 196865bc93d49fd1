/** What the catch-up's log holds: sixty days of a product's traffic, and then the same people live, without anybody whose timeline outgrows its cap. */
import { eventStream, type SampleEvent } from '@tidemark/testing';

export interface CatchUpWorkload {
  readonly seed: number;
  /** Of the history, exactly. */
  readonly events: number;
  readonly people: number;
  readonly live: { readonly perSecond: number; readonly forS: number };
}

export const historyDays = 60;
/** Where history ends and live traffic begins, epoch ms. */
export const liveFromMs = Date.UTC(2025, 5, 30);
const daySeconds = 86_400;
const dayMs = 1_000 * daySeconds;
export const historyFromMs = liveFromMs - historyDays * dayMs;

export function* catchUpEvents({ seed, events, people, live }: CatchUpWorkload): Generator<SampleEvent> {
  for (const event of eventStream({ seed, events, people, days: historyDays, endMs: liveFromMs })) yield spread(event, people);
  const liveEvents = live.perSecond * live.forS;
  const ofLive = { seed: seed + 1, events: liveEvents, people, days: live.forS / daySeconds, endMs: liveFromMs + live.forS * 1_000 };
  for (const event of eventStream(ofLive)) yield spread(event, people);
}

const hotKey = `customer-${'0'.repeat(7)}`;
const idPattern = /"messageId":"[^"]*-([0-9a-f]{12})"/;

/** The stream's hot person's events go to the others, a repeated one to whom it went before: what a cap cuts off is told in answers, and is in no recomputation. */
function spread(event: SampleEvent, people: number): SampleEvent {
  if (event.key !== hotKey) return event;
  const number = Number.parseInt(idPattern.exec(event.value)?.[1] ?? '', 16);
  const key = `customer-${String(1 + (number % (people - 1))).padStart(7, '0')}`;
  return { ...event, key, value: event.value.replace(`"${hotKey}"`, `"${key}"`) };
}
