// The tree keeps the house rules, and the tools that keep the others are set as the rules say.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readTree } from '../src/tidy/read-tree.ts';
import { describeViolation, tidy } from '../src/tidy/tidy.ts';

const root = join(import.meta.dirname, '../../..');

test('the tree keeps every rule that can be told from its text', () => {
  const tree = readTree(root);
  expect(tree.length).toBeGreaterThan(20);
  expect(tidy(tree).map(describeViolation)).toEqual([]);
});

test('Biome keeps functions within 70 lines, promises handled, imports free of cycles and files free of default exports', () => {
  const { linter } = JSON.parse(readFileSync(join(root, 'biome.json'), 'utf8'));
  expect(linter.rules.complexity.noExcessiveLinesPerFunction).toMatchObject({ level: 'error', options: { maxLines: 70 } });
  expect(linter.rules.nursery.noFloatingPromises).toBe('error');
  expect(linter.rules.suspicious.noImportCycles).toMatchObject({ level: 'error', options: { ignoreTypes: false } });
  expect(linter.rules.style.noDefaultExport).toBe('error');
});
