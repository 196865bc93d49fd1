/** The events of one actor in the order of their own time: what each is to the figure, what became of it, its value on demand. */
import type { ExplainedEvent, Explanation } from '@tidemark/query/client';
import { useState } from 'preact/hooks';
import { useAnswer } from '../../data/figure.ts';
import { EventValue, OutcomeWord, Outside } from '../../parts/event-record.tsx';
import { instantText } from '../../show/times.ts';
import { visible } from '../../show/visible.ts';

interface TimelineProps {
  readonly body: Explanation;
  /** Of the explanation, without its query. */
  readonly path: string;
  readonly search: string;
}

const ASKED_EVERY_MS = 600_000;

/** Pages follow each other on demand. */
export function Timeline({ body, path, search }: TimelineProps) {
  const [pages, setPages] = useState<readonly string[]>([]);
  const [onlyParts, setOnlyParts] = useState(false);
  const pathAfter = (after: string): string => {
    const query = new URLSearchParams(search);
    query.set('after', after);
    return `${path}?${query}`;
  };
  const lastShown = pages.at(-1);
  const list = { timezone: body.timezone, onlyParts };
  return (
    <section aria-label="Timeline">
      <div class="timeline-head">
        <h2>Events, in their own order, {body.timezone}</h2>
        <label class="check">
          <input type="checkbox" checked={onlyParts} onChange={({ currentTarget }) => setOnlyParts(currentTarget.checked)} />
          only those that play a part
        </label>
      </div>
      <ol class="timeline" aria-label="Events of the actor">
        <Events {...list} events={body.events} />
        {pages.map((after) => (
          <FurtherPage key={after} {...list} path={pathAfter(after)} isLast={after === lastShown} onMore={(next) => setPages([...pages, next])} />
        ))}
      </ol>
      {pages.length === 0 && body.next !== null && (
        <button type="button" onClick={() => setPages([body.next ?? ''])}>
          Show more
        </button>
      )}
    </section>
  );
}

interface ListProps {
  readonly timezone: string;
  readonly onlyParts: boolean;
}

function FurtherPage({
  path,
  isLast,
  onMore,
  ...list
}: ListProps & { readonly path: string; readonly isLast: boolean; readonly onMore: (next: string) => void }) {
  const { body, refusal } = useAnswer<Explanation>({ path, every: ASKED_EVERY_MS }).value;
  const next = body?.next ?? null;
  if (body === null) return <li role="status">{refusal === null ? 'Asking for more…' : refusal.detail}</li>;
  return (
    <>
      <Events {...list} events={body.events} />
      {isLast && next !== null && (
        <li>
          <button type="button" onClick={() => onMore(next)}>
            Show more
          </button>
        </li>
      )}
    </>
  );
}

function Events({ events, timezone, onlyParts }: ListProps & { readonly events: readonly ExplainedEvent[] }) {
  const shown = onlyParts ? events.filter(({ outcome, plays }) => outcome === 'applied' && plays.length > 0) : events;
  return (
    <>
      {shown.map((event) => (
        <TimelineEvent key={`${event.partition}.${event.epoch}.${event.offset}`} event={event} timezone={timezone} />
      ))}
    </>
  );
}

function TimelineEvent({ event, timezone }: { readonly event: ExplainedEvent; readonly timezone: string }) {
  const [isOpen, setOpen] = useState(false);
  const { at, name, outcome, plays, words, partition, offset, messageId, reason } = event;
  const isPart = outcome === 'applied' && plays.length > 0;
  return (
    <li class={isPart ? 'timeline-event is-part' : 'timeline-event'}>
      <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
        <summary>
          <time dateTime={at} data-tip={at}>
            {instantText(at, timezone)}
          </time>
          <span class="timeline-name">
            <Outside text={name} none="unreadable" />
          </span>
          <span class="timeline-plays">
            {plays.map((part) => (
              <span key={part} class="part">
                {visible(part)}
              </span>
            ))}
            {outcome !== 'applied' && <OutcomeWord outcome={outcome} />}
            {outcome !== 'applied' && <span>{words}</span>}
            {outcome === 'applied' && plays.length === 0 && <span class="dim">plays no part here</span>}
          </span>
        </summary>
        {isOpen && (
          <div class="timeline-facts">
            <p class="dim">
              {words}
              {reason !== '' && ` (${reason})`}; partition {partition}, offset {offset}, messageId <Outside text={messageId} />
            </p>
            <EventValue {...event} />
          </div>
        )}
      </details>
    </li>
  );
}
