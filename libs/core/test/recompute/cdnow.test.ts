/** The oracle against the known figures of the CDNOW purchase log (Fader and Hardie), where the file is at hand. */
import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { beforeEach, describe, expect, test } from 'vitest';
import type { TimelineEvent } from '../../src/recompute/timeline.ts';
import { activity, answerOf, funnel, kpi, retention, select } from './examples.ts';

const file = new URL('../../../../../shared/data/cdnow.csv.gz', import.meta.url);
const purchase = select('Purchase');

describe('CDNOW', { timeout: 10_000 }, () => {
  const isAtHand = existsSync(file);
  beforeEach(({ skip }) => skip(!isAtHand, 'data/cdnow.csv.gz is not beside the project'));
  const events = isAtHand ? readPurchases() : [];
  const days = { events, from: '1997-01-01', to: '1998-06-30' };
  const months = { events, from: '1997-01-01', to: '1998-06-01' };

  test('purchases, units and dollars', () => {
    expect(answerOf.kpi(kpi({ unit: 'month', measure: { measure: 'count', of: purchase } }), months).total).toBe(69_659);
    const sumOf = (path: string, decimals: number) =>
      answerOf.kpi(kpi({ unit: 'month', measure: { measure: 'sum', of: purchase, path: ['properties', path], decimals } }), months).total;
    expect(sumOf('units', 0)).toBe('167881');
    expect(sumOf('dollars', 2)).toBe('2500315.63');
  });

  test('cohorts by month of the first purchase, on and on-or-after', () => {
    const columns = Array.from({ length: 17 }, (_, index) => index + 1);
    const metric = retention({ unit: 'month', entry: 'first_ever', start: purchase, return: purchase, columns });
    const { cohorts } = answerOf.retention(metric, months);
    expect(cohorts.map((cohort) => cohort.size)).toEqual([7_846, 8_476, 7_248, ...Array(15).fill(0)]);
    expect(cohorts.slice(0, 3).map(({ cells }) => cells.slice(0, 6).map((cell) => cell.retained))).toEqual([
      [1_157, 964, 810, 679, 736, 720],
      [1_312, 980, 783, 847, 786, 626],
      [1_032, 752, 756, 674, 564, 561],
    ]);
    expect(cohorts.slice(0, 3).map(({ cells }) => [0, 2, 5, 11].map((index) => cells[index]?.onOrAfter))).toEqual([
      [3_654, 3_140, 2_677, 1_741],
      [3_861, 3_337, 2_812, 1_757],
      [3_300, 2_828, 2_371, 1_356],
    ]);
  });

  test('customers whose second purchase day came within 30 days of the first', () => {
    const columns = Array.from({ length: 30 }, (_, index) => index + 1);
    const { cohorts } = answerOf.retention(retention({ entry: 'first_ever', start: purchase, return: purchase, columns }), days);
    expect(cohorts.reduce((total, { cells }) => total + (cells[0]?.onOrAfter ?? 0), 0)).toBe(4_115);
  });

  test('purchase → purchase within 30 days, uniques over the whole range', () => {
    const metric = funnel({ unit: 'month', steps: [purchase, purchase], windowMs: 30 * 86_400_000 });
    expect(answerOf.funnel(metric, months).steps?.map((step) => step.uniques)).toEqual([23_570, 6_748]);
  });

  test('customers over the whole range', () => {
    const answer = answerOf.activity(activity({ unit: 'month', event: purchase }), months);
    expect(answer.uniques).toBe(23_570);
    expect(answer.buckets.map((bucket) => bucket.new).slice(0, 4)).toEqual([7_846, 8_476, 7_248, 0]);
    expect(answer.buckets.at(-1)?.ever).toBe(23_570);
  });
});

function readPurchases(): TimelineEvent[] {
  const [, ...lines] = gunzipSync(readFileSync(file)).toString('utf8').trim().split('\n');
  return lines.map((line, index) => {
    const [customer = '', date = '', units = '', dollars = ''] = line.split(',');
    const numbers = new Map([
      ['units', Number(units)],
      ['dollars', Number(dollars)],
    ]);
    return {
      actor: `u:${customer}`,
      messageId: `cdnow:${index}`,
      tieHash: BigInt(index),
      name: 'Purchase',
      isAction: true,
      timeMs: Date.UTC(Number(date.slice(0, 4)), Number(date.slice(4, 6)) - 1, Number(date.slice(6, 8))),
      get: ([root, property = '']) => (root === 'properties' ? numbers.get(property) : undefined),
    };
  });
}
