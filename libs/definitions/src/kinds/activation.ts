/** Activation in a file: who starts, what they must do, and within how long. */
import type { ActivationDefinition, Unit } from '@tidemark/core';
import { z } from 'zod';
import { openBuckets, timesBytes } from '../registers.ts';
import { selector } from '../schema/selection.ts';
import { choice, duration, durationMs, strict, unit, whole } from '../schema/values.ts';
import type { Select } from '../selectors.ts';
import { alsoBy, bucket, eventNames, list, plural, selection, span } from '../words.ts';
import { baseShape } from './base.ts';
import type { Kind, Report } from './kind.ts';

const MAX_CONDITIONS = 20;
const MAX_COLUMNS = 400;

const conditionError = 'expected a condition: { select: selector, atLeast: 1 }, or a selector alone';
const condition = z
  .union(
    [
      strict(
        {
          select: selector.meta({ description: 'The events that count.' }),
          atLeast: whole(1, 100).default(1).meta({ description: 'How many of them within the window; default 1.' }),
        },
        conditionError.slice(9),
      ),
      selector,
    ],
    { error: conditionError },
  )
  .meta({ id: 'ActivationCondition', description: 'Something to do, once or several times, between the start and the end of the window.' });

const conditionsError = `expected a list of 1 to ${MAX_CONDITIONS} conditions`;
const conditions = z.array(condition, { error: conditionsError }).min(1, { error: conditionsError }).max(MAX_CONDITIONS, { error: conditionsError });

const withinError = 'expected a duration from 1s to 400d: a whole number and s, m, h, d or w, such as 30d; or ever';

const schema = strict(
  {
    kind: z.literal('activation'),
    ...baseShape,
    start: selector.meta({ description: 'The events that put an actor into a cohort; the window begins at the first of them.' }),
    entry: choice(['every', 'first_ever', 'first_matching']).default('every').meta({
      description:
        'every: each bucket with a start; first_matching: the earliest that passes the start selector; first_ever: the earliest of that name.',
    }),
    within: z
      .string({ error: withinError })
      .refine((text) => text === 'ever' || duration('1s', '400d').safeParse(text).success, { error: withinError })
      .meta({ description: 'From the start to the last condition, inclusive; d = 24 h. ever: no end, for entry first_ever and first_matching.' }),
    all: conditions.optional().meta({ description: 'Activated when every one of these holds.' }),
    any: conditions.optional().meta({ description: 'Activated when one of these holds.' }),
    some: strict({ of: conditions, atLeast: whole(1, MAX_CONDITIONS) }, 'conditions and how many must hold, such as { of: […], atLeast: 2 }')
      .optional()
      .meta({ description: 'Activated when at least so many of these hold.' }),
    unit: unit.default('day').meta({ description: 'The bucket of the start.' }),
    columns: whole(0, MAX_COLUMNS)
      .optional()
      .meta({ description: 'activatedBy(k) for k = 0 … this: those activated in less than k + 1 units (1 h, 24 h, 7 d, 30 d).' }),
  },
  'an activation metric',
);
type Written = z.infer<typeof schema>;
type WrittenCondition = z.infer<typeof condition>;

const RULES = ['all', 'any', 'some'] as const;

function checkRule(written: Written, report: Report, wasMended: (key: string) => boolean): void {
  if (RULES.some(wasMended)) return;
  const given = RULES.filter((rule) => written[rule] !== undefined);
  const [, second] = given;
  if (given.length === 0) report([], "missing the rule: expected one of 'all', 'any' and 'some'");
  if (second !== undefined) report([second], `expected one of all, any and some: ${given.join(' and ')} stand here, keep one of them`);
  const { some } = written;
  if (some !== undefined && some.atLeast > some.of.length)
    report(['some', 'atLeast'], `expected at most ${some.of.length}: there are no more conditions`);
}

const ENTRY = {
  every: (start: string) => `people with ${start} join the cohort of every bucket in which they do it`,
  first_ever: (start: string, names: string) => `people join the cohort of their first ever ${names}, provided that it is ${start}`,
  first_matching: (start: string) => `people join the cohort of their first ${start}`,
} as const;

/** Of `ever`, for the bound: fifty years. */
const LONGEST_MS = 50 * 366 * 86_400_000;

const AGE_MS: Readonly<Record<Unit, number>> = { hour: 3_600_000, day: 86_400_000, week: 604_800_000, month: 2_592_000_000 };

/** As read aloud, the age of column 12: less than 13 weeks. */
const AGE: Readonly<Record<Unit, (units: number) => string>> = {
  hour: (units) => plural(units, 'hour'),
  day: (units) => span(units * 86_400_000),
  week: (units) => span(units * 7 * 86_400_000),
  month: (units) => span(units * 30 * 86_400_000),
};

export const activation = {
  kind: 'activation',
  schema,
  later: [],
  check(written, report, wasMended) {
    checkRule(written, report, wasMended);
    if (written.within !== 'ever' || written.entry !== 'every' || wasMended('entry')) return;
    report(
      ['within'],
      'ever needs entry first_ever or first_matching: with entry every each actor would keep one more cohort open with every bucket, for ever; give a window such as 90d, or write entry: first_matching',
    );
  },
  build: (written, base, select) => ({
    ...base,
    kind: 'activation',
    unit: written.unit,
    start: select(written.start, ['start']),
    entry: written.entry,
    withinMs: written.within === 'ever' ? null : (durationMs(written.within) ?? 0),
    ...ruleOf(written, select),
    columns: written.columns ?? null,
  }),
  meaning: ({ start, entry, withinMs, conditions: rule, required, columns }) => ({
    start: start.anyOf,
    entry,
    withinMs,
    conditions: rule.map(({ select, atLeast }) => ({ select: select.anyOf, atLeast })),
    required,
    columns,
  }),
  sentence(metric) {
    const { conditions: rule, required, withinMs, columns } = metric;
    const what = rule.map(({ select, atLeast }) => (atLeast === 1 ? selection(select) : `at least ${atLeast} times ${selection(select)}`));
    const enough = required === rule.length ? list(what) : required === 1 ? list(what, 'or') : `at least ${required} of ${list(what)}`;
    const who = ENTRY[metric.entry](selection(metric.start), eventNames(metric.start));
    const until =
      withinMs === null ? 'at any time from then on' : `within ${span(withinMs)} of ${metric.entry === 'every' ? 'the first of these' : 'the start'}`;
    const by = columns === null ? '' : `; also how many by each ${metric.unit} of age, up to ${AGE[metric.unit](columns + 1)}`;
    return `Activation by ${bucket(metric)}: ${who}; counted are those who ${until} have ${enough}, each condition by itself too, and how long it took them${by}${alsoBy(metric)}.`;
  },
  // The size, those activated, the time's two sums, each condition, each age; and the histogram of the times, at its fullest.
  bound(metric) {
    const bins = 2 + Math.ceil(Math.log(metric.withinMs ?? LONGEST_MS) / Math.log(1.02));
    const matches = metric.conditions.reduce((sum, { atLeast }) => sum + atLeast, 0);
    return {
      cells: 4 + metric.conditions.length + (metric.columns === null ? 0 : metric.columns + 1) + bins,
      // One timeline holds the start and all conditions; without `every` an actor whose start is known keeps few matches, but it may still lack one.
      bytes: timesBytes() + 8 + (metric.entry === 'every' ? 0 : 24 + 24 * matches),
      bytesPerSliceValue: 0,
      // Of each open cohort of the actor its size, whether it is activated, in which time, at which age, and the conditions.
      sums:
        (metric.entry === 'every' ? openBuckets(metric.unit, Math.ceil((metric.withinMs ?? 0) / AGE_MS[metric.unit])) : 1) *
        (6 + metric.conditions.length),
    };
  },
  fields({ columns }) {
    const ages = columns === null ? [] : Array.from({ length: columns + 1 }, (_, k) => `overall.activatedBy.${k}`);
    return ['overall', ...ages].flatMap((of) => ['rate', 'activated', 'of', 'low', 'high', 'cohorts'].map((field) => `${of}.${field}`));
  },
} satisfies Kind<Written, ActivationDefinition>;

function ruleOf(written: Written, select: Select): Pick<ActivationDefinition, 'conditions' | 'required'> {
  const rule = RULES.find((name) => written[name] !== undefined);
  const listed = written.all ?? written.any ?? written.some?.of ?? [];
  const path = rule === 'some' ? ['some', 'of'] : [rule ?? 'all'];
  return {
    conditions: listed.map((each, index) => conditionOf(each, (selected, after) => select(selected, [...path, index, ...after]))),
    required: rule === 'all' ? listed.length : rule === 'any' ? 1 : (written.some?.atLeast ?? 1),
  };
}

function conditionOf(written: WrittenCondition, select: Select): ActivationDefinition['conditions'][number] {
  if (typeof written === 'object' && 'select' in written) return { select: select(written.select, ['select']), atLeast: written.atLeast };
  return { select: select(written, []), atLeast: 1 };
}
