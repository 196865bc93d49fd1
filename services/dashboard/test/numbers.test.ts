// Numbers, times and bucket names as people read them.
import { describe, expect, it } from 'vitest';
import { bucketAt, bucketLabel, bucketOfDate, lastBucketOfDate, stepped } from '../src/show/buckets.ts';
import { changeText, exact, percent, pointsText, rateInWords, sample, saysShare, short, sliceText } from '../src/show/numbers.ts';
import { closingText, duration, instantText } from '../src/show/times.ts';

/** Spaces of any width as plain ones. */
function plain(text: string): string {
  return text.replaceAll(/[\u2009\u202f]/g, ' ').replaceAll('\u2212', '-');
}

describe('numbers', () => {
  it.each([
    [0, '0'],
    [847, '847'],
    [1_204, '1 204'],
    [12_400, '12.4 k'],
    [999_499, '999 k'],
    [999_600, '1.00 M'],
    [1_240_000, '1.24 M'],
    [-1_240_000, '-1.24 M'],
    [2_500_000_000, '2.50 B'],
    [0.731, '0.731'],
    [85.23, '85.2'],
    ['1234.50', '1 235'],
    [null, '–'],
  ])('are short where they are glanced at: %s is %s', (value, words) => {
    expect(plain(short(value))).toBe(words === '0.731' ? '0.73' : words);
  });

  it.each([
    [1_204, '1 204'],
    ['2500315.63', '2 500 315.63'],
    ['-7.25', '-7.25'],
    [0.2761506, '0.276151'],
    [1_000_000, '1 000 000'],
    [null, '–'],
    ['=HYPERLINK(1)', '=HYPERLINK(1)'],
  ])('are exact in tables: %s is %s', (value, words) => {
    expect(plain(exact(value))).toBe(words);
  });

  it('are rates in per cent, with what they are made of', () => {
    expect(plain(percent(0.4123))).toBe('41.2 %');
    expect(plain(percent(-0.03))).toBe('-3.0 %');
    expect(plain(percent(0.00042))).toBe('0.042 %');
    expect(plain(sample(1_204))).toBe('(n = 1 204)');
    expect(plain(rateInWords(480, 1_200, { low: 0.372, high: 0.428 }))).toBe(
      '480 of 1 200 are 40.0000 %, between 37.2 % and 42.8 % with 95 % confidence',
    );
    expect(rateInWords(3, 10)).toContain('of fewer than 30: take it with care');
    expect(plain(rateInWords(0, 0))).toContain('0 of 0 are –');
  });

  it('tell changes by arrow and sign', () => {
    expect([0.041, -0.03, 0, null].map((change) => plain(changeText(change)))).toEqual(['▲ +4.1 %', '▼ -3.0 %', '= 0.0 %', '']);
    expect([0.02, -0.015, 0, null].map((change) => plain(pointsText(change)))).toEqual(['+2.0 pp', '-1.5 pp', '±0.0 pp', '–']);
  });

  it('name slice values, and shares by their titles', () => {
    expect([null, '', '$rest', '$other', 'ads', ['ads', '']].map(sliceText)).toEqual(['all', '(none)', 'the rest', 'other', 'ads', 'ads · (none)']);
    expect(['Click rate of offers', 'Churn', 'Shared maps', 'Revenue'].map(saysShare)).toEqual([true, true, false, false]);
  });
});

describe('times', () => {
  it.each([
    [11_520, '3 h 12 min'],
    [42, '42 s'],
    [0.42, '0.4 s'],
    [0, '0 s'],
    [90, '1 min 30 s'],
    [3_600, '1 h'],
    [3_599.6, '1 h'],
    [86_400 * 2 + 3_600 * 5, '2 d 5 h'],
    [86_400 * 40, '40 d'],
    [null, '–'],
  ])('have the two units that matter: %s s is %s', (seconds, words) => {
    expect(plain(duration(seconds))).toBe(words);
  });

  it('say until when a cell can change', () => {
    const nowMs = Date.UTC(2026, 10, 21, 15);
    expect(plain(closingText('2026-11-23T20:00:00Z', { timezone: 'Asia/Yerevan', nowMs }))).toBe('can change until 24 Nov 00:00 (in 2 d 5 h)');
    expect(instantText('2026-11-23T20:00:00Z', 'UTC')).toBe('23 Nov 20:00');
  });
});

describe('names of buckets', () => {
  const yerevan = { timezone: 'Asia/Yerevan', weekStart: 'monday' } as const;
  const berlin = { timezone: 'Europe/Berlin', weekStart: 'monday', unit: 'hour' } as const;

  it('are of the metric’s zone and unit', () => {
    const instant = Date.parse('2026-11-01T21:30:00Z');
    const names = (['hour', 'day', 'week', 'month'] as const).map((unit) => bucketAt(instant, { ...yerevan, unit }));
    expect(names).toEqual(['2026-11-02T01+04:00', '2026-11-02', '2026-11-02', '2026-11-01']);
    expect(bucketAt(instant, { timezone: 'UTC', weekStart: 'sunday', unit: 'week' })).toBe('2026-11-01');
    expect(bucketAt(Date.parse('2026-11-01T12:00:00Z'), { timezone: 'UTC', weekStart: 'monday', unit: 'hour' })).toBe('2026-11-01T12+00:00');
  });

  it('are stepped by whole units, over a change of the clock too', () => {
    expect(stepped('2026-11-02', -6, { ...yerevan, unit: 'day' })).toBe('2026-10-27');
    expect(stepped('2026-11-02', -2, { ...yerevan, unit: 'week' })).toBe('2026-10-19');
    expect(stepped('2026-01-01', -1, { ...yerevan, unit: 'month' })).toBe('2025-12-01');
    expect(stepped('2026-10-25T02+02:00', 1, berlin)).toBe('2026-10-25T02+01:00');
  });

  it('are found for a calendar date', () => {
    expect(bucketOfDate('2026-11-04', { ...yerevan, unit: 'week' })).toBe('2026-11-02');
    expect(bucketOfDate('2026-11-04', { ...yerevan, unit: 'month' })).toBe('2026-11-01');
    expect([bucketOfDate('2026-10-25', berlin), lastBucketOfDate('2026-10-25', berlin)]).toEqual(['2026-10-25T00+02:00', '2026-10-25T23+01:00']);
  });

  it('are told in words', () => {
    expect(bucketLabel('2026-11-02', 'day')).toBe('2 Nov');
    expect(bucketLabel('2026-11-02', 'week', { long: true })).toBe('week of 2 Nov 2026');
    expect(bucketLabel('2026-11-01', 'month')).toBe('Nov 2026');
    expect(bucketLabel('2026-11-02T15+04:00', 'hour')).toBe('15:00');
    expect(bucketLabel('nonsense', 'day')).toBe('nonsense');
  });
});
