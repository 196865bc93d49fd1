// Completes package-lock.json with the optional platform packages that a registry mirror did not carry, so that `npm ci` accepts the lock everywhere.
//
// npm writes no lock entry for an optional dependency that it cannot fetch, and `npm ci` then refuses the lock ("Missing: X@ from lock file").
// An entry that names version, os and cpu is enough: npm skips it on every other platform without fetching it.
// Run it after `npm install`: `npm run lockfile`. A test says when an entry is missing.
import { readFileSync, writeFileSync } from 'node:fs';

/** What of a lock entry matters here; all other fields are carried along. */
export interface LockEntry {
  readonly version?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export interface Lock {
  readonly packages: Readonly<Record<string, LockEntry>>;
}

/** An optional dependency that the lock wants and does not hold. */
export interface Missing {
  readonly name: string;
  readonly version: string;
  readonly dev: boolean;
}

const systems: Readonly<Record<string, string>> = {
  android: 'android',
  darwin: 'darwin',
  freebsd: 'freebsd',
  linux: 'linux',
  openharmony: 'openharmony',
  win32: 'win32',
  windows: 'win32',
};
const processors: Readonly<Record<string, string>> = {
  '64': 'x64',
  x64: 'x64',
  arm64: 'arm64',
  arm: 'arm',
  ia32: 'ia32',
  ppc64: 'ppc64',
  riscv64: 'riscv64',
  s390x: 's390x',
  loong64: 'loong64',
};

/** The optional dependencies that the lock names as wanted but does not hold. */
export function missingOptionals(lock: Lock): readonly Missing[] {
  return Object.entries(lock.packages).flatMap(([path, entry]) =>
    Object.entries(entry.optionalDependencies ?? {})
      .filter(([name]) => !isLocked(lock, path, name))
      .map(([name, version]) => ({ name, version, dev: entry.dev === true })),
  );
}

/** The lock entry of a platform package, its os, cpu and libc read from its name; throws where the name tells no platform. */
export function platformEntry({ name, version, dev }: Missing): LockEntry {
  const parts = name.slice(name.lastIndexOf('/') + 1).split('-');
  const os = parts.flatMap((part) => systems[part] ?? [])[0];
  const cpu = parts.flatMap((part) => processors[part] ?? [])[0];
  if (os === undefined || cpu === undefined || !/^\d/.test(version))
    throw new Error(`${name}@${version} names no platform: add its lock entry by hand`);
  const libc = parts.some((part) => part.startsWith('musl')) ? ['musl'] : parts.some((part) => part.startsWith('gnu')) ? ['glibc'] : undefined;
  return { version, cpu: [cpu], ...(dev ? { dev } : {}), ...(libc === undefined ? {} : { libc }), optional: true, os: [os] };
}

/** The lock with an entry for each missing optional dependency, in npm's order. */
export function completed(lock: Lock): Lock {
  const { '': project = {}, ...installed } = lock.packages;
  const added = missingOptionals(lock).map((missing) => [`node_modules/${missing.name}`, platformEntry(missing)] as const);
  const entries = [...Object.entries(installed), ...added].sort(([a], [b]) => a.localeCompare(b, 'en'));
  return { ...lock, packages: { '': project, ...Object.fromEntries(entries) } };
}

/** Whether node would find the package from the one at `from`, looking upwards through the node_modules folders of the lock. */
function isLocked(lock: Lock, from: string, name: string): boolean {
  for (let at = from; ; at = at.includes('/node_modules/') ? at.slice(0, at.lastIndexOf('/node_modules/')) : '') {
    if (`${at === '' ? '' : `${at}/`}node_modules/${name}` in lock.packages) return true;
    if (at === '') return false;
  }
}

if (import.meta.main) {
  const file = 'package-lock.json';
  const lock: Lock = JSON.parse(readFileSync(file, 'utf8'));
  const missing = missingOptionals(lock);
  if (missing.length > 0) writeFileSync(file, `${JSON.stringify(completed(lock), null, 2)}\n`);
  console.error(missing.length === 0 ? `${file} is complete.` : `${file}: added ${missing.length} optional packages.`);
}
