/** Mistakes: each at its line and column, all at once, in the order of the file, saying what was expected. */
import { describe, expect, it } from 'vitest';
import { parseMetricSet } from '../src/index.ts';
import { messages, places, problems } from './accepted.ts';

/** One metric with a mistake in it, written in flow style on line 2. */
function metric(written: string, head = 'timezone: UTC'): string {
  return `${head}\nmetrics: [${written}]`;
}

it('reports six different mistakes at six places, in the order of the file', () => {
  const text = `
timezone: Asia/Yerevn
dimensions:
  channel: { property: channel }
selectors:
  booked: { event: Service Booked, where: { amount: { gte: ten } } }
metrics:
  - id: booking
    kind: funnel
    steps: [Cabinet Opened, bookd]
    windw: 3d
    slice: [chanel]
  - id: retained
    kind: retention
    start: booked
    return: booked
    columns: 4000
board: [ retaind.overall.1.rate ]
`;
  expect(problems(text).map(({ line, column, path, message }) => `${line}:${column} ${path}: ${message}`)).toEqual([
    `2:11 timezone: expected an IANA time zone such as Asia/Yerevan or UTC, got "Asia/Yerevn"; did you mean 'Asia/Yerevan'?`,
    `6:60 selectors.booked.where.amount.gte: expected a number, got "ten"`,
    `10:29 metrics[0].steps[1]: no selector "bookd" is defined; did you mean 'booked'? An event of that name is written { event: bookd }`,
    `11:5 metrics[0].windw: unknown key "windw"; did you mean 'window'?`,
    `12:13 metrics[0].slice[0]: unknown dimension "chanel"; did you mean 'channel'?`,
    `17:14 metrics[1].columns: expected the last column (30 means 1 to 30) or a rising list such as [1, 7, 30], each from 1 to 400, got 4000`,
    `18:10 board[0]: unknown metric "retaind"; did you mean 'retained'?`,
  ]);
});

describe('YAML', () => {
  it('reports a syntax error with its line, and what was wrong before it', () => {
    expect(places('timezone: Mars\nmetrics:\n  - id: a\n   kind: kpi\n')).toEqual(['1:11 timezone', '4:1 ']);
  });

  it.each([
    ['a: 1\na: 2\nmetrics: []', 'the key "a" stands twice here: keep one of them'],
    ['{ 1: x, "1": y }', 'the key "1" stands twice here: keep one of them'],
    ['metrics: !!js/function "x"', 'not valid YAML: Unresolved tag: tag:yaml.org,2002:js/function'],
    ['metrics: []\n---\nmetrics: []', 'one file holds one set: put what follows --- into a file of its own'],
    ['metrics: *gone', 'nothing above is named &gone'],
    ['metrics: &loop [*loop]', 'this alias stands inside of what it repeats'],
    ['__proto__: { a: 1 }\nmetrics: []', 'the name "__proto__" cannot be used'],
    ['[a, b]: 1', 'expected a plain name as the key'],
    ['', 'the file is empty: expected a map with `metrics`'],
    ['5', 'expected a map with metrics, got 5'],
  ])('%j is refused', (text, message) => {
    expect(messages(text)).toContain(message);
  });

  it.each([
    ['too large', 'x'.repeat(1024 * 1024 + 1), 'the file is larger than 1048576 bytes: split it into several metric sets'],
    ['nested too deeply', `metrics: ${'[ '.repeat(3000)}`, 'nested too deeply: at most 24 levels'],
    [
      'a bomb of aliases',
      'a: &a [x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b,*b,*b]',
      'too many aliases (*name): write the values out, at most 50 are followed',
    ],
  ])('%s is refused as a whole', (_, text, message) => {
    expect(messages(text)).toEqual([message]);
  });

  it('answers a file of 20,000 unknown keys within the bound on problems', () => {
    expect(problems(Array.from({ length: 20_000 }, (_, index) => `k${index}: 1`).join('\n'))).toHaveLength(500);
  });

  it('answers at once about keys that are maps whose keys are maps, 400 deep: to write them as text would take most of a minute', () => {
    expect(messages(`${'{ '.repeat(400)}a${' : 1 }'.repeat(400)}`)).toContain('expected a plain name as the key');
  });

  it('says what cannot be read without repeating the whole of it', () => {
    const [message = ''] = messages(`metrics: [] }\n${'  word } }\n'.repeat(1_000)}`).toSorted((left, right) => right.length - left.length);
    expect(message).toMatch(/^not valid YAML: Unexpected scalar/);
    expect(message.length).toBeLessThan(400);
  });

  it('shows hostile names without control characters', () => {
    expect(messages('"a\\u0007\\u202eb": 1')[1]).toMatch(/^unknown key "a\\u0007\?b"/);
  });
});

describe('one mistake gives one problem', () => {
  it.each([
    ['{ id: a, kind: funnel, step: [x, y] }', 'metrics[0].step', `unknown key "step"; did you mean 'steps'?`],
    ['{ id: a, kind: kpi, measure: { cuont: x } }', 'metrics[0].measure.cuont', `unknown key "cuont"; did you mean 'count'?`],
    ['{ id: a, kind: kpi, measure: { sum: x, propery: y } }', 'metrics[0].measure.propery', `unknown key "propery"; did you mean 'property'?`],
    [
      '{ id: a, kind: kpi, measure: { count: { event: x, where: { y: { exits: true } } } } }',
      'metrics[0].measure.count.where.y.exits',
      `unknown key "exits"; did you mean 'exists'?`,
    ],
    [
      '{ id: a, kind: kpii }',
      'metrics[0].kind',
      `expected a kind, one of retention, funnel, activation, activity, kpi, got "kpii"; did you mean 'kpi'?`,
    ],
    ['{ id: a }', 'metrics[0].kind', `missing 'kind': expected a kind, one of retention, funnel, activation, activity, kpi`],
    [
      '{ id: a, kind: kpi }',
      'metrics[0].measure',
      `missing 'measure': expected { count: selector }, { sum: selector, property: name, decimals: 2 }, { uniques: selector }, { ratio: [a, b] } or { formula: "m / n", of: { m: metric.field, n: metric } }`,
    ],
    ['{ id: a, kind: funnel, steps: [x] }', 'metrics[0].steps', 'expected a list of 2 to 20 steps, each a selector, got ["x"]'],
    ['7', 'metrics[0]', 'expected a metric: a map with id, kind and what the kind asks for, got 7'],
  ])('%s', (written, path, message) => {
    expect(problems(metric(written))).toEqual([{ file: 'sample.yaml', line: 2, column: expect.any(Number), path, message }]);
  });
});

describe('values', () => {
  it.each([
    ['{ id: A-b, kind: activity }', /^expected an id of 1 to 63 of a-z, 0-9 and _/],
    ['{ id: a, kind: retention, start: x, return: y, columns: 0 }', /^column 0 is the size/],
    ['{ id: a, kind: retention, start: x, return: y, columns: [0, 1] }', /^column 0 is the size/],
    ['{ id: a, kind: retention, start: x, return: y, columns: [7, 1] }', /^expected the last column/],
    ['{ id: a, kind: retention, start: x, return: y, columns: [] }', /^expected the last column/],
    ['{ id: a, kind: retention, start: x, return: y, columns: 401 }', /^expected the last column/],
    ['{ id: a, kind: retention, start: x, return: y, unit: hour }', /^expected one of day, week, month, got "hour"/],
    ['{ id: a, kind: retention, start: x, return: y, minReturns: 0 }', /^expected a whole number from 1 to 1000, got 0/],
    ['{ id: a, kind: retention, start: x, return: y, interval: rolling }', /^rolling counts from the one entry instant, and entry 'every' has many/],
    ['{ id: a, kind: retention, start: x, return: y, interval: rolling, unit: hour, entry: first_ever }', /^expected one of day, week, month/],
    ['{ id: a, kind: retention, start: x, return: y, entry: first_ever, sliceReturn: same }', /^'same' is for entry 'every' only/],
    ['{ id: a, kind: retention, start: x, return: y, brackets: [[7, 2]] }', /^expected a bracket \[first, last\] of whole numbers, 0 ≤ first ≤ last/],
    ['{ id: a, kind: retention, start: x, return: y, brackets: [[-1, 2]] }', /^expected a bracket \[first, last\]/],
    ['{ id: a, kind: retention, start: x, return: y, brackets: [[2]] }', /^expected a bracket \[first, last\]/],
    ['{ id: a, kind: retention, start: x, return: y, brackets: [2] }', /^expected a bracket \[first, last\]/],
    [
      '{ id: a, kind: retention, start: x, return: y, columns: [1, 7], brackets: [[2, 8]] }',
      /^the bracket \[2, 8\] ends after the last column: expected at most 7/,
    ],
    ['{ id: a, kind: retention, start: x, return: y, brackets: [[2, 8], [2, 8]] }', /^the bracket \[2, 8\] stands twice/],
    ['{ id: a, kind: funnel, steps: [x, y], window: 91d }', /^expected a duration from 1s to 90d/],
    ['{ id: a, kind: funnel, steps: [x, y], window: 14 }', /^expected a duration from 1s to 90d/],
    ['{ id: a, kind: funnel, steps: [x, y], window: 1.5d }', /^expected a duration from 1s to 90d/],
    ['{ id: a, kind: funnel, steps: [x, y], lookback: 401 }', /^expected a whole number from 1 to 400, got 401/],
    ['{ id: a, kind: funnel, steps: [x, y], timezone: "+03:00" }', /^expected an IANA time zone/],
    ['{ id: a, kind: funnel, steps: [x, y], timezone: asia/yerevan }', /did you mean 'Asia\/Yerevan'\?$/],
    ['{ id: a, kind: activity, lookback: 20 }', /^expected at least 30, because churnAfter looks back that far: write lookback: 30/],
    ['{ id: a, kind: activity, rolling: [7, 120] }', /^expected at least 120, because rolling looks back that far/],
    ['{ id: a, kind: kpi, measure: { count: x }, lookback: 9 }', /^lookback is for uniques only/],
    ['{ id: a, kind: kpi, measure: { sum: x, property: y, decimals: 10 } }', /^expected a whole number from 0 to 9, got 10/],
    ['{ id: a, kind: kpi, measure: { sum: x } }', /^missing 'property': expected a property/],
    ['{ id: a, kind: kpi, measure: { count: x }, freshness: 0s }', /^expected a duration from 1s to 7d/],
    ['{ id: a, kind: kpi, measure: { count: { event: x, where: { y: null } } } }', /^null never matches/],
    ['{ id: a, kind: kpi, measure: { count: { event: x, where: { y: [1, null] } } } }', /^null never matches/],
    ['{ id: a, kind: kpi, measure: { count: { event: x, where: { y: [] } } } }', /^expected at least one value/],
    ['{ id: a, kind: kpi, measure: { count: { event: x, where: {} } } }', /^expected 1 to 20 properties/],
    ['{ id: a, kind: kpi, measure: { count: { event: x, where: { y: { gt: 1, gte: 1 } } } } }', /^expected a range that some number can meet/],
    ['{ id: a, kind: kpi, measure: { count: { event: x, where: { y: { gt: 3, lt: 3 } } } } }', /^expected a range that some number can meet/],
    ['{ id: a, kind: kpi, measure: { count: { event: x, where: { y: { exists: false, not: 3 } } } } }', /^an absent property passes no other test/],
    ['{ id: a, kind: kpi, measure: { count: { event: x, where: { y: 12345678901234567890 } } } }', /^expected a number of at most 15 digits/],
    ['{ id: a, kind: kpi, measure: { count: { event: x, where: { contxt.app: 3 } } } }', /did you mean 'context.app'\?$/],
    ['{ id: a, kind: kpi, measure: { count: { event: x, where: { a..b: 3 } } } }', /^expected names joined by single dots/],
    ['{ id: a, kind: kpi, measure: { count: [] } }', /^expected at least one selector/],
    ['{ id: a, kind: kpi, measure: { count: 5 } }', /^expected a selector: a name/],
    ['{ id: a, kind: kpi, measure: { count: "" } }', /^expected a selector's or an event's name/],
  ])('%s', (written, message) => {
    expect(messages(metric(written))).toEqual([expect.stringMatching(message)]);
  });
});

describe('names across the file', () => {
  it.each([
    ['two metrics of one id', metric('{ id: a, kind: activity }, { id: a, kind: activity }'), 'metrics[1].id', /taken by metrics\[0\]/],
    ['an undefined dimension', metric('{ id: a, kind: activity, slice: [plan] }'), 'metrics[0].slice[0]', /define it under dimensions/],
    [
      'a slice written twice',
      metric('{ id: a, kind: activity, slice: [plan, plan] }', 'dimensions: { plan: { property: plan } }'),
      'metrics[0].slice[1]',
      /stands twice/,
    ],
    [
      'a closed list with max',
      metric('{ id: a, kind: activity }', 'dimensions: { plan: { property: plan, values: [a], max: 3 } }'),
      'dimensions.plan.max',
      /leave one of them out/,
    ],
    ['selectors in a circle', metric('{ id: a, kind: activity }', 'selectors: { one: [two], two: one }'), 'selectors.two', /refers to itself/],
    ['a file without a usable name', '{ "metrics": [{ "id": "a", "kind": "activity" }], "name": "A b" }', 'name', /expected a name of 1 to 63/],
  ])('%s', (_, text, path, message) => {
    expect(problems(text)).toEqual([expect.objectContaining({ path, message: expect.stringMatching(message) })]);
  });

  it('a file name that cannot name a set asks for a name', () => {
    const parsed = parseMetricSet('metrics: [{ id: a, kind: activity }]', { file: '2026.yaml' });
    expect(parsed).toMatchObject({ ok: false, problems: [{ line: 1, column: 1, message: expect.stringMatching(/write name: my-set/) }] });
  });

  it('an event of nearly a selector name passes when the file says that it is an event, or when it does not look like a selector', () => {
    const head = 'selectors: { booked: { event: Service Booked } }';
    expect(messages(metric('{ id: a, kind: activity, event: { event: bookd } }, { id: b, kind: activity, event: bookd }', head))).toEqual([]);
    expect(messages(metric('{ id: a, kind: activity, event: Booked }', head))).toEqual([]);
    expect(messages(metric('{ id: a, kind: activity, event: bookd }', head))).toHaveLength(1);
  });

  it('a mistake in a dimension, selector or metric does not make its users mistaken', () => {
    const text = `
dimensions: { plan: { property: plan, maxx: 3 } }
selectors: { booked: { event: Booked, were: {} } }
metrics:
  - { id: a, kind: activity, event: booked, slice: [plan], rolling: [7000] }
board: [ a.rolling.7000, a.active ]
`;
    expect(places(text)).toEqual(['2:39 dimensions.plan.maxx', '3:39 selectors.booked.were', '5:70 metrics[0].rolling[0]']);
  });
});

describe('targets and boards', () => {
  it.each([
    ['{ id: a, kind: activity, target: { value: 1 } }', /^missing 'of': expected a field of this activity/],
    ['{ id: a, kind: activity, target: { of: rolling.8, value: 1 } }', /^unknown field "rolling.8" of this activity; did you mean 'rolling.7'/],
    ['{ id: a, kind: activity, target: { of: active, value: 1, per: day } }', /^per is for a kpi only/],
    [
      '{ id: a, kind: kpi, unit: week, measure: { count: x }, target: { value: 1, per: month } }',
      /^expected week: buckets of a week do not add up to a month/,
    ],
    ['{ id: a, kind: kpi, unit: hour, measure: { uniques: x }, target: { value: 1, per: day } }', /^distinct people per hour do not add up to a day/],
    ['{ id: a, kind: kpi, measure: { count: x }, target: { value: 1, direcion: up } }', /^unknown key "direcion"; did you mean 'direction'/],
  ])('%s', (written, message) => {
    expect(messages(metric(written))).toEqual([expect.stringMatching(message)]);
  });

  it('tiles name a metric and a field; a kpi may stand alone', () => {
    const head = 'board: [ kpi_a, kpi_a.value, f.step.2.ofFirst, r.overall.7.rate, act.stickiness.30 ]';
    const metrics =
      '{ id: kpi_a, kind: kpi, measure: { count: x } }, { id: f, kind: funnel, steps: [x, y] }, { id: r, kind: retention, start: x, return: x }, { id: act, kind: activity }';
    expect(messages(metric(metrics, head))).toEqual([]);
    expect(messages(metric(metrics, 'board: [ f, act.foo, r.overall.31.rate, kpi_a. ]'))).toEqual([
      expect.stringMatching(/^expected a field of the funnel after its id, such as f.step.1.uniques/),
      expect.stringMatching(/^unknown field "foo" of this activity/),
      expect.stringMatching(/^unknown field "overall.31.rate" of this retention; did you mean/),
      expect.stringMatching(/^expected a field of the kpi after its id/),
    ]);
  });
});
