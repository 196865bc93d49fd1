/** Worked examples of selectors, filters and slice values. */
import { describe, expect, test } from 'vitest';
import type { Condition } from '../../src/definition.ts';
import { matchesPlain, sliceValueOf } from '../../src/recompute/match.ts';
import { dimension, event, isIn, select, where } from './examples.ts';

const plan = (properties: Readonly<Record<string, unknown>>) => event('ann', 'Booked', '2026-11-01', properties);
const matchesWhere = (condition: Condition, value: unknown) => matchesPlain(select('Booked', where('plan', condition)), [], plan({ plan: value }));

describe('selectors', () => {
  test('a name matches events of that name only', () => {
    expect(matchesPlain(select('Booked'), [], plan({}))).toBe(true);
    expect(matchesPlain(select('booked'), [], plan({}))).toBe(false);
  });

  test('a list matches any of its members', () => {
    expect(matchesPlain(select(['Paid', 'Booked']), [], plan({}))).toBe(true);
  });

  test('"*" is any track, page or screen and no identify', () => {
    expect(matchesPlain(select('*'), [], event('ann', '$page', '2026-11-01'))).toBe(true);
    expect(matchesPlain(select('*'), [], event('ann', '$identify', '2026-11-01'))).toBe(false);
    expect(matchesPlain(select('$identify'), [], event('ann', '$identify', '2026-11-01'))).toBe(true);
  });

  test('several keys are AND, and the set’s filter comes on top', () => {
    const selector = select('Booked', isIn('plan', 'pro'), where('amount', { test: 'range', gte: 10 }));
    expect(matchesPlain(selector, [], plan({ plan: 'pro', amount: 10 }))).toBe(true);
    expect(matchesPlain(selector, [], plan({ plan: 'pro', amount: 9 }))).toBe(false);
    expect(matchesPlain(selector, [isIn('app', 'cabinet')], plan({ plan: 'pro', amount: 10 }))).toBe(false);
    expect(matchesPlain(selector, [isIn('app', 'cabinet')], plan({ plan: 'pro', amount: 10, app: 'cabinet' }))).toBe(true);
  });
});

describe('where', () => {
  test.each<[string, Condition, unknown, boolean]>([
    ['a list is equal to any', { test: 'in', values: ['a', 5, true] }, 5, true],
    ['no coercion: "5" is not 5', { test: 'in', values: [5] }, '5', false],
    ['no coercion in a range', { test: 'range', gte: 1 }, '5', false],
    ['gt excludes its bound', { test: 'range', gt: 5 }, 5, false],
    ['gte includes its bound', { test: 'range', gte: 5, lt: 6 }, 5, true],
    ['lt excludes its bound', { test: 'range', lt: 5 }, 5, false],
    ['lte includes its bound', { test: 'range', lte: 5 }, 5, true],
    ['exists: an object exists', { test: 'exists', exists: true }, {}, true],
    ['exists: false and 0 exist', { test: 'exists', exists: true }, false, true],
    ['missing satisfies exists: false', { test: 'exists', exists: false }, undefined, true],
    ['null satisfies exists: false', { test: 'exists', exists: false }, null, true],
    ['missing satisfies not', { test: 'not', condition: { test: 'in', values: ['a'] } }, undefined, true],
    ['missing satisfies no list', { test: 'in', values: ['a'] }, undefined, false],
    ['null satisfies no list, not even one with null', { test: 'in', values: [null] }, null, false],
    ['an object equals nothing', { test: 'in', values: ['[object Object]'] }, {}, false],
    ['not turns around', { test: 'not', condition: { test: 'range', gte: 5 } }, 5, false],
  ])('%s', (_, condition, value, expected) => {
    expect(matchesWhere(condition, value)).toBe(expected);
  });
});

describe('slice values', () => {
  test.each([
    ['a string as it is', ' Pro ', ' Pro '],
    ['a number as its JSON text', 1e21, '1e+21'],
    ['zero is a value', 0, '0'],
    ['a boolean as its JSON text', false, 'false'],
    ['absent is empty', undefined, ''],
    ['null is empty', null, ''],
    ['a composite is empty', ['pro'], ''],
  ])('%s', (_, value, text) => {
    expect(sliceValueOf(dimension('plan'), plan({ plan: value }))).toBe(text);
  });

  test('what a closed list does not hold is $other, the absent value too', () => {
    const closed = dimension('plan', ['pro', '5']);
    expect(['pro', 5, 'free', undefined].map((value) => sliceValueOf(closed, plan({ plan: value })))).toEqual(['pro', '5', '$other', '$other']);
  });
});
