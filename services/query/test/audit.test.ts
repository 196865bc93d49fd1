// The audit: positions, saved state, archive, counters, halts, rewinds, gaps and proofs of every partition, as far as the stores answer.
import { type CheckResult, versionOf } from '@tidemark/pipeline';
import { beforeEach, expect, it } from 'vitest';
import { createClient } from '../src/client/index.ts';
import { createServedWorld, NOW_MS, type ServedWorld, setOf, trackOf } from './served-world.ts';

const set = setOf('name: shop\nmetrics: [{ id: orders, kind: kpi, measure: { count: Ordered } }]');
const ordered = (userId: string, index: number) => trackOf('Ordered', userId, { timestamp: '2026-11-21T12:00:00Z', messageId: `m${index}` });
let world: ServedWorld;

beforeEach(async () => {
  world = await createServedWorld({ set, events: ['ann', 'bob', 'cid', 'dan'].map(ordered), partitionCount: 2 });
});

const audited = async (url = '/v1/audit') => (await world.get(url)).json();
const iso = (ms: number) => new Date(ms).toISOString();

it('says of a partition what both stores, the saved state and the archive hold, and what was counted', async () => {
  const { lineage } = world;
  const [, positions] = [0, await world.answerer.heads(lineage)];
  const next = Number.parseInt(positions[0]?.head.closed.slice(4) ?? '', 16);
  await world.checkpoints.store.saveSegment(lineage, 0, 's1', new Uint8Array(7));
  await world.checkpoints.store.replaceManifest(null, {
    id: 'm1',
    writer: 'w1',
    format: 1,
    lineage,
    partition: 0,
    epoch: 1,
    next: 1,
    pieces: 1,
    segments: [{ key: 's1', kind: 'base', piece: 0, next: 1, bytes: 7 }],
    dropped: versionOf(0, 0),
    partitionCount: 2,
    partitioner: 'murmur2',
    clusterId: 'c',
    topicId: 't',
    fingerprint: '',
    fingerprintOffset: -1,
  });
  for (const [from, to] of [
    [0, 2],
    [5, 9],
  ] as const)
    await world.archive.archive.extendChain({ epoch: 1, partition: 0, from, to, count: to - from, hash: '' });
  expect(await audited()).toMatchObject({
    sets: [
      {
        set: 'shop',
        lineage,
        partitions: [
          {
            partition: 0,
            redis: {
              position: String(next),
              open: false,
              watermark: '2026-11-21T12:00:00.000Z',
              confirmedAt: iso(NOW_MS),
              logEnd: String(next),
              halted: null,
              overflow: false,
              counters: { read: next, applied: next, duplicate: 0, late: 0, misrouted: 0, rejected: 0 },
            },
            clickhouse: { position: String(next) },
            manifest: { position: '1', writer: 'w1', segments: 1, bytes: 7 },
            archive: { from: '0', to: '2', gap: true },
            incidents: [],
            checks: [],
          },
          { partition: 1, manifest: null, archive: null },
        ],
      },
    ],
    away: [],
  });
});

it('names halts by their code, rewinds and halts of the past, and the latest proofs', async () => {
  const { lineage } = world;
  await world.publish({ halted: 'the log begins at 9, after position 2: what lies between is lost' });
  const result: CheckResult = {
    kind: 'verify_redis',
    lineage,
    partition: 1,
    checkedAtMs: NOW_MS - 5_000,
    position: versionOf(1, 2),
    outcome: 'different',
    compared: 40,
    differences: 1,
    detail: 'redis partition 1 orders total bucket 20778 column 0: served 5, recomputed 2',
  };
  await world.checks.ledger.record([
    { ...result, checkedAtMs: NOW_MS - 9_000, outcome: 'same' },
    result,
    { ...result, lineage: 'f'.repeat(16), partition: 0 },
  ]);
  const halt = {
    kind: 'halt',
    lineage,
    partition: 1,
    atMs: NOW_MS - 60_000,
    position: versionOf(1, 2),
    detail: 'the fold failed at offset 2: x',
  } as const;
  await world.incidents.ledger.note([
    halt,
    { ...halt, atMs: NOW_MS - 90_000 },
    { ...halt, kind: 'rewind', detail: 'redis', position: versionOf(1, 1) },
  ]);
  const { checkedAtMs: _at, lineage: _lineage, partition: _partition, ...told } = result;
  expect(await audited()).toMatchObject({
    sets: [
      {
        partitions: [
          { redis: { halted: { code: 'log_lost', reason: expect.stringContaining('the log begins at 9') } }, checks: [], incidents: [] },
          {
            checks: [{ ...told, position: '2', checkedAt: iso(NOW_MS - 5_000) }],
            incidents: [
              { kind: 'halt', count: 2, lastAt: iso(NOW_MS - 60_000), position: '2', detail: 'the fold failed at offset 2: x' },
              { kind: 'rewind', count: 1, position: '1', detail: 'redis' },
            ],
          },
        ],
      },
    ],
  });
});

it('answers what it can while stores are away, and says which', async () => {
  world.stores.clickhouse.intercept = () => 'lose';
  world.checks.intercept = () => 'lose';
  world.incidents.intercept = () => 'lose';
  world.archive.intercept = () => 'lose';
  world.clock.advance(5_000);
  const { sets, away } = await audited();
  expect(away).toEqual([{ what: 'clickhouse', reason: expect.stringContaining('lost on its way') }]);
  expect(sets).toMatchObject([{ partitions: [{ redis: { open: false }, clickhouse: null, archive: null, checks: [] }, {}] }]);
  world.stores.redis.intercept = () => 'lose';
  world.clock.advance(5_000);
  expect((await audited())['away']).toMatchObject([{ what: 'clickhouse' }, { what: 'redis' }]);
});

it('is kept for a second, because it asks the archive about every partition', async () => {
  let asked = 0;
  world.checks.intercept = () => {
    asked++;
    return 'apply';
  };
  await Promise.all([audited(), audited(), audited()]);
  expect(asked).toBe(1);
  world.clock.advance(1_000);
  await audited();
  expect(asked).toBe(2);
});

it('takes no parameters, is JSON alone, and is guarded like figures', async () => {
  expect((await world.get('/v1/audit?set=shop')).status).toBe(400);
  expect((await world.get('/v1/audit', { accept: 'text/csv' })).status).toBe(406);
  const guarded = await createServedWorld({
    set,
    events: [ordered('ann', 0)],
    access: { keys: [{ name: 'dash', scopes: ['read'], hash: Buffer.alloc(32) }] },
  });
  expect((await guarded.get('/v1/audit')).status).toBe(401);
});

it('is an operation of the client', async () => {
  const base = await world.app.listen({ host: '127.0.0.1', port: 0 });
  const { changed, ...answered } = await createClient({ baseUrl: base }).get('/v1/audit', { path: {} });
  expect(changed && 'body' in answered && answered.body.sets[0]?.partitions.map(({ partition }) => partition)).toEqual([0, 1]);
  await world.app.close();
});
