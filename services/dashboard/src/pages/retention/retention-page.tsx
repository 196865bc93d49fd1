/** The page of a retention metric. */
import type { RetentionAnswer } from '@tidemark/query/client';
import { figurePath } from '../../data/catalogue.ts';
import { useAnswer } from '../../data/figure.ts';
import { FigurePage } from '../../parts/figure-page.tsx';
import { GenericTable } from '../../parts/generic-table.tsx';
import { defineFigurePage, type FigurePageProps } from '../../route/page.tsx';

const controls = {} as const;

export const retentionPage = defineFigurePage({ controls, View: RetentionPage });

function RetentionPage({ metric, about }: FigurePageProps<typeof controls>) {
  const path = figurePath(metric, about);
  const shown = useAnswer<RetentionAnswer>({ path }).value;
  return <FigurePage metric={metric} path={path} shown={shown} chart={() => null} table={(body) => <GenericTable body={body} />} />;
}
