/** Asks the service: with the key of this tab where there is one, with the tag of what is known already. */
import { signal } from '@preact/signals';
import type { Problem } from '@tidemark/query/client';

const KEY_NAME = 'tidemark.key';

/** True while the service asks for a key that we do not have. */
export const keyIsAsked = signal(false);
/** Grows with each key that is given: whoever was refused asks again. */
export const keyGiven = signal(0);

export function giveKey(key: string): void {
  if (key === '') sessionStorage.removeItem(KEY_NAME);
  else sessionStorage.setItem(KEY_NAME, key);
  keyIsAsked.value = false;
  keyGiven.value += 1;
}

export function hasKey(): boolean {
  return sessionStorage.getItem(KEY_NAME) !== null;
}

/** Why there is no answer: the service's own words, or that nobody answers (`problem` is null). */
export class NotAnswered extends Error {
  readonly problem: Problem | null;
  /** Null where asking again changes nothing. */
  readonly retryAfterMs: number | null;
  constructor(message: string, problem: Problem | null, retryAfterMs: number | null) {
    super(message);
    this.name = 'NotAnswered';
    this.problem = problem;
    this.retryAfterMs = retryAfterMs;
  }
}

const RETRY_MS = 4_000;

/** The response, 304 included. Throws NotAnswered for anything else. */
export async function ask(
  path: string,
  init: { readonly headers?: Readonly<Record<string, string>>; readonly signal?: AbortSignal } = {},
): Promise<Response> {
  const key = sessionStorage.getItem(KEY_NAME);
  const headers = { ...(key === null ? {} : { authorization: `Bearer ${key}` }), ...init.headers };
  let response: Response;
  try {
    response = await fetch(path, { headers, credentials: 'omit', cache: 'no-store', ...(init.signal === undefined ? {} : { signal: init.signal }) });
  } catch (error) {
    if (init.signal?.aborted === true) throw error;
    throw new NotAnswered('the service does not answer', null, RETRY_MS);
  }
  noteClock(response);
  // Readiness says with a 503 and a body of its own that something is missing.
  const isReadiness = response.status === 503 && response.headers.get('content-type')?.startsWith('application/json') === true;
  if (response.ok || response.status === 304 || isReadiness) return response;
  if (response.status === 401) keyIsAsked.value = true;
  throw await refusal(response);
}

/** The body and its tag; null when it is still the one with `etag`. By the contract the body of `path` is a Body. */
export async function askJson<Body>(
  path: string,
  { etag, signal }: { readonly etag?: string | null; readonly signal?: AbortSignal } = {},
): Promise<{ readonly body: Body; readonly etag: string | null } | null> {
  const headers: Record<string, string> = { accept: 'application/json', ...(typeof etag === 'string' ? { 'if-none-match': etag } : {}) };
  const response = await ask(path, { headers, ...(signal === undefined ? {} : { signal }) });
  if (response.status === 304) return null;
  const body: Body = await response.json();
  return { body, etag: response.headers.get('etag') };
}

async function refusal(response: Response): Promise<NotAnswered> {
  const after = Number(response.headers.get('retry-after') ?? Number.NaN);
  const text = await response.text().catch(() => '');
  const problem = problemIn(response, text);
  // A proxy's own words for a service that is away.
  const retryMs = Number.isFinite(after) ? after * 1_000 : response.status >= 500 ? RETRY_MS : null;
  return new NotAnswered(problem?.detail ?? `the service answered ${response.status}`, problem, retryMs);
}

function problemIn(response: Response, text: string): Problem | null {
  if (!(response.headers.get('content-type') ?? '').startsWith('application/problem+json')) return null;
  try {
    const problem: Problem = JSON.parse(text);
    return problem;
  } catch {
    return null;
  }
}

/** How far the service's clock is ahead of ours, ms; 0 while the difference cannot be told from the way. */
let clockAheadMs = 0;

function noteClock(response: Response): void {
  const dateMs = Date.parse(response.headers.get('date') ?? '');
  if (Number.isNaN(dateMs)) return;
  const aheadMs = dateMs + 500 - Date.now();
  clockAheadMs = Math.abs(aheadMs) < 2_000 ? 0 : aheadMs;
}

/** The service's time, epoch ms. */
export function serviceNowMs(): number {
  return Date.now() + clockAheadMs;
}

/** Saves what `path` answers as CSV: by fetch, so that the key travels in the header. */
export async function downloadCsv(path: string, name: string): Promise<void> {
  const response = await ask(path, { headers: { accept: 'text/csv' } });
  const url = URL.createObjectURL(await response.blob());
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
