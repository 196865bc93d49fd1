/** The newest records as lines as they come: what became of each and why, by actor and outcome, with a pause. */
import type { InspectedEvent } from '@tidemark/query/client';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Empty, useSeconds } from '../../parts/states.tsx';
import { type Codec, text } from '../../route/codec.ts';
import { definePage, type PageProps } from '../../route/page.tsx';
import { addressOf, go } from '../../route/router.ts';
import { exact } from '../../show/numbers.ts';
import { clockText, duration } from '../../show/times.ts';
import { type Feed, useEventFeed } from './event-feed.ts';
import { EventRow } from './event-line.tsx';
import { type EventLinesState, MAX_LINES } from './event-lines.ts';
import './inspector.css';

type Outcome = InspectedEvent['outcome'];
const OUTCOMES: readonly Outcome[] = ['applied', 'late', 'duplicate', 'rejected', 'future', 'misrouted', 'control'];

const OUTCOME_TIPS: Readonly<Record<Outcome, string>> = {
  applied: 'counted',
  late: 'too far behind its partition’s clock',
  duplicate: 'its messageId came before',
  rejected: 'cannot be read; kept in the archive with the reason',
  future: 'its time is too far after its arrival',
  misrouted: 'its key belongs to another partition',
  control: 'moves the clock of a silent partition',
};

/** Outcomes apart by commas; none: all. */
const outcomes: Codec<readonly Outcome[]> = {
  fallback: [],
  read: (given) => OUTCOMES.filter((outcome) => given.split(',').includes(outcome)),
  write: (chosen) => chosen.join(','),
};

const controls = { actor: text(), outcome: outcomes } as const;

export const inspectorPage = definePage({ title: () => 'Newest events', controls, View: InspectorPage });

function InspectorPage({ about, metrics, state, set }: PageProps<typeof controls>) {
  const filter: Readonly<Record<string, string>> = {
    ...(state.actor === '' ? {} : { actor: state.actor }),
    ...(state.outcome.length === 0 ? {} : { outcome: state.outcome.join(',') }),
  };
  const path = `/v1/events/live?${new URLSearchParams({ set: about.name, ...filter })}`;
  const feed = useEventFeed(path);
  const { frozen, hold, toggle } = usePause(feed, path);
  const names = [...new Set(metrics.map((metric) => metric.set))];
  return (
    <article class="figure-page inspector">
      <header>
        <h1>Newest events</h1>
        <p class="definition">Every record as it comes, and what became of it: counted, or why not. Outcomes are told only while somebody looks.</p>
      </header>
      <div class="controls">
        <button type="button" aria-pressed={frozen !== null} aria-keyshortcuts="Space" data-tip="Space" onClick={toggle}>
          {frozen === null ? 'Pause' : 'Go on'}
        </button>
        <ActorField key={state.actor} actor={state.actor} onActor={(actor) => set({ actor })} />
        {names.length > 1 && (
          <label>
            <span class="hidden">Metric set</span>
            <select
              value={about.name}
              onChange={({ currentTarget }) => go(addressOf('inspector', currentTarget.value, { keep: false, query: filter }))}
            >
              {names.map((name) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          </label>
        )}
        <fieldset class="outcomes">
          <legend class="hidden">Outcomes</legend>
          {OUTCOMES.map((outcome) => (
            <button
              key={outcome}
              type="button"
              class="chip"
              aria-pressed={state.outcome.includes(outcome)}
              data-tip={OUTCOME_TIPS[outcome]}
              onClick={() => set({ outcome: OUTCOMES.filter((one) => state.outcome.includes(one) !== (one === outcome)) })}
            >
              {outcome}
            </button>
          ))}
        </fieldset>
      </div>
      <FeedState feed={feed} waiting={frozen === null ? 0 : feed.came - frozen.came} isPaused={frozen !== null} />
      <Lines
        shown={frozen ?? feed}
        feed={feed}
        metrics={metrics.filter((metric) => metric.set === about.name)}
        hold={hold}
        onActor={(actor) => set({ actor })}
      />
    </article>
  );
}

/** Paused, the list stays what it was; what comes meanwhile waits. Another question ends the pause. */
function usePause(feed: Feed, path: string) {
  const [held, setHeld] = useState<{ readonly path: string; readonly at: EventLinesState } | null>(null);
  const frozen = held?.path === path ? held.at : null;
  const newest = useRef(feed);
  newest.current = feed;
  const hold = (): void => setHeld((now) => (now?.path === path ? now : { path, at: newest.current }));
  const toggle = (): void => setHeld((now) => (now?.path === path ? null : { path, at: newest.current }));
  useEffect(() => {
    const isOurs = ({ key, target, ctrlKey, metaKey, altKey }: KeyboardEvent): boolean => {
      if (key !== ' ' || ctrlKey || metaKey || altKey || !(target instanceof Element)) return false;
      // A button takes its own Space, but for the lines, which Enter opens.
      return (
        target.closest('input, select, textarea, dialog, a, summary') === null &&
        (target.closest('button') === null || target.closest('.event-line') !== null)
      );
    };
    const onKeyDown = (event: KeyboardEvent): void => {
      if (!isOurs(event)) return;
      event.preventDefault();
      if (!event.repeat) toggle();
    };
    const onKeyUp = (event: KeyboardEvent): void => {
      if (isOurs(event)) event.preventDefault();
    };
    document.addEventListener('keydown', onKeyDown);
    document.addEventListener('keyup', onKeyUp);
    return () => {
      document.removeEventListener('keydown', onKeyDown);
      document.removeEventListener('keyup', onKeyUp);
    };
  }, [path]);
  return { frozen, hold, toggle };
}

function ActorField({ actor, onActor }: { readonly actor: string; readonly onActor: (actor: string) => void }) {
  const [typed, setTyped] = useState(actor);
  const submit = (event: Event): void => {
    event.preventDefault();
    onActor(typed.trim() === '' ? '' : typed);
  };
  return (
    <form class="actor-field" aria-label="By actor" onSubmit={submit}>
      <label>
        <span class="hidden">Actor id</span>
        <input
          type="search"
          placeholder="Actor id, all"
          maxLength={512}
          value={typed}
          onInput={({ currentTarget }) => setTyped(currentTarget.value)}
          onBlur={submit}
        />
      </label>
    </form>
  );
}

/** Whether lines come, since when, and what waits. */
function FeedState({ feed, waiting, isPaused }: { readonly feed: Feed; readonly waiting: number; readonly isPaused: boolean }) {
  const { state, retryAtMs, refusal, problem, watching, came } = feed;
  const now = useSeconds(state === 'lost');
  if (state === 'refused') return null;
  const since = watching === null ? '' : ` since ${clockText(Date.parse(watching.watchedSince))}`;
  const words =
    state === 'connecting'
      ? 'Connecting…'
      : state === 'lost'
        ? `${refusal?.detail ?? 'The stream is lost'}; ${retryAtMs > now ? `trying again in ${duration(Math.ceil((retryAtMs - now) / 1_000)).replace('.0', '')}` : 'trying again'}. The lines stay.`
        : isPaused
          ? `Paused; ${waiting === 0 ? 'nothing new' : `${exact(waiting)} new`} since. Space goes on.`
          : `Watching${since}; ${exact(came)} ${came === 1 ? 'record' : 'records'} so far${came > MAX_LINES ? `, the newest ${MAX_LINES} kept` : ''}.`;
  return (
    <>
      <p class={`feed-state feed-${isPaused ? 'paused' : state}`} role="status">
        <i class="dot" />
        {words}
      </p>
      {problem !== null && (
        <p class="banner" role="alert">
          {problem}
        </p>
      )}
    </>
  );
}

interface LinesProps {
  readonly shown: EventLinesState;
  readonly feed: Feed;
  readonly metrics: PageProps<typeof controls>['metrics'];
  readonly hold: () => void;
  readonly onActor: (actor: string) => void;
}

/** More at once than this are not each lit up. */
const MANY = 20;

function Lines({ shown, feed, metrics, hold, onActor }: LinesProps) {
  const [open, setOpen] = useState<string | null>(null);
  const drawn = useRef(0);
  const fresh = shown.came - drawn.current;
  const isLit = drawn.current > 0 && fresh < MANY;
  useEffect(() => {
    drawn.current = shown.came;
  });
  if (feed.state === 'refused' && feed.refusal !== null) return <NotAllowed {...feed.refusal} />;
  if (shown.lines.length === 0) return feed.state === 'live' ? <Quiet /> : null;
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') setOpen(null);
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
    const { currentTarget, target } = event;
    const all = currentTarget instanceof Element ? [...currentTarget.querySelectorAll<HTMLElement>('.event-line')] : [];
    const at = target instanceof HTMLElement ? all.indexOf(target) : -1;
    if (at < 0) return;
    event.preventDefault();
    all[at + (event.key === 'ArrowDown' ? 1 : -1)]?.focus();
  };
  return (
    <ol class="events" aria-label="Newest events, the newest first" onKeyDown={onKeyDown}>
      {shown.lines.map((line) =>
        'gap' in line ? (
          <li key={line.key} class="event-skipped">
            {line.gap}
          </li>
        ) : (
          <EventRow
            key={line.key}
            event={line.event}
            isOpen={open === line.key}
            isNew={isLit}
            metrics={metrics}
            onActor={onActor}
            onOpen={() => {
              // What is read stays where it is.
              if (open !== line.key) hold();
              setOpen(open === line.key ? null : line.key);
            }}
          />
        ),
      )}
    </ol>
  );
}

function Quiet() {
  return (
    <Empty title="Nothing has come since you look" command="npm run -s tidemark -- replay events.csv">
      Records appear within two seconds of being written to the topic; what came before is in the archive. Send one with any producer, or replay a
      file:
    </Empty>
  );
}

function NotAllowed({ code, detail, requestId }: { readonly code: string | null; readonly detail: string; readonly requestId: string | null }) {
  const isForbidden = code === 'forbidden' || code === 'unauthorized';
  return (
    <section class="state" role="alert">
      <h2>{isForbidden ? 'Single events are not for everybody' : 'The stream was refused'}</h2>
      <p>{detail}</p>
      <p class="dim">
        {isForbidden ? 'They are personal data: a key needs the scope inspect for them. Figures need no such key.' : 'Choose again above.'}
        {requestId !== null && ` Request ${requestId}.`}
      </p>
    </section>
  );
}
