// What an interceptor can do to the calls of a twin: lose them before or after they apply, hold them back, let them arrive late.
import { NO_VERSION, type PublishPart, StoreUnavailable } from '@tidemark/pipeline';
import { type Fate, MemoryCellStore, MemoryCheckpointStore, type StoreCall } from '@tidemark/testing';
import { at, headNote, totalRow } from '@tidemark/testing/contracts';
import { expect, test } from 'vitest';

const note = headNote();
const part = (next: number): PublishPart => ({
  ...{
    lineage: 'l',
    partition: 0,
    publishId: `p${next}`,
    index: 0,
    last: true,
    target: at(next),
    base: NO_VERSION,
    rows: [totalRow(1, at(next), [next])],
    note,
  },
});

test('a call lost on its way did not apply, one whose reply was lost did; the caller cannot tell', async () => {
  let fate: Fate = 'lose';
  const store = new MemoryCellStore('redis', { intercept: () => fate });
  await expect(store.sink.write(part(1))).rejects.toBeInstanceOf(StoreUnavailable);
  expect(store.headOf('l', 0).closed).toBe(NO_VERSION);
  fate = 'lose_reply';
  await expect(store.sink.write(part(1))).rejects.toBeInstanceOf(StoreUnavailable);
  expect(store.headOf('l', 0).closed).toBe(at(1));
});

test('a kept call may arrive late and twice, with the rows as they were when it was sent', async () => {
  const kept: StoreCall[] = [];
  const store = new MemoryCellStore('redis');
  store.intercept = (call) => (kept.push(call) === 1 ? 'lose' : 'apply');
  const cells = [1];
  const late = { ...part(1), rows: [totalRow(1, at(1), cells)] };
  await expect(store.sink.write(late)).rejects.toBeInstanceOf(StoreUnavailable);
  cells[0] = 99;
  kept[0]?.apply();
  kept[0]?.apply();
  expect(store.rowsOf('l', 0)).toEqual([totalRow(1, at(1), [1])]);
});

test('a promise of a fate holds the call back', async () => {
  let release: (fate: Fate) => void = () => {};
  const store = new MemoryCellStore('clickhouse', { intercept: () => new Promise<Fate>((resolve) => (release = resolve)) });
  const writing = store.sink.write(part(1));
  expect(store.headOf('l', 0).closed).toBe(NO_VERSION);
  release('apply');
  expect(await writing).toEqual({ outcome: 'written' });
});

test('a store rewinds to a snapshot, and forgets when wiped', async () => {
  const store = new MemoryCellStore('redis');
  await store.sink.write(part(1));
  const snapshot = store.snapshot();
  await store.sink.write(part(2));
  store.restore(snapshot);
  expect(store.headOf('l', 0).closed).toBe(at(1));
  expect(store.rowsOf('l', 0)).toEqual([totalRow(1, at(1), [1])]);
  store.wipe();
  expect(store.rowsOf('l', 0)).toEqual([]);
});

test('segments without a manifest expire', async () => {
  const memory = new MemoryCheckpointStore();
  await memory.store.saveSegment('l', 0, 'a', Uint8Array.of(1));
  expect([...memory.segmentsOf('l', 0)].map(([key, { expires }]) => [key, expires])).toEqual([['a', true]]);
  memory.expire();
  expect(await memory.store.segment('l', 0, 'a')).toBeNull();
});
