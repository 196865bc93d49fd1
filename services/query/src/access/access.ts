/** Who may ask what, and how often: cross-origin pages by list, keys, and a token bucket per key or address. */
import { isIPv6 } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Problem } from '../problems.ts';
import { type ApiKey, findKey, type Scope } from './keys.ts';
import { createTokenBuckets } from './token-bucket.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a key must be allowed to do here. Default: read. */
    readonly scope?: Scope;
  }
}

export interface AccessOptions {
  /** Empty: everybody who reaches the service may read. */
  readonly keys: readonly ApiKey[];
  /** Whether who needs no key may also see single events and actors: only people of this machine should. */
  readonly inspectWithoutKey: boolean;
  /** Origins of pages that may read across origins, such as `https://ops.example`. */
  readonly corsOrigins: readonly string[];
  /** Requests per second and key, or address without keys; twice as many at once. 0: no limit. */
  readonly requestsPerSecond: number;
  readonly nowMs: () => number;
  readonly refused: (reason: 'unauthorized' | 'forbidden' | 'rate_limited') => void;
}

export interface Access {
  /** The key by its name or the address that a request counts for. */
  askerOf(request: FastifyRequest): string;
}

/** Wrong keys from one address before it must wait: guessing is hopeless, but costs a hash each. */
const GUESSES_PER_SECOND = 10;
const CORS_MAX_AGE_S = 600;
const EXPOSED_HEADERS = 'etag, retry-after, tidemark-as-of, content-disposition';
const ALLOWED_HEADERS = 'authorization, accept, if-none-match, last-event-id';

/** Adds the hooks. Every path under /v1 is guarded, by the route that matched: no spelling of a URL leads around it. */
export function addAccess(app: FastifyInstance, options: AccessOptions): Access {
  const askers = new WeakMap<FastifyRequest, string>();
  const limit = options.requestsPerSecond;
  const buckets = limit === 0 ? null : createTokenBuckets({ perSecond: limit, burst: 2 * limit });
  const guesses = createTokenBuckets({ perSecond: GUESSES_PER_SECOND, burst: 2 * GUESSES_PER_SECOND });
  const refuse = (problem: Problem, reason: Parameters<AccessOptions['refused']>[0]): Problem => {
    options.refused(reason);
    return problem;
  };
  const keyed = (request: FastifyRequest): string => {
    const key = findKey(options.keys, bearerOf(request) ?? '');
    if (key === null) {
      const waitMs = guesses.take(addressOf(request), options.nowMs());
      throw waitMs > 0 ? refuse(rateLimited(waitMs), 'rate_limited') : refuse(unauthorized(request), 'unauthorized');
    }
    const scope = scopeOf(request);
    if (!key.scopes.includes(scope)) throw refuse(new Problem('forbidden', `the key ${key.name} has not the scope ${scope}`), 'forbidden');
    return `key ${key.name}`;
  };
  const unkeyed = (request: FastifyRequest): string => {
    if (options.inspectWithoutKey || scopeOf(request) === 'read') return addressOf(request);
    throw refuse(
      new Problem('forbidden', 'single events and actors are shown to keys with the scope inspect, and no keys are configured'),
      'forbidden',
    );
  };
  app.addHook('onRequest', async (request, reply) => {
    if (allowsOrigin(request, reply, options.corsOrigins) && isPreflight(request)) return sendPreflight(reply);
    if (!isGuarded(request)) return undefined;
    const asker = options.keys.length === 0 ? unkeyed(request) : keyed(request);
    askers.set(request, asker);
    const waitMs = buckets?.take(asker, options.nowMs()) ?? 0;
    if (waitMs > 0) throw refuse(rateLimited(waitMs), 'rate_limited');
    return undefined;
  });
  if (options.corsOrigins.length > 0) {
    app.addHook('onSend', async (_request, reply) => {
      const vary = reply.getHeader('vary');
      reply.header('vary', vary === undefined ? 'origin' : `${String(vary)}, origin`);
    });
  }
  return { askerOf: (request) => askers.get(request) ?? addressOf(request) };
}

function isGuarded(request: FastifyRequest): boolean {
  const path = request.routeOptions.url ?? request.url;
  return path === '/v1' || path.startsWith('/v1/');
}

function scopeOf(request: FastifyRequest): Scope {
  return request.routeOptions.config.scope ?? 'read';
}

function bearerOf(request: FastifyRequest): string | null {
  return /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? null;
}

function unauthorized(request: FastifyRequest): Problem {
  const given = request.headers.authorization !== undefined;
  const detail = given ? 'the key is not known here' : 'this path needs a key: send the header Authorization: Bearer …';
  const challenge = given ? 'Bearer realm="tidemark", error="invalid_token"' : 'Bearer realm="tidemark"';
  return new Problem('unauthorized', detail, {
    errors: [{ pointer: '/header/authorization', message: detail }],
    headers: { 'www-authenticate': challenge },
  });
}

function rateLimited(waitMs: number): Problem {
  const seconds = Math.max(1, Math.ceil(waitMs / 1_000));
  return new Problem('rate_limited', `too many requests: ask again in ${seconds} s`, { headers: { 'retry-after': String(seconds) } });
}

/** An IPv6 host usually has all of a /64. */
function addressOf({ ip }: FastifyRequest): string {
  if (!isIPv6(ip) || ip.startsWith('::ffff:')) return `address ${ip}`;
  const [before = '', after = ''] = ip.split('::');
  const head = before === '' ? [] : before.split(':');
  const tail = after === '' ? [] : after.split(':');
  const groups = ip.includes('::') ? [...head, ...Array<string>(Math.max(0, 8 - head.length - tail.length)).fill('0'), ...tail] : head;
  return `address ${groups.slice(0, 4).join(':')}::/64`;
}

/** Whether the asking page may read; the answer then says so. A page that is not listed gets no such header, and its browser shows it nothing. */
function allowsOrigin(request: FastifyRequest, reply: FastifyReply, origins: readonly string[]): boolean {
  if (origins.length === 0) return false;
  const { origin } = request.headers;
  if (origin === undefined || !origins.includes(origin)) return false;
  reply.headers({ 'access-control-allow-origin': origin, 'access-control-expose-headers': EXPOSED_HEADERS });
  return true;
}

function isPreflight(request: FastifyRequest): boolean {
  return request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined;
}

function sendPreflight(reply: FastifyReply): FastifyReply {
  return reply
    .code(204)
    .headers({
      'access-control-allow-methods': 'GET, HEAD',
      'access-control-allow-headers': ALLOWED_HEADERS,
      'access-control-max-age': String(CORS_MAX_AGE_S),
    })
    .send();
}
