// The inspector: what became of the newest records, as a list, a table and a stream, and one actor's part in a metric.
import type { WitnessedRecord } from '@tidemark/pipeline';
import { witnessedRecord } from '@tidemark/testing/contracts';
import { beforeEach, describe, expect, it } from 'vitest';
import { componentMistakes } from './contract.ts';
import { createServedWorld, NOW_MS, type ServedWorld, setOf, trackOf } from './served-world.ts';

const set = setOf(`
name: shop
dimensions: { channel: { property: channel } }
metrics:
  - { id: orders, kind: kpi, measure: { count: Ordered }, slice: [channel] }
  - { id: amount, kind: kpi, measure: { sum: Ordered, property: amount } }
  - { id: share, kind: kpi, measure: { ratio: [{ count: Ordered }, { count: Seen }] } }
  - { id: twice, kind: kpi, measure: { formula: "a * 2", of: { a: orders } } }
  - { id: back, kind: retention, start: Seen, return: Ordered, columns: 3, entry: first_matching, brackets: [[1, 3]] }
  - { id: way, kind: funnel, steps: [Seen, Ordered], window: 1d }
  - { id: on, kind: activation, start: Seen, within: 2d, all: [Ordered] }
  - { id: people, kind: activity, event: "*", rolling: [7] }
`);
const DAY_MS = 86_400_000;
let world: ServedWorld;

function at(event: string, messageId: string, timestamp: string, properties: object = {}) {
  return trackOf(event, 'ann', { timestamp, messageId, properties });
}

beforeEach(async () => {
  world = await createServedWorld({
    set,
    events: [
      at('Seen', 's1', '2026-11-18T10:00:00Z'),
      at('Ordered', 'o1', '2026-11-18T13:30:00Z', { amount: 2.5, channel: 'ads' }),
      at('Ordered', 'o2', '2026-11-20T10:00:00Z', { amount: 1.25, channel: 'web' }),
      trackOf('Ordered', 'bob', { timestamp: '2026-11-20T10:00:00Z', messageId: 'o3' }),
      at('Ordered', 'o1', '2026-11-18T13:30:00Z', { amount: 2.5, channel: 'ads' }),
      at('Ordered', 'o4', '2026-11-01T11:00:00Z'),
      at('Ordered', 'o5', '2026-11-21T20:00:00Z'),
    ],
  });
});

const trailOf = (...records: WitnessedRecord[]) =>
  Promise.all(records.map((record) => world.trail.trail.append(world.lineage, record.partition, [record])));

describe('the newest records', () => {
  it('are wanted from the first question on, and come newest first, each with its outcome and the reason', async () => {
    const first = await world.get('/v1/events');
    expect(first.json()).toMatchObject({ set: 'shop', lineage: world.lineage, watchedSince: new Date(NOW_MS).toISOString(), events: [] });
    expect(await world.trail.trail.isWanted(world.lineage)).toBe(true);
    await trailOf(
      witnessedRecord(0, 1),
      witnessedRecord(1, 7, { outcome: 'late', recordMs: NOW_MS, clockMs: 1_700_000_000_000 + 9 * DAY_MS, skipped: 4 }),
      witnessedRecord(0, 2, { outcome: 'rejected', reason: 'bad_timestamp', parsed: null, recordMs: NOW_MS - 1 }),
    );
    world.clock.advance(1_000);
    const { events, watchedSince } = (await world.get('/v1/events')).json();
    expect(watchedSince).toBe(new Date(NOW_MS).toISOString());
    expect(events).toMatchObject([
      { partition: 1, offset: '7', outcome: 'late', words: "its time is 9 d behind the partition's clock: at most 7 d counts", skipped: 4 },
      { partition: 0, offset: '2', outcome: 'rejected', reason: 'bad_timestamp', name: null, at: null, key: 'u2' },
      {
        partition: 0,
        offset: '1',
        outcome: 'applied',
        words: 'counted',
        name: 'Ordered',
        actor: 'u1',
        kind: 'user',
        value: '{"n":"\u0000\\\u2028"}',
      },
    ]);
  });

  it('are filtered by actor, by outcomes and by number', async () => {
    await trailOf(...[1, 2, 3].map((offset) => witnessedRecord(0, offset, { outcome: offset === 2 ? 'duplicate' : 'applied' })));
    const offsets = async (query: string) => {
      const { events } = (await world.get(`/v1/events?${query}`)).json();
      return Array.isArray(events) ? events.map((event: { offset: string }) => event.offset) : [];
    };
    expect(await offsets('actor=u2')).toEqual(['2']);
    expect(await offsets('outcome=applied')).toEqual(['3', '1']);
    expect(await offsets('outcome=duplicate,late&set=shop')).toEqual(['2']);
    expect(await offsets('limit=1')).toEqual(['3']);
    expect(await offsets('actor=u1&outcome=late')).toEqual([]);
  });

  it('come as a table in which nothing is a formula', async () => {
    await trailOf(witnessedRecord(0, 1, { key: '=1+1', value: '=cmd|x' }));
    const { text, headers } = await world.get('/v1/events', { accept: 'text/csv' });
    expect(headers['content-type']).toContain('text/csv');
    expect(text.split('\r\n')[1]).toContain(",'=1+1,'=cmd|x,");
  });

  it.each([
    ['/v1/events?outcome=lost', 400, 'bad_parameter'],
    ['/v1/events?limit=501', 400, 'bad_parameter'],
    ['/v1/events?actors=ann', 400, 'bad_parameter'],
    ['/v1/events?set=nothing', 404, 'unknown_set'],
    ['/v1/events/live?limit=1', 400, 'bad_parameter'],
    ['/v1/explain/orders/ann?limit=0', 400, 'bad_parameter'],
    ['/v1/explain/orders/ann?after=x', 400, 'bad_parameter'],
    ['/v1/explain/orders/ann?kind=both', 400, 'bad_parameter'],
    ['/v1/explain/orders/ann?slice=device', 400, 'bad_slice'],
    ['/v1/explain/orders/ann?from=yesterday', 400, 'bad_range'],
    ['/v1/explain/orders/ann?from=2020-01-01', 400, 'bad_range'],
    ['/v1/explain/nothing/ann', 404, 'unknown_metric'],
    [`/v1/explain/orders/${'a'.repeat(513)}`, 400, 'bad_parameter'],
    ['/v1/explain/orders', 404, 'unknown_path'],
  ])('questions that are wrong are told so: %s', async (url, status, code) => {
    const answer = await world.get(url);
    expect([answer.status, answer.json()['code']]).toEqual([status, code]);
  });

  it('are not to be had while Redis is away, nor is an actor while ClickHouse is', async () => {
    world.trail.intercept = () => 'lose';
    world.archive.intercept = () => 'lose';
    for (const url of ['/v1/events', '/v1/events/live', '/v1/explain/orders/ann']) {
      const answer = await world.get(url);
      expect([answer.status, answer.json()['code'], answer.headers['retry-after']]).toEqual([503, 'unavailable', '1']);
    }
  });
});

describe('the stream of records', () => {
  function reader(filter: Parameters<ServedWorld['events']['open']>[0]['filter'] = {}) {
    const frames: string[] = [];
    const sink = { full: false, destroyed: false };
    const open = async () => {
      const served = { set, lineage: world.lineage };
      return world.events.open({
        asker: 'me',
        served,
        filter,
        begun: await world.events.begin(served),
        sink: {
          write: (frame) => {
            frames.push(frame.toString());
            return !sink.full;
          },
          destroy: () => {
            sink.destroyed = true;
          },
        },
      });
    };
    const events = () =>
      frames.flatMap((frame) => {
        const [, event = '', data = '{}'] = /^event: (\w+)\ndata: (.*)\n\n$/s.exec(frame) ?? [];
        return event === '' ? [] : [{ event, data: JSON.parse(data) as Record<string, unknown> }];
      });
    return { open, frames, sink, events };
  }

  it('begins with what there is, goes on with what comes, each once, and fits the contract', async () => {
    await trailOf(witnessedRecord(0, 1), witnessedRecord(1, 1));
    const { open, events } = reader();
    await open();
    await trailOf(witnessedRecord(0, 2), witnessedRecord(1, 2, { outcome: 'duplicate' }));
    await world.events.tick();
    await world.events.tick();
    const seen = events();
    expect(seen.map(({ event, data }) => [event, data['partition'], data['offset']])).toEqual([
      ['watching', undefined, undefined],
      ['event', 1, '1'],
      ['event', 0, '1'],
      ['event', 1, '2'],
      ['event', 0, '2'],
    ]);
    for (const { event, data } of seen) expect(componentMistakes(event === 'event' ? 'InspectedEvent' : 'EventsWatching', data)).toEqual([]);
  });

  it('shows what passes the filter, and says that it is there every 15 s', async () => {
    const { open, events, frames } = reader({ outcome: ['late'] });
    await open();
    await trailOf(witnessedRecord(0, 1), witnessedRecord(0, 2, { outcome: 'late' }));
    await world.events.tick();
    expect(events().map(({ data }) => data['offset'])).toEqual([undefined, '2']);
    world.clock.advance(15_000);
    await world.events.tick();
    expect(frames.at(-1)).toBe(': here\n\n');
    expect(await world.trail.trail.isWanted(world.lineage)).toBe(true);
  });

  it('a reader that takes nothing holds nobody up, is told what it missed when it goes on, and is cut off when it never does', async () => {
    const [slow, quick] = [reader(), reader()];
    slow.sink.full = true;
    const stream = await slow.open();
    await quick.open();
    for (let at = 0; at < 300; at += 100) {
      await trailOf(...Array.from({ length: 100 }, (_, index) => witnessedRecord(0, at + index)));
      await world.events.tick();
    }
    expect([slow.frames.length, quick.events().length]).toEqual([1, 301]);
    slow.sink.full = false;
    stream.drained();
    const [missed, ...rest] = slow.events();
    expect([missed?.event, missed?.data, rest.length]).toEqual(['missed', { count: 101 }, 200]);
    expect(componentMistakes('EventsMissed', missed?.data)).toEqual([]);
    slow.sink.full = true;
    await trailOf(witnessedRecord(0, 1_000));
    await world.events.tick();
    world.clock.advance(30_000);
    await world.events.tick();
    expect([slow.sink.destroyed, quick.sink.destroyed, world.events.streamCount]).toEqual([true, false, 1]);
  });

  it('says once when outcomes cannot be read, and goes on when they can', async () => {
    const { open, events } = reader();
    await open();
    world.trail.intercept = () => 'lose';
    await world.events.tick();
    await world.events.tick();
    world.trail.intercept = undefined;
    await trailOf(witnessedRecord(0, 5));
    await world.events.tick();
    const seen = events();
    expect(seen.map(({ event }) => event)).toEqual(['watching', 'problem', 'event']);
    expect(componentMistakes('EventsProblem', seen[1]?.data)).toEqual([]);
  });

  it('has room for so many of one asker and of all', async () => {
    for (let index = 0; index < 5; index++) await reader().open();
    expect([world.events.refusal('me'), world.events.refusal('you')]).toEqual(['asker', null]);
    world.events.close();
    expect(world.events.refusal('me')).toBeNull();
  });
});

describe('an actor explained', () => {
  const explained = async (path: string) => (await world.get(`/v1/explain/${path}`)).json();
  const cells = (body: Record<string, unknown>): unknown[] =>
    Array.isArray(body['contributions'])
      ? body['contributions'].map(({ cell, bucket, through, amount }) => [cell, bucket === through ? bucket : `${bucket}…${through}`, amount])
      : [];

  it('has its events in time order with what became of each, and says up to where the archive reaches', async () => {
    const body = await explained('back/ann');
    const partition = world.archive.everyRecord().find(({ key }) => key?.toString() === 'ann')?.partition;
    expect(body).toMatchObject({ metric: 'back', actor: 'ann', kind: 'user', archive: { partition, epoch: 0 }, next: null, note: null });
    expect(body['events']).toMatchObject([
      { at: '2026-11-01T11:00:00.000Z', outcome: 'late', words: "its time is 18 d 23 h behind the partition's clock: at most 7 d counts" },
      { at: '2026-11-18T10:00:00.000Z', outcome: 'applied', name: 'Seen', plays: ['start'], messageId: 's1' },
      { at: '2026-11-18T13:30:00.000Z', outcome: 'applied', plays: ['return'] },
      { at: '2026-11-18T13:30:00.000Z', outcome: 'duplicate', words: 'its messageId came before', plays: [] },
      { at: '2026-11-20T10:00:00.000Z', outcome: 'applied', plays: ['return'] },
      { at: '2026-11-21T20:00:00.000Z', outcome: 'future', words: 'its time is 2 h after its arrival: at most an hour counts' },
    ]);
  });

  it('adds integers to each kind, in words', async () => {
    expect(cells(await explained('orders/ann'))).toEqual([
      ['value', '2026-11-18', 1],
      ['value', '2026-11-20', 1],
    ]);
    expect(cells(await explained('amount/ann'))).toEqual([
      ['value', '2026-11-18', '2.50'],
      ['value', '2026-11-20', '1.25'],
    ]);
    expect(cells(await explained('back/ann'))).toEqual([
      ['size', '2026-11-18', 1],
      ['2.retained', '2026-11-18', 1],
      ['bracket.1-3.retained', '2026-11-18', 1],
    ]);
    expect(cells(await explained('way/ann'))).toEqual([
      ['step.1.entries', '2026-11-18', 1],
      ['step.1.uniques', '2026-11-18', 1],
      ['step.2.entries', '2026-11-18', 1],
      ['step.2.uniques', '2026-11-18', 1],
      ['step.1.uniques', null, 1],
      ['step.2.uniques', null, 1],
    ]);
    expect(cells(await explained('on/ann'))).toEqual([
      ['size', '2026-11-18', 1],
      ['conditions.1', '2026-11-18', 1],
      ['activated', '2026-11-18', 1],
    ]);
    expect(cells(await explained('people/ann'))).toEqual([
      ['active', '2026-11-18', 1],
      ['active', '2026-11-20', 1],
      ['new', '2026-11-18', 1],
      ['ever', '2026-11-18…2026-11-20', 1],
      ['rolling.7', '2026-11-18…2026-11-20', 1],
      ['dormant', '2026-11-19', 1],
      ['resurrecting', '2026-11-20', 1],
      ['uniques', null, 1],
    ]);
    const { contributions } = await explained('on/ann');
    expect(contributions).toMatchObject([{}, {}, { words: 'of the cohort 2026-11-18, activated after 3 h 30 min' }]);
  });

  it('adds to the parts of a ratio, and to nothing of a formula, which says what to ask instead', async () => {
    expect(cells(await explained('share/ann'))).toEqual([
      ['of.numerator', '2026-11-18', 1],
      ['of.denominator', '2026-11-18', 1],
      ['of.numerator', '2026-11-20', 1],
    ]);
    expect(await explained('twice/ann')).toMatchObject({ contributions: [], note: 'a formula has no integers of its own: explain orders' });
  });

  it('adds to the values of a slice, in the range asked for', async () => {
    const { contributions } = await explained('orders/ann?slice=channel&from=2026-11-19');
    expect(contributions).toMatchObject([{ cell: 'value', bucket: '2026-11-20', value: 'web', amount: 1 }]);
  });

  it('adds up, over all actors, to the figure that is served', async () => {
    for (const [metric, path] of [
      ['orders', 'kpis'],
      ['people', 'activity'],
    ] as const) {
      const parts = await Promise.all(
        ['ann', 'bob'].map(async (actor) => cells(await explained(`${metric}/${actor}?from=2026-11-18&to=2026-11-20`))),
      );
      const cell = metric === 'orders' ? 'value' : 'active';
      const sum = parts
        .flat()
        .reduce<number>((total, part) => (Array.isArray(part) && part[0] === cell && part[1] === '2026-11-20' ? total + Number(part[2]) : total), 0);
      const { buckets } = (await world.get(`/v1/${path}/${metric}?from=2026-11-20&to=2026-11-20`)).json();
      expect(buckets).toMatchObject([{ [cell]: sum }]);
    }
  });

  it('is read page by page', async () => {
    const offsets: unknown[] = [];
    let after = '';
    for (let page = 0; page < 10; page++) {
      const { events, next } = await explained(`orders/ann?limit=2${after === '' ? '' : `&after=${after}`}`);
      offsets.push(...(Array.isArray(events) ? events.map((event: { messageId: string }) => event.messageId) : []));
      if (next === null) break;
      after = String(next);
    }
    expect(offsets).toEqual(['o4', 's1', 'o1', 'o1', 'o2', 'o5']);
  });

  it('of whom nothing is known has no events, and no integers', async () => {
    expect(await explained('orders/nobody')).toMatchObject({ events: [], contributions: [], note: 'no event of this actor counts', from: null });
  });

  it('with more events than are recomputed one by one keeps the pages, and says so', async () => {
    const value = (index: number) => trackOf('Ordered', 'eve', { timestamp: '2026-11-20T12:00:00Z', messageId: `e${index}` });
    world.fold(Array.from({ length: 1_001 }, (_, index) => value(index)));
    const body = await explained('orders/eve?limit=500');
    expect(body).toMatchObject({ contributions: null, note: 'there are more than 1000 events: too many to recompute one by one' });
    expect([Array.isArray(body['events']) && body['events'].length, typeof body['next']]).toEqual([500, 'string']);
  });

  it('does not name in the log whom somebody looked at, and does not let the answer be kept', async () => {
    const { headers } = await world.get('/v1/explain/orders/ann');
    expect(headers['cache-control']).toBe('no-store');
    const line = world.logLines.find((each) => each.includes('an actor is explained')) ?? '';
    expect(JSON.parse(line)).toMatchObject({ metric: 'orders', asker: 'address 127.0.0.1' });
    expect(line).not.toContain('ann"');
  });

  it('comes as a table', async () => {
    const { text } = await world.get('/v1/explain/orders/ann', { accept: 'text/csv' });
    const lines = text.split('\r\n');
    expect(lines[0]).toContain('part,cell,bucket,through,slice_value,amount,at');
    expect(lines.map((line) => line.split(',')[0])).toEqual(['part', 'contribution', 'contribution', ...Array(6).fill('event'), '']);
  });

  it('is not for who has no key, where others than this machine may ask', async () => {
    const open = await createServedWorld({ set, events: [], access: { inspectWithoutKey: false } });
    for (const url of ['/v1/explain/orders/ann', '/v1/events', '/v1/events/live'])
      expect((await open.get(url)).json()).toMatchObject({ status: 403, code: 'forbidden' });
    expect((await open.get('/v1/metrics')).status).toBe(200);
  });
});
