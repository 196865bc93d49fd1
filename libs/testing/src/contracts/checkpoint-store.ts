/** What every checkpoint store promises, run alike on the twin and on the real engine. */
import type { CheckpointStore, Manifest, SegmentRef } from '@tidemark/pipeline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

export interface CheckpointStoreUnderTest {
  readonly store: CheckpointStore;
  /** Lets the TTL of segments that no manifest names run out. */
  expire(): Promise<void>;
  close(): Promise<void>;
}

/** The suite. `makeStore` is called once; every test works in a lineage of its own. */
export function checkpointContract(name: string, makeStore: () => Promise<CheckpointStoreUnderTest>): void {
  describe(`${name} as a checkpoint store`, () => {
    let under: CheckpointStoreUnderTest;
    let ordinal = 0;
    beforeAll(async () => {
      under = await makeStore();
    });
    afterAll(async () => {
      await under?.close();
    });
    const lineage = (): string => `checkpoint${++ordinal}-${process.pid}-${performance.timeOrigin.toString(36)}`;
    describeManifests(() => under.store, lineage);
    describeSegments(() => under, lineage);
  });
}

function manifestOf(lineage: string, id: string, keys: readonly string[], next = 7): Manifest {
  const segments = keys.map((key): SegmentRef => ({ key, kind: 'base', piece: 0, next, bytes: 3 }));
  const fixed = {
    writer: 'w',
    format: 1,
    partition: 2,
    epoch: 1,
    pieces: 1,
    dropped: '0000000000000000',
    partitionCount: 12,
    partitioner: 'murmur2',
  };
  return { ...fixed, id, lineage, next, segments, clusterId: 'c', topicId: 't"\n', fingerprint: 'ab', fingerprintOffset: 6 };
}

async function save(store: CheckpointStore, lineage: string, ...keys: string[]): Promise<void> {
  for (const key of keys) await store.saveSegment(lineage, 2, key, Buffer.from(`bytes of ${key}`));
}

async function textOf(store: CheckpointStore, lineage: string, key: string): Promise<string | null> {
  const bytes = await store.segment(lineage, 2, key);
  return bytes && Buffer.from(bytes).toString();
}

function describeManifests(store: () => CheckpointStore, newLineage: () => string): void {
  test('nothing stored is null, for manifest and segment', async () => {
    expect(await store().manifest(newLineage(), 2)).toBeNull();
    expect(await store().segment(newLineage(), 2, 'x')).toBeNull();
  });

  test('the first manifest is written when none was expected, and read back whole', async () => {
    const lineage = newLineage();
    await save(store(), lineage, 'a', 'b');
    const manifest = manifestOf(lineage, 'one', ['a', 'b']);
    expect(await store().replaceManifest(null, manifest)).toBe('replaced');
    expect(await store().manifest(lineage, 2)).toEqual(manifest);
    expect(await store().manifest(lineage, 3)).toBeNull();
  });

  test('a manifest is replaced only by who knows the one before', async () => {
    const lineage = newLineage();
    await save(store(), lineage, 'a');
    const one = manifestOf(lineage, 'one', ['a']);
    expect(await store().replaceManifest('none', one)).toBe('other');
    expect(await store().replaceManifest(null, one)).toBe('replaced');
    expect(await store().replaceManifest(null, manifestOf(lineage, 'two', ['a']))).toBe('other');
    expect(await store().replaceManifest('zero', manifestOf(lineage, 'two', ['a']))).toBe('other');
    expect(await store().manifest(lineage, 2)).toEqual(one);
    expect(await store().replaceManifest('one', manifestOf(lineage, 'two', ['a']))).toBe('replaced');
  });

  test('the same replacement sent again is answered other, and changes nothing', async () => {
    const lineage = newLineage();
    await save(store(), lineage, 'a', 'b');
    await store().replaceManifest(null, manifestOf(lineage, 'one', ['a']));
    const two = manifestOf(lineage, 'two', ['b'], 9);
    expect(await store().replaceManifest('one', two)).toBe('replaced');
    expect(await store().replaceManifest('one', two)).toBe('other');
    expect(await store().manifest(lineage, 2)).toEqual(two);
  });

  test('a manifest that names a missing segment is refused, and the old one stays with all of its segments', async () => {
    const lineage = newLineage();
    await save(store(), lineage, 'a', 'b');
    const one = manifestOf(lineage, 'one', ['a']);
    await store().replaceManifest(null, one);
    expect(await store().replaceManifest('one', manifestOf(lineage, 'two', ['b', 'gone']))).toBe('missing_segment');
    expect(await store().manifest(lineage, 2)).toEqual(one);
    expect(await textOf(store(), lineage, 'a')).toBe('bytes of a');
  });

  test('a manifest without segments is allowed', async () => {
    const lineage = newLineage();
    expect(await store().replaceManifest(null, manifestOf(lineage, 'one', []))).toBe('replaced');
    expect(await store().replaceManifest('one', manifestOf(lineage, 'two', []))).toBe('replaced');
  });
}

function describeSegments(under: () => CheckpointStoreUnderTest, newLineage: () => string): void {
  test('segments that only the old manifest named are gone, shared and unnamed ones stay', async () => {
    const [lineage, { store }] = [newLineage(), under()];
    await save(store, lineage, 'a', 'b', 'c', 'foreign');
    await store.replaceManifest(null, manifestOf(lineage, 'one', ['a', 'b']));
    await store.replaceManifest('one', manifestOf(lineage, 'two', ['b', 'c'], 9));
    expect(await Promise.all(['a', 'b', 'c', 'foreign'].map((key) => textOf(store, lineage, key)))).toEqual([
      null,
      'bytes of b',
      'bytes of c',
      'bytes of foreign',
    ]);
  });

  test('a segment is written only once: a late copy changes nothing', async () => {
    const [lineage, { store }] = [newLineage(), under()];
    await save(store, lineage, 'a');
    await store.saveSegment(lineage, 2, 'a', Buffer.from('other bytes'));
    expect(await textOf(store, lineage, 'a')).toBe('bytes of a');
  });

  test('named segments outlive the TTL, also when a late copy of their write arrives; unnamed ones do not', async () => {
    const [lineage, { store, expire }] = [newLineage(), under()];
    await save(store, lineage, 'named', 'unnamed');
    await store.replaceManifest(null, manifestOf(lineage, 'one', ['named']));
    await save(store, lineage, 'named');
    await expire();
    expect(await textOf(store, lineage, 'named')).toBe('bytes of named');
    expect(await textOf(store, lineage, 'unnamed')).toBeNull();
    expect(await store.replaceManifest('one', manifestOf(lineage, 'two', ['unnamed']))).toBe('missing_segment');
  });

  test('a segment of 8 MiB of any bytes comes back as it was, and does not change with the buffer it was cut from', async () => {
    const [lineage, { store }] = [newLineage(), under()];
    const large = Uint8Array.from({ length: 8 * 1024 * 1024 }, (_, index) => (index * 31 + (index >> 8)) & 255);
    const cut = new Uint8Array(large.buffer, 1, large.length - 1);
    const expected = Buffer.from(cut);
    await store.saveSegment(lineage, 2, 'large', cut);
    large.fill(0);
    const found = await store.segment(lineage, 2, 'large');
    expect(Buffer.compare(Buffer.from(found ?? []), expected)).toBe(0);
  });

  test('an empty segment is there', async () => {
    const [lineage, { store }] = [newLineage(), under()];
    await store.saveSegment(lineage, 2, 'empty', new Uint8Array());
    expect(await textOf(store, lineage, 'empty')).toBe('');
  });
}
