/** Reads the stream of newest records while the page is open: comes back after a loss, and says what may be missing in between. */
import type { EventsMissed, EventsProblem, EventsWatching, InspectedEvent } from '@tidemark/query/client';
import { readEventStream } from '@tidemark/query/client';
import { useEffect, useState } from 'preact/hooks';
import type { Refusal } from '../../data/figure.ts';
import { ask, keyGiven, NotAnswered } from '../../data/service.ts';
import { chunksOf, pause } from '../../data/stream.ts';
import { exact } from '../../show/numbers.ts';
import { clockText } from '../../show/times.ts';
import { type EventLine, type EventLinesState, eventKey, NO_LINES, withLines } from './event-lines.ts';

export interface Feed extends EventLinesState {
  readonly state: 'connecting' | 'live' | 'lost' | 'refused';
  /** When it is tried again, epoch ms; 0: not by itself. */
  readonly retryAtMs: number;
  readonly refusal: Refusal | null;
  /** Outcomes cannot be seen now, though the stream stands. */
  readonly problem: string | null;
  readonly watching: EventsWatching | null;
}

const NOTHING: Feed = { ...NO_LINES, state: 'connecting', retryAtMs: 0, refusal: null, problem: null, watching: null };
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 15_000;
/** What comes together is drawn together. */
const DRAW_MS = 100;

/** The feed at `path`; another path begins anew. */
export function useEventFeed(path: string): Feed {
  const [shown, setShown] = useState<{ readonly path: string; readonly feed: Feed }>({ path, feed: NOTHING });
  const keys = keyGiven.value;
  useEffect(() => {
    const stop = new AbortController();
    let feed = NOTHING;
    let drawing: ReturnType<typeof setTimeout> | null = null;
    const draw = (): void => {
      drawing = null;
      setShown({ path, feed });
    };
    const change = (next: Partial<Feed>, arrived: readonly EventLine[] = []): void => {
      feed = { ...feed, ...withLines(feed, arrived), ...next };
      drawing ??= setTimeout(draw, DRAW_MS);
    };
    setShown({ path, feed });
    void follow(path, change, stop.signal);
    return () => {
      stop.abort();
      if (drawing !== null) clearTimeout(drawing);
    };
  }, [path, keys]);
  return shown.path === path ? shown.feed : NOTHING;
}

type Change = (next: Partial<Feed>, arrived?: readonly EventLine[]) => void;

async function follow(path: string, change: Change, signal: AbortSignal): Promise<void> {
  let failures = 0;
  let lostAtMs = 0;
  let gaps = 0;
  const gap = (words: string): EventLine => ({ key: `gap ${++gaps}`, gap: words });
  const receive = receiver(change, gap);
  while (!signal.aborted) {
    let waitMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures);
    try {
      const connected = new AbortController();
      const response = await ask(path, { headers: { accept: 'text/event-stream' }, signal: AbortSignal.any([signal, connected.signal]) });
      const back =
        lostAtMs === 0
          ? []
          : [gap(`Not connected from ${clockText(lostAtMs)} to ${clockText(Date.now())}: of what came then only the newest is here.`)];
      failures = 0;
      lostAtMs = 0;
      change({ state: 'live', refusal: null, retryAtMs: 0, problem: null }, back);
      for await (const { event, data } of readEventStream(chunksOf(response, connected))) receive(event, data);
    } catch (error) {
      if (signal.aborted) return;
      const refusal = refusalOf(error);
      if (refusal !== null && refusal.retryAfterMs === null) {
        change({ state: 'refused', refusal });
        return;
      }
      failures += 1;
      if (refusal?.code === 'too_many_streams') change({ refusal });
      waitMs = Math.max(waitMs, Math.min(LONGEST_RETRY_MS, refusal?.retryAfterMs ?? 0));
    }
    if (lostAtMs === 0) lostAtMs = Date.now();
    change({ state: 'lost', retryAtMs: Date.now() + waitMs });
    await pause(waitMs, signal);
  }
}

function receiver(change: Change, gap: (words: string) => EventLine): (name: string, data: string) => void {
  let lineage: string | null = null;
  return (name, data) => {
    if (name === 'event') {
      const event: InspectedEvent = JSON.parse(data);
      change({ problem: null }, [{ key: eventKey(event), event }]);
    } else if (name === 'missed') {
      const { count }: EventsMissed = JSON.parse(data);
      change({}, [gap(`${exact(count)} ${count === 1 ? 'record' : 'records'} came faster than this page could read, and are not shown.`)]);
    } else if (name === 'watching') {
      const watching: EventsWatching = JSON.parse(data);
      const isOther = lineage !== null && lineage !== watching.lineage;
      lineage = watching.lineage;
      change({ watching }, isOther ? [gap('Another definition of the set is served: outcomes from here on are by it.')] : []);
    } else if (name === 'problem') {
      const { detail }: EventsProblem = JSON.parse(data);
      change({ problem: detail });
    }
  };
}

function refusalOf(error: unknown): Refusal | null {
  if (!(error instanceof NotAnswered) || error.problem === null) return null;
  const { problem, retryAfterMs } = error;
  return { code: problem.code, detail: problem.detail, requestId: problem.requestId, retryAfterMs };
}
