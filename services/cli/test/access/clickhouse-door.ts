/** Users before the local ClickHouse engine, which has none: TLS, a login, and the grants of a list held against the text of each statement. */
import { readFileSync } from 'node:fs';
import { request as forward, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { TLSSocket } from 'node:tls';
import type { ClickHouseUser } from './access-lists.ts';
import type { Certificates } from './certificates.ts';

export interface ClickHouseDoor {
  readonly url: string;
  /** What was refused, one line each. */
  readonly refusals: readonly string[];
  close(): Promise<void>;
}

export interface DoorOptions {
  readonly engineUrl: string;
  readonly certificates: Certificates;
  readonly users: ReadonlyMap<string, ClickHouseUser>;
  readonly passwordOf: (user: string) => string;
  readonly database: string;
}

export async function openClickHouseDoor(options: DoorOptions): Promise<ClickHouseDoor> {
  const refusals: string[] = [];
  const { caFile, serverCertFile, serverKeyFile } = options.certificates;
  const files = { ca: readFileSync(caFile), cert: readFileSync(serverCertFile), key: readFileSync(serverKeyFile) };
  // Whoever comes shows a certificate; who has no password beside it is who the certificate says.
  const server = createServer({ ...files, requestCert: true, rejectUnauthorized: true }, (request, response) => {
    void answer(options, refusals, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `https://127.0.0.1:${portOf(server)}`, refusals, close: () => new Promise((resolve) => closed(server, resolve)) };
}

async function answer(options: DoorOptions, refusals: string[], request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  const url = new URL(request.url ?? '/', 'http://127.0.0.1');
  if (url.pathname === '/ping') return pass(options.engineUrl, { request, response, body });
  const certified = request.headers['x-clickhouse-ssl-certificate-auth'] === 'on' && request.headers.authorization === undefined;
  if (certified) return rows(response, [[`${String(request.headers['x-clickhouse-user'])} of ${certifiedName(request)}`]]);
  const [name = '', password = ''] = Buffer.from(request.headers.authorization?.replace(/^Basic /, '') ?? '', 'base64')
    .toString()
    .split(':');
  const user = options.users.get(name);
  if (user === undefined || password !== options.passwordOf(name))
    return refuse(response, 516, `${name}: Authentication failed (AUTHENTICATION_FAILED)`);
  const sql = url.searchParams.get('query') ?? body.toString('utf8', 0, 200_000);
  if (sql.startsWith('SELECT currentUser()')) return rows(response, [[name]]);
  if (sql.includes('FROM system.settings'))
    return rows(
      response,
      ['readonly', 'max_execution_time', 'max_memory_usage'].map((setting) => [setting, user.settings[setting] ?? '0']),
    );
  const asked = /^CHECK GRANT (.*) ON (\S+)/.exec(sql);
  if (asked !== null) return rows(response, [[user.grants.has(`${asked[1]} on ${asked[2]}`) ? 1 : 0]]);
  const missing = neededBy(sql, options.database).find((need) => !holds(user, need));
  if (missing === undefined) return pass(options.engineUrl, { request, response, body });
  refusals.push(`${name} ${missing}: ${sql.slice(0, 200).replaceAll(/\s+/g, ' ')}`);
  return refuse(response, 497, `${name}: Not enough privileges. To execute this query, it's necessary to have the grant ${missing} (ACCESS_DENIED)`);
}

function certifiedName({ socket }: IncomingMessage): string {
  return socket instanceof TLSSocket ? String(socket.getPeerCertificate().subject.CN) : 'nobody';
}

/** `PRIVILEGE on database.table` of each table that the text names. */
function neededBy(sql: string, database: string): string[] {
  const text = sql.trimStart();
  const tablesAfter = (words: RegExp): string[] =>
    [...text.matchAll(words)]
      .map(([, name = '']) => (name.includes('.') ? name : `${database}.${name}`))
      .filter((name) => !name.startsWith('system.'));
  const created = /^CREATE (DATABASE|TABLE|(?:MATERIALIZED )?VIEW)/i.exec(text)?.[1]?.toUpperCase();
  if (created !== undefined) return [`CREATE ${created.replace('MATERIALIZED ', '')} on ${database}.*`];
  const read = tablesAfter(/\b(?:FROM|JOIN)\s+([a-z_][\w.]*)\b(?!\s*\()/gi).map((table) => `SELECT on ${table}`);
  if (/^INSERT/i.test(text)) return [...tablesAfter(/^INSERT\s+INTO\s+(?:TABLE\s+)?([a-z_][\w.]*)/gi).map((table) => `INSERT on ${table}`), ...read];
  if (/^(?:SELECT|WITH)\b/i.test(text) || /name="query"/.test(text)) return read;
  return [`${text.split(/\s/, 2).join(' ').toUpperCase()} on ${database}.*`];
}

function holds({ grants }: ClickHouseUser, need: string): boolean {
  return grants.has(need) || grants.has(need.replace(/\.\w+$/, '.*'));
}

function pass(engineUrl: string, call: { request: IncomingMessage; response: ServerResponse; body: Buffer }): void {
  const { request, response, body } = call;
  const { authorization: _, host: __, 'transfer-encoding': ___, ...headers } = request.headers;
  const onward = forward(
    new URL(request.url ?? '/', engineUrl),
    { method: request.method ?? 'GET', headers: { ...headers, 'content-length': body.length } },
    (answered) => {
      response.writeHead(answered.statusCode ?? 502, answered.headers);
      answered.pipe(response);
    },
  );
  onward.on('error', () => response.destroy());
  onward.end(body);
}

function rows(response: ServerResponse, values: readonly (readonly unknown[])[]): void {
  response.writeHead(200, { 'content-type': 'application/x-ndjson' }).end(values.map((row) => `${JSON.stringify(row)}\n`).join(''));
}

function refuse(response: ServerResponse, code: number, message: string): void {
  response.writeHead(403, { 'X-ClickHouse-Exception-Code': String(code) }).end(`Code: ${code}. DB::Exception: ${message} (version 26.7.1.1)\n`);
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function closed(server: Server, done: () => void): void {
  server.close(() => done());
  server.closeAllConnections();
}
