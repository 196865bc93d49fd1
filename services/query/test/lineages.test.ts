// Another definition of a set takes over while it is asked: figures, board, streams and pages go over together, and the old revision answers on.
import { DEFAULT_SETTINGS, lineageOf, type MetricSet } from '@tidemark/core';
import { type JournalEntry, LOG_ORIGIN } from '@tidemark/pipeline';
import { witnessedRecord } from '@tidemark/testing/contracts';
import { beforeEach, describe, expect, it } from 'vitest';
import { MemoryReader } from './live-readers.ts';
import { createServedWorld, NOW_MS, type ServedWorld, setOf, trackOf } from './served-world.ts';

const textOf = (event: string, owner = 'ann@example.com'): string => `
name: shop
metrics:
  - { id: orders, kind: kpi, measure: { count: ${event} }, owner: ${owner} }
  - { id: people, kind: activity, event: "*" }
board: [orders, people.uniques]
`;
const NEW_TEXT = `${textOf('Seen').replace('board:', '  - { id: more, kind: kpi, measure: { count: Ordered } }\nboard:')}`;
const before = setOf(textOf('Ordered'));
const after = setOf(NEW_TEXT);
const [OLD, NEW] = [before, after].map((set) => lineageOf(set, DEFAULT_SETTINGS)) as [string, string];
const REVISIONS = { old: revisionOf(before, 'orders'), new: revisionOf(after, 'orders') };

function revisionOf(set: MetricSet, id: string): string {
  return set.metrics.find((metric) => metric.id === id)?.revision ?? '';
}

let messages = 0;
const event = (name: string, userId: string) => trackOf(name, userId, { timestamp: '2026-11-21T12:00:00Z', messageId: `m${messages++}` });

let world: ServedWorld;
beforeEach(async () => {
  world = await createServedWorld({
    set: before,
    unservedSets: [after],
    events: [event('Ordered', 'ann'), event('Ordered', 'bob'), event('Seen', 'cid')],
  });
});

let sequence = 0;
async function decide(entry: Partial<JournalEntry> & Pick<JournalEntry, 'kind' | 'lineage'>): Promise<void> {
  sequence++;
  const text = entry.lineage === OLD ? textOf('Ordered') : NEW_TEXT;
  const { revision } = entry.lineage === OLD ? before : after;
  const facts = {
    sequence,
    id: `e${sequence}`,
    atMs: NOW_MS - 60_000 + sequence,
    by: 'dora',
    set: 'shop',
    revision,
    origin: LOG_ORIGIN,
    positions: [],
  };
  await world.journal.append({ ...facts, files: [{ name: 'shop.yaml', text }], ...entry });
  await world.follow();
}

/** The new lineage stands at the log's end as it is now; the old one too if it is told. */
async function startNew(): Promise<void> {
  await decide({ kind: 'adopt', lineage: OLD });
  await decide({ kind: 'start', lineage: NEW });
  await world.look();
}

async function lineagesOf(): Promise<readonly Record<string, unknown>[]> {
  const [set] = (await world.get('/v1/lineages')).json()['sets'] as { lineages: Record<string, unknown>[] }[];
  return set?.lineages ?? [];
}

const totalAt = async (path: string): Promise<unknown> => {
  const { total, lineage, code } = (await world.get(path)).json();
  return code ?? [total, lineage === OLD ? 'old' : lineage === NEW ? 'new' : lineage];
};

describe('a lineage that catches up', () => {
  it('is listed with its state, its part of the way and who decided it, and changes no answer', async () => {
    await startNew();
    world.fold([event('Ordered', 'ann'), event('Ordered', 'ann')]);
    await world.publish({}, undefined, (lineage) => lineage === OLD);
    await world.look();
    expect(await lineagesOf()).toMatchObject([
      {
        lineage: OLD,
        revision: before.revision,
        state: 'serving',
        by: 'dora',
        lag: 0,
        progress: null,
        eta: null,
        metrics: { orders: REVISIONS.old },
      },
      { lineage: NEW, revision: after.revision, state: 'catching_up', by: 'dora', lag: 2, progress: 0.6, metrics: { orders: REVISIONS.new } },
    ]);
    expect(await totalAt('/v1/kpis/orders')).toEqual([4, 'old']);
    expect((await world.get('/v1/metrics')).json()['metrics']).toHaveLength(2);
    expect((await world.get('/readyz')).status).toBe(200);
  });

  it('says which partitions do not go on, and why', async () => {
    await startNew();
    await world.publish({ halted: 'the log was rewritten' }, undefined, (lineage, partition) => lineage === NEW && partition === 1);
    world.clock.advance(1_000);
    expect(await lineagesOf()).toMatchObject([{ halted: [] }, { state: 'catching_up', halted: [{ partition: 1, reason: 'the log was rewritten' }] }]);
  });

  it('answers already to who asks for its revision', async () => {
    await startNew();
    expect(await totalAt(`/v1/kpis/orders?revision=${REVISIONS.new}`)).toEqual([1, 'new']);
    expect(await totalAt('/v1/kpis/more?revision=' + revisionOf(after, 'more').slice(0, 6))).toEqual([2, 'new']);
    expect(await totalAt('/v1/kpis/more')).toBe('unknown_metric');
  });
});

describe('after a switch', () => {
  beforeEach(async () => {
    await startNew();
    await decide({ kind: 'switch', lineage: NEW });
    await world.look();
  });

  it('figures, board, sets, metrics and readiness are of the new lineage', async () => {
    expect(await totalAt('/v1/kpis/orders')).toEqual([1, 'new']);
    expect((await world.get('/v1/board/shop')).json()).toMatchObject({ lineage: NEW, tiles: [{ value: 1 }, { value: 3 }] });
    expect((await world.get('/v1/sets')).json()).toMatchObject({ sets: [{ lineage: NEW, metrics: ['orders', 'people', 'more'] }] });
    expect((await world.get('/v1/metrics/more')).json()).toMatchObject({ lineage: NEW });
    expect((await world.get('/readyz')).json()).toMatchObject({ details: { sets: [{ lineage: NEW }] } });
    expect((await world.get('/v1/audit')).json()).toMatchObject({ sets: [{ lineage: NEW }] });
    expect(await lineagesOf()).toMatchObject([{ state: 'kept' }, { state: 'serving' }]);
  });

  it('a dropped set answers 404 with the revisions that still can be asked for, is neither listed nor looked at, and comes back with a new switch', async () => {
    expect(await totalAt('/v1/kpis/orders')).toEqual([1, 'new']);
    await decide({ kind: 'drop', lineage: NEW });
    await world.look();
    const refused = await world.get('/v1/kpis/orders');
    expect([refused.status, refused.json()]).toMatchObject([
      404,
      { code: 'unknown_metric', detail: expect.stringMatching(/^no metric is called "orders": revision= takes .*, which are not served$/) },
    ]);
    expect((await world.get('/v1/sets')).json()).toMatchObject({ sets: [] });
    expect((await world.get('/v1/metrics')).json()['metrics']).toEqual([]);
    expect((await world.get('/v1/board/shop')).status).toBe(404);
    expect(await totalAt(`/v1/kpis/orders?revision=${REVISIONS.old}`)).toEqual([2, 'old']);
    expect(await lineagesOf()).toMatchObject([{ state: 'retired' }, { state: 'retired' }]);
    await startNew();
    await decide({ kind: 'switch', lineage: NEW });
    await world.look();
    expect(await totalAt('/v1/kpis/orders')).toEqual([1, 'new']);
  });

  it('the old revision answers by all of its digits or the first six, in JSON and CSV, in words, and after it was retired', async () => {
    expect(await totalAt(`/v1/kpis/orders?revision=${REVISIONS.old}`)).toEqual([2, 'old']);
    await decide({ kind: 'retire', lineage: OLD });
    expect(await totalAt(`/v1/kpis/orders?revision=${REVISIONS.old.slice(0, 6)}`)).toEqual([2, 'old']);
    const csv = await world.get(`/v1/kpis/orders?revision=${REVISIONS.old}`, { accept: 'text/csv' });
    expect(JSON.parse(String(csv.headers['tidemark-as-of']))).toMatchObject({ lineage: OLD, revision: REVISIONS.old });
    expect((await world.get(`/v1/metrics/orders?revision=${REVISIONS.old}`)).json()).toMatchObject({
      revision: REVISIONS.old,
      definition: expect.stringContaining('Ordered'),
    });
    expect((await world.get(`/v1/explain/orders/ann?revision=${REVISIONS.old}`)).json()).toMatchObject({ revision: REVISIONS.old, lineage: OLD });
    expect(await lineagesOf()).toMatchObject([{ state: 'retired' }, { state: 'serving' }]);
  });

  it('a revision that stayed as it was is answered by what is served', async () => {
    const people = await world.get(`/v1/activity/people?revision=${revisionOf(before, 'people')}`);
    expect(people.json()['lineage']).toBe(NEW);
  });

  it('a revision that nobody knows is told those that there are', async () => {
    const refused = await world.get('/v1/kpis/orders?revision=0123456789abcdef');
    expect(refused.json()).toMatchObject({
      status: 404,
      code: 'unknown_revision',
      detail: expect.stringContaining(`${REVISIONS.new}, ${REVISIONS.old}`),
    });
    expect(refused.json()['errors']).toEqual([
      { pointer: '/query/revision', message: `${REVISIONS.new}, lineage ${NEW}` },
      { pointer: '/query/revision', message: `${REVISIONS.old}, lineage ${OLD}` },
    ]);
    for (const revision of ['12345', 'xyzxyz', `${REVISIONS.old}0`, ''])
      expect((await world.get(`/v1/kpis/orders?revision=${revision}`)).json()).toMatchObject({ status: 400, code: 'bad_parameter' });
    expect((await world.get(`/v1/board/shop?revision=${REVISIONS.old}`)).json()).toMatchObject({ status: 400, code: 'bad_parameter' });
  });

  it('a tag of the old figures is no tag of the new ones', async () => {
    const old = await world.get(`/v1/kpis/orders?revision=${REVISIONS.old}`);
    expect((await world.get('/v1/kpis/orders', { 'if-none-match': String(old.headers['etag']) })).status).toBe(200);
  });
});

describe('what watches', () => {
  it('a figure gets a snapshot of the new lineage, and one of a metric that is gone a problem', async () => {
    await decide({ kind: 'adopt', lineage: NEW });
    await world.look();
    const sink = new MemoryReader();
    const question = (metric: string, revision?: string) => {
      const path = `/v1/kpis/${metric}${revision === undefined ? '' : `?revision=${revision}`}`;
      return { path, metric, kind: 'kpi' as const, revision, query: {} };
    };
    const questions = [question('orders'), question('more'), question('orders', REVISIONS.new)];
    await world.live.open({ asker: 'me', questions, lastEventId: null, sink });
    expect((await sink.take()).events.map(({ event }) => event)).toEqual(['snapshot', 'snapshot', 'snapshot']);
    await decide({ kind: 'start', lineage: OLD });
    await decide({ kind: 'switch', lineage: OLD });
    world.clock.advance(1_000);
    await world.look();
    world.live.tick();
    await new Promise((resolve) => setTimeout(resolve, 20));
    const { events } = await sink.take();
    expect(new Set(events.map(({ event, path, data }) => `${event} ${path} ${data['code']}`))).toEqual(
      new Set(['snapshot /v1/kpis/orders undefined', 'problem /v1/kpis/more unknown_metric']),
    );
    expect(events.find(({ event }) => event === 'snapshot')?.data).toMatchObject({ body: { lineage: OLD, total: 2 } });
    expect(world.liveFailures).toEqual([]);
  });

  it('records is told of the new lineage, and of no record twice', async () => {
    await startNew();
    const frames: string[] = [];
    const served = { set: before, lineage: OLD };
    const begun = await world.events.begin(served);
    world.events.open({ asker: 'me', served, filter: {}, begun, sink: { write: (frame) => frames.push(frame.toString()) > 0, destroy: () => {} } });
    await world.trail.trail.append(OLD, 0, [witnessedRecord(0, 1)]);
    await world.events.tick();
    await decide({ kind: 'switch', lineage: NEW });
    await world.look();
    await world.trail.trail.want(NEW, { forMs: 60_000, nowMs: NOW_MS });
    await world.trail.trail.append(NEW, 0, [witnessedRecord(0, 1), witnessedRecord(0, 2)]);
    await world.events.tick();
    const told = frames.map((frame) => /^event: (\w+)/.exec(frame)?.[1] ?? '').filter((name) => name !== '');
    expect(told).toEqual(['watching', 'event', 'watching', 'event']);
    expect(frames.find((frame) => frame.includes(NEW))).toContain('watching');
  });
});

describe('the journal', () => {
  it('that cannot be read changes nothing and is said once, as is its coming back', async () => {
    await startNew();
    world.journalStore.intercept = () => 'lose';
    await world.follow();
    await world.follow();
    expect(await totalAt('/v1/kpis/orders')).toEqual([2, 'old']);
    world.journalStore.intercept = undefined;
    world.journalStore.clear();
    await world.follow();
    expect(await lineagesOf()).toHaveLength(2);
    expect(world.logLines.filter((line) => line.includes('journal of lineages'))).toHaveLength(2);
  });

  it('changes words at once', async () => {
    await decide({ kind: 'adopt', lineage: OLD });
    expect((await world.get('/v1/kpis/orders')).json()['owner']).toBe('ann@example.com');
    await decide({ kind: 'describe', lineage: OLD, files: [{ name: 'shop.yaml', text: textOf('Ordered', 'eve@example.com') }] });
    expect((await world.get('/v1/kpis/orders')).json()).toMatchObject({ owner: 'eve@example.com', lineage: OLD, revision: REVISIONS.old });
    expect((await world.get('/v1/metrics/orders')).json()['owner']).toBe('eve@example.com');
  });

  it('decides against the files, also about sets that have none, and what it cannot mean here is said', async () => {
    await decide({ kind: 'adopt', lineage: NEW });
    await world.look();
    expect(await totalAt('/v1/kpis/orders')).toEqual([1, 'new']);
    const text = 'name: store\nmetrics: [{ id: visits, kind: kpi, measure: { count: Seen } }]';
    const store = setOf(text, 'store.yaml');
    await decide({
      kind: 'adopt',
      set: 'store',
      lineage: lineageOf(store, DEFAULT_SETTINGS),
      revision: store.revision,
      files: [{ name: 'store.yaml', text }],
    });
    expect((await world.get('/v1/sets')).json()).toMatchObject({ sets: [{ name: 'shop' }, { name: 'store', asOf: null }] });
    await decide({ kind: 'adopt', set: 'other', lineage: 'abcdefabcdefabcd', files: [{ name: 'other.yaml', text: 'metrics: 1' }] });
    expect((await world.get('/v1/lineages')).json()).toMatchObject({ sets: [{}, { set: 'other', lineages: [{ metrics: null }] }, {}] });
    expect(world.logLines.join('')).toContain('other: lineage abcdefabcdefabcd is to be served, but here its definitions make none, or another');
  });
});
