/** Parses the definition files that one deployment works from, and looks at what only files together can get wrong. */
import type { MetricSet } from '@tidemark/core';
import { type ParsedMetricSet, parseMetricSet } from './parse.ts';
import type { Problem } from './problem.ts';

export type ParsedMetricSets =
  | { readonly ok: true; readonly sets: readonly MetricSet[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** `readText` throws when a file cannot be read; that is one mistake at the file's first place. All mistakes of all files, in the order of files. */
export function parseMetricSets(files: readonly string[], readText: (file: string) => string): ParsedMetricSets {
  const parsed = files.map((file) => ({ file, outcome: parseFile(file, readText) }));
  const problems: Problem[] = [];
  const sets: MetricSet[] = [];
  const fileByName = new Map<string, string>();
  for (const { file, outcome } of parsed) {
    if (!outcome.ok) {
      problems.push(...outcome.problems);
      continue;
    }
    const { set } = outcome;
    sets.push(set);
    for (const [kind, name] of [['set', set.name] as const, ...set.metrics.map(({ id }) => ['metric', id] as const)]) {
      const other = fileByName.get(`${kind} ${name}`);
      if (other !== undefined)
        problems.push({ file, line: 1, column: 1, path: '', message: `${kind} ${name} stands in ${other} as well: give one of them another name` });
      fileByName.set(`${kind} ${name}`, file);
    }
  }
  if (files.length === 0) problems.push({ file: '', line: 1, column: 1, path: '', message: 'no definition file is named' });
  return problems.length === 0 ? { ok: true, sets } : { ok: false, problems };
}

/** `file:line:column  message`, which editors and terminals turn into a link. */
export function problemLine({ file, line, column, message }: Problem): string {
  return `${file}:${line}:${column}  ${message}`;
}

function parseFile(file: string, readText: (file: string) => string): ParsedMetricSet {
  try {
    return parseMetricSet(readText(file), { file });
  } catch (error) {
    const isAbsent = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    const message = isAbsent ? 'there is no such file' : `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    return { ok: false, problems: [{ file, line: 1, column: 1, path: '', message }] };
  }
}
