/** An HTTP request of ClickHouse's protocol as a statement: what in the URL is parameter, setting or neither; the body within its limit. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, zstdDecompress } from 'node:zlib';
import type { Statement } from './clickhouse-engine.ts';
import { engineError } from './clickhouse-errors.ts';

const maxBodyBytes = 64 * 1024 * 1024;

export interface StatementRequest {
  readonly statement: Statement;
  readonly queryId: string | undefined;
  readonly wantsGzip: boolean;
}

// Addresses the HTTP layer, or users and sessions, which the local engine does not have.
const notSettings = new Set(
  (
    'query database default_format query_id session_id session_timeout session_check user password quota_key role compress decompress ' +
    'stacktrace close_session client_protocol_version buffer_size wait_end_of_query enable_http_compression http_zlib_compression_level ' +
    'send_progress_in_http_headers http_headers_progress_interval_ms cancel_http_readonly_queries_on_client_close add_http_cors_header ' +
    // An awaited insert here is written when it is answered: stronger than what these ask for.
    'async_insert wait_for_async_insert'
  ).split(' '),
);
const settingName = /^[A-Za-z][A-Za-z0-9_.]*$/;
const parameterName = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Throws an EngineError for a name that is no name, or for a body that is too large or packed unknown. */
export async function readStatementRequest(request: IncomingMessage, url: URL): Promise<StatementRequest> {
  const body = await unpack(await readBody(request), request.headers['content-encoding']);
  const entries = [...url.searchParams];
  const form = await readForm(request.headers['content-type'], body);
  const { settings, parameters } = sortEntries([...entries, ...(form ?? [])]);
  const fromForm = form?.find(([name]) => name === 'query')?.[1];
  const database = url.searchParams.get('database') ?? headerOf(request.headers, 'x-clickhouse-database');
  const format = url.searchParams.get('default_format') ?? headerOf(request.headers, 'x-clickhouse-format');
  const query = [url.searchParams.get('query') ?? '', fromForm ?? ''].filter((text) => text !== '').join('\n');
  return {
    statement: {
      query,
      body: form === undefined ? body : Buffer.alloc(0),
      database: database === undefined || database === '' || database === 'default' ? undefined : database,
      settings,
      parameters,
      defaultFormat: format === undefined || !/^\w+$/.test(format) ? 'TabSeparated' : format,
      readonly: request.method === 'GET',
    },
    queryId: url.searchParams.get('query_id') ?? undefined,
    wantsGzip: url.searchParams.get('enable_http_compression') === '1' && /\bgzip\b/.test(request.headers['accept-encoding'] ?? ''),
  };
}

/** `param_x` binds {x:Type}; the protocol's own names are left out; all the rest are settings for this statement. */
export function sortEntries(entries: Iterable<[string, string]>): { settings: Map<string, string>; parameters: Map<string, string> } {
  const settings = new Map<string, string>();
  const parameters = new Map<string, string>();
  for (const [name, value] of entries) {
    if (name.startsWith('param_')) {
      const parameter = name.slice('param_'.length);
      if (!parameterName.test(parameter)) throw engineError(36, 'BAD_ARGUMENTS', `${JSON.stringify(parameter)} is no parameter name.`);
      parameters.set(parameter, value);
    } else if (!notSettings.has(name)) {
      if (!settingName.test(name)) throw engineError(115, 'UNKNOWN_SETTING', `Unknown setting ${JSON.stringify(name)}.`);
      settings.set(name, value);
    }
  }
  return { settings, parameters };
}

/** A body beyond the limit is read on and thrown away, within reason: closed in the middle, the client would see no answer but a broken pipe. */
async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) continue;
    bytes += chunk.length;
    if (bytes <= maxBodyBytes) chunks.push(chunk);
    else chunks.length = 0;
    if (bytes > 4 * maxBodyBytes) break;
  }
  if (bytes > maxBodyBytes) throw engineError(307, 'TOO_MANY_BYTES', `The body is larger than ${maxBodyBytes} bytes; send it in parts.`);
  return chunks.length === 1 ? (chunks[0] ?? Buffer.alloc(0)) : Buffer.concat(chunks);
}

async function unpack(body: Buffer, encoding: string | undefined): Promise<Buffer> {
  const options = { maxOutputLength: maxBodyBytes };
  try {
    switch (encoding) {
      case undefined:
      case '':
      case 'identity':
        return body;
      case 'gzip':
        return await promisify<Buffer, typeof options, Buffer>(gunzip)(body, options);
      case 'deflate':
        return await promisify<Buffer, typeof options, Buffer>(inflate)(body, options);
      case 'br':
        return await promisify<Buffer, typeof options, Buffer>(brotliDecompress)(body, options);
      case 'zstd':
        return await promisify<Buffer, typeof options, Buffer>(zstdDecompress)(body, options);
    }
  } catch (error) {
    throw engineError(117, 'INCORRECT_DATA', `The body does not unpack as ${encoding}: ${error instanceof Error ? error.message : String(error)}.`);
  }
  throw engineError(48, 'NOT_IMPLEMENTED', `Unknown Content-Encoding ${JSON.stringify(encoding)}.`);
}

/** The fields of a multipart form, in which clients send long parameters; undefined for any other body. */
async function readForm(contentType: string | undefined, body: Buffer): Promise<[string, string][] | undefined> {
  if (contentType === undefined || !contentType.startsWith('multipart/form-data')) return undefined;
  const form = await new Response(new Uint8Array(body), { headers: { 'content-type': contentType } }).formData();
  return [...form].flatMap(([name, value]): [string, string][] => (typeof value === 'string' ? [[name, value]] : []));
}

function headerOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}
