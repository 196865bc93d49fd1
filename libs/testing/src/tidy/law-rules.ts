// The rule about laws: every law that the table of libs/core/README.md names is kept by a test file that exists.
import type { Rule } from './source.ts';

const lawTable = 'libs/core/README.md';

/** Each table row that starts with a law's number names at least one test file of the tree, by path or by name. */
export const lawsWithoutTest: Rule = (tree) => {
  const table = tree.find((file) => file.path === lawTable);
  const lines = table?.text.split('\n') ?? [];
  return lines.flatMap((line, index) => {
    const law = /^\|\s*\**(L\d+)\b/.exec(line)?.[1];
    if (law === undefined) return [];
    const named = [...line.matchAll(/[\w./-]+\.test\.ts/g)].map(([name]) => name.replace(/^(\.\.?\/)+/, ''));
    const missing = named.filter((name) => !tree.some((file) => file.path === name || file.path.endsWith(`/${name}`)));
    const at = { rule: 'laws', path: lawTable, line: index + 1 };
    if (named.length === 0) return [{ ...at, message: `${law} names no test file` }];
    return missing.map((name) => ({ ...at, message: `${law} names ${name}, which does not exist` }));
  });
};
