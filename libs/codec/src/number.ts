/** The texts of a property value: as a slice and as a number. */
import { COMPOSITE, type PropertyValue } from '@tidemark/core';
import { SLICE_LIMIT_UNITS } from './accept.ts';

/** The shortest decimal text of a finite number, as JavaScript prints it; null for anything else. */
export function numberTextOf(value: PropertyValue): string | null {
  return typeof value === 'number' && Number.isFinite(value) ? String(value) : null;
}

/** The slice value: a string cut to its first 200 UTF-16 units, the JSON text of a finite number or a boolean, else `''`. */
export function sliceTextOf(value: PropertyValue): string {
  if (value === undefined || value === null || value === COMPOSITE) return '';
  if (typeof value === 'string') return cut(value);
  if (typeof value === 'number') return numberTextOf(value) ?? '';
  return value ? 'true' : 'false';
}

function cut(text: string): string {
  if (text.length <= SLICE_LIMIT_UNITS) return text;
  const last = text.charCodeAt(SLICE_LIMIT_UNITS - 1);
  const splitsPair = last >= 0xd800 && last <= 0xdbff;
  return text.slice(0, splitsPair ? SLICE_LIMIT_UNITS - 1 : SLICE_LIMIT_UNITS);
}
