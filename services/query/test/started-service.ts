/** The query service as a process of its own over real stores, as it is deployed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';

export interface StartedService {
  /** Where it answers, http://host:port. */
  readonly base: string;
  stop(): Promise<void>;
}

/** Over two partitions, on a free port. The name is that of namespace and database alike; `metrics` is the path of a definition file. */
export async function startService(options: {
  readonly addresses: { readonly redisUrl: string; readonly clickhouseUrl: string };
  readonly name: string;
  readonly metrics: string;
}): Promise<StartedService> {
  const child = spawn(process.execPath, [resolve(import.meta.dirname, '../src/main.ts')], {
    env: {
      PATH: process.env['PATH'],
      TIDEMARK_REDIS_URL: options.addresses.redisUrl,
      TIDEMARK_CLICKHOUSE_URL: options.addresses.clickhouseUrl,
      TIDEMARK_CLICKHOUSE_DATABASE: options.name,
      TIDEMARK_NAMESPACE: options.name,
      TIDEMARK_PARTITIONS: '2',
      TIDEMARK_METRICS: options.metrics,
      TIDEMARK_HTTP_PORT: '0',
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  for await (const line of createInterface({ input: child.stderr })) {
    const { address, msg } = JSON.parse(line) as { address?: string; msg: string };
    if (address !== undefined) {
      // Read on, so that the service never waits for its log.
      child.stderr.resume();
      return {
        base: address,
        async stop() {
          child.kill();
          if (child.exitCode === null) await once(child, 'exit');
        },
      };
    }
    if (msg.includes('failed')) throw new Error(line);
  }
  throw new Error('the service has ended');
}
