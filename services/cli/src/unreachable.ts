/** Whether a failure means that a dependency does not answer, which has an exit code of its own. */
import { exitCodes, exitError } from '@tidemark/runtime';

/** The ports' error for it. */
export function isUnreachable(error: unknown): boolean {
  return error instanceof Error && error.name === 'StoreUnavailable';
}

/** The same failure with exit code 4 where that is what it means. */
export function withExitCode(error: unknown): unknown {
  return error instanceof Error && isUnreachable(error) ? exitError(exitCodes.unreachable, error.message, error) : error;
}
