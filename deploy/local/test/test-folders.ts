// Folders for the tests: a fresh data folder each, and one cache for all, so that nothing is downloaded twice.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export const sharedCacheFolder = process.env['TIDEMARK_CACHE'] ?? resolve(import.meta.dirname, '../../../.tidemark/cache');

export async function makeTemporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'tidemark-local-'));
}

export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 3 });
}
