/** Checks whether this machine can run the engines, and whether they answer: each failing check says its fix in one sentence. */
import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, readFile, statfs } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { freemem } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { type Bundle, bundleProblem, kafkaBundle, redisBundle } from './artifacts.ts';
import { mavenMissing } from './download.ts';
import { addressFields, type EngineAddresses, type EngineName, engineNames } from './engine.ts';
import { type Folders, foldersOf } from './folders.ts';
import { findJava, javaProblem } from './java.ts';
import { readJsonFile } from './json-file.ts';
import { lockOwner } from './owner-lock.ts';
import { isPortFree, portRoles, preferredPorts, toPorts } from './ports.ts';
import { probeEngine } from './probe-engine.ts';

export interface Check {
  name: string;
  ok: boolean;
  detail: string;
  fix?: string;
}

export interface CheckMachineOptions {
  dataFolder: string;
  given?: Partial<EngineAddresses>;
  /** Default: `<dataFolder>/cache`. */
  cacheFolder?: string;
  /** Default: the environment's TIDEMARK_REDIS_BINARY. */
  redisBinary?: string;
}

interface Situation {
  readonly folders: Folders;
  readonly given: Partial<EngineAddresses>;
  /** The engines that a start here would run itself. */
  readonly own: ReadonlySet<EngineName>;
  readonly redisBinary: string;
  /** The process that runs the engines of this folder now. */
  readonly ownerPid: number | undefined;
}

const gib = 1024 ** 3;

/** Never rejects for what it finds; a check that cannot be made is a failing check. */
export async function checkMachine(options: CheckMachineOptions): Promise<Check[]> {
  const folders = foldersOf(options);
  const given = options.given ?? {};
  const situation: Situation = {
    folders,
    given,
    own: new Set(engineNames.filter((name) => (given[addressFields[name]] ?? '') === '')),
    redisBinary: options.redisBinary ?? process.env['TIDEMARK_REDIS_BINARY'] ?? '',
    ownerPid: (await lockOwner(join(folders.run, 'owner.json')))?.pid,
  };
  const groups = await Promise.all([
    checkNode(),
    checkJava(situation),
    checkCache(situation),
    checkRedisBinary(situation),
    checkClickHouseEngine(situation),
    checkMemory(situation),
    checkDisk(situation),
    checkPorts(situation),
    ...engineNames.map((name) => checkEngine(situation, name)),
  ]);
  return groups.flat();
}

function checkNode(version = process.versions.node): Check[] {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const ok = major > 22 || (major === 22 && minor >= 22);
  return [check('node', ok, `Node ${version}`, 'Run npm ci in the project: it brings a Node 24 that its scripts use.')];
}

async function checkJava({ own }: Situation): Promise<Check[]> {
  if (!own.has('kafka')) return [];
  const java = await findJava();
  const problem = javaProblem(java);
  return [check('java', problem === undefined, java === undefined ? 'no Java found' : `Java ${java.major} (${java.path})`, problem ?? '')];
}

/** Every file of the cache against its pinned SHA-256, and Maven where something has to be downloaded. */
async function checkCache(situation: Situation): Promise<Check[]> {
  const checks: Check[] = [];
  let isComplete = true;
  for (const bundle of bundlesOf(situation)) {
    const problem = await bundleProblem(situation.folders.cache, bundle, 'hashes');
    if (problem !== undefined) isComplete = false;
    const detail = problem === undefined ? `${bundle.folder} is whole` : `${bundle.folder}: ${problem === 'absent' ? 'not downloaded yet' : problem}`;
    const fix = `Remove ${join(situation.folders.cache, bundle.folder)}; the next start downloads it again.`;
    checks.push(check('cache', problem === undefined || problem === 'absent', detail, fix));
  }
  return isComplete ? checks : [...checks, await checkMaven()];
}

async function checkMaven(): Promise<Check> {
  const answer = await run('mvn', ['-B', '-v']);
  return check('maven', answer !== undefined, answer?.split('\n')[0] ?? 'no Maven found', mavenMissing);
}

function bundlesOf({ own, redisBinary }: Situation): Bundle[] {
  const bundles = own.has('kafka') ? [kafkaBundle()] : [];
  if (!own.has('redis') || redisBinary !== '') return bundles;
  try {
    return [...bundles, redisBundle()];
  } catch {
    return bundles;
  }
}

/** The binary is dynamically linked, so that it may be whole and yet not run. */
async function checkRedisBinary(situation: Situation): Promise<Check[]> {
  if (!situation.own.has('redis')) return [];
  let path = situation.redisBinary;
  if (path === '') {
    try {
      path = join(situation.folders.cache, redisBundle().folder, 'redis-server');
    } catch (error) {
      return [check('redis-server', false, 'no binary for this machine', error instanceof Error ? error.message : String(error))];
    }
    if (!(await isReadable(path))) return [];
  }
  const answer = await run(path, ['--version']);
  const fix = 'Install libssl 3, or set TIDEMARK_REDIS_BINARY to a redis-server that runs here, or TIDEMARK_REDIS_URL to a running Redis.';
  return [check('redis-server', answer !== undefined, answer?.trim().split(' sha=')[0] ?? `${path} does not run`, fix)];
}

async function checkClickHouseEngine({ own }: Situation): Promise<Check[]> {
  if (!own.has('clickhouse')) return [];
  const require = createRequire(import.meta.url);
  const machine = `${process.platform}-${process.arch}${process.platform === 'linux' ? '-gnu' : ''}`;
  const fix =
    'Run npm ci; the engine exists for Linux with glibc and for macOS (x64 and arm64), elsewhere set TIDEMARK_CLICKHOUSE_URL to a running server.';
  try {
    const library = join(dirname(createRequire(require.resolve('chdb')).resolve(`@chdb/lib-${machine}/package.json`)), 'libchdb.so');
    return [check('clickhouse engine', await isReadable(library), `chdb for ${machine}`, fix)];
  } catch {
    return [check('clickhouse engine', false, `chdb has no engine installed for ${machine}`, fix)];
  }
}

async function checkMemory({ own, ownerPid }: Situation): Promise<Check[]> {
  if (ownerPid !== undefined || own.size === 0) return [];
  const available = await availableMemoryBytes();
  const fix = 'Free memory, or run the engines elsewhere and set TIDEMARK_KAFKA_BROKERS, TIDEMARK_REDIS_URL and TIDEMARK_CLICKHOUSE_URL.';
  return [check('memory', available >= 2.3 * gib, `${(available / gib).toFixed(1)} GiB available, 2.3 GiB needed`, fix)];
}

async function availableMemoryBytes(): Promise<number> {
  const text = await readFile('/proc/meminfo', 'utf8').catch(() => '');
  const kib = /^MemAvailable:\s+(\d+) kB/m.exec(text)?.[1];
  return kib === undefined ? freemem() : Number(kib) * 1024;
}

async function checkDisk({ folders }: Situation): Promise<Check[]> {
  let folder = folders.data;
  while (!(await isReadable(folder)) && dirname(folder) !== folder) folder = dirname(folder);
  const writable = await access(folder, constants.W_OK).then(
    () => true,
    () => false,
  );
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  return [
    check('data folder', writable, folders.data, `Make ${folder} writable for this user.`),
    check(
      'disk',
      free >= 2 * gib,
      `${(free / gib).toFixed(1)} GiB free, 2 GiB needed`,
      `Free space on the disk of ${folder}, or use another data folder.`,
    ),
  ];
}

/** A taken port is no failure: the start takes another one. */
async function checkPorts({ folders, own, ownerPid }: Situation): Promise<Check[]> {
  if (own.size === 0) return [];
  if (ownerPid !== undefined) return [check('ports', true, `in use by the running engines (process ${ownerPid})`, '')];
  const remembered = toPorts(await readJsonFile(join(folders.run, 'ports.json')));
  const states = portRoles.map(async (role) => {
    const port = remembered[role] ?? preferredPorts[role];
    return `${role} ${port}${(await isPortFree(port)) ? '' : ' (taken, another one will be used)'}`;
  });
  return [check('ports', true, (await Promise.all(states)).join(', '), '')];
}

/** A given engine must answer; one of our own must answer while its owner runs. */
async function checkEngine({ folders, given, own, ownerPid }: Situation, name: EngineName): Promise<Check[]> {
  if (own.has(name) && ownerPid === undefined) return [check(name, true, 'not running; the next start starts it', '')];
  const ports = { ...preferredPorts, ...toPorts(await readJsonFile(join(folders.run, 'ports.json'))) };
  const address = own.has(name) ? `127.0.0.1:${ports[name]}` : (given[addressFields[name]] ?? '');
  const answers = await probeEngine(name, address, 3_000);
  const fix = own.has(name)
    ? `Look at ${join(folders.logs, `${name}.log`)} and start again.`
    : `Start the ${name} at ${address}, or unset its variable to run one here.`;
  return [check(name, answers, answers ? `answers at ${address}` : `does not answer at ${address}`, fix)];
}

function check(name: string, ok: boolean, detail: string, fix: string): Check {
  return ok ? { name, ok, detail } : { name, ok, detail, fix };
}

/** Standard output of a program that ended well; undefined otherwise. */
async function run(file: string, args: string[]): Promise<string | undefined> {
  try {
    return (await promisify(execFile)(file, args, { timeout: 20_000 })).stdout;
  } catch {
    return undefined;
  }
}

async function isReadable(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
