/** The newest events. */
import { Empty } from '../../parts/states.tsx';
import { definePage, type PageProps } from '../../route/page.tsx';

const controls = {} as const;

export const inspectorPage = definePage({ title: () => 'The newest events', controls, View: InspectorPage });

function InspectorPage({ about }: PageProps<typeof controls>) {
  return (
    <article class="figure-page">
      <h1>The newest events</h1>
      <Empty title="Not drawn yet">The figures of {about.name} are at /v1/sets.</Empty>
    </article>
  );
}
