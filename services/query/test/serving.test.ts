// How answers travel: tags, forms, stores that go away, hostile values, limits and the pages.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { createServedWorld, type ServedWorld, setOf, trackOf, type WorldOptions } from './served-world.ts';

const SET = setOf(`
name: shop
dimensions:
  channel: { property: channel, max: 200 }
metrics:
  - { id: purchases, kind: kpi, measure: { count: Purchase }, slice: [channel] }
  - { id: amount, kind: kpi, measure: { sum: Purchase, property: amount }, slice: [channel] }
  - { id: people, kind: activity, event: "*", slice: [channel] }
  - { id: repeat, kind: retention, start: Purchase, return: Purchase, columns: 2, brackets: [[0, 1]], slice: [channel] }
  - { id: path, kind: funnel, steps: [Purchase, "=HYPERLINK(1)"], window: 1d, slice: [channel] }
`);

const HOSTILE = [
  '=HYPERLINK("http://evil.example","x")',
  '+1+1',
  '-2+3',
  '@SUM(A1)',
  '\t=1',
  '\r\n=1',
  '＝1',
  'a,b;"c"\nd',
  '<script>alert(1)</script>',
  "'; DROP TABLE cells; --",
  '__proto__',
  'constructor',
  '$rest',
  '{"a":1}',
  '\u0000nul',
  '\u202egnp.exe',
  '../../etc/passwd',
  '%00%0a',
  ' spaced ',
  '😀',
  '',
];

let messages = 0;
function purchase(userId: string, channel: string, amount: unknown = 1): ReturnType<typeof trackOf> {
  return trackOf('Purchase', userId, { timestamp: '2026-11-21T12:00:00Z', messageId: `m${messages++}`, properties: { channel, amount } });
}

function worldOf(options: Partial<WorldOptions> = {}): Promise<ServedWorld> {
  return createServedWorld({
    set: SET,
    events: [purchase('ann', 'ads', 2.5), purchase('bob', 'web', '3'), purchase('cid', 'ads', -7.25)],
    ...options,
  });
}

let world: ServedWorld;
beforeEach(async () => {
  world = await worldOf();
});

describe('a tag', () => {
  it('saves the answer while no partition has moved, and changes when one has', async () => {
    const first = await world.get('/v1/kpis/purchases');
    const etag = String(first.headers['etag']);
    expect([first.status, first.headers['cache-control'], first.headers['vary']]).toEqual([200, 'no-cache', 'accept']);
    const kept = await world.get('/v1/kpis/purchases', { 'if-none-match': `"other", W/${etag}` });
    expect([kept.status, kept.text, kept.headers['etag']]).toEqual([304, '', etag]);
    world.fold([purchase('dan', 'ads')]);
    await world.publish();
    world.clock.advance(1_000);
    const moved = await world.get('/v1/kpis/purchases', { 'if-none-match': etag });
    expect([moved.status, moved.json()['total'], moved.headers['etag'] === etag]).toEqual([200, 4, false]);
  });

  it('differs between questions and between JSON and CSV', async () => {
    const asked: [string, Record<string, string>][] = [
      ['/v1/kpis/purchases', {}],
      ['/v1/kpis/purchases', { accept: 'text/csv' }],
      ['/v1/kpis/purchases?to=2026-11-20', {}],
      ['/v1/kpis/purchases?slice=channel', {}],
      ['/v1/kpis/purchases?slice=channel&limit=1', {}],
      ['/v1/kpis/purchases?slice=channel&value=ads', {}],
      ['/v1/kpis/amount', {}],
    ];
    const tags = await Promise.all(asked.map(async ([url, headers]) => (await world.get(url, headers)).headers['etag']));
    expect(new Set(tags).size).toBe(asked.length);
  });

  it('covers the definitions too', async () => {
    const { headers } = await world.get('/v1/metrics');
    expect((await world.get('/v1/metrics', { 'if-none-match': String(headers['etag']) })).status).toBe(304);
  });
});

describe('a store that is away', () => {
  it('leaves the figures as they are and the source honest, then 503 with Retry-After, then recovery', async () => {
    const before = await world.get('/v1/kpis/purchases');
    world.stores.redis.intercept = () => 'lose';
    world.clock.advance(1_000);
    const fallen = await world.get('/v1/kpis/purchases');
    expect(fallen.json()).toMatchObject({ total: 3, asOf: { source: 'clickhouse' } });
    expect(fallen.headers['etag']).toBe(before.headers['etag']);
    world.stores.clickhouse.intercept = () => 'lose';
    world.clock.advance(2_000);
    const down = await world.get('/v1/kpis/purchases');
    expect([down.status, down.headers['retry-after']]).toEqual([503, '1']);
    expect(down.json()).toMatchObject({ code: 'unavailable', detail: 'neither Redis nor ClickHouse answers' });
    expect((await world.get('/readyz')).json()).toMatchObject({
      ready: false,
      checks: [{ name: 'redis', ok: false }, { name: 'clickhouse', ok: false }, { ok: false }],
    });
    expect((await world.get('/livez')).status).toBe(200);
    expect(await world.get('/v1/metrics')).toMatchObject({ status: 200 });
    expect((await world.get('/v1/metrics/purchases')).json()).toMatchObject({ slices: [{ name: 'channel', open: true, values: null }] });
    expect((await world.get('/v1/sets')).json()).toMatchObject({ sets: [{ asOf: null }] });
    world.stores.redis.intercept = undefined;
    world.clock.advance(1_000);
    expect((await world.get('/v1/kpis/purchases')).json()).toMatchObject({ total: 3, asOf: { source: 'redis' } });
  });

  it('stays ready on the other one, and says which is away', async () => {
    world.stores.redis.intercept = () => 'lose';
    const response = await world.get('/readyz');
    expect(response.status).toBe(200);
    expect(response.json()).toMatchObject({
      ready: true,
      checks: [{ name: 'redis', ok: false, detail: 'heads: lost on its way' }, { ok: true }, { ok: true }],
    });
  });

  it('is not ready before every partition has published', async () => {
    world.stores.redis.wipe();
    world.stores.clickhouse.wipe();
    const response = await world.get('/readyz');
    expect(response.status).toBe(503);
    expect(response.json()).toMatchObject({
      ready: false,
      checks: [{ ok: true }, { ok: true }, { ok: false, detail: 'nothing to answer from for partitions 0, 1' }],
    });
    expect((await world.get('/v1/kpis/purchases')).json()).toMatchObject({ code: 'unavailable', detail: 'partition 0 has published nothing yet' });
  });

  it('names halted partitions in answers and readiness, and goes on answering', async () => {
    await world.publish({ halted: 'the log was rewritten' });
    const { asOf } = (await world.get('/v1/kpis/purchases')).json();
    expect(asOf).toMatchObject({ halted: [{ partition: 0, reason: 'the log was rewritten' }, { partition: 1 }] });
    expect((await world.get('/readyz')).json()).toMatchObject({
      ready: true,
      details: { sets: [{ partitions: [{ halted: 'the log was rewritten' }, {}] }] },
    });
    const csv = await world.get('/v1/kpis/purchases', { accept: 'text/csv' });
    expect(JSON.parse(String(csv.headers['tidemark-as-of']))).toMatchObject({ lineage: world.lineage, halted: [{ partition: 0 }, { partition: 1 }] });
  });

  it('fails inside without telling the asker what only the log should know', async () => {
    world.stores.redis.intercept = ({ method }) => {
      if (method === 'read') throw new TypeError('planted secret');
      return 'apply';
    };
    const response = await world.get('/v1/kpis/purchases');
    expect(response.json()).toMatchObject({ status: 500, code: 'internal', requestId: expect.stringMatching(/^req-/) });
    expect(response.text).not.toContain('planted');
    expect(world.logLines.join('')).toContain('planted secret');
  });

  it('that never answers ends in a 503 before the asker gives up', async () => {
    const slow = await worldOf({ answerTimeoutMs: 50 });
    slow.stores.redis.intercept = () => new Promise<never>(() => {});
    const response = await slow.get('/v1/kpis/purchases');
    expect([response.status, response.json()['code'], response.headers['retry-after']]).toEqual([503, 'timeout', '1']);
  });
});

describe('hostile values', () => {
  beforeEach(async () => {
    world.fold(HOSTILE.flatMap((channel, index) => Array.from({ length: index + 2 }, (_, copy) => purchase(`u${copy}`, channel))));
    await world.publish();
  });

  it('come back as they went in, each by its own question', async () => {
    for (const [index, value] of HOSTILE.entries()) {
      for (const path of ['kpis/purchases', 'activity/people', 'retention/repeat', 'funnels/path']) {
        const response = await world.get(`/v1/${path}?slice=channel&value=${encodeURIComponent(value)}`);
        expect([value, response.status]).toEqual([value, 200]);
        if (path === 'kpis/purchases') expect(response.json()).toMatchObject({ slices: [{ value, total: index + 2 }] });
        if (path === 'funnels/path')
          expect(response.json()).toMatchObject({ slices: [{ value, steps: [{ uniques: null, entries: index + 2 }, { name: '=HYPERLINK(1)' }] }] });
      }
    }
  });

  it('are listed, largest first, with the rest folded', async () => {
    const { slices } = (await world.get('/v1/kpis/purchases?slice=channel&limit=3')).json();
    expect(slices).toMatchObject([{ value: '', total: HOSTILE.length + 1 }, { value: '😀' }, { value: ' spaced ' }, { value: '$rest' }]);
  });

  it('never become formulas in a CSV, while negative figures stay numbers', async () => {
    for (const path of ['kpis/purchases', 'kpis/amount', 'activity/people', 'retention/repeat', 'funnels/path']) {
      const { status, text } = await world.get(`/v1/${path}?slice=channel&limit=100&from=2026-11-21`, { accept: 'text/csv' });
      expect(status).toBe(200);
      for (const field of fieldsOf(text)) expect(field).not.toMatch(/^[\s\p{Cc}]*[=+@＝]|^[\t\r\n]|^-(?!\d+(\.\d+)?$)/u);
    }
    const { text } = await world.get('/v1/kpis/amount?from=2026-11-21&slice=channel&value=ads', { accept: 'text/csv' });
    expect(text).toBe('part,slice_value,bucket,value,count,complete\r\nbucket,ads,2026-11-21,-4.75,2,false\r\ntotal,ads,,-4.75,,\r\n');
    const quoted = await world.get(`/v1/kpis/purchases?from=2026-11-21&slice=channel&value=${encodeURIComponent('a,b;"c"\nd')}`, {
      accept: 'text/csv',
    });
    expect(quoted.text).toContain('bucket,"a,b;""c""\nd",2026-11-21,');
  });

  it('have a row for each column and each bracket of a cohort', async () => {
    const { text } = await world.get('/v1/retention/repeat?from=2026-11-21&slice=channel&value=ads', { accept: 'text/csv' });
    expect(text.split('\r\n').slice(0, 4)).toEqual([
      'part,slice_value,cohort,k,k_to,size,retained,rate,on_or_after,complete,closes_at,low,high,cohorts',
      'cohort,ads,2026-11-21,1,,2,0,0,0,false,2026-11-30T00:00:00.000Z,,,',
      'cohort,ads,2026-11-21,2,,2,0,0,0,false,2026-12-01T00:00:00.000Z,,,',
      'bracket,ads,2026-11-21,0,1,2,0,0,,false,,,,',
    ]);
  });

  it('leave the columns of their kind when nothing was seen in the range', async () => {
    const headOf = async (path: string) => (await world.get(`/v1/${path}?slice=channel&to=2020-01-01`, { accept: 'text/csv' })).text;
    expect(await headOf('kpis/purchases')).toBe('part,slice_value,bucket,value,count,complete\r\n');
    expect(await headOf('activity/people')).toMatch(/^part,slice_value,bucket,complete,active,[^\n]+\r\n$/);
  });

  it('as metric ids and paths are unknown, and echoed only as JSON', async () => {
    for (const value of HOSTILE.filter((text) => text !== '')) {
      const response = await world.get(`/v1/kpis/${encodeURIComponent(value)}`);
      expect([404, 400]).toContain(response.status);
      expect(response.headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'content-type': 'application/problem+json; charset=utf-8' });
    }
  });
});

describe('the door', () => {
  it('opens only to the names of this machine', async () => {
    for (const host of ['127.0.0.1:8080', 'localhost', '[::1]:8080', '127.8.9.1']) expect((await world.get('/livez', { host })).status).toBe(200);
    for (const host of ['evil.example', 'localhost.evil.example', '10.0.0.1', '127.0.0.1.evil.example']) {
      expect((await world.get('/v1/metrics', { host })).json()).toMatchObject({ status: 421, code: 'wrong_host' });
    }
  });

  it('opens to any name where remote askers are allowed', async () => {
    const open = await worldOf({ loopbackHostsOnly: false });
    expect((await open.get('/v1/metrics', { host: 'tidemark.example' })).status).toBe(200);
  });

  it('sets the security headers on every kind of answer', async () => {
    for (const url of ['/v1/metrics', '/v1/kpis/purchases', '/v1/nothing', '/v1/kpis/%E0%A4%A', '/livez']) {
      const { headers } = await world.get(url);
      expect([url, headers['content-security-policy']]).toEqual([url, expect.stringMatching(/^default-src 'self'/)]);
      expect([url, headers['x-content-type-options']]).toEqual([url, 'nosniff']);
    }
  });
});

describe('the pages', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-pages-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('are served from their folder and from nowhere else', async () => {
    writeFileSync(join(folder, 'index.html'), '<!doctype html><title>t</title>');
    writeFileSync(join(folder, '.hidden'), 'secret');
    const served = await worldOf({ dashboardFolder: folder });
    const page = await served.get('/');
    expect([page.status, page.headers['content-type'], page.text]).toEqual([200, 'text/html; charset=utf-8', '<!doctype html><title>t</title>']);
    expect(page.headers['content-security-policy']).toContain("default-src 'self'");
    for (const url of ['/.hidden', '/../package.json', '/%2e%2e/package.json', '/..%2fpackage.json', '/nothing.js']) {
      expect([url, [400, 403, 404].includes((await served.get(url)).status)]).toEqual([url, true]);
    }
  });
});

describe('the pages for browsers', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-pages-'));
  const html = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
  afterAll(() => rmSync(folder, { recursive: true }));

  it('answer to addresses of their own, which stay unknown paths for everybody else', async () => {
    writeFileSync(join(folder, 'index.html'), '<!doctype html><title>t</title>');
    const served = await worldOf({ dashboardFolder: folder });
    for (const url of ['/figure/purchases?last=90', '/board/shop']) expect((await served.get(url, html)).text).toContain('<title>t</title>');
    for (const url of ['/figure/purchases', '/board/shop']) expect((await served.get(url)).json()).toMatchObject({ code: 'unknown_path' });
    for (const url of ['/v1/nothing', '/assets/gone.js']) expect((await served.get(url, html)).json()).toMatchObject({ code: 'unknown_path' });
  });

  it('keep for ever what is named by its content, and ask for the page each time', async () => {
    mkdirSync(join(folder, 'assets'));
    writeFileSync(join(folder, 'assets/index-Bvsna_-w.css'), 'a{}');
    const served = await worldOf({ dashboardFolder: folder });
    expect((await served.get('/assets/index-Bvsna_-w.css')).headers['cache-control']).toBe('public, max-age=31536000, immutable');
    expect((await served.get('/')).headers['cache-control']).toBe('no-cache');
  });

  it('say how to make them where they are not built', async () => {
    expect((await world.get('/')).text).toContain('npm run -w @tidemark/dashboard build');
    expect((await world.get('/')).status).toBe(200);
  });
});

/** The fields of a CSV text, unquoted. */
function fieldsOf(text: string): string[] {
  return [...text.matchAll(/(?:^|,|\r\n)(?:"((?:[^"]|"")*)"|([^,"\r\n]*))/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '',
  );
}
