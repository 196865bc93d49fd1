/** Reads the lines of an NDJSON stream: Segment events as they are, each under the key that its actor asks for. */
import type { Readable } from 'node:stream';
import type { RawRow } from './rows.ts';

/** The decoder refuses values above 1 MiB; a line longer than this is not even kept. */
const MAX_LINE_BYTES = 4 * 1024 * 1024;
const NEWLINE = 10;

/** Empty lines are passed over. */
export async function* readNdjsonLines(stream: Readable): AsyncGenerator<RawRow> {
  let line = 0;
  for await (const bytes of readLines(stream)) {
    line++;
    if (bytes === null) yield { line, record: { reason: `longer than ${MAX_LINE_BYTES / 1024 / 1024} MiB` } };
    else if (!isBlank(bytes)) yield { line, record: recordOf(bytes) };
  }
}

function recordOf(value: Buffer): RawRow['record'] {
  let root: unknown;
  try {
    root = JSON.parse(value.toString('utf8'));
  } catch (error) {
    return { reason: `no JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
  return { key: idOf(root, 'userId') || idOf(root, 'anonymousId'), value };
}

/** The text by which an id is a key: texts as they are, numbers as their text. Anything else the decoder refuses with its reason. */
function idOf(root: unknown, name: string): string {
  if (typeof root !== 'object' || root === null || !Object.hasOwn(root, name)) return '';
  const id: unknown = Reflect.get(root, name);
  if (typeof id === 'number' && Number.isFinite(id)) return String(id);
  return typeof id === 'string' ? id.toWellFormed() : '';
}

/** Lines without their ends, copied out of the stream's chunks; null for one that is too long. */
async function* readLines(stream: Readable): AsyncGenerator<Buffer | null> {
  let pieces: Buffer[] = [];
  let length = 0;
  const take = (): Buffer | null => {
    const whole = length > MAX_LINE_BYTES ? null : Buffer.concat(pieces);
    pieces = [];
    length = 0;
    return whole;
  };
  const keep = (piece: Buffer): void => {
    length += piece.length;
    if (length > MAX_LINE_BYTES) pieces = [];
    else pieces.push(piece);
  };
  for await (const chunk of stream) {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    let from = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, from)) {
      keep(bytes.subarray(from, end));
      yield take();
      from = end + 1;
    }
    if (from < bytes.length) keep(bytes.subarray(from));
  }
  if (length > 0) yield take();
}

function isBlank(bytes: Buffer): boolean {
  for (const byte of bytes) if (byte !== 32 && byte !== 9 && byte !== 13) return false;
  return true;
}
