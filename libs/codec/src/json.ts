/** Parsed JSON as the plain decoder reads it: how deep it is, and what stands at a path. */
import { COMPOSITE, type PropertyValue } from '@tidemark/core';

export type JsonObject = Readonly<Record<string, unknown>>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The most objects and arrays that are open at one place of a valid JSON text. */
export function nestingOf(text: string): number {
  let open = 0;
  let deepest = 0;
  let inString = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (inString) {
      if (character === '\\') at += 1;
      else if (character === '"') inString = false;
    } else if (character === '"') {
      inString = true;
    } else if (character === '{' || character === '[') {
      open += 1;
      if (open > deepest) deepest = open;
    } else if (character === '}' || character === ']') {
      open -= 1;
    }
  }
  return deepest;
}

/** An own member of an object, so that `constructor` and `__proto__` are names like any other; else undefined. */
export function memberOf(value: unknown, name: string): unknown {
  return isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

/** What `where` and slices see of a parsed value. */
export function propertyValueOf(value: unknown): PropertyValue {
  if (typeof value === 'string') return value.toWellFormed();
  if (value === undefined || value === null || typeof value === 'number' || typeof value === 'boolean') return value;
  return COMPOSITE;
}
