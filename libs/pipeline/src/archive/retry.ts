/** Tries again what the archive or the log did not answer, with growing pauses, for as long as the caller wants it. */
import { StoreUnavailable } from '../ports/sink.ts';

/** Time handed in: a monotonic clock, and a wait that ends early, without an error, when the signal aborts. */
export interface RetryClock {
  monotonicMs(): number;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const gaveUp: unique symbol = Symbol('gave up');

export interface RetryOptions {
  readonly clock: RetryClock;
  readonly onFailure: (failure: { readonly purpose: string; readonly reason: string; readonly attempt: number }) => void;
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

/** Answers `gaveUp` once `goesOn` says no after a failure. Errors other than StoreUnavailable are thrown: another attempt will not mend them. */
export async function retried<T>(
  options: RetryOptions,
  purpose: string,
  attempt: () => Promise<T>,
  goesOn: () => boolean,
): Promise<T | typeof gaveUp> {
  for (let count = 1, pauseMs = FIRST_PAUSE_MS; ; count += 1, pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      options.onFailure({ purpose, reason: error.message, attempt: count });
      // In short steps, so that the end of a membership or of the process is noticed soon.
      for (let leftMs = pauseMs; leftMs > 0 && goesOn(); leftMs -= FIRST_PAUSE_MS) await options.clock.sleep(Math.min(leftMs, FIRST_PAUSE_MS));
      if (!goesOn()) return gaveUp;
    }
  }
}
