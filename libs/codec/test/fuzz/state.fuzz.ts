/** Fuzz target: packed state of any bytes, mostly under a right checksum, is refused by a typed error or read, in bounds. */
import { crc32 } from 'node:zlib';
import { packBasePiece, packDelta } from '../../src/state/pack.ts';
import { BrokenSegment, NewerFormat } from '../../src/state/segment-error.ts';
import { unpackSegments } from '../../src/state/unpack.ts';
import { Folding, type Sent } from '../state/folding.ts';

interface Segment {
  readonly next: number;
  readonly bytes: Uint8Array;
}

const HOUR_MS = 3_600_000;
/** The first byte of an input: anything else has its checksums put right. */
const AS_IT_IS = 0xff;
const CHECKED_FROM = 8;

/** One byte of flags, one of count, then each segment's position and length in four bytes each and its bytes, as many as are there. */
function segmentsOf(input: Uint8Array): readonly Segment[] {
  const view = new DataView(input.buffer, input.byteOffset, input.length);
  const segments: Segment[] = [];
  let at = 2;
  for (let left = (input[1] ?? 0) % 8; left > 0 && at + 8 <= input.length; left -= 1) {
    const next = view.getUint32(at, true);
    const bytes = input.slice(at + 8, at + 8 + view.getUint32(at + 4, true));
    if (input[0] !== AS_IT_IS && bytes.length >= CHECKED_FROM) new DataView(bytes.buffer).setUint32(4, crc32(bytes.subarray(CHECKED_FROM)), true);
    segments.push({ next, bytes });
    at += 8 + bytes.length;
  }
  return segments;
}

function inputOf(segments: readonly Segment[], flags = 0): Uint8Array {
  const parts = segments.flatMap(({ next, bytes }) => {
    const head = Buffer.alloc(8);
    head.writeUInt32LE(next, 0);
    head.writeUInt32LE(bytes.length, 4);
    return [head, bytes];
  });
  return Buffer.concat([Buffer.of(flags, segments.length), ...parts]);
}

/** A base and a delta, over `count` records of a few actors. */
function packed(count: number, pieces: number): readonly Segment[] {
  const folding = new Folding();
  const sent = (from: number): Sent[] =>
    Array.from({ length: count }, (_, index) => {
      const id = from + index;
      const event = ['A', 'B', 'C', 'other'][id % 4] ?? 'A';
      const channel = ['ads', null, 'x'][id % 3] ?? null;
      return { actor: id % 3, event, id, at: id * 7 * HOUR_MS, city: ['', 'Yerevan', 'Berlin'][id % 3] ?? '', channel, amount: id / 4 };
    });
  folding.send(sent(0));
  const { state } = folding.fold;
  const cut = state.touched.cut();
  const base = Array.from({ length: pieces }, (_, piece) => ({ next: state.next, bytes: packBasePiece(state, piece, pieces) }));
  state.touched.saved(cut.generation);
  const saved = { next: state.next, ids: state.duplicates.added };
  folding.send(sent(count));
  const dropped = folding.dropClosed();
  const { slots, whole } = state.touched.cut();
  const since = { slots, whole, rowsAbove: { epoch: state.epoch, next: saved.next }, idsFrom: saved.ids, dropped };
  return [...base, ...packDelta(state, since, { targetBytes: 2 ** 20 }).map((bytes) => ({ next: state.next, bytes }))];
}

const small = packed(4, 1);
const usual = packed(12, 2);

/** The same segment with other text in its header, whose length is put right. */
function withHeader({ next, bytes }: Segment, change: (text: string) => string): Segment {
  const start = bytes.indexOf(0x7b);
  // The length stands before the text in two bytes, as it does for every header of this set.
  const length = ((bytes[start - 2] ?? 0) & 0x7f) + (bytes[start - 1] ?? 0) * 128;
  const text = Buffer.from(change(Buffer.from(bytes.subarray(start, start + length)).toString('utf8')));
  const size = Buffer.of((text.length & 0x7f) | 0x80, (text.length >>> 7) & 0x7f);
  return { next, bytes: Buffer.concat([bytes.subarray(0, start - 2), size, text, bytes.subarray(start + length)]) };
}

const NUMBERS = [
  '0',
  '-1',
  '1',
  '2',
  '33',
  '1000',
  '65536',
  '4294967296',
  '9007199254740991',
  '9007199254740992',
  '1.5',
  'null',
  '"7"',
  '1e9',
  '-1e15',
];

/** Headers with another number, or a list that is repeated or cut. */
function generate(seed: number): readonly Uint8Array[] {
  return [small, usual].map((segments, which) => {
    const chosen = (seed + which) % segments.length;
    return inputOf(
      segments.map((segment, index) => {
        if (index !== chosen) return segment;
        return withHeader(segment, (text) => {
          const places = [...text.matchAll(/-?\d+|\{[^{}]*\}/g)];
          const place = places[(seed >>> 3) % places.length];
          if (place === undefined) return text;
          const put = place[0].startsWith('{') ? [`${place[0]},${place[0]}`, '{}', 'null'][seed % 3] : NUMBERS[(seed >>> 11) % NUMBERS.length];
          return text.slice(0, place.index) + put + text.slice(place.index + place[0].length);
        });
      }),
    );
  });
}

function run(input: Uint8Array): void {
  const folding = new Folding();
  try {
    unpackSegments(folding.fold.state, segmentsOf(input));
  } catch (error) {
    if (!(error instanceof BrokenSegment || error instanceof NewerFormat)) throw error;
  }
}

const HEADER_WORDS = [
  '"kind":"delta"',
  '"kind":"base"',
  '"pieces":1',
  '"piece":0',
  '"overflow":true',
  '"clockMs":null',
  '"held"',
  '"ledger"',
  '"times"',
];

export const fuzzTarget = {
  seeds: () => [inputOf([]), inputOf(small), inputOf(usual), inputOf(usual, AS_IT_IS), inputOf(usual.toReversed())],
  dictionary: [...HEADER_WORDS, '\u0000', '\u0001', '\u0002', '\u0003', '\u0004', 'back/cohort', '$other', '},{', '],[', '\u007f\u007f\u007f\u007f'],
  generate,
  run,
};
