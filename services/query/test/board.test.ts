// A set's first screen: its tiles in order, each figure the one that its own path answers, beside the same stretch before.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { figureOf } from '@tidemark/core';
import { cabinetHistory } from '@tidemark/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { boardBody } from '../src/schemas/board.ts';
import { createServedWorld, NOW_MS, type ServedWorld, setOf, trackOf } from './served-world.ts';

const file = join(import.meta.dirname, '../../../schemas/metrics/auto-cabinet.yaml');
const cabinet = setOf(readFileSync(file, 'utf8'), file);
let world: ServedWorld;

beforeAll(async () => {
  world = await createServedWorld({ set: cabinet, events: cabinetHistory({ seed: 7, people: 60, days: 45, events: 2_500, endMs: NOW_MS }) });
}, 30_000);

describe('the board of the sample', () => {
  it('has its tiles in the order of the set, with the figures that their paths answer', async () => {
    const { tiles, ...about } = boardBody.parse((await world.get('/v1/board/auto-cabinet')).json());
    expect(about).toEqual({ set: 'auto-cabinet', revision: cabinet.revision, lineage: world.lineage, timezone: cabinet.timezone });
    expect(tiles.map(({ tile }) => tile)).toEqual(cabinet.board);
    for (const { metric: id, field, value, line, from, to } of tiles) {
      const metric = cabinet.metrics.find((known) => known.id === id);
      if (metric === undefined) throw new Error(id);
      const { body } = await world.answer(id, {});
      expect([id, value, from, to]).toEqual([id, figureOf(metric, body, field), body.from, body.to]);
      expect([id, line.length > 0, line.at(-1)?.complete]).toEqual([id, true, false]);
      expect([id, line.some((point) => point.value !== null)]).toEqual([id, true]);
    }
  });

  it('keeps its tag while nothing moves', async () => {
    const { headers } = await world.get('/v1/board/auto-cabinet');
    expect((await world.get('/v1/board/auto-cabinet', { 'if-none-match': String(headers['etag']) })).status).toBe(304);
  });

  it.each(['nothing', '__proto__', '%3Cscript%3E'])('of no set is a 404: %s', async (name) => {
    expect((await world.get(`/v1/board/${name}`)).json()).toMatchObject({ status: 404, code: 'unknown_set', errors: [{ pointer: '/path/set' }] });
  });

  it('is a 503 while no store answers', async () => {
    const down = await createServedWorld({ set: setOf('metrics: [{ id: a, kind: kpi, measure: { count: A } }]\nboard: [a]'), events: [] });
    down.stores.redis.intercept = () => 'lose';
    down.stores.clickhouse.intercept = () => 'lose';
    down.clock.advance(2_000);
    expect((await down.get('/v1/board/shop')).status).toBe(503);
  });
});

describe('a tile', () => {
  const set = setOf(`
name: small
metrics:
  - { id: orders, kind: kpi, measure: { count: Ordered }, owner: lilit, target: { value: 3, direction: up } }
  - { id: people, kind: activity, event: "*", rolling: [7] }
  - { id: back, kind: retention, start: Seen, return: Seen, columns: [1, 2] }
  - { id: way, kind: funnel, steps: [Seen, Ordered] }
  - { id: on, kind: activation, start: Seen, within: 1d, all: [Ordered], columns: 1 }
board: [orders, people.active, people.uniques, people.rolling.7, people.stickiness.7, back.overall.1.rate, back.overall.2.of, way.step.2.ofFirst, on.overall.rate, on.overall.activated]
`);

  it('stands beside as many buckets of the range before, and its line has the field per bucket', async () => {
    const event = (name: string, user: string, day: string) =>
      trackOf(name, user, { timestamp: `${day}T10:00:00Z`, messageId: `${name}${user}${day}` });
    const small = await createServedWorld({
      set,
      events: [
        event('Ordered', 'ann', '2026-10-01'),
        event('Seen', 'ann', '2026-11-19'),
        event('Seen', 'bob', '2026-11-19'),
        event('Ordered', 'ann', '2026-11-19'),
        event('Seen', 'ann', '2026-11-20'),
        event('Ordered', 'bob', '2026-11-21'),
      ],
    });
    const { tiles } = boardBody.parse((await small.get('/v1/board/small')).json());
    const lines = new Map(tiles.map(({ tile, line }) => [tile, line.slice(-3).map(({ value }) => value)]));
    expect(Object.fromEntries(lines)).toEqual({
      orders: [1, 0, 1],
      'people.active': [2, 1, 1],
      'people.uniques': [2, 1, 1],
      'people.rolling.7': [2, 2, 2],
      'people.stickiness.7': [1, 0.5, 0.5],
      'back.overall.1.rate': [0.5, 0, null],
      'back.overall.2.of': [2, 1, 0],
      'way.step.2.ofFirst': [1, 0, null],
      'on.overall.rate': [0.5, 0, null],
      'on.overall.activated': [1, 0, 0],
    });
    expect(tiles[0]).toMatchObject({
      value: 2,
      owner: 'lilit',
      target: { value: 3 },
      compared: { from: '2026-10-23', to: '2026-11-20', value: 1, previous: { from: '2026-09-23', to: '2026-10-21', value: 1 }, change: 0 },
      path: '/v1/kpis/orders',
    });
  });
});
