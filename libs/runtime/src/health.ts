/** A small HTTP server beside a worker: liveness, readiness and Prometheus metrics, and nothing else. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { ReadinessCheck } from './readiness.ts';
import { boundText, redactText } from './redact.ts';

export interface HealthServerOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** 0 takes a free port. */
  readonly port: number;
  /** Answered from the event loop itself, so it must not wait for anything. Default: always alive. */
  readonly live?: () => boolean;
  /** Ready when all checks are ok; `details` is shown beside them, BigInt as text. A failure or 5 s without an answer is "not ready". */
  readonly ready: () => Promise<ReadyAnswer> | ReadyAnswer;
  readonly metrics: { text(): Promise<string>; readonly contentType: string };
  /** Default 5,000. */
  readonly answerTimeoutMs?: number;
}

export interface ReadyAnswer {
  readonly checks: readonly ReadinessCheck[];
  readonly details?: Readonly<Record<string, unknown>>;
}

export interface HealthServer {
  readonly port: number;
  /** Stops listening and cuts what is open. */
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const maxHeaderBytes = 8 * 1024;

/** Starts listening; rejects, naming the address, when that is impossible. Paths: `/livez`, `/readyz`, `/metrics`, by GET only. */
export async function createHealthServer(options: HealthServerOptions): Promise<HealthServer> {
  const server = createServer(
    { maxHeaderSize: maxHeaderBytes, headersTimeout: 5000, requestTimeout: 5000, keepAliveTimeout: 5000, connectionsCheckingInterval: 1000 },
    (request, response) => void respond(options, request, response),
  );
  server.maxConnections = 128;
  server.maxHeadersCount = 50;
  server.maxRequestsPerSocket = 1000;
  server.setTimeout(15_000);
  const port = await startListening(server, options.host ?? '127.0.0.1', options.port);
  return {
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function startListening(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) =>
      reject(new Error(`cannot listen on ${host}:${port}: ${error.message}; choose another port, or 0 for any`, { cause: error })),
    );
    server.listen({ host, port }, () => {
      const address = server.address();
      if (address === null || typeof address === 'string') reject(new Error(`no port on ${host}:${port}`));
      else resolve(address.port);
    });
  });
}

async function respond(options: HealthServerOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const answer = await answerTo(options, request);
  const hasBody = request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;
  response.writeHead(answer.status, {
    ...answer.headers,
    // Nobody reads a request's body here, so the connection cannot be used again.
    ...(hasBody ? { connection: 'close' } : {}),
    'content-type': answer.contentType,
    'content-length': Buffer.byteLength(answer.body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(answer.body);
}

async function answerTo(options: HealthServerOptions, request: IncomingMessage): Promise<Answer> {
  const path = (request.url ?? '').split('?', 1)[0] ?? '';
  if (path !== '/livez' && path !== '/readyz' && path !== '/metrics') return text(404, 'not found: the paths are /livez, /readyz and /metrics');
  if (request.method !== 'GET') return { ...text(405, 'only GET is allowed'), headers: { allow: 'GET' } };
  if (path === '/livez') return livez(options);
  return path === '/readyz' ? readyz(options) : metrics(options);
}

function livez(options: HealthServerOptions): Answer {
  try {
    return options.live?.() === false ? text(503, 'not alive') : text(200, 'ok');
  } catch (error) {
    return text(503, `not alive: ${reasonOf(error)}`);
  }
}

async function readyz(options: HealthServerOptions): Promise<Answer> {
  let answer: ReadyAnswer;
  try {
    answer = await inTime(options, async () => options.ready());
  } catch (error) {
    answer = { checks: [{ name: 'readiness', ok: false, detail: reasonOf(error) }] };
  }
  const ready = answer.checks.every((check) => check.ok);
  const body = { ready, checks: answer.checks, details: answer.details ?? {} };
  return { status: ready ? 200 : 503, contentType: 'application/json; charset=utf-8', body: `${JSON.stringify(body, asPlainText)}\n` };
}

async function metrics(options: HealthServerOptions): Promise<Answer> {
  try {
    return { status: 200, contentType: options.metrics.contentType, body: await inTime(options, () => options.metrics.text()) };
  } catch (error) {
    return text(500, `metrics failed: ${reasonOf(error)}`);
  }
}

async function inTime<T>(options: HealthServerOptions, run: () => Promise<T>): Promise<T> {
  const timeoutMs = options.answerTimeoutMs ?? 5000;
  const expired = Promise.withResolvers<never>();
  const timer = setTimeout(() => expired.reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  try {
    return await Promise.race([run(), expired.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Reasons of halts are drivers' messages, and anybody who reaches the port reads them. */
function asPlainText(_name: string, value: unknown): unknown {
  if (typeof value === 'string') return redactText(boundText(value, 3000));
  return typeof value === 'bigint' ? value.toString() : value;
}

function reasonOf(error: unknown): string {
  return boundText(redactText(boundText(error instanceof Error ? error.message : String(error), 3000)), 300);
}

function text(status: number, body: string): Answer {
  return { status, contentType: 'text/plain; charset=utf-8', body: `${body}\n` };
}
