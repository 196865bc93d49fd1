// The Helm chart sets what the services need and nothing that they do not know, refuses values that cannot work, and renders pods that may do little.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';

// Each test starts a program of its own.
vi.setConfig({ testTimeout: 60_000 });

const root = join(import.meta.dirname, '../../..');
const chart = join(root, 'deploy/k8s/tidemark');
const read = (name: string): string => readFileSync(join(chart, name), 'utf8');
const templates = new Map(readdirSync(join(chart, 'templates')).map((name) => [name, read(join('templates', name))]));
const values = parse(read('values.yaml'));
const schema = JSON.parse(read('values.schema.json'));
const helm = process.env['HELM'] ?? 'helm';
const kubeconform = process.env['KUBECONFORM'] ?? 'kubeconform';
/** A folder of standalone JSON schemas, `<kind>-<group>-<version>.json`. */
const kubeSchemas = process.env['KUBE_SCHEMAS'];
const hasHelm = spawnSync(helm, ['version']).status === 0;
const hasKubeconform = spawnSync(kubeconform, ['-v']).status === 0;
const noHelm = 'no helm on this machine (go install helm.sh/helm/v4/cmd/helm)';

/** The program that each template with a container runs. */
const programs: readonly (readonly [template: string, program: string])[] = [
  ['worker.yaml', 'services/worker/src/main.ts'],
  ['archiver.yaml', 'services/archiver/src/main.ts'],
  ['query.yaml', 'services/query/src/main.ts'],
  ['migrate.yaml', 'services/archiver/src/migrate.ts'],
];

/** The names that a template gives to its container, through the blocks that it includes. */
function variablesOf(template: string): string[] {
  const blocks = new Map(
    [...(templates.get('_helpers.tpl') ?? '').matchAll(/define "(tidemark\.\w+)"[^\n]*\n([\s\S]*?)(?=\n\{\{-? (?:\/\*|define)|$)/g)].map(
      ([, name = '', body = '']) => [name, body],
    ),
  );
  const text = templates.get(template) ?? '';
  const included = [...text.matchAll(/include "(tidemark\.\w*[eE]nv)"/g)].map(([, name = '']) => blocks.get(name) ?? '');
  return [text, ...included].flatMap((part) => [...part.matchAll(/name: (TIDEMARK_[A-Z_]+)/g)].map(([, name = '']) => name));
}

/** What the program says of its configuration, one line a mistake. */
function problemsOf(program: string, env: Readonly<Record<string, string>>): string[] {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('TIDEMARK_'));
  const { status, stderr } = spawnSync(process.execPath, [program], {
    cwd: root,
    env: { ...Object.fromEntries(inherited), ...env },
    encoding: 'utf8',
    timeout: 20_000,
  });
  expect(status, stderr).toBe(3);
  return stderr.trim().split('\n');
}

/** `a.b.c` of every value that is no object. */
function paths(value: unknown, prefix = ''): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [prefix];
  const entries = Object.entries(value);
  return entries.length === 0 ? [prefix] : entries.flatMap(([name, inner]) => paths(inner, prefix === '' ? name : `${prefix}.${name}`));
}

function schemaPaths(node: { properties?: Record<string, object> }, prefix = ''): string[] {
  return node.properties === undefined
    ? [prefix]
    : Object.entries(node.properties).flatMap(([name, inner]) => schemaPaths(inner, prefix === '' ? name : `${prefix}.${name}`));
}

describe('without helm', () => {
  test('every value is described by the schema, and everything described has a value', () => {
    const described = schemaPaths(schema).filter((path) => path !== 'global' && path !== 'migrate.cpu');
    expect(paths(values).sort()).toEqual(described.sort());
  });

  test('every value is used by a template', () => {
    const text = [...templates.values()].join('\n');
    const unused = paths(values).filter((path) => {
      const [first = '', ...rest] = path.split('.');
      return !text.includes(`.${path}`) && !(text.includes(`.Values.${first}`) && rest.length > 0 && text.includes(`.${rest.at(-1)}`));
    });
    expect(unused).toEqual([]);
  });

  test('the version is that of the project, and the image the one that compose builds', () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const { appVersion } = parse(read('Chart.yaml'));
    expect(appVersion).toBe(version);
    expect(readFileSync(join(root, 'docker-compose.yml'), 'utf8')).toContain(`image: ${values.image.repository}:${appVersion}`);
  });

  test.each(programs)(
    '%s gives its program every variable that it requires, and none that it does not know',
    (template, program) => {
      const names = variablesOf(template);
      expect(names.length).toBeGreaterThan(5);
      // An empty variable counts as not set, yet its name is looked at.
      const problems = problemsOf(program, Object.fromEntries(names.map((name) => [name, ''])));
      expect(problems.filter((line) => line.includes('not a known variable'))).toEqual([]);
      const required = problems.flatMap((line) => /^(TIDEMARK_\w+) is not set/.exec(line)?.[1] ?? []);
      expect(required.length).toBeGreaterThan(0);
      expect(required.filter((name) => !names.includes(name) && !names.includes(`${name}_FILE`))).toEqual([]);
    },
    30_000,
  );
});

interface Container {
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly command: readonly string[];
  readonly resources: { readonly requests: { readonly memory: string }; readonly limits: { readonly memory: string } };
  readonly securityContext: object;
  readonly livenessProbe?: object;
  readonly readinessProbe?: object;
}
interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec?: Readonly<Record<string, unknown>> & {
    readonly template?: {
      readonly spec: { readonly containers: readonly [Container]; readonly securityContext: object; readonly automountServiceAccountToken: boolean };
    };
  };
}

const needed = ['--set', 'kafka.brokers={kafka-0.kafka:9092,kafka-1.kafka:9093}', '--set', 'existingSecret=tidemark'];

function template(...words: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(helm, ['template', 'test', chart, ...needed, ...words], { encoding: 'utf8' });
}

function manifests(...words: string[]): Manifest[] {
  const { status, stdout, stderr } = template(...words);
  expect(status, stderr).toBe(0);
  return parseAllDocuments(stdout).flatMap((document) => document.toJS() ?? []);
}

describe('rendered by helm', () => {
  let secrets = '';
  beforeAll(() => {
    secrets = mkdtempSync(join(tmpdir(), 'tidemark-chart-'));
    const hash = 'a'.repeat(64);
    for (const [name, text] of [
      ['redis-url', 'redis://redis:6379'],
      ['clickhouse-url', 'http://clickhouse:8123'],
      ['api-keys', `ops read ${hash}`],
      ...['kafka', 'redis', 'clickhouse'].flatMap((engine) => [
        [`${engine}-user`, 'tidemark'] as const,
        [`${engine}-password`, 'correct horse'] as const,
        [`${engine}-ca.pem`, '-----BEGIN CERTIFICATE-----'] as const,
        [`${engine}-cert.pem`, '-----BEGIN CERTIFICATE-----'] as const,
        [`${engine}-key.pem`, '-----BEGIN PRIVATE KEY-----'] as const,
      ]),
    ] as const)
      writeFileSync(join(secrets, name), `${text}\n`);
  });
  afterAll(() => rmSync(secrets, { recursive: true }));

  test('the chart is accepted by lint', ({ skip }) => {
    if (!hasHelm) return skip(noHelm);
    const { status, stdout } = spawnSync(helm, ['lint', '--strict', chart, ...needed], { encoding: 'utf8' });
    expect(status, stdout).toBe(0);
  });

  test('the services accept the variables as they are rendered, whatever is switched on', ({ skip }) => {
    if (!hasHelm) return skip(noHelm);
    const switched = ['--set', 'tracing.endpoint=http://collector:4318,query.corsOrigins={https://a.example},metrics.definitions.x\\.yaml=x'];
    const containers = manifests(...switched).flatMap(({ spec }) => spec?.template?.spec.containers ?? []);
    expect(containers).toHaveLength(programs.length);
    for (const { env, command } of containers) {
      const given = Object.fromEntries(env.map(({ name, value }) => [name, value.replace('/run/secrets/tidemark', secrets)]));
      // One mistake of ours keeps the program from starting: it must be the only one.
      const problems = problemsOf(command.at(-1) ?? '', { ...given, TIDEMARK_LOG_LEVEL: 'loud' });
      expect(problems.map((line) => line.split('=')[0])).toEqual(['TIDEMARK_LOG_LEVEL']);
    }
  });

  test('TLS and logins come from files of the secret, or of one that a part has for itself', ({ skip }) => {
    if (!hasHelm) return skip(noHelm);
    writeFileSync(join(secrets, 'redis-url'), 'rediss://redis:6379\n');
    writeFileSync(join(secrets, 'clickhouse-url'), 'https://clickhouse:8443\n');
    const secured = ['kafka', 'redis', 'clickhouse'].map((engine) => `${engine}.tls.ca=true,${engine}.tls.clientCertificate=true`).join(',');
    const logins = 'kafka.tls.enabled=true,kafka.sasl=OAUTHBEARER,kafka.token.url=https://login.example/token,redis.login=true,clickhouse.login=true';
    const all = manifests('--set', `${secured},${logins},worker.existingSecret=of-the-worker`);
    const containers = all.flatMap(({ spec }) => spec?.template?.spec.containers ?? []);
    expect(containers).toHaveLength(programs.length);
    for (const { env, command } of containers) {
      const given = Object.fromEntries(env.map(({ name, value }) => [name, value.replace('/run/secrets/tidemark', secrets)]));
      expect(given).toMatchObject({ TIDEMARK_CLICKHOUSE_TLS_CA_FILE: join(secrets, 'clickhouse-ca.pem') });
      const problems = problemsOf(command.at(-1) ?? '', { ...given, TIDEMARK_LOG_LEVEL: 'loud' });
      expect(problems.map((line) => line.split('=')[0])).toEqual(['TIDEMARK_LOG_LEVEL']);
    }
    const mounted = JSON.stringify(all.filter(({ kind }) => kind === 'Deployment')).matchAll(/"secretName":"([^"]+)"/g);
    expect([...mounted].map(([, name]) => name).sort()).toEqual(['of-the-worker', 'tidemark', 'tidemark']);
  });

  test('no pod runs as root, writes its image, keeps a token, or takes more memory than it asks for; the heap stays below', ({ skip }) => {
    if (!hasHelm) return skip(noHelm);
    const pods = manifests().flatMap(({ spec }) => (spec?.template === undefined ? [] : [spec.template.spec]));
    for (const { containers, securityContext, automountServiceAccountToken } of pods) {
      const [{ env, command, resources, securityContext: ofContainer, livenessProbe, readinessProbe }] = containers;
      expect(automountServiceAccountToken).toBe(false);
      expect(securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } });
      expect(ofContainer).toMatchObject({ readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } });
      expect(resources.limits.memory).toBe(resources.requests.memory);
      const heapMib = Number(/--max-old-space-size=(\d+)/.exec(env.find(({ name }) => name === 'NODE_OPTIONS')?.value ?? '')?.[1]);
      expect(heapMib).toBe((Number.parseInt(resources.limits.memory, 10) * 3) / 4);
      if (command.at(-1)?.endsWith('migrate.ts') === true) continue;
      expect([livenessProbe, readinessProbe]).toMatchObject([{ httpGet: { path: '/livez' } }, { httpGet: { path: '/readyz' } }]);
    }
  });

  test('workers scale on the lag of their own group up to the partitions, query services on requests, and each has a disruption budget', ({
    skip,
  }) => {
    if (!hasHelm) return skip(noHelm);
    const all = manifests('--set', 'namespace=shop');
    const named = (kind: string, name: string): Manifest['spec'] =>
      all.find((each) => each.kind === kind && each.metadata.name === `test-tidemark-${name}`)?.spec;
    expect(named('ScaledObject', 'worker')).toMatchObject({
      maxReplicaCount: values.partitions,
      triggers: [
        {
          type: 'kafka',
          metadata: { consumerGroup: 'shop.worker', topic: 'shop.events', bootstrapServers: 'kafka-0.kafka:9092,kafka-1.kafka:9093' },
        },
      ],
    });
    expect(named('HorizontalPodAutoscaler', 'query')).toMatchObject({
      metrics: [{ pods: { metric: { name: values.query.autoscaling.requestsMetric } } }, { type: 'Resource' }],
    });
    for (const name of ['worker', 'archiver', 'query']) expect(named('PodDisruptionBudget', name)).toMatchObject({ maxUnavailable: 1 });
    expect(named('Deployment', 'worker')).not.toHaveProperty('replicas');
  });

  test('the network policy lets the pods out to the engines and the collector alone', ({ skip }) => {
    if (!hasHelm) return skip(noHelm);
    const policy = manifests('--set', 'tracing.endpoint=https://collector.example').find(
      ({ kind, metadata }) => kind === 'NetworkPolicy' && metadata.name === 'test-tidemark',
    );
    expect(policy?.spec?.['policyTypes']).toEqual(['Ingress', 'Egress']);
    const ports = JSON.stringify(policy?.spec?.['egress']).matchAll(/"port":(\d+)/g);
    expect([...ports].map(([, port]) => Number(port)).sort((left, right) => left - right)).toEqual([53, 53, 443, 6379, 8123, 9092, 9093]);
  });

  test.for([
    ['partitions=4', 'worker.autoscaling.maxReplicas is 12, but there are 4 partitions'],
    ['worker.autoscaling.minReplicas=13', 'minReplicas 13 is above maxReplicas 12'],
    ['worker.replicas=13', 'worker.replicas is 13'],
    ['archiver.replicas=13', 'archiver.replicas is 13'],
    ['worker.maxDirtyMiB=600', 'half of worker.memoryMiB'],
    ['query.autoscaling.minReplicas=7', 'minReplicas 7 is above maxReplicas 6'],
    ['existingSecret=', 'existingSecret is empty'],
    ['kafka.brokers=null', 'kafka.brokers is empty'],
    ['kafka.tls.ca=true', 'kafka.tls.enabled is false'],
    ['kafka.sasl=OAUTHBEARER', 'kafka.token.url is empty'],
    ['kafka.token.scope=kafka', 'kafka.sasl is not OAUTHBEARER'],
    ['metrics.files=null', 'nothing to count'],
    ['query.keys=false', 'anybody who reaches the service'],
    ['query.allowWithoutKeys=true', 'both true'],
    ['ingress.enabled=true', 'ingress.enabled is true without ingress.host'],
    ['ingress.enabled=true,ingress.host=a.example', 'keys would travel in the clear'],
  ] as const)('%s is refused with a sentence and its fix', ([setting, sentence], { skip }) => {
    if (!hasHelm) return skip(noHelm);
    const { status, stderr } = template('--set', setting);
    expect(status).not.toBe(0);
    expect(stderr).toContain(sentence);
    expect(stderr).toContain('Fix: ');
  });

  test.for([
    'partitioner=java',
    'kafka.sasl=scram',
    'worker.replicaz=3',
    'image.tag=latest',
    'worker.sessionTimeout=10',
    'kafka.brokers={user:secret@host:9092}',
    'logLevel=loud',
    'partitions=0',
    'query.liveStreams=0',
  ])('%s is refused by the schema', (setting, { skip }) => {
    if (!hasHelm) return skip(noHelm);
    const { status, stderr } = template('--set', setting);
    expect(status).not.toBe(0);
    expect(stderr).toContain("values don't meet the specifications of the schema");
  });

  test('what is rendered is valid Kubernetes, also with everything switched on or off', ({ skip }) => {
    if (!hasHelm) return skip(noHelm);
    if (!hasKubeconform || kubeSchemas === undefined) return skip('no kubeconform, or no folder of schemas named by KUBE_SCHEMAS');
    const folder = mkdtempSync(join(tmpdir(), 'tidemark-manifests-'));
    const on =
      'ingress.enabled=true,ingress.host=a.example,ingress.tlsSecret=t,tracing.endpoint=http://c:4318,metrics.definitions.x\\.yaml=x,worker.autoscaling.authenticationRef=k';
    const off =
      'worker.autoscaling.enabled=false,query.autoscaling.enabled=false,networkPolicy.enabled=false,query.keys=false,query.allowWithoutKeys=true';
    try {
      for (const [index, words] of [[], ['--set', on], ['--set', off]].entries())
        writeFileSync(join(folder, `${index}.yaml`), template(...words).stdout);
      const { status, stdout } = spawnSync(
        kubeconform,
        ['-strict', '-summary', '-schema-location', `${kubeSchemas}/{{.ResourceKind}}{{.KindSuffix}}.json`, folder],
        {
          encoding: 'utf8',
        },
      );
      expect(status, stdout).toBe(0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
