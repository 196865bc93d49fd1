/** What every second store of packed state promises, run alike on the twin and on the real engine. */
import type { SnapshotPart, SnapshotStore } from '@tidemark/pipeline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

export interface SnapshotStoreUnderTest {
  readonly store: SnapshotStore;
  close(): Promise<void>;
}

/** The suite. `makeStore` is called once; every test works in a lineage of its own. */
export function snapshotContract(name: string, makeStore: () => Promise<SnapshotStoreUnderTest>): void {
  describe(`${name} as a second store of state`, () => {
    let under: SnapshotStoreUnderTest;
    let ordinal = 0;
    beforeAll(async () => {
      under = await makeStore();
    });
    afterAll(async () => {
      await under?.close();
    });
    const lineage = (): string => `snapshot${++ordinal}-${process.pid}-${performance.timeOrigin.toString(36)}`;
    const part = (changes: Partial<SnapshotPart>): SnapshotPart => {
      return { slot: 0, id: 'one', part: 1, savedAtMs: 1_700_000_000_000, bytes: Buffer.from('abc'), hash: 'h', ...changes };
    };

    const plain = (saved: SnapshotPart | null) => saved && { ...saved, bytes: Buffer.from(saved.bytes).toString('hex') };

    test('nothing saved is nothing there', async () => {
      const of = lineage();
      expect(await under.store.contents(of, 3)).toEqual([]);
      expect(await under.store.part(of, 3, 0, 1)).toBeNull();
    });

    test('parts come back as they were, any bytes of them, each under its slot and number', async () => {
      const of = lineage();
      const bytes = Buffer.from(Uint8Array.from({ length: 70_000 }, (_, index) => (index * 31 + (index >> 8)) & 255));
      const saved = [part({ bytes }), part({ part: 2, bytes: Buffer.alloc(0) }), part({ slot: 1, id: 'two\n', hash: 'x\ty' })];
      for (const each of saved) await under.store.save(of, 3, each);
      await under.store.save(of, 4, part({ bytes: Buffer.from('of another partition') }));
      const found = await Promise.all(saved.map(({ slot, part: number }) => under.store.part(of, 3, slot, number)));
      expect(found.map(plain)).toEqual(saved.map(plain));
      expect(await under.store.contents(of, 3)).toEqual([]);
    });

    test('the table of contents of each slot is told, and a part gives way to a later one of its number, never to an earlier', async () => {
      const of = lineage();
      await under.store.save(of, 3, part({ part: 0 }));
      const later = part({ part: 0, id: 'later', savedAtMs: 1_700_000_000_001 });
      const other = part({ part: 0, slot: 1, id: 'other' });
      for (const each of [later, other, part({ part: 0, id: 'late' })]) await under.store.save(of, 3, each);
      expect((await under.store.contents(of, 3)).map(plain)).toEqual([later, other].map(plain));
    });

    test('what is forgotten is no copy any more and takes no room, others stay, and a later copy is one again', async () => {
      const [of, kept] = [lineage(), lineage()];
      for (const each of [part({ part: 0 }), part({}), part({ part: 0, slot: 1 })]) await under.store.save(of, 3, each);
      await under.store.save(of, 4, part({ part: 0 }));
      await under.store.save(kept, 3, part({ part: 0 }));
      expect([await under.store.forget(of), await under.store.forget(of)]).toEqual([4, 0]);
      expect([await under.store.contents(of, 3), await under.store.contents(of, 4)]).toEqual([[], []]);
      expect((await under.store.part(of, 3, 0, 1))?.bytes.length).toBe(0);
      expect(await under.store.contents(kept, 3)).toHaveLength(1);
      const anew = part({ part: 0, id: 'anew', savedAtMs: 1_700_000_000_005 });
      await under.store.save(of, 3, anew);
      expect((await under.store.contents(of, 3)).map(plain)).toEqual([plain(anew)]);
    });
  });
}
