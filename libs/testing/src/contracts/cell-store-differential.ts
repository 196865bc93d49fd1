/** Plays random publishes on a store and on its twin: outcomes, heads and rows must agree after every step. */
import { type CellRow, NO_VERSION, type PublishPart, type TableRange, versionOf } from '@tidemark/pipeline';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MemoryCellStore } from '../twins/cell-store.ts';
import type { CellStoreUnderTest } from './cell-store-bench.ts';

type Step = Pick<PublishPart, 'publishId' | 'index' | 'last' | 'target' | 'base' | 'rows'> & { confirmedAtMs: number };

const RANGES: TableRange[] = [
  { metric: 'm', table: 'total', from: 0, to: 3, sliced: false },
  { metric: 'm', table: 'slice:x', from: 0, to: 3, sliced: true },
];

const version = fc.integer({ min: 1, max: 8 }).map((next) => versionOf(1, next));
/** A row's cells follow from its version, as in the fold: one value per version. */
const row = fc
  .record({ table: fc.constantFrom('total', 'slice:x'), bucket: fc.integer({ min: 0, max: 2 }), value: fc.constantFrom('a', 'b\0'), version })
  .map(
    ({ table, bucket, value, version }): CellRow => ({
      metric: 'm',
      table,
      bucket,
      value: table === 'total' ? '' : value,
      version,
      cells: [Number(version.slice(-1)), 0, -bucket, 7],
    }),
  );
const step: fc.Arbitrary<Step> = fc.record({
  publishId: fc.constantFrom('a', 'b'),
  index: fc.integer({ min: 0, max: 2 }),
  last: fc.boolean(),
  target: version,
  base: fc.oneof({ weight: 3, arbitrary: fc.constant(NO_VERSION) }, { weight: 1, arbitrary: version }),
  rows: fc.uniqueArray(row, { maxLength: 4, selector: ({ table, bucket, value }) => `${table} ${bucket} ${value}` }),
  confirmedAtMs: fc.integer({ min: 1, max: 4 }),
});

/** `numRuns` histories of at most `maxSteps` publishes each. */
export function cellStoreDifferential(name: string, makeStore: () => Promise<CellStoreUnderTest>, size: { numRuns: number; maxSteps: number }): void {
  let store: CellStoreUnderTest;
  let ordinal = 0;
  beforeAll(async () => {
    store = await makeStore();
  });
  afterAll(async () => {
    await store?.close();
  });

  test(`${name} and its twin agree after every step of random histories`, async () => {
    const play = fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: size.maxSteps }), async (steps) => {
      const twin = new MemoryCellStore(store.sink.name);
      const lineage = `differential${++ordinal}-${process.pid}-${performance.timeOrigin.toString(36)}`;
      for (const each of steps) {
        const part = partOf(lineage, each);
        expect(await store.sink.write(part)).toEqual(await twin.sink.write(part));
        expect(await observed(store, lineage)).toEqual(await observed(twin, lineage));
      }
    });
    await fc.assert(play, { numRuns: size.numRuns });
  });
}

function partOf(lineage: string, { confirmedAtMs, ...rest }: Step): PublishPart {
  const fixed = {
    clockMs: 1,
    counters: { applied: Number(rest.target.slice(-1)) },
    overflow: false,
    partitionCount: 1,
    publishedAtMs: 1,
    fingerprint: '',
  };
  return {
    ...rest,
    lineage,
    partition: 2,
    note: { ...fixed, confirmedAtMs, atEnd: confirmedAtMs % 2 === 0, ...(confirmedAtMs === 3 ? { halted: 'why' } : {}) },
  };
}

async function observed({ sink, reader }: Pick<CellStoreUnderTest, 'sink' | 'reader'>, lineage: string): Promise<unknown> {
  const [answer] = await reader.read(lineage, [2], RANGES);
  const between = await sink.rowsBetween(lineage, 2, versionOf(1, 2), versionOf(1, 5));
  const [changed] = await reader.read(lineage, [2], RANGES, new Map([[2, versionOf(1, 4)]]));
  return {
    head: await sink.head(lineage, 2),
    read: answer?.head,
    rows: inOrder(answer?.rows ?? []),
    between: between && inOrder(between),
    changed: inOrder(changed?.rows ?? []),
  };
}

function inOrder(rows: readonly CellRow[]): readonly CellRow[] {
  const name = (row: CellRow): string => JSON.stringify([row.table, row.bucket, row.value]);
  return rows.toSorted((a, b) => (name(a) < name(b) ? -1 : 1));
}
