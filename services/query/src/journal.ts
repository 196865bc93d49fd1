/** Follows the journal of lineages: what it says is served within a second, and while it cannot be read everything goes on as it was. */
import { type JoinedJournal, type JournalEntry, journalState, type Serving, StoreUnavailable } from '@tidemark/pipeline';
import type { Logger } from '@tidemark/runtime';
import type { Planner } from './metric-sets.ts';

export interface JournalFollowerOptions {
  readonly journal: Pick<JoinedJournal, 'read'>;
  readonly planner: Planner;
  readonly serving: Serving;
  readonly logger: Logger;
}

/** The first plan, of the files alone, is told at once. Call what it returns about every second; it throws only what is a fault of ours. */
export function followJournal({ journal, planner, serving, logger }: JournalFollowerOptions): () => Promise<void> {
  /** Entries are never taken back: a store that has fewer than before has forgotten some. */
  const entries = new Map<string, JournalEntry>();
  const said = new Set<string>();
  let isAway = false;
  const sayOnce = (reason: string, message: string): void => {
    if (said.has(reason)) return;
    said.add(reason);
    logger.warn({ reason }, message);
  };
  serving.learn(planner.plan(null));
  return async () => {
    try {
      const reading = await journal.read();
      if (isAway) logger.info({}, 'journal of lineages can be read');
      isAway = false;
      for (const problem of reading.unreadable) sayOnce(problem, 'part of the journal of lineages cannot be read');
      const fresh = reading.entries.filter(({ id }) => !entries.has(id));
      if (fresh.length === 0) return;
      for (const entry of fresh) entries.set(entry.id, entry);
      const state = journalState([...entries.values()]);
      for (const { entry, why } of state.ignored) sayOnce(`${entry.kind} of ${entry.set}: ${why}`, 'entry of the journal without effect');
      serving.learn(planner.plan(state));
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      if (!isAway) logger.warn({ reason: error.message }, 'journal of lineages cannot be read: what is served stays as it is');
      isAway = true;
    }
  };
}
