/** `check`: every mistake of definition files, or each metric in a sentence with its bounds. */

import type { MetricSet } from '@tidemark/core';
import { describeMetric, estimateBound, fieldsOf, type Problem, problemLine } from '@tidemark/definitions';
import { type ExitCode, exitCodes, formatCount } from '@tidemark/runtime';
import { parseDefinitionFiles } from './definition-files.ts';
import type { Output } from './terminal-output.ts';

export interface CheckOptions {
  readonly files: readonly string[];
  readonly json: boolean;
}

/** The mistakes are the data of this command. Each file is looked at for itself: they need not be meant for one deployment. */
export function check({ files, json }: CheckOptions, output: Output): ExitCode {
  const reports = files.map((file) => checkFile(file));
  const mistakes = reports.reduce((count, { problems }) => count + problems.length, 0);
  if (json) {
    const described = reports.map(({ file, problems, sets }) => ({
      file,
      ok: problems.length === 0,
      problems,
      ...(sets[0] === undefined ? {} : { set: describeSet(sets[0]) }),
    }));
    output.data(JSON.stringify({ ok: mistakes === 0, files: described }));
  } else {
    for (const { file, problems, sets } of reports) {
      for (const problem of problems) output.data(problemLine(problem));
      for (const set of sets) printSet(file, set, output);
    }
  }
  if (mistakes === 0) return exitCodes.ok;
  output.message(output.style.red(`${mistakes} mistake${mistakes === 1 ? '' : 's'}`));
  return exitCodes.checkFailed;
}

function checkFile(file: string): { readonly file: string; readonly problems: readonly Problem[]; readonly sets: readonly MetricSet[] } {
  const parsed = parseDefinitionFiles([file]);
  return parsed.ok ? { file, problems: [], sets: parsed.sets } : { file, problems: parsed.problems, sets: [] };
}

function describeSet(set: MetricSet): object {
  const metrics = set.metrics.map((metric) => ({
    id: metric.id,
    kind: metric.kind,
    revision: metric.revision,
    sentence: describeMetric(metric, set.dimensions),
    ...estimateBound(metric, set.dimensions),
    fields: fieldsOf(metric),
  }));
  return { name: set.name, revision: set.revision, timezone: set.timezone, metrics };
}

function printSet(file: string, set: MetricSet, { data, dataStyle }: Output): void {
  data(`${dataStyle.bold(file)}  set ${set.name}, ${set.metrics.length} metrics, revision ${set.revision}`);
  for (const metric of set.metrics) {
    const { cellsPerBucket, bytesPerActor } = estimateBound(metric, set.dimensions);
    data(`  ${dataStyle.bold(metric.id)}  ${describeMetric(metric, set.dimensions)}`);
    data(dataStyle.dim(`    at most ${formatCount(cellsPerBucket)} cells a bucket and partition, ${formatCount(bytesPerActor)} bytes an actor`));
  }
}
