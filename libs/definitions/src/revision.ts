/** What a metric means, as one value: everything that changes an integer and nothing that only changes how it is shown. */
import type { Clause, Dimension, MetricDefinition } from '@tidemark/core';
import { revisionOf } from './canonical.ts';
import { type DefinitionByKind, type KindName, kinds } from './kinds/registry.ts';
import { sortedUnique } from './selectors.ts';

/** Raised when the meaning of an unchanged definition changes. */
const MEANING_VERSION = 1;

/** The revision of a metric: 16 hex digits over its meaning. `filter` and `dimensions` are those of its file. */
export function metricRevision(metric: MetricDefinition, filter: readonly Clause[], dimensions: readonly Dimension[]): string {
  return revisionOf({
    version: MEANING_VERSION,
    kind: metric.kind,
    unit: metric.unit,
    timezone: metric.timezone,
    ...(metric.unit === 'week' ? { weekStart: metric.weekStart } : {}),
    filter,
    slices: sortedUnique(metric.slices.map((names) => sliceMeaning(names, dimensions))),
    ...kindMeaning(metric.kind, metric),
  });
}

/** The revision of a set: over its filter and each metric's id and revision, in the order of the ids. */
export function setRevision(filter: readonly Clause[], metrics: readonly Pick<MetricDefinition, 'id' | 'revision'>[]): string {
  const members = metrics.map(({ id, revision }) => [id, revision]).sort(([left = ''], [right = '']) => (left < right ? -1 : 1));
  return revisionOf({ version: MEANING_VERSION, filter, metrics: members });
}

function kindMeaning<Name extends KindName>(kind: Name, metric: DefinitionByKind[Name]): Readonly<Record<string, unknown>> {
  return kinds[kind].meaning(metric);
}

/** The order inside of a tuple is that of its values in answers. */
function sliceMeaning(names: readonly string[], dimensions: readonly Dimension[]): unknown {
  const [first, ...more] = names.map((name) => dimensionMeaning(name, dimensions));
  return more.length === 0 ? first : { tuple: [first, ...more] };
}

function dimensionMeaning(name: string, dimensions: readonly Dimension[]): unknown {
  const dimension = dimensions.find((known) => known.name === name);
  if (dimension === undefined) return { name };
  const { path, values, max, hold } = dimension;
  return { name, path, hold, ...(values === undefined ? { max } : { values: sortedUnique(values) }) };
}
