/** Short ways for tests to parse a definition that they know to be right, or to collect what is wrong with it. */
import type { MetricDefinition, MetricSet } from '@tidemark/core';
import { parseMetricSet } from '../src/index.ts';

export function accepted(text: string, file = 'sample.yaml'): MetricSet {
  const parsed = parseMetricSet(text, { file });
  if (parsed.ok) return parsed.set;
  throw new Error(parsed.problems.map(({ line, column, path, message }) => `${line}:${column} ${path}: ${message}`).join('\n'));
}

/** The only metric of `metrics: [ … ]`; `head` is put before it. */
export function acceptedMetric(written: string, head = ''): MetricDefinition {
  const [metric] = accepted(`${head}\nmetrics:\n  - ${written}\n`).metrics;
  if (metric === undefined) throw new Error('no metric');
  return metric;
}

/** `line:column path` of each problem. */
export function places(text: string): string[] {
  return problems(text).map(({ line, column, path }) => `${line}:${column} ${path}`);
}

export function messages(text: string): string[] {
  return problems(text).map(({ message }) => message);
}

export function problems(text: string) {
  const parsed = parseMetricSet(text, { file: 'sample.yaml' });
  return parsed.ok ? [] : parsed.problems;
}
