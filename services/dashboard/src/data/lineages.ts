/** The lineages of a set: which one is served, which catches up, and what a metric was before. */
import type { Lineage, Metric } from '@tidemark/query/client';

export interface Change {
  /** The revision that the metric had before. */
  readonly before: string;
  /** When and by whom the present one came to be served. */
  readonly since: string | null;
  readonly by: string | null;
}

/** What the last switch of the set changed about the metric; null where it stayed as it was. */
export function changeOf({ id, revision }: Metric, lineages: readonly Lineage[]): Change | null {
  const serving = lineages.find(({ state }) => state === 'serving');
  const before = servedBefore(lineages)?.metrics?.[id];
  if (serving === undefined || before === undefined || before === revision) return null;
  return { before, since: serving.since, by: serving.by };
}

/** What is kept was served before; of retired ones the last. */
function servedBefore(lineages: readonly Lineage[]): Lineage | undefined {
  const latest = (state: Lineage['state']): Lineage | undefined =>
    lineages
      .filter((each) => each.state === state)
      .reduce<Lineage | undefined>((last, each) => (sinceOf(each) >= sinceOf(last) ? each : last), undefined);
  return latest('kept') ?? latest('retired');
}

function sinceOf(lineage: Lineage | undefined): string {
  return lineage?.since ?? '';
}
