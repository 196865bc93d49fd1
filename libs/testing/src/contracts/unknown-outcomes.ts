/** What the simulator takes for granted of single calls to a store: each applies whole or not at all, and an unheard one may have been applied, or be applied later. */
import { type Archive, type CellSink, type CheckpointStore, type Manifest, NO_VERSION, type PublishPart, StoreUnavailable } from '@tidemark/pipeline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ArchiveUnderTest, archivedRecord } from './archive.ts';
import { at, totalRow } from './cell-store-bench.ts';

/** What a caller has of a store. */
export interface StorePorts {
  readonly sink?: CellSink;
  readonly checkpoints?: CheckpointStore;
  readonly archive?: Archive;
}

/** Between the far caller and the store. */
export interface Line {
  /** Calls are applied, and their callers hear nothing. */
  swallowReplies(): void;
  /** Callers give up before their calls arrive. */
  holdRequests(): void;
  /** What was held arrives; from now on all is as usual. */
  release(): Promise<void>;
}

export interface StoreCallsUnderTest {
  /** Straight to the store. */
  readonly near: StorePorts;
  /** Over the line; gives up soon. */
  readonly far: StorePorts;
  readonly line: Line;
  /** Reads an archive back. */
  readonly records?: ArchiveUnderTest['records'];
  close(): Promise<void>;
}

/** The suite. `open` is called once; ports that it does not give are not asked. */
export function unknownOutcomesContract(name: string, ports: readonly (keyof StorePorts)[], open: () => Promise<StoreCallsUnderTest>): void {
  describe(`${name}: calls whose outcome is unknown`, () => {
    let under: StoreCallsUnderTest;
    let ordinal = 0;
    beforeAll(async () => {
      under = await open();
    });
    afterAll(async () => {
      await under?.close();
    });
    const fresh = (): Scene => ({ under, lineage: `calls${++ordinal}-${process.pid}-${performance.timeOrigin.toString(36)}` });
    if (ports.includes('sink')) describeCells(fresh);
    if (ports.includes('checkpoints')) describeCheckpoints(fresh);
    if (ports.includes('archive')) describeArchive(fresh);
  });
}

interface Scene {
  readonly under: StoreCallsUnderTest;
  readonly lineage: string;
}

function port<Name extends keyof StorePorts>(ports: StorePorts, name: Name): NonNullable<StorePorts[Name]> {
  const found = ports[name];
  if (found === undefined) throw new Error(`the store under test has no ${name}`);
  return found;
}

/** The caller of an unheard call learns that its outcome is unknown, and nothing else. */
async function expectUnknown(call: Promise<unknown>): Promise<void> {
  await expect(call).rejects.toBeInstanceOf(StoreUnavailable);
}

/** Waits until a late call has been applied. */
async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + 10_000;
  while (!(await condition())) {
    if (performance.now() > deadlineMs) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function partOf(lineage: string, next: number, buckets: readonly number[]): PublishPart {
  const fixed = { clockMs: 1, counters: {}, overflow: false, partitionCount: 1, publishedAtMs: 1, confirmedAtMs: 1, atEnd: true, fingerprint: '' };
  const rows = buckets.map((bucket) => totalRow(bucket, at(next), [next, bucket]));
  return { lineage, partition: 4, publishId: `p${next}`, index: 0, last: true, target: at(next), base: NO_VERSION, rows, note: fixed };
}

function describeCells(fresh: () => Scene): void {
  const versionsOf = async (sink: CellSink, lineage: string, upTo: number): Promise<string[]> =>
    ((await sink.rowsBetween(lineage, 4, NO_VERSION, at(upTo))) ?? []).map(({ version }) => version).sort();

  test('parts that come at once apply one after the other, each whole: what stays is of the largest', async () => {
    const { under, lineage } = fresh();
    const sink = port(under.near, 'sink');
    const order = [5, 12, 1, 9, 3, 11, 2, 8, 10, 4, 7, 6];
    const outcomes = await Promise.all(order.map((next) => sink.write(partOf(lineage, next, [1, 2, 3]))));
    expect(outcomes).toEqual(order.map(() => ({ outcome: 'written' })));
    expect(await sink.head(lineage, 4)).toMatchObject({ closed: at(12), target: at(12) });
    expect(await versionsOf(sink, lineage, 12)).toEqual([at(12), at(12), at(12)]);
  });

  test('a part whose reply was lost may have been applied; sent again it changes nothing', async () => {
    const { under, lineage } = fresh();
    const [near, far] = [port(under.near, 'sink'), port(under.far, 'sink')];
    await near.write(partOf(lineage, 3, [1]));
    under.line.swallowReplies();
    await expectUnknown(far.write(partOf(lineage, 7, [1, 2])));
    await under.line.release();
    await until('the part is in', async () => (await near.head(lineage, 4)).closed === at(7));
    expect(await far.write(partOf(lineage, 7, [1, 2]))).toEqual({ outcome: 'written' });
    expect(await versionsOf(near, lineage, 7)).toEqual([at(7), at(7)]);
  });

  test('a part that its caller gave up may be applied afterwards, and takes nothing back that came meanwhile', async () => {
    const { under, lineage } = fresh();
    const [near, far] = [port(under.near, 'sink'), port(under.far, 'sink')];
    await near.write(partOf(lineage, 3, [1]));
    under.line.holdRequests();
    await expectUnknown(far.write(partOf(lineage, 7, [1, 2])));
    expect((await near.head(lineage, 4)).closed).toBe(at(3));
    await near.write(partOf(lineage, 5, [1]));
    await under.line.release();
    await until('the part is in', async () => (await near.head(lineage, 4)).closed === at(7));
    expect(await versionsOf(near, lineage, 7)).toEqual([at(7), at(7)]);
    under.line.holdRequests();
    await expectUnknown(far.write(partOf(lineage, 8, [1, 2])));
    await near.write(partOf(lineage, 9, [1, 2]));
    await under.line.release();
    expect(await near.head(lineage, 4)).toMatchObject({ closed: at(9), target: at(9) });
    expect(await versionsOf(near, lineage, 9)).toEqual([at(9), at(9)]);
  });
}

function manifestOf(lineage: string, id: string, key: string): Manifest {
  return {
    ...{ id, writer: 'w', format: 1, lineage, partition: 4, epoch: 1, next: 7, pieces: 1, dropped: NO_VERSION, partitionCount: 1 },
    segments: [{ key, kind: 'base', piece: 0, next: 7, bytes: 3 }],
    ...{ partitioner: 'murmur2', clusterId: 'c', topicId: 't', fingerprint: '', fingerprintOffset: -1 },
  };
}

function describeCheckpoints(fresh: () => Scene): void {
  const begun = async (): Promise<Scene & { near: CheckpointStore; far: CheckpointStore; id(): Promise<string | undefined> }> => {
    const { under, lineage } = fresh();
    const near = port(under.near, 'checkpoints');
    for (const key of ['a', 'b', 'c']) await near.saveSegment(lineage, 4, key, Uint8Array.of(1, 2, 3));
    await near.replaceManifest(null, manifestOf(lineage, 'one', 'a'));
    return { under, lineage, near, far: port(under.far, 'checkpoints'), id: async () => (await near.manifest(lineage, 4))?.id };
  };

  test('of replacements that come at once exactly one is made, and its segments are there', async () => {
    const { near, lineage, id } = await begun();
    const ids = ['two', 'three', 'four', 'five', 'six'];
    const outcomes = await Promise.all(ids.map((each) => near.replaceManifest('one', manifestOf(lineage, each, 'b'))));
    expect(outcomes.toSorted()).toEqual(['other', 'other', 'other', 'other', 'replaced']);
    expect(await id()).toBe(ids[outcomes.indexOf('replaced')]);
    expect(await near.segment(lineage, 4, 'b')).not.toBeNull();
  });

  test('a replacement whose reply was lost may have been made; reading back tells', async () => {
    const { under, near, far, lineage, id } = await begun();
    under.line.swallowReplies();
    await expectUnknown(far.replaceManifest('one', manifestOf(lineage, 'two', 'b')));
    await under.line.release();
    await until('the manifest is in', async () => (await id()) === 'two');
    expect(await far.replaceManifest('one', manifestOf(lineage, 'two', 'b'))).toBe('other');
    expect([await near.segment(lineage, 4, 'a'), await id()]).toEqual([null, 'two']);
  });

  test('a replacement that its caller gave up may be made afterwards, unless another was made meanwhile', async () => {
    const { under, near, far, lineage, id } = await begun();
    under.line.holdRequests();
    await expectUnknown(far.replaceManifest('one', manifestOf(lineage, 'two', 'b')));
    expect(await id()).toBe('one');
    await under.line.release();
    await until('the manifest is in', async () => (await id()) === 'two');
    under.line.holdRequests();
    await expectUnknown(far.replaceManifest('two', manifestOf(lineage, 'late', 'c')));
    expect(await near.replaceManifest('two', manifestOf(lineage, 'three', 'b'))).toBe('replaced');
    await under.line.release();
    expect(await id()).toBe('three');
    expect(await near.segment(lineage, 4, 'b')).not.toBeNull();
  });
}

function describeArchive(fresh: () => Scene): void {
  // No other suite of the archive writes there.
  let partition = 700;
  test('an insert whose reply was lost, or that its caller gave up, may be applied all the same; inserted again, each record is there once', async () => {
    const { under } = fresh();
    partition += 1;
    const records = Array.from({ length: 5 }, (_, offset) => archivedRecord(partition, offset));
    const stored = async (): Promise<number[]> => ((await under.records?.(1, partition)) ?? []).map(({ offset }) => offset);
    under.line.swallowReplies();
    await expectUnknown(port(under.far, 'archive').insert(records.slice(0, 3)));
    await under.line.release();
    await until('the first records are in', async () => (await stored()).length === 3);
    under.line.holdRequests();
    await expectUnknown(port(under.far, 'archive').insert(records.slice(2)));
    expect(await stored()).toEqual([0, 1, 2]);
    await under.line.release();
    await until('all records are in', async () => (await stored()).length === 5);
    await port(under.far, 'archive').insert(records);
    expect(await stored()).toEqual([0, 1, 2, 3, 4]);
  });

  test('a link of the chain that its caller gave up may be added afterwards: the end that was read in between is an earlier one, never a wrong one', async () => {
    const { under } = fresh();
    partition += 1;
    const link = (from: number): Parameters<Archive['extendChain']>[0] => ({ epoch: 1, partition, from, to: from + 10, count: 10, hash: `h${from}` });
    const near = port(under.near, 'archive');
    await near.extendChain(link(0));
    under.line.holdRequests();
    await expectUnknown(port(under.far, 'archive').extendChain(link(10)));
    await near.extendChain(link(20));
    expect(await near.chainEnd(1, partition)).toEqual({ from: 0, to: 10 });
    await under.line.release();
    await until('the chain is whole', async () => (await near.chainEnd(1, partition))?.to === 30);
  });
}
