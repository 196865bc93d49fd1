/** The query service for other services: typed by its contract, on `fetch` alone, so that it runs wherever that is. */
import { applyPatch } from './apply-patch.ts';
import type { LiveDelta, LiveProblem, LiveSnapshot, Problem } from './bodies.ts';
import { readEventStream, type StreamEvent } from './event-stream.ts';
import type { Operations } from './operations.ts';

export interface ClientOptions {
  /** Such as `http://127.0.0.1:8080`. */
  readonly baseUrl: string;
  /** Where the service has keys. */
  readonly key?: string;
  /** Default: the platform's. */
  readonly fetch?: typeof globalThis.fetch;
}

export type Path = keyof Operations;

export interface Asked<P extends Path> {
  readonly path: Operations[P]['path'];
  readonly query?: Operations[P]['query'];
  /** Of an earlier answer: an unchanged one is not sent again. */
  readonly etag?: string;
  readonly signal?: AbortSignal;
}

export type Answered<Body> =
  | { readonly changed: true; readonly body: Body; readonly etag: string | null }
  | { readonly changed: false; readonly etag: string };

/** One figure of a live stream. */
export type LiveFigure =
  | { readonly path: string; readonly metric: string; readonly etag: string; readonly body: LiveSnapshot['body'] }
  | { readonly path: string; readonly metric: string; readonly problem: { readonly code: Problem['code']; readonly detail: string } };

export interface Watched {
  /** Ids: each by its default question. */
  readonly metrics?: readonly string[];
  /** Paths of figures, with their parameters. */
  readonly paths?: readonly string[];
  readonly signal?: AbortSignal;
  /** Pause before a connection that was lost is made again. Default 1,000. */
  readonly retryMs?: number;
}

export interface Client {
  /** `get('/v1/kpis/{id}', { path: { id: 'orders' }, query: { slice: 'channel' } })`. Throws ApiProblem for what the service refuses. */
  get<P extends Path>(path: P, asked: Asked<P>): Promise<Answered<Operations[P]['body']>>;
  /** Every state of the figures as it comes, whole; reconnects until the signal aborts, and throws ApiProblem for what asking again does not mend. */
  watch(watched: Watched): AsyncGenerator<LiveFigure>;
}

/** The service's own words for why it does not answer. */
export class ApiProblem extends Error {
  readonly problem: Problem;
  /** Null where asking again changes nothing. */
  readonly retryAfterMs: number | null;
  constructor(problem: Problem, retryAfterMs: number | null) {
    super(`${problem.code}: ${problem.detail}`);
    this.name = 'ApiProblem';
    this.problem = problem;
    this.retryAfterMs = retryAfterMs;
  }
}

export function createClient(options: ClientOptions): Client {
  const send = options.fetch ?? globalThis.fetch;
  const headers: Record<string, string> = options.key === undefined ? {} : { authorization: `Bearer ${options.key}` };
  const request = async (path: string, init: RequestInit): Promise<Response> => {
    const response = await send(new URL(path, options.baseUrl), { ...init, headers: { ...headers, ...init.headers } });
    if (response.ok || response.status === 304) return response;
    throw await problemOf(response);
  };
  return {
    get: async (path, { path: names, query = {}, etag, signal }) => {
      const url = `${filled(path, names)}${searchOf(query)}`;
      const init = { ...(etag === undefined ? {} : { headers: { 'if-none-match': etag } }), ...(signal === undefined ? {} : { signal }) };
      const response = await request(url, init);
      if (response.status === 304 && etag !== undefined) return { changed: false, etag };
      return { changed: true, body: await bodyOf(response), etag: response.headers.get('etag') };
    },
    watch: (watched) => watch(request, watched),
  };
}

type Request = (path: string, init: RequestInit) => Promise<Response>;

async function* watch(request: Request, { metrics = [], paths = [], signal, retryMs = 1_000 }: Watched): AsyncGenerator<LiveFigure> {
  const path = `/v1/live${searchOf({ ...(metrics.length > 0 ? { metrics: metrics.join(',') } : {}), path: paths })}`;
  const held = new Map<string, LiveSnapshot>();
  let lastEventId = '';
  while (signal?.aborted !== true) {
    let waitMs = retryMs;
    try {
      const resuming: Record<string, string> = lastEventId === '' ? {} : { 'last-event-id': lastEventId };
      const { body } = await request(path, { headers: { accept: 'text/event-stream', ...resuming }, ...(signal === undefined ? {} : { signal }) });
      if (body !== null) {
        for await (const event of readEventStream(body)) {
          lastEventId = event.lastEventId;
          const figure = received(event, held);
          if (figure !== null) yield figure;
        }
      }
    } catch (error) {
      if (error instanceof ApiProblem) {
        if (error.retryAfterMs === null) throw error;
        waitMs = error.retryAfterMs;
      }
      // What it holds may not be what the service thinks it holds: begin again.
      if (error instanceof RangeError) lastEventId = '';
    }
    await pause(waitMs, signal);
  }
}

/** Null for what brings no figure. Throws a RangeError for a delta of something else than what is held. */
function received({ event, data }: StreamEvent, held: Map<string, LiveSnapshot>): LiveFigure | null {
  if (event === 'snapshot') {
    const snapshot: LiveSnapshot = JSON.parse(data);
    held.set(snapshot.path, snapshot);
    return snapshot;
  }
  if (event === 'delta') {
    const { path, metric, from, etag, patch }: LiveDelta = JSON.parse(data);
    const known = held.get(path);
    if (known?.etag !== from) throw new RangeError(`a delta from ${from}, but ${known?.etag ?? 'nothing'} is held`);
    // Applied to a body of the contract, a patch of the contract gives a body of the contract.
    const body = applyPatch(known.body, patch) as LiveSnapshot['body'];
    const snapshot = { path, metric, etag, body };
    held.set(path, snapshot);
    return snapshot;
  }
  if (event !== 'problem') return null;
  const { path, metric, code, detail }: LiveProblem = JSON.parse(data);
  return { path, metric, problem: { code, detail } };
}

/** By the contract: JSON where the service says so, else text. */
async function bodyOf<Body>(response: Response): Promise<Body> {
  const isJson = response.headers.get('content-type')?.startsWith('application/json') === true;
  return (isJson ? await response.json() : await response.text()) as Body;
}

async function problemOf(response: Response): Promise<Error> {
  const text = await response.text();
  if (response.headers.get('content-type')?.startsWith('application/problem+json') !== true)
    return new Error(`${response.url} answered ${response.status}: ${text.slice(0, 200)}`);
  const retryAfter = response.headers.get('retry-after');
  return new ApiProblem(JSON.parse(text), retryAfter === null ? null : Number(retryAfter) * 1_000);
}

function filled(path: string, names: object): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(Reflect.get(names, name))));
}

function searchOf(query: object): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) for (const each of [value].flat()) if (each !== undefined) search.append(name, String(each));
  const text = search.toString();
  return text === '' ? '' : `?${text}`;
}

/** Ends early when the signal aborts. */
function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    if (signal?.aborted === true) finish();
    else signal?.addEventListener('abort', finish);
  });
}
