/** The frame: rail, top bar, and the page that the address names. */
import type { Metric } from '@tidemark/query/client';
import type { ComponentChildren } from 'preact';
import { useEffect, useErrorBoundary } from 'preact/hooks';
import { askedRevision, type Catalogue, type SetFacts, useCatalogue, useMetricAt } from '../data/catalogue.ts';
import type { Shown } from '../data/figure.ts';
import { keyIsAsked } from '../data/service.ts';
import { FIGURE_PAGES, PAGES } from '../pages/registry.ts';
import { Empty, OfflineBanner, Refused, Skeleton } from '../parts/states.tsx';
import { Tooltip } from '../parts/tooltip.tsx';
import { followLink, place } from '../route/router.ts';
import { KeyDialog } from './key-dialog.tsx';
import { KeyboardSheet } from './keyboard-sheet.tsx';
import { LineageNotices } from './lineage-notices.tsx';
import { Rail } from './rail.tsx';
import { TopBar } from './top-bar.tsx';

interface Found {
  readonly title: string;
  readonly about: SetFacts | null;
  readonly metric: Metric | null;
  readonly view: ComponentChildren;
}

export function App() {
  const { catalogue, refusal } = useCatalogue();
  const { room, subject } = place.value;
  const revision = askedRevision();
  const asked = useMetricAt(subject, revision);
  useEffect(() => {
    document.addEventListener('click', followLink);
    return () => document.removeEventListener('click', followLink);
  }, []);
  const found: Found =
    catalogue !== null
      ? pageAt(catalogue, asked)
      : { title: 'Tidemark', about: null, metric: null, view: refusal === null ? <Skeleton /> : <Refused refusal={refusal} /> };
  const { title, about, metric, view } = found;
  useEffect(() => {
    document.title = title === 'Tidemark' ? title : `${title} · Tidemark`;
  }, [title]);
  return (
    <>
      <a class="skip" href="#page">
        Skip to the figures
      </a>
      <Rail catalogue={catalogue} about={about} />
      <div class="main">
        <TopBar about={about} metric={metric} />
        <OfflineBanner />
        {about !== null && catalogue !== null && <LineageNotices {...{ about, metric, revision, subject, catalogue }} />}
        <main id="page" tabIndex={-1}>
          <Guarded key={`${room}/${subject}/${revision}`}>{view}</Guarded>
        </main>
      </div>
      {keyIsAsked.value && <KeyDialog />}
      <KeyboardSheet />
      <Tooltip />
    </>
  );
}

/** `/` is the board of the first set. `asked`: the metric by another definition. */
function pageAt(catalogue: Catalogue, asked: Shown<Metric> | null): Found {
  const { room, subject } = place.value;
  const { sets, metrics } = catalogue;
  const [first] = sets;
  const none = { about: first ?? null, metric: null };
  if (first === undefined)
    return {
      ...none,
      title: 'Tidemark',
      view: <Empty title="No metric sets">The service was started without definitions: set TIDEMARK_METRICS.</Empty>,
    };
  if (room === 'figure') {
    const served = metrics.find(({ id }) => id === subject);
    const metric = asked === null ? served : (asked.body ?? undefined);
    const about = sets.find(({ name }) => name === metric?.set) ?? first;
    if (metric !== undefined)
      return { title: metric.title, about, metric, view: FIGURE_PAGES[metric.kind].render({ about, metrics, subject, metric }) };
    if (asked !== null) {
      const view = asked.refusal === null ? <Skeleton /> : <Refused refusal={asked.refusal} />;
      return { title: served?.title ?? subject, about: sets.find(({ name }) => name === served?.set) ?? first, metric: null, view };
    }
    return { ...none, title: 'Unknown figure', view: <Empty title={`No figure is called “${subject}”`}>The catalogue lists what there is.</Empty> };
  }
  const page = PAGES.get(room === '' ? 'board' : room);
  const about = sets.find(({ name }) => name === subject) ?? sets.find((set) => set.metrics.some((id) => subject.startsWith(id))) ?? first;
  if (page === undefined || (room === 'board' && subject !== '' && about.name !== subject))
    return { ...none, title: 'Nothing here', view: <Empty title="Nothing is at this address">The catalogue lists what there is.</Empty> };
  const facts = { about, metrics, subject };
  return { title: page.title(facts), about, metric: null, view: page.render(facts) };
}

/** A page that breaks leaves the frame whole. */
function Guarded({ children }: { readonly children: ComponentChildren }) {
  const [error, again] = useErrorBoundary();
  if (error === undefined || error === null) return <>{children}</>;
  return (
    <section class="state" role="alert">
      <h2>This page has failed</h2>
      <p>{error instanceof Error ? error.message : String(error)}</p>
      <p class="dim">It is a fault of the page, not of the figures; the API answers all the same.</p>
      <button type="button" onClick={again}>
        Try again
      </button>
    </section>
  );
}
