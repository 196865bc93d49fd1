/** Why a question has no answer: a closed list of codes, each with what the asker can do about it. */

/** `unknown_metric`: no set has it · `bad_range`, `bad_slice`, `bad_parameter`: the question is at fault · `too_large`: ask for less. */
export type RefusalCode = 'unknown_metric' | 'bad_range' | 'bad_slice' | 'bad_parameter' | 'too_large';

/** The question cannot be answered as it is; asking again changes nothing. */
export class QueryRefused extends Error {
  readonly code: RefusalCode;
  /** The parameter at fault; null when it is the metric's id. */
  readonly parameter: string | null;
  constructor(code: RefusalCode, parameter: string | null, message: string) {
    super(message);
    this.name = 'QueryRefused';
    this.code = code;
    this.parameter = parameter;
  }
}

/** Nothing that could answer is there now; the same question may be asked again after `retryAfterS` seconds. */
export class Unavailable extends Error {
  readonly retryAfterS: number;
  constructor(message: string, options: { retryAfterS: number; cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'Unavailable';
    this.retryAfterS = options.retryAfterS;
  }
}
