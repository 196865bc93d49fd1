/** The lineages of a set: which one is served, which catches up, and what a metric was before. */
import type { Lineage, Lineages, Metric } from '@tidemark/query/client';
import { useAnswer } from './figure.ts';

const ASKED_EVERY_MS = 5_000;

/** Of the set, oldest first; empty until they have come. */
export function useLineages(set: string): readonly Lineage[] {
  const { body } = useAnswer<Lineages>({ path: '/v1/lineages', every: ASKED_EVERY_MS }).value;
  return body?.sets.find((each) => each.set === set)?.lineages ?? [];
}

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
