// The rooms of the project and which may import which: design.md §3 as a table.

const pure = ['core', 'definitions', 'codec', 'pipeline'];
const adapters = ['kafka', 'clickhouse', 'redis'];
const forServices = [...pure, ...adapters, 'runtime'];
const forLibraryTests = [...pure, 'runtime', 'testing', 'local'];

/** The rooms whose code must be a pure function of its arguments. */
export const pureRooms: readonly string[] = pure;

/** What the shipped code of each room may import, by room. A room that is not listed is unknown, which is a violation. */
export const mayImport: Readonly<Record<string, readonly string[]>> = {
  core: [],
  definitions: ['core'],
  codec: ['core'],
  pipeline: ['core', 'definitions', 'codec'],
  kafka: pure,
  clickhouse: pure,
  redis: pure,
  runtime: [],
  // Development only: it starts the local engines for tests and for the demo.
  testing: [...pure, 'local'],
  local: ['runtime'],
  worker: forServices,
  archiver: forServices,
  query: forServices,
  collector: forServices,
  // Its pages are a client of the contract; its tests run over the served world of the query service's own tests.
  dashboard: ['runtime', 'query'],
  cli: [...forServices, 'local', 'testing'],
  // Development only: what belongs to the root, the whole path on real engines, and its speed.
  house: [...forServices, 'testing', 'local'],
};

/** What tests and benchmarks of a room may import beyond its shipped code: any library and the local engines, but never another service, nor an adapter another adapter. */
export function testsMayImport(room: string): readonly string[] {
  const isService = ['worker', 'archiver', 'query', 'collector', 'dashboard', 'cli'].includes(room);
  return [...(mayImport[room] ?? []), ...forLibraryTests, ...(isService || room === 'testing' || room === 'local' ? adapters : [])];
}

/** The packages that only one room may import in shipped code (tests and benchmarks may as well). */
export const ownerRoomsOf: Readonly<Record<string, readonly string[]>> = {
  kafkajs: ['kafka', 'local', 'house'],
  '@clickhouse/client': ['clickhouse', 'local'],
  '@clickhouse/client-common': ['clickhouse', 'local'],
  ioredis: ['redis', 'local'],
  chdb: ['local'],
  vitest: ['testing', 'house'],
  'fast-check': ['testing'],
  testcontainers: ['testing'],
};

/** The built-in modules that a pure room may import: they compute, and touch neither clock nor outside world. */
export const pureBuiltins: readonly string[] = ['node:assert', 'node:assert/strict', 'node:buffer', 'node:crypto', 'node:util', 'node:zlib'];

/** The room of a path: the name of its workspace, `house` for what belongs to the root, undefined for files outside every room. */
export function roomOf(path: string): string | undefined {
  const [top, name] = path.split('/');
  if (name !== undefined && (top === 'libs' || top === 'services')) return name;
  if (top === 'deploy') return name === 'local' ? 'local' : 'house';
  return name === undefined ? 'house' : undefined;
}

/** The npm package of a specifier: `@scope/name` or `name`, without the path inside it. */
export function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}
