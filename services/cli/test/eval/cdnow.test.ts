/** The CDNOW purchase log through `eval`: the known figures (Fader and Hardie), to the last unit, where the file is at hand. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCommandLine } from '../../src/command-line.ts';
import { captureOutput } from '../captured-output.ts';

const root = resolve(import.meta.dirname, '../../../..');
const file = resolve(root, '../shared/data/cdnow.csv.gz');
const range = 'from=1997-01-01&to=1998-06-01';

describe('CDNOW', { timeout: 60_000 }, () => {
  it('gives the known figures', async ({ skip }) => {
    skip(!existsSync(file), 'data/cdnow.csv.gz is not beside the project; the sample in eval.test.ts stands in');
    const output = captureOutput();
    const paths = ['kpis/purchases', 'kpis/units', 'kpis/dollars', 'retention/month_retention', 'funnels/second_purchase', 'activity/buyers'];
    const code = await runCommandLine(
      [
        'eval',
        ...['--metrics', resolve(root, 'schemas/metrics/cdnow.yaml')],
        ...['--events', file, '--map', "user=customer,event='Purchase',time=date:yyyymmdd"],
        ...paths.map((path) => `/v1/${path}?${range}`),
        '/v1/retention/day_retention?from=1997-01-01&to=1997-03-31',
      ],
      output,
    );
    expect(output.err()).toEqual([]);
    expect(code).toBe(0);
    const [purchases, units, dollars, months, funnel, buyers, days] = output.out().map((line) => JSON.parse(line));
    expect([purchases.total, units.total, dollars.total]).toEqual([69_659, '167881', '2500315.63']);
    expect(dollars.notes).toEqual({ late: 0, capped: 0, overflow: false, unreadable: 0 });
    expect(purchases.asOf).toMatchObject({ positions: { '0': '69659' }, watermark: '1998-06-30T00:00:00.000Z' });
    type Cohort = { size: number; cells: { retained: number; onOrAfter: number }[] };
    const cohorts: Cohort[] = months.cohorts;
    expect(cohorts.map(({ size }) => size)).toEqual([7_846, 8_476, 7_248, ...Array(15).fill(0)]);
    expect(cohorts.slice(0, 3).map(({ cells }) => cells.slice(0, 6).map(({ retained }) => retained))).toEqual([
      [1_157, 964, 810, 679, 736, 720],
      [1_312, 980, 783, 847, 786, 626],
      [1_032, 752, 756, 674, 564, 561],
    ]);
    expect(cohorts.slice(0, 3).map(({ cells }) => [0, 2, 5, 11].map((index) => cells[index]?.onOrAfter))).toEqual([
      [3_654, 3_140, 2_677, 1_741],
      [3_861, 3_337, 2_812, 1_757],
      [3_300, 2_828, 2_371, 1_356],
    ]);
    expect(funnel.steps.map(({ uniques }: { uniques: number }) => uniques)).toEqual([23_570, 6_748]);
    expect(buyers.uniques).toBe(23_570);
    const secondDays = days.cohorts.reduce((sum: number, { cells }: Cohort) => sum + (cells[0]?.onOrAfter ?? 0), 0);
    expect(secondDays).toBe(4_115);
  });
});
