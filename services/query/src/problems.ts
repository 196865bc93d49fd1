/** The errors that the service answers with: one closed table of codes, as RFC 9457 problem+json. */
import { QueryRefused, Unavailable } from '@tidemark/pipeline';

/** Code → HTTP status and title. `schemas/query/README.md` says what to do about each. */
export const PROBLEMS = {
  bad_parameter: { status: 400, title: 'Bad parameter' },
  bad_range: { status: 400, title: 'Bad range' },
  bad_slice: { status: 400, title: 'Bad slice' },
  too_large: { status: 400, title: 'Answer too large' },
  bad_request: { status: 400, title: 'Bad request' },
  unauthorized: { status: 401, title: 'No valid key' },
  forbidden: { status: 403, title: 'Key without this scope' },
  unknown_metric: { status: 404, title: 'Unknown metric' },
  wrong_kind: { status: 404, title: 'Wrong path for this kind' },
  unknown_set: { status: 404, title: 'Unknown set' },
  unknown_revision: { status: 404, title: 'Unknown revision' },
  unknown_path: { status: 404, title: 'Unknown path' },
  not_allowed: { status: 405, title: 'Method not allowed' },
  not_acceptable: { status: 406, title: 'Not acceptable' },
  receive_timeout: { status: 408, title: 'Request too slow' },
  url_too_long: { status: 414, title: 'URL too long' },
  wrong_host: { status: 421, title: 'Wrong host' },
  rate_limited: { status: 429, title: 'Too many requests' },
  too_many_streams: { status: 429, title: 'Too many streams' },
  headers_too_large: { status: 431, title: 'Headers too large' },
  unavailable: { status: 503, title: 'Unavailable' },
  timeout: { status: 503, title: 'Timeout' },
  internal: { status: 500, title: 'Internal error' },
} as const;

export type ProblemCode = keyof typeof PROBLEMS;
export const PROBLEM_CODES = Object.keys(PROBLEMS).filter(isProblemCode);

function isProblemCode(code: string): code is ProblemCode {
  return Object.hasOwn(PROBLEMS, code);
}

/** What is wrong, and where: `/query/from`, `/path/id`, `/header/accept`. */
export interface ProblemPart {
  readonly pointer: string;
  readonly message: string;
}

/** Thrown by routes; becomes the response. */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly errors: readonly ProblemPart[];
  readonly headers: Readonly<Record<string, string>>;
  constructor(
    code: ProblemCode,
    detail: string,
    options: { errors?: readonly ProblemPart[]; headers?: Readonly<Record<string, string>>; cause?: unknown } = {},
  ) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'Problem';
    this.code = code;
    this.errors = options.errors ?? [];
    this.headers = options.headers ?? {};
  }
}

/** What any thrown value means to the asker. Anything unexpected is `internal`, without its message: it may hold what only the log should. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof QueryRefused) {
    const pointer = error.parameter === null ? '/path/id' : `/query/${error.parameter}`;
    return new Problem(error.code, error.message, { errors: [{ pointer, message: error.message }] });
  }
  if (error instanceof Unavailable) {
    return new Problem('unavailable', error.message, { headers: { 'retry-after': String(error.retryAfterS) }, cause: error });
  }
  const code = codeOf(error);
  if (code === 'FST_ERR_HANDLER_TIMEOUT') {
    return new Problem('timeout', 'the answer took too long; ask for a shorter range or try again', {
      headers: { 'retry-after': '1' },
      cause: error,
    });
  }
  if (code === 'FST_ERR_BAD_URL') return new Problem('bad_request', 'the path of the URL is not properly percent-encoded', { cause: error });
  if (code.startsWith('FST_') && isClientError(error))
    return new Problem('bad_request', 'the request cannot be read; every path takes GET without a body', { cause: error });
  return new Problem('internal', 'unexpected failure; the service log has it under this request id', { cause: error });
}

export interface ProblemBody {
  readonly type: 'about:blank';
  readonly title: string;
  readonly status: number;
  readonly code: ProblemCode;
  readonly detail: string;
  readonly requestId: string;
  readonly errors?: readonly ProblemPart[];
}

export function problemBody(problem: Problem, requestId: string): ProblemBody {
  const { status, title } = PROBLEMS[problem.code];
  return {
    type: 'about:blank',
    title,
    status,
    code: problem.code,
    detail: problem.message,
    requestId,
    ...(problem.errors.length === 0 ? {} : { errors: problem.errors }),
  };
}

function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

function isClientError(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'statusCode' in error && typeof error.statusCode === 'number' && error.statusCode < 500;
}
