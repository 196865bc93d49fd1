/** Reads heads and rows of all partitions, each from the store with the longer head, each whole up to its head (design.md §2.5). */
import { type Head, type PartitionRows, StoreUnavailable, type TableRange } from '../ports/sink.ts';
import { splitVersion, type Version } from '../ports/version.ts';
import { Unavailable } from './failure.ts';
import type { HeadWatch, LineageHeads, ReadStores, StoreName, WaitingClock } from './head-watch.ts';

/** How long an open head is waited for before the other store is taken, and the pauses in between. */
const OPEN_PATIENCE_MS = 1_000;
const RETRY_STEPS_MS = [20, 30, 50] as const;
const RETRY_AFTER_S = 1;

/** The store that answers for a partition, and its head as last seen. */
export interface ChosenHead {
  readonly partition: number;
  readonly store: StoreName;
  readonly head: Head;
}

/** What was read of one partition, and from where. */
export interface PartitionReading extends PartitionRows {
  readonly store: StoreName;
  /** Set when the rows are those alone that changed above this version, to be taken over the ones at its head. */
  readonly since?: Version;
}

/** Per partition the store with the longer head, Redis among equals. Throws Unavailable where no store has one. */
export function chooseHeads(heads: LineageHeads, partitions: readonly number[]): readonly ChosenHead[] {
  if (heads.redis === null && heads.clickhouse === null)
    throw new Unavailable('neither Redis nor ClickHouse answers', { retryAfterS: RETRY_AFTER_S });
  return partitions.map((partition, index) => {
    const redis = published(heads.redis?.[index]);
    const clickhouse = published(heads.clickhouse?.[index]);
    if (redis !== null && (clickhouse === null || clickhouse.closed <= redis.closed)) return { partition, store: 'redis', head: redis };
    if (clickhouse !== null) return { partition, store: 'clickhouse', head: clickhouse };
    throw new Unavailable(nothingYet(partition, heads), { retryAfterS: RETRY_AFTER_S });
  });
}

/** A head that has closed at least once; the position of an empty partition is 0, so only the note tells. */
function published(head: Head | undefined): Head | null {
  return head === undefined || head.note === null ? null : head;
}

function nothingYet(partition: number, heads: LineageHeads): string {
  if (heads.redis === null) return `partition ${partition} has published nothing to ClickHouse yet, and Redis does not answer`;
  if (heads.clickhouse === null) return `partition ${partition} has published nothing to Redis yet, and ClickHouse does not answer`;
  return `partition ${partition} has published nothing yet`;
}

export interface ReadContext {
  readonly stores: ReadStores;
  readonly watch: HeadWatch;
  readonly clock: WaitingClock;
  readonly lineage: string;
  readonly ranges: readonly TableRange[];
  /** By partition, the head whose rows the caller has: of what continues it, only the changes are read. */
  readonly bases?: ReadonlyMap<number, { readonly head: Head }>;
}

/**
 * Whether the rows of `base` with the changes above it are those of `head`. A row carries the version of its last change, and a version never has two
 * values; so they are, from whichever store, while both heads are of one log. A raised epoch may leave out what the one before had folded last.
 */
function continues(base: Head, head: Head): boolean {
  if (head.closed < base.closed || splitVersion(head.closed).epoch !== splitVersion(base.closed).epoch) return false;
  if (base.note === null || head.note === null || head.note.log !== base.note.log) return false;
  return head.closed > base.closed || head.note.fingerprint === base.note.fingerprint;
}

/** Whether both close the same prefix of the same log, whenever and wherever they were read. */
export function isSamePrefix(one: Head, other: Head): boolean {
  return one.closed === other.closed && continues(one, other);
}

/** In the order of `chosen`; every head is closed. Throws Unavailable when no store can give a partition whole. */
export async function readPartitions(chosen: readonly ChosenHead[], context: ReadContext): Promise<readonly PartitionReading[]> {
  const { watch, clock, bases } = context;
  const done = new Map<number, PartitionReading>();
  let pending = chosen.map(
    ({ partition, store, head }): Pending => ({ partition, store, atLeast: head.closed, switched: false, base: bases?.get(partition)?.head ?? null }),
  );
  let patientUntilMs = clock.nowMs() + OPEN_PATIENCE_MS;
  for (let attempt = 0; ; attempt++) {
    const answers = await readEach(pending, context);
    const left: Pending[] = [];
    for (const wanted of pending) {
      const answer = answers.get(wanted.partition);
      if (answer !== undefined && isWhole(answer.head) && answer.head.closed >= wanted.atLeast) {
        if (wanted.base === null) done.set(wanted.partition, { ...answer, store: wanted.store });
        else if (continues(wanted.base, answer.head)) done.set(wanted.partition, { ...answer, store: wanted.store, since: wanted.base.closed });
        // What the caller has is no beginning of what the store has now: all of it, at once.
        else left.push({ ...wanted, base: null });
      }
      // The store is away, or has forgotten what it had: at once the other one.
      else if (answer === undefined || answer.head.note === null || answer.head.closed < wanted.atLeast) left.push(switchStore(wanted, watch));
      else left.push(wanted);
    }
    if (left.length === 0) return chosen.map(({ partition }) => readingOf(done, partition));
    const changed = left.some((wanted) => !pending.includes(wanted));
    pending = left;
    if (changed) continue;
    if (clock.nowMs() >= patientUntilMs) {
      pending = left.map((wanted) => switchStore(wanted, watch));
      patientUntilMs = clock.nowMs() + OPEN_PATIENCE_MS;
    } else await clock.sleep(RETRY_STEPS_MS[Math.min(attempt, RETRY_STEPS_MS.length - 1)] ?? 50);
  }
}

interface Pending {
  readonly partition: number;
  readonly store: StoreName;
  /** The head that made this store the choice; less means that it has forgotten. */
  readonly atLeast: string;
  /** True once the other store has been given up. */
  readonly switched: boolean;
  /** Above it the changes are asked for; null: all rows. */
  readonly base: Head | null;
}

function isWhole(head: Head): boolean {
  return head.note !== null && head.closed >= head.target;
}

/** The other store takes whatever it has, for the first one has nothing whole. */
function switchStore({ partition, store, switched, base }: Pending, watch: HeadWatch): Pending {
  const other = store === 'redis' ? 'clickhouse' : 'redis';
  if (switched || watch.state(other).heads === null) {
    throw new Unavailable(`no store has partition ${partition} whole: ${whyNot(watch)}`, { retryAfterS: RETRY_AFTER_S });
  }
  return { partition, store: other, atLeast: '', switched: true, base };
}

function whyNot(watch: HeadWatch): string {
  const reason = (store: StoreName, name: string): string =>
    watch.state(store).error === null ? `${name} is in the middle of a publish or behind` : `${name} does not answer`;
  return `${reason('redis', 'Redis')}, ${reason('clickhouse', 'ClickHouse')}`;
}

/** One call per store. A store that fails is reported to the watch, and its partitions are missing from the answer. */
async function readEach(pending: readonly Pending[], context: ReadContext): Promise<ReadonlyMap<number, PartitionRows>> {
  const { stores, watch, lineage, ranges } = context;
  const answers = new Map<number, PartitionRows>();
  const fromStore = async (store: StoreName): Promise<void> => {
    const wanted = pending.filter((each) => each.store === store);
    if (wanted.length === 0) return;
    const partitions = wanted.map(({ partition }) => partition);
    const since = new Map(wanted.flatMap(({ partition, base }): [number, Version][] => (base === null ? [] : [[partition, base.closed]])));
    try {
      for (const answer of await stores[store].read(lineage, partitions, ranges, since)) answers.set(answer.partition, answer);
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      watch.lost(store, error);
    }
  };
  await Promise.all([fromStore('redis'), fromStore('clickhouse')]);
  return answers;
}

function readingOf(done: ReadonlyMap<number, PartitionReading>, partition: number): PartitionReading {
  const reading = done.get(partition);
  if (reading === undefined) throw new Error(`partition ${partition} was not read`);
  return reading;
}
