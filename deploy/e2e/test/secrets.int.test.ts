// The services themselves tell nobody a secret: neither when every variable is wrong, nor when stores refuse them or echo what they were sent.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../..');
const secret = 'hunter2';
const programs = ['services/worker/src/main.ts', 'services/archiver/src/main.ts', 'services/archiver/src/migrate.ts', 'services/query/src/main.ts'];
const variables = [
  'KAFKA_BROKERS',
  'KAFKA_SASL',
  'KAFKA_TLS_KEY',
  'KAFKA_TOKEN_URL',
  'REDIS_TLS_CA',
  'REDIS_URL',
  'CLICKHOUSE_URL',
  'CLICKHOUSE_DATABASE',
  'NAMESPACE',
  'PARTITIONS',
  'METRICS',
  'API_KEYS',
  'OTLP_ENDPOINT',
  'HTTP_PORT',
  'LOG_LEVEL',
  `${secret.toUpperCase()}_TYPO`,
];

function environment(settings: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('TIDEMARK_'));
  return { ...Object.fromEntries(inherited), ...settings };
}

test.each(programs)('%s names every mistake of its environment and repeats no secret', (program) => {
  const wrong = Object.fromEntries(variables.map((name) => [`TIDEMARK_${name}`, `redis://user:${secret}@host:notaport`]));
  const { status, stdout, stderr } = spawnSync(process.execPath, [program], {
    cwd: root,
    env: environment(wrong),
    encoding: 'utf8',
    timeout: 20_000,
  });
  expect(status).toBe(3);
  expect(stderr.split('\n').length).toBeGreaterThan(5);
  expect(`${stdout}${stderr}`).not.toContain(secret);
});

describe('a query service whose stores refuse it and echo what it sent', () => {
  const servers: Server[] = [];
  let service: ChildProcess | undefined;
  let said = '';
  let traced = '';
  let port = 0;

  beforeAll(async () => {
    const redis = createServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', (sent) => socket.write(`-WRONGPASS invalid password in ${JSON.stringify(sent.toString())}\r\n`));
    });
    const clickhouse = createHttpServer((request, response) => {
      response.writeHead(401).end(`Code: 516. Authentication failed: ${JSON.stringify(request.headers)} redis://user:${secret}@h password=${secret}`);
    });
    const collector = createHttpServer(async (request, response) => {
      for await (const chunk of request) traced += String(chunk);
      response.writeHead(200).end('{}');
    });
    for (const server of [redis, clickhouse, collector]) {
      servers.push(server);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    }
    const [redisPort, clickhousePort, collectorPort] = servers.map((server) => portOf(server.address()));
    port = await freePort();
    service = spawn(process.execPath, ['services/query/src/main.ts'], {
      cwd: root,
      env: environment({
        TIDEMARK_REDIS_URL: `redis://user:${secret}@127.0.0.1:${redisPort}`,
        TIDEMARK_CLICKHOUSE_URL: `http://user:${secret}@127.0.0.1:${clickhousePort}`,
        TIDEMARK_OTLP_ENDPOINT: `http://127.0.0.1:${collectorPort}`,
        TIDEMARK_METRICS: 'schemas/metrics/auto-cabinet.yaml',
        TIDEMARK_HTTP_PORT: String(port),
        TIDEMARK_LOG_LEVEL: 'trace',
      }),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [service.stdout, service.stderr]) stream?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  }, 30_000);

  async function stopService(): Promise<void> {
    if (service === undefined || service.exitCode !== null || service.signalCode !== null) return;
    const ended = new Promise((resolve) => service?.once('exit', resolve));
    service.kill('SIGTERM');
    await ended;
  }

  afterAll(async () => {
    await stopService();
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  });

  test('says so in log, readiness, answers, metrics and traces, and not one of them holds the secret, plain or encoded', async () => {
    await expect.poll(() => said, { timeout: 20_000 }).toContain('"listening"');
    await expect.poll(() => said, { timeout: 20_000 }).toMatch(/store does not answer[\s\S]*store does not answer/);
    const answers = await Promise.all(
      ['/readyz', '/v1/kpis/bookings', '/v1/metrics', '/metrics', `/v1/kpis/${secret}x?value=y`].map(async (path) => {
        const headers = { authorization: `Bearer ${secret}` };
        return (await fetch(`http://127.0.0.1:${port}${path}`, { headers })).text();
      }),
    );
    expect(answers[0]).toContain('"ready":false');
    const everything = [said, ...answers.slice(0, 4)].join('\n');
    expect(everything).not.toContain(secret);
    expect(everything).not.toContain(Buffer.from(`user:${secret}`).toString('base64'));
    // What was asked may be named in the answer to who asked, never in the log.
    expect(said).not.toContain(`${secret}x`);
    await stopService();
    expect(traced).toContain('"GET /v1/kpis/:id"');
    expect(traced).not.toContain(secret);
  });
});

function portOf(address: AddressInfo | string | null): number {
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const port = portOf(server.address());
  await new Promise((resolve) => server.close(resolve));
  return port;
}
