/** What one actor adds to a figure, in words, and the events of theirs that it comes from. */
import type { Explanation, Metric } from '@tidemark/query/client';
import { useState } from 'preact/hooks';
import { askAgain, type Shown, useAnswer } from '../../data/figure.ts';
import { Outside } from '../../parts/event-record.tsx';
import { Empty, Refused, Skeleton } from '../../parts/states.tsx';
import { choice, text } from '../../route/codec.ts';
import { definePage, type PageProps } from '../../route/page.tsx';
import { addressOf, go } from '../../route/router.ts';
import { exact } from '../../show/numbers.ts';
import { visible } from '../../show/visible.ts';
import { Contributions } from './contributions.tsx';
import { Timeline } from './timeline.tsx';
import './explain.css';

const controls = { actor: text(), kind: choice('', 'user', 'anonymous'), slice: text() } as const;

export const explainPage = definePage({ title: () => 'Explain a figure', controls, View: ExplainPage });

/** History changes slowly, and each question is work: asked again by hand, or when the tab has long been open. */
const ASKED_EVERY_MS = 600_000;

function ExplainPage({ metrics, subject, state, set }: PageProps<typeof controls>) {
  const metric = metrics.find(({ id }) => id === subject) ?? null;
  const slice = metric?.slices.some(({ name }) => name === state.slice) === true ? state.slice : '';
  return (
    <article class="figure-page explain">
      <header>
        <h1>{metric === null ? 'Explain a figure' : `What one person adds to “${metric.title}”`}</h1>
        <p class="definition">
          {metric === null
            ? 'Choose a figure and name a person: every number is made of people, and each can be taken apart.'
            : (metric.description ?? metric.definition)}
        </p>
        {metric !== null && metric.description !== null && <p class="definition exact">{metric.definition}</p>}
      </header>
      <div class="controls">
        <label>
          <span class="hidden">Figure</span>
          <select
            class="explain-figure"
            value={metric?.id ?? ''}
            onChange={({ currentTarget }) =>
              go(addressOf('explain', currentTarget.value, { query: state.actor === '' ? {} : { actor: state.actor } }))
            }
          >
            {metric === null && <option value="">Choose a figure</option>}
            {metrics.map(({ id, title }) => (
              <option key={id} value={id}>
                {visible(title)}
              </option>
            ))}
          </select>
        </label>
        <ActorForm key={state.actor} actor={state.actor} onActor={(actor) => set({ actor })} />
        <label>
          <span class="hidden">Kind of id</span>
          <select
            value={state.kind}
            onChange={({ currentTarget: { value } }) => set({ kind: value === 'user' || value === 'anonymous' ? value : '' })}
          >
            <option value="">userId, else anonymousId</option>
            <option value="user">userId</option>
            <option value="anonymous">anonymousId</option>
          </select>
        </label>
        {metric !== null && metric.slices.length > 0 && (
          <label>
            <span class="hidden">Contributions by</span>
            <select value={slice} onChange={({ currentTarget }) => set({ slice: currentTarget.value })}>
              <option value="">to the total</option>
              {metric.slices.map(({ name }) => (
                <option key={name} value={name}>
                  by {name.replaceAll(',', ' and ')}
                </option>
              ))}
            </select>
          </label>
        )}
      </div>
      {metric === null && subject !== '' && <Empty title={`No figure is called “${visible(subject)}”`}>Choose another above.</Empty>}
      {metric !== null && state.actor === '' && <NoActor metric={metric} />}
      {metric !== null && state.actor !== '' && <Explained metric={metric} actor={state.actor} kind={state.kind} slice={slice} />}
    </article>
  );
}

function ActorForm({ actor, onActor }: { readonly actor: string; readonly onActor: (actor: string) => void }) {
  const [typed, setTyped] = useState(actor);
  return (
    <form
      class="explain-form"
      onSubmit={(event) => {
        event.preventDefault();
        onActor(typed);
      }}
    >
      <label>
        <span class="hidden">Actor id</span>
        <input
          type="search"
          placeholder="userId or anonymousId"
          maxLength={512}
          value={typed}
          onInput={({ currentTarget }) => setTyped(currentTarget.value)}
        />
      </label>
      <button type="submit" class="primary">
        Explain
      </button>
    </form>
  );
}

function NoActor({ metric }: { readonly metric: Metric }) {
  return (
    <Empty title="Whose part?" command={`curl -s ${location.origin}/v1/explain/${encodeURIComponent(metric.id)}/ACTOR`}>
      Type the id that producers send as userId or anonymousId. <a href={addressOf('inspector')}>The newest events</a> name some; a program asks:
    </Empty>
  );
}

function Explained({
  metric,
  actor,
  kind,
  slice,
}: {
  readonly metric: Metric;
  readonly actor: string;
  readonly kind: string;
  readonly slice: string;
}) {
  const search = new URLSearchParams();
  if (kind !== '') search.set('kind', kind);
  if (slice !== '') search.set('slice', slice);
  const query = search.toString();
  const path = `/v1/explain/${encodeURIComponent(metric.id)}/${encodeURIComponent(actor)}`;
  const shown = useAnswer<Explanation>({ path: query === '' ? path : `${path}?${query}`, every: ASKED_EVERY_MS }).value;
  const { body, refusal } = shown;
  if (body === null) return refusal === null ? <Skeleton chart={false} /> : <NotExplained refusal={refusal} />;
  if (body.events.length === 0)
    return (
      <Empty title="Nothing of this actor is in the archive">
        No record names <Outside text={body.actor} /> as {body.kind === 'user' ? 'userId' : 'anonymousId'}
        {body.archive.position === null
          ? ', and its partition is not archived yet'
          : `, up to offset ${body.archive.position} of partition ${body.archive.partition}`}
        . Ids are compared letter by letter, large and small.
      </Empty>
    );
  return (
    <>
      <Summary body={body} shown={shown} />
      <Contributions body={body} />
      <Timeline body={body} path={path} search={query} />
      <p class="dim small">
        Explained from the archive: partition {body.archive.partition}
        {body.archive.position === null ? '' : `, up to offset ${body.archive.position}`}. Newer events follow within seconds.{' '}
        <button type="button" class="quiet" onClick={askAgain}>
          ask again
        </button>
      </p>
    </>
  );
}

function Summary({ body, shown }: { readonly body: Explanation; readonly shown: Shown<Explanation> }) {
  const { actor, kind, events, next, contributions } = body;
  const counted = events.filter(({ outcome, plays }) => outcome === 'applied' && plays.length > 0).length;
  const more = next === null ? '' : 'at least ';
  return (
    <div class="headline">
      <p class="explain-summary">
        <b>
          <Outside text={actor} />
        </b>
        <span>
          {kind === 'user' ? 'userId' : 'anonymousId'}, {more}
          {exact(events.length)} {events.length === 1 ? 'event' : 'events'} in the archive, {more}
          {exact(counted)} of them {counted === 1 ? 'plays' : 'play'} a part in this figure
          {contributions === null
            ? ''
            : `, ${contributions.length === 0 ? 'adding nothing now' : `in ${exact(contributions.length)} ${contributions.length === 1 ? 'place' : 'places'}`}`}
          .
        </span>
      </p>
      {shown.refusal !== null && (
        <p class="banner" role="status">
          This may be old: {shown.refusal.detail}
        </p>
      )}
    </div>
  );
}

/** Not for everybody, switched off, or simply wrong. */
function NotExplained({ refusal }: { readonly refusal: NonNullable<Shown<Explanation>['refusal']> }) {
  const { code, detail, requestId } = refusal;
  if (code !== 'forbidden' && code !== 'unknown_path') return <Refused refusal={refusal} />;
  return (
    <section class="state" role="alert">
      <h2>{code === 'forbidden' ? 'Single people are not for everybody' : 'Explaining is switched off here'}</h2>
      <p>{detail}</p>
      <p class="dim">
        {code === 'forbidden'
          ? 'Whose events these are is personal data: a key needs the scope inspect for it. Figures need no such key.'
          : 'This service answers figures only. Whoever runs it can switch explaining on.'}
        {requestId !== null && ` Request ${requestId}.`}
      </p>
    </section>
  );
}
