/** ClickHouse's HTTP protocol on loopback, over one engine: answers, summaries and errors as a server gives them. */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import { processIdHeader } from './clickhouse.ts';
import type { ClickHouseEngine, Outcome } from './clickhouse-engine.ts';
import { EngineError, engineError, httpStatusOf } from './clickhouse-errors.ts';
import { readStatementRequest } from './clickhouse-request.ts';

export interface ClickHouseServerOptions {
  readonly engine: Pick<ClickHouseEngine, 'run'>;
  readonly version: string;
  /** One line per error. */
  readonly log: (line: string) => void;
}

const maxStatementsAtOnce = 100;

export function createClickHouseServer(options: ClickHouseServerOptions): Server {
  let atOnce = 0;
  // Longer than the clients' own limits, so that it is they who close an idle connection.
  const server = createServer({ keepAliveTimeout: 30_000, requestTimeout: 300_000, maxHeaderSize: 1024 * 1024 }, (request, response) => {
    atOnce++;
    response.once('close', () => atOnce--);
    void respond(options, { request, response, isOverloaded: atOnce > maxStatementsAtOnce });
  });
  return server;
}

async function respond(
  options: ClickHouseServerOptions,
  call: { request: IncomingMessage; response: ServerResponse; isOverloaded: boolean },
): Promise<void> {
  const { request, response } = call;
  response.setHeader(processIdHeader, process.pid);
  response.setHeader('X-ClickHouse-Timezone', 'UTC');
  response.setHeader('X-ClickHouse-Server-Display-Name', 'tidemark-local');
  try {
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (isForeign(request)) return sendText(response, 403, 'Only programs on this machine may ask, not web pages.\n');
    if (url.pathname === '/ping') return sendText(response, 200, 'Ok.\n');
    if (url.pathname !== '/') return sendText(response, 404, `There is no handle ${url.pathname}\n`);
    if (request.method === 'GET' && url.searchParams.size === 0) return sendText(response, 200, 'Ok.\n');
    if (request.method !== 'GET' && request.method !== 'POST') return sendText(response, 405, 'Use GET or POST.\n');
    if (call.isOverloaded) throw engineError(202, 'TOO_MANY_SIMULTANEOUS_QUERIES', 'Too many simultaneous queries.');
    const { statement, queryId, wantsGzip } = await readStatementRequest(request, url);
    response.setHeader('X-ClickHouse-Query-Id', (queryId ?? randomUUID()).replaceAll(/[^\x20-\x7e]/g, '?'));
    await sendOutcome(response, await options.engine.run(statement), wantsGzip);
  } catch (error) {
    sendError(options, response, error);
  }
}

/** A web page in the developer's browser can reach loopback too; it must not run SQL. */
function isForeign(request: IncomingMessage): boolean {
  const { host, origin } = request.headers;
  const site = request.headers['sec-fetch-site'];
  const fromPage = origin !== undefined || (site !== undefined && site !== 'none');
  return fromPage || !/^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?$/.test(host ?? '');
}

async function sendOutcome(response: ServerResponse, outcome: Outcome, wantsGzip: boolean): Promise<void> {
  response.setHeader('X-ClickHouse-Format', outcome.format);
  response.setHeader('X-ClickHouse-Summary', createSummary(outcome));
  response.setHeader('Content-Type', contentTypeOf(outcome.format));
  const packed =
    wantsGzip && outcome.bytes.length > 0
      ? await promisify<Uint8Array, object, Buffer>(gzip)(outcome.bytes, { level: constants.Z_BEST_SPEED })
      : undefined;
  if (packed !== undefined) response.setHeader('Content-Encoding', 'gzip');
  const body = packed ?? outcome.bytes;
  response.writeHead(200, { 'Content-Length': body.length }).end(body);
}

/** Numbers as text, as ClickHouse writes them. */
export function createSummary(outcome: Outcome): string {
  return JSON.stringify({
    read_rows: String(outcome.readRows),
    read_bytes: String(outcome.readBytes),
    written_rows: String(outcome.writtenRows),
    written_bytes: String(outcome.writtenBytes),
    total_rows_to_read: '0',
    result_rows: String(outcome.writtenRows > 0 ? outcome.writtenRows : outcome.readRows),
    result_bytes: String(outcome.writtenBytes > 0 ? outcome.writtenBytes : outcome.bytes.length),
    elapsed_ns: String(Math.round(outcome.elapsedSeconds * 1e9)),
  });
}

function sendError(options: ClickHouseServerOptions, response: ServerResponse, error: unknown): void {
  const failure =
    error instanceof EngineError ? error : engineError(1002, 'UNKNOWN_EXCEPTION', error instanceof Error ? error.message : String(error));
  const status = httpStatusOf(failure.code);
  options.log(`error code=${failure.code} status=${status} ${failure.message.replaceAll(/\s+/g, ' ').slice(0, 400)}`);
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.setHeader('X-ClickHouse-Exception-Code', failure.code);
  // A body that was not read to its end would be taken for the next request.
  if (!response.req.complete) response.setHeader('Connection', 'close');
  sendText(response, status, `${failure.message} (version ${options.version} (official build))\n`);
}

function sendText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=UTF-8', 'Content-Length': Buffer.byteLength(text) }).end(text);
}

function contentTypeOf(format: string): string {
  if (/^JSON(?:Compact)?(?:Strings)?EachRow/.test(format)) return 'application/x-ndjson; charset=UTF-8';
  if (format.startsWith('JSON')) return 'application/json; charset=UTF-8';
  if (format.startsWith('CSV')) return 'text/csv; charset=UTF-8; header=absent';
  if (/^(?:TabSeparated|TSV)/.test(format)) return 'text/tab-separated-values; charset=UTF-8';
  return /^(?:Native|RowBinary|Parquet|Arrow|ORC|Avro)/.test(format) ? 'application/octet-stream' : 'text/plain; charset=UTF-8';
}
