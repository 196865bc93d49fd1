/** ClickHouse's exception codes as HTTP answers: the status that a server gives, and the text that its clients parse. */

/** An error whose text already reads as ClickHouse writes it: `Code: 60. DB::Exception: … (UNKNOWN_TABLE)`. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

export function engineError(code: number, type: string, sentence: string): EngineError {
  return new EngineError(code, `Code: ${code}. DB::Exception: ${sentence} (${type})`);
}

// As in ClickHouse's exceptionCodeToHTTPStatus: what the statement's author can mend, and what does not exist.
const badRequest = new Set([6, 26, 27, 36, 38, 41, 53, 62, 69, 70, 72, 117, 321, 427, 456, 457]);
const notFound = new Set([46, 47, 50, 56, 60, 63, 73, 78, 81, 115, 152, 336, 511]);
const special = new Map([
  [48, 501],
  [159, 408],
  [202, 503],
  [209, 503],
  [210, 503],
  [307, 413],
]);

export function httpStatusOf(code: number): number {
  if (badRequest.has(code)) return 400;
  return notFound.has(code) ? 404 : (special.get(code) ?? 500);
}
