/** The port to the journal of lineages: the append-only list of what operators decided. */
import type { JournalEntry } from '../lineages/entry.ts';

export interface JournalReading {
  /** Each id once, in no promised order. */
  readonly entries: readonly JournalEntry[];
  /** What stands in the store and is no entry, one sentence each: it is passed over. */
  readonly unreadable: readonly string[];
}

/** Every method throws StoreUnavailable on an unknown outcome; appending the same entry again is harmless. */
export interface LineageJournal {
  /** Meant to be asked every other second: entries never change, so an implementation reads each of them once. */
  read(): Promise<JournalReading>;
  append(entry: JournalEntry): Promise<void>;
}
