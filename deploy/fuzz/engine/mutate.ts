/** Makes new inputs out of known ones: bit flips, splices, repeated pieces, words of a dictionary, numbers at their edges. */

export type Draw = (below: number) => number;

const MAX_STACKED = 6;
const EDGE_NUMBERS = [
  '0',
  '-0',
  '-1',
  '1',
  '2',
  '255',
  '256',
  '65535',
  '65536',
  '2147483647',
  '2147483648',
  '4294967295',
  '4294967296',
  '9007199254740991',
  '9007199254740992',
  '-9007199254740992',
  '18446744073709551615',
  '1e308',
  '1e999',
  '-1e999',
  '1e-400',
  '0.1',
  '99999999999999999999999',
  'NaN',
];
const EDGE_BYTES = [0, 1, 0x7f, 0x80, 0xff, 0xfe, 0x0a, 0x20, 0x22, 0x27, 0x2d, 0x3a, 0x5b, 0x5c, 0x5d, 0x7b, 0x7d, 0x26, 0x2a];

/** Whole numbers below a bound, the same for the same seed (xorshift32). */
export function createDraw(seed: number): Draw {
  let state = (Math.imul(seed | 0, 0x9e3779b1) ^ 0x6d2b79f5) | 0 || 1;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  for (let round = 0; round < 8; round += 1) next();
  return (below) => (below <= 1 ? 0 : next() % below);
}

export interface Mutation {
  readonly draw: Draw;
  readonly dictionary: readonly Uint8Array[];
  readonly corpus: readonly Uint8Array[];
  readonly maxBytes: number;
}

/** A changed copy of `input`; one to six changes, one on top of the other. */
export function mutate(input: Uint8Array, mutation: Mutation): Uint8Array {
  let bytes = input;
  for (let left = 1 + mutation.draw(MAX_STACKED); left > 0; left -= 1) {
    const change = CHANGES[mutation.draw(CHANGES.length)] ?? flipBit;
    bytes = change(bytes, mutation);
    if (bytes.length > mutation.maxBytes) bytes = bytes.subarray(0, mutation.maxBytes);
  }
  return bytes;
}

type Change = (bytes: Uint8Array, mutation: Mutation) => Uint8Array;

const flipBit: Change = (bytes, { draw }) => replaced(bytes, draw(bytes.length), (byte) => byte ^ (1 << draw(8)));
const setByte: Change = (bytes, { draw }) => {
  const put = draw(2) === 0 ? draw(256) : (EDGE_BYTES[draw(EDGE_BYTES.length)] ?? 0);
  return replaced(bytes, draw(bytes.length), () => put);
};
const setWord: Change = (bytes, { draw }) => {
  const at = draw(bytes.length);
  const value = [0, 1, 0x7fffffff, 0x80000000, 0xffffffff, bytes.length, draw(65_536)][draw(7)] ?? 0;
  const put = [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, (value >>> 24) & 0xff];
  if (draw(2) === 0) put.reverse();
  return spliced(bytes, { at, cut: 4, put: Uint8Array.from(put) });
};
const insertWord: Change = (bytes, { draw, dictionary }) => spliced(bytes, { at: draw(bytes.length + 1), cut: 0, put: wordOf(dictionary, draw) });
const overwriteWord: Change = (bytes, { draw, dictionary }) => {
  const put = wordOf(dictionary, draw);
  return spliced(bytes, { at: draw(bytes.length + 1), cut: put.length, put });
};
const cutOut: Change = (bytes, { draw }) => {
  const at = draw(bytes.length);
  return spliced(bytes, { at, cut: 1 + draw(Math.min(64, bytes.length - at)), put: NOTHING });
};
const cutEnd: Change = (bytes, { draw }) => bytes.subarray(0, draw(bytes.length + 1));
const repeatPiece: Change = (bytes, { draw, maxBytes }) => {
  const at = draw(bytes.length);
  const piece = bytes.subarray(at, at + 1 + draw(Math.min(48, bytes.length - at)));
  const times = draw(12) === 0 ? draw(3_000) : 1 + draw(4);
  const room = Math.max(0, Math.floor((maxBytes - bytes.length) / Math.max(1, piece.length)));
  return spliced(bytes, { at, cut: 0, put: Buffer.concat(Array.from({ length: Math.min(times, room) }, () => piece)) });
};
const movePiece: Change = (bytes, { draw }) => {
  const from = draw(bytes.length);
  const piece = bytes.subarray(from, from + 1 + draw(Math.min(256, bytes.length - from)));
  return spliced(bytes, { at: draw(bytes.length + 1), cut: draw(2) * piece.length, put: piece });
};
const cross: Change = (bytes, { draw, corpus }) => {
  const other = corpus[draw(corpus.length)] ?? bytes;
  const from = draw(other.length);
  const piece = other.subarray(from, draw(3) === 0 ? other.length : from + 1 + draw(Math.min(256, other.length - from)));
  return spliced(bytes, { at: draw(bytes.length + 1), cut: draw(2) === 0 ? 0 : draw(piece.length + 1), put: piece });
};
const changeNumber: Change = (bytes, { draw }) => {
  const start = indexFrom(bytes, draw(bytes.length), isDigit);
  if (start < 0) return setByte(bytes, { draw, dictionary: [], corpus: [], maxBytes: bytes.length });
  let end = start;
  while (isDigit(bytes[end] ?? 0)) end += 1;
  return spliced(bytes, { at: start, cut: end - start, put: Buffer.from(EDGE_NUMBERS[draw(EDGE_NUMBERS.length)] ?? '0') });
};
const moveLine: Change = (bytes, { draw }) => {
  const lines = Buffer.from(bytes).toString('latin1').split('\n');
  const line = lines.splice(draw(lines.length), 1 + draw(3));
  lines.splice(draw(lines.length + 1), 0, ...line, ...(draw(2) === 0 ? line : []));
  return Buffer.from(lines.join('\n'), 'latin1');
};

const CHANGES: readonly Change[] = [
  flipBit,
  setByte,
  setByte,
  setWord,
  insertWord,
  insertWord,
  overwriteWord,
  overwriteWord,
  cutOut,
  cutOut,
  cutEnd,
  repeatPiece,
  movePiece,
  cross,
  cross,
  changeNumber,
  changeNumber,
  moveLine,
];
const NOTHING = new Uint8Array(0);

function wordOf(dictionary: readonly Uint8Array[], draw: Draw): Uint8Array {
  return dictionary[draw(dictionary.length)] ?? NOTHING;
}

function replaced(bytes: Uint8Array, at: number, change: (byte: number) => number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  if (copy.length > 0) copy[at] = change(copy[at] ?? 0);
  return copy;
}

function spliced(bytes: Uint8Array, { at, cut, put }: { at: number; cut: number; put: Uint8Array }): Uint8Array {
  return Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(Math.min(bytes.length, at + cut))]);
}

function indexFrom(bytes: Uint8Array, from: number, test: (byte: number) => boolean): number {
  for (let step = 0; step < bytes.length; step += 1) {
    const at = (from + step) % bytes.length;
    if (test(bytes[at] ?? 0)) return at;
  }
  return -1;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}
