/** What every trail of outcomes promises, run alike on the twin and on the real engine. */
import type { OutcomeTrail, WitnessedRecord } from '@tidemark/pipeline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

export interface OutcomeTrailUnderTest {
  readonly trail: OutcomeTrail;
  /** Lets so much time pass for wishes. */
  pass(ms: number): Promise<void>;
  close(): Promise<void>;
}

export function witnessedRecord(partition: number, offset: number, changes: Partial<WitnessedRecord> = {}): WitnessedRecord {
  return {
    partition,
    epoch: 0,
    offset,
    recordMs: 1_700_000_000_000 + offset,
    outcome: 'applied',
    reason: '',
    clockMs: 1_700_000_000_000,
    key: `u${offset}`,
    parsed: { event: 'Ordered', actorKind: 'user', actorId: `u${offset}`, messageId: `m${offset}`, timeMs: 1_700_000_000_000 },
    value: '{"n":"\u0000\\\u2028"}',
    valueBytes: 12,
    skipped: 0,
    ...changes,
  };
}

/** The suite. `makeTrail` is called once; every test works in a lineage of its own. */
export function outcomeTrailContract(name: string, makeTrail: () => Promise<OutcomeTrailUnderTest>): void {
  describe(`${name} as a trail of outcomes`, () => {
    let under: OutcomeTrailUnderTest;
    let ordinal = 0;
    beforeAll(async () => {
      under = await makeTrail();
    });
    afterAll(async () => {
      await under?.close();
    });
    const fresh = () => ({ trail: under.trail, lineage: `trail${++ordinal}-${process.pid}-${performance.timeOrigin.toString(36)}` });
    describeWishes(fresh, (ms) => under.pass(ms));
    describeRecords(fresh);
  });
}

type Fresh = () => { trail: OutcomeTrail; lineage: string };

function describeWishes(fresh: Fresh, pass: (ms: number) => Promise<void>): void {
  test('nobody wants a lineage that nobody asked for, and asking is remembered from its beginning until it ends', async () => {
    const { trail, lineage } = fresh();
    expect(await trail.isWanted(lineage)).toBe(false);
    expect(await trail.want(lineage, { forMs: 300, nowMs: 5_000 })).toBe(5_000);
    expect(await trail.want(lineage, { forMs: 300, nowMs: 6_000 })).toBe(5_000);
    expect(await trail.isWanted(lineage)).toBe(true);
    expect(await trail.isWanted(`${lineage}x`)).toBe(false);
    await pass(400);
    expect(await trail.isWanted(lineage)).toBe(false);
    expect(await trail.want(lineage, { forMs: 300, nowMs: 9_000 })).toBe(9_000);
  });
}

function describeRecords(fresh: Fresh): void {
  test('records come back as they were, the newest of each partition asked for', async () => {
    const { trail, lineage } = fresh();
    const records = [0, 2, 5].map((offset) =>
      witnessedRecord(3, offset, { key: null, value: null, parsed: null, reason: 'null_value', outcome: 'rejected' }),
    );
    await trail.append(lineage, 3, records);
    await trail.append(lineage, 4, [witnessedRecord(4, 9, { skipped: 7 })]);
    expect(await trail.read(lineage, [3, 4, 5], { limit: 2 })).toEqual([
      { partition: 3, records: records.slice(1) },
      { partition: 4, records: [witnessedRecord(4, 9, { skipped: 7 })] },
      { partition: 5, records: [] },
    ]);
  });

  test('with a place, the oldest after it come first', async () => {
    const { trail, lineage } = fresh();
    await trail.append(
      lineage,
      1,
      [1, 2, 3, 4].map((offset) => witnessedRecord(1, offset)),
    );
    const after = new Map([[1, { epoch: 0, offset: 1 }]]);
    const [page] = await trail.read(lineage, [1], { after, limit: 2 });
    expect(page?.records.map(({ offset }) => offset)).toEqual([2, 3]);
  });

  test('a record that comes again, or after a later one, is ignored; a later epoch follows', async () => {
    const { trail, lineage } = fresh();
    await trail.append(lineage, 1, [witnessedRecord(1, 5), witnessedRecord(1, 6)]);
    await trail.append(lineage, 1, [witnessedRecord(1, 5, { key: 'other' }), witnessedRecord(1, 4), witnessedRecord(1, 7)]);
    await trail.append(lineage, 1, [witnessedRecord(1, 0, { epoch: 1 })]);
    const [page] = await trail.read(lineage, [1], { limit: 10 });
    expect(page?.records.map(({ epoch, offset, key }) => [epoch, offset, key])).toEqual([
      [0, 5, 'u5'],
      [0, 6, 'u6'],
      [0, 7, 'u7'],
      [1, 0, 'u0'],
    ]);
  });

  test('only the newest 200 are kept', async () => {
    const { trail, lineage } = fresh();
    for (let at = 0; at < 300; at += 50) {
      await trail.append(
        lineage,
        1,
        Array.from({ length: 50 }, (_, index) => witnessedRecord(1, at + index)),
      );
    }
    const [page] = await trail.read(lineage, [1], { limit: 1_000 });
    expect([page?.records.length, page?.records[0]?.offset]).toEqual([200, 100]);
  });

  test('no records are no call', async () => {
    const { trail, lineage } = fresh();
    await trail.append(lineage, 1, []);
    expect(await trail.read(lineage, [1], { limit: 1 })).toEqual([{ partition: 1, records: [] }]);
  });
}
