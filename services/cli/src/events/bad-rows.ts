/** Counts the rows that make no event, and remembers the first ones to report them. */
import { formatCount, printable } from '@tidemark/runtime';
import type { BadRow } from './rows.ts';

const SHOWN_ROWS = 10;

export interface BadRows {
  readonly count: number;
  add(row: BadRow): void;
  /** One line each for the first ten, and one for the rest; empty when all rows were good. */
  lines(): string[];
}

export function createBadRows(): BadRows {
  const first: BadRow[] = [];
  let count = 0;
  return {
    get count() {
      return count;
    },
    add: (row) => {
      count++;
      if (first.length < SHOWN_ROWS) first.push(row);
    },
    lines: () => {
      const lines = first.map(({ file, line, reason }) => `${file}:${line}  ${printable(reason, 300)}`);
      return count > SHOWN_ROWS ? [...lines, `… and ${formatCount(count - SHOWN_ROWS)} more rows that make no event`] : lines;
    },
  };
}
