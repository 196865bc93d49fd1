/** Asks the query service all the while: it must answer, its positions must be true, and how soon figures are fresh again is told for each fault. */
import { availableParallelism, loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasReached, type Ledger, type Positions } from './ledger.ts';
import { FRESHNESS_MS } from './stand.ts';

export interface ReadersOptions {
  /** Paths that are asked in turn. */
  readonly paths: readonly string[];
  readonly address: () => string;
  readonly partitions: number;
  readonly ledger: Ledger;
  /** Where the log ends now; rejects while the broker is away. */
  readonly logEnds: () => Promise<Positions>;
  /** How many of the two stores were away at some instant of this span of time. */
  readonly storesAway: (fromMs: number, toMs: number) => number;
  /** Told where each answer came from. */
  readonly served: (source: string, atMs: number) => void;
  /** Told of what must never be. */
  readonly violated: (what: string) => void;
}

export interface ReaderCounts {
  asked: number;
  answered: number;
  /** Refused with 503 while both stores were away. */
  refused: number;
  /** Refused while at most one store was away, but the machine had far more to do than it can, so that a store did not answer in time. */
  refusedUnderLoad: number;
  stale: number;
  fromRedis: number;
  fromClickHouse: number;
  mixed: number;
  slowestMs: number;
}

interface Wish {
  readonly positions: Positions;
  readonly reached: (atMs: number) => void;
}

const POLL_MS = 200;
/** Waiting tasks per core beyond which a store that does not answer within three seconds is no fault of ours. */
const OVERLOAD = 3;
const TIMEOUT_MS = 20_000;
const FIRST_ANSWER_DEADLINE_MS = 60_000;
/** An owner may have heard three seconds ago where the log ends; a mark of what is acknowledged, an answer's journey, and a busy machine. */
const STALE_SLACK_MS = 5_000;

export class Readers {
  readonly counts: ReaderCounts = {
    asked: 0,
    answered: 0,
    refused: 0,
    refusedUnderLoad: 0,
    stale: 0,
    fromRedis: 0,
    fromClickHouse: 0,
    mixed: 0,
    slowestMs: 0,
  };
  readonly #options: ReadersOptions;
  #wishes: Wish[] = [];
  #running: Promise<void> | null = null;
  #wanted = false;
  /** Positions beyond what was acknowledged, to be compared with the log's end as soon as somebody tells it. */
  #beyond: number[] | null = null;

  constructor(options: ReadersOptions) {
    this.#options = options;
  }

  /** Before the first publish of every partition there is nothing to answer with. Throws when it does not come. */
  async untilAnswered(): Promise<void> {
    const { address, paths } = this.#options;
    const deadlineMs = performance.now() + FIRST_ANSWER_DEADLINE_MS;
    for (let seen = 'nothing'; ; await sleep(POLL_MS)) {
      const response = await fetch(address() + (paths[0] ?? ''), { signal: AbortSignal.timeout(TIMEOUT_MS) });
      seen = `${response.status}: ${(await response.text()).slice(0, 300)}`;
      if (response.status === 200) return;
      if (performance.now() > deadlineMs) throw new Error(`no figures were published: ${seen}`);
    }
  }

  start(): void {
    this.#wanted = true;
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#wanted = false;
    await this.#running;
  }

  /** Calls back with the instant of the first answer that holds all of these. */
  whenReached(positions: Positions, reached: (atMs: number) => void): void {
    this.#wishes.push({ positions, reached });
  }

  /** Nobody waits for these any more. */
  forget(): void {
    this.#wishes = [];
  }

  async #run(): Promise<void> {
    for (let turn = 0; this.#wanted; turn++) {
      const { ledger, paths } = this.#options;
      const beganMs = performance.now();
      ledger.mark(beganMs);
      await this.#ask(paths[turn % paths.length] ?? '', beganMs);
      await this.#judgeBeyond();
      await sleep(Math.max(20, POLL_MS - (performance.now() - beganMs)));
    }
  }

  async #ask(path: string, beganMs: number): Promise<void> {
    const { counts } = this;
    counts.asked++;
    try {
      const response = await fetch(this.#options.address() + path, { signal: AbortSignal.timeout(TIMEOUT_MS) });
      const text = await response.text();
      counts.slowestMs = Math.max(counts.slowestMs, performance.now() - beganMs);
      if (response.status === 200) {
        counts.answered++;
        const body: { asOf?: AsOf } = JSON.parse(text);
        if (body.asOf !== undefined) this.#judge(body.asOf, beganMs);
        return;
      }
      const isRefusal = response.status === 503 && response.headers.has('retry-after');
      this.#unanswered(isRefusal, beganMs, `GET ${path} answered ${response.status}: ${text.slice(0, 300)}`);
    } catch (error) {
      if (this.#wanted) this.#unanswered(true, beganMs, `GET ${path} was not answered: ${String(error)}`);
    }
  }

  #unanswered(isRefusal: boolean, beganMs: number, what: string): void {
    const { storesAway, violated } = this.#options;
    const nowMs = performance.now();
    const away = storesAway(beganMs, nowMs);
    if (isRefusal && away === 2) this.counts.refused++;
    else if (isRefusal && (loadavg()[0] ?? 0) > OVERLOAD * availableParallelism()) this.counts.refusedUnderLoad++;
    else violated(`${what}, after ${Math.round(nowMs - beganMs)} ms, with ${away} of 2 stores away`);
  }

  #judge(asOf: AsOf, beganMs: number): void {
    const { partitions, ledger, served, violated } = this.#options;
    const { counts } = this;
    const atMs = performance.now();
    served(asOf.source, atMs);
    const positions = Array.from({ length: partitions }, (_, partition) => Number(asOf.positions[partition] ?? 0));
    counts[asOf.source === 'redis' ? 'fromRedis' : asOf.source === 'clickhouse' ? 'fromClickHouse' : 'mixed']++;
    if (asOf.stale) counts.stale++;
    if (asOf.halted.length > 0) violated(`halted: ${JSON.stringify(asOf.halted)}`);
    if (!hasReached(ledger.ends, positions)) this.#beyond = positions.map((next, partition) => Math.max(next, this.#beyond?.[partition] ?? 0));
    const mustHold = ledger.endsAt(beganMs - FRESHNESS_MS - STALE_SLACK_MS);
    if (!asOf.stale && mustHold !== null && !hasReached(positions, mustHold)) {
      const behind = mustHold.flatMap((end, partition) =>
        (positions[partition] ?? 0) < end ? `${partition}: ${positions[partition]} of ${end}` : [],
      );
      violated(`not stale, though ${FRESHNESS_MS + STALE_SLACK_MS} ms ago more was acknowledged than is served (${behind.join(', ')})`);
    }
    const { reached = [], open = [] } = Object.groupBy(this.#wishes, (wish) => (hasReached(positions, wish.positions) ? 'reached' : 'open'));
    this.#wishes = open;
    for (const wish of reached) wish.reached(atMs);
  }

  async #judgeBeyond(): Promise<void> {
    const beyond = this.#beyond;
    if (beyond === null) return;
    const ends = await this.#options.logEnds().catch(() => null);
    if (ends === null) return;
    this.#beyond = null;
    if (!hasReached(ends, beyond)) this.#options.violated(`positions ${beyond.join()} were served, and the log ends at ${ends.join()}`);
  }
}

interface AsOf {
  readonly positions: Readonly<Record<string, string>>;
  readonly source: string;
  readonly stale: boolean;
  readonly halted: readonly unknown[];
}
