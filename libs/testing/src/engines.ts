/** Real engines for integration tests: those that the environment names, else local ones in a temporary folder, started once for a test file. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type EngineAddresses, type EngineName, type LocalEngines, startLocalEngines } from '@tidemark/local';

export { startLossyLine } from './lossy-line.ts';

export interface AcquiredEngines {
  /** An engine that was not asked for has an empty address. */
  readonly addresses: EngineAddresses;
  /** The engines started here, for fault tests; an engine that the environment names cannot be killed. */
  readonly local: LocalEngines;
  /** Stops what was started here and removes its folder. Engines that the environment names go on. */
  release(): Promise<void>;
}

/** Tests share what was downloaded once. */
const CACHE_FOLDER = resolve(import.meta.dirname, '../../../.tidemark/cache');

/** TIDEMARK_TEST_KAFKA_BROKERS, TIDEMARK_TEST_REDIS_URL and TIDEMARK_TEST_CLICKHOUSE_URL name engines to use as they are; tests keep to namespaces of their own. */
export async function acquireEngines(only: readonly EngineName[]): Promise<AcquiredEngines> {
  const dataFolder = await mkdtemp(join(tmpdir(), 'tidemark-engines-'));
  const remove = (): Promise<void> => rm(dataFolder, { recursive: true, force: true });
  try {
    const local = await startLocalEngines({ dataFolder, cacheFolder: CACHE_FOLDER, only, given: addressesOf(process.env) });
    const release = async (): Promise<void> => {
      await local.stop();
      await remove();
    };
    return { addresses: local.addresses, local, release };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** So many more Redis servers with arguments of their own, each at its port if that is free. End them with `release`. */
export async function startRedisServers(options: {
  readonly ports: readonly number[];
  readonly redisArguments: readonly string[];
}): Promise<{ readonly servers: readonly LocalEngines[]; release(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-engines-'));
  const servers: LocalEngines[] = [];
  const release = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.stop()));
    await rm(folder, { recursive: true, force: true });
  };
  try {
    for (const port of options.ports) {
      const dataFolder = join(folder, String(port));
      await mkdir(join(dataFolder, 'run'), { recursive: true });
      await writeFile(join(dataFolder, 'run/ports.json'), JSON.stringify({ redis: port }));
      servers.push(await startLocalEngines({ dataFolder, cacheFolder: CACHE_FOLDER, only: ['redis'], redisArguments: options.redisArguments }));
    }
    return { servers, release };
  } catch (error) {
    await release();
    throw error;
  }
}

/** A name for a namespace or database that no other test uses, also on engines that are kept. */
export function uniqueName(prefix: string): string {
  return `${prefix}_${process.pid}_${Math.floor(performance.timeOrigin + performance.now()).toString(36)}`;
}

function addressesOf(environment: NodeJS.ProcessEnv): Partial<EngineAddresses> {
  return {
    kafkaBrokers: environment['TIDEMARK_TEST_KAFKA_BROKERS'] ?? '',
    redisUrl: environment['TIDEMARK_TEST_REDIS_URL'] ?? '',
    clickhouseUrl: environment['TIDEMARK_TEST_CLICKHOUSE_URL'] ?? '',
  };
}
