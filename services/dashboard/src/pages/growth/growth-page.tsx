/** Growth against decay. */
import { Empty } from '../../parts/states.tsx';
import { definePage, type PageProps } from '../../route/page.tsx';

const controls = {} as const;

export const growthPage = definePage({ title: () => 'Growth against decay', controls, View: GrowthPage });

function GrowthPage({ about }: PageProps<typeof controls>) {
  return (
    <article class="figure-page">
      <h1>Growth against decay</h1>
      <Empty title="Not drawn yet">The figures of {about.name} are at /v1/sets.</Empty>
    </article>
  );
}
