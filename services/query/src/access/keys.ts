/** API keys: random enough that a plain SHA-256 of one gives nothing away, and only that hash is kept (ADR 18). */
import { createHash, timingSafeEqual } from 'node:crypto';

/** What a key may do: `read` figures, and `inspect` single events and actors, which are personal data. Neither implies the other. */
export const SCOPES = ['read', 'inspect'] as const;
export type Scope = (typeof SCOPES)[number];

export interface ApiKey {
  /** For limits, metrics and logs. */
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly hash: Buffer;
}

/** 256 random bits behind a prefix that scanners for leaked secrets can look for. */
export const KEY_BYTES = 32;
const KEY_PREFIX = 'tmk_';
const MAX_KEYS = 1_000;
const MAX_PRESENTED_CHARS = 200;

export function keyOf(random: Buffer): string {
  if (random.length !== KEY_BYTES) throw new RangeError(`a key takes ${KEY_BYTES} random bytes, got ${random.length}`);
  return `${KEY_PREFIX}${random.toString('base64url')}`;
}

/** What a configuration holds of a key: `NAME SCOPE… SHA-256 in hex`. */
export function keyLine(name: string, key: string, scopes: readonly Scope[] = ['read']): string {
  return `${name} ${scopes.join(' ')} ${hashOf(key).toString('hex')}`;
}

export function isKeyName(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name);
}

export type KeysOutcome = { readonly ok: true; readonly keys: readonly ApiKey[] } | { readonly ok: false; readonly problems: readonly string[] };

/** Lines, or items separated by commas; `#` begins a comment. Problems name the item's number, never what stands in it. */
export function parseKeys(text: string): KeysOutcome {
  const items = text
    .split('\n')
    .map((line) => line.replace(/#.*$/, ''))
    .join(',')
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
  const keys: ApiKey[] = [];
  const problems: string[] = [];
  for (const [index, item] of items.entries()) {
    const key = parseKey(item);
    const twin = typeof key === 'string' ? undefined : keys.find((other) => other.name === key.name || other.hash.equals(key.hash));
    if (typeof key === 'string') problems.push(`key ${index + 1}: ${key}`);
    else if (twin !== undefined) problems.push(`key ${index + 1}: its name or hash is that of an earlier key`);
    else keys.push(key);
  }
  if (items.length === 0) problems.push('there is no key in it: leave the variable out to serve this machine only');
  if (items.length > MAX_KEYS) problems.push(`${items.length} keys, at most ${MAX_KEYS}`);
  return problems.length > 0 ? { ok: false, problems } : { ok: true, keys };
}

function parseKey(item: string): ApiKey | string {
  if (item.includes(KEY_PREFIX)) return 'this is a key itself: keep only its line, made together with it, and give the key to who asks';
  const [name = '', ...rest] = item.split(/\s+/);
  const hex = rest.at(-1) ?? '';
  if (!isKeyName(name)) return 'expected NAME SCOPE… SHA256, the name of 1 to 64 letters, digits, ".", "_" and "-"';
  if (!/^[0-9a-f]{64}$/i.test(hex)) return 'expected the SHA-256 of the key in 64 hexadecimal digits at the end';
  const words = rest.slice(0, -1);
  const scopes = SCOPES.filter((scope) => words.includes(scope));
  if (words.length === 0 || scopes.length !== words.length) return `expected scopes between name and hash: ${SCOPES.join(', ')}`;
  return { name, scopes, hash: Buffer.from(hex, 'hex') };
}

/** The key that was presented, or null. Compares with every known hash, so that time tells nothing of which one was near. */
export function findKey(keys: readonly ApiKey[], presented: string): ApiKey | null {
  if (presented.length > MAX_PRESENTED_CHARS) return null;
  const hash = hashOf(presented);
  let found: ApiKey | null = null;
  for (const key of keys) if (timingSafeEqual(key.hash, hash)) found = key;
  return found;
}

function hashOf(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
