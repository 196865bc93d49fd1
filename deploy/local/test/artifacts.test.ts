// The pinned downloads: the list is sound, and every kind of damage in the cache has its phrase.
import { createHash } from 'node:crypto';
import { mkdir, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Bundle, bundleHash, bundleProblem, completeMarker, kafkaBundle, redisBundle } from '../src/artifacts.ts';
import { makeTemporaryFolder, removeFolder } from './test-folders.ts';

const content = 'the jar';
const bundle: Bundle = {
  name: 'kafka',
  folder: 'kafka-0',
  dependencies: [],
  jars: [],
  files: [{ file: 'a.jar', bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') }],
};
let cache: string;

beforeEach(async () => {
  cache = await makeTemporaryFolder();
  await mkdir(join(cache, bundle.folder));
  await writeFile(join(cache, bundle.folder, 'a.jar'), content);
  await writeFile(join(cache, bundle.folder, completeMarker), `${bundleHash(bundle)}\n`);
});

afterEach(async () => removeFolder(cache));

test('a whole bundle has no problem, at either depth', async () => {
  expect(await bundleProblem(cache, bundle, 'sizes')).toBeUndefined();
  expect(await bundleProblem(cache, bundle, 'hashes')).toBeUndefined();
});

test('an empty cache is absent, a folder without its marker was not finished, another list is another version', async () => {
  await rm(join(cache, bundle.folder, completeMarker));
  expect(await bundleProblem(cache, bundle, 'sizes')).toBe('its download was not finished');
  await writeFile(join(cache, bundle.folder, completeMarker), 'another');
  expect(await bundleProblem(cache, bundle, 'sizes')).toBe('it is of another version');
  await rm(join(cache, bundle.folder), { recursive: true });
  expect(await bundleProblem(cache, bundle, 'sizes')).toBe('absent');
});

test('a short or missing file is seen by its size, a changed one by its hash', async () => {
  await writeFile(join(cache, bundle.folder, 'a.jar'), 'THE JAR');
  expect(await bundleProblem(cache, bundle, 'sizes')).toBeUndefined();
  expect(await bundleProblem(cache, bundle, 'hashes')).toBe('a.jar has the wrong SHA-256');
  await truncate(join(cache, bundle.folder, 'a.jar'), 3);
  expect(await bundleProblem(cache, bundle, 'sizes')).toBe('a.jar has the wrong size');
  await rm(join(cache, bundle.folder, 'a.jar'));
  expect(await bundleProblem(cache, bundle, 'sizes')).toBe('a.jar is missing');
});

test('every pinned file has its size and SHA-256, once', () => {
  const machines = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64'];
  const files = [...kafkaBundle().files, ...machines.flatMap((machine) => redisBundle(machine).files)];
  for (const { bytes, sha256 } of files) {
    expect(bytes).toBeGreaterThan(0);
    expect(sha256).toMatch(/^[0-9a-f]{64}$/);
  }
  expect(new Set(files.map(({ sha256 }) => sha256)).size).toBe(files.length);
});

test('a machine without a Redis in the artifact gets a sentence with the fix', () => {
  expect(() => redisBundle('win32-x64')).toThrow(/win32-x64; set TIDEMARK_REDIS_BINARY/);
});
