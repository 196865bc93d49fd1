/** Reads the metric sets that the configuration names. */
import { readFileSync } from 'node:fs';
import type { MetricSet } from '@tidemark/core';
import { parseMetricSets, problemLine } from '@tidemark/definitions';
import { exitCodes, exitError } from '@tidemark/runtime';

/** `list`: file names, comma-separated. Throws one error with exit code 3 that lists every mistake of every file. */
export function readSets(list: string): readonly MetricSet[] {
  const files = list.split(',').flatMap((file) => (file.trim() === '' ? [] : [file.trim()]));
  const parsed = parseMetricSets(files, (file) => readFileSync(file, 'utf8'));
  if (!parsed.ok) throw exitError(exitCodes.config, parsed.problems.map(problemLine).join('\n'));
  return parsed.sets;
}
