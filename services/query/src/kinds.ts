/** The paths of the kinds: which path answers for which kind, what it may be asked and what it answers with. */
import type { MetricKindName } from '@tidemark/core';
import { activityBody, funnelBody, kpiBody, retentionBody } from './schemas/answers.ts';
import { answerQuery, funnelQuery } from './schemas/query.ts';

export const KIND_PATHS = {
  retention: { path: 'retention', query: answerQuery, body: retentionBody },
  funnel: { path: 'funnels', query: funnelQuery, body: funnelBody },
  activity: { path: 'activity', query: answerQuery, body: activityBody },
  kpi: { path: 'kpis', query: answerQuery, body: kpiBody },
} as const satisfies Record<MetricKindName, unknown>;

/** Paths of kinds to come: known, and empty. */
export const LATER_PATHS = ['activation'] as const;

export const KINDS: readonly MetricKindName[] = ['retention', 'funnel', 'activity', 'kpi'];

/** The path at which a metric is answered. */
export function metricPath(metric: { readonly kind: MetricKindName; readonly id: string }): string {
  return `/v1/${KIND_PATHS[metric.kind].path}/${metric.id}`;
}
