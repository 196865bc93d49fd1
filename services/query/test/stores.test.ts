// A reader of a store that is not there yet: it connects when the store comes, without a storm of attempts.
import { type CellReader, StoreUnavailable } from '@tidemark/pipeline';
import { MemoryCellStore } from '@tidemark/testing';
import { describe, expect, it } from 'vitest';
import { readerOver, reconnecting } from '../src/stores.ts';

interface StoreConnection {
  readonly port: CellReader;
  close(): Promise<void>;
}

function readerOf(connect: () => Promise<StoreConnection>) {
  let nowMs = 0;
  const { connected, close } = reconnecting({ name: 'redis', connect, nowMs: () => nowMs });
  const reader = { ...readerOver('redis', connected), close };
  return {
    reader,
    advance: (ms: number) => {
      nowMs += ms;
    },
  };
}

function connection(closed: string[] = []): StoreConnection {
  return { port: new MemoryCellStore('redis').reader, close: async () => void closed.push('closed') };
}

describe('a reader that connects by itself', () => {
  it('connects once for calls that come together, and keeps the connection', async () => {
    let attempts = 0;
    const { reader } = readerOf(async () => {
      attempts++;
      return connection();
    });
    await Promise.all([reader.heads('l', [0]), reader.read('l', [0], [])]);
    await reader.heads('l', [0]);
    expect(attempts).toBe(1);
  });

  it('says why it cannot, and tries again only after a while', async () => {
    let attempts = 0;
    const { reader, advance } = readerOf(async () => {
      attempts++;
      if (attempts < 3) throw new Error('wrong password');
      return connection();
    });
    await expect(reader.heads('l', [0])).rejects.toThrow(StoreUnavailable);
    await expect(reader.heads('l', [0])).rejects.toThrow('wrong password');
    expect(attempts).toBe(1);
    advance(500);
    await expect(reader.heads('l', [0])).rejects.toThrow('wrong password');
    advance(500);
    expect(await reader.heads('l', [0])).toHaveLength(1);
    expect(attempts).toBe(3);
  });

  it('closes the connection that was just being made when the service stops', async () => {
    const closed: string[] = [];
    const made = Promise.withResolvers<StoreConnection>();
    const { reader } = readerOf(() => made.promise);
    const call = reader.heads('l', [0]);
    const stopped = reader.close();
    made.resolve(connection(closed));
    await expect(call).rejects.toThrow('stopping');
    await stopped;
    expect(closed).toEqual(['closed']);
    await expect(reader.heads('l', [0])).rejects.toThrow('stopping');
  });
});
