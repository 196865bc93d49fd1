/** What a newcomer can do next, once everything runs. */
import type { MetricSet } from '@tidemark/core';
import { roomOfKind } from '../eval/api-path.ts';

/** A few lines: the dashboard, one question per kind, the logs. */
export function hints(httpUrl: string, { sets, logsFolder }: { sets: readonly MetricSet[]; logsFolder: string }): string[] {
  const metrics = sets.flatMap((set) => set.metrics);
  const kinds = [...new Set(metrics.map(({ kind }) => kind))];
  const asked = kinds.flatMap((kind) => metrics.find((metric) => metric.kind === kind) ?? []);
  return [
    `  open  ${httpUrl}/`,
    `  curl -s ${httpUrl}/v1/metrics`,
    ...asked.map(({ kind, id }) => `  curl -s ${httpUrl}/v1/${roomOfKind(kind)}/${id}`),
    `  logs  ${logsFolder}`,
    '  Ctrl-C stops everything',
  ];
}
