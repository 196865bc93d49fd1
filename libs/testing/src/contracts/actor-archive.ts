/** What every archive promises to who reads one actor's history, run alike on the twin and on the real engine. */
import { type ActorArchive, type Archive, type ArchivedRecord, placeInTime } from '@tidemark/pipeline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { archivedRecord } from './archive.ts';

export interface ActorArchiveUnderTest {
  readonly actors: ActorArchive;
  /** Writes what is read. */
  readonly archive: Archive;
  close(): Promise<void>;
}

/** The suite. `make` is called once; every test works with actors and a partition of its own. */
export function actorArchiveContract(name: string, make: () => Promise<ActorArchiveUnderTest>): void {
  describe(`${name} as one actor's history`, () => {
    let under: ActorArchiveUnderTest;
    let ordinal = 300;
    beforeAll(async () => {
      under = await make();
    });
    afterAll(async () => {
      await under?.close();
    });
    const fresh = () => ({ under, partition: ++ordinal, actorId: `actor ${ordinal} '"\\\t\u2028 \u{1f600}` });
    describeOrder(fresh);
    describePages(fresh);
    describePosition(fresh);
  });
}

type Fresh = () => { under: ActorArchiveUnderTest; partition: number; actorId: string };

const T = 1_700_000_000_000;

function recordOf(actorId: string, facts: { partition: number; offset: number; timeMs: number; epoch?: number }): ArchivedRecord {
  const { partition, offset, timeMs, epoch = 1 } = facts;
  const record = archivedRecord(partition, offset, { epoch, key: Buffer.from(actorId) });
  return { ...record, parsed: record.parsed && { ...record.parsed, actorId, timeMs } };
}

function describeOrder(fresh: Fresh): void {
  test('records come by time, then epoch, partition and offset, each once, and nobody else is among them', async () => {
    const { under, partition, actorId } = fresh();
    const late = recordOf(actorId, { partition, offset: 1, timeMs: T + 9 });
    const early = recordOf(actorId, { partition, offset: 2, timeMs: T - 5 });
    const tied = [3, 4].map((offset) => recordOf(actorId, { partition, offset, timeMs: T }));
    const laterEpoch = recordOf(actorId, { partition, offset: 0, timeMs: T, epoch: 2 });
    const first = recordOf(actorId, { partition, offset: 5, timeMs: -62_135_596_800_000 });
    const others = [
      recordOf(`${actorId}x`, { partition, offset: 6, timeMs: T }),
      archivedRecord(partition, 7, { control: true, parsed: null, key: Buffer.from(actorId) }),
    ];
    await under.archive.insert([late, early, ...tied, laterEpoch, first, ...others]);
    await under.archive.insert([late, early]);
    expect(await under.actors.recordsOfActor({ actorId, after: null, limit: 100 })).toEqual([first, early, ...tied, laterEpoch, late]);
    expect(await under.actors.recordsOfActor({ actorId: `${actorId}' OR 1=1 --`, after: null, limit: 100 })).toEqual([]);
  });

  test('a rejected record is found under its key, at the time of its record', async () => {
    const { under, partition, actorId } = fresh();
    const rejected = archivedRecord(partition, 10, {
      key: Buffer.from(actorId),
      value: Buffer.from([0xff, 0x00]),
      parsed: null,
      reason: 'broken_json',
      timestampMs: T + 3,
    });
    const [before, after] = [recordOf(actorId, { partition, offset: 1, timeMs: T + 2 }), recordOf(actorId, { partition, offset: 2, timeMs: T + 4 })];
    await under.archive.insert([rejected, after, before]);
    expect(await under.actors.recordsOfActor({ actorId, after: null, limit: 100 })).toEqual([before, rejected, after]);
  });
}

function describePages(fresh: Fresh): void {
  test('pages of any size, one after the other, give every record once', async () => {
    const { under, partition, actorId } = fresh();
    const records = Array.from({ length: 11 }, (_, offset) => recordOf(actorId, { partition, offset, timeMs: T + Math.floor(offset / 3) }));
    await under.archive.insert(records);
    for (const limit of [1, 2, 5, 11, 12]) {
      const read: ArchivedRecord[] = [];
      for (;;) {
        const last = read.at(-1);
        const page = await under.actors.recordsOfActor({ actorId, after: last === undefined ? null : placeInTime(last), limit });
        read.push(...page);
        if (page.length < limit) break;
      }
      expect(read).toEqual(records);
    }
  });
}

function describePosition(fresh: Fresh): void {
  test('the position is the end of the unbroken chain of the newest epoch', async () => {
    const { under, partition } = fresh();
    const link = (epoch: number, from: number, to: number) => ({ epoch, partition, from, to, count: to - from, hash: 'h' });
    expect(await under.actors.position(partition)).toBeNull();
    await under.archive.extendChain(link(0, 0, 50));
    expect(await under.actors.position(partition)).toEqual({ epoch: 0, next: 50 });
    for (const chunk of [link(3, 0, 10), link(3, 10, 20), link(3, 21, 30)]) await under.archive.extendChain(chunk);
    expect(await under.actors.position(partition)).toEqual({ epoch: 3, next: 20 });
  });
}
