/** The answers that the page shows: each asked for once, then kept current by the live stream or by asking again. */
import { type ReadonlySignal, type Signal, signal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { Changes } from './changes.ts';
import { heard, lost } from './connection.ts';
import { askJson, keyGiven, NotAnswered } from './service.ts';
import { pause, readStream } from './stream.ts';

export interface Refusal {
  readonly code: string | null;
  readonly detail: string;
  readonly requestId: string | null;
  /** Null where asking again changes nothing. */
  readonly retryAfterMs: number | null;
}

export interface Shown<Body> {
  /** The newest body that came; stays while there is trouble. Null: none yet. */
  readonly body: Body | null;
  /** Why there is no newer one. */
  readonly refusal: Refusal | null;
  /** When the body came, epoch ms; 0: never. */
  readonly atMs: number;
  /** Compared with what it was when the page was opened. */
  readonly changes: Changes;
}

export interface Wanted {
  readonly path: string;
  /** `live`: a figure, which the stream carries. Else it is asked for again after so many ms. Default `live`. */
  readonly every?: 'live' | number;
}

interface Entry {
  readonly wanted: Required<Wanted>;
  readonly shown: Signal<Shown<unknown>>;
  readonly stop: AbortController;
  etag: string | null;
  readers: number;
}

const NOTHING: Shown<unknown> = { body: null, refusal: null, atMs: 0, changes: new Changes(null) };
const entries = new Map<string, Entry>();
let stream: { readonly paths: string; readonly stop: AbortController } | null = null;

/** The answer at `path` while the component is there. By the contract the body of the path is a Body. Read `.value` in the view. */
export function useAnswer<Body>({ path, every = 'live' }: Wanted): ReadonlySignal<Shown<Body>> {
  const entry = useMemo(() => entryAt({ path, every }), [path, every]);
  useEffect(() => {
    const current = hold(entry);
    return () => release(current);
  }, [entry]);
  // The contract says so.
  return entry.shown as unknown as ReadonlySignal<Shown<Body>>;
}

/** Asks for everything again, now. */
export function askAgain(): void {
  for (const entry of entries.values()) void load(entry).then(restream, () => undefined);
}
keyGiven.subscribe((count) => {
  if (count > 0) askAgain();
});

function entryAt(wanted: Required<Wanted>): Entry {
  const known = entries.get(wanted.path);
  if (known !== undefined) return known;
  const entry: Entry = { wanted, shown: signal<Shown<unknown>>(NOTHING), stop: new AbortController(), etag: null, readers: 0 };
  entries.set(wanted.path, entry);
  void run(entry);
  // Rendered, but never shown: forgotten.
  setTimeout(() => entry.readers === 0 && forget(entry), 5_000);
  return entry;
}

function hold(entry: Entry): Entry {
  entry.readers += 1;
  return entry;
}

/** A little later, so that going from page to page and back asks nothing twice. */
function release(entry: Entry): void {
  entry.readers -= 1;
  setTimeout(() => entry.readers === 0 && forget(entry), 1_000);
}

function forget(entry: Entry): void {
  if (entries.get(entry.wanted.path) !== entry) return;
  entry.stop.abort();
  entries.delete(entry.wanted.path);
  restream();
}

async function run(entry: Entry): Promise<void> {
  const { every } = entry.wanted;
  while (!entry.stop.signal.aborted) {
    const waitMs = await load(entry);
    if (entry.stop.signal.aborted) return;
    if (waitMs === null && every === 'live') {
      restream();
      return;
    }
    await pause(waitMs ?? (every === 'live' ? 0 : document.hidden ? every * 10 : every), entry.stop.signal);
  }
}

/** Null when it was answered, or when asking again changes nothing; else how long to wait. */
async function load(entry: Entry): Promise<number | null> {
  try {
    const answered = await askJson(entry.wanted.path, { etag: entry.etag, signal: entry.stop.signal });
    heard();
    if (answered !== null) show(entry, answered.body, answered.etag);
    else if (entry.shown.peek().refusal !== null) entry.shown.value = { ...entry.shown.peek(), refusal: null };
    return null;
  } catch (error) {
    if (entry.stop.signal.aborted) return null;
    const refusal = refusalOf(error);
    entry.shown.value = { ...entry.shown.peek(), refusal };
    if (refusal.code === null && refusal.retryAfterMs !== null) lost(Date.now() + refusal.retryAfterMs);
    return refusal.retryAfterMs;
  }
}

function refusalOf(error: unknown): Refusal {
  if (!(error instanceof NotAnswered)) return { code: null, detail: String(error), requestId: null, retryAfterMs: 4_000 };
  const { problem, retryAfterMs, message } = error;
  return { code: problem?.code ?? null, detail: problem?.detail ?? message, requestId: problem?.requestId ?? null, retryAfterMs };
}

function show(entry: Entry, body: unknown, etag: string | null): void {
  const known = entry.shown.peek();
  const atMs = Date.now();
  const changes = known.body === null ? new Changes(body) : known.changes;
  changes.update(body, atMs);
  entry.etag = etag;
  entry.shown.value = { body, refusal: null, atMs, changes };
}

/** Opens the stream anew when other figures are shown than it carries. */
function restream(): void {
  const live = [...entries.values()].filter(({ wanted, shown }) => wanted.every === 'live' && shown.peek().body !== null);
  const paths = live.map(({ wanted }) => wanted.path).sort();
  const name = paths.join('\n');
  if (stream?.paths === name && !stream.stop.signal.aborted) return;
  stream?.stop.abort();
  if (paths.length === 0) {
    stream = null;
    return;
  }
  const stop = new AbortController();
  stream = { paths: name, stop };
  const known = new Map(live.map((entry) => [entry.wanted.path, { body: entry.shown.peek().body, etag: entry.etag }]));
  const reader = {
    shown: (path: string, body: unknown, etag: string) => {
      const entry = entries.get(path);
      if (entry !== undefined) show(entry, body, `"${etag}"`);
    },
    refused: (path: string, { code, detail }: { code: string; detail: string }) => {
      const entry = entries.get(path);
      if (entry !== undefined) entry.shown.value = { ...entry.shown.peek(), refusal: { code, detail, requestId: null, retryAfterMs: 1_000 } };
    },
  };
  const poll = async (): Promise<void> => {
    const waits = await Promise.all(live.map(load));
    if (waits.some((wait) => wait !== null)) throw new NotAnswered('the service does not answer', null, null);
  };
  void readStream(paths, known, { reader, signal: stop.signal, poll });
}
