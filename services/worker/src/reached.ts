/** Waits for a dependency at start: a process that comes up before its stores is normal, one that never reaches them says so and ends. */
import { StoreUnavailable } from '@tidemark/pipeline';
import { exitCodes, exitError, type Logger, type SystemClock } from '@tidemark/runtime';

const DEADLINE_MS = 60_000;
const RETRY_MS = 1_000;

/** Tries until the dependency answers; throws an error with exit code 4 after a minute, or at once when it answers that it will not serve. */
export async function reached<T>(name: string, connect: () => Promise<T>, waiting: { logger: Logger; signal: AbortSignal; clock: SystemClock }): Promise<T> {
  const { logger, signal, clock } = waiting;
  const startMs = clock.monotonicMs();
  for (;;) {
    try {
      return await connect();
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      if (signal.aborted || clock.monotonicMs() - startMs > DEADLINE_MS) throw exitError(exitCodes.unreachable, `${name} does not answer: ${error.message}`, error);
      logger.warn({ dependency: name, why: error.message }, 'waiting for a dependency');
      await clock.sleep(RETRY_MS, signal);
    }
  }
}
