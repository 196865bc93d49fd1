/** Arbitrary formulas over the metrics of a random set: names that nest, in the unit of the first or a larger one. */
import fc from 'fast-check';
import type { KpiDefinition, MetricDefinition, Unit } from '../../src/definition.ts';

const NESTS_IN: Readonly<Record<Unit, readonly Unit[]>> = {
  hour: ['hour', 'day', 'week', 'month'],
  day: ['day', 'week', 'month'],
  week: ['week'],
  month: ['month'],
};
const EXPRESSIONS = [
  'a / b',
  'a',
  'a - b - 2',
  '(a + b) * 0.5 / (a - b)',
  '-a / -(b / 3)',
  '100 * a / (b + 1) - a / b / 2',
  '1 / (a - a) + b',
  'a-b*a',
];

/** `sliced`: keeps the slices that both names have. */
export interface DrawnFormula {
  readonly expression: string;
  readonly metrics: readonly number[];
  readonly fields: readonly number[];
  readonly unit: number;
  readonly sliced: boolean;
}

export const drawnFormula: fc.Arbitrary<DrawnFormula> = fc.record({
  expression: fc.constantFrom(...EXPRESSIONS),
  metrics: fc.tuple(fc.nat(5), fc.nat(5)),
  fields: fc.tuple(fc.nat(99), fc.nat(99)),
  unit: fc.constantFrom(0, 0, 1, 2, 3),
  sliced: fc.boolean(),
});

/** Null when the set has no metric to name. The second name falls back to the first metric when its calendar does not fit. */
export function formulaOver(metrics: readonly MetricDefinition[], drawn: DrawnFormula, id: string): KpiDefinition | null {
  const [first = 0, second = 0] = drawn.metrics;
  const a = metrics[first % metrics.length];
  if (a === undefined) return null;
  const units = NESTS_IN[a.unit];
  const unit = units[drawn.unit % units.length] ?? a.unit;
  const other = metrics[second % metrics.length];
  const fits = other !== undefined && NESTS_IN[other.unit].includes(unit) && other.timezone === a.timezone && other.weekStart === a.weekStart;
  const b = fits ? other : a;
  const [fieldA = 0, fieldB = 0] = drawn.fields;
  const slices = drawn.sliced ? a.slices.filter((tuple) => b.slices.some((own) => own.join() === tuple.join())) : [];
  return {
    kind: 'kpi',
    id,
    timezone: a.timezone,
    weekStart: a.weekStart,
    unit,
    slices,
    freshnessMs: 60_000,
    revision: '0'.repeat(16),
    lookback: 90,
    measure: { measure: 'formula', expression: drawn.expression, of: { a: referenceTo(a, fieldA), b: referenceTo(b, fieldB) } },
  };
}

function referenceTo(metric: MetricDefinition, draw: number): string {
  const fields = fieldsOf(metric);
  const field = fields[draw % fields.length] ?? '';
  return field === '' ? metric.id : `${metric.id}.${field}`;
}

function fieldsOf(metric: MetricDefinition): readonly string[] {
  switch (metric.kind) {
    case 'retention':
      return metric.columns.flatMap((k) => ['retained', 'of', 'rate', 'cohorts'].map((field) => `overall.${k}.${field}`));
    case 'funnel':
      return [1, 2].flatMap((step) => ['uniques', 'entries', 'ofFirst', 'ofPrevious'].map((field) => `step.${step}.${field}`));
    case 'activation':
      return ['activated', 'of', 'rate', 'cohorts'].map((field) => `overall.${field}`);
    case 'activity':
      return [
        ...['active', 'new', 'returning', 'resurrecting', 'dormant', 'churned', 'ever', 'uniques'],
        ...metric.rolling.flatMap((n) => [`rolling.${n}`, `stickiness.${n}`]),
      ];
    case 'kpi':
      return ['', 'value', 'total'];
  }
}
