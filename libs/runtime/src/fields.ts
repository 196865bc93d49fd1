/** Typed pieces of a configuration: each turns the text of one environment variable into a value, or says what it expected. */
import { z } from 'zod';

/** What a reader of an error needs to mend it. */
export interface FieldHelp {
  /** Completes "expected …". */
  readonly expected: string;
  readonly example: string;
  /** Never printed, even when wrong. */
  readonly secret?: boolean;
}

const registry = z.registry<FieldHelp>();

/** The help of a field, through `.optional()`, `.default()` and the like; undefined for a field that was not made here. */
export function fieldHelp(field: unknown): FieldHelp | undefined {
  let inner = field;
  while (inner instanceof z.ZodOptional || inner instanceof z.ZodDefault || inner instanceof z.ZodNullable || inner instanceof z.ZodPrefault) {
    inner = inner.unwrap();
  }
  return inner instanceof z.ZodType ? registry.get(inner) : undefined;
}

type Parsed<T> = { readonly value: T } | { readonly problem: string };
type Field<T> = z.ZodPipe<z.ZodString, z.ZodTransform<T, string>>;

function field<T>(help: FieldHelp, parse: (text: string) => Parsed<T>): Field<T> {
  const made = z.string({ error: `expected ${help.expected}` }).transform((text, context): T => {
    const parsed = parse(text.trim());
    if ('value' in parsed) return parsed.value;
    context.addIssue({ code: 'custom', message: parsed.problem });
    return z.NEVER;
  });
  registry.add(made, help);
  return made;
}

/** Text of 1 to `maxChars` (default 1,000) characters, of `pattern` when given; `expected` completes "expected …". */
export function textField(options: { expected?: string; example?: string; maxChars?: number; pattern?: RegExp } = {}): Field<string> {
  const maxChars = options.maxChars ?? 1000;
  const expected = options.expected ?? `text of 1 to ${maxChars} characters`;
  return field({ expected, example: options.example ?? 'value' }, (text) => {
    const fits = text.length > 0 && text.length <= maxChars && (options.pattern?.test(text) ?? true);
    return fits ? { value: text } : { problem: `expected ${expected}` };
  });
}

/** Text that never appears in an error, given directly or, better, as a file by `NAME_FILE`. */
export function secretField(options: { minChars?: number } = {}): Field<string> {
  const minChars = options.minChars ?? 1;
  const expected = `a secret of at least ${minChars} character${minChars === 1 ? '' : 's'}`;
  return field({ expected, example: '…', secret: true }, (text) => (text.length >= minChars ? { value: text } : { problem: `expected ${expected}` }));
}

/** A certificate (or several) or an unencrypted private key as PEM text, best given as a file by `NAME_FILE`; never printed. */
export function pemField(kind: 'CERTIFICATE' | 'PRIVATE KEY'): Field<string> {
  const what = kind === 'CERTIFICATE' ? 'one or more certificates' : 'a private key without a passphrase';
  const expected = `${what} as PEM text, which begins with -----BEGIN ${kind}-----`;
  // Older tools write the kind of a key before it; what they encrypt says so in the heading or below it.
  const heading = kind === 'CERTIFICATE' ? /^-----BEGIN CERTIFICATE-----$/m : /^-----BEGIN (?:RSA |EC )?PRIVATE KEY-----$/m;
  return field({ expected, example: '…', secret: true }, (text) =>
    heading.test(text.replaceAll('\r', '')) && !/^Proc-Type:.*ENCRYPTED/m.test(text) ? { value: text } : { problem: `expected ${expected}` },
  );
}

/** One of a few words. */
export function choiceField<const T extends string>(choices: readonly [T, ...T[]]): Field<T> {
  const expected = `one of ${choices.join(', ')}`;
  return field({ expected, example: choices[0] }, (text) => {
    const value = choices.find((choice) => choice === text);
    return value === undefined ? { problem: `expected ${expected}` } : { value };
  });
}

/** true, yes, on, 1 or false, no, off, 0. */
export function booleanField(): Field<boolean> {
  const expected = 'true or false (also yes, no, on, off, 1, 0)';
  return field({ expected, example: 'true' }, (text) => {
    if (/^(?:true|yes|on|1)$/i.test(text)) return { value: true };
    if (/^(?:false|no|off|0)$/i.test(text)) return { value: false };
    return { problem: `expected ${expected}` };
  });
}

/** A whole number from `min` (default 0) to `max` (default 2^53 − 1), both included. */
export function integerField(options: { min?: number; max?: number } = {}): Field<number> {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = options;
  const expected = max === Number.MAX_SAFE_INTEGER ? `a whole number of at least ${min}` : `a whole number from ${min} to ${max}`;
  return field({ expected, example: String(min) }, (text) => {
    const value = /^[+-]?\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    return value >= min && value <= max ? { value } : { problem: `expected ${expected}` };
  });
}

/** A TCP port; 0 asks the system for a free one. */
export function portField(): Field<number> {
  const expected = 'a port number from 0 to 65535 (0 = any free port)';
  return field({ expected, example: '8080' }, (text) => {
    const value = isPort(text, 0) ? Number(text) : undefined;
    return value === undefined ? { problem: `expected ${expected}` } : { value };
  });
}

const bytesPerUnit: Readonly<Record<string, number>> = { b: 1, kib: 1024, mib: 1024 ** 2, gib: 1024 ** 3, kb: 1e3, mb: 1e6, gb: 1e9 };

/** A size such as `64MiB`, `1.5GiB`, `500kB` or `4096B`, in bytes. The unit is required. Bounds are in bytes. */
export function bytesField(options: { minBytes?: number; maxBytes?: number } = {}): Field<number> {
  const { minBytes = 0, maxBytes = Number.MAX_SAFE_INTEGER } = options;
  const expected = `a size with its unit (B, KiB, MiB, GiB, kB, MB, GB)${boundsInWords(minBytes, maxBytes, formatBytes)}`;
  return measureField({ expected, example: '64MiB' }, { perUnit: bytesPerUnit, min: minBytes, max: maxBytes });
}

const msPerUnit: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000 };

/** A duration such as `250ms`, `10s`, `1.5h` or `7d`, in milliseconds. The unit is required. Bounds are in milliseconds. */
export function durationField(options: { minMs?: number; maxMs?: number } = {}): Field<number> {
  const { minMs = 0, maxMs = Number.MAX_SAFE_INTEGER } = options;
  const expected = `a duration with its unit (ms, s, m, h, d)${boundsInWords(minMs, maxMs, (ms) => `${ms}ms`)}`;
  return measureField({ expected, example: '10s' }, { perUnit: msPerUnit, min: minMs, max: maxMs });
}

function measureField(help: FieldHelp, scale: { perUnit: Readonly<Record<string, number>>; min: number; max: number }): Field<number> {
  return field(help, (text) => {
    const [, amount = '', unit = ''] = /^(\d{1,16}(?:\.\d{1,6})?) ?([a-z]{1,3})$/i.exec(text) ?? [];
    const factor = Object.hasOwn(scale.perUnit, unit.toLowerCase()) ? scale.perUnit[unit.toLowerCase()] : undefined;
    const value = factor === undefined ? Number.NaN : Math.round(Number(amount) * factor);
    return value >= scale.min && value <= scale.max ? { value } : { problem: `expected ${help.expected}` };
  });
}

function boundsInWords(min: number, max: number, format: (value: number) => string): string {
  const lower = min > 0 ? `, at least ${format(min)}` : '';
  return max < Number.MAX_SAFE_INTEGER ? `${lower}, at most ${format(max)}` : lower;
}

function formatBytes(bytes: number): string {
  if (bytes > 0 && bytes % 1024 ** 2 === 0) return `${bytes / 1024 ** 2}MiB`;
  return bytes > 0 && bytes % 1024 === 0 ? `${bytes / 1024}KiB` : `${bytes}B`;
}

/** One URL of the given schemes (default `http`, `https`), as it was written. */
export function urlField(options: { schemes?: readonly string[]; example?: string } = {}): Field<string> {
  const schemes = options.schemes ?? ['http', 'https'];
  const expected = `a URL that begins with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}`;
  return field({ expected, example: options.example ?? `${schemes[0] ?? 'http'}://127.0.0.1:8123` }, (text) =>
    isUrl(text, schemes) ? { value: text } : { problem: `expected ${expected}` },
  );
}

/** URLs of the given schemes, separated by commas; at least one. */
export function urlListField(options: { schemes?: readonly string[]; example?: string } = {}): Field<readonly string[]> {
  const schemes = options.schemes ?? ['http', 'https'];
  const expected = `URLs that begin with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}, separated by commas`;
  const example = options.example ?? `${schemes[0] ?? 'http'}://127.0.0.1:8123`;
  return listField({ expected, example }, (item) => isUrl(item, schemes));
}

/** `host:port` pairs, separated by commas; at least one, such as the brokers of a Kafka cluster. */
export function hostPortListField(options: { example?: string } = {}): Field<readonly string[]> {
  const expected = 'host:port pairs, separated by commas';
  return listField({ expected, example: options.example ?? '127.0.0.1:9092' }, (item) => {
    const [, port = ''] = /^(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]):(\d{1,5})$/.exec(item) ?? [];
    return isPort(port, 1);
  });
}

function listField(help: FieldHelp, accepts: (item: string) => boolean): Field<readonly string[]> {
  return field(help, (text) => {
    const items = text.split(',').map((item) => item.trim());
    const wrongAt = items.findIndex((item) => !accepts(item));
    if (wrongAt === -1) return { value: items };
    return { problem: items.length === 1 ? `expected ${help.expected}` : `item ${wrongAt + 1} is wrong, expected ${help.expected}` };
  });
}

function isPort(text: string, min: number): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) >= min && Number(text) <= 65_535;
}

function isUrl(text: string, schemes: readonly string[]): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url !== undefined && url.host !== '' && schemes.includes(url.protocol.slice(0, -1));
}
