/** Which figures of a set may stand beside each other: a total that grows, and a retention in the same buckets. */
import type { Metric } from '@tidemark/query/client';

export interface Growth {
  /** In the URL: `active_makers.ever`, of a kpi its id. */
  readonly key: string;
  readonly metric: Metric;
  readonly field: 'active' | 'ever' | 'value';
  /** In a sentence: `active users`. */
  readonly name: string;
}

const COARSEST_FIRST = ['month', 'week', 'day', 'hour'];

/** Those with a total to stand beside them first, of these the ones in the coarsest buckets. */
export function decaysOf(set: string, metrics: readonly Metric[]): readonly Metric[] {
  const own = metrics.filter((metric) => metric.set === set && metric.kind === 'retention');
  const rank = (metric: Metric): number => (growthsOf(metric, metrics).length === 0 ? 10 : 0) + COARSEST_FIRST.indexOf(metric.unit);
  return own.toSorted((one, other) => rank(one) - rank(other));
}

/** People first, then what is counted or summed; ratios and formulas are no totals. */
export function growthsOf({ set, unit }: Metric, metrics: readonly Metric[]): readonly Growth[] {
  const own = metrics.filter((metric) => metric.set === set && metric.unit === unit);
  const people = own.filter(({ kind }) => kind === 'activity');
  return [
    ...people.map(
      (metric): Growth => ({
        key: `${metric.id}.active`,
        metric,
        field: 'active',
        name: people.length > 1 ? `${metric.title}: active` : 'active people',
      }),
    ),
    ...people.map(
      (metric): Growth => ({
        key: `${metric.id}.ever`,
        metric,
        field: 'ever',
        name: people.length > 1 ? `${metric.title}: all so far` : 'all people so far',
      }),
    ),
    ...own.filter(isTotal).map((metric): Growth => ({ key: metric.id, metric, field: 'value', name: lowered(metric.title) })),
  ];
}

/** By the words of its definition, which the service makes from its measure. */
function isTotal({ kind, definition }: Metric): boolean {
  return kind === 'kpi' && /^Kpi: (the number of|the sum of|distinct)/.test(definition) && !definition.includes(', divided by ');
}

function lowered(title: string): string {
  const [first = '', second = ''] = title;
  // An abbreviation stays as it is.
  return second === second.toUpperCase() && second !== ' ' ? title : first.toLowerCase() + title.slice(1);
}
