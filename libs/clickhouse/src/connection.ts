/** A connection to a ClickHouse server or to the local engine, and the one place where the driver's failures are translated. */
import { Agent } from 'node:https';
import { Readable } from 'node:stream';
import { type ClickHouseClient, type ClickHouseClientConfigOptions, ClickHouseError, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { StoreUnavailable } from '@tidemark/pipeline';

export interface ClickHouseOptions {
  /** `http://[user:password@]host:port`, or `https://`. */
  readonly url: string;
  /** Beside a URL that names no user. */
  readonly user?: string;
  readonly password?: string;
  /** Of an `https://` URL; without `ca` the certificates that Node trusts. A `cert` without a password is the login itself (ssl_certificate). */
  readonly tls?: TlsFiles;
  /** Letters, digits, `_`. `migrate` creates it. */
  readonly database: string;
  /** After this the outcome of a request counts as unknown; it may still be applied. Default 30,000. */
  readonly requestTimeoutMs?: number;
}

/** PEM texts; `cert` and `key` come together. */
export interface TlsFiles {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** ClickHouse refused the statement itself; sending it again changes nothing. `code` is ClickHouse's number. */
export class ClickHouseRefused extends Error {
  readonly code: number;
  constructor(code: number, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'ClickHouseRefused';
    this.code = code;
  }
}

/**
 * Codes that say that the statement or its data is wrong, or not allowed: nothing was written. With any other failure (too many parts, memory, a replica,
 * a limit of time) part of an insert may have been written, or will be: unknown, send it again.
 */
const REFUSALS = new Set([
  6, 8, 10, 16, 20, 26, 27, 33, 36, 38, 41, 42, 43, 44, 46, 47, 48, 50, 53, 62, 69, 70, 72, 73, 80, 115, 117, 130, 164, 192, 193, 194, 220, 349, 386,
  456, 457, 497, 516,
]);
/** No such table, no such database: programs of a new release may be up before its migrations are, and wait for them. */
const NOT_MIGRATED = new Set([60, 81]);
const MAX_CONNECTIONS = 10;
const DATABASE = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Throws StoreUnavailable when nobody answers. The database need not exist yet. */
export async function connectClickHouse(options: ClickHouseOptions): Promise<ClickHouseConnection> {
  if (!DATABASE.test(options.database))
    throw new RangeError(`a database is named by letters, digits and "_", not ${JSON.stringify(options.database)}`);
  const connection = new ClickHouseConnection(options);
  try {
    await connection.ping();
    return connection;
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/** Owns the driver's sockets. The driver repeats nothing by itself. */
export class ClickHouseConnection {
  readonly database: string;
  /** scheme://host:port, without credentials. */
  readonly address: string;
  readonly #client: ClickHouseClient;
  readonly #options: ClickHouseOptions;

  constructor(options: ClickHouseOptions) {
    this.#options = options;
    this.#client = clientOf(options, options.database);
    this.database = options.database;
    const { protocol, host } = new URL(options.url);
    this.address = `${protocol}//${host}`;
  }

  /** Throws StoreUnavailable when the server does not answer. */
  async ping(): Promise<void> {
    const answer = await this.#client.ping();
    if (!answer.success) throw this.failure(answer.error);
  }

  /** Rows of a SELECT as arrays of columns. `{name:Type}` in the text is bound from `params` on the server's side; 64-bit integers come as numbers. */
  async select(sql: string, params: Record<string, unknown> = {}): Promise<unknown[][]> {
    try {
      const result = await this.#client.query({ query: sql, format: 'JSONCompactEachRow', query_params: params });
      return await result.json<unknown[]>();
    } catch (error) {
      throw this.failure(error);
    }
  }

  /** A statement without rows in or out. */
  async run(sql: string): Promise<void> {
    await this.#command(this.#client, sql);
  }

  /** One insert, one block: all of `rows` or nothing. Throws StoreUnavailable also when the server counted fewer rows than were sent. */
  async insert(table: string, columns: readonly [string, ...string[]], rows: readonly (readonly unknown[])[]): Promise<void> {
    await this.#insert(rows.length, () => this.#client.insert({ table, columns: [...columns], values: [...rows], format: 'JSONCompactEachRow' }));
  }

  /** The same of rows that are already text: TabSeparated with its escapes, the only text format that carries any bytes. */
  async insertBytes(table: string, columns: readonly [string, ...string[]], tabSeparated: readonly Buffer[], count: number): Promise<void> {
    const values = (): Readable => Readable.from(tabSeparated, { objectMode: false });
    await this.#insert(count, () => this.#client.insert({ table, columns: [...columns], values: values(), format: 'TabSeparated' }));
  }

  async createDatabase(): Promise<void> {
    const outside = clientOf(this.#options, 'default');
    try {
      await this.#command(outside, `CREATE DATABASE IF NOT EXISTS ${this.database}`);
    } finally {
      await outside.close();
    }
  }

  async close(): Promise<void> {
    await this.#client.close();
  }

  /** A refusal is the server's definite answer; anything else leaves the outcome unknown. */
  failure(error: unknown): Error {
    if (error instanceof StoreUnavailable || error instanceof ClickHouseRefused) return error;
    const message = error instanceof Error ? error.message : String(error);
    const code = error instanceof ClickHouseError ? Number(error.code) : Number.NaN;
    const fix = NOT_MIGRATED.has(code) ? '; apply the migrations of schemas/clickhouse (`node services/archiver/src/migrate.ts`)' : '';
    const text = `ClickHouse at ${this.address}: ${message.slice(0, 500)}${fix}`;
    return REFUSALS.has(code) ? new ClickHouseRefused(code, text, { cause: error }) : new StoreUnavailable('clickhouse', text, { cause: error });
  }

  async #command(client: ClickHouseClient, sql: string): Promise<void> {
    try {
      await client.command({ query: sql });
    } catch (error) {
      throw this.failure(error);
    }
  }

  async #insert(count: number, send: () => Promise<{ summary?: { written_rows: string } }>): Promise<void> {
    let written: number;
    try {
      // A materialized view's rows are counted too, hence at least. A server behind a proxy that drops the summary is believed.
      written = Number((await send()).summary?.written_rows ?? count);
    } catch (error) {
      throw this.failure(error);
    }
    if (written < count) throw new StoreUnavailable('clickhouse', `ClickHouse at ${this.address} wrote ${written} of ${count} rows`);
  }
}

function clientOf(options: ClickHouseOptions, database: string): ClickHouseClient {
  return createClient({
    url: options.url,
    database,
    ...loginOf(options),
    request_timeout: options.requestTimeoutMs ?? 30_000,
    // Half of the time after which servers close an idle connection.
    keep_alive: { enabled: true, idle_socket_ttl: 1_500 },
    compression: { request: false, response: false },
    max_open_connections: MAX_CONNECTIONS,
    log: { level: ClickHouseLogLevel.OFF },
    clickhouse_settings: {
      // Answered when written, and errors before the first byte of an answer.
      async_insert: 0,
      wait_end_of_query: 1,
      // A block sent again must be counted as written; ReplacingMergeTree makes it harmless.
      insert_deduplicate: 0,
      // Above all that one insert carries here, whatever the server's profile says: an insert is one block.
      max_insert_block_size: '1048576',
      min_insert_block_size_rows: '1048576',
      min_insert_block_size_bytes: '268435456',
      output_format_json_quote_64bit_integers: 0,
    },
  });
}

/** The driver has no room for a certificate beside a password, nor for one without a CA: with files of TLS it gets an agent of ours. */
function loginOf({ url, user, password, tls }: ClickHouseOptions): Partial<ClickHouseClientConfigOptions> {
  const credentials = { ...(user === undefined ? {} : { username: user }), ...(password === undefined ? {} : { password }) };
  const inUrl = new URL(url);
  if (tls === undefined || inUrl.protocol !== 'https:') return credentials;
  const agent = { http_agent: new Agent({ ...tls, keepAlive: true, maxSockets: MAX_CONNECTIONS }) };
  if (tls.cert === undefined || password !== undefined || inUrl.password !== '') return { ...credentials, ...agent };
  const name = user ?? (inUrl.username === '' ? 'default' : decodeURIComponent(inUrl.username));
  const headers = { 'X-ClickHouse-User': name, 'X-ClickHouse-SSL-Certificate-Auth': 'on' };
  return { ...credentials, ...agent, set_basic_auth_header: false, http_headers: headers };
}
