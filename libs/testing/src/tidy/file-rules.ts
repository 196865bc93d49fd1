// The rules about one file at a time: size, names, first line, no default exports, nothing impure in the pure rooms, kinds of tests.
import { importsOf } from './imports.ts';
import { mask } from './mask.ts';
import { pureRooms, roomOf } from './rooms.ts';
import { isCode, isTestCode, lineAt, type Rule, type SourceFile, type Violation } from './source.ts';

const longestFileLines = 400;
const longestReadmeLines = 150;
const bannedWords = ['util', 'utils', 'helper', 'helpers', 'shared', 'common', 'manager', 'managers'];
const testKinds = ['property', 'sim', 'int', 'ui'];

const impure: readonly (readonly [RegExp, string])[] = [
  [/\bDate\.now\b/g, 'Date.now reads the clock'],
  [/\bnew Date\(/g, 'new Date( reads the clock or the zone of the host'],
  [/\bTemporal\.Now\b/g, 'Temporal.Now reads the clock'],
  [/\bperformance\.(now|timeOrigin)\b/g, 'performance reads the clock'],
  [/\bMath\.random\b/g, 'Math.random is not a function of the log'],
  [/\b(randomUUID|getRandomValues|randomBytes|randomInt)\b/g, 'randomness is handed in'],
  [/\b(setTimeout|setInterval|setImmediate)\b/g, 'timers belong to the edge'],
  [/\bprocess\s*(\?\.|\.)\s*(env|hrtime|argv|cwd|nextTick)\b/g, 'the environment enters at the edge'],
];

/** Shipped code of core, definitions, codec and pipeline reads no clock, no randomness, no environment and sets no timer. */
export const purity: Rule = perFile((file) => {
  if (!pureRooms.includes(roomOf(file.path) ?? '') || isTestCode(file.path)) return [];
  const code = mask(file.text);
  return impure.flatMap(([pattern, message]) =>
    [...code.matchAll(pattern)].map((match) => violation('purity', file, lineAt(code, match.index), message)),
  );
});

/** No code file is longer than 400 lines. */
export const fileSize: Rule = perFile((file) => {
  const lines = lineCount(file.text);
  return lines > longestFileLines ? [violation('file-size', file, longestFileLines + 1, `${lines} lines; at most ${longestFileLines}`)] : [];
});

/** The README of the project is read in one go: at most 150 lines. */
export const readmeSize: Rule = (tree) =>
  tree
    .filter((file) => file.path === 'README.md' && lineCount(file.text) > longestReadmeLines)
    .map((file) => violation('readme-size', file, longestReadmeLines + 1, `${lineCount(file.text)} lines; at most ${longestReadmeLines}`));

/** The first line, after a `#!` where there is one, is a sentence that says what the file is for. */
export const firstLine: Rule = perFile((file) => {
  const [first = '', second = ''] = file.text.split('\n');
  const line = first.startsWith('#!') ? second : first;
  return /^(\/\/|\/\*\*?) *\S.*\w/.test(line) ? [] : [violation('first-line', file, 1, 'starts with no sentence that says what the file is for')];
});

/** Nothing is exported by default, except where a tool's configuration file asks for it. */
export const defaultExports: Rule = perFile((file) => {
  if (/\.config\.[cm]?[jt]s$/.test(file.path)) return [];
  const code = mask(file.text);
  return [...code.matchAll(/\bexport\s+default\b|\bexport\s*\{[^}]*\bas\s+default\b/g)].map((match) =>
    violation('default-exports', file, lineAt(code, match.index), 'exports by default'),
  );
});

/** No file or folder is called by a word that says nothing about what is in it. */
export const emptyNames: Rule = perFile((file) => {
  const words = file.path.split('/').flatMap((part) => part.split(/[-._]/));
  return bannedWords.filter((word) => words.includes(word)).map((word) => violation('empty-names', file, 1, `"${word}" in a name says nothing`));
});

/** A test tells its kind by its suffix, so that it runs in the right project. */
export const testSuffix: Rule = perFile((file) => {
  const name = file.path.slice(file.path.lastIndexOf('/') + 1);
  const kind = /^[^.]+(?:\.([^.]+))?\.test\.ts$/.exec(name);
  if (kind !== null)
    return kind[1] === undefined || testKinds.includes(kind[1])
      ? []
      : [violation('test-suffix', file, 1, `no test project takes .${kind[1]}.test.ts`)];
  if (/\.(spec|test)\./.test(name))
    return [violation('test-suffix', file, 1, `tests end in .test.ts or one of ${testKinds.map((known) => `.${known}.test.ts`).join(', ')}`)];
  const runsTests = isTestCode(file.path) && !name.endsWith('.bench.ts') && importsOf(file).some(({ specifier }) => specifier === 'vitest');
  const declares = runsTests && /^(describe|it|test)(\.\w+)*\(/m.test(mask(file.text));
  return declares ? [violation('test-suffix', file, 1, 'declares tests but its name does not end in .test.ts, so nothing runs it')] : [];
});

function violation(rule: string, { path }: SourceFile, line: number, message: string): Violation {
  return { rule, path, line, message };
}

function lineCount(text: string): number {
  return text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
}

function perFile(check: (file: SourceFile) => readonly Violation[]): Rule {
  return (tree) => tree.filter((file) => isCode(file.path)).flatMap(check);
}
