/** Compares two JSON values leaf by leaf, and counts. */

export interface Difference {
  readonly path: string;
  readonly served: unknown;
  readonly expected: unknown;
}

export interface Comparison {
  /** Numbers, and texts that hold numbers, among the expected leaves. */
  readonly cells: number;
  readonly differences: readonly Difference[];
}

export function compareJson(served: unknown, expected: unknown): Comparison {
  const differences: Difference[] = [];
  let cells = 0;
  const visit = (path: string, left: unknown, right: unknown): void => {
    const keys = keysOf(left, right);
    if (keys === null) {
      if (typeof right === 'number' || (typeof right === 'string' && /^-?[\d.]+$/.test(right))) cells++;
      if (!Object.is(left, right)) differences.push({ path, served: left, expected: right });
      return;
    }
    for (const key of keys) visit(`${path}.${key}`, fieldOf(left, key), fieldOf(right, key));
  };
  visit('', served, expected);
  return { cells, differences };
}

/** The keys of both; null unless both are objects or both arrays. */
function keysOf(left: unknown, right: unknown): readonly string[] | null {
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return null;
  if (Array.isArray(left) !== Array.isArray(right)) return null;
  return [...new Set([...Object.keys(left), ...Object.keys(right)])];
}

function fieldOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}
