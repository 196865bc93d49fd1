/** The worked example of growth that hides decay, as the service would answer it: totals that rise, cohorts that fall. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { mapHistory } from '@tidemark/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommandLine } from '../../src/command-line.ts';
import { captureOutput } from '../captured-output.ts';

const set = resolve(import.meta.dirname, '../../../../schemas/metrics/map-constructor.yaml');
/** Six whole months, May to October, and the running November; 50 people of the example are one here. */
const history = { seed: 11, scale: 50, months: 6, endMs: Date.UTC(2026, 10, 22) };
const months = 'from=2026-05-01&to=2026-10-01';
const paths = [
  `/v1/activity/active_makers?${months}`,
  `/v1/kpis/revenue?${months}`,
  `/v1/retention/month_cohorts?${months}`,
  `/v1/kpis/arpu_by_cohort?${months}&slice=joined`,
  `/v1/kpis/cac?${months}`,
  `/v1/activity/active_makers?${months}&slice=came`,
  `/v1/kpis/revenue?${months}&slice=came`,
  `/v1/kpis/arpu_by_cohort?${months}&slice=came`,
];

interface Figures {
  readonly total: string | number;
  readonly buckets: readonly { readonly value: string | number; readonly new: number; readonly ever: number; readonly active: number }[];
  readonly cohorts: readonly { readonly size: number; readonly cells: readonly { readonly retained: number; readonly complete: boolean }[] }[];
  readonly slices: readonly { readonly value: string; readonly total: number | string; readonly buckets: Figures['buckets'] }[];
}

let folder = '';
const answers: Figures[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidemark-cli-'));
  const file = join(folder, 'maps.ndjson');
  await writeFile(file, [...mapHistory(history)].map(({ value }) => `${value}\n`).join(''));
  const output = captureOutput();
  const code = await runCommandLine(['eval', '--metrics', set, '--events', file, ...paths], output);
  expect({ code, err: output.err() }).toEqual({ code: 0, err: [] });
  answers.push(...output.out().map((line): Figures => JSON.parse(line)));
}, 30_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

function answered(index: number): Figures {
  const answer = answers[index];
  if (answer === undefined) throw new Error(`no answer to ${paths[index]}`);
  return answer;
}

/** Whether each number is above the one before. */
function rises(numbers: readonly number[]): boolean {
  return numbers.every((number, index) => index === 0 || number > (numbers[index - 1] ?? number));
}

describe('growth', () => {
  it('more people come each month, and all of them together are more and more', () => {
    const { buckets } = answered(0);
    expect(buckets.map((bucket) => bucket.new)).toEqual([200, 300, 400, 500, 600, 700]);
    expect(buckets.map(({ ever }) => ever)).toEqual([200, 500, 900, 1400, 2000, 2700]);
    expect(rises(buckets.map(({ active }) => active))).toBe(true);
  });

  it('revenue rises each month', () => {
    expect(rises(answered(1).buckets.map(({ value }) => Number(value)))).toBe(true);
  });
});

describe('decay', () => {
  it('of each month’s cohort fewer stay than of the one before: 30 % after a month, falling to 15 %, two points worse each month', () => {
    const { cohorts } = answered(2);
    expect(cohorts.map(({ size, cells }) => [size, ...cells.filter(({ complete }) => complete).map(({ retained }) => retained)])).toEqual([
      [200, 60, 50, 40, 30],
      [300, 84, 69, 54, 39],
      [400, 104, 84, 64],
      [500, 120, 95],
      [600, 132],
      [700],
    ]);
    const rates = (k: number) => cohorts.map(({ size, cells }) => ((cells[k - 1]?.retained ?? 0) / size) * 100);
    expect(rates(1).map(Math.round).slice(0, 5)).toEqual([30, 28, 26, 24, 22]);
    expect(rates(4).map(Math.round).slice(0, 2)).toEqual([15, 13]);
  });

  it('of each month’s cohort a newcomer pays less over four months: 2.00, then 0.10 less each month', () => {
    const { slices } = answered(3);
    const arpu = new Map(slices.map(({ value, total }) => [value, Number(total)]));
    expect(['2026-05', '2026-06', '2026-07'].map((month) => arpu.get(month))).toEqual([2, 1.9, 1.8]);
  });

  it('each newcomer has cost 1.00, the last as the first', () => {
    expect(answered(4).buckets.map(({ value }) => value)).toEqual([1, 1, 1, 1, 1, 1]);
  });
});

describe('how people came is kept, though sessions and payments do not carry it', () => {
  const ways = ['moved', 'promo', 'standard'];

  it('everybody who ever came is under one of the three ways', () => {
    const { slices } = answered(5);
    expect(slices.map(({ value }) => value).sort()).toEqual(ways);
    const sums = (of: 'new' | 'ever' | 'active') =>
      answered(0).buckets.map((_, month) => slices.reduce((sum, { buckets }) => sum + (buckets[month]?.[of] ?? 0), 0));
    for (const of of ['new', 'ever', 'active'] as const) expect(sums(of)).toEqual(answered(0).buckets.map((bucket) => bucket[of]));
  });

  it('all that was paid was paid by people of one of them', () => {
    const { slices } = answered(6);
    expect(slices.map(({ value }) => value).sort()).toEqual(ways);
    expect(slices.reduce((sum, { total }) => sum + Number(total), 0)).toBeCloseTo(Number(answered(1).total), 2);
    expect(
      answered(7)
        .slices.filter(({ total }) => Number(total) > 0)
        .map(({ value }) => value)
        .sort(),
    ).toEqual(ways);
  });
});
