// Every reader makes the same of a journal, whatever stands in it.
import { type EntryKind, type JournalEntry, journalState } from '@tidemark/pipeline';
import { journalEntry } from '@tidemark/testing/contracts';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const [OLD, NEW, NEWER] = ['a'.repeat(16), 'b'.repeat(16), 'c'.repeat(16)];
const entry = (sequence: number, kind: EntryKind, lineage: string, id: string): JournalEntry => journalEntry(sequence, { kind, lineage, id });

describe('every reader sees the same', () => {
  const kinds: readonly EntryKind[] = ['adopt', 'start', 'switch', 'describe', 'retire', 'drop'];
  const drawn = fc.record({ sequence: fc.integer({ min: 1, max: 6 }), kind: fc.constantFrom(...kinds), lineage: fc.constantFrom(OLD, NEW, NEWER) });
  const journals = fc
    .array(drawn, { maxLength: 12 })
    .map((entries) => entries.map(({ sequence, kind, lineage }, index) => entry(sequence, kind, lineage, `e${index}`)));

  test('whatever the order in which entries come, and however often', () => {
    void fc.assert(
      fc.property(journals, fc.infiniteStream(fc.nat()), (entries, random) => {
        const shuffled = [...entries, ...entries.slice(0, 3)]
          .map((each) => [random.next().value, each] as const)
          .sort(([left], [right]) => left - right)
          .map(([, each]) => each);
        expect(journalState(shuffled)).toEqual(journalState(entries));
      }),
    );
  });

  test('what is served is worked on, and so is the way back', () => {
    void fc.assert(
      fc.property(journals, (entries) => {
        const { sets, running } = journalState(entries);
        for (const { serving, previous, lineages } of sets) {
          expect(lineages.filter(({ standing }) => standing === 'serving')).toEqual(serving === null ? [] : [serving]);
          for (const each of [serving, previous]) if (each !== null) expect(running).toContain(each);
          expect(previous === null || previous.lineage !== serving?.lineage).toBe(true);
        }
      }),
    );
  });
});
