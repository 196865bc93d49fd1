/** `eval`: the service's answers from files of events, by the same core in one process, without engines. */
import { DEFAULT_SETTINGS, type MetricDefinition } from '@tidemark/core';
import { answerFromRows, QueryRefused } from '@tidemark/pipeline';
import { type ExitCode, exitCodes, exitError } from '@tidemark/runtime';
import { readMetricSets } from '../definition-files.ts';
import { createBadRows } from '../events/bad-rows.ts';
import { type EventFileFormat, readEventFile } from '../events/event-file.ts';
import type { EventMap } from '../events/event-map.ts';
import type { FileEvent } from '../events/rows.ts';
import type { Output } from '../terminal-output.ts';
import { parseApiPath, roomOfKind } from './api-path.ts';
import { type FoldedSet, foldEvents, inFoldOrder } from './fold-events.ts';

export interface EvalOptions {
  readonly metrics: readonly string[];
  readonly events: readonly string[];
  readonly map: EventMap;
  readonly format?: EventFileFormat | undefined;
  /** Epoch ms; events after it do not exist. Default: the last event. */
  readonly asOfMs?: number | undefined;
  readonly latenessMs: number;
  readonly skipBad: boolean;
  readonly paths: Iterable<string> | AsyncIterable<string>;
}

/** Prints one JSON body per path, in the order of the paths; a path that the service would refuse is a message and exit code 2. */
export async function evaluate(options: EvalOptions, output: Output): Promise<ExitCode> {
  const sets = readMetricSets(options.metrics);
  const badRows = createBadRows();
  const events: FileEvent[] = [];
  const { asOfMs = Number.POSITIVE_INFINITY } = options;
  for (const path of options.events) {
    for await (const batch of readEventFile({ path, map: options.map, format: options.format, onBadRow: badRows.add }))
      for (const event of batch) if (event.timeMs <= asOfMs) events.push(event);
  }
  for (const line of badRows.lines()) output.message(line);
  if (badRows.count > 0 && !options.skipBad)
    throw exitError(exitCodes.failed, `${badRows.count} rows make no event: mend them, or leave them out with --skip-bad`);
  events.sort(inFoldOrder);
  const watermarkMs = options.asOfMs ?? events.at(-1)?.timeMs ?? null;
  const settings = { ...DEFAULT_SETTINGS, latenessMs: options.latenessMs };
  const folded = foldEvents({ sets, settings, events, watermarkMs });
  let code: ExitCode = exitCodes.ok;
  for await (const path of options.paths) {
    try {
      output.data(JSON.stringify(answer(path, folded, { latenessMs: options.latenessMs, nowMs: watermarkMs ?? 0 })));
    } catch (error) {
      if (!(error instanceof QueryRefused)) throw error;
      output.message(`${path}: ${error.message}`);
      code = exitCodes.usage;
    }
  }
  return code;
}

function answer(path: string, folded: readonly FoldedSet[], facts: { latenessMs: number; nowMs: number }): object {
  const { kind, metricId, query } = parseApiPath(path);
  for (const { set, lineage, partition } of folded) {
    const metric = set.metrics.find(({ id }) => id === metricId);
    if (metric === undefined) continue;
    if (metric.kind !== kind) throw wrongRoom(metric);
    const { body } = answerFromRows({ served: { metric, set, lineage }, query, partitions: [partition], ...facts, source: 'redis' });
    return { ...body, asOf: { ...body.asOf, source: 'eval' } };
  }
  const known = folded.flatMap(({ set }) => set.metrics.map(({ id }) => id));
  throw new QueryRefused('unknown_metric', null, `no metric is called ${JSON.stringify(metricId)}; known are ${known.join(', ')}`);
}

function wrongRoom({ id, kind }: MetricDefinition): QueryRefused {
  return new QueryRefused('unknown_metric', null, `${id} is of kind ${kind}: it answers at /v1/${roomOfKind(kind)}/${id}`);
}
