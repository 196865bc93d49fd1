// Dashboards, alerts, runbook and the table of metrics speak of the same metrics, and each alert leads to what to do about it.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { type ExportedMetric, exportedMetrics, metricsPage, seriesNames } from '../../house/exported-metrics.ts';

// The services' registries and promtool are programs of their own.
vi.setConfig({ testTimeout: 30_000 });

const root = join(import.meta.dirname, '../../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly runbook_url: string };
}
interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly datasource?: { readonly uid: string };
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly datasource: { readonly uid: string } }[];
}
interface Dashboard {
  readonly uid: string;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly type: string; readonly query: string }[] };
  readonly annotations: { readonly list: readonly { readonly expr: string }[] };
}

const groups: readonly { readonly name: string; readonly rules: readonly Rule[] }[] = parse(read('deploy/prometheus/rules.yaml')).groups;
const rules = groups.flatMap((group) => group.rules);
const dashboardFiles = readdirSync(join(root, 'deploy/grafana/dashboards')).filter((name) => name.endsWith('.json'));
const dashboards: readonly Dashboard[] = dashboardFiles.map((name) => JSON.parse(read(`deploy/grafana/dashboards/${name}`)));
const panels = dashboards.flatMap((dashboard) => dashboard.panels);
const panelQueries = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
const queries = [
  ...rules.map(({ expr }) => expr),
  ...panelQueries,
  ...dashboards.flatMap(({ annotations }) => annotations.list.map(({ expr }) => expr)),
];

/** What Prometheus itself makes of a scrape. */
const madeByPrometheus = ['up'];
const words = /\b(?:(?:tidemark|process|nodejs)_[a-z0-9_]+|up)\b(?=\s*(?:\{|\[|\)|$|[=<>]))/g;

let metrics: readonly ExportedMetric[] = [];
beforeAll(() => {
  metrics = exportedMetrics();
}, 30_000);

/** The same anchors as the forges make of headings. */
function anchorsOf(page: string): Set<string> {
  const headings = [...page.matchAll(/^#{1,6} +(.+)$/gm)].map(([, title = '']) => title.toLowerCase());
  return new Set(headings.map((title) => title.replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-')));
}

describe('every metric', () => {
  test('that a dashboard or an alert asks for is exported by a service', () => {
    const exported = new Set([...madeByPrometheus, ...metrics.flatMap(seriesNames)]);
    const asked = new Set(queries.flatMap((query) => query.match(words) ?? []));
    expect(asked.size).toBeGreaterThan(30);
    expect([...asked].filter((name) => !exported.has(name))).toEqual([]);
    for (const query of queries) expect(query.match(words)?.length ?? 0, query).toBeGreaterThan(0);
  });

  test('of ours is shown on a dashboard or alarmed about', () => {
    const ours = metrics.filter(({ name }) => name.startsWith('tidemark_'));
    expect(ours.length).toBeGreaterThan(25);
    expect(
      ours.filter((metric) => !queries.some((query) => seriesNames(metric).some((name) => query.includes(name)))).map(({ name }) => name),
    ).toEqual([]);
  });

  test('stands in the table, which is what `npm run metrics` writes', () => {
    expect(read('deploy/metrics.md')).toBe(metricsPage(metrics));
  });

  test('that a service registers in its sources is among those that it prints', () => {
    const sources = ['worker', 'archiver', 'query'].flatMap((service) =>
      readdirSync(join(root, 'services', service, 'src'), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts'))
        .map((name) => read(join('services', service, 'src', name))),
    );
    const registered = sources.flatMap((text) =>
      [...text.matchAll(/\.(?:counter|gauge|histogram)\(\{\s*name: '([a-z0-9_]+)'/g)].map(([, name]) => `tidemark_${name}`),
    );
    expect(registered.length).toBeGreaterThan(25);
    expect(registered.filter((name) => !metrics.some((metric) => metric.name === name))).toEqual([]);
  });

  test('that the runbook names is exported', () => {
    const exported = new Set(metrics.flatMap((metric) => [metric.name, ...seriesNames(metric)]));
    const named = [...read('deploy/runbook.md').matchAll(/\btidemark_[a-z_]+/g)].map(([name]) => name);
    expect(named.filter((name) => !exported.has(name))).toEqual([]);
  });
});

describe('every alert', () => {
  test('has a name of its own, a severity, and a heading in the runbook', () => {
    const anchors = anchorsOf(read('deploy/runbook.md'));
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
    for (const { alert, labels, annotations } of rules) {
      expect(alert).toMatch(/^Tidemark[A-Z][A-Za-z]+$/);
      expect(['critical', 'warning', 'info']).toContain(labels.severity);
      expect(annotations.summary.length).toBeGreaterThan(10);
      expect(annotations.runbook_url).toBe(`deploy/runbook.md#${alert.toLowerCase()}`);
      expect(anchors, alert).toContain(alert.toLowerCase());
    }
  });

  test('is shown firing in the rules test', () => {
    const shown: { tests: { alert_rule_test: { alertname: string; exp_alerts: unknown[] }[] }[] } = parse(read('deploy/prometheus/rules-test.yaml'));
    const fired = shown.tests.flatMap((each) =>
      each.alert_rule_test.filter(({ exp_alerts }) => exp_alerts.length > 0).map(({ alertname }) => alertname),
    );
    expect([...new Set(fired)].sort()).toEqual(rules.map(({ alert }) => alert).sort());
  });
});

describe('the dashboards', () => {
  test('have fixed and unique uids, and panels with ids of their own that do not overlap', () => {
    expect(dashboards.map(({ uid }) => uid)).toEqual(['tidemark-overview']);
    for (const dashboard of dashboards) {
      expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
      const taken = new Set<string>();
      for (const { title, gridPos } of dashboard.panels) {
        expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
        for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
          for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
            expect(taken.has(`${x},${y}`), title).toBe(false);
            taken.add(`${x},${y}`);
          }
        }
      }
    }
  });

  test('take their source from a variable, so that they fit any Grafana', () => {
    for (const { templating } of dashboards) {
      expect(templating.list).toContainEqual(expect.objectContaining({ name: 'datasource', type: 'datasource', query: 'prometheus' }));
    }
    for (const { type, title, datasource, targets = [] } of panels) {
      if (type === 'row') continue;
      expect([datasource?.uid, ...targets.map((target) => target.datasource.uid)], title).toEqual([1, ...targets].map(() => '${datasource}'));
    }
  });

  test('are provisioned from the folders that compose mounts', () => {
    const { providers } = parse(read('deploy/grafana/provisioning/dashboards/tidemark.yaml'));
    const { datasources } = parse(read('deploy/grafana/provisioning/datasources/prometheus.yaml'));
    const mounts: string[] = parse(read('docker-compose.yml'), { merge: true }).services.grafana.volumes;
    expect(mounts).toContain(`./deploy/grafana/dashboards:${providers[0].options.path}:ro`);
    expect(datasources[0]).toMatchObject({ uid: 'tidemark-prometheus', url: 'http://prometheus:9090', type: 'prometheus' });
  });
});

test('promtool accepts the rules, sees each fire as it should, and understands every query of the dashboards', ({ skip }) => {
  const promtool = process.env['PROMTOOL'] ?? 'promtool';
  if (spawnSync(promtool, ['--version']).status !== 0) return skip('no promtool on this machine (Debian package prometheus)');
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-rules-'));
  try {
    const recorded = panelQueries.map((expr, index) => ({ record: `panel:${index}`, expr: expr.replaceAll('$__rate_interval', '5m') }));
    writeFileSync(join(folder, 'panels.json'), JSON.stringify({ groups: [{ name: 'panels', rules: recorded }] }));
    const run = (...words: string[]): string => {
      const { status, stdout, stderr } = spawnSync(promtool, words, { encoding: 'utf8', cwd: root });
      return status === 0 ? 'accepted' : `${stdout}${stderr}`;
    };
    expect(run('check', 'rules', 'deploy/prometheus/rules.yaml', join(folder, 'panels.json'))).toBe('accepted');
    expect(run('test', 'rules', 'deploy/prometheus/rules-test.yaml')).toBe('accepted');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
