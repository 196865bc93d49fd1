// Completes package-lock.json with the optional platform packages that a registry mirror did not carry, so that `npm ci` accepts the lock everywhere.
//
// npm writes no lock entry for an optional dependency that it cannot fetch, and `npm ci` then refuses the lock ("Missing: X@ from lock file").
// An entry that names version, os and cpu is enough: npm skips it on every other platform without fetching it.
// Run it after `npm install`; with --check it changes nothing and fails when an entry is missing.
import { readFileSync, writeFileSync } from 'node:fs';
import { argv, exit, stderr } from 'node:process';
import { fileURLToPath } from 'node:url';

/** @typedef {{ version?: string, dev?: boolean, optional?: boolean, os?: string[], cpu?: string[], libc?: string[], optionalDependencies?: Record<string, string> }} LockEntry */
/** @typedef {{ packages: Record<string, LockEntry> }} Lock */

const systems = {
  android: 'android',
  darwin: 'darwin',
  freebsd: 'freebsd',
  linux: 'linux',
  openharmony: 'openharmony',
  win32: 'win32',
  windows: 'win32',
};
const processors = {
  64: 'x64',
  x64: 'x64',
  arm64: 'arm64',
  arm: 'arm',
  ia32: 'ia32',
  ppc64: 'ppc64',
  riscv64: 'riscv64',
  s390x: 's390x',
  loong64: 'loong64',
};

/**
 * Whether node would find `name` from the package at `from`, looking upwards through the node_modules folders of the lock.
 * @param {Lock} lock
 * @param {string} from
 * @param {string} name
 */
function isLocked(lock, from, name) {
  let at = from;
  for (;;) {
    if (`${at === '' ? '' : `${at}/`}node_modules/${name}` in lock.packages) return true;
    if (at === '') return false;
    at = at.includes('/node_modules/') ? at.slice(0, at.lastIndexOf('/node_modules/')) : '';
  }
}

/**
 * The optional dependencies that the lock names as wanted but does not hold.
 * @param {Lock} lock
 * @returns {{ name: string, version: string, dev: boolean }[]}
 */
export function missingOptionals(lock) {
  const missing = [];
  for (const [path, entry] of Object.entries(lock.packages)) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      if (!isLocked(lock, path, name)) missing.push({ name, version, dev: entry.dev === true });
    }
  }
  return missing;
}

/**
 * The lock entry of a platform package, its os, cpu and libc read from its name; throws where the name tells no platform.
 * @param {{ name: string, version: string, dev: boolean }} wanted
 * @returns {LockEntry}
 */
export function platformEntry({ name, version, dev }) {
  const parts = name.slice(name.lastIndexOf('/') + 1).split('-');
  const os = parts.map((part) => systems[part]).find((found) => found !== undefined);
  const cpu = parts.map((part) => processors[part]).find((found) => found !== undefined);
  if (os === undefined || cpu === undefined || !/^\d/.test(version))
    throw new Error(`${name}@${version} names no platform: add its lock entry by hand`);
  const libc = parts.some((part) => part.startsWith('musl')) ? ['musl'] : parts.some((part) => part.startsWith('gnu')) ? ['glibc'] : undefined;
  return { version, cpu: [cpu], ...(dev ? { dev } : {}), ...(libc ? { libc } : {}), optional: true, os: [os] };
}

/** @param {string} file */
function complete(file, checkOnly) {
  const lock = JSON.parse(readFileSync(file, 'utf8'));
  const missing = missingOptionals(lock);
  if (missing.length === 0) return 0;
  if (checkOnly) {
    stderr.write(`package-lock.json lacks ${missing.length} optional packages (${missing[0]?.name} …): run \`node deploy/house/lockfile.mjs\`.\n`);
    return 1;
  }
  for (const wanted of missing) lock.packages[`node_modules/${wanted.name}`] = platformEntry(wanted);
  const { '': root, ...rest } = lock.packages;
  lock.packages = { '': root, ...Object.fromEntries(Object.entries(rest).sort(([a], [b]) => a.localeCompare(b, 'en'))) };
  writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
  stderr.write(`package-lock.json: added ${missing.length} optional packages.\n`);
  return 0;
}

if (argv[1] === fileURLToPath(import.meta.url))
  exit(complete(argv[2] && !argv[2].startsWith('-') ? argv[2] : 'package-lock.json', argv.includes('--check')));
