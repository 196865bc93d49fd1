/** Asks for positions over and over, of a query service's answers or of a store, and tells how long each acknowledged record took to be there. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Acknowledged } from './steady-load.ts';

/** Offset after the last record that an answer includes, by partition. */
export type Positions = readonly number[];

export interface PollerOptions {
  /** The address of a question to a query service, or whatever else tells positions. */
  readonly ask: string | (() => Promise<Positions>);
  readonly partitions: number;
  readonly everyMs: number;
}

interface Waiting {
  readonly atMs: number;
  readonly end: number;
}

const answerWithinMs = 10_000;

export class Poller {
  /** Milliseconds from the acknowledgement to the answer that holds it, one for each partition of each send. */
  readonly delaysMs: number[] = [];
  polls = 0;
  /** As the last answer has them. */
  positions: Positions = [];
  readonly #options: PollerOptions;
  readonly #waiting: Waiting[][];
  readonly #running: Promise<void>;
  #isWanted = true;

  constructor(options: PollerOptions) {
    this.#options = options;
    this.#waiting = Array.from({ length: options.partitions }, () => []);
    this.#running = this.#run();
    // Told to whoever stops it.
    this.#running.catch(() => undefined);
  }

  expect({ partition, end, atMs }: Acknowledged): void {
    this.#waiting[partition]?.push({ end, atMs });
  }

  /** How many are not yet answered with. */
  get waiting(): number {
    return this.#waiting.reduce((sum, { length }) => sum + length, 0);
  }

  /** Resolves when nothing waits; throws when that takes longer. */
  async drained(withinMs: number): Promise<void> {
    const untilMs = performance.now() + withinMs;
    while (this.waiting > 0) {
      if (performance.now() > untilMs) throw new Error(`${this.waiting} acknowledged sends are in no answer after ${withinMs} ms`);
      await Promise.race([sleep(this.#options.everyMs), this.#running]);
    }
  }

  async stop(): Promise<void> {
    this.#isWanted = false;
    await this.#running;
  }

  async #run(): Promise<void> {
    const { ask, everyMs, partitions } = this.#options;
    while (this.#isWanted) {
      const beganMs = performance.now();
      const positions = typeof ask === 'string' ? await positionsOf(ask, partitions) : await ask();
      if (positions !== null) this.#judge(positions, performance.now());
      await sleep(Math.max(1, everyMs - (performance.now() - beganMs)));
    }
  }

  #judge(positions: Positions, atMs: number): void {
    this.polls++;
    this.positions = positions;
    for (const [partition, waiting] of this.#waiting.entries()) {
      const next = positions[partition] ?? 0;
      let reached = 0;
      while (reached < waiting.length && (waiting[reached]?.end ?? 0) <= next) reached++;
      for (const { atMs: acknowledgedMs } of waiting.splice(0, reached)) this.delaysMs.push(atMs - acknowledgedMs);
    }
  }
}

/** What the answer to a question says that it includes; null while there is none. */
export async function positionsOf(url: string, partitions: number): Promise<Positions | null> {
  const response = await fetch(url, { signal: AbortSignal.timeout(answerWithinMs) });
  const text = await response.text();
  if (response.status === 503) return null;
  if (response.status !== 200) throw new Error(`GET ${url} answered ${response.status}: ${text.slice(0, 300)}`);
  const { asOf }: { asOf: { positions: Readonly<Record<string, string>> } } = JSON.parse(text);
  return Array.from({ length: partitions }, (_, partition) => Number(asOf.positions[partition] ?? 0));
}
