// The part of the car dealer's set that the peers compute, as a set of its own.
import { readFileSync, writeFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import { comparedMetrics } from './figures.ts';

/** Everything but the metrics stays as it is written; the board, which shows the others, goes. */
export function writeSameMetrics(setFile: string, file: string): void {
  const set: { name: string; metrics: { id: string }[]; board?: unknown } = parseDocument(readFileSync(setFile, 'utf8')).toJS();
  const { board: _board, ...rest } = set;
  const metrics = set.metrics.filter(({ id }) => comparedMetrics.some((each) => each === id));
  if (metrics.length !== comparedMetrics.length) throw new Error(`${setFile} lacks one of ${comparedMetrics.join(', ')}`);
  writeFileSync(file, JSON.stringify({ ...rest, name: 'same-metrics', metrics }, null, 2));
}
