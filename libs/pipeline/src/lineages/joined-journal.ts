/** The journal as its readers see it: the union of the table that outlives Redis and of Redis's copy. */
import type { JournalReading, LineageJournal } from '../ports/lineage-journal.ts';
import { StoreUnavailable } from '../ports/sink.ts';
import type { JournalEntry } from './entry.ts';

export interface JoinedReading extends JournalReading {
  /** False while the table did not answer: then an entry that is not here may be there. */
  readonly isWhole: boolean;
  /** Why a store was not read, one sentence each. */
  readonly away: readonly string[];
}

export interface JoinedJournal extends LineageJournal {
  /** Of the stores that answer; throws StoreUnavailable when none does. */
  read(): Promise<JoinedReading>;
  /** To the table, which must acknowledge it, then to the copy if it can be reached: who reads the copy alone sees it once a worker has renewed it. */
  append(entry: JournalEntry): Promise<void>;
  /** Gives each store that answered what only the other one has. Throws StoreUnavailable. */
  renew(): Promise<void>;
}

export function joinJournals({ table, copy }: { readonly table: LineageJournal; readonly copy: LineageJournal }): JoinedJournal {
  /** What each store had when it was last asked; null when it did not answer. */
  let last: { readonly table: JournalReading | null; readonly copy: JournalReading | null } = { table: null, copy: null };
  return {
    read: async () => {
      const [ofTable, ofCopy] = await Promise.all([attempt(table), attempt(copy)]);
      last = { table: readingOf(ofTable), copy: readingOf(ofCopy) };
      const readings = [last.table, last.copy].filter((each) => each !== null);
      const away = [ofTable, ofCopy].flatMap((each) => (each instanceof Error ? [each.message] : []));
      if (readings.length === 0) throw new StoreUnavailable('journal', `the journal of lineages cannot be read: ${away.join('; ')}`);
      const entries = [...new Map(readings.flatMap((reading) => reading.entries).map((entry) => [entry.id, entry])).values()];
      return { entries, unreadable: readings.flatMap(({ unreadable }) => unreadable), isWhole: last.table !== null, away };
    },
    append: async (entry) => {
      await table.append(entry);
      await copy.append(entry).catch(tolerateAway);
    },
    renew: async () => {
      for (const [from, to, store] of [[last.table, last.copy, copy] as const, [last.copy, last.table, table] as const]) {
        if (from === null || to === null) continue;
        const there = new Set(to.entries.map(({ id }) => id));
        for (const entry of from.entries) if (!there.has(entry.id)) await store.append(entry);
      }
    },
  };
}

/** A store that refuses (no such table yet, no right to read it) is of as little use as one that is away, and its words say what to do. */
async function attempt(journal: LineageJournal): Promise<JournalReading | Error> {
  try {
    return await journal.read();
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function readingOf(read: JournalReading | Error): JournalReading | null {
  return read instanceof Error ? null : read;
}

function tolerateAway(error: unknown): void {
  if (!(error instanceof StoreUnavailable)) throw error;
}
