/** `eval` on a small file whose figures were computed by hand, and what it does with paths. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommandLine } from '../../src/command-line.ts';
import { captureOutput } from '../captured-output.ts';

const cdnow = resolve(import.meta.dirname, '../../../../schemas/metrics/cdnow.yaml');
const sample = resolve(import.meta.dirname, '../data/purchases-sample.csv');
const purchase = "user=customer,event='Purchase',time=date:yyyymmdd";
const months = 'from=1997-01-01&to=1997-05-01';

async function evaluate(...args: string[]) {
  const output = captureOutput();
  const code = await runCommandLine(['eval', ...args], output, stdinOf('/v1/kpis/units?from=1997-01-01\n\n/v1/kpis/purchases?from=1997-01-01'));
  return { code, err: output.err(), bodies: output.out().map((line) => JSON.parse(line)) };
}

async function* stdinOf(text: string): AsyncGenerator<Buffer> {
  for (let at = 0; at < text.length; at += 11) yield Buffer.from(text.slice(at, at + 11));
}

async function bodyOf(path: string, ...more: string[]) {
  const { code, err, bodies } = await evaluate('--metrics', cdnow, '--events', sample, '--map', purchase, ...more, path);
  expect(err).toEqual([]);
  expect(code).toBe(0);
  expect(bodies).toHaveLength(1);
  return bodies[0];
}

describe('figures of a sample of ten purchases', () => {
  it('counts and sums', async () => {
    expect((await bodyOf(`/v1/kpis/purchases?${months}`)).total).toBe(10);
    expect((await bodyOf(`/v1/kpis/units?${months}`)).total).toBe('21');
    const dollars = await bodyOf(`/v1/kpis/dollars?${months}`);
    expect(dollars.total).toBe('282.03');
    expect(dollars.buckets.map(({ value }: { value: string }) => value)).toEqual(['121.53', '24.99', '130.51', '5.00', '0.00']);
  });

  it('retention on and on-or-after', async () => {
    const { cohorts } = await bodyOf(`/v1/retention/month_retention?${months}`);
    const figures = cohorts.map(({ size, cells }: { size: number; cells: { retained: number; onOrAfter: number }[] }) => [
      size,
      cells.slice(0, 4).map(({ retained }) => retained),
      cells.slice(0, 5).map(({ onOrAfter }) => onOrAfter),
    ]);
    expect(figures).toEqual([
      [3, [1, 0, 0, 1], [1, 1, 1, 1, 0]],
      [1, [1, 0, 0, 0], [1, 0, 0, 0, 0]],
      [1, [1, 0, 0, 0], [1, 0, 0, 0, 0]],
      [0, [0, 0, 0, 0], [0, 0, 0, 0, 0]],
      [0, [0, 0, 0, 0], [0, 0, 0, 0, 0]],
    ]);
  });

  it('the funnel counts a second purchase at the same instant, and one after exactly thirty days', async () => {
    const { steps } = await bodyOf(`/v1/funnels/second_purchase?${months}`);
    expect(steps.map(({ uniques, entries }: { uniques: number; entries: number }) => [uniques, entries])).toEqual([
      [5, 10],
      [3, 4],
    ]);
  });

  it('active, new and returning customers', async () => {
    const { buckets, uniques } = await bodyOf(`/v1/activity/buyers?${months}`);
    expect(uniques).toBe(5);
    expect(buckets.map((bucket: Record<string, number>) => [bucket['active'], bucket['new'], bucket['returning'], bucket['resurrecting']])).toEqual([
      [3, 3, 0, 0],
      [2, 1, 1, 0],
      [2, 1, 1, 0],
      [1, 0, 1, 0],
      [1, 0, 0, 1],
    ]);
  });
});

describe('what an answer is cut at', () => {
  it('is the last event', async () => {
    const { asOf } = await bodyOf('/v1/kpis/purchases');
    expect(asOf).toEqual({
      watermark: '1997-05-05T00:00:00.000Z',
      positions: { '0': '10' },
      publishedAt: '1997-05-05T00:00:00.000Z',
      source: 'eval',
      stale: false,
      halted: [],
    });
  });

  it('is --as-of, and later events do not exist', async () => {
    const { asOf, total, to } = await bodyOf('/v1/kpis/purchases', '--as-of', '1997-02-10');
    expect(asOf).toMatchObject({ watermark: '1997-02-10T00:00:00.000Z', positions: { '0': '5' } });
    expect({ total, to }).toEqual({ total: 5, to: '1997-02-01' });
  });

  it('closes cells by the watermark', async () => {
    const complete = async (...more: string[]) =>
      (await bodyOf('/v1/kpis/purchases?from=1997-04-01&to=1997-05-01', ...more)).buckets.map((bucket: { complete: boolean }) => bucket.complete);
    expect(await complete()).toEqual([false, false]);
    expect(await complete('--as-of', '1997-05-08')).toEqual([true, false]);
    expect(await complete('--as-of', '1997-06-08')).toEqual([true, true]);
  });
});

describe('arguments in any order', () => {
  const path = '/v1/kpis/purchases?from=1997-01-01';
  const orders: string[][] = [
    [path, '--metrics', cdnow, '--events', sample, '--map', purchase],
    ['--metrics', cdnow, path, '--events', sample, '--map', purchase],
    ['--metrics', cdnow, '--map', purchase, '--events', sample, path],
    [`--map=${purchase}`, `--events=${sample}`, `--metrics=${cdnow}`, path],
    ['--events', sample, '--metrics', cdnow, '--map', purchase, '--', path],
  ];
  it.each(orders.map((order, index) => ({ order, index })))('order $index', async ({ order }) => {
    const { code, err, bodies } = await evaluate(...order);
    expect(err).toEqual([]);
    expect(code).toBe(0);
    expect(bodies.map(({ metric, total }) => [metric, total])).toEqual([['purchases', 10]]);
  });

  it('answers come in the order of the paths, and - stands for the paths on stdin', async () => {
    const { bodies } = await evaluate('/v1/kpis/dollars', '--metrics', cdnow, '-', '--events', sample, '/v1/activity/buyers', '--map', purchase);
    expect(bodies.map(({ metric }) => metric)).toEqual(['dollars', 'units', 'purchases', 'buyers']);
  });

  it('one file given twice adds nothing: its ids are the same', async () => {
    const { bodies } = await evaluate('--metrics', cdnow, '--events', sample, sample, '--map', purchase, '/v1/kpis/purchases');
    expect(bodies[0]).toMatchObject({ total: 10, asOf: { positions: { '0': '20' } } });
  });
});

describe('questions that have no answer', () => {
  it.each([
    ['/v1/kpis/nobody', 'no metric is called "nobody"; known are purchases, units, dollars, month_retention, day_retention, buyers, second_purchase'],
    ['/v1/kpis/buyers', 'buyers is of kind activity: it answers at /v1/activity/buyers'],
    ['/v1/kpis/purchases?form=1997-01-01', 'unknown parameter "form": did you mean from?'],
    ['/v1/kpis/purchases?from=1997-01-01&from=1997-01-01', 'from is given twice'],
    ['/v1/kpis/purchases?from=1997-01-15', 'from "1997-01-15" names no month of UTC: the month that contains that date is 1997-01-01'],
    ['/v1/kpis/purchases?slice=shop', 'purchases is not sliced by "shop": it has none'],
    ['/v1/kpis/purchases?by=day', 'by=day: expected by=bucket'],
    ['/v1/kpis/purchases?slice=a&limit=0', 'limit "0": expected a whole number from 1 to 1000'],
    ['/v1/kpi/purchases', 'no such path: expected /v1/retention/{id}, /v1/funnels/{id}, /v1/activation/{id}, /v1/activity/{id}, /v1/kpis/{id}'],
  ])('%s', async (path, message) => {
    const { code, err, bodies } = await evaluate('--metrics', cdnow, '--events', sample, '--map', purchase, path, '/v1/kpis/purchases');
    expect(err).toEqual([`${path}: ${message}`]);
    expect(code).toBe(2);
    expect(bodies).toHaveLength(1);
  });

  it('an argument that is neither path nor file of a list is a usage error', async () => {
    const { code, err } = await evaluate('/v1/kpis/purchases', 'v1/kpis/purchases', '--metrics', cdnow, '--events', sample);
    expect(code).toBe(2);
    expect(err).toEqual(['v1/kpis/purchases is no path of the query service: expected one such as /v1/retention/ID']);
  });
});

describe('rows that make no event', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tidemark-cli-'));
    await writeFile(join(folder, 'bad.csv'), 'customer,date\n1,19970101\n2,never\n');
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('end it with 1 unless they may be left out', async () => {
    const args = ['--metrics', cdnow, '--events', join(folder, 'bad.csv'), '--map', purchase, '/v1/kpis/purchases'];
    const refused = await evaluate(...args);
    expect(refused.code).toBe(1);
    expect(refused.bodies).toEqual([]);
    expect(refused.err[0]).toBe(`${folder}/bad.csv:3  "never" is no time of the format yyyymmdd`);
    const skipped = await evaluate('--skip-bad', ...args);
    expect(skipped.code).toBe(0);
    expect(skipped.bodies[0].total).toBe(1);
  });
});
