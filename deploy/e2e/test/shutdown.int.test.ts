// SIGTERM ends every service within ten seconds, while all engines hang (SIGSTOP) and after all of them have died (kill −9), in the middle of work.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { connectKafka, createLogWriter, type KafkaConnection } from '@tidemark/kafka';
import { type AcquiredEngines, acquireEngines, uniqueName } from '@tidemark/testing/engines';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ServiceProcess } from './service-process.ts';

const ENGINES = ['kafka', 'redis', 'clickhouse'] as const;
const SERVICES = [
  ['worker', 'services/worker/src/main.ts', /worker is up/],
  ['archiver', 'services/archiver/src/main.ts', /archiver is up/],
  ['query', 'services/query/src/main.ts', /"address":"([^"]+)"/],
] as const;
/** What the runbook promises, and a moment for the signal and for the process to be reaped. */
const PROMISED_MS = 10_000 + 700;
const EVENTS = 3_000;

const folder = mkdtempSync(join(tmpdir(), 'tidemark-shutdown-'));
const namespace = uniqueName('shutdown');
let engines: AcquiredEngines;
let kafka: KafkaConnection;
let appended = 0;

function serviceOf(name: string, path: string): ServiceProcess {
  const { kafkaBrokers, redisUrl, clickhouseUrl } = engines.addresses;
  const env = {
    TIDEMARK_KAFKA_BROKERS: kafkaBrokers,
    TIDEMARK_REDIS_URL: redisUrl,
    TIDEMARK_CLICKHOUSE_URL: clickhouseUrl,
    TIDEMARK_CLICKHOUSE_DATABASE: namespace,
    TIDEMARK_NAMESPACE: namespace,
    TIDEMARK_PARTITIONS: '4',
    TIDEMARK_SESSION_TIMEOUT: '6s',
    TIDEMARK_METRICS: resolve(import.meta.dirname, '../../../schemas/metrics/auto-cabinet.yaml'),
    ...(name === 'migrate' ? {} : { TIDEMARK_HTTP_PORT: '0' }),
  };
  return new ServiceProcess({ name, path, env, logFile: join(folder, `${name}-${appended}.log`) });
}

async function append(): Promise<void> {
  const writer = createLogWriter(kafka, { partitioner: 'murmur2' });
  const records = Array.from({ length: EVENTS }, () => {
    const userId = `u${appended % 500}`;
    const value = {
      type: 'track',
      event: 'Service Booked',
      userId,
      messageId: `m${appended++}`,
      timestamp: Date.now(),
      context: { app: { name: 'cabinet' } },
    };
    return { key: userId, value: JSON.stringify(value) };
  });
  await writer.append(records);
  await writer.close();
}

function signalEngines(signal: NodeJS.Signals): void {
  for (const engine of ENGINES) {
    const id = engines.local.processIds[engine];
    if (id !== undefined) process.kill(id, signal);
  }
}

/** Started, with a partition each, and handed records that they are in the middle of. */
async function startServices(): Promise<readonly ServiceProcess[]> {
  const services = SERVICES.map(([name, path]) => serviceOf(name, path));
  await Promise.all(services.map((service, index) => service.logged(SERVICES[index]?.[2] ?? /up/)));
  await services[0]?.logged(/"event":"assigned"/);
  await append();
  return services;
}

async function endedAfterMs(services: readonly ServiceProcess[]): Promise<Record<string, { ms: number; code: number | null }>> {
  const ends = services.map(async (service) => {
    const startMs = performance.now();
    const code = await service.end('SIGTERM');
    return [service.name, { ms: Math.round(performance.now() - startMs), code }] as const;
  });
  return Object.fromEntries(await Promise.all(ends));
}

function logTail(name: string): string {
  const logs = readdirSync(folder).filter((file) => file.startsWith(name));
  return logs.map((file) => readFileSync(join(folder, file), 'utf8').split('\n').slice(-12).join('\n')).join('\n==\n');
}

beforeAll(async () => {
  engines = await acquireEngines(ENGINES);
  const migration = serviceOf('migrate', 'services/archiver/src/migrate.ts');
  expect(await migration.ended(), migration.log).toBe(0);
  const quiet = { info: () => {}, warn: () => {}, error: () => {} };
  kafka = await connectKafka({ brokers: engines.addresses.kafkaBrokers.split(','), clientId: 'tidemark-e2e', namespace, logger: quiet });
});

afterAll(async () => {
  await kafka?.close();
  await engines?.release();
  rmSync(folder, { recursive: true, force: true });
});

it('hanging engines keep no service beyond its ten seconds, dead ones neither', async (context) => {
  if (ENGINES.some((engine) => engines.local.processIds[engine] === undefined)) context.skip('engines named by the environment must not be stopped');
  const first = await startServices();
  let hanging: Awaited<ReturnType<typeof endedAfterMs>>;
  signalEngines('SIGSTOP');
  try {
    hanging = await endedAfterMs(first);
  } finally {
    signalEngines('SIGCONT');
  }
  const second = await startServices();
  await kafka.close();
  await Promise.all(ENGINES.map((engine) => engines.local.kill(engine)));
  const dead = await endedAfterMs(second);
  for (const [how, ends] of Object.entries({ hanging, dead })) {
    for (const [name, { ms, code }] of Object.entries(ends)) {
      expect(ms, `${name} with ${how} engines: ${JSON.stringify({ hanging, dead })}`).toBeLessThan(PROMISED_MS);
      expect(code, `${name} with ${how} engines: ${logTail(name)}`).toBe(0);
    }
  }
});
