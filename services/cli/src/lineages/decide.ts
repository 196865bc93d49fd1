/** Writes a decision into the journal, and reads back whether it has an effect. */
import { randomUUID } from 'node:crypto';
import { userInfo } from 'node:os';
import { type JoinedJournal, type JournalEntry, type JournalState, journalState, type KnownLineage, nextSequence } from '@tidemark/pipeline';
import { exitCodes, exitError, systemClock } from '@tidemark/runtime';

export type Decision = Pick<JournalEntry, 'kind' | 'set' | 'lineage' | 'revision'> & Partial<Pick<JournalEntry, 'files' | 'origin' | 'positions'>>;

/** Answers the state that holds then. Throws an exit error (1) when somebody else decided first, StoreUnavailable when it is not known whether it is written. */
export async function decide(journal: JoinedJournal, by: string, decision: Decision): Promise<JournalState> {
  const { entries } = await journal.read();
  const about = { files: [], origin: '', positions: [], ...decision, by: by.slice(0, 200) };
  const entry: JournalEntry = { ...about, sequence: nextSequence(entries), id: randomUUID(), atMs: systemClock.nowMs() };
  await journal.append(entry);
  const state = journalState((await journal.read()).entries);
  const ignored = state.ignored.find((each) => each.entry.id === entry.id);
  if (ignored === undefined) return state;
  throw exitError(exitCodes.failed, `this decision has no effect, for another one came first: ${ignored.why}`);
}

/** What every decision about a known lineage says of it. */
export function about({ set, lineage, revision }: KnownLineage): Pick<Decision, 'set' | 'lineage' | 'revision'> {
  return { set, lineage, revision };
}

/** Who is at the keyboard. */
export function whoDecides(given: string | undefined): string {
  if (given !== undefined) return given;
  try {
    return userInfo().username;
  } catch {
    return 'unknown';
  }
}
