/** Fuzz target: whatever a definition file says, it is a set or a list of problems with their places, and a set can be described and folded by. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCalendars, DEFAULT_SETTINGS, lineageOf, type MetricSet, PartitionFold, Vocabulary } from '@tidemark/core';
import { describeMetric, estimateBound, parseMetricSet } from '../../src/index.ts';
import { MAX_CELLS_PER_BUCKET } from '../../src/limits.ts';

const SHIPPED = join(import.meta.dirname, '../../../../schemas/metrics');
/** A set of a larger bound is described, but not folded: making its tables takes its time, and one input is to take little. */
const FOLDED_CELLS = 20_000;
const MAX_SHIPPED_BYTES = 8_000;

const SMALL = `name: shop
timezone: Asia/Yerevan
weekStart: monday
filter: { context.app.name: shop }
dimensions:
  channel: { property: channel, values: [ads, web] }
  device: { property: device, max: 20 }
  first: { property: channel, hold: first }
selectors:
  buy: { event: Purchase, where: { amount: { gt: 0 } } }
metrics:
  - { id: purchases, kind: kpi, measure: { count: buy }, slice: [channel] }
  - { id: amount, kind: kpi, measure: { sum: Purchase, property: amount, decimals: 2 } }
  - { id: people, kind: activity, event: "*", rolling: [7, 30], slice: [[channel, device], first] }
  - { id: repeat, kind: retention, start: Purchase, return: [Purchase, Visit], columns: 5, unit: week, brackets: [[0, 1]] }
  - { id: path, kind: funnel, steps: [Visit, Cart, Purchase], window: 1d }
  - { id: active, kind: activation, start: Signup, within: 7d, all: [Purchase] }
  - { id: rate, kind: kpi, measure: { formula: a / b, of: { a: purchases, b: people.active } } }
board: [purchases, people.active]
`;

function run(input: Uint8Array): void {
  const parsed = parseMetricSet(Buffer.from(input).toString('utf8'), { file: 'fuzzed.yaml' });
  if (parsed.ok) {
    useSet(parsed.set);
    return;
  }
  assert.ok(parsed.problems.length > 0, 'a refusal names a problem');
  for (const { file, line, column, path, message } of parsed.problems) {
    assert.ok(Number.isSafeInteger(line) && line >= 1 && Number.isSafeInteger(column) && column >= 1, `a problem has its place: ${line}:${column}`);
    assert.ok(file === 'fuzzed.yaml' && typeof path === 'string' && message.length > 0 && message.length < 10_000, 'a problem has its text');
  }
}

/** What is accepted can be used, and is bounded. */
function useSet(set: MetricSet): void {
  assert.equal(lineageOf(set, DEFAULT_SETTINGS).length > 0, true);
  let cells = 0;
  for (const metric of set.metrics) {
    assert.ok(describeMetric(metric, set.dimensions).length > 0, 'a metric has its sentence');
    const bound = estimateBound(metric, set.dimensions);
    assert.ok(bound.cellsPerBucket >= 0 && bound.cellsPerBucket <= MAX_CELLS_PER_BUCKET, `a bound is bounded: ${bound.cellsPerBucket}`);
    cells += bound.cellsPerBucket;
  }
  if (cells <= FOLDED_CELLS) new PartitionFold({ set, settings: DEFAULT_SETTINGS, vocabulary: new Vocabulary(), calendars: createCalendars() });
}

function shipped(): readonly Buffer[] {
  const files = readdirSync(SHIPPED).filter((name) => name.endsWith('.yaml'));
  return files.map((name) => readFileSync(join(SHIPPED, name)).subarray(0, MAX_SHIPPED_BYTES));
}

export const fuzzTarget = {
  seeds: () => [Buffer.of(), Buffer.from(SMALL), Buffer.from('metrics: []'), Buffer.from('{"metrics":[{"id":"a","kind":"kpi"}]}'), ...shipped()],
  dictionary: [
    'metrics:',
    'name: ',
    'kind: retention',
    'kind: funnel',
    'kind: kpi',
    'kind: activity',
    'kind: activation',
    'slice: [channel]',
    'slice: [[channel, first]]',
    'columns: 30',
    'columns: [0, 1, 7]',
    'brackets: [[0, 2]]',
    'window: 7d',
    'within: 30d',
    'unit: week',
    'unit: month',
    'unit: hour',
    'order: unordered',
    'order: strict',
    'entry: every',
    'entry: first_ever',
    'interval: rolling',
    'minReturns: 2',
    'exclude: ',
    'where: { plan: { in: [a, b] } }',
    'hold: first',
    'max: 10000',
    'values: ',
    'formula: a / b',
    'measure: { uniques: Visit }',
    'lookback: 90',
    'rolling: [7]',
    'churnAfter: 14',
    'timezone: UTC',
    'timezone: America/New_York',
    '&a',
    '*a',
    '<<: *a',
    '!!binary ',
    '!!set',
    '? ',
    '---\n',
    '...\n',
    '%YAML 1.1\n',
    '|\n',
    '>-\n',
    '__proto__: ',
    'constructor: ',
    '{a: ',
    '[[[[[[[[',
    '{{{{{{',
    '- - - - - -',
    '"',
    "'",
    '\t',
    '\r\n',
    '\u2028',
    '\ud83d\ude00',
    ': ',
    ', ',
    '# ',
    '\n  ',
    '\n    ',
    '~',
    'null',
    '.inf',
    '.nan',
    '0x1F',
    '1_000',
    '2026-11-22',
    '&a [*a, *a]',
    '{*a : *a}',
    'P1D',
    '0d',
    '-1d',
    '99999999d',
  ],
  run,
};
