/** Starts, watches and stops the local engines of one data folder; the public entry is startLocalEngines. */
import { join } from 'node:path';
import { type Bundle, kafkaBundle, redisBundle } from './artifacts.ts';
import { clickHouseEngine } from './clickhouse.ts';
import { ensureBundles } from './download.ts';
import { addressFields, type Engine, type EngineAddresses, type EngineName, engineNames } from './engine.ts';
import { EngineRun } from './engine-run.ts';
import { type Folders, foldersOf, makeFolders } from './folders.ts';
import { findJava, javaProblem } from './java.ts';
import { readJsonFile, writeJsonFile } from './json-file.ts';
import { type KafkaAdditions, kafkaEngine, type ProxiedListener } from './kafka.ts';
import { Keeper } from './keeper.ts';
import { endLeftovers } from './leftovers.ts';
import { type OwnerLock, takeOwnerLock } from './owner-lock.ts';
import { choosePorts, type PortRole, type Ports, preferredPorts, toPorts } from './ports.ts';
import { redisEngine } from './redis.ts';

export interface LocalEnginesOptions {
  /** Everything written stays below it. */
  dataFolder: string;
  /** An engine whose address is given is not started. */
  given?: Partial<EngineAddresses>;
  /** Jars and binaries; may be shared between data folders. Default: `<dataFolder>/cache`. */
  cacheFolder?: string;
  /** Start only these. Default: all that are not given. */
  only?: readonly EngineName[];
  /** A redis-server to use in place of the downloaded one. Default: the environment's TIDEMARK_REDIS_BINARY. */
  redisBinary?: string;
  /** For fault tests: a second Kafka listener whose clients come through a proxy. */
  kafkaProxied?: ProxiedListener;
  /** For tests of access: listeners that ask who is there, and what they need. */
  kafkaAdditions?: KafkaAdditions;
  /** For tests of access: arguments of redis-server beside ours. */
  redisArguments?: readonly string[];
  /** Human progress, one line each. */
  onProgress?: (line: string) => void;
  /** Told when an engine ends that nobody asked to end. */
  onEngineExit?: (engine: EngineName, detail: string) => void;
  /** Cuts the start short: what has begun is stopped, and the start rejects. */
  signal?: AbortSignal;
}

export interface LocalEngines {
  /** An engine that was neither given nor started has an empty address. */
  readonly addresses: EngineAddresses;
  readonly processIds: Partial<Record<EngineName, number>>;
  /** Stops all, each within 10 s (then SIGKILL). Idempotent. */
  stop(): Promise<void>;
  /** For fault tests: signals one engine (default SIGKILL) and waits for its end, except after SIGSTOP and SIGCONT. */
  kill(engine: EngineName, signal?: NodeJS.Signals): Promise<void>;
  /** Starts an engine again on the same port and data; nothing happens when it runs. */
  start(engine: EngineName): Promise<void>;
}

/** Rejects with one sentence, with the fix in it, when the engines cannot be started; then nothing is left running. */
export async function startLocalEngines(options: LocalEnginesOptions): Promise<LocalEngines> {
  const onProgress = options.onProgress ?? (() => undefined);
  const given = options.given ?? {};
  const names = (options.only ?? engineNames).filter((name) => (given[addressFields[name]] ?? '') === '');
  const folders = foldersOf(options);
  await makeFolders(folders);
  const lock = await takeFolder(folders, onProgress);
  const keeper = new Keeper();
  const runs = new Map<EngineName, EngineRun>();
  const stop = async (): Promise<void> => {
    await Promise.all([...runs.values()].map((run) => run.stop()));
    await keeper.close();
    await lock.release();
  };
  try {
    await endLeftovers(folders.run, onProgress);
    options.signal?.throwIfAborted();
    const engines = await createEngines({ options, names, folders, onProgress });
    const ports = await settlePorts(engines, folders, onProgress);
    for (const engine of engines)
      runs.set(engine.name, new EngineRun({ engine, ports, folders, keeper, onProgress, signal: options.signal, onExit: options.onEngineExit }));
    await startAll([...runs.values()]);
    await writeJsonFile(join(folders.run, 'ports.json'), ports);
    return createHandle({ given, engines, ports, runs, stop });
  } catch (error) {
    await stop();
    throw error;
  }
}

/** All are waited for before the first failure is thrown: a start still under way could not be stopped cleanly. */
async function startAll(runs: readonly EngineRun[]): Promise<void> {
  for (const outcome of await Promise.allSettled(runs.map((run) => run.start()))) {
    if (outcome.status === 'rejected') throw outcome.reason;
  }
}

async function takeFolder(folders: Folders, onProgress: (line: string) => void): Promise<OwnerLock> {
  const outcome = await takeOwnerLock(join(folders.run, 'owner.json'));
  if ('heldBy' in outcome) {
    throw new Error(
      `The engines in ${folders.data} already run, started by process ${outcome.heldBy}; stop that one first, or use another data folder.`,
    );
  }
  if (outcome.repaired) onProgress('a stale lock of a start that died was removed');
  return outcome.held;
}

interface Plan {
  readonly options: LocalEnginesOptions;
  readonly names: readonly EngineName[];
  readonly folders: Folders;
  readonly onProgress: (line: string) => void;
}

async function createEngines(plan: Plan): Promise<Engine[]> {
  const { options, names, folders, onProgress } = plan;
  const redisBinary = options.redisBinary ?? process.env.TIDEMARK_REDIS_BINARY ?? '';
  const wanted = new Set(names);
  const java = wanted.has('kafka') ? await findJava() : undefined;
  const problem = wanted.has('kafka') ? javaProblem(java) : undefined;
  if (problem !== undefined) throw new Error(problem);
  const kafkaJars: Bundle[] = wanted.has('kafka') ? [kafkaBundle()] : [];
  const redisFiles: Bundle[] = wanted.has('redis') && redisBinary === '' ? [redisBundle()] : [];
  const bundles = [...kafkaJars, ...redisFiles];
  await ensureBundles({ cacheFolder: folders.cache, logFolder: folders.logs, bundles, onProgress, signal: options.signal });
  const inCache = (bundle: Bundle | undefined, ...rest: string[]): string => join(folders.cache, bundle?.folder ?? '', ...rest);
  const makers: Record<EngineName, () => Engine> = {
    kafka: () =>
      kafkaEngine({
        java: java?.path ?? 'java',
        jarFolder: inCache(kafkaJars[0]),
        kafkaFolder: folders.kafka,
        proxied: options.kafkaProxied,
        additions: options.kafkaAdditions,
      }),
    redis: () =>
      redisEngine({
        binary: redisBinary === '' ? inCache(redisFiles[0], 'redis-server') : redisBinary,
        redisFolder: folders.redis,
        moreArguments: options.redisArguments ?? [],
      }),
    clickhouse: () => clickHouseEngine({ clickhouseFolder: folders.clickhouse }),
  };
  return names.map((name) => makers[name]());
}

async function settlePorts(engines: readonly Engine[], folders: Folders, onProgress: (line: string) => void): Promise<Ports> {
  const roles: PortRole[] = engines.flatMap((engine) => engine.portRoles);
  const { ports, moved } = await choosePorts(roles, toPorts(await readJsonFile(join(folders.run, 'ports.json'))));
  for (const { role, from, to } of moved) onProgress(`${role}: port ${from} is taken, using ${to}`);
  return { ...preferredPorts, ...ports };
}

interface Parts {
  readonly given: Partial<EngineAddresses>;
  readonly engines: readonly Engine[];
  readonly ports: Ports;
  readonly runs: ReadonlyMap<EngineName, EngineRun>;
  readonly stop: () => Promise<void>;
}

function createHandle({ given, engines, ports, runs, stop }: Parts): LocalEngines {
  const addresses: EngineAddresses = { kafkaBrokers: '', redisUrl: '', clickhouseUrl: '', ...given };
  for (const engine of engines) addresses[addressFields[engine.name]] = engine.address(ports);
  const runOf = (name: EngineName): EngineRun => {
    const run = runs.get(name);
    if (run === undefined) throw new Error(`${name} was not started here.`);
    return run;
  };
  let stopped: Promise<void> | undefined;
  return {
    addresses,
    get processIds() {
      const ids: Partial<Record<EngineName, number>> = {};
      for (const [name, run] of runs) if (run.pid !== undefined) ids[name] = run.pid;
      return ids;
    },
    stop: () => (stopped ??= stop()),
    kill: async (name, signal = 'SIGKILL') => runOf(name).signal(signal),
    start: async (name) => runOf(name).start(),
  };
}
