/** What has changed since the page was opened: every leaf of an answer by a name that stays when buckets come and go. */

export interface Change {
  readonly from: string | number | boolean | null;
  readonly to: string | number | boolean | null;
  /** When it came, epoch ms. */
  readonly atMs: number;
}

type Leaf = Change['from'];

/** What an item of a list is called: by its slice value, then by what tells it from its neighbours. */
const NAMING = ['tile', 'cohort', 'bucket', 'period', 'step', 'k', 'n', 'from', 'name'] as const;
/** What moves with every publish and is no figure. */
const IGNORED = new Set(['asOf', 'closesAt', 'histogram', 'previous', 'line']);

/** `2026-11-01`, `ads|2026-11-01`, `3`: how an item of a list is named in a path of leaves. */
export function itemName(item: object, index: number): string {
  const value: unknown = Reflect.get(item, 'value');
  const slice = Array.isArray(value) ? value.join(',') : typeof value === 'string' && !('bucket' in item && 'count' in item) ? value : '';
  const field = NAMING.find((name) => Object.hasOwn(item, name));
  // Brackets may begin alike.
  const end = field === 'from' && 'to' in item ? `-${String(item.to)}` : '';
  const own = field === undefined ? String(index) : String(Reflect.get(item, field)) + end;
  return slice === '' ? own : field === undefined ? slice : `${slice}|${own}`;
}

/** Owns the comparison of one figure with what it was when the page was opened. */
export class Changes {
  readonly #opened = new Map<string, Leaf>();
  readonly #changed = new Map<string, Change>();
  #last: unknown;

  constructor(opened: unknown) {
    this.#last = opened;
    this.#note(opened);
  }

  /** By the leaf's path, such as `cohorts.2026-11-01.cells.3.retained`. Null: as it was. */
  of(path: string): Change | null {
    return this.#changed.get(path) ?? null;
  }

  get size(): number {
    return this.#changed.size;
  }

  /** Compares with the newest body; what both share is not looked at. */
  update(body: unknown, atMs: number): void {
    this.#compare(this.#last, body, '', atMs);
    this.#last = body;
  }

  #note(value: unknown, path = ''): void {
    if (typeof value === 'object' && value !== null) for (const [name, child] of childrenOf(value, path)) this.#note(child, name);
    else if (isLeaf(value)) this.#opened.set(path, value);
  }

  #compare(before: unknown, now: unknown, path: string, atMs: number): void {
    if (Object.is(before, now)) return;
    if (typeof now === 'object' && now !== null) {
      const known = typeof before === 'object' && before !== null ? new Map(childrenOf(before, path)) : new Map<string, unknown>();
      for (const [name, child] of childrenOf(now, path)) this.#compare(known.get(name), child, name, atMs);
    } else if (isLeaf(now)) this.#changeAt(path, now, atMs);
  }

  #changeAt(path: string, to: Leaf, atMs: number): void {
    const from = this.#opened.get(path);
    // A bucket that has begun since: from here on it is compared with its beginning.
    if (from === undefined) this.#opened.set(path, to);
    else if (from === to) this.#changed.delete(path);
    else this.#changed.set(path, { from, to, atMs });
  }
}

function childrenOf(value: object, path: string): [string, unknown][] {
  const lead = path === '' ? '' : `${path}.`;
  if (Array.isArray(value)) {
    return value.map((child: unknown, index): [string, unknown] => [
      lead + (typeof child === 'object' && child !== null ? itemName(child, index) : String(index)),
      child,
    ]);
  }
  return Object.entries(value).flatMap(([name, child]): [string, unknown][] => (IGNORED.has(name) ? [] : [[lead + name, child]]));
}

function isLeaf(value: unknown): value is Leaf {
  return value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}
