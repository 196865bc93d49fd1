/** Events of a file in time order, from memory or by a second reading. */
import { describe, expect, it } from 'vitest';
import type { FileEvent } from '../../src/events/rows.ts';
import { inTimeOrder } from '../../src/events/time-order.ts';

function events(...times: number[]): FileEvent[] {
  return times.map((timeMs, index) => ({ key: `k${index}`, value: '{}', timeMs, messageHigh: 0, messageLow: 0 }));
}

function source(...batches: FileEvent[][]) {
  const readings: boolean[] = [];
  async function* read(again: boolean): AsyncGenerator<FileEvent[]> {
    readings.push(again);
    yield* batches;
  }
  return { read, readings };
}

async function keysOf(batches: AsyncIterable<readonly FileEvent[]> | Iterable<readonly FileEvent[]>): Promise<string[]> {
  const keys: string[] = [];
  for await (const batch of batches) for (const { key } of batch) keys.push(key);
  return keys;
}

it('sorts what fits, and keeps the order of equal instants', async () => {
  const { read, readings } = source(events(5, 3, 5, 3, 1));
  const ordered = await inTimeOrder({ read, maxMemoryBytes: 10_000, path: 'f' });
  expect(ordered).toMatchObject({ count: 5, firstMs: 1, lastMs: 5, wasSorted: true });
  expect(await keysOf(ordered.batches())).toEqual(['k4', 'k1', 'k3', 'k0', 'k2']);
  expect(readings).toEqual([false]);
});

it('reads a large file in order a second time instead of holding it', async () => {
  const { read, readings } = source(events(1, 2), events(2, 3));
  const ordered = await inTimeOrder({ read, maxMemoryBytes: 500, path: 'f' });
  expect(ordered).toMatchObject({ count: 4, firstMs: 1, lastMs: 3, wasSorted: false });
  expect(await keysOf(ordered.batches())).toEqual(['k0', 'k1', 'k0', 'k1']);
  expect(readings).toEqual([false, true]);
});

describe('a large file out of order', () => {
  it.each([
    ['beyond what was held', [events(1, 2, 3), events(4, 2)], 5],
    ['within what was held', [events(2, 1, 3, 4)], 2],
  ])('is refused with how to sort it: %s', async (_, batches, position) => {
    const { read } = source(...batches);
    await expect(inTimeOrder({ read, maxMemoryBytes: 500, path: 'big.csv' })).rejects.toThrow(
      new RegExp(`^big\\.csv: event ${position} is earlier than one before it, .* sort it by its time column .* or raise --sort-memory$`),
    );
  });
});

it('a file without events has none', async () => {
  const { read } = source();
  const ordered = await inTimeOrder({ read, maxMemoryBytes: 500, path: 'f' });
  expect(ordered.count).toBe(0);
  expect(await keysOf(ordered.batches())).toEqual([]);
});
