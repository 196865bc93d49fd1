/** Where the local engines keep their files: everything lies below one data folder, downloads in a cache that may be shared. */
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';

/** Absolute paths. */
export interface Folders {
  readonly data: string;
  readonly cache: string;
  readonly kafka: string;
  readonly redis: string;
  readonly clickhouse: string;
  readonly logs: string;
  readonly run: string;
}

export function foldersOf(options: { dataFolder: string; cacheFolder?: string | undefined }): Folders {
  const data = resolve(options.dataFolder);
  return {
    data,
    cache: resolve(options.cacheFolder ?? join(data, 'cache')),
    kafka: join(data, 'kafka'),
    redis: join(data, 'redis'),
    clickhouse: join(data, 'clickhouse'),
    logs: join(data, 'logs'),
    run: join(data, 'run'),
  };
}

/** Makes the folders every start needs; an engine makes its own when it starts. */
export async function makeFolders(folders: Folders): Promise<void> {
  for (const folder of [folders.data, folders.cache, folders.logs, folders.run]) {
    await mkdir(folder, { recursive: true });
  }
}
