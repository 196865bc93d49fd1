/** JSON numbers as fixed-point integers, so that sums are exact. */
import type { PropertyValue } from '../event.ts';

/**
 * A number in units of its `decimals`-th decimal, read from its shortest decimal text and rounded half away from zero.
 * Null for anything that is no finite number, strings included, and for a number of 2^63 units or more: no total is to be ruined by one event.
 */
export function fixedPointOf(value: PropertyValue, decimals: number): bigint | null {
  const match = typeof value === 'number' ? /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(value)) : null;
  if (!match) return null;
  const [, sign, whole = '', fraction = '', exponent = '0'] = match;
  const digits = BigInt(whole + fraction);
  const shift = decimals - fraction.length + Number(exponent);
  const size = shift >= 0 ? digits * 10n ** BigInt(shift) : divideHalfUp(digits, 10n ** BigInt(-shift));
  if (size >= 2n ** 63n) return null;
  return sign === '-' ? -size : size;
}

/** `1234.50` for 123450 with 2 decimals; never `-0.00`. */
export function fixedPointText(amount: bigint, decimals: number): string {
  const digits = String(amount < 0n ? -amount : amount).padStart(decimals + 1, '0');
  const sign = amount < 0n ? '-' : '';
  const cut = digits.length - decimals;
  return decimals === 0 ? sign + digits : `${sign}${digits.slice(0, cut)}.${digits.slice(cut)}`;
}

function divideHalfUp(size: bigint, by: bigint): bigint {
  return (size * 2n + by) / (by * 2n);
}
