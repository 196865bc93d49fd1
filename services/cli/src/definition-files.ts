/** Reads the definition files that a command names. */
import { readFileSync } from 'node:fs';
import type { MetricSet } from '@tidemark/core';
import { type ParsedMetricSets, parseMetricSets, problemLine } from '@tidemark/definitions';
import { exitCodes, exitError } from '@tidemark/runtime';

/** Never throws: a file that cannot be read is one mistake at its first place. */
export function parseDefinitionFiles(files: readonly string[]): ParsedMetricSets {
  return parseMetricSets(files, (file) => readFileSync(file, 'utf8'));
}

/** All sets, or one exit error (3) with every mistake of every file as `file:line:column  message`. */
export function readMetricSets(files: readonly string[]): readonly MetricSet[] {
  const parsed = parseDefinitionFiles(files);
  if (!parsed.ok) throw exitError(exitCodes.config, parsed.problems.map(problemLine).join('\n'));
  return parsed.sets;
}
