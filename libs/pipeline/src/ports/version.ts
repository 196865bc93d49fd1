/** Versions of rows and heads: `epoch << 48 | next` as 16 lower-case hex digits, so that text order is number order. */

/** 16 lower-case hex digits; compares as text. `next` is the offset after the last folded record. */
export type Version = string;

/** Below every version that a row can carry: the head of a store that has never closed one. */
export const NO_VERSION: Version = '0000000000000000';

const EPOCH_LIMIT = 2 ** 16;
const NEXT_LIMIT = 2 ** 48;
/** Smaller versions are exact as numbers. */
const EXACT_LIMIT = 2 ** 53;

/** `epoch` 0..65535, `next` 0..2^48-1; throws a RangeError outside, because a wrapped version would silently lose rows. */
export function versionOf(epoch: number, next: number): Version {
  if (!(epoch >= 0 && epoch < EPOCH_LIMIT) || !(next >= 0 && next < NEXT_LIMIT)) throw new RangeError(`no version for epoch ${epoch}, next ${next}`);
  const low = next % 0x10000;
  const high = (next - low) / 0x10000;
  if (epoch !== lastEpoch || high !== lastHigh) {
    lastEpoch = epoch;
    lastHigh = high;
    lastPrefix = epoch.toString(16).padStart(4, '0') + high.toString(16).padStart(8, '0');
  }
  return lastPrefix + lowDigits(low);
}

/** Versions are made of every published row, and those of a time begin alike: the beginning is remembered, the four digits at the end are looked up. */
let lastEpoch = -1;
let lastHigh = -1;
let lastPrefix = '';
const LOW_DIGITS: string[] = [];

function lowDigits(low: number): string {
  const known = LOW_DIGITS[low];
  if (known !== undefined) return known;
  for (let number = LOW_DIGITS.length; number < 0x10000; number++) LOW_DIGITS.push(number.toString(16).padStart(4, '0'));
  return LOW_DIGITS[low] as string;
}

export function splitVersion(version: Version): { epoch: number; next: number } {
  return { epoch: Number.parseInt(version.slice(0, 4), 16), next: Number.parseInt(version.slice(4), 16) };
}

/** The same version as an unsigned 64-bit decimal, as ClickHouse's UInt64 reads it. */
export function versionDecimal(version: Version): string {
  const beginning = version.slice(0, -4);
  if (beginning !== lastBeginning) {
    lastBeginning = beginning;
    lastBase = Number.parseInt(beginning, 16) * 0x10000;
  }
  if (lastBase < EXACT_LIMIT) return String(lastBase + Number.parseInt(version.slice(-4), 16));
  return BigInt(`0x${version}`).toString();
}

let lastBeginning = '';
let lastBase = 0;

export function versionFromDecimal(decimal: string): Version {
  return BigInt(decimal).toString(16).padStart(16, '0');
}
