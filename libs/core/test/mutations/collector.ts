/** Stands in for vitest in mutated copies: their test files say what their tests are, and somebody else runs them. */
import { beforeEach, expect } from 'vitest';

export interface CollectedTest {
  /** As it is written: of `each` the title with its places. */
  readonly title: string;
  run(): unknown;
}

const collected: CollectedTest[] = [];

type Body = (...row: unknown[]) => unknown;
/** Title, then the body, with options before it or not. */
type Declared = [title: string, ...rest: unknown[]];

function bodyOf(rest: readonly unknown[]): Body {
  const body = rest.find((each): each is Body => typeof each === 'function');
  if (body === undefined) throw new Error('a test without a body');
  return body;
}

function declare(...[title, ...rest]: Declared): void {
  const body = bodyOf(rest);
  collected.push({ title, run: () => body() });
}

/** One test for each row; a row that is no list is the one argument. */
function each(rows: readonly unknown[]) {
  return (...[title, ...rest]: Declared): void => {
    const body = bodyOf(rest);
    for (const row of rows) collected.push({ title, run: () => (Array.isArray(row) ? body(...row) : body(row)) });
  };
}

const test = Object.assign(declare, { each });

/** What goes wrong between the tests is a test that fails. */
function describe(...[title, ...rest]: Declared): void {
  try {
    bodyOf(rest)();
  } catch (error) {
    collected.push({ title, run: () => Promise.reject(error) });
  }
}

/** `collected`: the tests of the files imported so far, in order. The others are what a test file takes of vitest. */
export const collector = { collected, beforeEach, describe, expect, it: test, test };
