/** Reads definition files, and prints their mistakes as compilers do. */
import { readFile } from 'node:fs/promises';
import type { MetricSet } from '@tidemark/core';
import { type ParsedMetricSet, type Problem, parseMetricSet } from '@tidemark/definitions';
import { exitCodes, exitError } from '@tidemark/runtime';

/** Never rejects: a file that cannot be read is one mistake at its first place. */
export async function parseDefinitionFile(file: string): Promise<ParsedMetricSet> {
  try {
    return parseMetricSet(await readFile(file, 'utf8'), { file });
  } catch (error) {
    const isAbsent = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    const message = isAbsent ? 'there is no such file' : `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    return { ok: false, problems: [{ file, line: 1, column: 1, path: '', message }] };
  }
}

/** `file:line:col  message`, which editors and terminals turn into a link. */
export function problemLine({ file, line, column, message }: Problem): string {
  return `${file}:${line}:${column}  ${message}`;
}

/** All sets, or one exit error (3) with every mistake of every file. */
export async function readMetricSets(files: readonly string[]): Promise<MetricSet[]> {
  const sets: MetricSet[] = [];
  const lines: string[] = [];
  const fileOfMetric = new Map<string, string>();
  for (const file of files) {
    const parsed = await parseDefinitionFile(file);
    if (!parsed.ok) {
      lines.push(...parsed.problems.map(problemLine));
      continue;
    }
    const twin = sets.findIndex(({ name }) => name === parsed.set.name);
    if (twin >= 0) lines.push(`${file}:1:1  the set ${parsed.set.name} has the name of another file's set: give one of them another name`);
    sets.push(parsed.set);
    for (const { id } of parsed.set.metrics) {
      const other = fileOfMetric.get(id);
      if (other !== undefined) lines.push(`${file}:1:1  metric ${id} stands in ${other} as well: give one of them another id`);
      fileOfMetric.set(id, file);
    }
  }
  if (lines.length > 0) throw exitError(exitCodes.config, lines.join('\n'));
  return sets;
}
