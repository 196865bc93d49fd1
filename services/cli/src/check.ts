/** `check`: every mistake of definition files, or each metric in a sentence with its bounds. */

import type { MetricSet } from '@tidemark/core';
import { describeMetric, estimateBound, fieldsOf } from '@tidemark/definitions';
import { type ExitCode, exitCodes, formatCount } from '@tidemark/runtime';
import { parseDefinitionFile, problemLine } from './definition-files.ts';
import type { Output } from './terminal-output.ts';

export interface CheckOptions {
  readonly files: readonly string[];
  readonly json: boolean;
}

/** The mistakes are the data of this command. */
export async function check({ files, json }: CheckOptions, output: Output): Promise<ExitCode> {
  const reports: object[] = [];
  let mistakes = 0;
  for (const file of files) {
    const parsed = await parseDefinitionFile(file);
    if (!parsed.ok) mistakes += parsed.problems.length;
    if (json) reports.push(parsed.ok ? { file, ok: true, set: describeSet(parsed.set) } : { file, ok: false, problems: parsed.problems });
    else if (parsed.ok) printSet(file, parsed.set, output);
    else for (const problem of parsed.problems) output.data(problemLine(problem));
  }
  if (json) output.data(JSON.stringify({ ok: mistakes === 0, files: reports }));
  if (mistakes === 0) return exitCodes.ok;
  output.message(output.style.red(`${mistakes} mistake${mistakes === 1 ? '' : 's'}`));
  return exitCodes.checkFailed;
}

function describeSet(set: MetricSet): object {
  const metrics = set.metrics.map((metric) => ({
    id: metric.id,
    kind: metric.kind,
    revision: metric.revision,
    sentence: describeMetric(metric),
    ...estimateBound(metric, set.dimensions),
    fields: fieldsOf(metric),
  }));
  return { name: set.name, revision: set.revision, timezone: set.timezone, metrics };
}

function printSet(file: string, set: MetricSet, { data, dataStyle }: Output): void {
  data(`${dataStyle.bold(file)}  set ${set.name}, ${set.metrics.length} metrics, revision ${set.revision}`);
  for (const metric of set.metrics) {
    const { cellsPerBucket, bytesPerActor } = estimateBound(metric, set.dimensions);
    data(`  ${dataStyle.bold(metric.id)}  ${describeMetric(metric)}`);
    data(dataStyle.dim(`    at most ${formatCount(cellsPerBucket)} cells a bucket and partition, ${formatCount(bytesPerActor)} bytes an actor`));
  }
}
