/** How a control's state is written into the URL's query, and read back: what is not understood, or is the default, is left out. */

export interface Codec<T> {
  readonly fallback: T;
  /** Undefined: not understood. */
  read(text: string): T | undefined;
  write(value: T): string;
}

/** The controls of a page by their names in the URL. */
export type Controls = Readonly<Record<string, Codec<unknown>>>;

export type StateOf<C> = { readonly [Name in keyof C]: C[Name] extends Codec<infer T> ? T : never };

/** Any text; `''` is left out. */
export function text(fallback = ''): Codec<string> {
  return { fallback, read: (given) => given.slice(0, 4_000), write: (value) => value };
}

/** The beginning of a revision; `''` where there is none. */
export function revision(): Codec<string> {
  return { fallback: '', read: (given) => (/^[0-9a-f]{6,16}$/.test(given) ? given : undefined), write: (value) => value };
}

/** Null where it is not in the URL, so that the empty text is a value. */
export function optionalText(): Codec<string | null> {
  return { fallback: null, read: (given) => given.slice(0, 4_000), write: (value) => value ?? '' };
}

/** One of a few words; the first is the default. */
export function choice<const T extends string>(first: T, ...others: readonly T[]): Codec<T> {
  const known = [first, ...others];
  return { fallback: first, read: (given) => known.find((word) => word === given), write: (value) => value };
}

/** On (`1`) or off (left out), or the other way round. */
export function flag(fallback = false): Codec<boolean> {
  return { fallback, read: (given) => (given === '1' ? true : given === '0' ? false : undefined), write: (value) => (value ? '1' : '0') };
}

/** A whole number within bounds. */
export function whole(fallback: number, { min, max }: { readonly min: number; readonly max: number }): Codec<number> {
  const read = (given: string): number | undefined => {
    const value = Number(given);
    return /^-?\d{1,9}$/.test(given) && value >= min && value <= max ? value : undefined;
  };
  return { fallback, read, write: String };
}

/** A calendar date such as 2026-11-01; `''` where there is none. */
export function date(): Codec<string> {
  return { fallback: '', read: (given) => (/^\d{4}-\d\d-\d\d$/.test(given) ? given : undefined), write: (value) => value };
}

/** Several texts, kept apart by commas, which are escaped inside. */
export function list(): Codec<readonly string[]> {
  return {
    fallback: [],
    read: (given) => {
      try {
        return given === '' ? [] : given.split(',').map(decodeURIComponent);
      } catch {
        return undefined;
      }
    },
    write: (values) => values.map(encodeURIComponent).join(','),
  };
}

export function readState<C extends Controls>(controls: C, search: URLSearchParams): StateOf<C> {
  const entries = Object.entries(controls).map(([name, codec]) => {
    const given = search.get(name);
    return [name, given === null ? codec.fallback : (codec.read(given) ?? codec.fallback)];
  });
  // Built from the controls' own names and codecs.
  return Object.fromEntries(entries) as StateOf<C>;
}

/** Only what differs from the default, in the order of the controls. */
export function writeState(controls: Controls, state: object, into: URLSearchParams): void {
  for (const [name, codec] of Object.entries(controls)) {
    const value: unknown = Reflect.get(state, name);
    const given = codec.write(value);
    // The empty text is a value where there may be none.
    const isDefault = codec.fallback === null ? value === null : given === codec.write(codec.fallback);
    if (isDefault) into.delete(name);
    else into.set(name, given);
  }
}
