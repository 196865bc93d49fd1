// What is served is held to the archive: nothing differs when all is well, and everything that does is named.
import { MemoryArchive } from '@tidemark/testing';
import { expect, test } from 'vitest';
import { differenceText, versionOf } from '../../src/index.ts';
import { Bench } from '../partition/bench.ts';
import { OTHER_SET } from '../partition/folded.ts';
import { archiveLog, verifyBench } from './archived.ts';

/** Events of two hours with a repeat, a late one, a first event that moves, and a record that is no event; folded, published and archived. */
async function served(): Promise<{ bench: Bench; memory: MemoryArchive; lineage: string }> {
  const bench = new Bench();
  bench.send({ event: 'Join', actor: 'ann', at: 0.5, id: 'j1' }, { actor: 'ann', at: 0.6, id: 'c1' }, { actor: 'ann', at: 0.6, id: 'c1' });
  bench.log.append(0, { timestampMs: bench.clock.nowMs(), key: Buffer.from('x'), value: Buffer.from('no event') });
  bench.send({ event: 'Join', actor: 'ann', at: 0.1, id: 'j0' }, { actor: 'bob', at: 0.9, city: 'Van' }, { actor: 'bob', at: -3 });
  const { worker, done } = await bench.start();
  await bench.settle();
  const memory = new MemoryArchive();
  await archiveLog(bench, memory);
  const [lineage = ''] = worker.lineages;
  const stopping = worker.stop();
  await bench.clock.advance(100);
  await stopping;
  await done;
  return { bench, memory, lineage };
}

test('both stores are the same as the archive, row by row and head by head', async () => {
  const { bench, memory } = await served();
  const { results, differences } = await verifyBench(bench, memory);
  expect(differences).toEqual([]);
  expect(results).toMatchObject([
    { kind: 'verify_redis', outcome: 'same', position: versionOf(1, 7), differences: 0, detail: '' },
    { kind: 'verify_clickhouse', outcome: 'same', position: versionOf(1, 7) },
  ]);
  for (const { compared } of results) expect(compared).toBeGreaterThan(15);
});

test('one integer in each store is named with its place, what is served and what the archive gives', async () => {
  const { bench, memory, lineage } = await served();
  const [hour] = bench.redis.rowsOf(lineage, 0).filter(({ table, value }) => table === 'slice:city' && value === 'Van');
  bench.redis.tamper(lineage, 0, (row) => (row.table === 'slice:city' && row.value === 'Van' ? { ...row, cells: [5] } : row));
  bench.clickhouse.tamper(lineage, 0, (row) =>
    row.metric === 'clicks' && row.table === 'total' ? { ...row, cells: [...Array.from(row.cells), 0, 1] } : row,
  );
  const { results, differences } = await verifyBench(bench, memory);
  const at = { partition: 0, metric: 'clicks', bucket: hour?.bucket };
  expect(differences).toEqual([
    { ...at, store: 'redis', table: 'slice:city', value: 'Van', column: 0, served: 5, recomputed: 1 },
    { ...at, store: 'clickhouse', table: 'total', value: '', column: 2, served: 1, recomputed: 0 },
  ]);
  expect(results).toMatchObject([
    { outcome: 'different', differences: 1, detail: expect.stringContaining('value "Van" column 0: served 5, recomputed 1') },
    { outcome: 'different', differences: 1 },
  ]);
});

test('a row that is lost, one that nobody published, and one that claims another last change are found', async () => {
  const { bench, memory, lineage } = await served();
  bench.redis.tamper(lineage, 0, (row) => (row.value === 'Van' ? null : row));
  const [first] = bench.clickhouse.rowsOf(lineage, 0).filter(({ table }) => table === 'total');
  bench.clickhouse.tamper(lineage, 0, (row) => (row === first ? { ...row, version: versionOf(1, 1), bucket: row.bucket } : row));
  const stray = { metric: 'gone', table: 'slice:city', bucket: -700_000, value: 'Ani', version: versionOf(1, 3), cells: [2] };
  const { base, note } = { base: versionOf(1, 7), note: bench.redis.headOf(lineage, 0).note };
  if (note === null) throw new Error('no head');
  await bench.clickhouse.sink.write({ lineage, partition: 0, publishId: 'x', index: 0, last: false, target: base, base, rows: [stray], note });
  const { differences } = await verifyBench(bench, memory);
  expect(differences.map(differenceText)).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^redis partition 0 clicks slice:city bucket \d+ value "Van" column 0: served 0, recomputed 1$/),
      expect.stringMatching(/^clickhouse .* column version: served 0001000000000001, recomputed 000100000000000\d$/),
      'clickhouse partition 0 gone slice:city bucket -700000 value "Ani" column 0: served 2, recomputed 0',
    ]),
  );
  expect(differences).toHaveLength(3);
});

test('what the head counts is compared as well', async () => {
  const { bench, memory, lineage } = await served();
  const { note, closed } = bench.redis.headOf(lineage, 0);
  if (note === null) throw new Error('no head');
  bench.redis.wipe();
  const rows = bench.clickhouse.rowsOf(lineage, 0);
  const counters = { ...note.counters, late: 5 };
  await bench.redis.sink.write({
    lineage,
    partition: 0,
    publishId: 'x',
    index: 0,
    last: true,
    target: closed,
    base: closed.replace(/./g, '0'),
    rows,
    note: { ...note, counters },
  });
  const { differences } = await verifyBench(bench, memory);
  expect(differences).toEqual([
    { store: 'redis', partition: 0, metric: '$head', table: 'note', bucket: 0, value: '', column: 'late', served: 5, recomputed: 1 },
  ]);
});

test('of one metric only its own tables are compared', async () => {
  const { bench, memory, lineage } = await served();
  bench.redis.tamper(lineage, 0, (row) => (row.metric === 'clicks' ? { ...row, cells: [9] } : row));
  expect((await verifyBench(bench, memory, { metrics: ['joined'] })).results).toMatchObject([{ outcome: 'same' }, { outcome: 'same' }]);
  expect((await verifyBench(bench, memory, { metrics: ['clicks'] })).results).toMatchObject([{ outcome: 'different' }, { outcome: 'same' }]);
});

test('each store is compared at its own position, the one that is behind first', async () => {
  const { bench, memory } = await served();
  bench.clickhouse.intercept = () => 'lose';
  bench.send({ actor: 'cid', at: 0.95, city: 'Van' });
  const { worker, done } = await bench.start();
  await bench.settle(500);
  await archiveLog(bench, memory, { from: 7 });
  bench.clickhouse.intercept = undefined;
  const { results, differences } = await verifyBench(bench, memory);
  expect(differences).toEqual([]);
  expect(results).toMatchObject([
    { kind: 'verify_clickhouse', outcome: 'same', position: versionOf(1, 7) },
    { kind: 'verify_redis', outcome: 'same', position: versionOf(1, 8) },
  ]);
  const stopping = worker.stop();
  await bench.clock.advance(10_000);
  await stopping;
  await done;
});

test('what cannot be compared is undecided and says why: a store that is away, an archive that is short, broken or begins late', async () => {
  const { bench, memory, lineage } = await served();
  bench.redis.intercept = () => 'lose';
  const away = verifyBench(bench, memory);
  expect((await away).results).toMatchObject([{ kind: 'verify_redis', outcome: 'undecided', detail: 'heads: lost on its way' }, { outcome: 'same' }]);
  bench.redis.intercept = undefined;

  const short = new MemoryArchive();
  await archiveLog(bench, short);
  const whole = short.partitionArchive;
  const archive = {
    ...whole,
    chainEnd: async () => ({ from: 0, to: 6 }),
    links: (span: Parameters<typeof whole.links>[0]) => whole.links({ ...span, to: 6 }),
  };
  const waiting = verifyBench(bench, short, { archive, patienceMs: 1_000 });
  await bench.clock.advance(5_000);
  expect((await waiting).results).toMatchObject([
    { outcome: 'undecided', detail: expect.stringContaining('chain ends at 6, before the served position 7') },
    { outcome: 'undecided' },
  ]);

  memory.lose(1, 0, 4);
  bench.redis.tamper(lineage, 0, (row) => ({ ...row, cells: [9] }));
  const broken = await verifyBench(bench, memory);
  expect(broken.differences).toEqual([]);
  expect(broken.results[0]).toMatchObject({
    outcome: 'undecided',
    detail: 'the archive from offset 3 to 6 is not what its chain names: 2 of 3 records are there',
  });

  const late = new MemoryArchive();
  await archiveLog(bench, late, { from: 2 });
  expect((await verifyBench(bench, late)).results[0]?.detail).toMatch(/^the archive begins at offset 2/);
  expect((await verifyBench(bench, late, { set: OTHER_SET })).results[0]?.detail).toBe('nothing is published here');
});
