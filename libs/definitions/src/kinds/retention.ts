/** Retention in a file: who starts, who returns, and after how many calendar buckets. */
import type { RetentionDefinition } from '@tidemark/core';
import { z } from 'zod';
import { daysBytes } from '../registers.ts';
import { retainedUnit, selector } from '../schema/selection.ts';
import { choice, strict, whole } from '../schema/values.ts';
import { alsoBy, bucket, eventNames, list, selection } from '../words.ts';
import { baseShape } from './base.ts';
import type { Kind } from './kind.ts';

const MAX_COLUMNS = 400;
const columnsError = `expected the last column (30 means 1 to 30) or a rising list such as [1, 7, 30], each from 1 to ${MAX_COLUMNS}`;
const column = z
  .number({ error: columnsError })
  .int({ error: columnsError })
  .min(1, {
    error: (issue) => (issue.input === 0 ? 'column 0 is the size of the cohort and always there: leave it out' : columnsError),
  });
const columns = z
  .union(
    [
      column.max(MAX_COLUMNS, { error: columnsError }),
      z
        .array(column.max(MAX_COLUMNS, { error: columnsError }), { error: columnsError })
        .min(1, { error: columnsError })
        .max(MAX_COLUMNS, { error: columnsError })
        .refine((ks) => ks.every((k, index) => index === 0 || k > (ks[index - 1] ?? k)), { error: columnsError }),
    ],
    { error: columnsError },
  )
  .default(30)
  .meta({ description: 'k = 1 … this; or a rising list of columns. Column 0 is the size.' });

const schema = strict(
  {
    kind: z.literal('retention'),
    ...baseShape,
    start: selector.meta({ description: 'The events that put an actor into a cohort.' }),
    return: selector.meta({ description: 'The events that count as coming back.' }),
    unit: retainedUnit.default('day'),
    columns,
    entry: choice(['every', 'first_ever', 'first_matching']).default('every').meta({
      description:
        'every: each bucket with a start; first_matching: the earliest that passes the start selector; first_ever: the earliest of that name.',
    }),
    interval: choice(['calendar']).optional(),
    minReturns: whole(1, 1, 'a whole number').optional(),
    sliceReturn: choice(['any']).optional(),
  },
  'a retention metric',
);
type Written = z.infer<typeof schema>;

const ENTRY = {
  every: (start: string) => `people with ${start} join the cohort of every bucket in which they do it`,
  first_ever: (start: string, names: string) => `people join the cohort of their first ever ${names}, provided that it is ${start}`,
  first_matching: (start: string) => `people join the cohort of their first ${start}`,
} as const;

export const retention = {
  kind: 'retention',
  schema,
  later: [
    { at: 'interval', what: "interval 'rolling'", isLater: (value) => value === 'rolling' },
    { at: 'brackets', what: 'brackets' },
    { at: 'minReturns', what: 'minReturns above 1', isLater: (value) => Number.isInteger(value) && Number(value) > 1 },
    { at: 'sliceReturn', what: "sliceReturn 'same'", isLater: (value) => value === 'same' },
  ],
  check() {},
  build: (written, base, select) => ({
    ...base,
    kind: 'retention',
    unit: written.unit,
    start: select(written.start, ['start']),
    return: select(written.return, ['return']),
    columns: typeof written.columns === 'number' ? Array.from({ length: written.columns }, (_, index) => index + 1) : written.columns,
    entry: written.entry,
  }),
  meaning: ({ start, return: back, columns: ks, entry }) => ({ start: start.anyOf, return: back.anyOf, columns: ks, entry }),
  sentence(metric) {
    const ks = metric.columns;
    const isRun = ks.length > 2 && ks.every((k, index) => k === index + 1);
    const after = isRun ? `1 to ${ks.length}` : list(ks.map(String));
    const who = ENTRY[metric.entry](selection(metric.start), eventNames(metric.start));
    return `Retention by ${bucket(metric)}: ${who}; counted are those with ${selection(metric.return)} in the ${metric.unit} exactly ${after} later, and in that one or any later one up to ${ks.at(-1)}${alsoBy(metric)}.`;
  },
  // The size, and per column those retained and those last seen there.
  bound(metric) {
    const days = daysBytes(metric.unit, metric.columns.at(-1) ?? 0);
    return { cells: 1 + 2 * metric.columns.length, bytes: 2 * days + 8, bytesPerSliceValue: days };
  },
  fields: ({ columns: ks }) => ks.flatMap((k) => ['rate', 'retained', 'of', 'low', 'high', 'cohorts'].map((field) => `overall.${k}.${field}`)),
} satisfies Kind<Written, RetentionDefinition>;
