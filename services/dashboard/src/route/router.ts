/** Where the reader is: the page, its subject, and the state of every control, all of it in the URL. */
import { computed, signal } from '@preact/signals';
import { type Controls, choice, date, optionalText, readState, revision, type StateOf, text, whole, writeState } from './codec.ts';

/** What every page has in its URL, so that going from one figure to the next keeps range and slice. */
export const FRAME_CONTROLS = {
  /** The last so many buckets; 0: the service's default of 30. */
  last: whole(0, { min: 0, max: 1_000 }),
  /** Calendar dates in the metric's zone, both included; they win over `last`. */
  from: date(),
  to: date(),
  slice: text(),
  value: optionalText(),
  compare: choice('', 'previous'),
  /** Of the figure: another definition that it has or had. It stays with its page. */
  revision: revision(),
} as const;

export type FrameState = StateOf<typeof FRAME_CONTROLS>;

export interface Place {
  /** First part of the path: `board`, `figure`, …; `''` at the root. */
  readonly room: string;
  /** What follows it: the id of a metric, the name of a set; may be `''`. */
  readonly subject: string;
  readonly search: URLSearchParams;
}

const address = signal(currentAddress());
globalThis.addEventListener?.('popstate', () => {
  address.value = currentAddress();
});

export const place = computed((): Place => {
  const url = new URL(address.value, 'http://here');
  const [room = '', ...rest] = url.pathname.split('/').slice(1).map(decoded);
  return { room, subject: rest.join('/'), search: url.searchParams };
});

export const frameState = computed((): FrameState => readState(FRAME_CONTROLS, place.value.search));

/** The address of a page; the frame's state goes along unless it is replaced. */
export function addressOf(
  room: string,
  subject = '',
  options: { readonly keep?: boolean; readonly query?: Readonly<Record<string, string>> } = {},
): string {
  const search = new URLSearchParams();
  if (options.keep !== false) {
    const { last, from, to, compare } = frameState.value;
    writeState(FRAME_CONTROLS, { ...frameState.value, last, from, to, compare, slice: '', value: null, revision: '' }, search);
  }
  for (const [name, value] of Object.entries(options.query ?? {})) search.set(name, value);
  const path = `/${[room, ...(subject === '' ? [] : subject.split('/'))].map(encodeURIComponent).join('/')}`;
  return withSearch(path, search);
}

/** Goes there; the back button comes back, unless `replace`. */
export function go(to: string, { replace = false }: { readonly replace?: boolean } = {}): void {
  if (to === address.value) return;
  if (replace) history.replaceState(null, '', to);
  else history.pushState(null, '', to);
  address.value = to;
}

/** The same page with some controls changed. */
export function change<C extends Controls>(controls: C, changed: Partial<StateOf<C>>, options: { readonly replace?: boolean } = {}): void {
  const url = new URL(address.value, 'http://here');
  writeState(controls, { ...readState(controls, url.searchParams), ...changed }, url.searchParams);
  go(withSearch(url.pathname, url.searchParams), options);
}

/** Lets links be links, and takes over those that stay inside. */
export function followLink(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target instanceof Element ? event.target.closest('a') : null;
  if (link === null || link.origin !== location.origin || link.target !== '' || link.hasAttribute('download')) return;
  if (/^\/(v1|readyz|livez|metrics|openapi\.json)\b/.test(link.pathname) || link.hash !== '') return;
  event.preventDefault();
  go(link.pathname + link.search);
  globalThis.scrollTo(0, 0);
}

function withSearch(path: string, search: URLSearchParams): string {
  const query = search.toString();
  return query === '' ? path : `${path}?${query}`;
}

function currentAddress(): string {
  return globalThis.location === undefined ? '/' : location.pathname + location.search;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
