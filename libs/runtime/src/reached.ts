/** Waits for a dependency at start: to come up before it is normal, never to reach it is an exit code of its own. */
import type { SystemClock } from './clock.ts';
import { exitCodes, exitError } from './exit-codes.ts';

const DEADLINE_MS = 60_000;
const RETRY_MS = 1_000;

export interface Waiting {
  readonly logger: { warn(fields: object, message: string): void };
  readonly signal: AbortSignal;
  readonly clock: SystemClock;
  /** Whether a failure means "not there yet"; any other is thrown at once. */
  isAway(error: unknown): boolean;
}

/** Tries once a second until the dependency answers; throws an error with exit code 4 after a minute or when `signal` aborts. */
export async function reached<T>(name: string, connect: () => Promise<T>, waiting: Waiting): Promise<T> {
  const { logger, signal, clock } = waiting;
  const startMs = clock.monotonicMs();
  for (;;) {
    try {
      return await connect();
    } catch (error) {
      if (!waiting.isAway(error)) throw error;
      const why = error instanceof Error ? error.message : String(error);
      if (signal.aborted || clock.monotonicMs() - startMs > DEADLINE_MS)
        throw exitError(exitCodes.unreachable, `${name} does not answer: ${why}`, error);
      logger.warn({ dependency: name, why }, 'waiting for a dependency');
      await clock.sleep(RETRY_MS, signal);
    }
  }
}
