/** Which commands a user may not run on the namespace's keys, found out by running them in a way that leaves nothing. */
import { randomBytes } from 'node:crypto';
import { type RedisConnection, RedisRefused } from './connection.ts';

export interface RedisDenial {
  /** In lower case, as ACL rules name it. */
  readonly command: string;
  /** What the rules lack: the command itself, or the keys that begin with `tidemark:<namespace>:`. */
  readonly lacks: 'command' | 'keys';
}

/** A string with a time to live: a write of another type is let through or not, and then fails on it. */
const SCRATCH_TTL_MS = 10_000;
const NO_SCRIPT = '0'.repeat(40);

/** Arguments by command: `scratch` is the string, `absent` a key that does not exist. */
const ARGUMENTS: Readonly<Record<string, (scratch: string, absent: string) => readonly string[]>> = {
  ping: () => [],
  info: () => ['memory'],
  eval: (scratch) => ['return 1', '1', scratch],
  evalsha: (scratch) => [NO_SCRIPT, '1', scratch],
  set: (scratch) => [scratch, '1', 'PX', String(SCRATCH_TTL_MS), 'NX'],
  get: (scratch) => [scratch],
  exists: (scratch) => [scratch],
  hget: (scratch) => [scratch, 'field'],
  hmget: (scratch) => [scratch, 'field'],
  hgetall: (scratch) => [scratch],
  hkeys: (scratch) => [scratch],
  hvals: (scratch) => [scratch],
  hlen: (scratch) => [scratch],
  hscan: (scratch) => [scratch, '0'],
  hset: (scratch) => [scratch, 'field', '1'],
  hsetnx: (scratch) => [scratch, 'field', '1'],
  hdel: (scratch) => [scratch, 'field'],
  smembers: (scratch) => [scratch],
  sismember: (scratch) => [scratch, 'member'],
  sscan: (scratch) => [scratch, '0'],
  scard: (scratch) => [scratch],
  sadd: (scratch) => [scratch, 'member'],
  srem: (scratch) => [scratch, 'member'],
  xadd: (scratch) => [scratch, '*', 'field', '1'],
  xrange: (scratch) => [scratch, '-', '+', 'COUNT', '1'],
  xrevrange: (scratch) => [scratch, '+', '-', 'COUNT', '1'],
  expire: (_, absent) => [absent, '10'],
  pexpire: (_, absent) => [absent, '10000'],
  persist: (_, absent) => [absent],
  del: (_, absent) => [absent],
  unlink: (_, absent) => [absent],
};
/** They would make a key of their own if the scratch string were not there. */
const MAKERS = new Set(['hset', 'hsetnx', 'sadd', 'xadd']);

/** The denials among `commands`, each of which `ARGUMENTS` must know. Throws StoreUnavailable when Redis does not answer. */
export async function deniedRedisCommands(connection: RedisConnection, commands: readonly string[]): Promise<readonly RedisDenial[]> {
  const scratch = `tidemark:${connection.namespace}:doctor:${randomBytes(9).toString('base64url')}`;
  const absent = `${scratch}:absent`;
  const denials: RedisDenial[] = [];
  const run = async (command: string): Promise<boolean> => {
    const argumentsOf = ARGUMENTS[command];
    if (argumentsOf === undefined) throw new Error(`nobody has said how ${command} is tried out: add it to libs/redis/src/permissions.ts`);
    const lacks = await lackOf(() => connection.call(command, ...argumentsOf(scratch, absent)));
    if (lacks !== null) denials.push({ command, lacks });
    return lacks === null;
  };
  const hasScratch = commands.includes('set') && (await run('set'));
  for (const command of commands) if (command !== 'set' && (hasScratch || !MAKERS.has(command))) await run(command);
  // What is not permitted leaves the string to its time to live.
  if (hasScratch) for (const command of ['unlink', 'del']) if ((await lackOf(() => connection.call(command, scratch))) === null) break;
  return denials;
}

async function lackOf(call: () => Promise<unknown>): Promise<RedisDenial['lacks'] | null> {
  try {
    await call();
    return null;
  } catch (error) {
    if (!(error instanceof RedisRefused)) throw error;
    // Any other refusal comes from a command that ran.
    if (error.code !== 'NOPERM') return null;
    return /\bkeys?\b/.test(error.message) && !/\bcommand\b/.test(error.message) ? 'keys' : 'command';
  }
}
