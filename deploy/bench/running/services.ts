/** The measured services as they are shipped: a worker and a query service on the measured core, each with an account of its processor time. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EngineAddresses } from '@tidemark/local';
import { type MeasuredProcess, startMeasured } from '../worker-throughput/measured-process.ts';
import { openStorePositions, type StorePositions } from '../worker-throughput/store-positions.ts';
import { migrate, partitionCount, serviceEnvironment } from '../worker-throughput/topic.ts';

export interface Deployed {
  readonly namespace: string;
  readonly topic: string;
  /** Of every program of it: for commands that are run on it. */
  readonly env: NodeJS.ProcessEnv;
  readonly stores: StorePositions & { lineage: string };
  /** Resolves when it has joined its group. */
  startWorker(): Promise<MeasuredProcess>;
  /** Resolves when it listens. */
  startQuery(): Promise<{ readonly process: MeasuredProcess; readonly address: string }>;
  /** Ends what was started here and still runs, and drops its tables. */
  stop(): Promise<void>;
}

export interface DeployOptions {
  readonly addresses: EngineAddresses;
  /** Letters, digits and `_`: topic prefix, Redis prefix and database. */
  readonly namespace: string;
  readonly metricsFile: string;
  /** Settings beyond the defaults. */
  readonly more?: Readonly<Record<string, string>>;
  readonly profileFolder: string | null;
  /** False: what was folded in this process is served, and there is no log. */
  readonly hasLog?: boolean;
}

const root = join(import.meta.dirname, '../../..');
const pollMs = 20;
const reachedWithinMs = 15 * 60_000;

/** Creates topic and tables where there is a log. */
export async function deploy(options: DeployOptions): Promise<Deployed> {
  const { addresses, namespace, metricsFile, more = {}, profileFolder, hasLog = true } = options;
  if (hasLog) await migrate(addresses, namespace, namespace);
  const stores = openStorePositions({ ...addresses, database: namespace, namespace, partitions: partitionCount });
  const running: MeasuredProcess[] = [];
  const env = serviceEnvironment(addresses, {
    TIDEMARK_NAMESPACE: namespace,
    TIDEMARK_CLICKHOUSE_DATABASE: namespace,
    TIDEMARK_METRICS: metricsFile,
    TIDEMARK_HTTP_PORT: '0',
    ...more,
  });
  const start = (path: string): MeasuredProcess => {
    const measured = startMeasured(join(root, path), { env, profileFolder });
    running.push(measured);
    return measured;
  };
  return {
    namespace,
    topic: `${namespace}.events`,
    env,
    stores,
    startWorker: async () => {
      const worker = start('services/worker/src/main.ts');
      const { lineages }: { lineages: readonly string[] } = JSON.parse(await worker.line('worker is up'));
      stores.lineage = lineages[0] ?? '';
      await worker.line('joined the group');
      return worker;
    },
    startQuery: async () => {
      const query = start('services/query/src/main.ts');
      const { address }: { address: string } = JSON.parse(await query.line('"address":'));
      return { process: query, address };
    },
    stop: async () => {
      await Promise.all(running.map((measured) => measured.stop()));
      await stores.wipeRedis();
      stores.close();
      await (await fetch(addresses.clickhouseUrl, { method: 'POST', body: `DROP DATABASE IF EXISTS ${namespace} SYNC` })).text();
    },
  };
}

/** Waits until each partition is as far as wanted. Throws after a quarter of an hour. */
export async function reaches(positions: () => Promise<readonly number[]>, wanted: readonly number[], what: string): Promise<void> {
  const startMs = performance.now();
  for (;;) {
    const at = await positions();
    if (wanted.every((end, partition) => (at[partition] ?? 0) >= end)) return;
    if (performance.now() - startMs > reachedWithinMs) throw new Error(`${what} stand at ${at.join(', ')} and not at ${wanted.join(', ')}`);
    await sleep(pollMs);
  }
}

/** A counter of a Prometheus page, summed over its labels that hold the text. */
export async function counterOf(metricsUrl: string, name: string, label = ''): Promise<number> {
  const text = await (await fetch(metricsUrl)).text();
  const lines = text.split('\n').filter((line) => line.startsWith(`tidemark_${name}`) && line.includes(label));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
