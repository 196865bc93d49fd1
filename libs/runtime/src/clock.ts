/** The real clock and timers, behind an interface small enough to be replaced in a test. */

export interface Repeater {
  /** No run starts after this call; resolves when the run in progress has ended. Do not await it inside the run itself. */
  stop(): Promise<void>;
}

export interface SystemClock {
  /** Wall clock, milliseconds since 1970. May jump. */
  nowMs(): number;
  /** Milliseconds since an arbitrary start; never goes back. For durations. */
  monotonicMs(): number;
  /** Resolves after `ms`, or at once, without an error, when `signal` aborts: check the signal after it. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /**
   * Runs `run` every `ms`, counted from start to start, the first time after `ms`; a run that takes longer delays the next, runs never overlap.
   * A failed run goes to `onError` and the next follows as usual; without `onError` it becomes an unhandled rejection, which ends a service.
   */
  every(ms: number, run: () => Promise<void> | void, onError?: (error: unknown) => void): Repeater;
}

/** setTimeout fires at once for anything longer. */
const longestTimeoutMs = 2 ** 31 - 1;

export const systemClock: SystemClock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep,
  every,
};

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) {
      resolve();
      return;
    }
    let remainingMs = Math.max(0, ms);
    let timer: NodeJS.Timeout;
    const finish = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', finish);
      resolve();
    };
    const wait = (): void => {
      const stepMs = Math.min(remainingMs, longestTimeoutMs);
      remainingMs -= stepMs;
      timer = setTimeout(remainingMs > 0 ? wait : finish, stepMs);
    };
    signal?.addEventListener('abort', finish, { once: true });
    wait();
  });
}

function every(ms: number, run: () => Promise<void> | void, onError?: (error: unknown) => void): Repeater {
  const stopping = new AbortController();
  const loop = async (): Promise<void> => {
    let waitMs = ms;
    while (true) {
      await sleep(waitMs, stopping.signal);
      if (stopping.signal.aborted) return;
      const startedMs = performance.now();
      await runOnce(run, onError);
      waitMs = Math.max(0, ms - (performance.now() - startedMs));
    }
  };
  const ended = loop();
  return {
    stop: () => {
      stopping.abort();
      return ended;
    },
  };
}

async function runOnce(run: () => Promise<void> | void, onError: ((error: unknown) => void) | undefined): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (onError) onError(error);
    else void Promise.reject(error);
  }
}
