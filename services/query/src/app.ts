/** The HTTP application: routes, limits, security headers, and one way in which errors leave. Tests drive it by `inject`. */
import type { Duplex } from 'node:stream';
import { type Logger, noTracing, type Tracing } from '@tidemark/runtime';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { type AccessOptions, addAccess } from './access/access.ts';
import type { Asking } from './asking.ts';
import type { AuditSources } from './audit.ts';
import { isLoopback } from './config.ts';
import type { LiveHub } from './live/live-hub.ts';
import { PROBLEMS, Problem, problemBody, problemOf } from './problems.ts';
import { addRequestTraces } from './request-traces.ts';
import { addAnswerRoutes } from './routes/answers.ts';
import { addAuditRoute } from './routes/audit.ts';
import { addCatalogueRoutes } from './routes/catalogue.ts';
import { addInspectRoutes, type Inspection } from './routes/inspect.ts';
import { addLiveRoute } from './routes/live.ts';
import { addOperationRoutes } from './routes/operations.ts';
import { addPages, isPageAddress, sendPage } from './routes/pages.ts';
import type { Telemetry } from './telemetry.ts';

export interface AppOptions {
  readonly asking: Asking;
  readonly partitions: readonly number[];
  readonly telemetry: Telemetry;
  readonly logger: Logger;
  /** Default: none. */
  readonly tracing?: Tracing;
  readonly nowMs: () => number;
  /** The dashboard's files; null: `/` says in a text that they are not built. */
  readonly dashboardFolder: string | null;
  /** Answer only when asked as this machine: a page of another site that has its name point here (DNS rebinding) reads nothing. */
  readonly loopbackHostsOnly: boolean;
  readonly access: Omit<AccessOptions, 'nowMs' | 'refused'>;
  readonly live: LiveHub;
  readonly inspection: Inspection;
  readonly audit: AuditSources;
  /** Default 15,000. */
  readonly answerTimeoutMs?: number;
}

const MAX_URL_CHARS = 4_096;
const MAX_HEADER_BYTES = 16 * 1_024;
/** Every path takes GET without a body. */
const MAX_BODY_BYTES = 1_024;
const RECEIVE_TIMEOUT_MS = 10_000;
const HEADERS_TIMEOUT_MS = 5_000;
const MAX_CONNECTIONS = 8_192;
const SECURITY_HEADERS = {
  'content-security-policy': "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
};

export async function buildApp(options: AppOptions): Promise<FastifyInstance> {
  const app = fastify({
    logger: false,
    bodyLimit: MAX_BODY_BYTES,
    routerOptions: { maxParamLength: MAX_URL_CHARS },
    requestTimeout: RECEIVE_TIMEOUT_MS,
    connectionTimeout: 2 * RECEIVE_TIMEOUT_MS,
    keepAliveTimeout: 30_000,
    handlerTimeout: options.answerTimeoutMs ?? 15_000,
    http: { maxHeaderSize: MAX_HEADER_BYTES, headersTimeout: HEADERS_TIMEOUT_MS, connectionsCheckingInterval: 1_000 },
    clientErrorHandler: refuseUnreadable,
    forceCloseConnections: true,
    frameworkErrors: (error, request, reply) => sendProblem(options, error, request, reply),
  });
  if (options.tracing !== undefined && options.tracing !== noTracing) addRequestTraces(app, options.tracing);
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(SECURITY_HEADERS).header('cache-control', 'no-cache');
    if (request.raw.url !== undefined && request.raw.url.length > MAX_URL_CHARS)
      throw new Problem('url_too_long', `the URL has more than ${MAX_URL_CHARS} characters`);
    if (options.loopbackHostsOnly && !isLoopback(request.hostname.replace(/^\[(.*)\]$/, '$1'))) {
      throw new Problem('wrong_host', 'this service answers only to the names of this machine: ask http://127.0.0.1 or http://localhost');
    }
  });
  const { nowMs, telemetry } = options;
  const access = addAccess(app, { ...options.access, nowMs, refused: telemetry.countRefusal });
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none';
    options.telemetry.observeRequest({ route, method: request.method, status: reply.statusCode, seconds: reply.elapsedTime / 1_000 });
  });
  app.setErrorHandler((error, request, reply) => sendProblem(options, error, request, reply));
  app.setNotFoundHandler((request, reply) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      const problem = new Problem('not_allowed', `${request.method} is not answered: every path takes GET`, { headers: { allow: 'GET, HEAD' } });
      return sendProblem(options, problem, request, reply);
    }
    if (isPageAddress(request)) return sendPage(reply, options.dashboardFolder);
    return sendProblem(options, new Problem('unknown_path', `nothing is at ${JSON.stringify(request.url.slice(0, 200))}`), request, reply);
  });
  addCatalogueRoutes(app, options);
  addAnswerRoutes(app, options);
  addOperationRoutes(app, options);
  addLiveRoute(app, { ...options, access });
  addInspectRoutes(app, { ...options, access });
  addAuditRoute(app, { ...options, sources: options.audit });
  app.addHook('preClose', async () => {
    options.live.close();
    options.inspection.events.close();
  });
  app.server.maxConnections = MAX_CONNECTIONS;
  await addPages(app, options.dashboardFolder);
  return app;
}

/** The log has every failure of ours with its cause; what the asker did wrong is only counted. */
function sendProblem(options: AppOptions, error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const problem = problemOf(error);
  const { status } = PROBLEMS[problem.code];
  const route = request.routeOptions?.url ?? 'none';
  if (problem.code === 'internal') options.logger.error({ err: error, requestId: request.id, route }, 'request failed');
  // A store that goes away is one line by itself; what it makes unanswerable is counted.
  else if (status >= 500) options.logger.debug({ requestId: request.id, route, code: problem.code, reason: problem.message }, 'request not answered');
  return reply
    .code(status)
    .headers({ ...SECURITY_HEADERS, ...problem.headers, 'cache-control': 'no-store' })
    .type('application/problem+json; charset=utf-8')
    .send(JSON.stringify(problemBody(problem, request.id)));
}

/** What cannot be read as HTTP never reaches a route: it is told so on the bare connection, which ends. */
function refuseUnreadable(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const problem =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? new Problem('headers_too_large', `the headers have more than ${MAX_HEADER_BYTES} bytes`)
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? new Problem('receive_timeout', 'the request took too long to arrive')
        : new Problem('bad_request', 'the request cannot be read as HTTP');
  const { status, title } = PROBLEMS[problem.code];
  const body = JSON.stringify(problemBody(problem, 'none'));
  const headers = {
    ...SECURITY_HEADERS,
    'content-type': 'application/problem+json; charset=utf-8',
    'content-length': String(body.length),
    connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  socket.end(`HTTP/1.1 ${status} ${title}\r\n${lines.join('\r\n')}\r\n\r\n${body}`);
}
