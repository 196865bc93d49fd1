/** The page of a kpi metric. */
import type { KpiAnswer } from '@tidemark/query/client';
import { figurePath } from '../../data/catalogue.ts';
import { useAnswer } from '../../data/figure.ts';
import { FigurePage } from '../../parts/figure-page.tsx';
import { GenericTable } from '../../parts/generic-table.tsx';
import { defineFigurePage, type FigurePageProps } from '../../route/page.tsx';

const controls = {} as const;

export const kpiPage = defineFigurePage({ controls, View: KpiPage });

function KpiPage({ metric, about }: FigurePageProps<typeof controls>) {
  const path = figurePath(metric, about);
  const shown = useAnswer<KpiAnswer>({ path }).value;
  return <FigurePage metric={metric} path={path} shown={shown} chart={() => null} table={(body) => <GenericTable body={body} />} />;
}
