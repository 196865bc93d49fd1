/** The paths of the contract, as types; made by `npm run -w @tidemark/query openapi`: change the schemas, not this file. */
import type { Audit } from './audit.ts';
import type { Board, Explanation, InspectedEvents, Lineages, Metric, Metrics, Ready, Sets } from './bodies.ts';
import type { ActivationAnswer, RetentionAnswer } from './cohorts.ts';
import type { ActivityAnswer, FunnelAnswer, KpiAnswer } from './figures.ts';

/** By path: what it takes, and what it answers as JSON or text. */
export interface Operations {
  readonly '/v1/metrics': {
    readonly path: Record<never, never>;
    readonly query: Record<never, never>;
    readonly body: Metrics;
  };
  readonly '/v1/metrics/{id}': {
    readonly path: { readonly id: string };
    readonly query: { readonly revision?: string };
    readonly body: Metric;
  };
  readonly '/v1/retention/{id}': {
    readonly path: { readonly id: string };
    readonly query: {
      readonly from?: string;
      readonly to?: string;
      readonly slice?: string;
      readonly value?: string;
      readonly limit?: number;
      readonly revision?: string;
      readonly compare?: 'previous';
    };
    readonly body: RetentionAnswer;
  };
  readonly '/v1/funnels/{id}': {
    readonly path: { readonly id: string };
    readonly query: {
      readonly from?: string;
      readonly to?: string;
      readonly slice?: string;
      readonly value?: string;
      readonly limit?: number;
      readonly revision?: string;
      readonly compare?: 'previous';
      readonly by?: 'bucket';
    };
    readonly body: FunnelAnswer;
  };
  readonly '/v1/activation/{id}': {
    readonly path: { readonly id: string };
    readonly query: {
      readonly from?: string;
      readonly to?: string;
      readonly slice?: string;
      readonly value?: string;
      readonly limit?: number;
      readonly revision?: string;
      readonly compare?: 'previous';
    };
    readonly body: ActivationAnswer;
  };
  readonly '/v1/activity/{id}': {
    readonly path: { readonly id: string };
    readonly query: {
      readonly from?: string;
      readonly to?: string;
      readonly slice?: string;
      readonly value?: string;
      readonly limit?: number;
      readonly revision?: string;
      readonly compare?: 'previous';
    };
    readonly body: ActivityAnswer;
  };
  readonly '/v1/kpis/{id}': {
    readonly path: { readonly id: string };
    readonly query: {
      readonly from?: string;
      readonly to?: string;
      readonly slice?: string;
      readonly value?: string;
      readonly limit?: number;
      readonly revision?: string;
      readonly compare?: 'previous';
    };
    readonly body: KpiAnswer;
  };
  readonly '/v1/sets': {
    readonly path: Record<never, never>;
    readonly query: Record<never, never>;
    readonly body: Sets;
  };
  readonly '/v1/lineages': {
    readonly path: Record<never, never>;
    readonly query: Record<never, never>;
    readonly body: Lineages;
  };
  readonly '/v1/board/{set}': {
    readonly path: { readonly set: string };
    readonly query: Record<never, never>;
    readonly body: Board;
  };
  readonly '/v1/live': {
    readonly path: Record<never, never>;
    readonly query: { readonly metrics?: string; readonly path?: readonly string[] };
    readonly body: string;
  };
  readonly '/v1/events': {
    readonly path: Record<never, never>;
    readonly query: {
      readonly set?: string;
      readonly actor?: string;
      readonly outcome?: string;
      readonly limit?: number;
    };
    readonly body: InspectedEvents;
  };
  readonly '/v1/events/live': {
    readonly path: Record<never, never>;
    readonly query: {
      readonly set?: string;
      readonly actor?: string;
      readonly outcome?: string;
    };
    readonly body: string;
  };
  readonly '/v1/explain/{metric}/{actor}': {
    readonly path: { readonly metric: string; readonly actor: string };
    readonly query: {
      readonly revision?: string;
      readonly kind?: 'user' | 'anonymous';
      readonly from?: string;
      readonly to?: string;
      readonly slice?: string;
      readonly after?: string;
      readonly limit?: number;
    };
    readonly body: Explanation;
  };
  readonly '/v1/audit': {
    readonly path: Record<never, never>;
    readonly query: Record<never, never>;
    readonly body: Audit;
  };
  readonly '/livez': {
    readonly path: Record<never, never>;
    readonly query: Record<never, never>;
    readonly body: string;
  };
  readonly '/readyz': {
    readonly path: Record<never, never>;
    readonly query: Record<never, never>;
    readonly body: Ready;
  };
  readonly '/metrics': {
    readonly path: Record<never, never>;
    readonly query: Record<never, never>;
    readonly body: string;
  };
  readonly '/openapi.json': {
    readonly path: Record<never, never>;
    readonly query: Record<never, never>;
    readonly body: Readonly<Record<string, unknown>>;
  };
  readonly '/v1/openapi.json': {
    readonly path: Record<never, never>;
    readonly query: Record<never, never>;
    readonly body: Readonly<Record<string, unknown>>;
  };
}
