/** Structured logs: one JSON object a line on stderr, with ISO time, no secrets, and no text longer than its bound. */
import { pino } from 'pino';
import { boundText, isSecretName, redacted, redactText } from './redact.ts';

/** A pino logger: `logger.info({ partition: 3 }, 'assigned')`, `logger.error({ err }, 'publish failed')`, `logger.child({ partition: 3 })`. */
export type Logger = pino.Logger;

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

export type LogLevel = (typeof logLevels)[number];

/** Where lines go; each call carries one whole line with its line end. */
export interface LogDestination {
  write(line: string): void;
}

export interface LoggerOptions {
  readonly service: string;
  readonly level: LogLevel;
  /** Lines for people are made by tools downstream, never by the service. */
  readonly pretty?: never;
  /** Default: stderr, written synchronously, so that the last line before a crash is not lost. */
  readonly destination?: LogDestination;
}

/** Longest string in a log line, in UTF-16 units; hostile text is cut here. */
export const maxLogTextChars = 500;
const maxStackChars = 4000;
const maxListItems = 100;
/** Text is cut here before redaction reads it, so that a line's cost is bounded. */
const maxInspectedChars = 20_000;

/**
 * Creates the root logger of a service.
 * Every line passes one place, after all serializers and children, where strings are bounded and redacted, fields with secret names are blanked,
 * long lists are cut and integers beyond 2^53 become text. Nothing that is logged can go around it.
 */
export function createLogger(options: LoggerOptions): Logger {
  const destination = options.destination ?? pino.destination({ dest: 2, sync: true });
  return pino(
    {
      level: options.level,
      base: { service: options.service, pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: serializeErrors },
      hooks: { streamWrite: sanitizeLine },
    },
    destination,
  );
}

/** Errors become plain objects under whatever name they are logged; JSON alone would print `{}`. */
function serializeErrors(fields: Record<string, unknown>): Record<string, unknown> {
  const entries = Object.entries(fields);
  // pino itself serializes `err`, and would take what is returned here for an error again.
  const isLeft = (name: string, value: unknown): value is Error => name !== 'err' && value instanceof Error;
  if (!entries.some(([name, value]) => isLeft(name, value))) return fields;
  return Object.fromEntries(entries.map(([name, value]) => [name, isLeft(name, value) ? pino.stdSerializers.err(value) : value]));
}

function sanitizeLine(line: string): string {
  try {
    return jsonLine(JSON.parse(line, sanitizeField));
  } catch {
    // pino does not escape the names of top-level fields, so a hostile name can break its line.
    const time = new Date().toISOString();
    return jsonLine({ level: 'error', time, msg: 'a log line was not JSON', line: sanitizeText(line, maxLogTextChars) });
  }
}

/** What a terminal or an eye would obey; JSON alone escapes only what is below U+0020, and leaves the one-byte forms of escape sequences. */
const obeyedMarks = /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

function jsonLine(value: unknown): string {
  const escaped = JSON.stringify(value).replace(obeyedMarks, (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return `${escaped}\n`;
}

/** Called bottom-up for each field of a parsed line; `context.source` is the number as it was written. */
function sanitizeField(name: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value === 'number') {
    return Number.isInteger(value) && !Number.isSafeInteger(value) ? (context?.source ?? String(value)) : value;
  }
  if (typeof value === 'boolean' || value === null) return value;
  if (isSecretName(name)) return redacted;
  if (name === 'rawHeaders' || isCommandArguments(name, value)) return redacted;
  if (typeof value === 'string') return sanitizeText(value, name === 'stack' ? maxStackChars : maxLogTextChars);
  if (Array.isArray(value))
    return value.length <= maxListItems ? value : [...value.slice(0, maxListItems), `… (${value.length - maxListItems} more)`];
  return value;
}

/** Drivers hang a failed command on its error, arguments and all: those of AUTH are a password, those of SET are somebody's data. */
function isCommandArguments(name: string, value: unknown): boolean {
  return (name === 'args' || name === 'arguments') && Array.isArray(value);
}

function sanitizeText(text: string, maxChars: number): string {
  if (text.length <= maxInspectedChars) return boundText(redactText(text), maxChars);
  // A URL that the cut goes through has lost the `@` that would give its password away: drop it whole.
  const inspected = redactText(text.slice(0, maxInspectedChars).replace(/\/\/[^\s@]*$/, '//***'));
  const kept = inspected.slice(0, maxChars).toWellFormed();
  return `${kept}… (${text.length - kept.length} more characters)`;
}
