/** Virtual time and calls on their way: everything that a simulated process waits for, to be released one at a time in whatever order the seed draws. */
import { type RuntimeClock, StoreUnavailable } from '@tidemark/pipeline';
import type { Engine, Role, Step } from './steps.ts';

/** One incarnation of a worker, an archiver or a reader. What a dead one waits for never comes; a paused one waits longer. */
export interface SimulatedProcess {
  readonly name: string;
  readonly role: Role;
  alive: boolean;
  paused: boolean;
}

/** A store call: `sent` until the engine has applied it, `applied` until its caller hears the answer. */
export interface SimulatedCall {
  readonly owner: SimulatedProcess;
  readonly engine: Engine;
  readonly step: Step;
  readonly text: string;
  /** Applies it to the engine. A copy that arrives late is applied by the same function. */
  readonly apply: () => Promise<unknown>;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: unknown) => void;
  stage: 'sent' | 'applied';
  answer: { readonly value: unknown } | { readonly error: unknown } | null;
}

interface Timer {
  readonly atMs: number;
  readonly owner: SimulatedProcess;
  readonly fire: () => void;
}

export class Schedule {
  nowMs: number;
  calls: SimulatedCall[] = [];
  /** Calls whose owner gave up or died, still on their way to the engine. */
  late: SimulatedCall[] = [];
  #timers: Timer[] = [];
  readonly #onFailure: (error: unknown) => void;

  /** `onFailure`: a repetition failed and nobody asked to be told. */
  constructor(startMs: number, onFailure: (error: unknown) => void) {
    this.nowMs = startMs;
    this.#onFailure = onFailure;
  }

  /** The clock of one process. Timers of a dead process never fire. */
  clockOf(owner: SimulatedProcess): RuntimeClock {
    const sleep: RuntimeClock['sleep'] = (ms, signal) =>
      new Promise((resolve) => {
        if (!owner.alive) return;
        const timer: Timer = { atMs: this.nowMs + ms, owner, fire: resolve };
        this.#timers.push(timer);
        signal?.addEventListener('abort', () => {
          this.#timers = this.#timers.filter((other) => other !== timer);
          resolve();
        });
      });
    const repeat = async (ms: number, run: () => Promise<void>, onError: (error: unknown) => void, signal: AbortSignal): Promise<void> => {
      let waitMs = ms;
      for (;;) {
        await sleep(waitMs, signal);
        if (signal.aborted) return;
        const startedMs = this.nowMs;
        await run().catch(onError);
        waitMs = Math.max(0, ms - (this.nowMs - startedMs));
      }
    };
    return {
      nowMs: () => this.nowMs,
      sleep,
      every: (ms, run, onError = this.#onFailure) => {
        const stopping = new AbortController();
        const ended = repeat(ms, run, onError, stopping.signal);
        return {
          stop: () => {
            stopping.abort();
            return ended;
          },
        };
      },
    };
  }

  /** A call of a process; nothing happens to it before the schedule says so. */
  call<Answer>(owner: SimulatedProcess, about: Pick<SimulatedCall, 'engine' | 'step' | 'text'>, apply: () => Promise<Answer>): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (!owner.alive) return;
      // The answer that `settle` passes on is the one that `apply` gave.
      const heard = (answer: unknown): void => resolve(answer as Answer);
      this.calls.push({ owner, ...about, apply, resolve: heard, reject, stage: 'sent', answer: null });
    });
  }

  /** The engine applies a call; its answer is on the way. */
  async applied(call: SimulatedCall): Promise<void> {
    call.answer = await call.apply().then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    );
    call.stage = 'applied';
  }

  /** The caller hears the answer, or that there is none. */
  settle(call: SimulatedCall, heard: boolean, why = 'no answer'): void {
    this.calls = this.calls.filter((other) => other !== call);
    if (!heard || call.answer === null) call.reject(new StoreUnavailable(call.engine, `${call.text}: ${why}`));
    else if ('error' in call.answer) call.reject(call.answer.error);
    else call.resolve(call.answer.value);
  }

  /** The earliest timer of a process that runs; time moves to it. False when there is none. */
  fireNextTimer(): SimulatedProcess | null {
    let next: Timer | null = null;
    for (const timer of this.#timers) if (!timer.owner.paused && (next === null || timer.atMs < next.atMs)) next = timer;
    if (next === null) return null;
    const fired = next;
    this.#timers = this.#timers.filter((timer) => timer !== fired);
    this.nowMs = Math.max(this.nowMs, fired.atMs);
    fired.fire();
    return fired.owner;
  }

  /** The process is gone: its calls that have not arrived are answered. */
  bury(owner: SimulatedProcess): SimulatedCall[] {
    owner.alive = false;
    this.#timers = this.#timers.filter((timer) => timer.owner !== owner);
    const left = this.calls.filter((call) => call.owner === owner);
    this.calls = this.calls.filter((call) => call.owner !== owner);
    return left.filter(({ stage }) => stage === 'sent');
  }
}
