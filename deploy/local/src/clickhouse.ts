/** The ClickHouse engine in its owner process: its configuration and its readiness. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Engine, engineEnvironment } from './engine.ts';

/** Header with which the owner names its process, so that the runner knows its own owner from another on the same port. */
export const processIdHeader = 'x-tidemark-process-id';

const NICENESS = '5';

export function clickHouseEngine(place: { clickhouseFolder: string }): Engine {
  return {
    name: 'clickhouse',
    portRoles: ['clickhouse'],
    address: (ports) => `http://127.0.0.1:${ports.clickhouse}`,
    async prepare(ports) {
      const dataFolder = join(place.clickhouseFolder, 'data');
      const configPath = join(place.clickhouseFolder, 'config.xml');
      await mkdir(dataFolder, { recursive: true });
      await writeFile(configPath, createClickHouseConfig());
      return {
        // Where processors are few, Kafka and Redis go before it: people wait for them, and its merges wait for nobody.
        file: 'nice',
        args: [
          ...['-n', NICENESS, process.execPath],
          ...[
            '--max-old-space-size=384',
            '--max-semi-space-size=8',
            '--disable-warning=ExperimentalWarning',
            join(import.meta.dirname, 'clickhouse-owner.ts'),
          ],
          ...['--data', dataFolder, '--config', configPath, '--port', String(ports.clickhouse)],
        ],
        cwd: place.clickhouseFolder,
        // Dates without a zone read as on a server; queries block threads of libuv's pool, so it gets more than they may take.
        environment: engineEnvironment({ TZ: 'UTC', UV_THREADPOOL_SIZE: '8' }),
      };
    },
    async isReady(ports, pid) {
      const answer = await probeClickHouse({ url: `http://127.0.0.1:${ports.clickhouse}`, timeoutMs: 2_000 });
      return answer !== undefined && answer.processId === String(pid);
    },
  };
}

/** Caches and memory for a small machine; ClickHouse's own defaults reserve gigabytes. */
function createClickHouseConfig(): string {
  const settings: Record<string, number> = {
    max_server_memory_usage: 900 * 1024 * 1024,
    mark_cache_size: 32 * 1024 * 1024,
    index_mark_cache_size: 8 * 1024 * 1024,
    uncompressed_cache_size: 0,
    query_condition_cache_size: 8 * 1024 * 1024,
    max_thread_pool_size: 200,
  };
  const lines = Object.entries(settings).map(([name, value]) => `  <${name}>${value}</${name}>`);
  return `<clickhouse>\n${lines.join('\n')}\n</clickhouse>\n`;
}

/** SELECT 1; undefined when nobody answers it within the time. `processId` is null for a server that is not our owner. */
export async function probeClickHouse(options: { url: string; timeoutMs: number }): Promise<{ processId: string | null } | undefined> {
  try {
    const { origin, pathname, username, password } = new URL(options.url);
    const headers =
      username === '' ? undefined : { 'x-clickhouse-user': decodeURIComponent(username), 'x-clickhouse-key': decodeURIComponent(password) };
    const response = await fetch(`${origin}${pathname}`, {
      method: 'POST',
      body: 'SELECT 1',
      signal: AbortSignal.timeout(options.timeoutMs),
      ...(headers === undefined ? {} : { headers }),
    });
    const text = await response.text();
    return response.ok && text.trim() === '1' ? { processId: response.headers.get(processIdHeader) } : undefined;
  } catch {
    return undefined;
  }
}
