/** The paths of the kinds: which path answers for which kind, what it may be asked and what it answers with. */
import type { MetricKindName } from '@tidemark/core';
import { activationBody, activityBody, funnelBody, kpiBody, retentionBody } from './schemas/answers.ts';
import { answerSchema } from './schemas/comparison.ts';
import { answerQuery, funnelQuery } from './schemas/query.ts';

export const KIND_PATHS = {
  retention: { path: 'retention', query: answerQuery, body: answerSchema('RetentionAnswer', retentionBody) },
  funnel: { path: 'funnels', query: funnelQuery, body: answerSchema('FunnelAnswer', funnelBody) },
  activation: { path: 'activation', query: answerQuery, body: answerSchema('ActivationAnswer', activationBody) },
  activity: { path: 'activity', query: answerQuery, body: answerSchema('ActivityAnswer', activityBody) },
  kpi: { path: 'kpis', query: answerQuery, body: answerSchema('KpiAnswer', kpiBody) },
} as const satisfies Record<MetricKindName, unknown>;

/** One of these is the body of every figure. */
export function answerBodies() {
  return [KIND_PATHS.retention.body, KIND_PATHS.funnel.body, KIND_PATHS.activation.body, KIND_PATHS.activity.body, KIND_PATHS.kpi.body] as const;
}

export const KINDS: readonly MetricKindName[] = ['retention', 'funnel', 'activation', 'activity', 'kpi'];

/** The path at which a metric is answered. */
export function metricPath(metric: { readonly kind: MetricKindName; readonly id: string }): string {
  return `/v1/${KIND_PATHS[metric.kind].path}/${metric.id}`;
}
