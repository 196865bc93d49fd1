/** What every store of cells promises, run alike on the twins and on the real engines. */
import { type HeadNote, NO_VERSION, StoreUnavailable, versionOf } from '@tidemark/pipeline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { at, byName, CellStoreBench, type CellStoreUnderTest, EVERYTHING, NOTE, sliceRow, totalRow } from './cell-store-bench.ts';

const HOSTILE_VALUES = [
  '',
  'NUL\0inside',
  `it's "quoted" \`twice\` \\'; DROP TABLE rollup_cells --`,
  'tab\tnew\nline\r\\N \\x',
  '\u{1f600} ß 漢字 \u202e',
  'e\u0301',
  '\u00e9',
  'x'.repeat(10_000),
  '漢'.repeat(10_000),
  '{p}:%00&param_x=1',
];

/** The suite. `makeStore` is called once; every test works in a lineage of its own. */
export function cellSinkContract(name: string, makeStore: () => Promise<CellStoreUnderTest>): void {
  describe(`${name} as a store of cells`, () => {
    let store: CellStoreUnderTest;
    let ordinal = 0;
    beforeAll(async () => {
      store = await makeStore();
    });
    afterAll(async () => {
      await store?.close();
    });
    const fresh = (): CellStoreBench => new CellStoreBench(store, `contract${++ordinal}-${process.pid}-${performance.timeOrigin.toString(36)}`);

    describeWriting(fresh);
    describeParts(fresh);
    describeRefusals(fresh, () => store.sink.name);
    describeReading(fresh);
    describeChanges(fresh);
    describeConfirming(fresh);
  });
}

function describeWriting(fresh: () => CellStoreBench): void {
  test('a store that never closed a head says so, and holds no rows', async () => {
    const bench = fresh();
    expect(await bench.head()).toEqual({ closed: NO_VERSION, target: NO_VERSION, note: null });
    expect(await bench.content()).toEqual({});
  });

  test('one part that is the last writes its rows and closes the head at its target', async () => {
    const bench = fresh();
    expect(await bench.write({ target: at(9), rows: [totalRow(7, at(5), [1, 0, -3]), sliceRow(7, 'DE', at(9), [4])] })).toEqual({
      outcome: 'written',
    });
    expect(await bench.head()).toEqual({ closed: at(9), target: at(9), note: NOTE });
    expect(await bench.content()).toEqual({ 'total 7 ': [at(5), [1, 0, -3]], 'slice:country 7 DE': [at(9), [4]] });
  });

  test('a part without rows closes the head', async () => {
    const bench = fresh();
    await bench.write({ target: at(4), rows: [] });
    expect(await bench.head()).toMatchObject({ closed: at(4), target: at(4) });
  });

  test('sending a part again changes nothing', async () => {
    const bench = fresh();
    const part = bench.part({ target: at(9), rows: [totalRow(7, at(5), [1])] });
    for (let times = 0; times < 3; times++) expect(await bench.sink.write(part)).toEqual({ outcome: 'written' });
    expect(await bench.head()).toEqual({ closed: at(9), target: at(9), note: NOTE });
    expect(await bench.content()).toEqual({ 'total 7 ': [at(5), [1]] });
  });

  test('an old part that arrives late changes neither rows nor head', async () => {
    const bench = fresh();
    const old = bench.part({ target: at(5), rows: [totalRow(7, at(5), [1]), totalRow(8, at(3), [3])] });
    await bench.write({ target: at(9), rows: [totalRow(7, at(9), [2]), totalRow(8, at(3), [3])] });
    await bench.sink.write(old);
    await bench.sink.write({ ...old, last: false });
    expect(await bench.head()).toEqual({ closed: at(9), target: at(9), note: NOTE });
    expect(await bench.content()).toEqual({ 'total 7 ': [at(9), [2]], 'total 8 ': [at(3), [3]] });
  });

  test('of one row the larger version stays, whatever arrives first', async () => {
    const bench = fresh();
    await bench.write({ target: at(0x1_0000), rows: [totalRow(1, at(0xffff), [10]), totalRow(2, at(0x1_0000), [20])] });
    await bench.write({ target: at(0x1_0001), rows: [totalRow(1, at(0x1_0001), [11]), totalRow(2, at(0xffff), [19])] });
    expect(await bench.content()).toEqual({ 'total 1 ': [at(0x1_0001), [11]], 'total 2 ': [at(0x1_0000), [20]] });
  });

  test('versions order as unsigned numbers: a later epoch is above any position of an earlier one, up to epoch 65535', async () => {
    const bench = fresh();
    for (const version of [versionOf(1, 2 ** 48 - 1), versionOf(0x7fff, 1), versionOf(0x8000, 1), versionOf(0xffff, 2)]) {
      await bench.write({ target: version, rows: [totalRow(1, version, [1])] });
      expect(await bench.head()).toMatchObject({ closed: version, target: version });
    }
    await bench.write({ target: versionOf(0x7fff, 9), rows: [totalRow(1, versionOf(0x7fff, 9), [2])] });
    expect(await bench.head()).toMatchObject({ closed: versionOf(0xffff, 2) });
    expect(await bench.content()).toEqual({ 'total 1 ': [versionOf(0xffff, 2), [1]] });
  });

  test('a row that fell to zero is written', async () => {
    const bench = fresh();
    await bench.write({ target: at(5), rows: [totalRow(7, at(5), [1, 2])] });
    await bench.write({ target: at(6), rows: [totalRow(7, at(6), [0, 0])] });
    expect(await bench.content()).toEqual({ 'total 7 ': [at(6), []] });
  });

  test('cells are exact up to 2^53 − 1 on both sides of zero', async () => {
    const bench = fresh();
    const cells = [Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER, 2 ** 31, -(2 ** 31) - 1, 0, 0, 0, 0, 63, 64, -64, 1];
    await bench.write({ target: at(5), rows: [totalRow(7, at(5), cells)] });
    expect(await bench.content()).toEqual({ 'total 7 ': [at(5), cells] });
  });

  test('hostile slice values stay apart and come back byte for byte', async () => {
    const bench = fresh();
    await bench.write({ target: at(5), rows: HOSTILE_VALUES.map((value, index) => sliceRow(7, value, at(5), [index + 1])) });
    const expected = Object.fromEntries(HOSTILE_VALUES.map((value, index) => [`slice:country 7 ${value}`, [at(5), [index + 1]]]));
    expect(await bench.content()).toEqual(expected);
    for (const [index, value] of HOSTILE_VALUES.entries()) {
      const range = { metric: 'activity', table: 'slice:country', from: 7, to: 7, sliced: true, value };
      expect(await bench.content([range])).toEqual({ [`slice:country 7 ${value}`]: [at(5), [index + 1]] });
    }
  });
}

function describeParts(fresh: () => CellStoreBench): void {
  test('the first part of several marks the head open with the target; the last one closes it', async () => {
    const bench = fresh();
    await bench.write({ target: at(4), rows: [totalRow(1, at(2), [1])] });
    await bench.write({ target: at(9), rows: [totalRow(1, at(8), [2])], base: at(4), last: false, publishId: 'a' });
    expect(await bench.head()).toMatchObject({ closed: at(4), target: at(9) });
    await bench.write({ target: at(9), rows: [totalRow(2, at(9), [3])], base: at(4), last: false, index: 1, publishId: 'a' });
    expect(await bench.head()).toMatchObject({ closed: at(4), target: at(9) });
    expect(await bench.write({ target: at(9), rows: [totalRow(3, at(7), [4])], base: at(4), index: 2, publishId: 'a' })).toEqual({
      outcome: 'written',
    });
    expect(await bench.head()).toEqual({ closed: at(9), target: at(9), note: NOTE });
    expect(await bench.content()).toEqual({ 'total 1 ': [at(8), [2]], 'total 2 ': [at(9), [3]], 'total 3 ': [at(7), [4]] });
  });

  test('an open head says which log the publish that announced its target was folded from, a closed one no more', async () => {
    const bench = fresh();
    const of = (log: string) => ({ ...NOTE, log });
    await bench.write({ target: at(4), rows: [totalRow(1, at(2), [1])], note: of('a') });
    expect(await bench.head()).toEqual({ closed: at(4), target: at(4), note: of('a') });
    await bench.write({ target: at(9), rows: [totalRow(1, at(8), [2])], base: at(4), last: false, publishId: 'b', note: of('b') });
    await bench.write({ target: at(7), rows: [totalRow(1, at(7), [2])], base: at(4), last: false, publishId: 'c', note: of('c') });
    expect(await bench.head()).toEqual({ closed: at(4), target: at(9), note: of('a'), announced: 'b' });
    await bench.write({ target: at(9), rows: [], base: at(4), index: 1, publishId: 'b', note: of('b') });
    expect(await bench.head()).toEqual({ closed: at(9), target: at(9), note: of('b') });
  });

  test('an open head closes only at or above the largest announced target', async () => {
    const bench = fresh();
    await bench.write({ target: at(9), rows: [totalRow(1, at(9), [9])], last: false, publishId: 'killed' });
    await bench.write({ target: at(6), rows: [totalRow(1, at(6), [6]), totalRow(2, at(5), [5])], publishId: 'successor' });
    const head = await bench.head();
    expect(head.closed < head.target).toBe(true);
    expect(head.target).toBe(at(9));
    await bench.write({ target: at(9), rows: [totalRow(1, at(9), [9]), totalRow(2, at(5), [5])], publishId: 'later' });
    expect(await bench.head()).toMatchObject({ closed: at(9), target: at(9) });
    expect(await bench.content()).toEqual({ 'total 1 ': [at(9), [9]], 'total 2 ': [at(5), [5]] });
  });

  test('a first part that arrives after its head has closed does not open it again', async () => {
    const bench = fresh();
    const first = bench.part({ target: at(9), rows: [totalRow(1, at(9), [9])], last: false, publishId: 'a' });
    await bench.sink.write(first);
    await bench.write({ target: at(9), rows: [totalRow(2, at(8), [8])], index: 1, publishId: 'a' });
    await bench.sink.write(first);
    expect(await bench.head()).toMatchObject({ closed: at(9), target: at(9) });
  });

  test('as many rows as the part limits allow are written by one part', async () => {
    const bench = fresh();
    const count = Math.min(bench.sink.partLimits.maxRows, 4_000);
    const rows = Array.from({ length: count }, (_, bucket) => totalRow(bucket, at(bucket + 1), [bucket, 1]));
    expect(await bench.write({ target: at(count), rows })).toEqual({ outcome: 'written' });
    expect(Object.keys(await bench.content())).toHaveLength(count);
  });
}

function describeRefusals(fresh: () => CellStoreBench, storeName: () => string): void {
  test('a store that has forgotten its base refuses and keeps what it has (ClickHouse, which cannot look while it writes, never refuses)', async () => {
    const bench = fresh();
    await bench.write({ target: at(4), rows: [totalRow(1, at(2), [1])] });
    for (const last of [true, false]) {
      const outcome = await bench.write({ target: at(9), rows: [totalRow(1, at(8), [2])], base: at(5), last, publishId: 'a' });
      expect(outcome).toEqual(storeName() === 'redis' ? { outcome: 'behind', closed: at(4) } : { outcome: 'written' });
    }
    if (storeName() !== 'redis') return;
    expect(await bench.head()).toMatchObject({ closed: at(4), target: at(4) });
    expect(await bench.content()).toEqual({ 'total 1 ': [at(2), [1]] });
  });

  test('a closing part whose earlier parts are missing writes nothing (Redis), and says so', async () => {
    const bench = fresh();
    if (storeName() !== 'redis') return expect(await bench.write({ target: at(9), rows: [], index: 2 })).toEqual({ outcome: 'written' });
    await bench.write({ target: at(9), rows: [totalRow(1, at(9), [9])], last: false, publishId: 'a' });
    for (const missing of [
      { index: 2, publishId: 'a' },
      { index: 1, publishId: 'b' },
    ]) {
      expect(await bench.write({ target: at(9), rows: [totalRow(2, at(9), [9])], ...missing })).toEqual({ outcome: 'incomplete' });
    }
    expect(await bench.head()).toMatchObject({ closed: NO_VERSION, target: at(9) });
    expect(await bench.content()).toEqual({ 'total 1 ': [at(9), [9]] });
  });

  test('a smaller publish into a head opened for more says that it stays open (Redis)', async () => {
    const bench = fresh();
    await bench.write({ target: at(9), rows: [totalRow(1, at(9), [9])], last: false, publishId: 'a' });
    const outcome = await bench.write({ target: at(6), rows: [totalRow(2, at(5), [5])], publishId: 'b' });
    expect(outcome).toEqual({ outcome: storeName() === 'redis' ? 'open' : 'written' });
  });

  test('no failure is taken for an unknown outcome', async () => {
    const bench = fresh();
    const failed = await bench.write({ target: at(1), rows: [totalRow(1, at(1), [0.5])] }).catch((error: unknown) => error);
    expect(failed).not.toBeInstanceOf(StoreUnavailable);
  });
}

function describeReading(fresh: () => CellStoreBench): void {
  test('partitions and lineages stay apart, and answers come in the order asked', async () => {
    const [bench, other] = [fresh(), fresh()];
    await bench.write({ target: at(4), rows: [totalRow(1, at(2), [1])], partition: 0 });
    await bench.write({ target: at(5), rows: [totalRow(1, at(3), [2])], partition: 11 });
    await other.write({ target: at(6), rows: [totalRow(1, at(4), [3])], partition: 0 });
    const answer = await bench.reader.read(bench.lineage, [11, 7, 0], EVERYTHING);
    expect(answer.map((one) => [one.partition, one.head.closed, byName(one.rows)])).toEqual([
      [11, at(5), { 'total 1 ': [at(3), [2]] }],
      [7, NO_VERSION, {}],
      [0, at(4), { 'total 1 ': [at(2), [1]] }],
    ]);
    const heads = await bench.reader.heads(bench.lineage, [11, 7, 0]);
    expect(heads).toEqual(answer.map((one) => one.head));
  });

  test('a range is inclusive on both sides, and metrics, tables and values do not leak into each other', async () => {
    const bench = fresh();
    const rows = [-2, -1, 0, 1, 2].flatMap((bucket) => [
      totalRow(bucket, at(1), [bucket]),
      sliceRow(bucket, 'DE', at(1), [1]),
      sliceRow(bucket, 'FR', at(1), [2]),
    ]);
    const others = [
      { ...totalRow(0, at(1), [7]), table: 'week' },
      { ...totalRow(0, at(1), [8]), metric: 'activity_b' },
      { ...sliceRow(0, 'DE', at(1), [9]), table: 'week:country' },
    ];
    await bench.write({ target: at(1), rows: [...rows, ...others] });
    const total = { metric: 'activity', table: 'total', from: -1, to: 1, sliced: false };
    const slices = { metric: 'activity', table: 'slice:country', from: 0, to: 1, sliced: true };
    expect(Object.keys(await bench.content([total])).sort()).toEqual(['total -1 ', 'total 0 ', 'total 1 ']);
    expect(Object.keys(await bench.content([slices])).sort()).toEqual(
      [0, 1].flatMap((bucket) => [`slice:country ${bucket} DE`, `slice:country ${bucket} FR`]),
    );
    expect(Object.keys(await bench.content([{ ...slices, value: 'FR' }])).sort()).toEqual(['slice:country 0 FR', 'slice:country 1 FR']);
    expect(Object.keys(await bench.content([total, { ...slices, value: 'absent' }]))).toHaveLength(3);
    expect(await bench.content([{ ...total, from: 5, to: 4 }])).toEqual({});
    expect(await bench.content([])).toEqual({});
  });

  test('readers see the rows of one instant: never those of a publish without its head', async () => {
    const bench = fresh();
    const publish = async (): Promise<void> => {
      for (let next = 1; next <= 25; next++)
        await bench.write({
          target: at(next),
          rows: [totalRow(1, at(next), [next]), totalRow(900, at(next), [next]), sliceRow(3, 'DE', at(next), [next])],
        });
    };
    let isWriting = true;
    const publishing = publish().finally(() => {
      isWriting = false;
    });
    do {
      const [answer] = await bench.reader.read(bench.lineage, [3], EVERYTHING);
      if (!answer) throw new Error('no answer');
      expect(answer.head.closed).toBe(answer.head.target);
      const expected = answer.head.closed === NO_VERSION ? [] : Array(3).fill(answer.head.closed);
      expect(answer.rows.map((row) => row.version)).toEqual(expected);
    } while (isWriting);
    await publishing;
  });

  test('rows between two versions are given from a closed head only', async () => {
    const bench = fresh();
    const rows = [totalRow(1, at(2), [1]), totalRow(2, at(4), [2]), sliceRow(3, 'a:b\n', at(6), [3]), totalRow(-4, at(8), [4])];
    await bench.write({ target: at(8), rows });
    const between = await bench.sink.rowsBetween(bench.lineage, 3, at(2), at(6));
    expect(byName(between ?? [])).toEqual({ 'total 2 ': [at(4), [2]], 'slice:country 3 a:b\n': [at(6), [3]] });
    expect(byName((await bench.sink.rowsBetween(bench.lineage, 3, NO_VERSION, at(8))) ?? [])).toEqual(byName(rows));
    expect(await bench.sink.rowsBetween(bench.lineage, 3, at(8), at(8))).toEqual([]);
    expect(await bench.sink.rowsBetween(bench.lineage, 3, at(2), at(9))).toBeNull();
    await bench.write({ target: at(12), rows: [totalRow(5, at(12), [5])], base: at(8), last: false, publishId: 'a' });
    expect(await bench.sink.rowsBetween(bench.lineage, 3, at(2), at(6))).toBeNull();
  });
}

function describeChanges(fresh: () => CellStoreBench): void {
  test('of a partition with a version to begin above only what changed since comes back; its head and the other partitions are whole', async () => {
    const bench = fresh();
    const rows = [
      totalRow(1, at(2), [1]),
      totalRow(2, at(3), [2]),
      totalRow(20_000, at(4), [3]),
      sliceRow(1, 'DE', at(3), [4]),
      sliceRow(2, 'DE', at(4), [5]),
    ];
    for (const partition of [3, 4]) await bench.write({ target: at(4), rows, partition });
    const changes = [totalRow(2, at(7), [6]), sliceRow(2, 'DE', at(6), [0, 0]), sliceRow(2, 'FR', at(8), [7])];
    for (const partition of [3, 4]) await bench.write({ target: at(8), rows: changes, base: at(4), partition });
    const since = async (version: string | null, ranges = EVERYTHING) => {
      const above = version === null ? undefined : new Map([[3, version]]);
      const answer = await bench.reader.read(bench.lineage, [4, 3], ranges, above);
      expect(answer.map(({ head }) => head.closed)).toEqual([at(8), at(8)]);
      expect(Object.keys(byName(answer[0]?.rows ?? []))).toHaveLength(Object.keys(await bench.content(ranges, 4)).length);
      return byName(answer[1]?.rows ?? []);
    };
    const changed = { 'total 2 ': [at(7), [6]], 'slice:country 2 DE': [at(6), []], 'slice:country 2 FR': [at(8), [7]] };
    expect(await since(at(4))).toEqual(changed);
    expect(await since(at(3))).toEqual({ ...changed, 'total 20000 ': [at(4), [3]] });
    expect(await since(at(6))).toEqual({ 'total 2 ': [at(7), [6]], 'slice:country 2 FR': [at(8), [7]] });
    expect(await since(at(8))).toEqual({});
    expect(await since(at(9))).toEqual({});
    expect(await since(NO_VERSION)).toEqual(await bench.content());
    expect(await since(null)).toEqual(await bench.content());
    const narrow = [
      { metric: 'activity', table: 'total', from: 1, to: 2, sliced: false },
      { metric: 'activity', table: 'slice:country', from: 2, to: 3, sliced: true, value: 'DE' },
    ];
    expect(await since(at(4), narrow)).toEqual({ 'total 2 ': [at(7), [6]], 'slice:country 2 DE': [at(6), []] });
    expect(await since(at(4), [])).toEqual({});
  });

  test('versions of the upper half of 64 bits are compared as unsigned numbers by who begins above one', async () => {
    const bench = fresh();
    const [low, high] = [versionOf(0x7fff, 9), versionOf(0xffff, 2 ** 48 - 2)];
    await bench.write({ target: versionOf(0xffff, 2 ** 48 - 1), rows: [totalRow(1, low, [1]), totalRow(2, high, [2])] });
    const rowsSince = async (version: string) => (await bench.reader.read(bench.lineage, [3], EVERYTHING, new Map([[3, version]])))[0]?.rows ?? [];
    expect(byName(await rowsSince(low))).toEqual({ 'total 2 ': [high, [2]] });
    expect(byName(await rowsSince(versionOf(0x7fff, 8)))).toEqual({ 'total 1 ': [low, [1]], 'total 2 ': [high, [2]] });
    expect(await rowsSince(high)).toEqual([]);
  });
}

function describeConfirming(fresh: () => CellStoreBench): void {
  const later: HeadNote = { ...NOTE, confirmedAtMs: NOTE.confirmedAtMs + 5_000, atEnd: true };

  test('a publish at the very same target confirms the head', async () => {
    const bench = fresh();
    await bench.write({ target: at(9), rows: [totalRow(1, at(9), [9])] });
    await bench.write({ target: at(9), base: at(9), rows: [], note: later });
    expect(await bench.head()).toEqual({ closed: at(9), target: at(9), note: later });
    expect(await bench.reader.heads(bench.lineage, [3])).toEqual([{ closed: at(9), target: at(9), note: later }]);
    expect(await bench.content()).toEqual({ 'total 1 ': [at(9), [9]] });
  });

  test('a halted partition says so in its head, and takes it back', async () => {
    const bench = fresh();
    await bench.write({ target: at(9), rows: [] });
    await bench.write({ target: at(9), base: at(9), rows: [], note: { ...later, halted: `it's "over"\n` } });
    expect((await bench.head()).note).toEqual({ ...later, halted: `it's "over"\n` });
    await bench.write({ target: at(9), base: at(9), rows: [], note: { ...later, confirmedAtMs: later.confirmedAtMs + 1 } });
    expect((await bench.head()).note).toEqual({ ...later, confirmedAtMs: later.confirmedAtMs + 1 });
  });

  test('a confirmation below the head changes nothing', async () => {
    const bench = fresh();
    await bench.write({ target: at(9), rows: [] });
    await bench.write({ target: at(8), rows: [], note: later });
    expect(await bench.head()).toEqual({ closed: at(9), target: at(9), note: NOTE });
  });
}
