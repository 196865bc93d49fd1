/** The values that a slice can be narrowed to: of a closed list from the catalogue, of an open one those seen in the last buckets. */
import type { Metric } from '@tidemark/query/client';
import { useAnswer } from '../data/figure.ts';

export interface SliceChoice {
  /** As `value=` takes it: of several dimensions a JSON array. */
  readonly asked: string;
  readonly shown: string | readonly string[];
}

const ASKED_EVERY_MS = 60_000;

/** Empty until they are known. */
export function useSliceValues(metric: Metric, slice: string): readonly SliceChoice[] {
  const path = slice === '' ? '/v1/metrics' : `/v1/metrics/${encodeURIComponent(metric.id)}`;
  const { body } = useAnswer<Metric | { readonly metrics: readonly Metric[] }>({ path, every: ASKED_EVERY_MS }).value;
  const facts = body === null || 'metrics' in body ? metric : body;
  const values = facts.slices.find(({ name }) => name === slice)?.values ?? [];
  return values.map((shown) => ({ asked: typeof shown === 'string' ? shown : JSON.stringify(shown), shown }));
}
