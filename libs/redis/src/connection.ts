/** A connection to Redis with the options that exactness needs, and the one place where the driver's failures are translated. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { StoreFull, StoreUnavailable } from '@tidemark/pipeline';
import { Cluster, type RedisOptions as DriverOptions, Redis } from 'ioredis';

export interface RedisOptions {
  /** `redis://[user:password@]host:port[/db]`, or `rediss://`. Of a cluster any of its nodes: the others are found by asking it. */
  readonly url: string;
  /** Beside a URL that names no user. */
  readonly user?: string;
  readonly password?: string;
  /** Of a `rediss://` URL; without `ca` the certificates that Node trusts. */
  readonly tls?: TlsFiles;
  /** The first part of every key, after `tidemark`. Letters, digits, `_`, `.`, `-`. */
  readonly namespace: string;
  /** After this the outcome of a command counts as unknown; it may still run. Default 5,000. */
  readonly commandTimeoutMs?: number;
}

/** PEM texts; `cert` and `key` come together. */
export interface TlsFiles {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** Redis understood the command and refused it whole; sending it again changes nothing until somebody acts. `code` is the first word of its answer, such as WRONGTYPE. */
export class RedisRefused extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.name = 'RedisRefused';
    this.code = code;
  }
}

export interface Script {
  readonly text: string;
  readonly sha: string;
}

/** What a reply is made of when buffers are asked for. */
export type Reply = Buffer | number | null | Reply[];
type Argument = string | Buffer | number;

/** Replies that say "not now": the node is starting, busy, not the primary, or cannot persist. */
const PASSING_CODES = new Set(['LOADING', 'BUSY', 'TRYAGAIN', 'CLUSTERDOWN', 'MASTERDOWN', 'READONLY', 'NOREPLICAS', 'MISCONF', 'MOVED', 'ASK']);
const NAMESPACE = /^[A-Za-z0-9_.-]+$/;

/** The Lua text of a file in `scripts/`. */
export function loadScript(name: string): Script {
  const text = readFileSync(new URL(`./scripts/${name}.lua`, import.meta.url), 'utf8');
  return { text, sha: createHash('sha1').update(text).digest('hex') };
}

/** Opens a connection. Throws StoreUnavailable when nobody answers, and an Error when the server may evict keys: it would forget figures silently. */
export async function connectRedis(options: RedisOptions): Promise<RedisConnection> {
  if (!NAMESPACE.test(options.namespace))
    throw new RangeError(`a namespace is made of letters, digits, "_", "." and "-", not ${JSON.stringify(options.namespace)}`);
  const single = new Redis(options.url, { ...driverOptions(options), retryStrategy, enableOfflineQueue: false });
  const connection = await opened(single, options);
  if ((await informationOf(connection, single, 'cluster')).get('cluster_enabled') !== '1') return connection;
  await connection.close();
  return await opened(clusterOf(options), options);
}

const retryStrategy = (attempt: number): number => Math.min(50 * attempt, 1_000);

function driverOptions(options: RedisOptions): Omit<DriverOptions, 'replyMapping'> {
  return {
    lazyConnect: true,
    ...(options.user === undefined ? {} : { username: options.user }),
    ...(options.password === undefined ? {} : { password: options.password }),
    ...(new URL(options.url).protocol === 'rediss:' ? { tls: tlsOf(options) } : {}),
    // A command in flight when the connection breaks has an unknown outcome: the protocol decides what to send again, never the driver.
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    commandTimeout: options.commandTimeoutMs ?? 5_000,
    connectTimeout: options.commandTimeoutMs ?? 5_000,
    disableClientInfo: true,
    protocol: 2,
  };
}

/** Of a cluster: what a node refuses because the slot is another's goes there, which is certain; everything else is the caller's matter, as with a single server. */
function clusterOf(options: RedisOptions): Cluster {
  const { hostname, port, username, password, pathname } = new URL(options.url);
  if (pathname.length > 1 && pathname !== '/0')
    throw new Error(`Redis at ${addressOf(options.url)} is a cluster, which has database 0 alone: leave ${pathname} out`);
  const fromUrl = {
    ...(username === '' ? {} : { username: decodeURIComponent(username) }),
    ...(password === '' ? {} : { password: decodeURIComponent(password) }),
  };
  return new Cluster([{ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 6379) }], {
    lazyConnect: true,
    enableOfflineQueue: false,
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    slotsRefreshInterval: SLOTS_REFRESH_MS,
    slotsRefreshTimeout: options.commandTimeoutMs ?? 5_000,
    clusterRetryStrategy: retryStrategy,
    clusterNodeRetryStrategy: retryStrategy,
    redisOptions: { ...fromUrl, ...driverOptions(options) },
  });
}

/** How soon a failover is noticed that no command has met. */
const SLOTS_REFRESH_MS = 2_000;

async function opened(client: Redis | Cluster, options: RedisOptions): Promise<RedisConnection> {
  // Every failed command throws for itself; without a listener the driver prints. Before the first command this tells why there is no connection.
  let lastError: unknown = null;
  client.on('error', (error: unknown) => {
    lastError = error;
  });
  const connection = new RedisConnection(client, options);
  try {
    await client.connect().catch((error: unknown) => {
      throw connection.failure(lastError ?? error);
    });
    for (const node of mastersOf(client)) refuseEviction(await informationOf(connection, node, 'memory'), options);
  } catch (error) {
    client.disconnect();
    throw error;
  }
  return connection;
}

/** A single server is its own only node. */
function mastersOf(client: Redis | Cluster): readonly Redis[] {
  return client instanceof Cluster ? client.nodes('master') : [client];
}

/** Owns the socket, or those to the nodes of a cluster. Reconnects by itself; until then every call throws StoreUnavailable at once. */
export class RedisConnection {
  readonly namespace: string;
  /** host:port/db, without credentials. */
  readonly address: string;
  readonly isCluster: boolean;
  readonly #client: Redis | Cluster;
  readonly #passwords: readonly string[];

  constructor(client: Redis | Cluster, { namespace, url, password = '' }: RedisOptions) {
    this.#client = client;
    this.isCluster = client instanceof Cluster;
    this.namespace = namespace;
    this.address = addressOf(url);
    this.#passwords = [...passwordsOf(url), ...(password === '' ? [] : [password])];
  }

  /** One command, binary safe. */
  async call(command: string, ...args: Argument[]): Promise<Reply> {
    try {
      return toReply(await this.#client.callBuffer(command, ...args));
    } catch (error) {
      throw this.failure(error);
    }
  }

  /** What `work` calls before it returns leaves in one write: each write of its own wakes the server, which costs more than a small command. */
  together<Result>(work: () => Result): Result {
    const stream = this.#client instanceof Cluster ? undefined : this.#client.stream;
    stream?.cork();
    try {
      return work();
    } finally {
      stream?.uncork();
    }
  }

  /** Runs a script by its hash alone; sends its text only when the server does not know it. */
  async run(script: Script, keys: readonly string[], args: readonly Argument[]): Promise<Reply> {
    try {
      return await this.call('EVALSHA', script.sha, keys.length, ...keys, ...args);
    } catch (error) {
      if (!(error instanceof RedisRefused) || error.code !== 'NOSCRIPT') throw error;
      return await this.call('EVAL', script.text, keys.length, ...keys, ...args);
    }
  }

  /** Throws StoreUnavailable when the server, or a node of the cluster, does not answer. */
  async ping(): Promise<void> {
    try {
      await Promise.all(mastersOf(this.#client).map((node) => node.call('PING')));
    } catch (error) {
      throw this.failure(error);
    }
  }

  async close(): Promise<void> {
    this.#client.disconnect();
  }

  /**
   * A refusal is Redis's own definite answer; anything else (timeout, broken or absent connection) leaves the outcome unknown.
   * The driver's error is not kept as the cause: it carries the command with all of its arguments, passwords included.
   */
  failure(error: unknown): Error {
    if (error instanceof StoreUnavailable || error instanceof RedisRefused) return error;
    const told = error instanceof Error ? error.message : String(error);
    // A server that does not know AUTH quotes what it was sent.
    const message = this.#passwords.reduce((text, password) => text.replaceAll(password, '***'), told);
    const code = error instanceof Error && error.name === 'ReplyError' ? codeOf(message) : null;
    const text = `Redis at ${this.address}: ${message.slice(0, 500)}`;
    if (code === 'OOM') return new StoreFull('redis', `${text}: raise maxmemory, or retire lineages`);
    if (code !== null && !PASSING_CODES.has(code)) return new RedisRefused(code, text);
    return new StoreUnavailable('redis', text);
  }
}

/** The first word of a reply, also where Redis 6 wraps a script's failure: `ERR Error running script (call to f_…): @user_script:9: @user_script: 9: -OOM …`. */
function codeOf(message: string): string {
  const wrapped = /@user_script: ?\d+: -?([A-Z]{2,})\b/.exec(message)?.[1];
  return wrapped ?? /^-?([A-Z]{2,})\b/.exec(message)?.[1] ?? 'ERR';
}

/** A section of INFO, which also a user of few rights, and the user of a hosted server, may ask; where neither may, it is empty. */
async function informationOf(connection: RedisConnection, node: Redis, section: string): Promise<ReadonlyMap<string, string>> {
  const text = await node.call('INFO', section).catch((error: unknown) => {
    const failure = connection.failure(error);
    if (failure instanceof RedisRefused) return '';
    throw failure;
  });
  return new Map([...String(text).matchAll(/^(\w+):(.*?)\r?$/gm)].map(([, name = '', value = '']) => [name, value]));
}

/** Where nobody may ask, their operator answers for the policy. */
function refuseEviction(memory: ReadonlyMap<string, string>, { url }: RedisOptions): void {
  const policy = memory.get('maxmemory_policy') ?? 'noeviction';
  if (policy !== 'noeviction')
    throw new Error(`Redis at ${addressOf(url)} may evict keys (maxmemory-policy ${policy}): set maxmemory-policy noeviction.`);
}

/** The name is sent along, so that a server of several names shows the right certificate. */
function tlsOf({ url, tls }: RedisOptions): ConnectionOptions {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
  return { ...tls, ...(isIP(host) === 0 ? { servername: host } : {}) };
}

function addressOf(url: string): string {
  const { hostname, port, pathname } = new URL(url);
  return `${hostname}:${port || '6379'}${pathname === '/' ? '' : pathname}`;
}

/** As it is written in the URL, and as it is sent. */
function passwordsOf(url: string): readonly string[] {
  const { password } = new URL(url);
  if (password === '') return [];
  try {
    return [decodeURIComponent(password), password];
  } catch {
    return [password];
  }
}

function toReply(value: unknown): Reply {
  if (value === null || typeof value === 'number' || Buffer.isBuffer(value)) return value;
  if (Array.isArray(value)) return value.map(toReply);
  throw new TypeError(`Redis answered with a ${typeof value}`);
}
