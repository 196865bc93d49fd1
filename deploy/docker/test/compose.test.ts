// docker-compose.yml means what the README says of it: pinned images, loopback ports, memory limits, health by real requests, and every file that it names exists.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '../../..');
const engines = ['kafka', 'clickhouse', 'redis'];
const longRunning = ['worker', 'archiver', 'query'];
/** Only with `--profile observability`. */
const observers = ['grafana', 'prometheus'];

interface Service {
  readonly image?: string;
  readonly profiles?: readonly string[];
  readonly build?: { readonly dockerfile: string };
  readonly command?: readonly string[];
  readonly mem_limit?: string;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly healthcheck?: { readonly test?: readonly string[]; readonly disable?: boolean };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
}

const compose: { readonly services: Readonly<Record<string, Service>>; readonly volumes: object } = parse(
  readFileSync(join(root, 'docker-compose.yml'), 'utf8'),
  { merge: true },
);
const services = Object.entries(compose.services);
const service = (name: string): Service => compose.services[name] ?? {};
const mebibytes = (limit = ''): number => Number.parseInt(limit, 10) * (limit.endsWith('g') ? 1024 : 1);

test('the stack is the three engines, the migrations and the three services', () => {
  const always = services.filter(([, { profiles }]) => profiles === undefined);
  expect(always.map(([name]) => name).sort()).toEqual([...engines, 'migrate', ...longRunning].sort());
});

test('who observes it comes only with the profile of that name, and has a health check', () => {
  const profiled = services.filter(([, { profiles }]) => profiles !== undefined);
  expect(profiled.map(([name, { profiles }]) => [name, profiles]).sort()).toEqual(observers.map((name) => [name, ['observability']]));
  for (const name of observers) expect(service(name).healthcheck?.test?.length, name).toBeGreaterThan(1);
  expect(service('grafana').environment).toMatchObject({ GF_AUTH_ANONYMOUS_ORG_ROLE: 'Viewer', GF_AUTH_DISABLE_LOGIN_FORM: 'true' });
});

test('Prometheus asks every long-running service under the name that the alerts look for', () => {
  const { scrape_configs: jobs } = parse(readFileSync(join(root, 'deploy/prometheus/prometheus.yaml'), 'utf8'));
  const asked = jobs.map((job: { job_name: string; dns_sd_configs: { names: string[]; port: number }[] }) => [job.job_name, job.dns_sd_configs]);
  expect(asked).toEqual(longRunning.map((name) => [`tidemark-${name}`, [{ names: [name], type: 'A', port: 8080 }]]));
});

test.each(services)('%s has a pinned image and a memory limit', (_name, { image, mem_limit }) => {
  expect(image).toMatch(/^[\w./-]+:v?\d+(\.\d+)+(-[\w.]+)?$/);
  expect(mem_limit).toMatch(/^\d+[mg]$/);
});

test('the whole stack fits into a host of 8 GiB', () => {
  expect(services.reduce((sum, [, { mem_limit }]) => sum + mebibytes(mem_limit), 0)).toBeLessThanOrEqual(6 * 1024);
});

test('a service without keys says that its network keeps others out, or it would refuse to listen beyond loopback', () => {
  const { environment = {} } = service('query');
  expect(environment).toMatchObject({ TIDEMARK_HTTP_HOST: '0.0.0.0', TIDEMARK_HTTP_ALLOW_REMOTE: 'true' });
});

test('every published port is on loopback', () => {
  const ports = services.flatMap(([, { ports: published = [] }]) => published);
  expect(ports.length).toBeGreaterThan(0);
  for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
});

describe('`up --wait` means ready', () => {
  test('each engine has a health check that asks the server', () => {
    for (const name of engines) expect(service(name).healthcheck?.test?.length, name).toBeGreaterThan(1);
  });

  test('services wait for healthy engines and finished migrations', () => {
    for (const name of longRunning) {
      expect(service(name).depends_on).toEqual({
        migrate: { condition: 'service_completed_successfully' },
        kafka: { condition: 'service_healthy' },
        clickhouse: { condition: 'service_healthy' },
        redis: { condition: 'service_healthy' },
      });
    }
    expect(Object.values(service('migrate').depends_on ?? {}).map(({ condition }) => condition)).toEqual(engines.map(() => 'service_healthy'));
  });

  test('the image answers for its service by /readyz, and only the one-shot migration has no health check', () => {
    expect(readFileSync(join(root, service('query').build?.dockerfile ?? ''), 'utf8')).toMatch(/^HEALTHCHECK[\s\S]*\/readyz/m);
    expect(services.filter(([, { healthcheck }]) => healthcheck?.disable === true).map(([name]) => name)).toEqual(['migrate']);
  });
});

test('Redis keeps what it was given: append-only file, no eviction', () => {
  expect(service('redis').command?.join(' ')).toMatch(/--appendonly yes .*--maxmemory-policy noeviction/);
});

test('every file that the stack names exists', () => {
  const mounted = services.flatMap(([, { volumes = [] }]) =>
    volumes.filter((volume) => volume.startsWith('./')).map((volume) => volume.split(':')[0] ?? ''),
  );
  const entries = services.flatMap(([, { command = [] }]) => command.filter((word) => word.endsWith('.ts')));
  const definitions = [/:-([^}]+)\}/.exec(service('worker').environment?.['TIDEMARK_METRICS'] ?? '')?.[1] ?? 'no default'];
  expect(mounted).toHaveLength(6);
  expect(entries).toHaveLength(4);
  expect([...mounted, ...entries, ...definitions].filter((path) => !existsSync(join(root, path)))).toEqual([]);
});

test('named volumes are declared', () => {
  const named = services.flatMap(([, { volumes = [] }]) =>
    volumes.filter((volume) => !volume.startsWith('./')).map((volume) => volume.split(':')[0]),
  );
  expect(named.sort()).toEqual(Object.keys(compose.volumes).sort());
});

test('docker compose itself accepts the file', ({ skip }) => {
  const commands = [['docker', 'compose'], ['docker-compose']] as const;
  const found = commands.find(([file, ...words]) => spawnSync(file, [...words, 'version']).status === 0);
  if (found === undefined) return skip('no docker compose on this machine');
  const [file, ...words] = found;
  expect(spawnSync(file, [...words, '--file', join(root, 'docker-compose.yml'), 'config', '--quiet'], { encoding: 'utf8' })).toMatchObject({
    status: 0,
    stderr: '',
  });
});
