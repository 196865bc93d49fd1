/** The exit codes of every program of the project, and how an error says which of them it asks for. */

/** `ok` 0 · `failed` 1 · `usage` 2 (bad command line) · `config` 3 · `unreachable` 4 (a dependency does not answer) · `checkFailed` 5 · `stuck` 6 (work to do, and none was done). */
export const exitCodes = { ok: 0, failed: 1, usage: 2, config: 3, unreachable: 4, checkFailed: 5, stuck: 6 } as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** An error that ends the program with `exitCode` when it reaches `runService` or a `main.ts`. */
export function exitError(exitCode: ExitCode, message: string, cause?: unknown): Error & { readonly exitCode: ExitCode } {
  const error = cause === undefined ? new Error(message) : new Error(message, { cause });
  return Object.assign(error, { exitCode });
}

/** The exit code that an error carries, else 1. Looks at the error itself, not at its causes. */
export function exitCodeOf(error: unknown): ExitCode {
  if (typeof error !== 'object' || error === null || !('exitCode' in error)) return exitCodes.failed;
  const wanted = error.exitCode;
  return Object.values(exitCodes).find((code) => code === wanted) ?? exitCodes.failed;
}
