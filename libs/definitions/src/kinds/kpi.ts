/** A kpi in a file: one number per bucket, a count, a sum of amounts, distinct actors, a ratio of two of these, or a formula over other metrics. */
import { type Expression, FormulaError, type KpiDefinition, type Measure, parseFormula, type SimpleMeasure, type Unit } from '@tidemark/core';
import { z } from 'zod';
import type { Path } from '../problem.ts';
import { daysBytes, openBuckets } from '../registers.ts';
import { path, selector } from '../schema/selection.ts';
import { strict, unit, whole, words } from '../schema/values.ts';
import { pathOf, type Select } from '../selectors.ts';
import { alsoBy, bucket, list, plural, selection } from '../words.ts';
import { baseShape } from './base.ts';
import type { Kind } from './kind.ts';

const DEFAULT_LOOKBACK = 90;
const measureError =
  'expected { count: selector }, { sum: selector, property: name, decimals: 2 }, { uniques: selector }, { ratio: [a, b] } or { formula: "m / n", of: { m: metric.field, n: metric } }';
const simpleError = 'expected a selector (counted), { count: selector }, { sum: selector, property: name, decimals: 2 } or { uniques: selector }';

const count = strict({ count: selector }, measureError.slice(9));
const sum = strict(
  { sum: selector, property: path, decimals: whole(0, 9).default(2).meta({ description: 'Digits kept after the point.' }) },
  measureError.slice(9),
);
const uniques = strict({ uniques: selector }, measureError.slice(9));
const ratioPart = z.union([count, sum, uniques, selector], { error: simpleError });
const ratio = strict({ ratio: z.tuple([ratioPart, ratioPart], { error: 'expected [a, b]: two selectors or measures' }) }, measureError.slice(9));
const formulaName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,62}$/, { error: 'expected a name of 1 to 63 of A-Z, a-z, 0-9 and _, no digit first' });
const formula = strict(
  {
    formula: words(500, 'a formula of at most 500 characters, such as m / all').meta({ description: '+ - * / ( ), numbers and the names of `of`.' }),
    of: z
      .record(formulaName, words(200, 'a metric, or a field of one such as actives.churned'), {
        error: 'expected a map of names, such as { m: actives.rolling.30, all: actives.ever }',
      })
      .refine((names) => Object.keys(names).length >= 1 && Object.keys(names).length <= 20, { error: 'expected 1 to 20 names' }),
  },
  measureError.slice(9),
);

const measure = z.union([count, sum, uniques, ratio, formula], { error: measureError }).meta({
  description:
    "count: events; sum: of a property in fixed point; uniques: distinct actors; ratio: of two of these; formula: over other metrics' figures.",
});

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
export const NESTS_IN: Readonly<Record<Unit, readonly Unit[]>> = {
  hour: ['hour', 'day', 'week', 'month'],
  day: ['day', 'week', 'month'],
  week: ['week'],
  month: ['month'],
};

export const kpi = {
  kind: 'kpi',
  schema,
  later: [],
  check(written, report, wasMended) {
    const hasUniques = partsOf(written.measure).some((part) => typeof part === 'object' && 'uniques' in part);
    if (written.lookback !== undefined && !hasUniques)
      report(['lookback'], 'lookback is for uniques only: counts and sums add up over any range, leave it out');
    const per = written.target?.per;
    if (per === undefined || wasMended('unit')) return;
    if (!NESTS_IN[written.unit].includes(per))
      report(['target', 'per'], `expected ${NESTS_IN[written.unit].join(', ')}: buckets of a ${written.unit} do not add up to a ${per}`);
    else if (per !== written.unit && hasUniques)
      report(['target', 'per'], `distinct people per ${written.unit} do not add up to a ${per}: set unit: ${per}, or leave per out`);
  },
  build: (written, base, select) => ({
    ...base,
    kind: 'kpi',
    unit: written.unit,
    measure: measureOf(written.measure, select),
    lookback: written.lookback ?? DEFAULT_LOOKBACK,
  }),
  meaning: ({ measure: how, lookback }) => {
    if (how.measure === 'formula') return { measure: how.measure, expression: treeOf(how.expression) };
    const parts = how.measure === 'ratio' ? [how.numerator, how.denominator] : [how];
    const limit = parts.some((part) => part.measure === 'uniques') ? { lookback } : {};
    if (how.measure !== 'ratio') return { ...how, of: how.of.anyOf, ...limit };
    return { measure: how.measure, parts: parts.map((part) => ({ ...part, of: part.of.anyOf })), ...limit };
  },
  sentence: (metric) => `Kpi: ${measured(metric.measure, bucket(metric))}${total(metric)}${alsoBy(metric)}.`,
  // The value and the count; or distinct actors by the gap to the bucket before; of a ratio both, of a formula none.
  bound({ measure: how, unit: per, lookback }) {
    const parts = how.measure === 'formula' ? [] : how.measure === 'ratio' ? [how.numerator, how.denominator] : [how];
    const cells = { count: 3, sum: 4, uniques: lookback + 3 };
    const bytes = parts.filter((part) => part.measure === 'uniques').length * (daysBytes(per, lookback) + 8);
    const own = { count: 1, sum: 4, uniques: 1 };
    const sums = openBuckets(per, 0) * parts.reduce((all, part) => all + own[part.measure], 0);
    return { cells: parts.reduce((all, part) => all + cells[part.measure], 0), bytes, bytesPerSliceValue: bytes, sums };
  },
  fields: () => ['value', 'total'],
} satisfies Kind<Written, KpiDefinition>;

type WrittenMeasure = Written['measure'];
type WrittenPart = Extract<WrittenMeasure, { ratio: unknown }>['ratio'][0];

/** The measures whose cells are kept. */
function partsOf(written: WrittenMeasure): readonly WrittenPart[] {
  if ('formula' in written) return [];
  return 'ratio' in written ? written.ratio : [written];
}

function measureOf(written: WrittenMeasure, select: Select): Measure {
  if ('formula' in written) return { measure: 'formula', expression: written.formula, of: written.of };
  if (!('ratio' in written)) return simpleOf(written, ['measure'], select);
  const [numerator, denominator] = written.ratio;
  return {
    measure: 'ratio',
    numerator: simpleOf(numerator, ['measure', 'ratio', 0], select),
    denominator: simpleOf(denominator, ['measure', 'ratio', 1], select),
  };
}

/** A bare selector means count. */
function simpleOf(written: WrittenPart, at: Path, select: Select): SimpleMeasure {
  if (typeof written === 'string' || Array.isArray(written) || 'event' in written) return { measure: 'count', of: select(written, at) };
  if ('count' in written) return { measure: 'count', of: select(written.count, [...at, 'count']) };
  if ('uniques' in written) return { measure: 'uniques', of: select(written.uniques, [...at, 'uniques']) };
  return { measure: 'sum', of: select(written.sum, [...at, 'sum']), path: pathOf(written.property), decimals: written.decimals };
}

/** Spaces and needless parentheses mean nothing; a mistaken expression is reported elsewhere. */
function treeOf(expression: string): Expression | null {
  try {
    return parseFormula(expression);
  } catch (error) {
    if (error instanceof FormulaError) return null;
    throw error;
  }
}

function measured(what: Measure, per: string): string {
  if (what.measure === 'formula') {
    const names = Object.entries(what.of).map(([name, reference]) => `${name} is ${reference}`);
    return `${what.expression} per ${per}, where ${list(names)}, each over the whole bucket or range`;
  }
  if (what.measure !== 'ratio') return `${simple(what)} per ${per}`;
  return `${simple(what.numerator)}, divided by ${simple(what.denominator)}, per ${per}`;
}

function simple(what: SimpleMeasure): string {
  if (what.measure === 'count') return `the number of events ${selection(what.of)}`;
  if (what.measure === 'uniques') return `distinct people with ${selection(what.of)}`;
  const property = (what.path[0] === 'properties' && what.path.length === 2 ? what.path.slice(1) : what.path).join('.');
  return `the sum of ${property}, ${what.decimals === 0 ? 'in whole numbers' : `to ${plural(what.decimals, 'decimal')}`}, of events ${selection(what.of)}`;
}

function total({ measure: what, lookback, unit: per }: KpiDefinition): string {
  const parts = what.measure === 'ratio' ? [what.numerator, what.denominator] : [what];
  return parts.some((part) => part.measure === 'uniques') ? `, distinct over any range of up to ${plural(lookback, per)}` : '';
}
