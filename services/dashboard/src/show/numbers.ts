/** Numbers as people say them: short in tiles and charts, exact in tooltips and tables. Thin spaces group, a narrow one stands before units. */
import { visible } from './visible.ts';

/** Between groups of digits. */
const THIN = '\u2009';
/** Before a unit; does not break. */
const NARROW = '\u202f';
const MINUS = '\u2212';
/** A rate over fewer is shown grey, and says so. */
export const FEW = 30;

/** `1 204`, `−3.5`; of a fixed-point text all its digits. Null: `–`. */
export function exact(value: number | string | null): string {
  if (value === null) return '–';
  const plain = typeof value === 'string' ? value : Number.isInteger(value) ? String(value) : trimmed(value);
  const [, sign = '', whole = '', fraction = ''] = /^(-?)(\d+)(\.\d+)?$/.exec(plain) ?? [];
  if (whole === '') return plain;
  return (sign === '' ? '' : MINUS) + whole.replace(/\B(?=(\d{3})+$)/g, THIN) + fraction;
}

/** `847`, `12.4 k`, `1.24 M`: three digits that matter. Null: `–`. */
export function short(value: number | string | null): string {
  if (value === null) return '–';
  const number = Number(value);
  if (Number.isNaN(number)) return String(value);
  const size = Math.abs(number);
  const sign = number < 0 ? MINUS : '';
  if (size < 10_000) return size >= 100 || Number.isInteger(size) ? sign + exact(Math.round(size)) : sign + threeDigits(size);
  const [unit, letter] = size < 999_500 ? [1e3, 'k'] : size < 999_500_000 ? [1e6, 'M'] : [1e9, 'B'];
  return `${sign}${threeDigits(size / unit)}${NARROW}${letter}`;
}

/** `41.2 %`; below 0.1 % two digits that matter. Null: `–`. */
export function percent(rate: number | null, { digits = 1 }: { readonly digits?: number } = {}): string {
  if (rate === null) return '–';
  const size = Math.abs(rate) * 100;
  const text = size === 0 || size >= 0.1 ? size.toFixed(digits) : size.toPrecision(2);
  return `${rate < 0 ? MINUS : ''}${exact(text)}${NARROW}%`;
}

/** `41.2345 %`: as exact as a number between 0 and 1 is worth telling. */
export function percentExact(rate: number | null): string {
  return rate === null ? '–' : percent(rate, { digits: 4 });
}

/** `(n = 1 204)`. */
export function sample(of: number): string {
  return `(n = ${exact(of)})`;
}

/** `480 of 1 200 are 40.0 %, between 37.2 % and 42.8 % with 95 % confidence; fewer than 30: take it with care`: a rate in words. */
export function rateInWords(part: number, of: number, interval?: { readonly low: number | null; readonly high: number | null }): string {
  const rate = of === 0 ? null : part / of;
  const words = `${exact(part)} of ${exact(of)} are ${percentExact(rate)}`;
  const between =
    interval === undefined || interval.low === null || interval.high === null
      ? ''
      : `, between ${percent(interval.low)} and ${percent(interval.high)} with 95${NARROW}% confidence`;
  return words + between + (of < FEW ? `; of fewer than ${FEW}: take it with care` : '');
}

/** `+4.1 %` with an arrow: `▲ 4.1 %`, `▼ 3.0 %`, `= 0.0 %`. Null: ``. */
export function changeText(change: number | null): string {
  if (change === null) return '';
  const arrow = Math.abs(change) < 0.0005 ? '=' : change > 0 ? '▲' : '▼';
  return `${arrow}${NARROW}${change > 0 ? '+' : ''}${percent(change)}`;
}

/** Whether a title says that its number is a part of a whole, and so is told in per cent: a ratio or formula by itself may be anything. */
export function saysShare(title: string): boolean {
  return /\b(share|rate|conversion|churn|percent|percentage)\b|%/i.test(title);
}

/** Percentage points: `+2.0 pp`. */
export function pointsText(difference: number | null): string {
  if (difference === null) return '–';
  return `${difference > 0 ? '+' : difference < 0 ? MINUS : '±'}${Math.abs(difference * 100).toFixed(1)}${NARROW}pp`;
}

/** A slice's value as it is told: the empty one, the rest and the others by name, of a tuple its parts. */
export function sliceText(value: string | readonly string[] | null): string {
  if (value === null) return 'all';
  if (typeof value !== 'string') return value.map(sliceText).join(' · ');
  if (value === '') return '(none)';
  if (value === '$rest') return 'the rest';
  return value === '$other' ? 'other' : visible(value);
}

function threeDigits(size: number): string {
  return size.toPrecision(3).includes('e')
    ? String(Math.round(size))
    : size >= 100
      ? size.toFixed(0)
      : size >= 10
        ? size.toFixed(1)
        : size.toFixed(2);
}

function trimmed(value: number): string {
  return Math.abs(value) >= 1e15 || (value !== 0 && Math.abs(value) < 1e-6) ? String(value) : value.toFixed(6).replace(/\.?0+$/, '');
}
