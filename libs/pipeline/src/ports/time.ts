/** The port to time: wall clock and repetition, outside the fold only. */

export interface Repetition {
  /** Resolves when the run in progress has ended; no further run starts. */
  stop(): Promise<void>;
}

export interface RuntimeClock {
  nowMs(): number;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Runs never overlap; the first after `ms`. */
  every(ms: number, run: () => Promise<void>, onError?: (error: unknown) => void): Repetition;
}
