/** The ledger against a map: sums are found again, by actor too, after it has grown and was swept. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HeldLedger } from '../../src/state/ledger.ts';

const place = fc.record({
  slot: fc.nat(5),
  table: fc.nat(3),
  // Hours of the year 69 and after 2^31.
  bucket: fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constantFrom(-16_000_000, 2_400_000_000, 2_400_000_001)),
  label: fc.nat(2),
  column: fc.nat(30),
});
const amount = fc.integer({ min: -9, max: 9 });

test('holds what was added, keeps what a sweep wants, and lists each actor’s entries', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(place, amount), { minLength: 2000, maxLength: 4000 }), fc.nat(3), (added, table) => {
      const ledger = new HeldLedger();
      const sums = new Map<string, number>();
      for (const [index, [of, more]] of added.entries()) {
        if (index % 500 === 0) {
          const before = ledger.size;
          ledger.sweep((entry) => ledger.tables[entry] !== table);
          if (ledger.size < before) for (const key of sums.keys()) if (key.split(' ')[1] === String(table)) sums.delete(key);
        }
        const entry = ledger.ensure(of.slot, of.table, of.bucket, of.label, of.column);
        ledger.amounts[entry] = (ledger.amounts[entry] as number) + more;
        const key = Object.values(of).join(' ');
        sums.set(key, (sums.get(key) ?? 0) + more);
      }
      const listed = new Map<string, number>();
      for (let slot = 0; slot < 7; slot++) {
        for (let entry = ledger.first(slot); entry >= 0; entry = ledger.following(entry)) {
          expect(ledger.slots[entry]).toBe(slot);
          const { tables, buckets, labels, columns, amounts } = ledger;
          listed.set([slot, tables[entry], buckets[entry], labels[entry], columns[entry]].join(' '), amounts[entry] as number);
        }
      }
      expect([...listed].sort()).toEqual([...sums].sort());
      expect(ledger.find(6, 0, 0, 0, 0)).toBe(-1);
    }),
    { numRuns: 20 },
  );
});

test('keeps every sum of twenty thousand, whatever its arrays grow by', () => {
  const ledger = new HeldLedger();
  const amountOf = (number: number): number => (number % 97) + 1;
  for (let number = 0; number < 20_000; number++) {
    // The entry first: making it may replace the array.
    const entry = ledger.ensure(number % 700, 1, number, 0, 2);
    ledger.amounts[entry] = amountOf(number);
  }
  for (let number = 0; number < 20_000; number++) expect(ledger.amounts[ledger.find(number % 700, 1, number, 0, 2)]).toBe(amountOf(number));
});
