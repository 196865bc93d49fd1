/** A kpi in a file: one number per bucket, a count, a sum of amounts or distinct actors. */
import type { KpiDefinition, Measure, Unit } from '@tidemark/core';
import { z } from 'zod';
import { daysBytes } from '../registers.ts';
import { path, selector } from '../schema/selection.ts';
import { strict, unit, whole } from '../schema/values.ts';
import { pathOf, type Select } from '../selectors.ts';
import { alsoBy, bucket, plural, selection } from '../words.ts';
import { baseShape } from './base.ts';
import type { Kind } from './kind.ts';

const DEFAULT_LOOKBACK = 90;
const measureError = 'expected { count: selector }, { sum: selector, property: name, decimals: 2 } or { uniques: selector }';

const measure = z
  .union(
    [
      strict({ count: selector }, measureError.slice(9)),
      strict(
        { sum: selector, property: path, decimals: whole(0, 9).default(2).meta({ description: 'Digits kept after the point.' }) },
        measureError.slice(9),
      ),
      strict({ uniques: selector }, measureError.slice(9)),
    ],
    { error: measureError },
  )
  .meta({ description: 'count: events; sum: of a property in fixed point; uniques: distinct actors.' });

const schema = strict(
  {
    kind: z.literal('kpi'),
    ...baseShape,
    measure,
    unit: unit.default('day'),
    lookback: whole(1, 400)
      .optional()
      .meta({ description: `Of uniques: the longest range, in buckets, with an exact total. Default ${DEFAULT_LOOKBACK}.` }),
  },
  'a kpi metric',
);
type Written = z.infer<typeof schema>;

/** The units into which buckets of a unit add up: a week belongs to no single month. */
const NESTS_IN: Readonly<Record<Unit, readonly Unit[]>> = {
  hour: ['hour', 'day', 'week', 'month'],
  day: ['day', 'week', 'month'],
  week: ['week'],
  month: ['month'],
};

export const kpi = {
  kind: 'kpi',
  schema,
  later: [
    { at: 'measure.ratio', what: "measure 'ratio'" },
    { at: 'measure.formula', what: "measure 'formula'" },
  ],
  check(written, report, wasMended) {
    if (written.lookback !== undefined && !('uniques' in written.measure))
      report(['lookback'], 'lookback is for uniques only: counts and sums add up over any range, leave it out');
    const per = written.target?.per;
    if (per === undefined || wasMended('unit')) return;
    if (!NESTS_IN[written.unit].includes(per))
      report(['target', 'per'], `expected ${NESTS_IN[written.unit].join(', ')}: buckets of a ${written.unit} do not add up to a ${per}`);
    else if (per !== written.unit && 'uniques' in written.measure)
      report(['target', 'per'], `distinct people per ${written.unit} do not add up to a ${per}: set unit: ${per}, or leave per out`);
  },
  build: (written, base, select) => ({
    ...base,
    kind: 'kpi',
    unit: written.unit,
    measure: measureOf(written.measure, select),
    lookback: written.lookback ?? DEFAULT_LOOKBACK,
  }),
  meaning: ({ measure: { of, ...how }, lookback }) => ({ ...how, of: of.anyOf, ...(how.measure === 'uniques' ? { lookback } : {}) }),
  sentence: (metric) => `Kpi: ${measured(metric)} per ${bucket(metric)}${total(metric)}${alsoBy(metric)}.`,
  // The value and the count; or distinct actors by the gap to the bucket before.
  bound({ measure: { measure: how }, unit: per, lookback }) {
    if (how !== 'uniques') return { cells: 3, bytes: 0, bytesPerSliceValue: 0 };
    const bytes = daysBytes(per, lookback) + 8;
    return { cells: lookback + 3, bytes, bytesPerSliceValue: bytes };
  },
  fields: () => ['value', 'total'],
} satisfies Kind<Written, KpiDefinition>;

function measureOf(written: Written['measure'], select: Select): Measure {
  if ('count' in written) return { measure: 'count', of: select(written.count, ['measure', 'count']) };
  if ('uniques' in written) return { measure: 'uniques', of: select(written.uniques, ['measure', 'uniques']) };
  return { measure: 'sum', of: select(written.sum, ['measure', 'sum']), path: pathOf(written.property), decimals: written.decimals };
}

function measured({ measure: what }: KpiDefinition): string {
  if (what.measure === 'count') return `the number of events ${selection(what.of)}`;
  if (what.measure === 'uniques') return `distinct people with ${selection(what.of)}`;
  const property = (what.path[0] === 'properties' && what.path.length === 2 ? what.path.slice(1) : what.path).join('.');
  return `the sum of ${property}, ${what.decimals === 0 ? 'in whole numbers' : `to ${plural(what.decimals, 'decimal')}`}, of events ${selection(what.of)}`;
}

function total({ measure: what, lookback, unit: per }: KpiDefinition): string {
  return what.measure === 'uniques' ? `, distinct over any range of up to ${plural(lookback, per)}` : '';
}
