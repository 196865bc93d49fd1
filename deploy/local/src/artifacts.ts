/** The pinned downloads (maven-artifacts.json) and whether the cache holds them whole: sizes at each start, hashes in doctor. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import pinned from '../maven-artifacts.json' with { type: 'json' };

export interface PinnedFile {
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}

export type BundleName = 'kafka' | 'redis';

/** One folder of the cache: `files` as they lie in it, `jars` as Maven delivers them. */
export interface Bundle {
  readonly name: BundleName;
  readonly folder: string;
  readonly dependencies: readonly string[];
  readonly jars: readonly PinnedFile[];
  readonly files: readonly PinnedFile[];
  /** The jar's entry that becomes the executable `redis-server`. */
  readonly executable?: { readonly jar: string; readonly entry: string; readonly file: string };
}

export const completeMarker = 'complete.json';

export function kafkaBundle(): Bundle {
  return { name: 'kafka', ...pinned.kafka, files: pinned.kafka.jars };
}

/** Throws a sentence on a machine for which the artifact carries no Redis. */
export function redisBundle(machine = `${process.platform}-${process.arch}`): Bundle {
  const { folder, dependencies, jars } = pinned.redis;
  const binary = new Map<string, PinnedFile>(Object.entries(pinned.redis.binaries)).get(machine);
  const jar = jars[0]?.file;
  if (binary === undefined || jar === undefined) {
    throw new Error(`No Redis is at hand for ${machine}; set TIDEMARK_REDIS_BINARY to a redis-server or TIDEMARK_REDIS_URL to a running Redis.`);
  }
  const file = 'redis-server';
  return { name: 'redis', folder, dependencies, jars, files: [{ ...binary, file }], executable: { jar, entry: binary.file, file } };
}

/** What identifies a bundle's content: the marker of another list does not count as complete. */
export function bundleHash(bundle: Bundle): string {
  return createHash('sha256')
    .update(bundle.files.map(({ file, sha256 }) => `${file} ${sha256}`).join('\n'))
    .digest('hex');
}

/** A phrase for what is wrong with the bundle in the cache; undefined when it is whole. */
export async function bundleProblem(cacheFolder: string, bundle: Bundle, depth: 'sizes' | 'hashes'): Promise<'absent' | string | undefined> {
  const folder = join(cacheFolder, bundle.folder);
  const marker = await readMarker(folder);
  if (marker === undefined) return (await exists(folder)) ? 'its download was not finished' : 'absent';
  if (marker !== bundleHash(bundle)) return 'it is of another version';
  for (const file of bundle.files) {
    const problem = await fileProblem(folder, file, depth);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** A phrase for what is wrong with one file; undefined when it is as pinned. */
export async function fileProblem(folder: string, file: PinnedFile, depth: 'sizes' | 'hashes'): Promise<string | undefined> {
  const path = join(folder, file.file);
  try {
    if ((await stat(path)).size !== file.bytes) return `${file.file} has the wrong size`;
  } catch {
    return `${file.file} is missing`;
  }
  if (depth === 'sizes') return undefined;
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex') === file.sha256 ? undefined : `${file.file} has the wrong SHA-256`;
}

async function readMarker(folder: string): Promise<string | undefined> {
  try {
    return (await readFile(join(folder, completeMarker), 'utf8')).trim();
  } catch {
    return undefined;
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
