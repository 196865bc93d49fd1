/** One record as a line, and opened: all that is known of it, and where it counts. */
import type { InspectedEvent, Metric } from '@tidemark/query/client';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { flash } from '../../parts/changed.tsx';
import { EventValue, OutcomeWord, Outside } from '../../parts/event-record.tsx';
import { addressOf, go } from '../../route/router.ts';
import { exact } from '../../show/numbers.ts';
import { clockText, instantText } from '../../show/times.ts';
import { visible } from '../../show/visible.ts';

interface EventRowProps {
  readonly event: InspectedEvent;
  readonly isOpen: boolean;
  /** It came while the page was looked at. */
  readonly isNew: boolean;
  readonly metrics: readonly Metric[];
  readonly onOpen: () => void;
  readonly onActor: (actor: string) => void;
}

export function EventRow({ event, isOpen, isNew, metrics, onOpen, onActor }: EventRowProps) {
  const { outcome, words, name, actor, key, recordedAt, partition, offset, skipped } = event;
  const row = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => {
    if (isNew) flash(row.current);
  }, []);
  return (
    <li class={isOpen ? 'event is-open' : 'event'}>
      <button type="button" class="event-line" ref={row} aria-expanded={isOpen} onClick={onOpen}>
        <time dateTime={recordedAt}>{clockText(Date.parse(recordedAt))}</time>
        <OutcomeWord outcome={outcome} />
        <span class="event-name">
          <Outside text={name} none="unreadable" />
        </span>
        <span class="event-actor">
          <Outside text={actor ?? key} none="nobody" />
        </span>
        <span class={outcome === 'applied' ? 'event-words dim' : 'event-words'}>{words}</span>
        <span class="event-place dim">
          {partition}:{offset}
        </span>
      </button>
      {isOpen && <Facts event={event} metrics={metrics} onActor={onActor} />}
      {skipped > 0 && (
        <p class="event-skipped">
          {exact(skipped)} {skipped === 1 ? 'record' : 'records'} of partition {partition} before this one {skipped === 1 ? 'is' : 'are'} not shown:
          of a flood only a sample is.
        </p>
      )}
    </li>
  );
}

function Facts({ event, metrics, onActor }: Pick<EventRowProps, 'event' | 'metrics' | 'onActor'>) {
  const { actor, kind, key, at, recordedAt, messageId, partition, epoch, offset, outcome, reason, words } = event;
  return (
    <div class="event-facts">
      <dl class="facts">
        <dt>What became of it</dt>
        <dd>
          {outcome}: {words}
          {reason !== '' && (
            <>
              {' '}
              (<code>{reason}</code>)
            </>
          )}
        </dd>
        <dt>Actor</dt>
        <dd>
          <Outside text={actor} />
          {kind !== null && ` (${kind})`}
          {actor !== null && (
            <button type="button" class="quiet" onClick={() => onActor(actor)}>
              only this actor
            </button>
          )}
        </dd>
        {key !== actor && (
          <>
            <dt>Key</dt>
            <dd>
              <Outside text={key} />
            </dd>
          </>
        )}
        <dt>Its own time</dt>
        <dd data-tip={at ?? undefined}>{at === null ? '–' : `${instantText(at, 'UTC')} UTC`}</dd>
        <dt>Written to the log</dt>
        <dd data-tip={recordedAt}>
          {instantText(recordedAt, 'UTC')} UTC, partition {partition}, offset {offset}
          {epoch > 0 && `, epoch ${epoch}`}
        </dd>
        <dt>messageId</dt>
        <dd>
          <Outside text={messageId} />
        </dd>
      </dl>
      <EventValue {...event} />
      {actor !== null && (
        <label class="event-explain">
          What this actor adds to{' '}
          <select
            onChange={({ currentTarget }) => {
              if (currentTarget.value !== '') go(explainAddress(currentTarget.value, actor, kind));
            }}
          >
            <option value="">choose a figure</option>
            {metrics.map(({ id, title }) => (
              <option key={id} value={id}>
                {visible(title)}
              </option>
            ))}
          </select>
        </label>
      )}
    </div>
  );
}

function explainAddress(metric: string, actor: string, kind: InspectedEvent['kind']): string {
  return addressOf('explain', metric, { query: { actor, ...(kind === 'anonymous' ? { kind } : {}) } });
}
