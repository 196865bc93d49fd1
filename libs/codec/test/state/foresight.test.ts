// Memory is taken ahead for a large base, once and about as much as it needs, and changes nothing of what comes back.
import { expect, test, vi } from 'vitest';
import { packBasePiece } from '../../src/state/pack.ts';
import { unpackSegments } from '../../src/state/unpack.ts';
import { dumpState } from './dump-state.ts';
import { Folding, type Sent } from './folding.ts';

const HOUR_MS = 3_600_000;
const ACTORS = 5_000;
const PIECES = 3;

test('a base of many actors comes back the same, in no more memory than the state had that was packed', () => {
  const folding = new Folding();
  const records = Array.from({ length: 2 * ACTORS }, (_, index): Sent => {
    const actor = (index * 7_919) % ACTORS;
    const event = index % 3 === 0 ? 'A' : index % 3 === 1 ? 'B' : 'C';
    return { actor, event, id: index, at: Math.floor((index / ACTORS) * HOUR_MS), city: 'Yerevan', channel: 'ads', amount: 1 };
  });
  folding.send(records);
  const { state } = folding.fold;
  const bases = Array.from({ length: PIECES }, (_, piece) => ({ next: state.next, bytes: packBasePiece(state, piece, PIECES) }));
  const restored = new Folding().fold.state;
  const reserve = vi.spyOn(restored.actors, 'reserve');
  unpackSegments(restored, bases);
  expect(state.actors.size).toBe(ACTORS);
  const [[slots = 0] = [], ...more] = reserve.mock.calls;
  expect([slots >= ACTORS, slots < 1.1 * ACTORS, more]).toEqual([true, true, []]);
  expect(dumpState(restored)).toBe(dumpState(state));
  const bytesOf = ({ bucketSets, firsts, timelines, actors }: typeof state): number =>
    [...bucketSets, ...firsts, ...timelines].reduce((sum, { store }) => sum + store.bytes, actors.bytes);
  expect(bytesOf(restored)).toBeLessThan(1.1 * bytesOf(state));
});
