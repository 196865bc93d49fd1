// What a publish promises: whole heads over absolute rows, whatever the store has forgotten and whatever the network ate.
import { type Fate, MemoryCellStore } from '@tidemark/testing';
import { expect, test } from 'vitest';
import { type CellRow, type CellSink, type Head, NO_VERSION, type PublishPart, versionOf } from '../../src/index.ts';
import { dropClosedRows, positionOf } from '../../src/partition/memory.ts';
import { type PublishContext, publish } from '../../src/partition/publish.ts';
import { Folded, HOUR_MS, LINEAGE, NOTE, START_MS } from './folded.ts';

const at = (next: number): string => versionOf(1, next);
const FIRST_HOUR = START_MS / HOUR_MS;

function bench(partLimits?: CellSink['partLimits']) {
  const folded = new Folded();
  const redis = new MemoryCellStore('redis', partLimits === undefined ? {} : { partLimits });
  const clickhouse = new MemoryCellStore('clickhouse');
  let id = 0;
  const contextOf = (name: 'redis' | 'clickhouse', sink = { redis, clickhouse }[name].sink): PublishContext => ({
    lineage: LINEAGE,
    partition: 0,
    sink,
    other: (name === 'redis' ? clickhouse : redis).sink,
    randomId: () => `p${++id}`,
    note: () => NOTE,
  });
  return { folded, redis, clickhouse, contextOf, to: (name: 'redis' | 'clickhouse') => publish(folded.memory, contextOf(name)) };
}

/** A sink that keeps what it was sent. */
function recorded(inner: CellSink): { sink: CellSink; sent: PublishPart[] } {
  const sent: PublishPart[] = [];
  const write: CellSink['write'] = (part) => {
    sent.push(part);
    return inner.write(part);
  };
  return { sink: { ...inner, write }, sent };
}

function rowsOf(store: MemoryCellStore): Record<string, string> {
  const entries = store.rowsOf(LINEAGE, 0).map((row: CellRow): [string, string] => {
    const name = `${row.metric}/${row.table} ${row.bucket - FIRST_HOUR}${row.value === '' ? '' : ` ${row.value}`}`;
    return [name, `${Array.from(row.cells).join(',')} @${Number.parseInt(row.version.slice(4), 16)}`];
  });
  return Object.fromEntries(entries.sort());
}

test('an empty prefix closes a head above that of a store which never closed one', async () => {
  const { redis, to } = bench();
  expect(await to('redis')).toEqual({ result: 'closed', target: at(0), rows: 0 });
  expect(redis.headOf(LINEAGE, 0)).toMatchObject({ closed: at(0), target: at(0) });
  expect(at(0) > NO_VERSION).toBe(true);
});

test('rows carry absolute integers under the version of their last change, and only what changed above the base is sent', async () => {
  const { folded, redis, to } = bench();
  folded.send({ at: 0 }, { at: 0.5, city: 'Sevan' }, { at: 1 });
  await to('redis');
  expect(rowsOf(redis)).toEqual({
    'clicks/slice:city 0 Gyumri': '1 @1',
    'clicks/slice:city 0 Sevan': '1 @2',
    'clicks/slice:city 1 Gyumri': '1 @3',
    'clicks/total 0': '2 @2',
    'clicks/total 1': '1 @3',
  });
  folded.send({ at: 1.1 });
  expect(await to('redis')).toEqual({ result: 'closed', target: at(4), rows: 2 });
  expect(rowsOf(redis)['clicks/total 1']).toBe('2 @4');
});

test('a row that fell to zero is written', async () => {
  const { folded, redis, to } = bench();
  folded.send({ event: 'Join', at: 1 });
  await to('redis');
  folded.send({ event: 'Join', at: 0 });
  await to('redis');
  expect(rowsOf(redis)).toEqual({ 'joined/total 0': '1 @2', 'joined/total 1': ' @2' });
});

test('the base after a load is the head of the store, not the position of the state', async () => {
  const { folded, redis, clickhouse, to } = bench();
  folded.send({ at: 0 });
  await to('redis');
  folded.send({ at: 1 });
  expect(await to('redis')).toMatchObject({ rows: 2 });
  // ClickHouse was never told: it gets all of it.
  expect(await to('clickhouse')).toMatchObject({ rows: 4 });
  expect(rowsOf(clickhouse)).toEqual(rowsOf(redis));
});

test('a worker behind the head of the store changes nothing and acknowledges what is there', async () => {
  const { folded, redis, to } = bench();
  folded.send({ at: 0 }, { at: 1 });
  await to('redis');
  const before = rowsOf(redis);
  const behind = new Folded();
  behind.send({ at: 0 });
  const context: PublishContext = { ...bench().contextOf('redis'), sink: redis.sink };
  expect(await publish(behind.memory, context)).toEqual({ result: 'closed', target: at(1), rows: 0 });
  expect(behind.memory.redis.base).toBe(at(2));
  expect(rowsOf(redis)).toEqual(before);
});

test('a store that has forgotten refuses, and the next publish starts from its head', async () => {
  const { folded, redis, to } = bench();
  folded.send({ at: 0 });
  await to('redis');
  const early = redis.snapshot();
  folded.send({ at: 1 });
  await to('redis');
  const whole = rowsOf(redis);
  redis.restore(early);
  folded.send({ at: 2 });
  expect(await to('redis')).toEqual({ result: 'behind', closed: at(1) });
  expect(rowsOf(redis)).not.toHaveProperty('clicks/total 2');
  expect(await to('redis')).toEqual({ result: 'closed', target: at(3), rows: 4 });
  expect(rowsOf(redis)).toMatchObject(whole);
});

test('closed rows that left the state come back from the other store before the head closes', async () => {
  const { folded, redis, clickhouse, to } = bench();
  folded.send({ at: 0 });
  await to('redis');
  await to('clickhouse');
  folded.send({ at: 9 });
  expect(dropClosedRows(folded.memory)).toBe(2);
  await to('clickhouse');
  redis.wipe();
  expect(await to('redis')).toEqual({ result: 'behind', closed: NO_VERSION });
  expect(await to('redis')).toEqual({ result: 'closed', target: at(2), rows: 4 });
  expect(rowsOf(redis)).toEqual(rowsOf(clickhouse));
});

test('no head closes while rows that only the other store has cannot be had', async () => {
  const { folded, redis, clickhouse, to, contextOf } = bench();
  folded.send({ at: 0 });
  await to('redis');
  await to('clickhouse');
  folded.send({ at: 9 });
  dropClosedRows(folded.memory);
  redis.wipe();
  await to('redis');
  const part = { lineage: LINEAGE, partition: 0, publishId: 'z', index: 0, last: false, target: at(99), base: NO_VERSION, rows: [], note: NOTE };
  await clickhouse.sink.write(part);
  expect(await to('redis')).toMatchObject({ result: 'waiting' });
  const away: CellSink = { ...clickhouse.sink, rowsBetween: async () => null };
  expect(await publish(folded.memory, { ...contextOf('redis'), other: away })).toMatchObject({ result: 'waiting' });
  expect(redis.headOf(LINEAGE, 0).closed).toBe(NO_VERSION);
});

test('a head that another publish has opened further stays open, and the rows count as unacknowledged', async () => {
  const { folded, redis, to } = bench();
  folded.send({ at: 0 });
  const part = { lineage: LINEAGE, partition: 0, publishId: 'z', index: 0, last: false, target: at(5), base: NO_VERSION, rows: [], note: NOTE };
  await redis.sink.write(part);
  expect(await to('redis')).toMatchObject({ result: 'retry' });
  expect(folded.memory.redis.base).toBe(NO_VERSION);
  expect(redis.headOf(LINEAGE, 0)).toMatchObject({ closed: NO_VERSION, target: at(5) });
  folded.send({ at: 1 }, { at: 1 }, { at: 1 }, { at: 1 });
  expect(await to('redis')).toMatchObject({ result: 'closed', target: at(5) });
});

test('an open head blocks until it closes, also while the next publish is under way; a store that is away does not block', async () => {
  const { folded, redis, to, contextOf } = bench();
  folded.send({ at: 0 });
  const part = { lineage: LINEAGE, partition: 0, publishId: 'z', index: 0, last: false, target: at(2), base: NO_VERSION, rows: [], note: NOTE };
  await redis.sink.write(part);
  await to('redis');
  expect(folded.memory.redis.blocked).toBe(true);
  const seen: boolean[] = [];
  const watching: CellSink['write'] = (sent) => {
    seen.push(folded.memory.redis.blocked);
    return redis.sink.write(sent);
  };
  await publish(folded.memory, contextOf('redis', { ...redis.sink, write: watching }));
  expect(seen).toEqual([true]);
  redis.intercept = () => 'lose';
  await to('redis');
  expect(folded.memory.redis.blocked).toBe(false);
  redis.intercept = undefined;
  await to('redis');
  expect(folded.memory.redis.blocked).toBe(true);
  folded.send({ at: 0.1 });
  expect(await to('redis')).toMatchObject({ result: 'closed' });
  expect(folded.memory.redis.blocked).toBe(false);
});

test('a publish of several scripts is cut by the limits, and all parts of one target go in', async () => {
  const { folded, redis, contextOf } = bench({ maxRows: 2, maxCells: 1_000 });
  folded.send({ at: 0 }, { at: 1 }, { at: 2, city: 'Sevan' });
  const { sink, sent: parts } = recorded(redis.sink);
  expect(await publish(folded.memory, contextOf('redis', sink))).toMatchObject({ result: 'closed', rows: 6 });
  expect(parts.map(({ index, last, rows }) => [index, last, rows.length])).toEqual([
    [0, false, 2],
    [1, false, 2],
    [2, true, 2],
  ]);
  expect(new Set(parts.map(({ target, base, publishId }) => `${target} ${base} ${publishId}`)).size).toBe(1);
});

test('a part that got lost between two scripts leaves the head open: nothing is acknowledged, the next publish sends all again', async () => {
  const { folded, redis, contextOf, to } = bench({ maxRows: 1, maxCells: 1_000 });
  folded.send({ at: 0 });
  // The store loses the first part after acknowledging it.
  const sink: CellSink = { ...redis.sink, write: async (part) => (part.index === 0 ? { outcome: 'written' } : redis.sink.write(part)) };
  expect(await publish(folded.memory, contextOf('redis', sink))).toMatchObject({ result: 'retry' });
  expect(redis.headOf(LINEAGE, 0).closed).toBe(NO_VERSION);
  expect(await to('redis')).toEqual({ result: 'closed', target: at(1), rows: 2 });
});

test('what the fold counts while parts are on their way is not in them', async () => {
  const { folded, redis, contextOf } = bench({ maxRows: 1, maxCells: 1_000 });
  folded.send({ at: 0 });
  const sink: CellSink = {
    ...redis.sink,
    write: (part) => {
      folded.send({ at: 0.1 });
      return redis.sink.write(part);
    },
  };
  expect(await publish(folded.memory, contextOf('redis', sink))).toMatchObject({ target: at(1) });
  expect(rowsOf(redis)).toEqual({ 'clicks/slice:city 0 Gyumri': '1 @1', 'clicks/total 0': '1 @1' });
  expect(folded.memory.redis.base).toBe(at(1));
  expect(positionOf(folded.memory)).toBe(at(3));
});

test.each<Fate>(['lose', 'lose_reply'])('an unknown outcome (%s) is sent again with the same id and part number', async (fate) => {
  const { folded, redis, contextOf } = bench();
  folded.send({ at: 0 });
  let calls = 0;
  redis.intercept = ({ method }) => (method === 'write' && ++calls === 1 ? fate : 'apply');
  const { sink, sent } = recorded(redis.sink);
  expect(await publish(folded.memory, contextOf('redis', sink))).toMatchObject({ result: 'closed' });
  expect(sent).toHaveLength(2);
  expect(sent[1]).toEqual(sent[0]);
});

test('a store that stays away acknowledges nothing', async () => {
  const { folded, redis, to } = bench();
  folded.send({ at: 0 });
  redis.intercept = ({ method }) => (method === 'head' ? 'apply' : 'lose_reply');
  expect(await to('redis')).toMatchObject({ result: 'retry' });
  expect(folded.memory.redis.base).toBe(NO_VERSION);
  redis.intercept = () => 'lose';
  folded.memory.redis.base = null;
  expect(await to('redis')).toMatchObject({ result: 'retry' });
  expect(folded.memory.redis.base).toBeNull();
});

test('a refusal that no retry will mend is thrown', async () => {
  const { folded, redis, contextOf } = bench();
  const sink: CellSink = { ...redis.sink, write: () => Promise.reject(new TypeError('no such thing')) };
  await expect(publish(folded.memory, contextOf('redis', sink))).rejects.toThrow('no such thing');
});

test('a row that breaks the invariants of its kind, or a broken conservation, is never published', async () => {
  const { folded, redis, to } = bench();
  folded.send({ at: 0 });
  folded.memory.fold.state.tables.get('clicks/total')?.add(FIRST_HOUR, 0, 0, -5);
  await expect(to('redis')).rejects.toThrow(/clicks total/);
  const counting = bench();
  counting.folded.memory.fold.state.counters.read = 7;
  await expect(counting.to('redis')).rejects.toThrow(/conservation/);
  expect(redis.rowsOf(LINEAGE, 0)).toEqual([]);
});

test('the head that becomes the base is shown, with its note', async () => {
  const { folded, contextOf } = bench();
  const seen: Head[] = [];
  await publish(folded.memory, { ...contextOf('redis'), mayFollow: (head) => seen.push(head) > 0 });
  await publish(folded.memory, { ...contextOf('redis'), mayFollow: (head) => seen.push(head) > 0 });
  expect(seen).toEqual([{ closed: NO_VERSION, target: NO_VERSION, note: null }]);
});
