// The house rules that a test keeps, as one list: everything that can be told from the text of the tree.
import { defaultExports, emptyNames, fileSize, firstLine, purity, readmeSize, testSuffix } from './file-rules.ts';
import { cycles, drivers, importOrder, publicEntry, pureImports } from './import-rules.ts';
import { lawsWithoutTest } from './law-rules.ts';
import type { Rule, SourceFile, Violation } from './source.ts';

/** Every rule of the house that tidy keeps; function length, floating promises and dead exports are kept by Biome and knip. */
const rules: readonly Rule[] = [
  importOrder,
  publicEntry,
  drivers,
  pureImports,
  cycles,
  purity,
  fileSize,
  readmeSize,
  firstLine,
  defaultExports,
  emptyNames,
  testSuffix,
  lawsWithoutTest,
];

/** All violations of a tree, in the order of paths and lines. */
export function tidy(tree: readonly SourceFile[]): readonly Violation[] {
  return rules.flatMap((rule) => rule(tree)).sort((a, b) => a.path.localeCompare(b.path, 'en') || a.line - b.line);
}

/** A violation as one line, in the form that editors turn into a link. */
export function describeViolation({ path, line, rule, message }: Violation): string {
  return `${path}:${line} ${rule}: ${message}`;
}
