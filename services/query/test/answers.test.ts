// Every path of the API over the sample's own definitions and events: real folds, real answers, checked against the schemas that will become the contract.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cabinetHistory } from '@tidemark/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { KIND_PATHS } from '../src/kinds.ts';
import { metricBody, metricsBody, problemBodySchema, readyBody, setsBody } from '../src/schemas/catalogue.ts';
import { createServedWorld, NOW_MS, type ServedWorld, setOf } from './served-world.ts';

const file = join(import.meta.dirname, '../../../schemas/metrics/auto-cabinet.yaml');
const set = setOf(readFileSync(file, 'utf8'), file);
let world: ServedWorld;

beforeAll(async () => {
  world = await createServedWorld({ set, events: cabinetHistory({ seed: 7, people: 60, days: 45, events: 2_500, endMs: NOW_MS }) });
}, 30_000);

async function getBody<S extends z.ZodType>(schema: S, url: string, status = 200): Promise<z.output<S>> {
  const response = await world.get(url);
  if (response.status !== status) throw new Error(`${url} answered ${response.status}: ${response.text}`);
  return schema.parse(JSON.parse(response.text));
}

describe('every metric of the sample', () => {
  const asked = set.metrics.flatMap((metric) => {
    const url = `/v1/${KIND_PATHS[metric.kind].path}/${metric.id}`;
    const [slice] = metric.slices.flat();
    const sliced = slice === undefined ? [] : [`${url}?slice=${slice}`, `${url}?slice=${slice}&limit=1`, `${url}?slice=${slice}&value=app`];
    const buckets = metric.kind === 'funnel' ? [`${url}?by=bucket`, `${url}?by=bucket&slice=${slice}`] : [];
    return [url, ...sliced, ...buckets].map((path) => ({ path, kind: metric.kind }));
  });

  it.each(asked)('answers as its schema says: $path', async ({ path, kind }) => {
    const body = await getBody(KIND_PATHS[kind].body, path);
    expect(body.asOf).toMatchObject({ source: 'redis', stale: false, halted: [] });
    expect(body.unit).toBe(set.metrics.find(({ id }) => id === body.metric)?.unit);
  });

  it.each(asked)('answers as CSV with one row a cell: $path', async ({ path }) => {
    const response = await world.get(path, { accept: 'text/csv' });
    expect(response.headers['content-type']).toBe('text/csv; charset=utf-8; header=present');
    const rows = response.text.trimEnd().split('\r\n');
    const columns = rows[0]?.split(',').length ?? 0;
    expect(rows.length).toBeGreaterThan(1);
    expect(rows.every((row) => row.split(',').length === columns)).toBe(true);
  });
});

describe('figures', () => {
  it('of a funnel and its CSV are the same', async () => {
    const { steps = [] } = await getBody(KIND_PATHS.funnel.body, '/v1/funnels/booking_funnel');
    const csv = (await world.get('/v1/funnels/booking_funnel', { accept: 'text/csv' })).text.split('\r\n').slice(1, -1);
    expect(steps[0]?.entries).toBeGreaterThan(0);
    expect(csv).toEqual(
      steps.map(({ step, name, uniques, entries, ofFirst, ofPrevious, fromPrevious, fromFirst }) => {
        const times = [fromPrevious, fromFirst].flatMap(({ mean, p50, p90 }) => [mean, p50, p90]);
        return ['range', '', 'false', step, name, uniques, entries, ofFirst, ofPrevious, fromFirst.n, ...times].map((cell) => cell ?? '').join(',');
      }),
    );
  });

  it('of a retention start with the size and follow with the columns of the definition', async () => {
    const { cohorts } = await getBody(KIND_PATHS.retention.body, '/v1/retention/newcomer_retention?from=2026-10-10&to=2026-10-10');
    expect(cohorts.map(({ cohort, cells }) => [cohort, cells.map(({ k }) => k)])).toEqual([['2026-10-10', [1, 7, 14, 30, 60, 90]]]);
  });

  it('of an activation say how many did all of it, which condition is missing most, and how long it took', async () => {
    const { cohorts, overall } = await getBody(KIND_PATHS.activation.body, '/v1/activation/north_star?from=2026-10-12&to=2026-11-16');
    const filled = cohorts.filter(({ activated }) => activated > 0);
    expect(filled.length).toBeGreaterThan(0);
    for (const { size, activated, conditions, activatedBy, time } of cohorts) {
      expect(conditions.map(({ name }) => name)).toEqual(['booked', 'Video Report Viewed', 'Offer Opened']);
      for (const { met } of conditions) expect(met >= activated && met <= size).toBe(true);
      expect(activatedBy?.map(({ k }) => k)).toEqual([0, 1, 2, 3, 4]);
      expect(activatedBy?.at(-1)?.activated).toBe(activated);
      expect(time.n).toBe(activated);
      expect(time.histogram.reduce((sum, { n }) => sum + n, 0)).toBe(activated);
    }
    expect(overall).toHaveLength(1);
  });

  it('of slices add up where values exclude each other', async () => {
    const total = await getBody(KIND_PATHS.kpi.body, '/v1/kpis/bookings');
    const sliced = await getBody(KIND_PATHS.kpi.body, '/v1/kpis/bookings?slice=channel');
    const sum = 'slices' in sliced ? sliced.slices.reduce((all, slice) => all + Number(slice.total), 0) : 0;
    expect('total' in total && total.total).toBe(sum);
    expect(sum).toBeGreaterThan(0);
  });

  it('of a sum travel as text and carry target and owner', async () => {
    const body = await getBody(KIND_PATHS.kpi.body, '/v1/kpis/order_amount');
    expect(body).toMatchObject({ owner: 'lilit@dealer.example', target: { value: 2_000_000, per: 'day', direction: 'up' } });
    expect('total' in body && body.total).toMatch(/^\d+\.\d\d$/);
  });

  it('of a range that ends in the future are there, and not complete', async () => {
    const body = await getBody(KIND_PATHS.kpi.body, '/v1/kpis/bookings?from=2026-11-20&to=2026-12-01');
    expect('buckets' in body && body.buckets.slice(-1)).toEqual([{ bucket: '2026-12-01', value: 0, count: 0, complete: false }]);
  });
});

describe('definitions', () => {
  it('are listed in words, with owner, revision, slices, freshness and the path that answers', async () => {
    const { metrics } = await getBody(metricsBody, '/v1/metrics');
    expect(metrics.map(({ id }) => id)).toEqual(set.metrics.map(({ id }) => id));
    const amount = metrics.find(({ id }) => id === 'order_amount');
    expect(amount).toMatchObject({ kind: 'kpi', title: 'Order amount', set: 'auto-cabinet', freshness: 30, path: '/v1/kpis/order_amount' });
    expect(amount?.definition).toContain('sum of amount');
    expect(amount?.slices.find(({ name }) => name === 'channel')).toEqual({
      name: 'channel',
      open: false,
      values: ['app', 'web', 'call_centre', '$other'],
    });
    expect(amount?.slices.find(({ name }) => name === 'device')).toEqual({ name: 'device', open: true, values: null });
  });

  it('of one metric list the values that an open slice has shown', async () => {
    const { slices } = await getBody(metricBody, '/v1/metrics/bookings');
    expect(slices.map(({ name }) => name)).toEqual(['channel', 'segment', 'purchases']);
    const cabinet = await getBody(metricBody, '/v1/metrics/cabinet_retention');
    expect(cabinet.slices.find(({ name }) => name === 'device')?.values).toEqual(expect.arrayContaining([expect.any(String)]));
  });

  it('of the sets name lineage, board and where the set stands', async () => {
    const { sets } = await getBody(setsBody, '/v1/sets');
    expect(sets).toMatchObject([{ name: 'auto-cabinet', lineage: world.lineage, board: set.board, asOf: { source: 'redis', stale: false } }]);
  });
});

describe('operations', () => {
  it('are live and ready, with every store and partition', async () => {
    expect(await world.get('/livez')).toMatchObject({ status: 200, text: 'ok\n' });
    const { ready, checks, details } = await getBody(readyBody, '/readyz');
    expect([ready, checks.map(({ name, ok }) => `${name} ${ok}`)]).toEqual([true, ['redis true', 'clickhouse true', 'set auto-cabinet true']]);
    expect(details.sets[0]?.partitions).toMatchObject([{ partition: 0, source: 'redis', halted: null }, { partition: 1 }]);
  });

  it('count requests by route and status, store reads, and answers that were kept', async () => {
    await world.get('/v1/kpis/bookings');
    await world.get('/v1/kpis/bookings');
    const { text } = await world.get('/metrics');
    expect(text).toMatch(/tidemark_http_requests_total\{route="\/v1\/kpis\/:id",method="GET",status="200"\} \d+/);
    expect(text).toMatch(/tidemark_http_request_duration_seconds_bucket\{le="0.001",route="\/v1\/kpis\/:id"\} \d+/);
    expect(text).toMatch(/tidemark_store_reads_total\{store="redis",method="read",outcome="ok"\} \d+/);
    expect(text).toMatch(/tidemark_answers_total\{cache="hit"\} \d+/);
  });
});

describe('errors', () => {
  const cases = [
    ['/v1/kpis/nothing', 404, 'unknown_metric', '/path/id', 'no metric is called "nothing"'],
    ['/v1/metrics/nothing', 404, 'unknown_metric', '/path/id', '"nothing"'],
    ['/v1/activation/nothing', 404, 'unknown_metric', '/path/id', '"nothing"'],
    ['/v1/retention/booking_funnel', 404, 'wrong_kind', '/path/id', 'booking_funnel is of kind funnel: it is answered at /v1/funnels/booking_funnel'],
    ['/v1/activation/bookings', 404, 'wrong_kind', '/path/id', '/v1/kpis/bookings'],
    ['/v1/kpis/bookings?frm=2026-11-01', 400, 'bad_parameter', '/query/frm', 'did you mean from?'],
    ['/v1/kpis/bookings?by=bucket', 400, 'bad_parameter', '/query/by', 'unknown parameter'],
    ['/v1/kpis/bookings?from=2026-11-01&from=2026-11-02', 400, 'bad_parameter', '/query/from', 'given more than once'],
    ['/v1/kpis/bookings?slice=channel&limit=0', 400, 'bad_parameter', '/query/limit', 'from 1 to 1000'],
    ['/v1/kpis/bookings?slice=channel&limit=1e3', 400, 'bad_parameter', '/query/limit', 'from 1 to 1000'],
    ['/v1/funnels/booking_funnel?by=day', 400, 'bad_parameter', '/query/by', 'expected bucket'],
    ['/v1/metrics?x=1', 400, 'bad_parameter', '/query/x', 'takes none'],
    ['/v1/kpis/bookings?from=yesterday', 400, 'bad_range', '/query/from', 'names no day of Asia/Yerevan'],
    ['/v1/kpis/bookings?from=2026-11-02&to=2026-11-01', 400, 'bad_range', '/query/from', 'from 2026-11-02 lies after to 2026-11-01'],
    ['/v1/kpis/bookings?from=2020-01-01', 400, 'bad_range', '/query/from', 'at most 1000'],
    ['/v1/kpis/bookings?from=1960-01-01&to=1960-01-02', 400, 'bad_range', '/query/from', 'before 1970'],
    ['/v1/retention/newcomer_weeks?from=2026-11-04', 400, 'bad_range', '/query/from', 'the week that contains that date is 2026-11-02'],
    ['/v1/kpis/bookings?slice=device', 400, 'bad_slice', '/query/slice', 'it has channel, segment, purchases'],
    ['/v1/kpis/bookings?value=app', 400, 'bad_slice', '/query/value', 'needs the slice'],
    ['/v1/retention/cabinet_retention?slice=device&limit=1000', 400, 'too_large', '/query/limit', 'smaller limit'],
    ['/v1/nothing', 404, 'unknown_path', null, 'nothing is at "/v1/nothing"'],
    ['/v1/kpis/%E0%A4%A', 400, 'bad_request', null, 'percent-encoded'],
    [`/v1/kpis/bookings?value=${'x'.repeat(5_000)}`, 414, 'url_too_long', null, '4096'],
  ] as const;

  it.each(cases)('are problem+json that names what is wrong: %s', async (url, status, code, pointer, detail) => {
    const response = await world.get(url);
    const problem = problemBodySchema.parse(response.json());
    expect([response.status, response.headers['content-type']]).toEqual([status, 'application/problem+json; charset=utf-8']);
    expect(problem).toMatchObject({ status, code });
    expect(problem.detail).toContain(detail);
    expect(problem.errors?.[0]?.pointer ?? null).toBe(pointer);
  });

  it('name all wrong parameters at once', async () => {
    const { errors } = problemBodySchema.parse((await world.get('/v1/kpis/bookings?a/b=1&limit=x&slice=')).json());
    expect(errors?.map(({ pointer }) => pointer).sort()).toEqual(['/query/a~1b', '/query/limit', '/query/slice']);
  });

  it('refuse other methods, other types and bodies', async () => {
    expect(await world.send({ method: 'POST', url: '/v1/metrics', payload: { a: 1 } })).toMatchObject({
      statusCode: 405,
      headers: { allow: 'GET, HEAD' },
    });
    expect(await world.send({ method: 'DELETE', url: '/v1/kpis/bookings' })).toMatchObject({ statusCode: 405 });
    expect((await world.get('/v1/kpis/bookings', { accept: 'application/xml' })).json()).toMatchObject({ status: 406, code: 'not_acceptable' });
    expect((await world.get('/v1/metrics', { accept: 'text/csv' })).status).toBe(406);
    expect(
      (await world.send({ method: 'POST', url: '/v1/metrics', headers: { 'content-type': 'application/json' }, payload: 'x'.repeat(5_000) }))
        .statusCode,
    ).toBeLessThan(500);
  });

  it('answer HEAD like GET, without the body', async () => {
    const response = await world.send({ method: 'HEAD', url: '/v1/kpis/bookings' });
    expect([response.statusCode, response.body, response.headers['etag']]).toEqual([200, '', expect.stringMatching(/^".{32}"$/)]);
  });

  it('are each explained in schemas/query/README.md', () => {
    const text = readFileSync(join(import.meta.dirname, '../../../schemas/query/README.md'), 'utf8');
    const documented = [...text.matchAll(/^\| `(\w+)` +\| \d{3} /gm)].map(([, code]) => code);
    expect(documented.sort()).toEqual(Object.keys(problemBodySchema.shape.code.enum).sort());
  });
});
