/** Fixed-point integers from decimal texts and back: sums that no binary fraction touches. */

const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/;

/** One event may add less than this many units, so that a total of any length of history fits its two columns. */
const UNITS_LIMIT = 2n ** 63n;

/** A JSON number's shortest text (also `1e-7`, `1.5e+21`) times 10^decimals, rounded half away from zero; null beyond the limit. */
export function parseFixed(text: string, decimals: number): bigint | null {
  const parts = DECIMAL.exec(text);
  if (parts === null) throw new Error(`'${text}' is not a decimal number`);
  const [, sign, whole = '', fraction = '', exponent = '0'] = parts;
  const digits = whole + fraction;
  const shift = decimals - fraction.length + Number(exponent);
  const scaled = shift >= 0 ? BigInt(digits) * 10n ** BigInt(shift) : roundedQuotient(BigInt(digits), -shift);
  if (scaled >= UNITS_LIMIT) return null;
  return sign === '-' ? -scaled : scaled;
}

/** digits / 10^places, half up; digits ≥ 0. More places than digits is 0 or, at a half, 1. */
function roundedQuotient(digits: bigint, places: number): bigint {
  if (places > 400) return 0n;
  const divisor = 10n ** BigInt(places);
  return (digits * 2n + divisor) / (divisor * 2n);
}

/** `-1234.50` for -123450 at 2 decimals. */
export function formatFixed(value: bigint, decimals: number): string {
  const negative = value < 0n;
  const digits = (negative ? -value : value).toString().padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals);
  const text = decimals === 0 ? whole : `${whole}.${digits.slice(digits.length - decimals)}`;
  return negative ? `-${text}` : text;
}
