// The door with keys: who gets in where, how often, from which pages; and that no key is ever written down.

import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { findKey, keyLine, keyOf, parseKeys } from '../src/access/keys.ts';
import { createTokenBuckets } from '../src/access/token-bucket.ts';
import { problemBodySchema } from '../src/schemas/catalogue.ts';
import { openApiDocument } from '../src/schemas/openapi.ts';
import { createServedWorld, setOf, trackOf, type WorldOptions } from './served-world.ts';

const set = setOf(`
name: shop
metrics:
  - { id: orders, kind: kpi, measure: { count: Ordered } }
  - { id: way, kind: funnel, steps: [Seen, Ordered] }
  - { id: back, kind: retention, start: Seen, return: Seen, columns: 2 }
  - { id: on, kind: activation, start: Seen, within: 1d, all: [Ordered] }
  - { id: people, kind: activity, event: "*" }
board: [orders]
`);
const KEY = keyOf(Buffer.alloc(32, 7));
const OTHER = keyOf(Buffer.alloc(32, 8));
const STRANGER = keyOf(Buffer.alloc(32, 9));

function keysOf(lines: string) {
  const outcome = parseKeys(lines);
  if (!outcome.ok) throw new Error(outcome.problems.join('\n'));
  return outcome.keys;
}

const INSPECTOR = keyOf(Buffer.alloc(32, 10));
const KEYS = keysOf(`${keyLine('analyst', KEY, ['read', 'inspect'])}\n${keyLine('wall', OTHER)}\n${keyLine('support', INSPECTOR, ['inspect'])}`);

function worldOf(access: WorldOptions['access'], options: Partial<WorldOptions> = {}) {
  const events = [trackOf('Ordered', 'ann', { timestamp: '2026-11-21T12:00:00Z', messageId: 'm' })];
  return createServedWorld({ set, events, access: { keys: KEYS, ...access }, ...options });
}

const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

describe('every path with every kind of key', () => {
  const ids: Readonly<Record<string, string>> = {
    kpis: 'orders',
    funnels: 'way',
    retention: 'back',
    activation: 'on',
    activity: 'people',
    metrics: 'orders',
  };
  const paths = Object.keys(openApiDocument()['paths'] ?? {}).map((path) =>
    path.endsWith('/live')
      ? // Answered before the stream begins, so that it ends.
        `${path}?${path === '/v1/live' ? 'metrics' : 'set'}=nothing`
      : path
          .replace('{set}', 'shop')
          .replace('{metric}/{actor}', 'orders/ann')
          .replace(/([a-z]+)\/\{id\}/, (_, room: string) => `${room}/${ids[room]}`),
  );
  const spellings = [
    '/v1',
    '/v1/',
    '/v1/nothing',
    '/v1/kpis/orders/',
    '/v1//metrics',
    '/%761/metrics',
    '/v1%2Fmetrics',
    '/V1/metrics',
    '//v1/metrics',
    '/v1/metrics?',
    '/./v1/metrics',
  ];
  const presented: readonly (readonly [string, Record<string, string>, boolean | 'read' | 'inspect'])[] = [
    ['no key', {}, false],
    ['a key for everything', bearer(KEY), true],
    ['a key for figures', bearer(OTHER), 'read'],
    ['a key for single events and actors', bearer(INSPECTOR), 'inspect'],
    ['the scheme in lower case', { authorization: `bearer ${KEY}` }, true],
    ['a key of a stranger', bearer(STRANGER), false],
    ['an empty key', { authorization: 'Bearer ' }, false],
    ['a cut key', bearer(KEY.slice(0, -1)), false],
    ['a longer key', bearer(`${KEY}A`), false],
    ['the hash of a key', bearer(KEYS[0]?.hash.toString('hex') ?? ''), false],
    ['the name of a key', bearer('analyst'), false],
    ['two keys', { authorization: `Bearer ${STRANGER} ${KEY}` }, false],
    ['a key as a password', { authorization: `Basic ${Buffer.from(`analyst:${KEY}`).toString('base64')}` }, false],
    ['a key in another header', { 'x-api-key': KEY }, false],
    ['a key in a cookie', { cookie: `key=${KEY}` }, false],
    ['a very long key', bearer('x'.repeat(8_000)), false],
  ];

  it.each(paths)('%s', async (path) => {
    const world = await worldOf({});
    const isOpen = !path.startsWith('/v1/');
    for (const [what, headers, isGood] of presented) {
      world.clock.advance(10_000);
      const { status, headers: answered } = await world.get(path, headers);
      const scope = /^\/v1\/(?:events|explain)/.test(path) ? 'inspect' : 'read';
      const found = path.includes('nothing') ? 404 : 200;
      const expected = isOpen || isGood === true || isGood === scope ? found : isGood === false ? 401 : 403;
      expect([what, status]).toEqual([what, expected]);
      expect([what, answered['www-authenticate'] !== undefined]).toEqual([what, expected === 401]);
    }
  });

  it.each(spellings)('no spelling of a path leads around the door: %s', async (url) => {
    const world = await worldOf({});
    for (const method of ['GET', 'HEAD', 'POST', 'OPTIONS'] as const) {
      const { statusCode } = await world.send({ method, url });
      expect([method, [400, 401, 404, 405].includes(statusCode)]).toEqual([method, true]);
    }
  });

  it('a key in the address is no key, and is not repeated', async () => {
    const world = await worldOf({});
    const { status, text } = await world.get(`/v1/metrics?key=${KEY}`);
    expect(status).toBe(401);
    expect(text).not.toContain(KEY);
  });

  it('a key without the scope may not read', async () => {
    const world = await worldOf({ keys: KEYS.map((key) => ({ ...key, scopes: [] })) });
    expect((await world.get('/v1/metrics', bearer(KEY))).json()).toMatchObject({ status: 403, code: 'forbidden' });
  });

  it('nobody needs a key where none is configured', async () => {
    const world = await worldOf({ keys: [] });
    expect((await world.get('/v1/metrics')).status).toBe(200);
    expect((await world.get('/v1/metrics', bearer(STRANGER))).status).toBe(200);
  });

  it('neither log nor metrics nor answers hold a key, whatever goes wrong', async () => {
    const world = await worldOf({});
    world.stores.redis.intercept = ({ method }) => {
      if (method === 'read') throw new TypeError(`planted ${KEY} Bearer ${KEY}`);
      return 'apply';
    };
    const failed = await world.get('/v1/kpis/orders', bearer(KEY));
    expect(failed.status).toBe(500);
    await world.get('/v1/kpis/orders', bearer(STRANGER));
    const written = world.logLines.join('') + failed.text + (await world.get('/metrics')).text;
    expect(world.logLines.length).toBeGreaterThan(0);
    expect(written).not.toContain(KEY);
    expect(written).not.toContain(STRANGER);
    expect(written).toContain('tidemark_requests_refused_total{reason="unauthorized"} 1');
  });
});

describe('keys', () => {
  it('are found by their hash alone', () => {
    expect(findKey(KEYS, KEY)?.name).toBe('analyst');
    expect(findKey(KEYS, OTHER)?.name).toBe('wall');
    expect(findKey(KEYS, STRANGER)).toBeNull();
    expect(JSON.stringify(KEYS)).not.toContain(KEY);
    expect(keyOf(randomBytes(32))).toMatch(/^tmk_[A-Za-z0-9_-]{43}$/);
  });

  it.each([
    ['', 'there is no key in it'],
    ['# only a comment', 'there is no key in it'],
    [KEY, 'key 1: this is a key itself'],
    [`analyst read ${KEY}`, 'key 1: this is a key itself'],
    ['analyst read abc', 'key 1: expected the SHA-256'],
    [`analyst ${'a'.repeat(64)}`, 'key 1: expected scopes'],
    [`analyst write ${'a'.repeat(64)}`, 'key 1: expected scopes'],
    [`no/name read ${'a'.repeat(64)}`, 'key 1: expected NAME'],
    [`${keyLine('a', KEY)},${keyLine('a', OTHER)}`, 'key 2: its name or hash'],
    [`${keyLine('a', KEY)}\n${keyLine('b', KEY)}`, 'key 2: its name or hash'],
  ])('that are written wrong are refused without repeating them: %s', (text, reason) => {
    const outcome = parseKeys(text);
    expect(outcome.ok ? [] : outcome.problems).toEqual([expect.stringContaining(reason)]);
    if (!outcome.ok) expect(outcome.problems.join()).not.toContain('tmk_');
  });

  let child: ChildProcess | null = null;
  afterEach(() => child?.kill());

  it.each([
    [[], ['read']],
    [['inspect'], ['inspect']],
    [
      ['inspect', 'read'],
      ['read', 'inspect'],
    ],
  ])('are made by a command that prints the key and the line that is kept of it: scopes %j', async (words, scopes) => {
    const command = join(import.meta.dirname, '../src/access/make-key.ts');
    child = spawn(process.execPath, [command, 'ops', ...words], { stdio: ['ignore', 'pipe', 'ignore'] });
    let out = '';
    child.stdout?.on('data', (chunk) => {
      out += String(chunk);
    });
    await once(child, 'close');
    const [key = '', line = ''] = out.split('\n');
    expect(findKey(keysOf(line), key)).toMatchObject({ name: 'ops', scopes });
    expect(line).not.toContain(key);
  });
});

describe('a token bucket', () => {
  it('gives a burst, then a steady rate, each asker its own', () => {
    const buckets = createTokenBuckets({ perSecond: 10, burst: 3 });
    expect([1, 2, 3].map(() => buckets.take('a', 0))).toEqual([0, 0, 0]);
    expect(buckets.take('a', 0)).toBeCloseTo(100);
    expect(buckets.take('b', 0)).toBe(0);
    expect(buckets.take('a', 99)).toBeGreaterThan(0);
    expect(buckets.take('a', 101)).toBe(0);
    expect([1, 2, 3, 4].map(() => buckets.take('a', 1e6) === 0)).toEqual([true, true, true, false]);
    // A clock that is set back takes nothing away and gives nothing.
    expect(buckets.take('a', 0)).toBeGreaterThan(0);
  });

  it('stands before each key by itself, and says when to come again', async () => {
    const world = await worldOf({ requestsPerSecond: 2 });
    const ask = async (key: string) => (await world.get('/v1/metrics', bearer(key))).status;
    for (let turn = 0; turn < 4; turn++) expect(await ask(KEY)).toBe(200);
    const over = await world.get('/v1/metrics', bearer(KEY));
    expect([over.status, over.headers['retry-after'], over.json()['code']]).toEqual([429, '1', 'rate_limited']);
    expect(await ask(OTHER)).toBe(200);
    for (const path of ['/livez', '/readyz', '/metrics']) expect((await world.get(path)).status).toBe(200);
    world.clock.advance(500);
    expect(await ask(KEY)).toBe(200);
  });

  it('stands before each address where there are no keys', async () => {
    const world = await worldOf({ keys: [], requestsPerSecond: 1 });
    const ask = async (remoteAddress: string) => (await world.send({ method: 'GET', url: '/v1/metrics', remoteAddress })).statusCode;
    expect([await ask('127.0.0.1'), await ask('127.0.0.1'), await ask('127.0.0.1')]).toEqual([200, 200, 429]);
    expect([await ask('127.0.0.2'), await ask('2001:db8::1'), await ask('2001:db8::2'), await ask('2001:db8:0:0:5::')]).toEqual([200, 200, 200, 429]);
    expect(await ask('2001:db8:0:1::1')).toBe(200);
  });

  it('slows who guesses down, and not who has a key at the same address', async () => {
    const world = await worldOf({});
    const guesses: number[] = [];
    for (let turn = 0; turn < 30; turn++) guesses.push((await world.get('/v1/metrics', bearer(`${STRANGER}${turn}`))).status);
    expect([guesses[0], guesses.at(-1)]).toEqual([401, 429]);
    expect((await world.get('/v1/metrics', bearer(KEY))).status).toBe(200);
  });
});

describe('pages of other origins', () => {
  const origin = 'https://ops.example';
  const preflight = { origin, 'access-control-request-method': 'GET', 'access-control-request-headers': 'authorization' };

  it('that are listed may read, after asking beforehand without a key', async () => {
    const world = await worldOf({ corsOrigins: [origin] });
    const asked = await world.send({ method: 'OPTIONS', url: '/v1/kpis/orders', headers: preflight });
    expect(asked).toMatchObject({
      statusCode: 204,
      headers: { 'access-control-allow-origin': origin, 'access-control-allow-methods': 'GET, HEAD', vary: 'origin' },
    });
    expect(asked.headers['access-control-allow-headers']).toContain('authorization');
    const { status, headers } = await world.get('/v1/kpis/orders', { origin, ...bearer(KEY) });
    expect([status, headers['access-control-allow-origin'], headers['vary']]).toEqual([200, origin, 'accept, origin']);
    expect(headers['access-control-expose-headers']).toContain('etag');
    // A refusal can be read as well, so that the page can say what is wrong.
    expect((await world.get('/v1/kpis/orders', { origin })).headers['access-control-allow-origin']).toBe(origin);
  });

  it.each(['https://evil.example', 'https://ops.example.evil.example', 'http://ops.example', 'null', 'https://ops.example:8443'])(
    'that are not listed are told nothing: %s',
    async (stranger) => {
      const world = await worldOf({ corsOrigins: [origin] });
      const asked = await world.send({ method: 'OPTIONS', url: '/v1/kpis/orders', headers: { ...preflight, origin: stranger } });
      expect([asked.statusCode, asked.headers['access-control-allow-origin']]).toEqual([401, undefined]);
      const { headers } = await world.get('/v1/kpis/orders', { origin: stranger, ...bearer(KEY) });
      expect([headers['access-control-allow-origin'], headers['vary']]).toEqual([undefined, 'accept, origin']);
    },
  );

  it('are none where none is listed', async () => {
    const world = await worldOf({ keys: [] });
    const asked = await world.send({ method: 'OPTIONS', url: '/v1/kpis/orders', headers: preflight });
    expect([asked.statusCode, asked.headers['access-control-allow-origin']]).toEqual([405, undefined]);
  });
});

describe('what is no readable request', () => {
  it.each([
    ['GET / HTTP/1.1\r\nhost: localhost\r\nx: ' + 'y'.repeat(40_000) + '\r\n\r\n', 431, 'headers_too_large'],
    ['nonsense\r\n\r\n', 400, 'bad_request'],
  ] as const)('is answered as a problem on its connection', async (sent, status, code) => {
    const world = await worldOf({ keys: [] });
    await world.app.listen({ host: '127.0.0.1', port: 0 });
    try {
      const address = world.app.server.address();
      const socket = connect({ host: '127.0.0.1', port: typeof address === 'object' && address !== null ? address.port : 0 });
      let answer = '';
      socket.on('data', (chunk) => {
        answer += String(chunk);
      });
      socket.write(sent);
      await once(socket, 'close');
      const [head = '', body = ''] = answer.split('\r\n\r\n');
      expect(head).toContain(`HTTP/1.1 ${status}`);
      expect(head).toContain('application/problem+json');
      expect(problemBodySchema.parse(JSON.parse(body))).toMatchObject({ status, code });
    } finally {
      await world.app.close();
    }
  });
});
