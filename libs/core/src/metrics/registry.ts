/** The kinds that exist: a new one is one file and one line here. */
import type { MetricDefinition, MetricKindName } from '../definition.ts';
import { activation } from './activation.ts';
import { activity } from './activity.ts';
import { funnel } from './funnel.ts';
import type { MetricKind } from './kind.ts';
import { kpi } from './kpi.ts';
import { retention } from './retention.ts';

const KINDS: { readonly [K in MetricKindName]: MetricKind<Extract<MetricDefinition, { kind: K }>> } = {
  retention,
  funnel,
  activation,
  activity,
  kpi,
};

/** The kind of a metric; the cast is sound because a definition's `kind` is its key here. */
export function kindOf(metric: MetricDefinition): MetricKind<MetricDefinition> {
  return KINDS[metric.kind] as unknown as MetricKind<MetricDefinition>;
}

/** `retention@1,funnel@1,…`: part of the lineage. */
export function evaluatorVersions(): string {
  return Object.entries(KINDS)
    .map(([name, kind]) => `${name}@${kind.evaluatorVersion}`)
    .sort()
    .join(',');
}
