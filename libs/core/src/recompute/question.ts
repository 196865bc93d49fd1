/** What every kind of the oracle is asked: the request, the events, and the set's rules for reading them. */
import type { AnswerRequest } from '../answer.ts';
import type { Selector } from '../definition.ts';
import type { Calendar } from '../time/calendar.ts';
import type { TimelineEvent } from './timeline.ts';

/** Everything that a kind needs besides its own definition. */
export interface Question {
  readonly request: AnswerRequest;
  readonly calendar: Calendar;
  readonly byActor: ReadonlyMap<string, readonly TimelineEvent[]>;
  matches(selector: Selector, event: TimelineEvent): boolean;
  /** Like `matches`, but whatever the selector's `where` says. */
  matchesByName(selector: Selector, event: TimelineEvent): boolean;
  /** The event's value in the slice asked for, of several dimensions the JSON text of the list; null when the total is asked for. */
  valueOf(event: TimelineEvent): string | null;
  /**
   * In a slice by held values, what an actor with these events is counted under in a row that ends at an instant; null in any other slice, and of the
   * total.
   */
  readonly heldAt: ((events: readonly TimelineEvent[], untilMs: number) => string) | null;
  /** Whether the event shows a non-empty value in the slice asked for, in any of its dimensions, listed or not. */
  shows(event: TimelineEvent): boolean;
  /** What no value at all counts as in the slice asked for: `''`, or `$other` in a closed list without it; null when the total is asked for. */
  readonly valueOfNothing: string | null;
  /** Whether an instant and the lateness after it lie behind the watermark. */
  isOver(timeMs: number): boolean;
  /** The watermark at which `isOver(timeMs)` becomes true. */
  closesAtMs(timeMs: number): number;
}
