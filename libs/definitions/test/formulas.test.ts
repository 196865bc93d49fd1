/** Ratios and formulas in a file: what they mean, what they may name, and how far a change reaches. */
import { describe, expect, it } from 'vitest';
import { describeMetric, estimateBound } from '../src/index.ts';
import { accepted, acceptedMetric, problems } from './accepted.ts';

const NAMED = `
  - { id: actives, kind: activity, rolling: [30], slice: [plan] }
  - { id: weekly, kind: activity, unit: week }
  - { id: sunday, kind: activity, unit: week, weekStart: sunday }
  - { id: signup, kind: funnel, steps: [x, y] }
  - { id: d30, kind: retention, start: x, return: y, columns: [30] }
  - { id: paid, kind: kpi, unit: hour, measure: { sum: Paid, property: amount } }
  - { id: abroad, kind: kpi, timezone: Asia/Yerevan, measure: { count: x } }`;
const HEAD = 'dimensions: { plan: { property: plan }, city: { property: city } }';

function fileOf(...formulas: string[]): string {
  return `${HEAD}\nmetrics:${NAMED}${formulas.map((formula) => `\n  - ${formula}`).join('')}\n`;
}

function mistakes(...formulas: string[]): string[] {
  return problems(fileOf(...formulas)).map(({ path, message }) => `${path}: ${message}`);
}

describe('a ratio', () => {
  it('is of two measures; a bare selector is counted', () => {
    expect(acceptedMetric('{ id: a, kind: kpi, measure: { ratio: [{ sum: Paid, property: amount }, Paid] } }')).toMatchObject({
      measure: { measure: 'ratio', numerator: { measure: 'sum', decimals: 2 }, denominator: { measure: 'count', of: { name: 'Paid' } } },
    });
  });

  it('is said in a sentence and bounded by both its measures', () => {
    const metric = acceptedMetric('{ id: a, kind: kpi, measure: { ratio: [{ event: Paid, where: { plan: pro } }, { uniques: "*" }] }, lookback: 7 }');
    expect(describeMetric(metric)).toBe(
      'Kpi: the number of events "Paid" where plan is pro, divided by distinct people with any event, per calendar day (UTC), distinct over any range of up to 7 days.',
    );
    expect(estimateBound(metric).cellsPerBucket).toBe(3 + 10);
  });

  it('has a lookback only when it counts distinct actors', () => {
    expect(problems('metrics: [{ id: a, kind: kpi, measure: { ratio: [x, y] }, lookback: 3 }]').map(({ message }) => message)).toEqual([
      expect.stringMatching(/^lookback is for uniques only/),
    ]);
  });

  it('of anything but two measures is refused', () => {
    for (const ratio of ['[x]', '[x, y, z]', '[x, { ratio: [x, y] }]', '[x, { formula: m, of: { m: a } }]', 'x'])
      expect(problems(`metrics: [{ id: a, kind: kpi, measure: { ratio: ${ratio} } }]`)).not.toEqual([]);
  });
});

describe('a formula', () => {
  it('takes metrics and fields of every kind whose buckets add up to its own', () => {
    const names = 'a: actives.churned, b: signup.step.2.uniques, c: d30.overall.30.rate, d: paid, e: paid.value, f: weekly.rolling.7';
    const set = accepted(fileOf(`{ id: f, kind: kpi, unit: week, measure: { formula: "(a + b) / c - d * e / f", of: { ${names} } } }`));
    const formula = set.metrics.at(-1);
    expect(formula && describeMetric(formula)).toBe(
      'Kpi: (a + b) / c - d * e / f per calendar week (from Monday, UTC), where a is actives.churned, b is signup.step.2.uniques, c is d30.overall.30.rate, d is paid, e is paid.value and f is weekly.rolling.7, each over the whole bucket or range.',
    );
    expect(formula && estimateBound(formula)).toEqual({ cellsPerBucket: 0, bytesPerActor: 0 });
  });

  it.each([
    ['"m /", of: { m: paid }', 'measure.formula: expected a number, a name or ( at character 4'],
    ['"m + constructor.x", of: { m: paid }', 'measure.formula: expected a number, a name, + - * / ( or ), got "." at character 16'],
    ['"m / al", of: { m: paid, all: paid }', 'measure.formula: the name "al" is not in of; did you mean \'all\'?'],
    ['"m", of: { m: payd }', 'measure.of.m: unknown metric "payd"; did you mean \'paid\'?'],
    ['"m", of: { m: actives }', 'measure.of.m: expected a field of the activity after its id, such as actives.active'],
    ['"m", of: { m: actives.churn }', 'measure.of.m: unknown field "churn" of this activity'],
    ['"m", of: { m: weekly.active }', 'measure.of.m: weekly is kept per week, and buckets of a week do not add up to a day'],
    ['"m", of: { m: abroad }', 'measure.of.m: abroad has its buckets in Asia/Yerevan, the formula in UTC: set the same timezone'],
  ])('%s is refused', (written, message) => {
    expect(mistakes(`{ id: f, kind: kpi, measure: { formula: ${written} } }`)[0]).toContain(`metrics[7].${message}`);
  });

  it('of weeks that begin on another day, of months out of weeks, and by a slice that is not kept there is refused', () => {
    expect(mistakes('{ id: f, kind: kpi, unit: week, measure: { formula: m, of: { m: sunday.active } } }')[0]).toContain('begin on sunday');
    expect(mistakes('{ id: f, kind: kpi, unit: month, measure: { formula: m, of: { m: weekly.active } } }')[0]).toContain('do not add up to a month');
    expect(mistakes('{ id: f, kind: kpi, slice: [city], measure: { formula: m, of: { m: actives.active } } }')[0]).toContain('is not sliced by city');
    expect(mistakes('{ id: f, kind: kpi, slice: [plan], measure: { formula: m, of: { m: actives.active } } }')).toEqual([]);
  });

  it('may name formulas, but never itself, at any distance', () => {
    const one = '{ id: one, kind: kpi, measure: { formula: "m / 2", of: { m: paid } } }';
    expect(mistakes(one, '{ id: two, kind: kpi, measure: { formula: "m * 2", of: { m: one } } }')).toEqual([]);
    expect(
      mistakes('{ id: one, kind: kpi, measure: { formula: m, of: { m: two } } }', '{ id: two, kind: kpi, measure: { formula: m, of: { m: one } } }'),
    ).toEqual(['metrics[7].measure.of: a formula cannot name itself: one → two → one']);
  });
});

describe('revisions', () => {
  const revisions = (paid: string, formula: string) => {
    const set = accepted(
      `metrics:\n  - { id: paid, kind: kpi, measure: { count: ${paid} } }\n  - { id: one, kind: kpi, measure: { formula: "${formula}", of: { m: paid } } }\n  - { id: two, kind: kpi, measure: { formula: "m + 1", of: { m: one } } }\n`,
    );
    return { set: set.revision, ids: Object.fromEntries(set.metrics.map(({ id, revision }) => [id, revision])) };
  };
  const before = revisions('Paid', 'm / 2');

  it('of a formula change with what it names, at any distance', () => {
    const after = revisions('Payd', 'm / 2');
    for (const id of ['paid', 'one', 'two']) expect(after.ids[id]).not.toBe(before.ids[id]);
  });

  it('of a formula ignore spaces and needless parentheses, and nothing else', () => {
    expect(revisions('Paid', ' (m)/2').ids).toEqual(before.ids);
    expect(revisions('Paid', '2 / m').ids['one']).not.toBe(before.ids['one']);
  });

  it('of the set stay when only a formula changes: it has no cells to rebuild', () => {
    expect(revisions('Paid', 'm * 3').set).toBe(before.set);
    expect(revisions('Payd', 'm / 2').set).not.toBe(before.set);
  });
});

describe('owner and target', () => {
  it('say when they last changed, which is no part of the revision', () => {
    const metric = acceptedMetric(
      '{ id: a, kind: kpi, measure: { count: x }, owner: { name: maria, since: 2026-11-01 }, target: { value: 5, direction: down, since: 2026-11-02 } }',
    );
    expect(metric).toMatchObject({ owner: 'maria', ownerSince: '2026-11-01', target: { value: 5, direction: 'down', since: '2026-11-02' } });
    expect(metric.revision).toBe(acceptedMetric('{ id: a, kind: kpi, measure: { count: x }, owner: sam }').revision);
  });

  it('refuse what is no date', () => {
    expect(problems('metrics: [{ id: a, kind: activity, owner: { name: m, since: 2026-13-01 } }]').map(({ path }) => path)).toEqual([
      'metrics[0].owner.since',
    ]);
  });
});
