/** What is tortured: real engines behind proxies, and the services over them, supervised as an operator's machine would. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EngineName, LocalEngines } from '@tidemark/local';
import { startLocalEngines } from '@tidemark/local';
import { ServiceProcess } from '../e2e/test/service-process.ts';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';

export interface StandOptions {
  /** Data, logs and the definition file; the caller removes it. */
  readonly folder: string;
  readonly namespace: string;
  readonly partitions: number;
  readonly tell: (line: string) => void;
}

interface Supervised {
  readonly role: Role;
  readonly environment: Readonly<Record<string, string>>;
  process: ServiceProcess;
  /** False once its end is wanted. */
  wanted: boolean;
}

export interface WorkerPartition {
  readonly partition: number;
  readonly next: number | null;
  readonly halted: string | null;
  readonly counters: Readonly<Record<string, number>>;
}

type Role = 'worker' | 'archiver' | 'query' | 'query-table';

const ROOT = resolve(import.meta.dirname, '../..');
const SET_FILE = join(ROOT, 'schemas/metrics/auto-cabinet.yaml');
const PROGRAMS: Readonly<Record<Role, string>> = {
  worker: 'services/worker/src/main.ts',
  archiver: 'services/archiver/src/main.ts',
  query: 'services/query/src/main.ts',
  'query-table': 'services/query/src/main.ts',
};
/** Nobody listens there: a query service that is told so has ClickHouse alone. */
const NO_REDIS = 'redis://127.0.0.1:1';
export const SESSION_TIMEOUT_MS = 6_000;
/** An answer older than this must say so. */
export const FRESHNESS_MS = 5_000;
const RESTART_MS = 500;
const LISTENING = /"address":"([^"]+)"/;
const UP = /"port":(\d+)[^\n]*is up/;

/** Starts everything and waits until it is up; on failure nothing is left running. */
export async function startStand(options: StandOptions, signal: AbortSignal): Promise<Stand> {
  const proxies = { kafka: await startTcpProxy(), redis: await startTcpProxy(), clickhouse: await startTcpProxy() };
  const proxied = { port: await freePort(), advertisedPort: proxies.kafka.port };
  let engines: LocalEngines | null = null;
  let stand: Stand | null = null;
  try {
    engines = await startLocalEngines({
      dataFolder: join(options.folder, 'engines'),
      cacheFolder: join(ROOT, '.tidemark/cache'),
      kafkaProxied: proxied,
      signal,
      onEngineExit: (engine, detail) => stand?.failures.push(`${engine} ended by itself: ${detail}`),
    });
    proxies.kafka.targetPort = proxied.port;
    proxies.redis.targetPort = portOf(engines.addresses.redisUrl);
    proxies.clickhouse.targetPort = portOf(engines.addresses.clickhouseUrl);
    stand = new Stand(options, engines, proxies);
    const started = stand;
    signal.addEventListener('abort', () => started.abandon());
    await stand.start();
    return stand;
  } catch (error) {
    await stand?.stop();
    await engines?.stop();
    await Promise.all(Object.values(proxies).map((proxy) => proxy.close()));
    throw error;
  }
}

/** Owns the engines, the proxies and the service processes. */
export class Stand {
  readonly options: StandOptions;
  readonly engines: LocalEngines;
  readonly proxies: Readonly<Record<EngineName, TcpProxy>>;
  readonly metricsFile: string;
  /** What must never happen, in words. */
  readonly failures: string[] = [];
  /** Services that ended by themselves and were started again, in words. */
  readonly restarts: string[] = [];
  readonly #logFolder: string;
  #services: Supervised[] = [];
  #started = 0;
  #stopping = false;

  constructor(options: StandOptions, engines: LocalEngines, proxies: Readonly<Record<EngineName, TcpProxy>>) {
    this.options = options;
    this.engines = engines;
    this.proxies = proxies;
    this.#logFolder = join(options.folder, 'logs');
    this.metricsFile = join(options.folder, 'metrics.yaml');
    mkdirSync(this.#logFolder, { recursive: true });
    writeFileSync(this.metricsFile, withFreshness(readFileSync(SET_FILE, 'utf8')));
  }

  get topic(): string {
    return `${this.options.namespace}.events`;
  }

  async start(): Promise<void> {
    const migration = this.#spawn('migrate', 'services/archiver/src/migrate.ts', this.#environment());
    const code = await migration.ended();
    if (code !== 0) throw new Error(`the migration ended with ${code}: ${migration.log.slice(-3_000)}`);
    this.startWorker();
    this.startWorker();
    this.#supervise('archiver', {});
    this.#supervise('query', {});
    this.#supervise('query-table', { TIDEMARK_REDIS_URL: NO_REDIS });
    await Promise.all(this.#services.map(({ process, role }) => process.logged(role.startsWith('query') ? LISTENING : UP)));
  }

  /** Does not wait until it is up: with an engine away it would be long. Answers what ends it. */
  startWorker(more: Readonly<Record<string, string>> = {}): Supervised {
    return this.#supervise('worker', { TIDEMARK_SESSION_TIMEOUT: `${SESSION_TIMEOUT_MS}ms`, ...more });
  }

  /** Running members of the first group, the oldest first. */
  workers(): readonly Supervised[] {
    return this.#services.filter(
      ({ role, environment, wanted }) => wanted && role === 'worker' && environment['TIDEMARK_CONSUMER_GROUP'] === undefined,
    );
  }

  archivers(): readonly Supervised[] {
    return this.#services.filter(({ role, wanted }) => wanted && role === 'archiver');
  }

  /** Ends a service for good and answers how many milliseconds it took. */
  async end(service: Supervised, signal: 'SIGTERM' | 'SIGKILL'): Promise<number> {
    const beganMs = performance.now();
    service.wanted = false;
    service.process.signal('SIGCONT');
    await service.process.end(signal);
    this.#services = this.#services.filter((each) => each !== service);
    return performance.now() - beganMs;
  }

  /** As a power cut would; the supervisor starts it again. */
  async crash(service: Supervised): Promise<void> {
    await this.end(service, 'SIGKILL');
    await sleep(RESTART_MS);
    if (!this.#stopping) this.#supervise(service.role, service.environment);
  }

  address(role: 'query' | 'query-table'): string {
    const service = this.#services.find((each) => each.role === role);
    const address = service === undefined ? null : LISTENING.exec(service.process.log);
    if (address?.[1] === undefined) throw new Error(`the service ${role} does not listen`);
    return address[1];
  }

  /** What all workers say of their partitions; those of a worker that does not answer are missing. */
  async partitions(): Promise<readonly WorkerPartition[]> {
    const answers = await Promise.all(this.workers().map(({ process }) => readyDetails(UP.exec(process.log)?.[1] ?? '1')));
    return answers.flat();
  }

  /** Everything passes, runs and goes on. */
  async heal(): Promise<void> {
    for (const proxy of Object.values(this.proxies)) proxy.heal();
    for (const engine of ['kafka', 'redis', 'clickhouse'] as const) {
      await this.engines.kill(engine, 'SIGCONT');
      await this.engines.start(engine);
    }
    for (const { process } of this.#services) process.signal('SIGCONT');
    const workers = this.workers();
    for (const spare of workers.slice(2)) await this.end(spare, 'SIGTERM');
    for (let count = workers.length; count < 2; count++) this.startWorker();
  }

  /** The last telling lines of every process. */
  logTails(lines = 15): string {
    const tail = (name: string): string =>
      [`== ${name}`, ...readFileSync(join(this.#logFolder, name), 'utf8').trim().split('\n').slice(-lines)].join('\n');
    return readdirSync(this.#logFolder).sort().map(tail).join('\n');
  }

  /** Ctrl-C reaches the services too: none is started again. */
  abandon(): void {
    this.#stopping = true;
  }

  /** Ends what was started here, by its own pid. */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const proxy of Object.values(this.proxies)) proxy.heal();
    await Promise.all([...this.#services].map((service) => this.end(service, 'SIGTERM')));
    await this.engines.stop();
    await Promise.all(Object.values(this.proxies).map((proxy) => proxy.close()));
  }

  #supervise(role: Role, environment: Readonly<Record<string, string>>): Supervised {
    const all = { ...this.#environment(), TIDEMARK_HTTP_PORT: '0', ...environment };
    const start = (): ServiceProcess => this.#spawn(role, PROGRAMS[role], all);
    const service: Supervised = { role, environment, process: start(), wanted: true };
    this.#services.push(service);
    const watch = async (): Promise<void> => {
      for (;;) {
        const code = await service.process.ended();
        if (!service.wanted || this.#stopping) return;
        this.restarts.push(`${role} ended by itself with ${code}: ${service.process.log.slice(-1_500)}`);
        this.options.tell(`${role} ended by itself with ${code}`);
        await sleep(RESTART_MS);
        if (!service.wanted || this.#stopping) return;
        service.process = start();
      }
    };
    void watch();
    return service;
  }

  #environment(): Record<string, string> {
    const { namespace, partitions } = this.options;
    const { kafka, redis, clickhouse } = this.proxies;
    return {
      TIDEMARK_KAFKA_BROKERS: `127.0.0.1:${kafka.port}`,
      TIDEMARK_REDIS_URL: `redis://127.0.0.1:${redis.port}`,
      TIDEMARK_CLICKHOUSE_URL: `http://127.0.0.1:${clickhouse.port}`,
      TIDEMARK_CLICKHOUSE_DATABASE: namespace,
      TIDEMARK_NAMESPACE: namespace,
      TIDEMARK_PARTITIONS: String(partitions),
      TIDEMARK_METRICS: this.metricsFile,
    };
  }

  #spawn(name: string, path: string, env: Readonly<Record<string, string>>): ServiceProcess {
    const logFile = join(this.#logFolder, `${String(this.#started++).padStart(4, '0')}-${name}.log`);
    return new ServiceProcess({ name, path, env, logFile });
  }
}

export type { Supervised };

/** Every metric with a short freshness, so that an answer that is not fresh has to say so soon. */
function withFreshness(text: string): string {
  return text.replace(/^ {4}freshness: .*\n/gm, '').replace(/^( {4}owner: .*\n)/gm, `$1    freshness: ${FRESHNESS_MS / 1_000}s\n`);
}

function portOf(address: string): number {
  return Number(new URL(address).port);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen({ host: '127.0.0.1', port: 0 }, done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

async function readyDetails(port: string): Promise<readonly WorkerPartition[]> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(5_000) });
    const body: { details?: { partitions?: readonly WorkerPartition[] } } = JSON.parse(await response.text());
    return body.details?.partitions ?? [];
  } catch {
    return [];
  }
}
