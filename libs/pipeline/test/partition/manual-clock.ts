/** A clock that moves when told: timers fire in the order of their times, and what they set off runs to its end in between. */
import { setImmediate } from 'node:timers/promises';
import type { Repetition, RuntimeClock } from '../../src/index.ts';

interface Timer {
  readonly atMs: number;
  readonly fire: () => void;
}

export class ManualClock implements RuntimeClock {
  #nowMs = 0;
  #timers: Timer[] = [];

  constructor(startMs: number) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  get pending(): number {
    return this.#timers.length;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const timer = { atMs: this.#nowMs + ms, fire: resolve };
      this.#timers.push(timer);
      signal?.addEventListener('abort', () => {
        this.#timers = this.#timers.filter((other) => other !== timer);
        resolve();
      });
    });
  }

  every(ms: number, run: () => Promise<void>, onError?: (error: unknown) => void): Repetition {
    const stopping = new AbortController();
    const loop = async (): Promise<void> => {
      for (;;) {
        await this.sleep(ms, stopping.signal);
        if (stopping.signal.aborted) return;
        await run().catch((error: unknown) => {
          if (onError === undefined) throw error;
          onError(error);
        });
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

  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    for (;;) {
      await setImmediate();
      const [next] = this.#timers.toSorted((a, b) => a.atMs - b.atMs);
      if (next === undefined || next.atMs > untilMs) break;
      this.#timers = this.#timers.filter((other) => other !== next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.fire();
    }
    this.#nowMs = untilMs;
    await setImmediate();
  }
}
