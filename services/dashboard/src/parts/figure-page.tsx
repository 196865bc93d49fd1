/** The order of every figure page: title, the definition in a sentence, the chart, the table of the same figures, what moves it, owner, revision, API call, CSV. */
import type { AsOf, Metric, Notes, Target } from '@tidemark/query/client';
import type { ComponentChildren, VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { askAgain, type Shown } from '../data/figure.ts';
import { shownAsOf } from '../data/freshness.ts';
import { downloadCsv, hasKey } from '../data/service.ts';
import { addressOf } from '../route/router.ts';
import { bucketLabel } from '../show/buckets.ts';
import { exact } from '../show/numbers.ts';
import { Empty, Refused, Skeleton } from './states.tsx';

/** What every answer carries. */
export interface AnyAnswer {
  readonly metric: string;
  readonly revision: string;
  readonly lineage: string;
  readonly unit: 'hour' | 'day' | 'week' | 'month';
  readonly timezone: string;
  readonly from: string;
  readonly to: string;
  readonly asOf: AsOf;
  readonly notes: Notes;
  readonly target: Target | null;
  readonly owner: string | null;
  readonly ownerSince: string | null;
}

export interface FigurePageLayout<Body extends AnyAnswer> {
  readonly metric: Metric;
  /** What was asked: `figurePath(…)`. */
  readonly path: string;
  readonly shown: Shown<Body>;
  /** One sentence of plain words with the figure in it, above the chart; the big number of the page. */
  readonly headline?: (body: Body) => ComponentChildren;
  /** Switches of the page. They stay while figures load. */
  readonly controls?: ComponentChildren;
  readonly chart: (body: Body) => ComponentChildren;
  readonly table: (body: Body) => ComponentChildren;
  /** Below the notes of the page: more lines of what moves the figure. */
  readonly movers?: (body: Body) => ComponentChildren;
  /** Nothing was counted: the page says what to send. */
  readonly isEmpty?: (body: Body) => boolean;
}

export function FigurePage<Body extends AnyAnswer>(props: FigurePageLayout<Body>): VNode {
  const { metric, path, shown, headline, controls, chart, table, isEmpty } = props;
  const { body, refusal } = shown;
  useEffect(() => {
    shownAsOf.value = body === null ? null : { asOf: body.asOf, metric: metric.id, from: body.from, to: body.to };
    return () => {
      shownAsOf.value = null;
    };
  }, [body]);
  const isOther = body !== null && body.revision !== metric.revision;
  // Another definition is served since the words above were asked for.
  useEffect(() => {
    if (isOther) askAgain();
  }, [isOther]);
  const words = metric.description ?? metric.definition;
  const nothing = body !== null && (body.asOf.watermark === null || isEmpty?.(body) === true);
  return (
    <article class="figure-page">
      <header>
        <h1>{metric.title}</h1>
        <p class="definition">{words}</p>
        {metric.description !== null && <p class="definition exact">{metric.definition}</p>}
      </header>
      {controls !== undefined && <div class="controls">{controls}</div>}
      {refusal !== null && body === null && <Refused refusal={refusal} />}
      {refusal !== null && refusal.code !== null && body !== null && (
        <p class="banner" role="status">
          These figures may be old: {refusal.detail}
        </p>
      )}
      {body === null && refusal === null && <Skeleton />}
      {body !== null && nothing && <Empty command={sampleCommand(metric)}>{emptyWords(body)}</Empty>}
      {body !== null && !nothing && (
        <>
          {headline !== undefined && <div class="headline">{headline(body)}</div>}
          <section aria-label="Chart">{chart(body)}</section>
          <section aria-label="Table">{table(body)}</section>
        </>
      )}
      {body !== null && <About {...props} body={body} path={path} />}
    </article>
  );
}

function emptyWords({ from, to, unit }: AnyAnswer): string {
  return `No event from ${bucketLabel(from, unit, { long: true })} to ${bucketLabel(to, unit, { long: true })} is counted by the definition above. Choose another range, or send an event that it names: it is counted within a second. What the service has of it:`;
}

function sampleCommand({ id }: Metric): string {
  return `curl -s ${location.origin}/v1/metrics/${encodeURIComponent(id)}${hasKey() ? " -H 'Authorization: Bearer KEY'" : ''}`;
}

function About<Body extends AnyAnswer>({ metric, path, movers, body }: FigurePageLayout<Body> & { readonly body: Body }) {
  return (
    <footer class="about">
      <section aria-label="What moves this">
        <h2>What moves this</h2>
        <ul>
          {noteLines(body.notes).map((line) => (
            <li key={line}>{line}</li>
          ))}
          {body.asOf.halted.map(({ partition, reason }) => (
            <li key={partition}>
              <b>Partition {partition} is halted</b>: {reason}. What came after it there is missing.
            </li>
          ))}
        </ul>
        {movers?.(body)}
      </section>
      <dl class="facts">
        <dt>Range</dt>
        <dd>
          {bucketLabel(body.from, body.unit, { long: true })} to {bucketLabel(body.to, body.unit, { long: true })}, {body.timezone}
        </dd>
        {body.target !== null && (
          <>
            <dt>Target</dt>
            <dd>
              {body.target.of === '' ? '' : `${body.target.of} `}
              {body.target.direction === 'up' ? 'at least' : 'at most'} {exact(body.target.value)}
              {body.target.per === undefined ? '' : ` per ${body.target.per}`}
              {body.target.since === undefined ? '' : `, since ${body.target.since}`}
            </dd>
          </>
        )}
        <dt>Owner</dt>
        <dd>
          {body.owner ?? 'nobody yet'}
          {body.ownerSince === null ? '' : `, since ${body.ownerSince}`}
        </dd>
        <dt>People</dt>
        <dd>
          <a href={addressOf('explain', metric.id)}>what one person adds</a>
        </dd>
        <dt>Revision</dt>
        <dd data-tip={`${body.revision}\nlineage ${body.lineage}`}>
          <code>{body.revision.slice(0, 12)}</code>
        </dd>
        <dt>API</dt>
        <dd class="links">
          <a href={path} target="_blank" rel="noreferrer">
            {path}
          </a>
          <Csv path={path} name={`${metric.id}.csv`} />
        </dd>
      </dl>
    </footer>
  );
}

function noteLines({ late, capped, overflow, unreadable }: Notes): readonly string[] {
  const lines = [
    late > 0 ? `${exact(late)} events came too late to count` : '',
    capped > 0 ? `${exact(capped)} people have more events than are kept apart; their oldest are counted as one` : '',
    overflow ? 'more slice values came than are kept apart; the others are in “other”' : '',
    unreadable > 0 ? `${exact(unreadable)} events had no number where one is summed` : '',
  ].filter((line) => line !== '');
  return lines.length > 0 ? lines : ['Nothing: no late, capped or unreadable events.'];
}

function Csv({ path, name }: { readonly path: string; readonly name: string }) {
  const [failed, setFailed] = useState('');
  return (
    <>
      <button
        type="button"
        class="quiet"
        onClick={() =>
          void downloadCsv(path, name).then(
            () => setFailed(''),
            (error: Error) => setFailed(error.message),
          )
        }
      >
        CSV
      </button>
      <button type="button" class="quiet" onClick={() => print()}>
        print
      </button>
      {failed !== '' && <span role="alert">{failed}</span>}
    </>
  );
}
