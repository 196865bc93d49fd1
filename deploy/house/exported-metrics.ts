// Every metric that the services export, as their own registries tell it, and the table of them: `npm run metrics` writes deploy/metrics.md, a test compares.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MetricDescription } from '@tidemark/runtime';

export interface ExportedMetric extends MetricDescription {
  readonly services: readonly string[];
}

const root = join(import.meta.dirname, '../..');
const services = ['worker', 'archiver', 'query'];

/** By name; runs each service's `print-metrics.ts`, which registers what the service registers and starts nothing. */
export function exportedMetrics(): readonly ExportedMetric[] {
  const byName = new Map<string, ExportedMetric>();
  for (const service of services) {
    const program = join(root, 'services', service, 'src/print-metrics.ts');
    const { status, stdout, stderr } = spawnSync(process.execPath, [program], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`${program} ended with ${status}: ${stderr}`);
    const described: MetricDescription[] = JSON.parse(stdout);
    for (const metric of described) byName.set(metric.name, { ...metric, services: [...(byName.get(metric.name)?.services ?? []), service] });
  }
  return [...byName.values()].sort((left, right) => (left.name < right.name ? -1 : 1));
}

/** The names under which a metric's series are found in queries. */
export function seriesNames({ name, type }: MetricDescription): readonly string[] {
  return type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name];
}

/** deploy/metrics.md: first what is the project's own, then what every process says of itself. */
export function metricsPage(metrics: readonly ExportedMetric[]): string {
  const ours = metrics.filter(({ name }) => name.startsWith('tidemark_'));
  const others = metrics.filter(({ name }) => !name.startsWith('tidemark_'));
  return `# Metrics

Written by \`npm run metrics\` from the services' own registries; a test fails when it is behind. Names follow Prometheus: base units spelled out at the end
(\`_seconds\`, \`_bytes\`, \`_records\`), \`_total\` for counters alone, \`_timestamp_seconds\` for times since 1970. A histogram is found as \`NAME_bucket\`, \`NAME_sum\` and
\`NAME_count\`. Every process answers \`GET /metrics\` on its HTTP port. The dashboard is \`grafana/dashboards/tidemark.json\`, the alerts are \`prometheus/rules.yaml\`,
what to do about them is in \`runbook.md\`.

## Of Tidemark

${table(ours)}

## Of every process

${table(others)}
`;
}

function table(metrics: readonly ExportedMetric[]): string {
  const cells = metrics.map(({ name, type, labels, services: by, help }) => [
    `\`${name}\``,
    type,
    labels.map((label) => `\`${label}\``).join(', '),
    by.length === services.length ? 'all' : by.join(', '),
    help,
  ]);
  const lines = [['Metric', 'Type', 'Labels', 'Of', 'Meaning'], ...cells];
  // Columns of one width, as the formatter wants them.
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const [head = [], ...body] = lines;
  const rows = [head, widths.map((width) => '-'.repeat(width)), ...body];
  return rows.map((row) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`).join('\n');
}

if (import.meta.main) writeFileSync(join(root, 'deploy/metrics.md'), metricsPage(exportedMetrics()));
