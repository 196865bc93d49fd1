/** What is served at one moment: sets, metrics, and every other revision that can be asked for. Never changed; replaced whole. */
import type { MetricDefinition, MetricSet } from '@tidemark/core';

/** A set and the lineage that its figures are kept under. */
export interface ServedSet {
  readonly set: MetricSet;
  readonly lineage: string;
  /** Where the lineage's past comes from; default: the log. */
  readonly origin?: string | undefined;
}
export interface ServedMetric extends ServedSet {
  readonly metric: MetricDefinition;
}

export interface Catalogue {
  /** In the order in which they were first known. */
  readonly sets: readonly ServedSet[];
  /** In the order of the sets and of their files. */
  readonly metrics: readonly ServedMetric[];
  set(name: string): ServedSet | undefined;
  metric(id: string): ServedMetric | undefined;
  /** The metric under each revision that it ever had, the served one first, then the latest: each with a lineage that has its rows. */
  revisions(id: string): readonly ServedMetric[];
}

/** `others`: lineages that are not served, with their definitions; where several have one revision of a metric, the last one answers. Throws a RangeError when two served sets have a metric of one id: an id would have two answers. */
export function createCatalogue(sets: readonly ServedSet[], others: readonly ServedSet[] = []): Catalogue {
  const byName = new Map(sets.map((served) => [served.set.name, served]));
  const byId = metricsById(sets);
  const older = [...others].reverse().flatMap(metricsOf);
  return {
    sets,
    metrics: [...byId.values()],
    set: (name) => byName.get(name),
    metric: (id) => byId.get(id),
    revisions: (id) => {
      const byRevision = new Map<string, ServedMetric>();
      for (const served of [byId.get(id) ?? [], older.filter(({ metric }) => metric.id === id)].flat())
        if (!byRevision.has(served.metric.revision)) byRevision.set(served.metric.revision, served);
      return [...byRevision.values()];
    },
  };
}

function metricsOf({ set, lineage, origin }: ServedSet): readonly ServedMetric[] {
  return set.metrics.map((metric) => ({ metric, set, lineage, origin }));
}

function metricsById(sets: readonly ServedSet[]): ReadonlyMap<string, ServedMetric> {
  const byId = new Map<string, ServedMetric>();
  for (const served of sets.flatMap(metricsOf)) {
    const { metric, set } = served;
    const other = byId.get(metric.id);
    if (other !== undefined)
      throw new RangeError(`metric ${metric.id} is in two sets, ${other.set.name} and ${set.name}: give one of them another id`);
    byId.set(metric.id, served);
  }
  return byId;
}
