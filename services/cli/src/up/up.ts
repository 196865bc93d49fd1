/** `up`: engines, migrations, worker, archiver and query service in one command, and all of them gone again at Ctrl-C. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { connectClickHouse, migrate } from '@tidemark/clickhouse';
import type { MetricSet } from '@tidemark/core';
import { connectKafka, ensureEventsTopic, type KafkaConnection } from '@tidemark/kafka';
import { type LocalEngines, startLocalEngines } from '@tidemark/local';
import { type ExitCode, exitCodes, exitError, type LifecycleLogger, type RunningService, runService } from '@tidemark/runtime';
import { type CliConfig, projectFolder } from '../config.ts';
import { readMetricSets } from '../definition-files.ts';
import { kafkaMessages } from '../kafka-messages.ts';
import { removeRunningUp, writeRunningUp } from '../running-up.ts';
import type { Output } from '../terminal-output.ts';
import { withExitCode } from '../unreachable.ts';
import { runDemo } from './demo.ts';
import { freePort } from './free-port.ts';
import { hints } from './hints.ts';
import { buildPages } from './pages.ts';
import { untilReady } from './ready.ts';
import { createRestarts } from './restarts.ts';
import { serviceEnvironment } from './service-environment.ts';
import { ServiceProcess } from './service-process.ts';

export interface UpOptions {
  readonly demo: boolean;
}

const STOP_WITHIN_MS = 15_000;
const SERVICE_GRACE_MS = 5_000;
/** npm passes the terminal's Ctrl-C on: within this time a second one is the same. */
const SAME_SIGNAL_MS = 1_000;
/** Together with the engines they must fit on a small machine. */
const services = [
  { name: 'worker', heapMib: 320 },
  { name: 'archiver', heapMib: 160 },
  { name: 'query', heapMib: 160 },
] as const;

/** Runs until it is told to stop, or something cannot be kept running. */
export async function up(config: CliConfig, options: UpOptions, output: Output): Promise<ExitCode> {
  const sets = readMetricSets(config.metrics);
  return await runService({
    name: 'tidemark',
    logger: lifecycleMessages(output),
    shutdownDeadlineMs: STOP_WITHIN_MS,
    repeatedSignalMs: SAME_SIGNAL_MS,
    start: async (signal) => {
      const run = new UpRun({ config, options, output, sets });
      try {
        await run.start(signal);
        return run.running();
      } catch (error) {
        await run.stop();
        throw withExitCode(error);
      }
    },
  });
}

interface UpContext {
  readonly config: CliConfig;
  readonly options: UpOptions;
  readonly output: Output;
  readonly sets: readonly MetricSet[];
}

/** Owns everything that one `up` has started. */
class UpRun {
  readonly #context: UpContext;
  readonly #services: ServiceProcess[] = [];
  readonly #demoStop = new AbortController();
  readonly #failed = Promise.withResolvers<void>();
  #engines: LocalEngines | null = null;
  #kafka: KafkaConnection | null = null;
  #demo: Promise<void> = Promise.resolve();
  #stopping: Promise<void> | null = null;
  #isAnnounced = false;
  readonly #killAll = (): void => {
    for (const service of this.#services) service.kill();
  };

  constructor(context: UpContext) {
    this.#context = context;
    // Whoever waits for the failure comes later.
    this.#failed.promise.catch(() => undefined);
  }

  running(): RunningService {
    return { stop: () => this.stop(), done: this.#failed.promise };
  }

  async start(signal: AbortSignal): Promise<void> {
    const { config, options, output, sets } = this.#context;
    const pages = buildPages(output);
    this.#engines = await this.#startEngines(signal);
    await this.#prepareStores();
    await pages;
    signal.throwIfAborted();
    const port = await freePort(config.httpPort);
    if (port !== config.httpPort && config.httpPort !== 0) output.message(`port ${config.httpPort} is taken: the query service gets ${port}`);
    await this.#startServices(port);
    if (options.demo) this.#startDemo();
    const httpUrl = `http://127.0.0.1:${port}`;
    await Promise.race([untilReady(httpUrl, { signal, message: output.message }), this.#failed.promise]);
    const { kafkaBrokers, redisUrl, clickhouseUrl } = this.#engines.addresses;
    this.#isAnnounced = true;
    await writeRunningUp(config.dataFolder, {
      pid: process.pid,
      httpUrl,
      kafkaBrokers: kafkaBrokers.split(','),
      redisUrl,
      clickhouseUrl,
      metrics: [...config.metrics],
      namespace: config.namespace,
    });
    output.data(`Tidemark is ready at ${httpUrl}`);
    for (const line of hints(httpUrl, { sets, logsFolder: this.#logsFolder() })) output.message(output.style.dim(line));
  }

  /** Traffic, then services, then engines; idempotent. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll();
    return this.#stopping;
  }

  async #stopAll(): Promise<void> {
    this.#demoStop.abort();
    await this.#demo;
    await Promise.all(this.#services.map((service) => service.stop(SERVICE_GRACE_MS)));
    process.off('exit', this.#killAll);
    await this.#kafka?.close();
    await this.#engines?.stop();
    // Only our own: a start that was refused because another one runs must not hide that one.
    if (this.#isAnnounced) await removeRunningUp(this.#context.config.dataFolder);
  }

  async #startEngines(signal: AbortSignal): Promise<LocalEngines> {
    const { config, output } = this.#context;
    const given = { kafkaBrokers: config.kafkaBrokers?.join(',') ?? '', redisUrl: config.redisUrl ?? '', clickhouseUrl: config.clickhouseUrl ?? '' };
    const restarts = new Map<string, ReturnType<typeof createRestarts>>();
    try {
      return await startLocalEngines({
        dataFolder: config.dataFolder,
        cacheFolder: config.cacheFolder,
        given,
        signal,
        onProgress: (line) => output.message(output.style.dim(line)),
        onEngineExit: (engine, detail) => {
          if (this.#stopping !== null || this.#engines === null) return;
          const ofEngine = restarts.get(engine) ?? createRestarts();
          restarts.set(engine, ofEngine);
          const pauseMs = ofEngine.next(performance.now());
          output.message(output.style.red(`${engine} ended: ${detail}`));
          if (pauseMs === null)
            this.#failed.reject(exitError(exitCodes.unreachable, `${engine} cannot be kept running: it ended six times within a minute`));
          else setTimeout(() => this.#startEngineAgain(engine), pauseMs).unref();
        },
      });
    } catch (error) {
      throw exitError(exitCodes.unreachable, error instanceof Error ? error.message : String(error), error);
    }
  }

  #startEngineAgain(engine: Parameters<LocalEngines['start']>[0]): void {
    if (this.#stopping !== null || this.#engines === null) return;
    this.#context.output.message(`starting ${engine} again`);
    this.#engines.start(engine).catch((error: unknown) => {
      if (this.#stopping === null)
        this.#failed.reject(exitError(exitCodes.unreachable, error instanceof Error ? error.message : String(error), error));
    });
  }

  /** The migration and the topic, as services/archiver/src/migrate.ts does it for deployments. */
  async #prepareStores(): Promise<void> {
    const { config, output } = this.#context;
    const { kafkaBrokers, clickhouseUrl } = this.#engines?.addresses ?? { kafkaBrokers: '', clickhouseUrl: '' };
    const { namespace, partitions } = config;
    const clickhouse = await connectClickHouse({ url: clickhouseUrl, database: config.clickhouseDatabase, ...config.access.clickhouse });
    try {
      await migrate(clickhouse, { folder: join(projectFolder, 'schemas/clickhouse'), onProgress: (line) => output.message(output.style.dim(line)) });
    } finally {
      await clickhouse.close();
    }
    this.#kafka = await connectKafka({
      brokers: kafkaBrokers.split(','),
      clientId: 'tidemark-up',
      namespace,
      logger: kafkaMessages(output),
      ...config.access.kafka,
    });
    await ensureEventsTopic(this.#kafka, { partitions });
  }

  async #startServices(httpPort: number): Promise<void> {
    const { config, output } = this.#context;
    const logsFolder = this.#logsFolder();
    await mkdir(logsFolder, { recursive: true });
    const addresses = this.#engines?.addresses;
    if (addresses === undefined) throw new Error('services before engines');
    process.on('exit', this.#killAll);
    for (const { name, heapMib } of services) {
      const env = serviceEnvironment(output.env, { config, addresses, httpPort: name === 'query' ? httpPort : 0 });
      const entry = join(projectFolder, `services/${name}/src/main.ts`);
      const service = new ServiceProcess({ name, entry, env, heapMib, logsFolder, output, onGiveUp: (error) => this.#failed.reject(error) });
      this.#services.push(service);
      service.start();
    }
  }

  #startDemo(): void {
    const { config, output } = this.#context;
    if (this.#kafka === null) return;
    const { partitioner, dataFolder, demoEventsPerSecond } = config;
    const demo = runDemo({
      kafka: this.#kafka,
      partitioner,
      dataFolder,
      eventsPerSecond: demoEventsPerSecond,
      output,
      signal: this.#demoStop.signal,
    });
    this.#demo = demo.catch((error: unknown) => {
      if (this.#stopping === null) this.#failed.reject(error);
    });
  }

  #logsFolder(): string {
    return join(this.#context.config.dataFolder, 'logs');
  }
}

/** The lifecycle's record as lines for a person. */
function lifecycleMessages({ message, style }: Output): LifecycleLogger {
  const failure = (fields: object, text: string): void => {
    const error: unknown = Reflect.get(fields, 'err');
    message(style.red(error instanceof Error ? `${text}: ${error.message}` : text));
  };
  return {
    info: (_fields, text) => {
      if (text.endsWith('is stopping')) message('stopping');
    },
    error: failure,
    fatal: failure,
  };
}
