/** A clock that goes on when it is told to, and only when all that it has set off is over: the same run takes the same steps, however fast the machine is. */
import type { Repetition, RuntimeClock } from '@tidemark/pipeline';

interface Beat {
  readonly everyMs: number;
  readonly run: () => Promise<void>;
  readonly onError: (error: unknown) => void;
  dueMs: number;
}

interface Sleeper {
  readonly dueMs: number;
  readonly wake: () => void;
}

export class SteppedClock implements RuntimeClock {
  #nowMs: number;
  #beats: readonly Beat[] = [];
  #sleepers: readonly Sleeper[] = [];
  #failure: { readonly error: unknown } | null = null;

  /** Epoch ms at which it stands still first. */
  constructor(startMs: number) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted === true) return resolve();
      const sleeper: Sleeper = { dueMs: this.#nowMs + ms, wake: resolve };
      this.#sleepers = [...this.#sleepers, sleeper];
      signal?.addEventListener('abort', () => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        resolve();
      });
    });
  }

  every(ms: number, run: () => Promise<void>, onError?: (error: unknown) => void): Repetition {
    const fail = (error: unknown): void => {
      this.#failure ??= { error };
    };
    const beat: Beat = { everyMs: ms, run, onError: onError ?? fail, dueMs: this.#nowMs + ms };
    this.#beats = [...this.#beats, beat];
    return {
      stop: async () => {
        this.#beats = this.#beats.filter((other) => other !== beat);
      },
    };
  }

  /** Does all that falls due meanwhile, in its order; what falls due at one instant runs side by side. Throws what a run without a handler threw. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    for (;;) {
      const dueMs = Math.min(...this.#beats.map((beat) => beat.dueMs), ...this.#sleepers.map((sleeper) => sleeper.dueMs));
      if (dueMs > untilMs) break;
      this.#nowMs = dueMs;
      const awake = this.#sleepers.filter((sleeper) => sleeper.dueMs <= dueMs);
      this.#sleepers = this.#sleepers.filter((sleeper) => sleeper.dueMs > dueMs);
      for (const { wake } of awake) wake();
      await Promise.all(this.#beats.filter((beat) => beat.dueMs <= dueMs).map((beat) => this.#runOnce(beat)));
      if (this.#failure !== null) throw this.#failure.error;
    }
    this.#nowMs = untilMs;
  }

  async #runOnce(beat: Beat): Promise<void> {
    beat.dueMs += beat.everyMs;
    await beat.run().catch(beat.onError);
  }
}
