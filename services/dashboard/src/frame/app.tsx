/** The frame: rail, top bar, and the page that the address names. */
import type { ComponentChildren } from 'preact';
import { useEffect, useErrorBoundary } from 'preact/hooks';
import { type Catalogue, type SetFacts, useCatalogue } from '../data/catalogue.ts';
import { keyIsAsked } from '../data/service.ts';
import { FIGURE_PAGES, PAGES } from '../pages/registry.ts';
import { Empty, OfflineBanner, Refused, Skeleton } from '../parts/states.tsx';
import { Tooltip } from '../parts/tooltip.tsx';
import { followLink, place } from '../route/router.ts';
import { KeyDialog } from './key-dialog.tsx';
import { KeyboardSheet } from './keyboard-sheet.tsx';
import { Rail } from './rail.tsx';
import { TopBar } from './top-bar.tsx';

interface Found {
  readonly title: string;
  readonly about: SetFacts | null;
  readonly metric: Catalogue['metrics'][number] | null;
  readonly view: ComponentChildren;
}

export function App() {
  const { catalogue, refusal } = useCatalogue();
  useEffect(() => {
    document.addEventListener('click', followLink);
    return () => document.removeEventListener('click', followLink);
  }, []);
  const found: Found =
    catalogue !== null
      ? pageAt(catalogue)
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
        <main id="page" tabIndex={-1}>
          <Guarded key={`${place.value.room}/${place.value.subject}`}>{view}</Guarded>
        </main>
      </div>
      {keyIsAsked.value && <KeyDialog />}
      <KeyboardSheet />
      <Tooltip />
    </>
  );
}

/** `/` is the board of the first set. */
function pageAt(catalogue: Catalogue): Found {
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
    const metric = metrics.find(({ id }) => id === subject);
    const about = sets.find(({ name }) => name === metric?.set) ?? first;
    if (metric !== undefined)
      return { title: metric.title, about, metric, view: FIGURE_PAGES[metric.kind].render({ about, metrics, subject, metric }) };
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
