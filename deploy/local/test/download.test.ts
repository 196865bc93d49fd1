// Filling the cache: the pom names what is pinned, and a missing or failing Maven is one sentence with the fix.
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { kafkaBundle, redisBundle } from '../src/artifacts.ts';
import { createPom, ensureBundles } from '../src/download.ts';
import { makeTemporaryFolder, removeFolder } from './test-folders.ts';

let cacheFolder: string;

beforeEach(async () => {
  cacheFolder = await makeTemporaryFolder();
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await removeFolder(cacheFolder);
});

function fill(onProgress: (line: string) => void = () => undefined): Promise<void> {
  return ensureBundles({ cacheFolder, logFolder: cacheFolder, bundles: [redisBundle('linux-x64')], onProgress });
}

/** A program named mvn, alone on the PATH, that runs these shell lines. */
async function fakeMaven(lines: string): Promise<void> {
  const folder = join(cacheFolder, 'bin');
  await mkdir(folder);
  await writeFile(join(folder, 'mvn'), `#!/bin/sh\n${lines}\n`);
  await chmod(join(folder, 'mvn'), 0o755);
  vi.stubEnv('PATH', folder);
}

test('the pom names the pinned versions, and Redis without what it depends on', () => {
  const pom = createPom([kafkaBundle(), redisBundle('linux-x64')]);
  expect(pom).toContain('<artifactId>kafka_2.13</artifactId><version>4.3.1</version></dependency>');
  expect(pom).toContain('<artifactId>embedded-redis</artifactId><version>1.4.3</version><exclusions>');
});

test('without Maven the start fails with the way to get it', async () => {
  vi.stubEnv('PATH', '/nonexistent');
  await expect(fill()).rejects.toThrow(/^Maven is needed once, .*apt-get install maven, or set TIDEMARK_KAFKA_BROKERS and TIDEMARK_REDIS_URL/);
});

test('when Maven fails, its first error is in the sentence', async () => {
  await fakeMaven('echo "[INFO] trying"; echo "[ERROR] Unknown host nowhere"; echo "[ERROR] more"; exit 1');
  await expect(fill()).rejects.toThrow(/^Maven could not download Kafka and Redis \(Unknown host nowhere\); see .*maven\.log/);
});

test('a jar that is not the pinned one is fetched once more and then refused', async () => {
  await fakeMaven('for a in "$@"; do case "$a" in -DoutputDirectory=*) echo x > "${a#*=}/embedded-redis-1.4.3.jar";; esac; done');
  const lines: string[] = [];
  await expect(fill((line) => lines.push(line))).rejects.toThrow(
    /is not what this project pinned \(embedded-redis-1\.4\.3\.jar has the wrong size\)/,
  );
  expect(lines.filter((line) => line.startsWith('the download is damaged'))).toHaveLength(2);
});

test('a lock left by a download that died is removed', async () => {
  await writeFile(join(cacheFolder, 'download.lock'), JSON.stringify({ pid: process.pid, start: 'long ago' }));
  vi.stubEnv('PATH', '/nonexistent');
  const lines: string[] = [];
  await expect(fill((line) => lines.push(line))).rejects.toThrow('Maven is needed once');
  expect(lines[0]).toBe('a stale download lock was removed');
});
