// L6 for state: what is packed comes back, over bases in pieces, deltas with drops, and rotations; damage is found and nothing else happens.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { createCalendars, NO_BUCKET, PartitionFold, Vocabulary } from '@tidemark/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type DeltaSince, packBasePiece, packDelta } from '../../src/state/pack.ts';
import { SEGMENT_FORMAT } from '../../src/state/segment.ts';
import { BrokenSegment, NewerFormat } from '../../src/state/segment-error.ts';
import { unpackSegments } from '../../src/state/unpack.ts';
import { dumpState } from './dump-state.ts';
import { EVERY_REGISTER, Folding, type Sent, SMALL_SETTINGS } from './folding.ts';

const HOUR_MS = 3_600_000;

/** Traffic that goes on for weeks, so that rows close, timelines are pruned and capped, and the duplicate filter is full. */
function traffic(options: { count: number; actors: number; firstId: number; hoursFrom: number; hoursTo: number }): fc.Arbitrary<Sent[]> {
  const { count, actors, firstId, hoursFrom, hoursTo } = options;
  const record = fc.record({
    actor: fc.nat(actors - 1),
    event: fc.constantFrom('A', 'A', 'B', 'B', 'C', 'other'),
    back: fc.oneof(fc.constant(0), fc.nat(3 * 24)),
    repeat: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(30) }),
    city: fc.constantFrom('', 'Yerevan', 'Gyumri', 'Berlin', 'Paris', '$other', '\ud800'),
    channel: fc.constantFrom('ads', 'organic', 'x', null),
    amount: fc.oneof(
      fc.integer({ min: -500, max: 500 }).map((cents) => cents / 100),
      fc.constant(2 ** 50),
    ),
  });
  return fc.array(record, { maxLength: count, size: 'max' }).map((records) =>
    records.map(({ back, repeat, ...rest }, index) => {
      const hour = hoursFrom + (index / Math.max(1, records.length)) * (hoursTo - hoursFrom);
      return { ...rest, id: Math.max(0, firstId + index - repeat), at: Math.floor((hour - back) * HOUR_MS) };
    }),
  );
}

interface Stored {
  kind: 'base' | 'delta';
  piece: number;
  next: number;
  bytes: Uint8Array;
}

/** The bookkeeping of manifests as design.md §2.1 step 4 has it: full base, then deltas, sometimes with a piece of the base anew. */
class Checkpoints {
  stored: Stored[] = [];
  readonly #folding: Folding;
  readonly #pieces: number;
  readonly #targetBytes: number;
  #savedNext = -1;
  #savedIds = 0;
  #rotation = 0;

  constructor(folding: Folding, pieces: number, targetBytes: number) {
    this.#folding = folding;
    this.#pieces = pieces;
    this.#targetBytes = targetBytes;
  }

  /** A delta that was packed and not saved: the next one has to carry what it had. */
  fail(): void {
    const { state } = this.#folding.fold;
    const { slots, whole } = state.touched.cut();
    packDelta(state, { slots, whole, rowsAbove: { epoch: state.epoch, next: this.#savedNext }, idsFrom: this.#savedIds, dropped: [] });
  }

  save(rotate: boolean): void {
    const { state } = this.#folding.fold;
    const dropped = this.#folding.dropClosed();
    const cut = state.touched.cut();
    const pieceOf = (piece: number): Stored => ({ kind: 'base', piece, next: state.next, bytes: packBasePiece(state, piece, this.#pieces) });
    if (this.#savedNext < 0) this.stored = Array.from({ length: this.#pieces }, (_, piece) => pieceOf(piece));
    else {
      const since = {
        slots: cut.slots,
        whole: cut.whole,
        rowsAbove: { epoch: state.epoch, next: this.#savedNext },
        idsFrom: this.#savedIds,
        dropped,
      };
      for (const bytes of packDelta(state, since, { targetBytes: this.#targetBytes }))
        this.stored.push({ kind: 'delta', piece: 0, next: state.next, bytes });
      if (rotate) {
        const piece = this.#rotation++ % this.#pieces;
        this.stored = this.stored.map((old) => (old.kind === 'base' && old.piece === piece ? pieceOf(piece) : old));
        const oldest = Math.min(...this.stored.filter(({ kind }) => kind === 'base').map(({ next }) => next));
        this.stored = this.stored.filter(({ kind, next }) => kind === 'base' || next > oldest);
      }
    }
    state.touched.saved(cut.generation);
    this.#savedNext = state.next;
    this.#savedIds = state.duplicates.added;
  }
}

const scenario = fc
  .record({
    pieces: fc.integer({ min: 1, max: 4 }),
    targetBytes: fc.constantFrom(1, 4_000, 2 ** 22),
    // Up to half a year, so that buckets leave the windows of bucket sets.
    hoursPerStep: fc.constantFrom(20, 60, 600),
    steps: fc.array(fc.record({ count: fc.constantFrom(0, 3, 30, 60), rotate: fc.boolean(), fails: fc.boolean() }), { minLength: 1, maxLength: 8 }),
    order: fc.infiniteStream(fc.nat(1000)),
  })
  .chain(({ steps, hoursPerStep, ...rest }) => {
    const part = (index: number, count: number): fc.Arbitrary<Sent[]> =>
      traffic({ count, actors: 12, firstId: index * 60, hoursFrom: index * hoursPerStep, hoursTo: (index + 1) * hoursPerStep });
    return fc.record({
      pieces: fc.constant(rest.pieces),
      targetBytes: fc.constant(rest.targetBytes),
      order: fc.constant(rest.order),
      steps: fc.tuple(...steps.map(({ count, rotate, fails }, index) => part(index, count).map((records) => ({ records, rotate, fails })))),
      later: part(8, 60),
    });
  });

test('a state comes back from any base, deltas and rotations, and goes on as if nothing had happened', () => {
  fc.assert(
    fc.property(scenario, ({ pieces, targetBytes, steps, later, order }) => {
      const folding = new Folding();
      const checkpoints = new Checkpoints(folding, pieces, targetBytes);
      for (const { records, rotate, fails } of steps) {
        const half = fails ? records.length >> 1 : records.length;
        folding.send(records.slice(0, half));
        if (fails) checkpoints.fail();
        folding.send(records.slice(half));
        checkpoints.save(rotate);
      }
      const again = new Folding();
      const shuffled = checkpoints.stored.map((segment) => ({ segment, key: order.next().value ?? 0 })).sort((a, b) => a.key - b.key);
      unpackSegments(
        again.fold.state,
        shuffled.map(({ segment }) => segment),
      );
      expect(dumpState(again.fold.state)).toBe(dumpState(folding.fold.state));
      expect(again.fold.state.touched.cut().slots).toEqual([]);
      expect(again.send(later)).toEqual(folding.send(later));
      expect(dumpState(again.fold.state)).toBe(dumpState(folding.fold.state));
      expect(again.fold.state.touched.cut().slots.length).toBe(folding.fold.state.touched.cut().slots.length);
    }),
    { numRuns: 150 },
  );
});

/** A state of some size, its base, and a delta after more. */
function example(): { segments: Stored[]; folding: Folding } {
  const folding = new Folding();
  const [first = [], second = []] = fc.sample(traffic({ count: 400, actors: 40, firstId: 0, hoursFrom: 0, hoursTo: 400 }), { numRuns: 2, seed: 7 });
  const checkpoints = new Checkpoints(folding, 2, 2 ** 22);
  folding.send(first);
  checkpoints.save(false);
  folding.send(second.map((record) => ({ ...record, id: record.id + 400, at: record.at + 400 * HOUR_MS })));
  checkpoints.save(false);
  return { segments: checkpoints.stored, folding };
}

test('what the release before wrote, whole actors in each delta, is read', () => {
  const stored: { segments: { next: number; base64: string }[]; state: string } = JSON.parse(
    readFileSync(join(import.meta.dirname, 'format-2.json'), 'utf8'),
  );
  const { state } = new Folding().fold;
  const segments = stored.segments.map(({ next, base64 }) => ({ next, bytes: Buffer.from(base64, 'base64') }));
  expect(segments.map(({ bytes }) => bytes[8])).toEqual([2, 2]);
  unpackSegments(state, segments);
  expect(createHash('sha256').update(dumpState(state)).digest('hex')).toBe(stored.state);
});

test('a delta carries what has changed of an actor, and all of it when the delta before was not saved', () => {
  const folding = new Folding();
  const { state } = folding.fold;
  const at = (id: number): Sent => ({ actor: 0, event: 'ABC'[id % 3] ?? '', id, at: id * HOUR_MS, city: 'Paris', channel: 'ads', amount: 1 });
  const sizeOf = ({ slots, whole }: Pick<DeltaSince, 'slots' | 'whole'>): number =>
    packDelta(state, { slots, whole, rowsAbove: state, idsFrom: state.duplicates.added, dropped: [] })[0]?.length ?? 0;
  folding.send(Array.from({ length: 60 }, (_, id) => at(id)));
  const first = state.touched.cut();
  sizeOf(first);
  state.touched.saved(first.generation);
  folding.send([at(60)]);
  const second = state.touched.cut();
  const changed = sizeOf(second);
  const third = state.touched.cut();
  const whole = sizeOf(third);
  expect([first.whole, second.whole, third.whole].map(({ size }) => size)).toEqual([0, 0, 1]);
  expect(whole).toBeGreaterThan(changed);
  // Nothing has changed since: the actor is not written at all.
  expect(sizeOf(second)).toBeLessThan(changed - 16);
});

test('a full duplicate filter comes back in order', () => {
  const folding = new Folding();
  const many = Array.from({ length: 2500 }, (_, id) => ({ actor: id % 7, event: 'A', id, at: id * 1000, city: '', channel: null, amount: 1 }));
  const checkpoints = new Checkpoints(folding, 3, 2 ** 22);
  folding.send(many.slice(0, 900));
  checkpoints.save(false);
  folding.send(many.slice(900, 1500));
  checkpoints.save(true);
  folding.send(many.slice(1500));
  checkpoints.save(true);
  const again = new Folding();
  unpackSegments(again.fold.state, checkpoints.stored);
  expect(dumpState(again.fold.state)).toBe(dumpState(folding.fold.state));
  const repeats = [2499, 1476, 1475, 1474].map((id) => many[id]).filter((record) => record !== undefined);
  expect(folding.send(repeats)).toEqual(again.send(repeats));
  expect(folding.fold.state.counters.of('duplicate')).toBe(2);
});

test('what only rare traffic shows is among the states that come back', () => {
  const seen = { capped: 0, before: 0, dropped: 0, overflow: 0 };
  for (const { steps } of fc.sample(scenario, { numRuns: 60, seed: 3 })) {
    const folding = new Folding();
    for (const { records } of steps) {
      folding.send(records);
      seen.dropped += folding.dropClosed().length;
    }
    const { state } = folding.fold;
    seen.capped += state.cappedActors.size;
    for (const { store } of state.bucketSets) {
      for (let row = 0; row < store.size; row++) if (store.before(row) !== NO_BUCKET) seen.before++;
    }
    seen.overflow += state.dictionaries.filter(({ overflow }) => overflow).length;
  }
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(10);
});

test('segments of another set or of a newer release are refused by name', () => {
  const { segments } = example();
  const vocabulary = new Vocabulary();
  const [, ...others] = EVERY_REGISTER.metrics;
  const other = new PartitionFold({
    set: { ...EVERY_REGISTER, metrics: others },
    settings: SMALL_SETTINGS,
    vocabulary,
    calendars: createCalendars(),
  });
  expect(() => unpackSegments(other.state, segments)).toThrow(/^no metric has the table back/);
  const newer = segments.map((segment) => {
    const bytes = Uint8Array.from(segment.bytes);
    bytes[8] = SEGMENT_FORMAT + 1;
    new DataView(bytes.buffer).setUint32(4, crc32(bytes.subarray(8)), true);
    return { ...segment, bytes };
  });
  expect(() => unpackSegments(new Folding().fold.state, newer)).toThrow(NewerFormat);
});

test('a flipped bit anywhere is a BrokenSegment', () => {
  const { segments } = example();
  fc.assert(
    fc.property(fc.nat(2), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), fc.nat(7), (which, where, bit) => {
      const damaged = segments.map((segment, index) => {
        if (index !== which) return segment;
        const bytes = Uint8Array.from(segment.bytes);
        const at = Math.floor(where * bytes.length);
        bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
        return { ...segment, bytes };
      });
      expect(() => unpackSegments(new Folding().fold.state, damaged)).toThrow(BrokenSegment);
    }),
    { numRuns: 300 },
  );
});

test('a header that would end one byte behind the segment is a BrokenSegment', () => {
  const rest = Buffer.from([SEGMENT_FORMAT, 2, 0x7b]);
  const frame = Buffer.from('TMSG____');
  frame.writeUInt32LE(crc32(rest), 4);
  const bytes = new Uint8Array(Buffer.concat([frame, rest]));
  expect(() => unpackSegments(new Folding().fold.state, [{ next: 1, bytes }])).toThrow("the header's length is 2, at most 1 was expected");
});

test('a segment cut off anywhere, lengthened or missing is a BrokenSegment', () => {
  const { segments } = example();
  const damaged: Stored[][] = segments.map((_, missing) => segments.filter((_, index) => index !== missing)).slice(0, 2);
  for (const [index, segment] of segments.entries()) {
    const lengths = Array.from({ length: 60 }, (_, step) => Math.floor((segment.bytes.length * step) / 60));
    for (const length of [...lengths, segment.bytes.length - 1])
      damaged.push(segments.map((each, other) => (other === index ? { ...each, bytes: each.bytes.slice(0, length) } : each)));
    damaged.push(segments.map((each, other) => (other === index ? { ...each, bytes: Uint8Array.from([...each.bytes, 0]) } : each)));
    damaged.push(segments.map((each, other) => (other === index ? { ...each, next: each.next + 1 } : each)));
  }
  for (const each of damaged) expect(() => unpackSegments(new Folding().fold.state, each)).toThrow(BrokenSegment);
});

test('damage under a right checksum is found or is another state, and never a crash of another kind', () => {
  const { segments } = example();
  let broken = 0;
  fc.assert(
    fc.property(
      fc.nat(2),
      fc.array(fc.tuple(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), fc.nat(255)), { minLength: 1, maxLength: 4 }),
      (which, changes) => {
        const damaged = segments.map((segment, index) => {
          if (index !== which) return segment;
          const bytes = Uint8Array.from(segment.bytes);
          for (const [where, value] of changes) bytes[8 + Math.floor(where * (bytes.length - 8))] = value;
          new DataView(bytes.buffer).setUint32(4, crc32(bytes.subarray(8)), true);
          return { ...segment, bytes };
        });
        try {
          unpackSegments(new Folding().fold.state, damaged);
        } catch (error) {
          broken++;
          if (!(error instanceof BrokenSegment || error instanceof NewerFormat)) throw error;
        }
      },
    ),
    { numRuns: 500 },
  );
  expect(broken).toBeGreaterThan(50);
});
