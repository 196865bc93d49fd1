/** Reads the definition files, and names each set's lineage as the worker does. */
import { readFileSync } from 'node:fs';
import { DEFAULT_SETTINGS, lineageOf } from '@tidemark/core';
import { parseMetricSets, problemLine } from '@tidemark/definitions';
import type { ServedSet } from '@tidemark/pipeline';
import { exitCodes, exitError } from '@tidemark/runtime';

/** Throws with exit code 3 and every mistake of every file. The settings must equal the worker's: other settings are another lineage, with no rows. */
export function readMetricSets(files: readonly string[], settings: { latenessMs: number }): readonly ServedSet[] {
  const parsed = parseMetricSets(files, (file) => readFileSync(file, 'utf8'));
  if (!parsed.ok) throw exitError(exitCodes.config, `the definitions cannot be used:\n${parsed.problems.map(problemLine).join('\n')}`);
  return parsed.sets.map((set) => ({ set, lineage: lineageOf(set, { ...DEFAULT_SETTINGS, latenessMs: settings.latenessMs }) }));
}
