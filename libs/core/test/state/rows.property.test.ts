// The row store against a plain map: what is there, what changed above a version, what is closed.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CellTable } from '../../src/state/cells.ts';
import { RowStore } from '../../src/state/rows.ts';

const DAY_MS = 86_400_000;
const step = fc.record({
  table: fc.integer({ min: 0, max: 1 }),
  bucket: fc.oneof(fc.integer({ min: -3, max: 40 }), fc.integer({ min: 480_000, max: 480_030 })),
  label: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 90, max: 130 })),
  column: fc.integer({ min: 0, max: 2 }),
  amount: fc.integer({ min: -5, max: 5 }),
  drops: fc.boolean(),
  raisesEpoch: fc.integer({ max: 40 }).map((number) => number === 0),
});

interface Known {
  readonly cells: number[];
  epoch: number;
  next: number;
}

test('rows are found, changed, dropped and made again as in a map, however many there are', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 600 }), fc.nat(600), (steps, since) => {
      const rows = new RowStore();
      rows.epoch = 1;
      const clock = { clockMs: Number.NEGATIVE_INFINITY };
      const tables = [3, 5].map((width, index) => {
        return new CellTable({ metric: 'm', name: `t${index}`, width, dimension: -1, closesAtMs: (bucket) => bucket * DAY_MS }, rows, clock);
      });
      const known = new Map<string, Known>();
      for (const { table: number, bucket, label, column, amount, drops, raisesEpoch } of steps) {
        rows.next++;
        if (raisesEpoch) rows.epoch++;
        const table = tables[number] as CellTable;
        const key = `${number} ${bucket} ${label}`;
        const found = table.find(bucket, label);
        expect(found >= 0).toBe(known.has(key));
        if (drops && found >= 0) {
          table.drop(found);
          known.delete(key);
          continue;
        }
        table.add(bucket, label, column, amount);
        const row = known.get(key) ?? { cells: Array<number>(table.shape.width).fill(0), epoch: 0, next: 0 };
        row.cells[column] = (row.cells[column] as number) + amount;
        row.epoch = rows.epoch;
        row.next = rows.next;
        known.set(key, row);
      }
      const all = [...rows.all()].map(({ table, bucket, label, cells, epoch, next }): [string, Known] => {
        return [`${table.shape.name.slice(1)} ${bucket} ${label}`, { cells: [...cells], epoch, next }];
      });
      expect(new Map(all)).toEqual(known);
      const isAbove = ({ epoch, next }: { epoch: number; next: number }): boolean => epoch > 1 || next > since;
      const above = [...known.values()].filter(isAbove);
      expect([...rows.changedAbove(1, since)].map((row) => rows.nextOf(row)).sort()).toEqual(above.map(({ next }) => next).sort());
      expect(rows.cellsAbove(1, since, Number.POSITIVE_INFINITY)).toBe(above.reduce((sum, { cells }) => sum + cells.length, 0));
      expect(rows.cellCount).toBe([...known.values()].reduce((sum, { cells }) => sum + cells.length, 0));
      const closed = [...known].filter(([key, row]) => Number(key.split(' ')[1]) <= 20 && !isAbove(row));
      expect(rows.closedAt(20 * DAY_MS, 1, since).length).toBe(closed.length);
    }),
    { numRuns: 150 },
  );
});

test('a two-column integer stays exact and canonical, whatever is added', () => {
  const amount = fc.oneof(fc.bigInt({ min: -(2n ** 34n), max: 2n ** 34n }), fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }));
  fc.assert(
    fc.property(fc.array(amount, { maxLength: 30 }), (amounts) => {
      const rows = new RowStore();
      const table = new CellTable({ metric: 'm', name: 't', width: 3, dimension: -1, closesAtMs: () => 1 }, rows, { clockMs: 0 });
      for (const each of amounts) table.addWide(0, 0, 1, each);
      const [, high = 0, low = 0] = amounts.length === 0 ? [] : rows.cellsOf(table.find(0, 0));
      expect(low >= 0 && low < 2 ** 32).toBe(true);
      expect(BigInt(high) * 2n ** 32n + BigInt(low)).toBe(amounts.reduce((sum, each) => sum + each, 0n));
    }),
  );
});
