/** Waits until a lineage has caught up with what is served, or with the log where nothing is. */
import { type Head, NO_VERSION, type ServedStore, StoreUnavailable, splitVersion, type Version } from '@tidemark/pipeline';
import { createProgress, formatCount, systemClock } from '@tidemark/runtime';
import type { Output } from '../terminal-output.ts';
import type { OpenLineages } from './open.ts';

const LOOK_EVERY_MS = 500;
/** Workers act on the journal within two seconds and publish what is far behind every five. */
const QUIET_MS = 20_000;

export interface Place {
  /** By partition, in order: the head up to which the lineage is whole, in the store that is ahead. */
  readonly closed: readonly Version[];
  /** By partition: its owner stood at the end of the log, which may lie behind the last record. */
  readonly atEnd: readonly boolean[];
  /** A reason for each partition that is halted. */
  readonly halted: readonly string[];
}

/** Where a lineage stands in whichever store answers and is ahead. Throws StoreUnavailable when none does. */
export async function placeOf(lineage: string, { stores, partitions }: Pick<OpenLineages, 'stores' | 'partitions'>): Promise<Place> {
  const answers = await Promise.all(stores.map(({ reader }) => headsOf(reader, lineage, partitions)));
  const readable = answers.filter((heads): heads is readonly Head[] => !(heads instanceof StoreUnavailable));
  const [failure] = answers.filter((heads) => heads instanceof StoreUnavailable);
  if (readable.length === 0 && failure !== undefined) throw failure;
  const longest = partitions.map((_partition, index) => {
    const heads = readable.flatMap((each) => each[index] ?? []);
    return heads.reduce<Head | null>((most, head) => (most === null || head.closed > most.closed ? head : most), null);
  });
  return {
    closed: longest.map((head) => head?.closed ?? NO_VERSION),
    atEnd: longest.map((head) => head?.note?.atEnd === true),
    halted: longest.flatMap((head, index) => (head?.note?.halted === undefined ? [] : [`partition ${partitions[index]}: ${head.note.halted}`])),
  };
}

async function headsOf(reader: ServedStore['reader'], lineage: string, partitions: readonly number[]): Promise<readonly Head[] | StoreUnavailable> {
  try {
    return await reader.heads(lineage, partitions);
  } catch (error) {
    if (error instanceof StoreUnavailable) return error;
    throw error;
  }
}

/** Records folded, over all partitions. */
export function foldedOf({ closed }: Place): number {
  return sum(closed.map((version) => splitVersion(version).next));
}

/** Returns once every partition of `after` has reached where `before` (null: the log) stood a moment ago. Ends only so: it may be ended and called again. */
export async function caughtUp(after: string, before: string | null, opened: OpenLineages, output: Output): Promise<void> {
  const goal = await goalOf(before, opened);
  const progress = createProgress({ stream: output.messages, label: `lineage ${after}`, unit: 'records', total: sum(goal), env: output.env });
  let movedAtMs = systemClock.monotonicMs();
  let folded = -1;
  const told = new Set<string>();
  for (let wanted = goal; ; wanted = await goalOf(before, opened)) {
    const place = await placeOf(after, opened);
    if (wanted.every((next, index) => hasReached(place, index, next, before === null))) break;
    const now = foldedOf(place);
    if (now !== folded) movedAtMs = systemClock.monotonicMs();
    folded = now;
    progress.set(folded);
    for (const reason of place.halted.filter((each) => !told.has(each))) {
      told.add(reason);
      progress.note(output.style.red(`halted: ${reason}`));
    }
    if (systemClock.monotonicMs() - movedAtMs > QUIET_MS) {
      movedAtMs = systemClock.monotonicMs();
      progress.note(`${formatCount(folded)} records, and none in the last ${QUIET_MS / 1_000} s: is a worker of this release running?`);
    }
    await systemClock.sleep(LOOK_EVERY_MS);
  }
  progress.set(sum(goal));
  progress.finish();
}

function hasReached({ closed, atEnd }: Place, index: number, next: number, isLogsEnd: boolean): boolean {
  const version = closed[index] ?? NO_VERSION;
  // A partition without a record is there as soon as its owner has said so.
  return version !== NO_VERSION && (splitVersion(version).next >= next || (isLogsEnd && atEnd[index] === true));
}

/** Offsets, by partition. Throws StoreUnavailable when neither what is served nor the log can be asked. */
async function goalOf(before: string | null, opened: OpenLineages): Promise<readonly number[]> {
  if (before !== null) return (await placeOf(before, opened)).closed.map((version) => splitVersion(version).next);
  const bounds = await opened.bounds();
  if (bounds === null)
    throw new StoreUnavailable('kafka', 'Kafka does not answer: where the log ends is not known, and nothing of the set is served yet');
  return opened.partitions.map((partition) => bounds.get(partition)?.high ?? 0);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
