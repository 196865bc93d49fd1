/** Fills the cache by Maven: into a temporary folder, checked against the pinned hashes, then renamed; damage is noticed and repaired. */
import { spawn } from 'node:child_process';
import { chmod, mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Bundle, bundleHash, bundleProblem, completeMarker, fileProblem } from './artifacts.ts';
import { fieldOf } from './json-file.ts';
import { type OwnerLock, takeOwnerLock } from './owner-lock.ts';
import { readZipEntry } from './zip-entry.ts';

const dependencyPlugin = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';
const mavenTimeoutMs = 15 * 60_000;

export interface DownloadOptions {
  readonly cacheFolder: string;
  readonly logFolder: string;
  readonly bundles: readonly Bundle[];
  readonly onProgress: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Makes sure that the cache holds every bundle whole. Throws one sentence with the fix when it cannot. */
export async function ensureBundles(options: DownloadOptions): Promise<void> {
  if ((await brokenBundles(options, () => undefined)).length === 0) return;
  await mkdir(options.cacheFolder, { recursive: true });
  const lock = await waitForDownloadLock(options);
  try {
    // Looked at again: another start may have filled the cache while this one waited.
    const broken = await brokenBundles(options, options.onProgress);
    if (broken.length > 0) await download(options, broken);
  } finally {
    await lock.release();
  }
}

async function brokenBundles(options: DownloadOptions, onProgress: (line: string) => void): Promise<Bundle[]> {
  const broken: Bundle[] = [];
  for (const bundle of options.bundles) {
    const problem = await bundleProblem(options.cacheFolder, bundle, 'sizes');
    if (problem === undefined) continue;
    broken.push(bundle);
    if (problem !== 'absent') onProgress(`${bundle.folder} in the cache is damaged (${problem}), fetching it again`);
  }
  return broken;
}

async function waitForDownloadLock(options: DownloadOptions): Promise<OwnerLock> {
  const path = join(options.cacheFolder, 'download.lock');
  for (let told = false; ; told = true) {
    options.signal?.throwIfAborted();
    const outcome = await takeOwnerLock(path);
    if ('held' in outcome) {
      if (outcome.repaired) options.onProgress('a stale download lock was removed');
      return outcome.held;
    }
    if (!told) options.onProgress(`waiting for process ${outcome.heldBy}, which is filling the same cache`);
    await sleep(250);
  }
}

async function download(options: DownloadOptions, bundles: readonly Bundle[]): Promise<void> {
  const startedAt = performance.now();
  options.onProgress(`downloading ${bundles.map(({ folder }) => folder).join(' and ')} by Maven`);
  const work = join(options.cacheFolder, 'download');
  const repository = join(options.cacheFolder, 'm2');
  let problem: string | undefined;
  for (let attempt = 0; attempt < 2; attempt++) {
    // The second attempt starts from an empty repository: the first may have copied a damaged jar out of it.
    if (attempt > 0) await rm(repository, { recursive: true, force: true });
    await rm(work, { recursive: true, force: true });
    await mkdir(join(work, 'jars'), { recursive: true });
    await runMaven(options, { work, repository, bundles });
    problem = await jarProblem(work, bundles);
    if (problem === undefined) break;
    options.onProgress(`the download is damaged (${problem})`);
  }
  if (problem !== undefined) {
    throw new Error(
      `What Maven downloaded is not what this project pinned (${problem}); look at the proxy or mirror that Maven uses, then try again.`,
    );
  }
  for (const bundle of bundles) await placeBundle(options.cacheFolder, work, bundle);
  await rm(work, { recursive: true, force: true });
  options.onProgress(`downloaded in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
}

async function jarProblem(work: string, bundles: readonly Bundle[]): Promise<string | undefined> {
  for (const jar of bundles.flatMap((bundle) => bundle.jars)) {
    const problem = await fileProblem(join(work, 'jars'), jar, 'hashes');
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** The marker is written last, and inside the folder that is then renamed: a bundle is whole or not there. */
async function placeBundle(cacheFolder: string, work: string, bundle: Bundle): Promise<void> {
  const from = join(work, bundle.folder);
  await mkdir(from);
  if (bundle.executable === undefined) {
    for (const { file } of bundle.files) await rename(join(work, 'jars', file), join(from, file));
  } else {
    const path = join(from, bundle.executable.file);
    await writeFile(path, await readZipEntry(join(work, 'jars', bundle.executable.jar), bundle.executable.entry));
    await chmod(path, 0o755);
  }
  await writeFile(join(from, completeMarker), `${bundleHash(bundle)}\n`);
  const to = join(cacheFolder, bundle.folder);
  await rm(to, { recursive: true, force: true });
  await rename(from, to);
}

/** A pom with the bundles' dependencies; Redis's jar is wanted alone, without the client that it depends on. */
export function createPom(bundles: readonly Bundle[]): string {
  const dependency = (bundle: Bundle, coordinates: string): string => {
    const [groupId, artifactId, version] = coordinates.split(':');
    const alone =
      bundle.executable === undefined ? '' : '<exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions>';
    return `<dependency><groupId>${groupId}</groupId><artifactId>${artifactId}</artifactId><version>${version}</version>${alone}</dependency>`;
  };
  return `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>tidemark</groupId><artifactId>local-engines</artifactId><version>1</version><packaging>pom</packaging>
<dependencies>
${bundles.flatMap((bundle) => bundle.dependencies.map((coordinates) => dependency(bundle, coordinates))).join('\n')}
</dependencies></project>
`;
}

async function runMaven(options: DownloadOptions, job: { work: string; repository: string; bundles: readonly Bundle[] }): Promise<void> {
  await writeFile(join(job.work, 'pom.xml'), createPom(job.bundles));
  const logPath = join(options.logFolder, 'maven.log');
  const log = await open(logPath, 'w');
  const args = [
    ...['-q', '-B', '-ntp', `-Dmaven.repo.local=${job.repository}`, '-f', join(job.work, 'pom.xml'), dependencyPlugin],
    ...['-DincludeScope=runtime', `-DoutputDirectory=${join(job.work, 'jars')}`],
  ];
  try {
    const signal = AbortSignal.any([AbortSignal.timeout(mavenTimeoutMs), ...(options.signal === undefined ? [] : [options.signal])]);
    // Nothing may be written outside the cache: no performance data and no temporary files in /tmp.
    const mavenOptions = `${process.env.MAVEN_OPTS ?? ''} -XX:-UsePerfData -Djava.io.tmpdir=${job.work}`.trim();
    await new Promise<void>((resolve, reject) => {
      const environment = { ...process.env, MAVEN_OPTS: mavenOptions };
      const child = spawn('mvn', args, { stdio: ['ignore', log.fd, log.fd], cwd: job.work, env: environment, signal });
      child.once('error', (error) => reject(error));
      child.once('exit', (code, ended) => (code === 0 ? resolve() : reject(new Error(ended ?? `exit code ${code}`))));
    });
  } catch (error) {
    options.signal?.throwIfAborted();
    if (fieldOf(error, 'code') === 'ENOENT') throw new Error(mavenMissing);
    throw new Error(await mavenFailure(logPath));
  } finally {
    await log.close();
  }
}

export const mavenMissing =
  'Maven is needed once, to download Kafka and Redis; install it, e.g. apt-get install maven, or set TIDEMARK_KAFKA_BROKERS and TIDEMARK_REDIS_URL to running servers.';

async function mavenFailure(logPath: string): Promise<string> {
  const lines = (await readFile(logPath, 'utf8')).split('\n').filter((line) => line.trim() !== '');
  const reason = (lines.find((line) => line.includes('ERROR')) ?? lines[0] ?? 'it said nothing').replace(/^\[?ERROR\]?:?\s*/, '').slice(0, 300);
  return `Maven could not download Kafka and Redis (${reason}); see ${logPath}, check the network, or set TIDEMARK_KAFKA_BROKERS and TIDEMARK_REDIS_URL to running servers.`;
}
