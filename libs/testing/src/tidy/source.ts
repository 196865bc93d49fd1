// What tidy reads and what it says: source files as text, violations with their place.

/** One file of the tree; `path` is relative to the project's root, with forward slashes. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** One broken rule; `line` counts from 1. */
export interface Violation {
  readonly rule: string;
  readonly path: string;
  readonly line: number;
  readonly message: string;
}

/** A rule looks at the whole tree and returns what breaks it; it reads nothing else. */
export type Rule = (tree: readonly SourceFile[]) => readonly Violation[];

/** Whether the file is code that the rules of style apply to: TypeScript or plain JavaScript, not generated declarations. */
export function isCode(path: string): boolean {
  return /\.(ts|tsx|mts|mjs|js)$/.test(path) && !path.endsWith('.d.ts');
}

/** Whether the file is a test, support code of tests, a benchmark or a development script: code that never runs in production. */
export function isTestCode(path: string): boolean {
  return /(^|\/)(test|bench|scripts)\//.test(path) || /\.(test|bench)\.tsx?$/.test(path);
}

/** The line, from 1, of an offset in a text. */
export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) line += 1;
  return line;
}
