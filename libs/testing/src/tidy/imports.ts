// Reads the imports of a file from its text and resolves the relative ones inside the tree.
import { mask } from './mask.ts';
import { lineAt, type SourceFile } from './source.ts';

/** One import, export-from, dynamic import or require; type-only imports count like all others. */
export interface Import {
  readonly specifier: string;
  readonly line: number;
}

const importStarts = /\bfrom\s*(['"])|\bimport\s*(['"])|\b(?:import|require)\s*\(\s*(['"])/g;

/** All import specifiers of the file, in the order of their appearance. */
export function importsOf({ text }: SourceFile): readonly Import[] {
  const imports: Import[] = [];
  for (const match of mask(text).matchAll(importStarts)) {
    const quote = match[1] ?? match[2] ?? match[3] ?? "'";
    const start = match.index + match[0].length;
    const end = text.indexOf(quote, start);
    if (end !== -1) imports.push({ specifier: text.slice(start, end), line: lineAt(text, match.index) });
  }
  return imports;
}

/** The path, relative to the root, that a relative specifier of the file means; undefined for packages and for paths that leave the project. */
export function resolveRelative(from: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  const parts = from.split('/').slice(0, -1);
  for (const part of specifier.split('/')) {
    if (part === '..') {
      if (parts.pop() === undefined) return undefined;
    } else if (part !== '.' && part !== '') parts.push(part);
  }
  return parts.join('/');
}
