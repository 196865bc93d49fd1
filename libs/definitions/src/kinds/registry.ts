/** The kinds that are built, one line each, and the names of those to come. */
import type { ActivationDefinition, ActivityDefinition, FunnelDefinition, KpiDefinition, RetentionDefinition } from '@tidemark/core';
import { z } from 'zod';
import { activation } from './activation.ts';
import { activity } from './activity.ts';
import { funnel } from './funnel.ts';
import type { Kind } from './kind.ts';
import { kpi } from './kpi.ts';
import { retention } from './retention.ts';

export interface DefinitionByKind {
  retention: RetentionDefinition;
  funnel: FunnelDefinition;
  activation: ActivationDefinition;
  activity: ActivityDefinition;
  kpi: KpiDefinition;
}

interface WrittenByKind {
  retention: z.infer<typeof retention.schema>;
  funnel: z.infer<typeof funnel.schema>;
  activation: z.infer<typeof activation.schema>;
  activity: z.infer<typeof activity.schema>;
  kpi: z.infer<typeof kpi.schema>;
}

export type KindName = keyof DefinitionByKind;

export const kinds: { readonly [Name in KindName]: Kind<WrittenByKind[Name], DefinitionByKind[Name]> } = {
  retention,
  funnel,
  activation,
  activity,
  kpi,
};

export const metric = z.discriminatedUnion('kind', [retention.schema, funnel.schema, activation.schema, activity.schema, kpi.schema], {
  error: 'expected a metric: a map with id, kind and what the kind asks for',
});
export type WrittenMetric = z.infer<typeof metric>;

/** Kinds of `metrics.md` that are understood and refused for now. */
export const laterKinds: readonly string[] = ['revenue', 'usage', 'rfm', 'experiment', 'concentration', 'movers'];

export function isKind(name: unknown): name is KindName {
  return typeof name === 'string' && Object.hasOwn(kinds, name);
}
