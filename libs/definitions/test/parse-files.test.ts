// Several files as one deployment: every mistake of every file, and names that two files share.
import { expect, test } from 'vitest';
import { parseMetricSets, problemLine } from '../src/index.ts';

const metric = (id: string): string => `metrics:\n  - { id: ${id}, kind: activity, event: "*" }\n`;
const texts: Record<string, string> = {
  'a.yaml': metric('one'),
  'b.yaml': metric('two'),
  'again.yaml': metric('one'),
  'wrong.yaml': 'metrics:\n  - { id: x, kind: nonsense }\n',
};

function readText(file: string): string {
  const text = texts[file];
  if (text === undefined) throw Object.assign(new Error('ENOENT'), { code: 'ENOENT' });
  return text;
}

test('files that go together give their sets in order', () => {
  const parsed = parseMetricSets(['a.yaml', 'b.yaml'], readText);
  expect(parsed.ok && parsed.sets.map((set) => set.name)).toEqual(['a', 'b']);
});

test('a metric id in two files, a mistake and a missing file are told together', () => {
  const parsed = parseMetricSets(['a.yaml', 'again.yaml', 'wrong.yaml', 'none.yaml'], readText);
  const lines = parsed.ok ? [] : parsed.problems.map(problemLine);
  expect(lines[0]).toBe('again.yaml:1:1  metric one stands in a.yaml as well: give one of them another name');
  expect(lines[1]).toMatch(/^wrong\.yaml:2:\d+ {2}/);
  expect(lines[2]).toBe('none.yaml:1:1  there is no such file');
});

test('no file at all is a mistake', () => {
  expect(parseMetricSets([], readText).ok).toBe(false);
});
