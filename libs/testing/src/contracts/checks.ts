/** What every archive reader, inventory of cells and ledger of checks promises, run alike on the twins and on the real engines. */
import type {
  Archive,
  ArchiveChunk,
  CellInventory,
  CellSink,
  CheckArchive,
  CheckLedger,
  CheckResult,
  Incident,
  IncidentLedger,
  PartitionArchive,
  TimeOrderedArchive,
} from '@tidemark/pipeline';
import { NO_VERSION, versionOf } from '@tidemark/pipeline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { archivedRecord } from './archive.ts';
import { at, sliceRow, totalRow } from './cell-store-bench.ts';

export interface ArchiveReadersUnderTest {
  readonly archive: Archive;
  readonly partitionArchive: PartitionArchive;
  readonly checkArchive: CheckArchive;
  readonly timeOrderedArchive: TimeOrderedArchive;
  close(): Promise<void>;
}

/** `make` is called once; every test works in a partition of its own. */
export function archiveReadersContract(name: string, make: () => Promise<ArchiveReadersUnderTest>): void {
  describe(`${name} as an archive that is read back`, () => {
    let under: ArchiveReadersUnderTest;
    let partition = 7_000;
    beforeAll(async () => {
      under = await make();
    });
    afterAll(async () => {
      await under?.close();
    });
    const fresh = () => ({ ...under, partition: ++partition });
    describePartitionArchive(fresh);
    describeTimeOrder(fresh);
    describeCheckArchive(fresh);
  });
}

type Fresh = () => ArchiveReadersUnderTest & { readonly partition: number };

function describePartitionArchive(fresh: Fresh): void {
  test('records of a span come in offset order, each once, bounded in number and in bytes', async () => {
    const { archive, partitionArchive, partition } = fresh();
    const records = [1, 2, 5, 9, 10].map((offset) => archivedRecord(partition, offset, { value: Buffer.alloc(100, offset) }));
    await archive.insert([...records, archivedRecord(partition, 3, { epoch: 2 })]);
    await archive.insert(records.slice(1, 3));
    const span = { epoch: 1, partition, from: 2, to: 10, limit: 100 };
    const [, second, third, fourth] = records;
    expect(await partitionArchive.records(span)).toEqual([second, third, fourth]);
    expect(await partitionArchive.records({ ...span, limit: 2 })).toEqual([second, third]);
    expect(await partitionArchive.records({ ...span, maxBytes: 150 })).toEqual([second, third]);
    expect(await partitionArchive.records({ ...span, maxBytes: 1 })).toEqual([second]);
    expect(await partitionArchive.records({ ...span, from: 10, to: 10 })).toEqual([]);
  });

  test('links come by where they begin and end, each once, also when they were sent twice', async () => {
    const { archive, partitionArchive, partition } = fresh();
    const link = (from: number, to: number): ArchiveChunk => ({ epoch: 1, partition, from, to, count: to - from, hash: `h${from}-${to}` });
    const links = [link(0, 10), link(10, 15), link(10, 20), link(20, 2 ** 40)];
    for (const each of [...links.toReversed(), link(10, 20)]) await archive.extendChain(each);
    const span = { epoch: 1, partition, from: 0, to: 2 ** 48, limit: 100 };
    expect(await partitionArchive.links(span)).toEqual(links);
    expect(await partitionArchive.links({ ...span, from: 5, to: 20, limit: 1 })).toEqual([link(10, 15)]);
    expect(await partitionArchive.chainEnd(1, partition)).toEqual({ from: 0, to: 2 ** 40 });
  });
}

function describeTimeOrder(fresh: Fresh): void {
  test('records below an offset come by time, then offset, each once; what is no event comes by its append time', async () => {
    const { archive, timeOrderedArchive, partition } = fresh();
    const recordMs = 1_700_000_000_000;
    const of = (offset: number, timeMs: number) => {
      const record = archivedRecord(partition, offset, { timestampMs: recordMs + offset, value: Buffer.alloc(100, offset) });
      return { ...record, parsed: record.parsed && { ...record.parsed, timeMs } };
    };
    const rejected = archivedRecord(partition, 6, { timestampMs: recordMs - 5, parsed: null, reason: 'bad_json' });
    const tick = archivedRecord(partition, 7, { timestampMs: recordMs - 7, parsed: null, control: true, key: null, value: null });
    const events = [
      of(0, recordMs),
      of(1, recordMs - 90),
      of(2, -62_135_596_800_000),
      of(3, recordMs - 6),
      of(4, recordMs - 90),
      of(5, recordMs + 9),
    ];
    await archive.insert([...events, rejected, tick, of(8, recordMs - 100)]);
    await archive.insert([events[3] ?? rejected, archivedRecord(partition, 2, { epoch: 2 })]);
    const order = async (to: number): Promise<readonly number[]> => {
      const found: number[] = [];
      for await (const page of timeOrderedArchive.inTimeOrder({ epoch: 1, partition, to })) {
        expect(page.length).toBeGreaterThan(0);
        for (const record of page) expect([...events, rejected, tick]).toContainEqual(record);
        found.push(...page.map(({ offset }) => offset));
      }
      return found;
    };
    expect(await order(8)).toEqual([2, 1, 4, 7, 3, 6, 0, 5]);
    expect(await order(5)).toEqual([2, 1, 4, 3, 0]);
    expect(await order(0)).toEqual([]);
  });
}

function describeCheckArchive(fresh: Fresh): void {
  test('one actor comes in offset order below an offset, users and anonymous ones alike, without rejected records', async () => {
    const { archive, checkArchive, partition } = fresh();
    const base = archivedRecord(partition, 1);
    const of = (offset: number, actorId: string, timeMs: number) =>
      archivedRecord(partition, offset, {
        key: Buffer.from(actorId),
        parsed: base.parsed && { ...base.parsed, actorId, timeMs, messageId: `m${offset}` },
      });
    const hostile = "an'na \\ \t";
    const [first, second, third] = [of(4, hostile, 9), of(7, hostile, 3), of(9, hostile, 5)];
    const rejected = archivedRecord(partition, 8, { key: Buffer.from(hostile), parsed: null, reason: 'bad_json' });
    await archive.insert([third, second, first, of(5, 'bob', 1), rejected]);
    await archive.insert([first]);
    const span = { epoch: 1, partition, actorId: hostile, to: 9 };
    expect(await checkArchive.recordsInOrder(span, 10)).toEqual([first, second]);
    expect(await checkArchive.recordsInOrder({ ...span, to: 10 }, 2)).toEqual([first, second]);
    expect(await checkArchive.recordsInOrder({ ...span, actorId: 'nobody' }, 2)).toEqual([]);
    expect(await checkArchive.isIdOfOthers(span, ['m4', 'm7'])).toBe(false);
    expect(await checkArchive.isIdOfOthers(span, ['m4', 'm5'])).toBe(true);
    expect(await checkArchive.isIdOfOthers({ ...span, to: 5 }, ['m5'])).toBe(false);
    expect(await checkArchive.isIdOfOthers(span, [])).toBe(false);
    expect(await checkArchive.hasRestampedIds(span)).toBe(false);
    await archive.insert([{ ...of(30, 'cid', 77), parsed: second.parsed && { ...second.parsed, timeMs: 4 } }]);
    expect(await checkArchive.hasRestampedIds(span)).toBe(false);
    expect(await checkArchive.hasRestampedIds({ ...span, to: 31 })).toBe(true);
  });

  test('the latest time of a span leaves out what is rejected or lies in the future, and takes a control record less the tolerance', async () => {
    const { archive, checkArchive, partition } = fresh();
    const recordMs = 1_700_000_000_000;
    const of = (offset: number, timeMs: number) => {
      const record = archivedRecord(partition, offset, { timestampMs: recordMs });
      return { ...record, parsed: record.parsed && { ...record.parsed, timeMs } };
    };
    await archive.insert([
      of(0, recordMs - 50),
      of(1, recordMs + 101),
      of(2, recordMs + 100),
      archivedRecord(partition, 3, { timestampMs: recordMs + 500, parsed: null, control: true, key: null, value: null }),
      archivedRecord(partition, 4, { timestampMs: recordMs + 9_000, parsed: null, reason: 'bad_json' }),
    ]);
    const spans = Array.from({ length: 40 }, (_, offset) => ({ from: offset, to: offset + 1 }));
    const times = await checkArchive.latestTimes({ epoch: 1, partition, futureMs: 100 }, [...spans.slice(0, 5), { from: 5, to: 900 }, ...spans]);
    expect(times.slice(0, 6)).toEqual([recordMs - 50, null, recordMs + 100, recordMs + 400, null, null]);
    expect(times).toHaveLength(46);
    expect(await checkArchive.latestTimes({ epoch: 1, partition, futureMs: 100 }, [{ from: 0, to: 3 }])).toEqual([recordMs + 100]);
  });
}

/** `make` is called once per test. */
export function inventoryContract(name: string, make: () => Promise<{ sink: CellSink; inventory: CellInventory; close(): Promise<void> }>): void {
  test(`${name} lists every bucket of every table of a partition, and no head`, async () => {
    const { sink, inventory, close } = await make();
    const lineage = 'inventory';
    const part = { lineage, publishId: 'p', index: 0, last: true, target: at(9), base: NO_VERSION };
    const note = { clockMs: 1, counters: {}, overflow: false, partitionCount: 2, publishedAtMs: 1, confirmedAtMs: 1, atEnd: true, fingerprint: '' };
    const rows = [
      totalRow(-3, at(2), [1]),
      totalRow(40, at(3), [0]),
      sliceRow(7, 'a:1', at(4), [1]),
      sliceRow(7, 'b', at(4), [1]),
      sliceRow(-8, '', at(5), [1]),
    ];
    await sink.write({ ...part, partition: 0, rows, note });
    await sink.write({ ...part, partition: 1, rows: [totalRow(99, at(2), [1])], note });
    const tables = await inventory.tables(lineage, 0);
    const sorted = tables.map(({ buckets, ...of }) => ({ ...of, buckets: buckets.toSorted((a, b) => a - b) }));
    expect(sorted.toSorted((a, b) => (a.table < b.table ? -1 : 1))).toEqual([
      { metric: 'activity', table: 'slice:country', buckets: [-8, 7] },
      { metric: 'activity', table: 'total', buckets: [-3, 40] },
    ]);
    expect(await inventory.tables('nothing', 0)).toEqual([]);
    await close();
  });
}

/** `make` is called once per test. */
export function checkLedgerContract(name: string, make: () => Promise<{ ledger: CheckLedger; close(): Promise<void> }>): void {
  test(`${name} gives the latest result of each kind and partition of a lineage`, async () => {
    const { ledger, close } = await make();
    const result: CheckResult = {
      kind: 'verify_redis',
      lineage: 'abc',
      partition: 0,
      checkedAtMs: 1_700_000_000_000,
      position: versionOf(1, 2 ** 40),
      outcome: 'different',
      compared: 12,
      differences: 1,
      detail: 'tab\t \'"\\ 漢',
    };
    const later: CheckResult = { ...result, checkedAtMs: result.checkedAtMs + 1, outcome: 'same', differences: 0, detail: '' };
    const own: CheckResult = { ...result, kind: 'selfcheck', outcome: 'undecided' };
    await ledger.record([later, own]);
    await ledger.record([result, { ...result, lineage: 'other', checkedAtMs: 2 ** 41 }]);
    await ledger.record([result, { ...own, partition: 3 }]);
    await ledger.record([]);
    const latest = [...(await ledger.latest('abc'))].sort((a, b) => a.partition - b.partition || (a.kind < b.kind ? -1 : 1));
    expect(latest).toEqual([own, later, { ...own, partition: 3 }]);
    expect(await ledger.latest('nothing')).toEqual([]);
    await close();
  });
}

/** `make` is called once per test. */
export function incidentLedgerContract(name: string, make: () => Promise<{ ledger: IncidentLedger; close(): Promise<void> }>): void {
  test(`${name} counts incidents by kind and partition, each once, and keeps the last`, async () => {
    const { ledger, close } = await make();
    const halt: Incident = {
      kind: 'halt',
      lineage: 'abc',
      partition: 0,
      atMs: 1_700_000_000_000,
      position: versionOf(1, 2 ** 40),
      detail: "tab\t '漢",
    };
    const again = { ...halt, atMs: halt.atMs + 5, detail: 'again' };
    const rewind: Incident = { ...halt, kind: 'rewind', partition: 3, detail: 'redis' };
    await ledger.note([again, halt]);
    await ledger.note([halt, rewind, { ...halt, lineage: 'other', atMs: 2 ** 41 }]);
    await ledger.note([]);
    const found = [...(await ledger.summaries('abc'))].sort((a, b) => a.partition - b.partition);
    expect(found).toEqual([
      { kind: 'halt', partition: 0, count: 2, last: again },
      { kind: 'rewind', partition: 3, count: 1, last: rewind },
    ]);
    expect(await ledger.summaries('nothing')).toEqual([]);
    await close();
  });
}
