/** An in-memory journal of lineages with the promises of ClickHouse's table and of Redis's copy. */
import { type JournalEntry, type LineageJournal, readEntryText } from '@tidemark/pipeline';
import { type Intercept, underIntercept } from './calls.ts';

/** Owns every entry that was appended, as text. */
export class MemoryLineageJournal {
  readonly journal: LineageJournal;
  intercept: Intercept | undefined;
  readonly #texts = new Map<string, string>();

  constructor() {
    const call = <Answer>(method: string, lineage: string, apply: () => Answer): Promise<Answer> =>
      underIntercept(this.intercept, { store: 'journal', method, lineage, partition: -1 }, apply);
    this.journal = {
      read: () =>
        call('read', '', () => {
          const read = [...this.#texts].map(([id, text]) => ({ id, outcome: readEntryText(text) }));
          return {
            entries: read.flatMap(({ outcome }) => (outcome.ok ? [outcome.entry] : [])),
            unreadable: read.flatMap(({ id, outcome }) => (outcome.ok ? [] : [`the journal in memory, ${id}: ${outcome.problem}`])),
          };
        }),
      append: (entry) => call('append', entry.lineage, () => this.#write(entry)),
    };
  }

  /** What somebody else may have written in an entry's place. */
  spoil(id: string, text: string): void {
    this.#texts.set(id, text);
  }

  /** Everything is lost, as when a store is restored from nothing. */
  clear(): void {
    this.#texts.clear();
  }

  #write(entry: JournalEntry): void {
    if (!this.#texts.has(entry.id)) this.#texts.set(entry.id, JSON.stringify(entry));
  }
}
