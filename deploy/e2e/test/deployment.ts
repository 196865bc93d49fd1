/** A whole deployment for a test: the real services as processes over real engines, in a namespace and database of their own. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ClickHouseConnection, connectClickHouse } from '@tidemark/clickhouse';
import { connectKafka, type KafkaConnection } from '@tidemark/kafka';
import { ServiceProcess } from './service-process.ts';

export interface EngineUrls {
  readonly kafkaBrokers: string;
  readonly redisUrl: string;
  readonly clickhouseUrl: string;
}

export interface DeploymentOptions {
  readonly engines: EngineUrls;
  /** Of the topic, the Redis keys, and the ClickHouse database. */
  readonly namespace: string;
  /** Definition files. */
  readonly metrics: readonly string[];
  readonly partitions: number;
  /** Started at once; more by `startWorker`. */
  readonly workers: number;
  readonly archivers: number;
  /** More of the environment of every program. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A running worker and where it tells how it is. */
export interface RunningWorker {
  readonly process: ServiceProcess;
  readonly address: string;
}

export interface WorkerPartition {
  readonly partition: number;
  readonly lineage: string;
  readonly next: number | null;
  readonly halted: string | null;
  readonly counters: Readonly<Record<string, number>>;
}

/** Nobody listens there: a query service that is told so has ClickHouse alone. */
const NO_REDIS = 'redis://127.0.0.1:1';
const POLL_MS = 50;
const REQUEST_TIMEOUT_MS = 30_000;
const SESSION_TIMEOUT_MS = 6_000;
const TAIL_LINES = 12;
const NOTICE_DEADLINE_MS = 10_000;

const quiet = { info: () => {}, warn: () => {}, error: () => {} };

/** Migrates, starts the services and waits until they are up; on failure nothing is left running. */
export async function startDeployment(options: DeploymentOptions): Promise<Deployment> {
  const deployment = new Deployment(options);
  try {
    await deployment.start();
    return deployment;
  } catch (error) {
    console.error(deployment.logTails());
    await deployment.stopAll();
    throw error;
  }
}

export class Deployment {
  readonly options: DeploymentOptions;
  readonly workers: RunningWorker[] = [];
  readonly archivers: ServiceProcess[] = [];
  /** From Redis and ClickHouse, and from ClickHouse alone. */
  readonly addresses = { both: '', table: '' };
  readonly #folder = mkdtempSync(join(tmpdir(), 'tidemark-e2e-'));
  readonly #all: ServiceProcess[] = [];
  #queries: readonly ServiceProcess[] = [];
  #metrics: readonly string[];
  #kafka: KafkaConnection | null = null;
  #clickhouse: ClickHouseConnection | null = null;

  constructor(options: DeploymentOptions) {
    this.options = options;
    this.#metrics = options.metrics;
  }

  get kafka(): KafkaConnection {
    if (this.#kafka === null) throw new Error('the deployment is not started');
    return this.#kafka;
  }

  get clickhouse(): ClickHouseConnection {
    if (this.#clickhouse === null) throw new Error('the deployment is not started');
    return this.#clickhouse;
  }

  async start(): Promise<void> {
    const { engines, namespace, workers, archivers } = this.options;
    const migration = this.#spawn('migrate', 'services/archiver/src/migrate.ts', {});
    const code = await migration.ended();
    if (code !== 0) throw new Error(`the migration ended with ${code}: ${migration.log.slice(-3_000)}`);
    this.#kafka = await connectKafka({ brokers: engines.kafkaBrokers.split(','), clientId: 'tidemark-e2e', namespace, logger: quiet });
    this.#clickhouse = await connectClickHouse({ url: engines.clickhouseUrl, database: namespace, requestTimeoutMs: 120_000 });
    await Promise.all([
      ...Array.from({ length: workers }, () => this.startWorker()),
      ...Array.from({ length: archivers }, () => this.startArchiver()),
      this.#startQueries(),
    ]);
  }

  /** The environment of a program of this deployment. */
  environment(): Record<string, string> {
    const { engines, namespace, partitions, env } = this.options;
    return {
      ...env,
      TIDEMARK_KAFKA_BROKERS: engines.kafkaBrokers,
      TIDEMARK_REDIS_URL: engines.redisUrl,
      TIDEMARK_CLICKHOUSE_URL: engines.clickhouseUrl,
      TIDEMARK_CLICKHOUSE_DATABASE: namespace,
      TIDEMARK_NAMESPACE: namespace,
      TIDEMARK_PARTITIONS: String(partitions),
      TIDEMARK_METRICS: this.#metrics.join(','),
    };
  }

  async startWorker(): Promise<RunningWorker> {
    const process = this.#spawn('worker', 'services/worker/src/main.ts', {
      TIDEMARK_HTTP_PORT: '0',
      TIDEMARK_SESSION_TIMEOUT: `${SESSION_TIMEOUT_MS}ms`,
    });
    const port = await process.logged(/"port":(\d+)[^\n]*worker is up/);
    const worker = { process, address: `http://127.0.0.1:${port}` };
    this.workers.push(worker);
    return worker;
  }

  /** Ends the worker that has run longest, and forgets it. */
  async endWorker(signal: NodeJS.Signals): Promise<number | null> {
    const worker = this.workers.shift();
    if (worker === undefined) throw new Error('no worker is running');
    return worker.process.end(signal);
  }

  async startArchiver(): Promise<void> {
    const archiver = this.#spawn('archiver', 'services/archiver/src/main.ts', { TIDEMARK_HTTP_PORT: '0' });
    await archiver.logged(/archiver is up/);
    this.archivers.push(archiver);
  }

  async endArchiver(signal: NodeJS.Signals): Promise<void> {
    await this.archivers.shift()?.end(signal);
  }

  /** Restarts the workers and the query services with other definition files. */
  async changeMetrics(files: readonly string[]): Promise<void> {
    const workers = this.workers.splice(0);
    await Promise.all([...workers.map(({ process }) => process.end('SIGTERM')), ...this.#queries.map((query) => query.end('SIGTERM'))]);
    this.#metrics = files;
    await Promise.all([...workers.map(() => this.startWorker()), this.#startQueries()]);
  }

  /** What all workers say of their partitions; those of a worker that does not answer are missing. */
  async partitions(): Promise<readonly WorkerPartition[]> {
    const answers = await Promise.all(this.workers.map(({ address }) => readyDetails(address)));
    return answers.flat();
  }

  /** Records folded, over all partitions and the first lineage. */
  async folded(): Promise<number> {
    const partitions = await this.partitions();
    const lineage = partitions[0]?.lineage;
    return partitions.filter((each) => each.lineage === lineage).reduce((sum, { next }) => sum + (next ?? 0), 0);
  }

  /** Offset after the last record, by partition. A broker that has just come back does not lead its partitions at once. */
  async logEnds(): Promise<Record<string, string>> {
    const { admin, topic } = this.kafka;
    const deadlineMs = performance.now() + NOTICE_DEADLINE_MS;
    for (;;) {
      const offsets = await admin.fetchTopicOffsets(topic).catch((error: unknown) => {
        if (performance.now() > deadlineMs) throw error;
      });
      if (offsets !== undefined) return Object.fromEntries(offsets.map(({ partition, high }) => [String(partition), high]));
      await sleep(4 * POLL_MS);
    }
  }

  /** The JSON body of a path; throws unless the status is 200. */
  async ask(path: string, from: 'both' | 'table' = 'both'): Promise<Record<string, unknown>> {
    const response = await fetch(this.addresses[from] + path, { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
    const text = await response.text();
    if (response.status !== 200) throw new Error(`GET ${path} answered ${response.status}: ${text.slice(0, 500)}`);
    const body: Record<string, unknown> = JSON.parse(text);
    return body;
  }

  /** Waits until both stores serve every record of the log, for the metrics at these paths (one for each set). */
  async untilCaughtUp(paths: readonly string[], timeoutMs: number): Promise<void> {
    const ends = JSON.stringify(await this.logEnds());
    const deadlineMs = performance.now() + timeoutMs;
    for (const path of paths) {
      for (const from of ['both', 'table'] as const) {
        for (let seen = ''; seen !== ends; await sleep(POLL_MS)) {
          seen = await this.ask(path, from).then(positionsOf, (error: unknown) => String(error));
          if (seen !== ends && performance.now() > deadlineMs) throw new Error(`${from} serves ${seen}, the log ends at ${ends}\n${this.logTails()}`);
        }
      }
    }
  }

  /** Waits until the figures of a path are served at all. */
  async untilServed(path: string): Promise<void> {
    const deadlineMs = performance.now() + NOTICE_DEADLINE_MS * 3;
    for (;;) {
      const answer = await this.ask(path).catch(String);
      if (typeof answer === 'object') return;
      if (performance.now() > deadlineMs) throw new Error(`${answer}\n${this.logTails()}`);
      await sleep(POLL_MS);
    }
  }

  /** Waits until an answer comes from the wanted store: that another one has gone is noticed within a moment, and figures may be kept until then. */
  async untilServedBy(store: 'redis' | 'clickhouse', path: string): Promise<void> {
    const deadlineMs = performance.now() + NOTICE_DEADLINE_MS;
    for (let seen: unknown; ; await sleep(POLL_MS)) {
      seen = await this.ask(path).then(({ asOf }) => asOf, String);
      if (typeof seen === 'object' && seen !== null && 'source' in seen && seen.source === store) return;
      if (performance.now() > deadlineMs) throw new Error(`${JSON.stringify(seen)} instead of an answer from ${store}\n${this.logTails()}`);
    }
  }

  /** Waits until the chain of every partition reaches the end of the log. */
  async untilArchived(timeoutMs: number): Promise<void> {
    const ends = Object.values(await this.logEnds()).reduce((sum, high) => sum + Number(high), 0);
    const deadlineMs = performance.now() + timeoutMs;
    for (let seen = -1; seen < ends; await sleep(4 * POLL_MS)) {
      const [[reached] = []] = await this.clickhouse.select(
        'SELECT sum(reached) FROM (SELECT max(to_offset) AS reached FROM archive_chunks GROUP BY partition)',
      );
      seen = Number(reached);
      if (seen < ends && performance.now() > deadlineMs) throw new Error(`${seen} of ${ends} records are archived\n${this.logTails()}`);
    }
  }

  /** The last telling lines of every process, for a failure. */
  logTails(): string {
    const tail = (name: string): string => {
      const lines = readFileSync(join(this.#folder, name), 'utf8')
        .split('\n')
        .filter((line) => line !== '' && !/"(assigned|revoked|loaded|reading)"/.test(line));
      return [`== ${name}`, ...lines.slice(-TAIL_LINES)].join('\n');
    };
    return readdirSync(this.#folder).sort().map(tail).join('\n');
  }

  /** Ends what was started here, by its own pid. The logs go too. */
  async stopAll(): Promise<void> {
    await Promise.all(this.#all.map((process) => process.end('SIGTERM')));
    await this.#kafka?.close();
    await this.#clickhouse?.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Runs a program of the project with this deployment's environment to its end. */
  async run(name: string, path: string, args: readonly string[]): Promise<{ code: number | null; output: string }> {
    const process = this.#spawn(name, path, {}, args);
    return { code: await process.ended(), output: process.log };
  }

  async #startQueries(): Promise<void> {
    const both = this.#spawn('query', 'services/query/src/main.ts', { TIDEMARK_HTTP_PORT: '0' });
    const table = this.#spawn('query-table', 'services/query/src/main.ts', { TIDEMARK_HTTP_PORT: '0', TIDEMARK_REDIS_URL: NO_REDIS });
    this.#queries = [both, table];
    const listening = /"address":"([^"]+)"/;
    [this.addresses.both, this.addresses.table] = await Promise.all([both.logged(listening), table.logged(listening)]);
  }

  #spawn(name: string, path: string, more: Readonly<Record<string, string>>, args: readonly string[] = []): ServiceProcess {
    const logFile = join(this.#folder, `${String(this.#all.length).padStart(2, '0')}-${name}.log`);
    const process = new ServiceProcess({ name, path, args, env: { ...this.environment(), ...more }, logFile });
    this.#all.push(process);
    return process;
  }
}

/** In the order of the partitions, as the log's ends are. */
function positionsOf(body: Record<string, unknown>): string {
  const { asOf } = body;
  return typeof asOf === 'object' && asOf !== null && 'positions' in asOf ? JSON.stringify(asOf.positions) : 'no positions';
}

async function readyDetails(address: string): Promise<readonly WorkerPartition[]> {
  try {
    const response = await fetch(`${address}/readyz`, { signal: AbortSignal.timeout(5_000) });
    const body: { details?: { partitions?: readonly WorkerPartition[] } } = JSON.parse(await response.text());
    return body.details?.partitions ?? [];
  } catch {
    return [];
  }
}
