/** Activation as a file writes it: what it becomes, how it is said, how large it gets, and what is refused. */
import { describe, expect, it } from 'vitest';
import { describeMetric, estimateBound, fieldsOf } from '../src/index.ts';
import { acceptedMetric, problems } from './accepted.ts';

const HEAD = 'timezone: Asia/Yerevan\ndimensions: { plan: { property: plan, values: [a, b] } }';
const DAY_MS = 86_400_000;
const one = (name: string) => ({ select: { name, anyOf: [{ event: name, where: [] }] }, atLeast: 1 });

describe('the definition', () => {
  it('all: every condition is required; entry every, unit day, no columns unless written', () => {
    expect(acceptedMetric('{ id: a, kind: activation, start: S, within: 30d, all: [{ select: A }, { select: B, atLeast: 2 }] }')).toMatchObject({
      entry: 'every',
      unit: 'day',
      withinMs: 30 * DAY_MS,
      conditions: [one('A'), { ...one('B'), atLeast: 2 }],
      required: 2,
      columns: null,
    });
  });

  it('any: one is required; a selector alone is a condition of once', () => {
    expect(acceptedMetric('{ id: a, kind: activation, start: S, within: 1h, any: [A, { event: B }] }')).toMatchObject({
      conditions: [one('A'), one('B')],
      required: 1,
    });
  });

  it('some: as many as it says; ever is no window', () => {
    const written =
      '{ id: a, kind: activation, start: S, entry: first_ever, within: ever, some: { of: [A, B, C], atLeast: 2 }, columns: 12, unit: week }';
    expect(acceptedMetric(written)).toMatchObject({ entry: 'first_ever', withinMs: null, required: 2, columns: 12, unit: 'week' });
  });
});

it.each([
  [
    '{ id: a, kind: activation, start: S, within: 30d, all: [A, { select: B, atLeast: 2 }], unit: week, columns: 3, slice: [plan] }',
    'Activation by calendar week (from Monday, Asia/Yerevan): people with "S" join the cohort of every bucket in which they do it; counted are those who within 30 days of the first of these have "A" and at least 2 times "B", each condition by itself too, and how long it took them; also how many by each week of age, up to 28 days; also by plan.',
  ],
  [
    '{ id: a, kind: activation, start: S, entry: first_matching, within: ever, any: [A, B] }',
    'Activation by calendar day (Asia/Yerevan): people join the cohort of their first "S"; counted are those who at any time from then on have "A" or "B", each condition by itself too, and how long it took them.',
  ],
  [
    '{ id: a, kind: activation, start: S, entry: first_ever, within: 36h, some: { of: [A, B, C], atLeast: 2 } }',
    'Activation by calendar day (Asia/Yerevan): people join the cohort of their first ever "S", provided that it is "S"; counted are those who within 36 hours of the start have at least 2 of "A", "B" and "C", each condition by itself too, and how long it took them.',
  ],
])('%s', (written, sentence) => {
  expect(describeMetric(acceptedMetric(written, HEAD))).toBe(sentence);
});

it('a bucket has the counts, a cell per condition and age, and the histogram at its fullest; an actor one full timeline', () => {
  const bound = estimateBound(acceptedMetric('{ id: a, kind: activation, start: S, within: 1s, all: [A, B], columns: 4 }'));
  expect(bound).toEqual({ cellsPerBucket: 4 + 2 + 5 + 351, bytesPerActor: 4096 * 24 + 8 });
});

it('fields are those of the pooled figure, and of each age', () => {
  expect(fieldsOf(acceptedMetric('{ id: a, kind: activation, start: S, within: 1d, all: [A], columns: 3 }'))).toContain('overall.activatedBy.3.rate');
  expect(fieldsOf(acceptedMetric('{ id: a, kind: activation, start: S, within: 1d, all: [A] }'))).toEqual(
    ['rate', 'activated', 'of', 'low', 'high', 'cohorts'].map((field) => `overall.${field}`),
  );
});

const A = 'id: a, kind: activation, start: S';
it.each([
  [`{ ${A}, within: ever, all: [A] }`, 'within', 'ever needs entry first_ever or first_matching: with entry every'],
  [`{ ${A}, within: 30d }`, '', "missing the rule: expected one of 'all', 'any' and 'some'"],
  [`{ ${A}, within: 30d, all: [A], any: [B] }`, 'any', 'expected one of all, any and some: all and any stand here'],
  [`{ ${A}, within: 30d, some: { of: [A, B], atLeast: 3 } }`, 'some.atLeast', 'expected at most 2: there are no more conditions'],
  [`{ ${A}, within: 30d, some: { of: [A, B] } }`, 'some.atLeast', "missing 'atLeast': expected a whole number from 1 to 20"],
  [`{ ${A}, all: [A] }`, 'within', "missing 'within': expected a duration from 1s to 400d"],
  [
    `{ ${A}, within: forever, all: [A] }`,
    'within',
    'expected a duration from 1s to 400d: a whole number and s, m, h, d or w, such as 30d; or ever, got "forever"',
  ],
  [`{ ${A}, within: 30d, all: [] }`, 'all', 'expected a list of 1 to 20 conditions'],
  [`{ ${A}, within: 30d, all: [{ select: A, atLeast: 0 }] }`, 'all[0].atLeast', 'expected a whole number from 1 to 100, got 0'],
  [`{ ${A}, within: 30d, all: [{ select: A, atleast: 2 }] }`, 'all[0].atleast', 'unknown key "atleast"; did you mean \'atLeast\'?'],
  [`{ ${A}, within: 30d, all: [5] }`, 'all[0]', 'expected a condition: { select: selector, atLeast: 1 }, or a selector alone, got 5'],
  [`{ ${A}, within: 30d, all: [A], columns: 401 }`, 'columns', 'expected a whole number from 0 to 400, got 401'],
])('%s is refused', (written, key, message) => {
  const found = problems(`metrics: [${written}]`);
  expect(found.map(({ path }) => path)).toEqual([`metrics[0]${key === '' ? '' : `.${key}`}`]);
  expect(found[0]?.message.slice(0, message.length)).toBe(message);
});
