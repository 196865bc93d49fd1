/** Every lineage of every set: which one is served, how far the others are, and who decided so. */
import { isoInstant } from '@tidemark/core';
import { type LineageHeads, type PlannedLineage, splitVersion } from '@tidemark/pipeline';
import type { Asking } from './asking.ts';

/** What it returns never throws for a store that is away: positions are null then. Retired lineages, of which there may be many, are asked about once. */
export function createLineagesFacts({ serving, answerer }: Asking) {
  const resting = new Map<string, Positions>();
  const positionsOf = async ({ lineage, standing }: PlannedLineage): Promise<Positions | null> => {
    const known = standing === 'retired' ? resting.get(lineage) : undefined;
    if (known !== undefined) return known;
    const heads = await answerer.watch.fresh(lineage);
    const positions = positionsIn(heads);
    if (positions !== null && heads.redis !== null && heads.clickhouse !== null) resting.set(lineage, positions);
    return positions;
  };
  return async () => {
    const sets = await Promise.all(
      serving.plan.map(async ({ name, lineages }) => {
        const known = await Promise.all(lineages.map(async (planned) => ({ planned, positions: await positionsOf(planned) })));
        const served = known.find(({ planned }) => serving.standing(name, planned) === 'serving')?.positions ?? null;
        return { set: name, lineages: known.map(({ planned, positions }) => lineageFacts(planned, { name, positions, served }, serving)) };
      }),
    );
    return { sets };
  };
}

/** By partition where the longer head stands; null where nothing is published. */
type Positions = readonly ({ readonly next: number; readonly halted: string | null } | null)[];

function lineageFacts(
  planned: PlannedLineage,
  { name, positions, served }: { name: string; positions: Positions | null; served: Positions | null },
  serving: Asking['serving'],
) {
  const { lineage, revision, set, sinceMs, by } = planned;
  const state = serving.standing(name, planned);
  const { share, etaSeconds } = state === 'catching_up' ? serving.progress(lineage) : { share: null, etaSeconds: null };
  return {
    lineage,
    revision,
    state,
    since: sinceMs === null ? null : isoInstant(sinceMs),
    by,
    metrics: set === null ? null : Object.fromEntries(set.metrics.map((metric) => [metric.id, metric.revision])),
    positions: positions === null ? null : Object.fromEntries(positions.map((at, partition) => [String(partition), String(at?.next ?? 0)])),
    lag: lagOf(positions, served),
    progress: share,
    eta: etaSeconds,
    halted: (positions ?? []).flatMap((at, partition) => (at === null || at.halted === null ? [] : [{ partition, reason: at.halted }])),
  };
}

/** Records that the served one has beyond it; null while either is unknown. */
function lagOf(positions: Positions | null, served: Positions | null): number | null {
  if (positions === null || served === null) return null;
  return served.reduce<number>((sum, at, index) => sum + Math.max(0, (at?.next ?? 0) - (positions[index]?.next ?? 0)), 0);
}

/** Null while no store can say. */
function positionsIn({ redis, clickhouse }: LineageHeads): Positions | null {
  if (redis === null && clickhouse === null) return null;
  const count = Math.max(redis?.length ?? 0, clickhouse?.length ?? 0);
  return Array.from({ length: count }, (_, index) => {
    const published = [redis?.[index], clickhouse?.[index]].flatMap((head) => (head === undefined || head.note === null ? [] : [head]));
    const [longer] = published.sort((left, right) => (left.closed < right.closed ? 1 : left.closed > right.closed ? -1 : 0));
    return longer === undefined ? null : { next: splitVersion(longer.closed).next, halted: longer.note?.halted ?? null };
  });
}
