/** Faults at random moments from a seed, in two lanes: the engines and services, one after another, and beside them the connections. */
import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Random, seeded } from '../e2e/test/seeded.ts';
import { type FaultKind, isOfLink, storeOf, weights } from './fault-kinds.ts';
import { inflict } from './faults.ts';
import type { Ledger } from './ledger.ts';
import type { Readers } from './readers.ts';
import type { FaultResult } from './results.ts';
import type { Stand } from './stand.ts';

export interface StormOptions {
  readonly stand: Stand;
  readonly ledger: Ledger;
  readonly readers: Readers;
  readonly only: readonly FaultKind[];
  readonly short: boolean;
  readonly seed: number;
  /** About so long between two faults of a lane. */
  readonly pauseMs: number;
  readonly tell: (line: string) => void;
}

interface StoreOutage {
  readonly store: 'redis' | 'clickhouse';
  readonly fromMs: number;
  toMs: number;
  /** When an answer came from it alone again: Redis that has forgotten is back when its partitions have owners who filled it. */
  backMs: number;
}

/** What is acknowledged this long after a fault must have come through its consequences. */
const MARK_AFTER_MS = 300;
/** A store that is back is noticed, connected to and filled. */
const STORE_GRACE_MS = 12_000;
const LONGEST_MS = 75_000;

export class Storm {
  readonly faults: FaultResult[] = [];
  readonly #options: StormOptions;
  readonly #random: Readonly<Record<'slow' | 'link', Random>>;
  readonly #beganMs = performance.now();
  readonly #outages: StoreOutage[] = [];
  readonly #under = new Set<FaultResult>();

  constructor(options: StormOptions) {
    this.#options = options;
    this.#random = { slow: seeded(options.seed), link: seeded(options.seed ^ 0x5eed) };
  }

  /** Inflicts faults until the time is over; each has ended when this resolves. */
  async rage(durationMs: number, isOver: () => boolean): Promise<void> {
    const untilMs = performance.now() + durationMs;
    const { only } = this.#options;
    await Promise.all([
      this.#lane(
        'slow',
        only.filter((kind) => !isOfLink(kind)),
        { untilMs, isOver },
      ),
      this.#lane('link', only.filter(isOfLink), { untilMs, isOver }),
    ]);
  }

  /** Every kind once, in order, one at a time. */
  async rageOnce(isOver: () => boolean): Promise<void> {
    for (const kind of this.#options.only) if (!isOver()) await this.#inflict(kind, this.#random.slow);
  }

  /** How many stores were away at some instant of this span, or had just come back. */
  storesAway(fromMs: number, toMs: number): number {
    const isTouched = (outage: StoreOutage): boolean => outage.fromMs <= toMs && Math.max(outage.toMs + STORE_GRACE_MS, outage.backMs) >= fromMs;
    return new Set(this.#outages.filter(isTouched).map(({ store }) => store)).size;
  }

  /** Whether figures are fresh again after every fault. */
  get isOver(): boolean {
    return this.#under.size === 0;
  }

  /** Nobody looks any more whether figures are fresh again. */
  forget(): void {
    this.#under.clear();
  }

  /** An answer came from Redis, from ClickHouse, or from both. */
  served(source: string, atMs: number): void {
    for (const outage of this.#outages) if (outage.store === source && outage.toMs < atMs) outage.backMs = Math.min(outage.backMs, atMs);
  }

  async #lane(lane: 'slow' | 'link', kinds: readonly FaultKind[], { untilMs, isOver }: { untilMs: number; isOver: () => boolean }): Promise<void> {
    const random = this.#random[lane];
    const { pauseMs, short } = this.#options;
    let bag: FaultKind[] = [];
    while (kinds.length > 0 && !isOver()) {
      await sleep(pauseMs * (0.4 + 1.2 * random()));
      if (performance.now() > untilMs || isOver()) return;
      // Every kind of a lane comes before the weights alone decide.
      if (bag.length === 0 && this.faults.filter(({ kind }) => kinds.includes(kind)).length === 0) bag = shuffled(kinds, random);
      const kind = bag.pop() ?? weighted(kinds, random);
      const room = untilMs - performance.now();
      if (!short && isLong(kind) && room < LONGEST_MS) continue;
      await this.#inflict(kind, random);
    }
  }

  async #inflict(kind: FaultKind, random: Random): Promise<void> {
    const { stand, short, tell } = this.#options;
    const fault: FaultResult = {
      kind,
      startMs: this.#nowMs(),
      endMs: null,
      freshAfterStartMs: null,
      freshAfterEndMs: null,
      alone: this.#under.size === 0,
      machineLoad: Math.round(10 * (loadavg()[0] ?? 0)) / 10,
    };
    for (const other of this.#under) other.alone = false;
    this.#under.add(fault);
    this.faults.push(fault);
    const store = storeOf(kind);
    const outage: StoreOutage | null =
      store === null
        ? null
        : { store, fromMs: performance.now(), toMs: Number.POSITIVE_INFINITY, backMs: store === 'redis' ? Number.POSITIVE_INFINITY : 0 };
    if (outage !== null) this.#outages.push(outage);
    let feltMs = performance.now();
    let isMarked = false;
    const began = (): void => {
      feltMs = performance.now();
      isMarked = true;
      this.#watch(feltMs, (ms) => {
        fault.freshAfterStartMs = ms;
      });
    };
    // One that is felt only later says so itself.
    if (kind !== 'redis-rewind') began();
    try {
      await inflict(kind, { stand, random, short, began });
    } catch (error) {
      stand.failures.push(`${kind} could not be inflicted: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    }
    if (!isMarked) began();
    fault.endMs = this.#nowMs();
    if (outage !== null) outage.toMs = performance.now();
    tell(`${kind}, ${((performance.now() - feltMs) / 1_000).toFixed(1)} s`);
    this.#watch(performance.now(), (ms) => {
      fault.freshAfterEndMs = ms;
      this.#under.delete(fault);
    });
  }

  #watch(sinceMs: number, fresh: (afterMs: number) => void): void {
    const { ledger, readers } = this.#options;
    setTimeout(() => readers.whenReached(ledger.ends, (atMs) => fresh(Math.round(atMs - sinceMs))), MARK_AFTER_MS).unref();
  }

  #nowMs(): number {
    return Math.round(performance.now() - this.#beganMs);
  }
}

function isLong(kind: FaultKind): boolean {
  return ['worker-owners', 'redis-away', 'clickhouse-away', 'clickhouse-freeze'].includes(kind);
}

function shuffled(kinds: readonly FaultKind[], random: Random): FaultKind[] {
  return kinds
    .map((kind) => ({ kind, at: random() }))
    .sort((left, right) => left.at - right.at)
    .map(({ kind }) => kind);
}

function weighted(kinds: readonly FaultKind[], random: Random): FaultKind {
  const all = kinds.reduce((sum, kind) => sum + (weights[kind] ?? 1), 0);
  let left = random() * all;
  for (const kind of kinds) {
    left -= weights[kind] ?? 1;
    if (left < 0) return kind;
  }
  return kinds[0] ?? 'worker-kill';
}
