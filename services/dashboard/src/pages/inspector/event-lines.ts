/** The lines that the inspector keeps: the newest first, each record once, a bounded number. */
import type { InspectedEvent } from '@tidemark/query/client';

export type EventLine =
  | { readonly key: string; readonly event: InspectedEvent }
  /** What is not there, in words. */
  | { readonly key: string; readonly gap: string };

export interface EventLinesState {
  /** Newest first. */
  readonly lines: readonly EventLine[];
  /** Records that came, those that have left the list included. */
  readonly came: number;
}

export const MAX_LINES = 500;
export const NO_LINES: EventLinesState = { lines: [], came: 0 };

/** Where a record lies in the log is what it is called: after a reconnect the newest come again. */
export function eventKey({ partition, epoch, offset }: Pick<InspectedEvent, 'partition' | 'epoch' | 'offset'>): string {
  return `${partition}.${epoch}.${offset}`;
}

/** In the order in which they came; at most `MAX_LINES` stay. */
export function withLines({ lines, came }: EventLinesState, arrived: readonly EventLine[]): EventLinesState {
  const known = new Set(lines.map(({ key }) => key));
  const fresh: EventLine[] = [];
  for (const line of arrived) {
    if (known.has(line.key)) continue;
    known.add(line.key);
    fresh.push(line);
  }
  const records = fresh.filter((line) => 'event' in line).length;
  return fresh.length === 0 ? { lines, came } : { lines: [...fresh.reverse(), ...lines].slice(0, MAX_LINES), came: came + records };
}
