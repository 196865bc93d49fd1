// Five hundred hostile texts as event names, property values, slice values, titles, actors and ids, through every path: nothing becomes code, a formula, a header, an event or a line of the log.
import { hostileNames } from '@tidemark/testing';
import { witnessedRecord } from '@tidemark/testing/contracts';
import { beforeAll, describe, expect, it } from 'vitest';
import { createServedWorld, NOW_MS, type ServedWorld, setOf, trackOf, type WorldEvent } from './served-world.ts';

const SLICE_CHARS = 200;
/** As UTF-8 carries it. */
const texts = [...new Set(hostileNames.map((name) => name.toWellFormed()))];
const isEventName = (text: string): boolean => text !== '' && Buffer.byteLength(text) <= 200;
const isActorId = (text: string): boolean => text !== '' && Buffer.byteLength(text) <= 512;

const titled = texts.filter(isEventName).slice(0, 60);
const set = setOf(
  JSON.stringify({
    name: 'shop',
    dimensions: { channel: { property: 'channel', max: 1_000 } },
    metrics: [
      { id: 'orders', kind: 'kpi', measure: { count: 'Ordered' }, slice: ['channel'] },
      { id: 'people', kind: 'activity', event: '*', slice: ['channel'] },
      { id: 'back', kind: 'retention', start: 'Ordered', return: 'Ordered', columns: 1, slice: ['channel'] },
      { id: 'on', kind: 'activation', start: 'Ordered', within: '1d', all: ['Ordered'], slice: ['channel'] },
      ...titled.map((text, index) => ({
        id: `way${index}`,
        kind: 'funnel',
        steps: ['Ordered', text],
        window: '1d',
        title: text,
        description: text,
        owner: text,
      })),
    ],
  }),
);

function* eventsOf(): Generator<WorldEvent> {
  const facts = { timestamp: '2026-11-21T12:00:00Z' };
  for (const [index, text] of texts.entries()) {
    yield trackOf('Ordered', `u${index}`, { ...facts, messageId: `o${index}`, properties: { channel: text, note: text, [text]: text } });
    if (isEventName(text)) yield trackOf(text, `u${index}`, { ...facts, messageId: `n${index}`, properties: { channel: text } });
    if (isActorId(text)) yield trackOf('Seen', text, { ...facts, messageId: text });
  }
}

const KIND_PATHS = ['kpis/orders', 'activity/people', 'retention/back', 'activation/on', 'funnels/way0'] as const;
let world: ServedWorld;

beforeAll(async () => {
  world = await createServedWorld({ set, events: eventsOf(), live: { maxStreamsPerAsker: 100 } });
  for (const [index, text] of texts.entries()) {
    const parsed = { event: text, actorKind: 'user', actorId: text, messageId: text, timeMs: NOW_MS } as const;
    await world.trail.trail.append(world.lineage, index % 2, [
      witnessedRecord(index % 2, index, { key: text, value: text, parsed, valueBytes: text.length }),
    ]);
  }
});

/** The fields of a CSV text, by row. */
function rowsOf(csv: string): string[][] {
  const rows: string[][] = [[]];
  for (const [, separator = '', quoted, plain] of csv.matchAll(/(^|,|\r\n)(?:"((?:[^"]|"")*)"|([^,"\r\n]*))/g)) {
    if (separator === '\r\n') rows.push([]);
    rows.at(-1)?.push(quoted?.replaceAll('""', '"') ?? plain ?? '');
  }
  return rows.slice(0, -1);
}

const FORMULA = /^[\s\p{Cc}]*[=+@\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]|^[\s\p{Cc}]*-(?!\d+(?:\.\d+)?$)/u;

function expectHarmless(answer: { headers: Record<string, unknown>; status: number }, types: readonly string[]): void {
  const type = String(answer.headers['content-type']).split(';')[0] ?? '';
  expect(types).toContain(type);
  expect(answer.headers['x-content-type-options']).toBe('nosniff');
  expect(String(answer.headers['content-security-policy'])).toContain("default-src 'self'");
  for (const value of Object.values(answer.headers)) expect(String(value)).toMatch(/^[\x20-\x7e]*$/);
}

describe('five hundred hostile texts', () => {
  it('are that many, all different, and of every kind', () => {
    expect([hostileNames.length, new Set(hostileNames).size]).toEqual([500, 500]);
    const parts = ['<script', 'DROP TABLE', '\n=1', '\u001b[', '\u009b', '\u202e', '__proto__', '../', '{{', 'n'.repeat(10_000)];
    for (const part of parts) expect([part, hostileNames.some((name) => name.includes(part))]).toEqual([part, true]);
    expect(hostileNames.some((name) => !name.isWellFormed())).toBe(true);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it('are slice values of every kind of figure, each listed once as it was sent', { timeout: 60_000 }, async () => {
    const shown = new Set(texts.map((text) => (text.length <= SLICE_CHARS ? text : null)).filter((text) => text !== null));
    for (const path of KIND_PATHS.slice(0, 4)) {
      const answer = await world.get(`/v1/${path}?slice=channel&limit=1000&from=2026-11-21&to=2026-11-21`);
      expect([path, answer.status]).toEqual([path, 200]);
      expectHarmless(answer, ['application/json']);
      const body = answer.json();
      const list = Array.isArray(body['slices']) ? body['slices'] : Array.isArray(body['cohorts']) ? body['cohorts'] : [];
      const values: unknown[] = list.map(({ value }) => value);
      expect(new Set(values).size).toBe(values.length);
      for (const text of shown) expect([path, text, values.includes(text)]).toEqual([path, text, true]);
    }
    for (const text of shown) {
      const search = `value=${encodeURIComponent(text)}`;
      if (search.length > 3_900) continue;
      const { json } = await world.get(`/v1/kpis/orders?slice=channel&${search}`);
      expect(json()).toMatchObject({ slices: [{ value: text }] });
    }
  });

  it('are titles, owners and steps as they stand in the definition', async () => {
    for (const url of ['/v1/metrics', '/v1/sets', '/v1/metrics/way7']) expectHarmless(await world.get(url), ['application/json']);
    const { metrics } = (await world.get('/v1/metrics')).json();
    expect(Array.isArray(metrics) && metrics.slice(4).map(({ title, owner }) => [title, owner])).toEqual(titled.map((text) => [text, text]));
  });

  it('never become formulas, and never move a field or a row of a CSV', async () => {
    const asked = [
      ...KIND_PATHS.slice(0, 4).map((path) => `/v1/${path}?slice=channel&limit=1000&from=2026-11-21&to=2026-11-21`),
      '/v1/events?limit=500',
    ];
    for (const url of [...asked, ...titled.map((_, index) => `/v1/funnels/way${index}?from=2026-11-21`)]) {
      const answer = await world.get(url, { accept: 'text/csv' });
      expectHarmless(answer, ['text/csv']);
      const rows = rowsOf(answer.text);
      expect(rows.length).toBeGreaterThan(1);
      for (const row of rows) {
        expect([url, row.length]).toEqual([url, rows[0]?.length]);
        for (const field of row) expect(FORMULA.test(field)).toBe(false);
      }
    }
  });

  it('are no ids of metrics or sets, and are told back as JSON only', { timeout: 60_000 }, async () => {
    for (const text of texts) {
      const name = encodeURIComponent(text);
      for (const url of [
        `/v1/kpis/${name}`,
        `/v1/metrics/${name}`,
        `/v1/board/${name}`,
        `/v1/explain/${name}/ann`,
        `/v1/live?metrics=${name}`,
        `/v1/events?set=${name}`,
        `/v1/kpis/orders?${name}=1`,
        `/${name}`,
      ]) {
        const answer = await world.get(url);
        // Of an empty name or of dots the path is another one, which may be there.
        if (answer.status === 200)
          expect([text, url.endsWith('/') || /\/\.{1,2}$|=$|\?=1$/.test(decodeURIComponent(url)) || text === '#']).toEqual([text, true]);
        else expectHarmless(answer, ['application/problem+json']);
        expect([text, [200, 400, 404, 414].includes(answer.status)]).toEqual([text, true]);
      }
    }
  });

  it('are actors like any other', { timeout: 60_000 }, async () => {
    for (const text of texts) {
      const answer = await world.get(`/v1/explain/people/${encodeURIComponent(text)}`);
      expectHarmless(answer, ['application/json', 'application/problem+json']);
      if (answer.status === 200) {
        const { text: csv } = await world.get(`/v1/explain/people/${encodeURIComponent(text)}`, { accept: 'text/csv' });
        for (const field of rowsOf(csv).flat()) expect([text, FORMULA.test(field)]).toEqual([text, false]);
      }
      // What the path cannot carry is no such path; a dot is another one.
      const carried = isActorId(text) && !/^\.{1,2}$/.test(text);
      if (carried)
        expect(answer.json()).toMatchObject({ actor: text, events: expect.arrayContaining([expect.objectContaining({ outcome: 'applied' })]) });
      else expect([text, [400, 404, 414].includes(answer.status)]).toEqual([text, true]);
    }
  });

  it('are shown by the inspector as they are, and by its stream one line each', async () => {
    const { json } = await world.get('/v1/events?limit=500');
    const { events } = json();
    const list: Record<string, unknown>[] = Array.isArray(events) ? events : [];
    expect(list.length).toBe(400);
    for (const { offset, name, actor, key, value } of list) expect([name, actor, key, value]).toEqual(Array(4).fill(texts[Number(offset)]));
    const frames: string[] = [];
    const served = { set, lineage: world.lineage };
    const sink = { write: (frame: Buffer) => frames.push(frame.toString()) > 0, destroy: () => {} };
    world.events.open({ asker: 'me', served, filter: {}, begun: await world.events.begin(served), sink });
    expect(frames.length).toBe(52);
    for (const frame of frames) expect(frame).toMatch(/^(?:retry: 1000|event: \w+\ndata: [^\n\r]+)\n\n$/);
  });

  it('are one line each in the log, which no terminal obeys, and are not in the metrics', { timeout: 60_000 }, async () => {
    const failing = await createServedWorld({ set, events: [] });
    for (const text of texts) {
      failing.stores.redis.intercept = ({ method }) => {
        if (method === 'read') throw new TypeError(text);
        return 'apply';
      };
      failing.clock.advance(1_000);
      const before = failing.logLines.length;
      expect((await failing.get('/v1/kpis/orders')).status).toBe(500);
      const lines = failing.logLines.slice(before);
      expect([text, lines.length]).toEqual([text, 1]);
    }
    for (const line of failing.logLines) {
      expect(line).toMatch(/^[^\n\r\u2028\u2029]*\n$/);
      expect(line.slice(0, -1)).not.toMatch(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/u);
      expect(JSON.parse(line)).toMatchObject({ level: 'error', service: 'query' });
    }
    const { text } = await world.get('/metrics');
    for (const payload of texts.filter((each) => each.length > 8)) expect(text).not.toContain(payload);
  });
});
