// Answers from kept rows and what changed: whatever is published, rewound, wiped or replaced in between, the same as from all rows at the heads that are named.
import type { FunnelDefinition } from '@tidemark/core';
import { MemoryCellStore } from '@tidemark/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type AnswerQuery,
  answerFromRows,
  type CellRow,
  createAnswerer,
  createCatalogue,
  type HeadNote,
  type PartitionRows,
  type ServedHead,
  splitVersion,
  Unavailable,
  versionOf,
} from '../../src/index.ts';
import { DAY_MS, kpiOf, LINEAGE, NOW_MS, setOf, TODAY } from './published.ts';

const PARTITIONS = [0, 1];
const BOTH: readonly string[] = ['redis', 'clickhouse'];
/** Long enough for the heads to be asked for again. */
const BETWEEN_STEPS_MS = 1_600;
const names = ['shown', 'chosen', 'bought'] as const;
const funnel: FunnelDefinition = {
  kind: 'funnel',
  id: 'orders',
  timezone: 'UTC',
  weekStart: 'monday',
  unit: 'day',
  slices: [['channel']],
  freshnessMs: 60_000,
  revision: '3333333333333333',
  steps: names.map((name) => ({ name, anyOf: [{ event: name, where: [] }] })),
  windowMs: DAY_MS,
  order: 'ordered',
  attempt: 'furthest',
  attribution: 'entry',
  exclude: [],
  lookback: 5,
  sliceRanges: true,
};
const catalogue = createCatalogue([{ set: setOf([kpiOf(), funnel]), lineage: LINEAGE }]);

interface Asked {
  readonly metric: string;
  readonly query: AnswerQuery;
}
type Place = Pick<CellRow, 'metric' | 'table' | 'bucket' | 'value'>;
const day = fc.integer({ min: 0, max: 3 }).map((back) => TODAY - back);
const channel = fc.constantFrom('app', 'web', '');
const ordinal = fc.constantFrom(0, 1, 96, 97, 192, 193);
const place: fc.Arbitrary<Place> = fc.oneof(
  fc.record({ metric: fc.constant('purchases'), table: fc.constant('total'), bucket: day, value: fc.constant('') }),
  fc.record({ metric: fc.constant('purchases'), table: fc.constant('slice:channel'), bucket: day, value: channel }),
  fc.record({ metric: fc.constant('orders'), table: fc.constant('total'), bucket: day, value: fc.constant('') }),
  fc.record({ metric: fc.constant('orders'), table: fc.constant('slice:channel'), bucket: day, value: channel }),
  fc.record({ metric: fc.constant('orders'), table: fc.constant('times:'), bucket: day, value: ordinal.map((each) => `${each}:`) }),
  fc
    .record({ ordinal, channel, bucket: day })
    .map(({ ordinal, channel, bucket }) => ({ metric: 'orders', table: 'times:channel', bucket, value: `${ordinal}:${channel}` })),
);
/** What one record makes of some rows: their integers after it, some of them zero again. */
const record = fc.array(fc.record({ place, cells: fc.array(fc.nat({ max: 3 }), { minLength: 6, maxLength: 24 }) }), { minLength: 1, maxLength: 4 });
const partition = fc.constantFrom(...PARTITIONS);
const store = fc.constantFrom('redis' as const, 'clickhouse' as const);
const question: fc.Arbitrary<Asked> = fc.record({
  metric: fc.constantFrom('purchases', 'orders', 'orders'),
  query: fc
    .record({
      range: fc.constantFrom({}, { from: '2026-11-18', to: '2026-11-21' }, { from: '2026-11-20', to: '2026-11-21' }),
      slice: fc.constantFrom({}, {}, { slice: 'channel' }, { slice: 'channel', value: 'app' }, { slice: 'channel', limit: 1 }),
      compare: fc.constantFrom({}, {}, { compare: 'previous' as const }),
    })
    .map(({ range, slice, compare }) => ({ ...range, ...slice, ...compare })),
});
const records = fc.array(record, { minLength: 1, maxLength: 4 });
const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ act: fc.constant('publish' as const), partition, records, to: fc.constantFrom(['redis'], ['clickhouse'], BOTH, BOTH) }),
  },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('leave open' as const), partition, records, store }) },
  { weight: 8, arbitrary: fc.record({ act: fc.constant('ask' as const), questions: fc.array(fc.nat({ max: 1 }), { minLength: 1, maxLength: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('remember' as const), store }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('rewind' as const), store }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('wipe' as const), store }) },
  {
    weight: 1,
    arbitrary: fc.record({ act: fc.constant('replace the log' as const), partition, keep: fc.nat({ max: 6 }), raise: fc.boolean(), records }),
  },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('wait' as const), ms: fc.constant(70_000) }) },
);
type Step = typeof step extends fc.Arbitrary<infer One> ? One : never;

/** The rows of one partition, a pure function of its log so far. */
interface Folded {
  epoch: number;
  next: number;
  log: string;
  rows: ReadonlyMap<string, CellRow>;
  /** Rows by next, for a log that is cut. */
  history: (readonly [number, ReadonlyMap<string, CellRow>])[];
}

class Play {
  readonly stores = { redis: new MemoryCellStore('redis'), clickhouse: new MemoryCellStore('clickhouse') };
  readonly folded: Folded[] = PARTITIONS.map(() => ({ epoch: 1, next: 0, log: 'log 0', rows: new Map(), history: [] }));
  /** `partition log version` → all rows. */
  readonly prefixes = new Map<string, readonly CellRow[]>();
  readonly snapshots = { redis: null as unknown, clickhouse: null as unknown };
  nowMs = NOW_MS;
  logs = 0;
  publishes = 0;
  answers = 0;
  /** By the positions that an answer names. */
  readonly served = new Map<string, readonly ServedHead[]>();
  readonly answerer = createAnswerer({
    lineages: () => [LINEAGE],
    partitions: PARTITIONS,
    stores: { redis: this.stores.redis.reader, clickhouse: this.stores.clickhouse.reader },
    latenessMs: 7 * DAY_MS,
    clock: {
      nowMs: () => this.nowMs,
      sleep: (ms) => {
        this.nowMs += ms;
        return Promise.resolve();
      },
    },
    answered: (_, heads) => {
      this.served.set(
        JSON.stringify(Object.fromEntries(heads.map(({ partition, head }) => [partition, String(splitVersion(head.closed).next)]))),
        heads,
      );
    },
  });

  fold(number: number, changes: readonly { place: Place; cells: readonly number[] }[]): void {
    const folded = this.folded[number] as Folded;
    const next = folded.next + 1;
    const rows = new Map(folded.rows);
    for (const { place: at, cells } of changes)
      rows.set(JSON.stringify([at.metric, at.table, at.bucket, at.value]), { ...at, version: versionOf(folded.epoch, next), cells });
    Object.assign(folded, { next, rows });
    folded.history.push([next, rows]);
  }

  async publish(number: number, to: 'redis' | 'clickhouse', open: boolean): Promise<void> {
    const { epoch, next, log, rows } = this.folded[number] as Folded;
    const target = versionOf(epoch, next);
    const { sink } = this.stores[to];
    const head = await sink.head(LINEAGE, number);
    // A worker halts over figures of another log and never publishes below what is there.
    if ((head.note !== null && head.note.log !== log && splitVersion(head.closed).epoch === epoch) || head.closed > target) return;
    this.prefixes.set(`${number} ${log} ${target}`, [...rows.values()]);
    const note: HeadNote = {
      clockMs: NOW_MS - 5_000 + next,
      counters: { applied: next },
      overflow: false,
      partitionCount: 2,
      publishedAtMs: this.nowMs,
      confirmedAtMs: this.nowMs,
      atEnd: true,
      fingerprint: `${log} ${next}`,
      log,
    };
    const dirty = [...rows.values()].filter(({ version }) => version > head.closed);
    const sent = open ? dirty.slice(1) : dirty;
    await sink.write({
      ...{ lineage: LINEAGE, partition: number, publishId: String(++this.publishes), index: 0 },
      ...{ last: !open, target, base: head.closed, rows: sent, note },
    });
  }

  /** As an operator does who begins anew: both stores have nothing of the partition any more, and the log goes on from an earlier place. */
  replaceLog(number: number, keep: number, raise: boolean): void {
    const folded = this.folded[number] as Folded;
    this.stores.redis.wipe();
    this.stores.clickhouse.wipe();
    this.snapshots.redis = null;
    this.snapshots.clickhouse = null;
    const kept = folded.history.slice(0, keep);
    folded.log = `log ${++this.logs}`;
    if (raise) Object.assign(folded, { epoch: folded.epoch + 1, next: 0, rows: kept.at(-1)?.[1] ?? new Map(), history: [] });
    else Object.assign(folded, { next: kept.at(-1)?.[0] ?? 0, rows: kept.at(-1)?.[1] ?? new Map(), history: kept });
  }

  async ask({ metric, query: asked }: Asked): Promise<void> {
    const served = catalogue.metric(metric);
    if (served === undefined) throw new Error(`no metric ${metric}`);
    const answered = await this.answerer.answer(served, asked).catch((error: unknown) => {
      if (error instanceof Unavailable) return null;
      throw error;
    });
    if (answered === null) return;
    this.answers++;
    const heads = this.served.get(JSON.stringify(answered.body.asOf.positions)) ?? [];
    const partitions = heads.map(({ partition: number, head }): PartitionRows => {
      const rows = this.prefixes.get(`${number} ${head.note?.log} ${head.closed}`);
      if (rows === undefined) throw new Error(`partition ${number} was served at ${head.closed} of ${head.note?.log}, where nobody published`);
      return { partition: number, head, rows };
    });
    const { from, to } = answered.body;
    const expected = answerFromRows({
      served,
      query: { ...asked, from, to },
      partitions,
      latenessMs: 7 * DAY_MS,
      nowMs: this.nowMs,
      source: 'redis',
    });
    const figures = ({ asOf: _, ...body }: object & { asOf: unknown }) => body;
    expect(figures(answered.body)).toEqual(figures(expected.body));
  }

  async take(one: Step, questions: readonly Asked[]): Promise<void> {
    this.nowMs += BETWEEN_STEPS_MS;
    switch (one.act) {
      case 'publish':
        for (const each of one.records) this.fold(one.partition, each);
        if (one.to.includes('redis')) await this.publish(one.partition, 'redis', false);
        if (one.to.includes('clickhouse')) await this.publish(one.partition, 'clickhouse', false);
        return;
      case 'leave open':
        for (const each of one.records) this.fold(one.partition, each);
        return await this.publish(one.partition, one.store, true);
      case 'ask':
        await Promise.all(one.questions.map((number) => this.ask(questions[number] as Asked)));
        return;
      case 'remember':
        this.snapshots[one.store] = this.stores[one.store].snapshot();
        return;
      case 'rewind':
        if (this.snapshots[one.store] !== null) this.stores[one.store].restore(this.snapshots[one.store]);
        return;
      case 'wipe':
        return this.stores[one.store].wipe();
      case 'replace the log':
        this.replaceLog(one.partition, one.keep, one.raise);
        for (const each of one.records) this.fold(one.partition, each);
        // The stores have lost all partitions.
        for (const each of PARTITIONS) await this.publish(each, 'redis', false);
        return;
      case 'wait':
        this.nowMs += one.ms;
        return;
    }
  }
}

test('any history of publishes, questions, rewinds, lost stores and replaced logs is answered as from all rows', async () => {
  let answers = 0;
  const questions = fc.tuple(question, question);
  const play = fc.asyncProperty(questions, fc.array(step, { minLength: 20, maxLength: 60 }), async (asked, steps) => {
    const world = new Play();
    for (const number of PARTITIONS) {
      world.fold(number, []);
      await world.publish(number, 'redis', false);
    }
    for (const one of steps) await world.take(one, asked);
    answers += world.answers;
  });
  await fc.assert(play, { numRuns: 200 });
  expect(answers).toBeGreaterThan(2_000);
});
