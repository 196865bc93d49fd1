/** All pages: a page is one folder here and one line below. */
import type { Metric } from '@tidemark/query/client';
import type { FigurePageKind, Page } from '../route/page.tsx';
import { activationPage } from './activation/activation-page.tsx';
import { activityPage } from './activity/activity-page.tsx';
import { boardPage } from './board/board-page.tsx';
import { explainPage } from './explain/explain-page.tsx';
import { funnelPage } from './funnel/funnel-page.tsx';
import { growthPage } from './growth/growth-page.tsx';
import { inspectorPage } from './inspector/inspector-page.tsx';
import { kpiPage } from './kpi/kpi-page.tsx';
import { retentionPage } from './retention/retention-page.tsx';

/** By the first part of the path: `/board/auto-cabinet`. */
export const PAGES: ReadonlyMap<string, Page> = new Map([
  ['board', boardPage],
  ['growth', growthPage],
  ['inspector', inspectorPage],
  ['explain', explainPage],
]);

/** By the kind of the metric, all at `/figure/{id}`. */
export const FIGURE_PAGES: Readonly<Record<Metric['kind'], FigurePageKind>> = {
  retention: retentionPage,
  funnel: funnelPage,
  activation: activationPage,
  activity: activityPage,
  kpi: kpiPage,
};
