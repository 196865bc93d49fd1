/** Keeps the heads of the served lineages in both stores at hand: which store can answer, how far each partition is, and when its owner last stood at the end. */
import type { CellReader, Head } from '../ports/sink.ts';
import type { RuntimeClock } from '../ports/time.ts';

export type StoreName = CellReader['name'];
export interface ReadStores {
  readonly redis: CellReader;
  readonly clickhouse: CellReader;
}

/** The wall clock and a pause, handed in. */
export type WaitingClock = Pick<RuntimeClock, 'nowMs' | 'sleep'>;

/** What one store said last. */
export interface StoreState {
  /** By lineage, in the order of the partitions; null while the store is away or has not been asked. */
  readonly heads: ReadonlyMap<string, readonly Head[]> | null;
  readonly askedAtMs: number;
  readonly latencyMs: number;
  /** Why it is away. */
  readonly error: string | null;
}

/** The heads of one lineage in both stores; null where the store is away. */
export type LineageHeads = Readonly<Record<StoreName, readonly Head[] | null>>;

export interface HeadWatch {
  /** Asks a store for all heads; overlapping calls share one. Never throws: a store that is away is part of the state. */
  poll(store: StoreName): Promise<void>;
  /**
   * Heads that are fresh enough to answer by; asks the stores when nobody polls. A store that was away is not waited for while the other is there. A
   * lineage that is not polled is, for a while, once it was asked about.
   */
  fresh(lineage: string): Promise<LineageHeads>;
  state(store: StoreName): StoreState;
  /** A read failed: the store counts as away until a poll succeeds. */
  lost(store: StoreName, error: unknown): void;
  /** Epoch ms at which the partition's owner was last seen at the end of the log, by this head or an earlier one, never by one beyond it; −Infinity if never. */
  lastAtEndMs(lineage: string, partition: number, head: Head): number;
}

export interface HeadWatchOptions {
  readonly stores: ReadStores;
  /** Asked about at every poll; read anew each time. */
  readonly lineages: () => readonly string[];
  readonly partitions: readonly number[];
  readonly clock: WaitingClock;
  /** Runs when a store has told its heads, before they are shown; what it takes is to be short. */
  readonly polled?: (headsOf: (lineage: string) => LineageHeads) => Promise<void>;
  /** How old Redis's heads may be to answer by. Default 300: one poll and its journey. */
  readonly maxAgeMs?: number;
}

/** ClickHouse is published to at most once a second, so while Redis is there its heads may be older. */
const CLICKHOUSE_BEHIND_MS = 1_200;
const DEFAULT_MAX_AGE_MS = 300;
/** How long a lineage that somebody asked about is polled. */
const WANTED_MS = 10_000;
const NOT_ASKED: StoreState = { heads: null, askedAtMs: Number.NEGATIVE_INFINITY, latencyMs: 0, error: null };

export function createHeadWatch(options: HeadWatchOptions): HeadWatch {
  const { clock, stores, partitions } = options;
  const maxAgeMs = options.maxAgeMs ?? DEFAULT_MAX_AGE_MS;
  const states: Record<StoreName, StoreState> = { redis: NOT_ASKED, clickhouse: NOT_ASKED };
  const polling: Record<StoreName, Promise<void> | null> = { redis: null, clickhouse: null };
  const atEnd = createEndMemory();
  const wanted = new Map<string, number>();
  const polled = (): readonly string[] => {
    for (const [lineage, untilMs] of wanted) if (clock.nowMs() > untilMs) wanted.delete(lineage);
    return [...new Set([...options.lineages(), ...wanted.keys()])];
  };

  const shown = (lineage: string): LineageHeads => ({
    redis: states.redis.heads?.get(lineage) ?? null,
    clickhouse: states.clickhouse.heads?.get(lineage) ?? null,
  });
  const ask = async (store: StoreName): Promise<void> => {
    const startedMs = clock.nowMs();
    const lineages = polled();
    try {
      const answers = await Promise.all(lineages.map((lineage) => stores[store].heads(lineage, partitions)));
      const heads = new Map(lineages.map((lineage, index) => [lineage, answers[index] ?? []]));
      for (const [lineage, ofLineage] of heads)
        for (const [index, partition] of partitions.entries()) atEnd.see(lineage, partition, ofLineage[index]);
      const askedAtMs = clock.nowMs();
      const before = states[store];
      await options.polled?.((lineage) => ({ ...shown(lineage), [store]: heads.get(lineage) ?? null }));
      // Lost meanwhile: the next poll says whether it is back.
      if (states[store] === before) states[store] = { heads, askedAtMs, latencyMs: askedAtMs - startedMs, error: null };
    } catch (error) {
      states[store] = { heads: null, askedAtMs: clock.nowMs(), latencyMs: clock.nowMs() - startedMs, error: messageOf(error) };
    }
  };
  const poll = (store: StoreName): Promise<void> => {
    polling[store] ??= ask(store).finally(() => {
      polling[store] = null;
    });
    return polling[store];
  };
  const isThere = (store: StoreName): boolean => states[store].heads !== null;
  const wasAsked = (store: StoreName, lineage: string): boolean => states[store].heads?.has(lineage) !== false;
  const pollWith = async (store: StoreName, lineage: string): Promise<void> => {
    await poll(store);
    // One that was under way may have begun without it.
    if (!wasAsked(store, lineage)) await poll(store);
  };
  const ensure = async (lineage: string, of: { store: StoreName; other: StoreName; withinMs: number }): Promise<void> => {
    const { store, other, withinMs } = of;
    if (clock.nowMs() - states[store].askedAtMs <= withinMs && wasAsked(store, lineage)) return;
    const answer = pollWith(store, lineage);
    if (states[store].error === null || !isThere(other)) await answer;
  };
  return {
    poll,
    fresh: async (lineage) => {
      if (!options.lineages().includes(lineage)) wanted.set(lineage, clock.nowMs() + WANTED_MS);
      await ensure(lineage, { store: 'redis', other: 'clickhouse', withinMs: maxAgeMs });
      const behindMs = isThere('redis') ? CLICKHOUSE_BEHIND_MS : 0;
      await ensure(lineage, { store: 'clickhouse', other: 'redis', withinMs: maxAgeMs + behindMs });
      // Redis was not waited for because ClickHouse was there; by now it may have gone.
      if (!isThere('redis') && !isThere('clickhouse')) await ensure(lineage, { store: 'redis', other: 'clickhouse', withinMs: maxAgeMs });
      return shown(lineage);
    },
    state: (store) => states[store],
    lost: (store, error) => {
      states[store] = { ...states[store], heads: null, askedAtMs: clock.nowMs(), error: messageOf(error) };
    },
    lastAtEndMs: (lineage, partition, head) => {
      atEnd.see(lineage, partition, head);
      return atEnd.lastMs(lineage, partition, head);
    },
  };
}

/** An owner that stood at the end of the log. */
interface EndMark {
  readonly closed: Head['closed'];
  readonly confirmedAtMs: number;
}

/** More than heads move while an answer is made. */
const MARKS_KEPT = 32;

/**
 * Under load an owner is seldom at the very end of the log when it publishes; what counts is when it last was. That a later head was at the end says
 * nothing of the one that is served: polls go on while an answer is read.
 */
function createEndMemory() {
  const marks = new Map<string, readonly EndMark[]>();
  return {
    see(lineage: string, partition: number, head: Head | undefined): void {
      if (head?.note?.atEnd !== true) return;
      const key = `${lineage}:${partition}`;
      const { closed } = head;
      const { confirmedAtMs } = head.note;
      const known = marks.get(key) ?? [];
      if (known.some((mark) => mark.closed <= closed && mark.confirmedAtMs >= confirmedAtMs)) return;
      // What was said later of a position not above it says more.
      const kept = known.filter((mark) => mark.closed < closed || mark.confirmedAtMs > confirmedAtMs);
      marks.set(key, [...kept, { closed, confirmedAtMs }].slice(-MARKS_KEPT));
    },
    lastMs: (lineage: string, partition: number, head: Head): number =>
      (marks.get(`${lineage}:${partition}`) ?? [])
        .filter(({ closed }) => closed <= head.closed)
        .reduce((latest, { confirmedAtMs }) => Math.max(latest, confirmedAtMs), Number.NEGATIVE_INFINITY),
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
