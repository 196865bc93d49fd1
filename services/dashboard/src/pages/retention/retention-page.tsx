/** The page of a retention metric: the pooled curve, and below it the triangle of cohorts by age. */
import type { RetentionAnswer } from '@tidemark/query/client';
import { useEffect } from 'preact/hooks';
import { FigurePage } from '../../parts/figure-page.tsx';
import { agesOf, pooledOf, type Way } from '../../parts/triangle/cohort-table.ts';
import { choice, flag, optionalText, text } from '../../route/codec.ts';
import { defineFigurePage, type FigurePageProps } from '../../route/page.tsx';
import { CellPanel } from './cell-panel.tsx';
import { CohortTable } from './cohort-triangle.tsx';
import { type NamedGroup, useGroups } from './groups.ts';
import { Headline } from './headline.tsx';
import { PooledCurves, ValueTable } from './pooled-curves.tsx';
import { Switches } from './switches.tsx';
import './retention.css';

const controls = {
  show: choice('on', 'onOrAfter', 'brackets'),
  counts: flag(),
  /** Over what the colours stretch. */
  scale: choice('table', 'column'),
  /** The slice value whose triangle is shown; default the largest. */
  of: optionalText(),
  against: text(),
  /** Opened: `2026-11-01:7`. */
  cell: text(),
  /** The slice that the opened cell is split by. */
  by: text(),
} as const;

export type RetentionControls = typeof controls;
export const retentionPage = defineFigurePage({ controls, View: RetentionPage });

function RetentionPage(props: FigurePageProps<RetentionControls>) {
  const { metric, about, state, set } = props;
  const { path, shown, groups, slice } = useGroups(metric, about, state);
  const hasBrackets = shown.body?.cohorts[0]?.brackets !== undefined;
  const way: Way = state.show === 'brackets' && !hasBrackets && shown.body !== null ? 'on' : state.show;
  useEscape(state.cell !== '', () => set({ cell: '' }));
  const isComparing = groups !== null && groups.reference !== null;
  const viewOf = (body: RetentionAnswer) => {
    const { listed, chosen, reference } = groups ?? { listed: [], chosen: nobody, reference: null };
    return { body, metric, way, listed, chosen, reference, ages: agesOf(chosen, way), pooled: pooledOf(chosen, way), state, set };
  };
  return (
    <FigurePage
      metric={metric}
      path={path}
      shown={shown}
      isEmpty={({ cohorts }) => cohorts.every(({ size }) => size === 0)}
      controls={<Switches {...props} way={way} hasBrackets={hasBrackets} groups={groups} slice={slice} isComparing={isComparing} />}
      headline={(body) => <Headline {...viewOf(body)} changes={shown.changes} />}
      chart={(body) => <PooledCurves {...viewOf(body)} />}
      table={(body) => (
        <>
          <div class="cohorts">
            <CohortTable {...viewOf(body)} changes={shown.changes} />
            {state.cell !== '' && <CellPanel {...viewOf(body)} about={about} changes={shown.changes} />}
          </div>
          {groups !== null && groups.listed.length > 1 && <ValueTable {...viewOf(body)} />}
        </>
      )}
    />
  );
}

const nobody: NamedGroup = { key: null, name: '', cohorts: [], overall: [] };

function useEscape(wanted: boolean, close: () => void): void {
  useEffect(() => {
    if (!wanted) return;
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.key === 'Escape') close();
    };
    document.addEventListener('keydown', onKeyDown);
    return () => document.removeEventListener('keydown', onKeyDown);
  });
}
