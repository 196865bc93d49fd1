/** Versions of rows and heads: `epoch << 48 | next` as 16 lower-case hex digits, so that text order is number order. */

/** 16 lower-case hex digits; compares as text. `next` is the offset after the last folded record. */
export type Version = string;

/** Below every version that a row can carry: the head of a store that has never closed one. */
export const NO_VERSION: Version = '0000000000000000';

const EPOCH_LIMIT = 2 ** 16;
const NEXT_LIMIT = 2 ** 48;

/** `epoch` 0..65535, `next` 0..2^48-1; throws a RangeError outside, because a wrapped version would silently lose rows. */
export function versionOf(epoch: number, next: number): Version {
  if (!(epoch >= 0 && epoch < EPOCH_LIMIT) || !(next >= 0 && next < NEXT_LIMIT)) throw new RangeError(`no version for epoch ${epoch}, next ${next}`);
  return epoch.toString(16).padStart(4, '0') + next.toString(16).padStart(12, '0');
}

export function splitVersion(version: Version): { epoch: number; next: number } {
  return { epoch: Number.parseInt(version.slice(0, 4), 16), next: Number.parseInt(version.slice(4), 16) };
}

/** The same version as an unsigned 64-bit decimal, as ClickHouse's UInt64 reads it. */
export function versionDecimal(version: Version): string {
  return BigInt(`0x${version}`).toString();
}

export function versionFromDecimal(decimal: string): Version {
  return BigInt(decimal).toString(16).padStart(16, '0');
}
