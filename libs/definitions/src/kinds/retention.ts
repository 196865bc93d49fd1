/** Retention in a file: who starts, who returns, and after how many calendar buckets. */
import type { RetentionDefinition } from '@tidemark/core';
import { z } from 'zod';
import { daysBytes, openBuckets, timesBytes } from '../registers.ts';
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

const MAX_BRACKETS = 50;
/** More instants than this of one bucket would crowd out those of its neighbours in a Times register. */
const MAX_MIN_RETURNS = 1000;
const bracketsError = `expected a list of at most ${MAX_BRACKETS} brackets of columns, first and last, such as [[2, 7], [8, 30]]`;
const bracketError = 'expected a bracket [first, last] of whole numbers, 0 ≤ first ≤ last';
const bracketEnd = z.number({ error: bracketError }).int({ error: bracketError }).min(0, { error: bracketError });
const bracketList = z
  .array(
    z.tuple([bracketEnd, bracketEnd], { error: bracketError }).refine(([from, to]) => from <= to, { error: bracketError }),
    { error: bracketsError },
  )
  .max(MAX_BRACKETS, { error: bracketsError })
  .default([])
  .meta({
    description:
      '[a, b]: actors who returned in some bucket from the a-th to the b-th after their entry; 0 is the entry bucket, later than the start.',
  });

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
    interval: choice(['calendar', 'rolling']).default('calendar').meta({
      description:
        "calendar: columns are buckets of the unit; rolling: spans of 24 hours, 7 days or 30 days from the entry instant (not with entry 'every').",
    }),
    brackets: bracketList,
    minReturns: whole(1, MAX_MIN_RETURNS).default(1).meta({ description: 'A bucket counts as returned when it has at least so many return events.' }),
    sliceReturn: choice(['any', 'same']).default('any').meta({
      description: "Of entry 'every', in slices. any: every return counts; same: only returns with the value that the start shows.",
    }),
  },
  'a retention metric',
);
type Written = z.infer<typeof schema>;

const ENTRY = {
  every: (start: string) => `people with ${start} join the cohort of every bucket in which they do it`,
  first_ever: (start: string, names: string) => `people join the cohort of their first ever ${names}, provided that it is ${start}`,
  first_matching: (start: string) => `people join the cohort of their first ${start}`,
} as const;

/** A column of `rolling`, as it is said. */
const SPAN = { hour: 'hour', day: '24 hours', week: '7 days', month: '30 days' } as const;

function bracketWords([from, to]: readonly [number, number]): string {
  const first = from === 0 ? '0 (later than the start itself)' : String(from);
  return from === to ? first : `${first} to ${to}`;
}

/** How many registers of which shape an actor needs. */
function registers({ interval, brackets: written, minReturns, entry, sliceReturn }: RetentionDefinition) {
  const isRolling = interval === 'rolling';
  const hasOwnBucket = written.some(([from]) => from === 0);
  return {
    times: (minReturns > 1 && !isRolling ? 1 : 0) + (isRolling || hasOwnBucket ? 1 : 0),
    days: 2 + (hasOwnBucket && !isRolling ? 1 : 0),
    daysPerSliceValue: 1 + (sliceReturn === 'same' ? 1 : 0) + (hasOwnBucket && entry === 'every' ? 1 : 0),
  };
}

export const retention = {
  kind: 'retention',
  schema,
  later: [],
  check(written, report, wasMended) {
    if (written.interval === 'rolling' && written.entry === 'every' && !wasMended('entry'))
      report(['interval'], `rolling counts from the one entry instant, and entry 'every' has many: write entry: first_ever or first_matching`);
    if (written.sliceReturn === 'same' && written.entry !== 'every' && !wasMended('entry'))
      report(['sliceReturn'], `'same' is for entry 'every' only: with ${written.entry} the value is that of the entry, leave it out`);
    const last = typeof written.columns === 'number' ? written.columns : (written.columns.at(-1) ?? 0);
    const seen = new Set<string>();
    for (const [index, bracket] of written.brackets.entries()) {
      const words = `[${bracket.join(', ')}]`;
      if (bracket[1] > last && !wasMended('columns'))
        report(['brackets', index], `the bracket ${words} ends after the last column: expected at most ${last}, or more columns`);
      if (seen.has(words)) report(['brackets', index], `the bracket ${words} stands twice: keep one of them`);
      seen.add(words);
    }
  },
  build: (written, base, select) => ({
    ...base,
    kind: 'retention',
    unit: written.unit,
    start: select(written.start, ['start']),
    return: select(written.return, ['return']),
    columns: typeof written.columns === 'number' ? Array.from({ length: written.columns }, (_, index) => index + 1) : written.columns,
    entry: written.entry,
    interval: written.interval,
    brackets: written.brackets.toSorted(([a, b], [c, d]) => a - c || b - d),
    minReturns: written.minReturns,
    sliceReturn: written.sliceReturn,
  }),
  meaning: ({ start, return: back, columns: ks, entry, interval, brackets: bracketed, minReturns, sliceReturn, slices }) => ({
    start: start.anyOf,
    return: back.anyOf,
    columns: ks,
    entry,
    interval,
    brackets: bracketed,
    minReturns,
    ...(slices.length > 0 && { sliceReturn }),
  }),
  sentence(metric) {
    const ks = metric.columns;
    const isRun = ks.length > 2 && ks.every((k, index) => k === index + 1);
    const after = isRun ? `1 to ${ks.length}` : list(ks.map(String));
    const who = ENTRY[metric.entry](selection(metric.start), eventNames(metric.start));
    const back = `${metric.minReturns === 1 ? '' : `at least ${metric.minReturns} events `}${selection(metric.return)}`;
    const isRolling = metric.interval === 'rolling';
    const where = isRolling
      ? `span of ${SPAN[metric.unit]} that begins exactly ${after} such spans after it`
      : `${metric.unit} exactly ${after} later`;
    const any = isRolling ? 'that span' : 'that one';
    const joint = metric.brackets.length === 0 ? ', and' : ',';
    const brackets = metric.brackets.length === 0 ? '' : `, and in any one of ${list(metric.brackets.map(bracketWords), 'and of')}`;
    const same = metric.sliceReturn === 'same' && metric.slices.length > 0 ? ', where only returns with the value of the start count' : '';
    return `Retention by ${bucket(metric)}: ${who}; counted are those with ${back} in the ${where}${joint} in ${any} or any later one up to ${ks.at(-1)}${brackets}${alsoBy(metric)}${same}.`;
  },
  // The size, per column those retained and those last seen there, and those of each bracket.
  bound(metric) {
    const days = daysBytes(metric.unit, metric.columns.at(-1) ?? 0);
    const needed = registers(metric);
    return {
      cells: 1 + 2 * metric.columns.length + metric.brackets.length,
      bytes: needed.days * days + needed.times * timesBytes() + 8,
      bytesPerSliceValue: needed.daysPerSliceValue * days,
      // Of each open cohort of the actor its size, its columns, the last one, and its brackets.
      sums:
        (metric.entry === 'every' ? openBuckets(metric.unit, metric.columns.at(-1) ?? 0) : 1) * (2 + metric.columns.length + metric.brackets.length),
    };
  },
  fields: ({ columns: ks }) => ks.flatMap((k) => ['rate', 'retained', 'of', 'low', 'high', 'cohorts'].map((field) => `overall.${k}.${field}`)),
} satisfies Kind<Written, RetentionDefinition>;
