// The committed contract: it is what the schemas make, it holds together, the service serves it and nothing beside it, and a wrong answer is noticed.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { clientTypes } from '../src/schemas/client-types.ts';
import { openApiDocument, openApiText } from '../src/schemas/openapi.ts';
import { CONTRACT_FILE, checkExchange, componentMistakes, resolve } from './contract.ts';
import { createServedWorld, type ServedWorld, setOf, trackOf } from './served-world.ts';

const committed = readFileSync(CONTRACT_FILE, 'utf8');
const set = setOf(`
name: shop
dimensions: { channel: { property: channel } }
metrics:
  - { id: orders, kind: kpi, measure: { count: Ordered }, slice: [channel], owner: lilit }
  - { id: way, kind: funnel, steps: [Seen, Ordered] }
board: [orders, way.step.2.ofFirst]
`);
let world: ServedWorld;

beforeAll(async () => {
  const at = (event: string, userId: string, index: number) =>
    trackOf(event, userId, { timestamp: `2026-11-2${index}T10:00:00Z`, messageId: `${event}${userId}${index}`, properties: { channel: 'ads' } });
  world = await createServedWorld({ set, events: [at('Seen', 'ann', 0), at('Ordered', 'ann', 0), at('Ordered', 'bob', 1)] });
});

describe('the contract', () => {
  it('is what npm run -w @tidemark/query openapi makes', () => {
    expect(committed).toBe(openApiText());
  });

  it('and the client that is made from it are one', () => {
    for (const [file, text] of clientTypes())
      expect([file, readFileSync(join(import.meta.dirname, '../src/client', file), 'utf8')]).toEqual([file, text]);
  });

  it('has every reference resolved and every operation named once', () => {
    for (const [, reference = ''] of committed.matchAll(/"\$ref": "([^"]+)"/g)) expect(resolve(reference)).toBeTypeOf('object');
    const names = [...committed.matchAll(/"operationId": "([^"]+)"/g)].map(([, name]) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.length).toBe(Object.keys(openApiDocument()['paths'] ?? {}).length);
  });

  it('lists the paths that the application has, and no others', () => {
    const documented = Object.keys(openApiDocument()['paths'] ?? {}).map((path) => path.replaceAll(/\{(\w+)\}/g, ':$1'));
    for (const url of documented) expect([url, world.app.hasRoute({ method: 'GET', url })]).toEqual([url, true]);
    expect(world.routes.toSorted()).toEqual(documented.toSorted());
  });

  it('is served, with a tag, at both of its paths', async () => {
    for (const path of ['/openapi.json', '/v1/openapi.json']) {
      const { text, headers } = await world.get(path);
      expect(text).toBe(committed);
      expect((await world.get(path, { 'if-none-match': String(headers['etag']) })).status).toBe(304);
    }
  });

  it('is not met by an answer with a wrong, a missing or an unknown member, status, type or header', async () => {
    const { status, headers, text } = await world.get('/v1/kpis/orders');
    const exchange = { method: 'GET', url: '/v1/kpis/orders', status, headers, body: text };
    const planted = (change: Partial<typeof exchange>) => () => checkExchange({ ...exchange, ...change });
    expect(planted({})).not.toThrow();
    expect(planted({ body: text.replace('"stale":false', '"stale":0') })).toThrow('stale: expected boolean');
    expect(planted({ body: text.replace('"stale":false,', '') })).toThrow('stale is missing');
    expect(planted({ body: text.replace('"stale":false', '"stale":false,"secret":1') })).toThrow('secret is unknown');
    expect(planted({ status: 201 })).toThrow('no 201');
    expect(planted({ headers: { ...headers, 'content-type': 'text/html' } })).toThrow('came as text/html');
    expect(planted({ headers: { ...headers, etag: undefined } })).toThrow('without the header ETag');
    expect(componentMistakes('Problem', { status: 400 }).length).toBeGreaterThan(0);
  });
});
