/** Reads the metric sets that the configuration names. */
import { readFile } from 'node:fs/promises';
import type { MetricSet } from '@tidemark/core';
import { parseMetricSet } from '@tidemark/definitions';
import { exitCodes, exitError } from '@tidemark/runtime';

/** Throws one error with exit code 3 that lists every mistake of every file as `file:line:column message`. */
export async function readSets(list: string): Promise<MetricSet[]> {
  const files = list.split(',').map((file) => file.trim()).filter((file) => file !== '');
  const sets: MetricSet[] = [];
  const problems: string[] = [];
  for (const file of files) {
    const text = await readFile(file, 'utf8').catch((error: unknown) => {
      problems.push(`${file}: ${error instanceof Error ? error.message : String(error)}`);
      return null;
    });
    if (text === null) continue;
    const parsed = parseMetricSet(text, { file });
    if (parsed.ok) sets.push(parsed.set);
    else problems.push(...parsed.problems.map((problem) => `${problem.file}:${problem.line}:${problem.column} ${problem.message}`));
  }
  if (files.length === 0) problems.push('TIDEMARK_METRICS names no definition file');
  if (problems.length > 0) throw exitError(exitCodes.config, problems.join('\n'));
  return sets;
}
