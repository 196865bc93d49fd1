/** One live stream for all figures of the page: resumes, waits longer after each failure, says so, and falls back to polling where no stream comes through. */
import type { LiveDelta, LiveProblem, LiveSnapshot, PatchOperation } from '@tidemark/query/client';
import { applyPatch, readEventStream } from '@tidemark/query/client';
import { heard, lost } from './connection.ts';
import { ask, NotAnswered } from './service.ts';

export interface StreamReader {
  /** A newer state of a figure. */
  shown(path: string, body: unknown, etag: string): void;
  /** The figure cannot be answered now. */
  refused(path: string, problem: { readonly code: string; readonly detail: string }): void;
}

const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 15_000;
/** A comment comes every 15 s: what is silent for longer is dead. */
const SILENCE_MS = 40_000;
const POLLING_AFTER_FAILURES = 2;

/** Reads until the signal aborts. `known`: what is held already, by path. */
export async function readStream(
  paths: readonly string[],
  known: ReadonlyMap<string, { readonly body: unknown; readonly etag: string | null }>,
  options: { readonly reader: StreamReader; readonly signal: AbortSignal; readonly poll: () => Promise<void> },
): Promise<void> {
  const { reader, signal, poll } = options;
  const held = new Map([...known].map(([path, { body, etag }]) => [path, { body, etag: (etag ?? '').replaceAll('"', '') }]));
  const search = new URLSearchParams(paths.map((path) => ['path', path]));
  let failures = 0;
  let lastEventId = '';
  while (!signal.aborted) {
    let waitMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures);
    try {
      const resuming: Record<string, string> = lastEventId === '' ? {} : { 'last-event-id': lastEventId };
      const connected = new AbortController();
      const either = AbortSignal.any([signal, connected.signal]);
      const response = await ask(`/v1/live?${search}`, { headers: { accept: 'text/event-stream', ...resuming }, signal: either });
      heard('live');
      failures = 0;
      for await (const event of readEventStream(chunksOf(response, connected))) {
        heard('live');
        lastEventId = event.lastEventId;
        receive(event, held, reader);
      }
      failures = 1;
    } catch (error) {
      if (signal.aborted) return;
      failures += 1;
      if (error instanceof NotAnswered && error.retryAfterMs !== null) waitMs = Math.max(waitMs, Math.min(LONGEST_RETRY_MS, error.retryAfterMs));
      // What is held is not what the service thinks it is: begin again.
      if (error instanceof RangeError) lastEventId = '';
    }
    if (failures >= POLLING_AFTER_FAILURES && (await polled(poll))) {
      heard('polling');
      waitMs = Math.min(waitMs, 5_000);
    } else lost(Date.now() + waitMs);
    await pause(waitMs, signal);
  }
}

async function polled(poll: () => Promise<void>): Promise<boolean> {
  try {
    await poll();
    return true;
  } catch {
    return false;
  }
}

function receive({ event, data }: { event: string; data: string }, held: Map<string, { body: unknown; etag: string }>, reader: StreamReader): void {
  if (event === 'snapshot') {
    const { path, body, etag }: LiveSnapshot = JSON.parse(data);
    if (held.get(path)?.etag === etag) return;
    held.set(path, { body, etag });
    reader.shown(path, body, etag);
  } else if (event === 'delta') {
    const { path, from, etag, patch }: Omit<LiveDelta, 'patch'> & { patch: readonly PatchOperation[] } = JSON.parse(data);
    const known = held.get(path);
    if (known?.etag !== from) throw new RangeError(`a delta from ${from}, but ${known?.etag ?? 'nothing'} is held`);
    const body = applyPatch(known.body, patch);
    held.set(path, { body, etag });
    reader.shown(path, body, etag);
  } else if (event === 'problem') {
    const { path, code, detail }: LiveProblem = JSON.parse(data);
    reader.refused(path, { code, detail });
  }
}

/** The bytes as they come; a connection that is silent for too long is given up. */
export async function* chunksOf(response: Response, connected: AbortController): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  for (;;) {
    const silence = setTimeout(() => connected.abort(), SILENCE_MS);
    try {
      const { done, value } = await reader.read();
      if (done) return;
      heard('live');
      yield value;
    } finally {
      clearTimeout(silence);
    }
  }
}

export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    signal.addEventListener('abort', finish);
    if (signal.aborted) finish();
  });
}
