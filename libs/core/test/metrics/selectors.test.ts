/** Worked examples of selectors and `where`, each asked of the engine and of the oracle as a count. */
import { describe, expect, test } from 'vitest';
import type { Condition, Selector } from '../../src/definition.ts';
import type { TimelineEvent } from '../../src/recompute/timeline.ts';
import { type Asked, event, isIn, kpi, select, where } from '../recompute/examples.ts';
import { answerOf } from './both.ts';

const november = { from: '2026-11-01', to: '2026-11-01' };

function countOf(of: Selector, events: readonly TimelineEvent[], asked: Partial<Asked> = {}) {
  return answerOf.kpi(kpi({ measure: { measure: 'count', of } }), { events, ...november, ...asked }).total;
}

function named(...names: string[]): TimelineEvent[] {
  return names.map((name) => event('ann', name, '2026-11-01'));
}

describe('selectors', () => {
  test('a name takes the events of that name, letter for letter', () => {
    expect(countOf(select('Booked'), named('Booked', 'booked', 'Booked '))).toBe(1);
  });

  test('a list takes the events of any of its members, each event once', () => {
    expect(countOf(select(['Booked', 'Paid', 'Booked']), named('Booked', 'Paid', 'Seen'))).toBe(2);
  });

  test('"*" takes any track, page or screen, and no identify, group or alias', () => {
    expect(countOf(select('*'), named('Booked', '$page', '$screen', '$identify', '$group', '$alias'))).toBe(3);
    expect(countOf(select('$identify'), named('Booked', '$identify'))).toBe(1);
  });

  test('several keys of where are AND, members of a list are OR', () => {
    const events = [
      event('ann', 'Booked', '2026-11-01', { plan: 'pro', amount: 10 }),
      event('ann', 'Booked', '2026-11-01', { plan: 'pro', amount: 9 }),
      event('ann', 'Booked', '2026-11-01', { plan: 'free', amount: 10 }),
    ];
    const pro = isIn('plan', 'pro');
    const dear = where('amount', { test: 'range', gte: 10 });
    expect(countOf(select('Booked', pro, dear), events)).toBe(1);
    const either: Selector = { name: 'either', anyOf: [...select('Booked', pro).anyOf, ...select('Booked', dear).anyOf] };
    expect(countOf(either, events)).toBe(3);
  });

  test('of a set with a filter every selector sees only the events that pass it', () => {
    const events = [
      event('ann', 'Booked', '2026-11-01', { app: 'cabinet' }),
      event('ann', 'Booked', '2026-11-01', { app: 'shop' }),
      ...named('Booked'),
    ];
    expect(countOf(select('*'), events, { filter: [isIn('app', 'cabinet')] })).toBe(1);
  });
});

const PLANS = ['pro', 'Pro', '5', 5, 5.5, 0, true, 'true', false, '', null, undefined, {}, ['pro']];

describe('where', () => {
  test.each<[string, Condition, unknown[]]>([
    ['a scalar is equal to itself alone', { test: 'in', values: ['pro'] }, ['pro']],
    ['a list takes what equals any of it', { test: 'in', values: ['Pro', 0, true] }, ['Pro', 0, true]],
    ['no coercion: "5" is not 5, "true" is not true', { test: 'in', values: ['5', 'true'] }, ['5', 'true']],
    ['no coercion the other way round', { test: 'in', values: [5, true] }, [5, true]],
    ['gt leaves its bound out', { test: 'range', gt: 5 }, [5.5]],
    ['gte takes its bound in', { test: 'range', gte: 5 }, [5, 5.5]],
    ['lt leaves its bound out', { test: 'range', lt: 5 }, [0]],
    ['lte takes its bound in', { test: 'range', lte: 5 }, [5, 0]],
    ['two bounds hold both, and only numbers are in a range', { test: 'range', gte: 0, lt: 5.5 }, [5, 0]],
    [
      'exists: true is what is neither missing nor null',
      { test: 'exists', exists: true },
      PLANS.filter((plan) => plan !== null && plan !== undefined),
    ],
    ['exists: false is what is missing or null', { test: 'exists', exists: false }, [null, undefined]],
    [
      'not is all else, the missing and the null too',
      { test: 'not', condition: { test: 'in', values: ['pro'] } },
      PLANS.filter((plan) => plan !== 'pro'),
    ],
    [
      'not of a range is all that is no number inside it',
      { test: 'not', condition: { test: 'range', gte: 1 } },
      PLANS.filter((plan) => plan !== 5 && plan !== 5.5),
    ],
    ['a missing or null property satisfies nothing but not and exists: false', { test: 'in', values: [null, ''] }, ['']],
  ])('%s', (_, condition, expected) => {
    const passing = PLANS.filter(
      (plan) => countOf(select('Booked', where('plan', condition)), [event('ann', 'Booked', '2026-11-01', { plan })]) === 1,
    );
    expect(passing).toEqual(PLANS.filter((plan) => expected.includes(plan)));
    expect(passing).toHaveLength(expected.length);
  });

  test('a path is followed through objects, never through texts or lists', () => {
    const deep = { path: ['properties', 'plan', 'name'], condition: { test: 'in', values: ['pro'] } } as const;
    const events = [{ name: 'pro' }, { name: 'free' }, 'pro', [{ name: 'pro' }], null].map((plan) => event('ann', 'Booked', '2026-11-01', { plan }));
    expect(countOf(select('Booked', deep), events)).toBe(1);
  });
});
