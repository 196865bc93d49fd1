/** Where a figure comes from. */
import { Empty } from '../../parts/states.tsx';
import { definePage, type PageProps } from '../../route/page.tsx';

const controls = {} as const;

export const explainPage = definePage({ title: () => 'Where a figure comes from', controls, View: ExplainPage });

function ExplainPage({ about }: PageProps<typeof controls>) {
  return (
    <article class="figure-page">
      <h1>Where a figure comes from</h1>
      <Empty title="Not drawn yet">The figures of {about.name} are at /v1/sets.</Empty>
    </article>
  );
}
