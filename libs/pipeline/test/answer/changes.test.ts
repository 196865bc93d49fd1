// What an answer asks the stores for: the first one all rows, those behind it what changed, and all again where what is kept is no beginning.
import { expect, test } from 'vitest';
import { type AnswerBody, type CellReader, createAnswerer, createCatalogue, type Version, versionOf } from '../../src/index.ts';
import { createWorld, DAY_MS, kpiOf, LINEAGE, setOf } from './published.ts';

/** `store partition since` of each read, in order. */
function asked() {
  const world = createWorld();
  const reads: string[] = [];
  const noting = (reader: CellReader): CellReader => ({
    ...reader,
    read: (lineage, partitions, ranges, since) => {
      const above = (partition: number): Version => since?.get(partition) ?? 'all';
      reads.push(...partitions.map((partition) => `${reader.name} ${partition} ${above(partition)}`));
      return reader.read(lineage, partitions, ranges, since);
    },
  });
  const stores = { redis: noting(world.redis.reader), clickhouse: noting(world.clickhouse.reader) };
  const answerer = createAnswerer({ lineages: () => [LINEAGE], partitions: [0, 1], stores, latenessMs: 7 * DAY_MS, clock: world.clock });
  const served = createCatalogue([{ set: setOf([kpiOf()]), lineage: LINEAGE }]).metric('purchases');
  if (served === undefined) throw new Error('no metric');
  /** The total, and what was read for it. */
  const ask = async (afterMs = 2_000): Promise<[unknown, readonly string[]]> => {
    world.clock.advance(afterMs);
    reads.length = 0;
    const { body }: { body: AnswerBody } = await answerer.answer(served, {});
    return ['total' in body ? body.total : null, [...reads].sort()];
  };
  return { world, ask };
}

const at = (next: number): Version => versionOf(0, next);

test('the first answer reads all rows, the next ones what changed in the partitions that moved', async () => {
  const { world, ask } = asked();
  await world.publish(0, 5, [{ cells: [3] }]);
  await world.publish(1, 7, [{ cells: [4] }]);
  expect(await ask()).toEqual([7, ['redis 0 all', 'redis 1 all']]);
  expect(await ask()).toEqual([7, []]);
  await world.publish(1, 9, [{ cells: [6] }]);
  expect(await ask()).toEqual([9, [`redis 1 ${at(7)}`]]);
  await world.publish(0, 6, [{ cells: [0] }]);
  await world.publish(1, 10, []);
  expect(await ask()).toEqual([6, [`redis 0 ${at(5)}`, `redis 1 ${at(9)}`]]);
});

test('the other store goes on where this one was read', async () => {
  const { world, ask } = asked();
  for (const partition of [0, 1]) await world.publish(partition, 5, [{ cells: [3] }]);
  expect(await ask()).toEqual([6, ['redis 0 all', 'redis 1 all']]);
  await world.publish(0, 8, [{ cells: [5] }], { to: ['clickhouse'] });
  expect(await ask()).toEqual([8, [`clickhouse 0 ${at(5)}`]]);
});

test('a partition whose store went back is read whole, at once and alone', async () => {
  const { world, ask } = asked();
  for (const partition of [0, 1]) await world.publish(partition, 5, [{ cells: [3] }]);
  const before = [world.redis.snapshot(), world.clickhouse.snapshot()];
  await world.publish(1, 8, [{ cells: [5] }]);
  expect(await ask()).toEqual([8, ['redis 0 all', 'redis 1 all']]);
  world.redis.restore(before[0]);
  world.clickhouse.restore(before[1]);
  expect(await ask()).toEqual([6, [`redis 1 ${at(8)}`, 'redis 1 all'].sort()]);
});

test('figures of another log are no continuation', async () => {
  const { world, ask } = asked();
  for (const partition of [0, 1]) await world.publish(partition, 5, [{ cells: [3] }], { note: { log: 'one' } });
  expect((await ask())[0]).toBe(6);
  world.redis.wipe();
  world.clickhouse.wipe();
  for (const partition of [0, 1]) await world.publish(partition, 6, [{ cells: [1], version: at(2) }], { note: { log: 'another' } });
  const [total, reads] = await ask();
  expect(total).toBe(2);
  expect(reads).toContain('redis 0 all');
});

test('a minute after they were read whole, all rows are read again: a row may have been mended under its own version', async () => {
  const { world, ask } = asked();
  for (const partition of [0, 1]) await world.publish(partition, 5, [{ cells: [3] }]);
  world.redis.tamper(LINEAGE, 0, (row) => ({ ...row, cells: [9] }));
  expect((await ask())[0]).toBe(12);
  world.redis.tamper(LINEAGE, 0, (row) => ({ ...row, cells: [3] }));
  await world.publish(0, 6, []);
  expect(await ask(30_000)).toEqual([12, [`redis 0 ${at(5)}`]]);
  await world.publish(0, 7, []);
  expect(await ask(40_000)).toEqual([6, ['redis 0 all', 'redis 1 all']]);
});
