// The union of the journal's table and its copy: what one has lost the other still has, and a store that is away hides nothing.
import { joinJournals, StoreUnavailable } from '@tidemark/pipeline';
import { MemoryLineageJournal } from '@tidemark/testing';
import { journalEntry } from '@tidemark/testing/contracts';
import { expect, test } from 'vitest';

function pair() {
  const [table, copy] = [new MemoryLineageJournal(), new MemoryLineageJournal()];
  return { table, copy, joined: joinJournals({ table: table.journal, copy: copy.journal }) };
}
const lose = (): 'lose' => 'lose';
const ids = (entries: readonly { readonly id: string }[]): readonly string[] => entries.map(({ id }) => id).sort();

test('what is appended is in both, and is read once', async () => {
  const { table, copy, joined } = pair();
  await joined.append(journalEntry(1));
  for (const each of [table.journal, copy.journal, joined]) expect((await each.read()).entries).toEqual([journalEntry(1)]);
  expect(await joined.read()).toMatchObject({ isWhole: true, away: [], unreadable: [] });
});

test('either of the two alone is enough to read by, and says which one is away', async () => {
  const { table, copy, joined } = pair();
  await joined.append(journalEntry(1));
  copy.intercept = lose;
  expect(await joined.read()).toMatchObject({ entries: [{ sequence: 1 }], isWhole: true, away: ['read: lost on its way'] });
  copy.intercept = undefined;
  table.intercept = lose;
  expect(await joined.read()).toMatchObject({ entries: [{ sequence: 1 }], isWhole: false, away: ['read: lost on its way'] });
  copy.intercept = lose;
  await expect(joined.read()).rejects.toBeInstanceOf(StoreUnavailable);
});

test('an entry counts once the table has it: a copy that is away is renewed later, a table that is away refuses', async () => {
  const { table, copy, joined } = pair();
  copy.intercept = lose;
  await joined.append(journalEntry(1));
  copy.intercept = undefined;
  table.intercept = lose;
  await expect(joined.append(journalEntry(2))).rejects.toBeInstanceOf(StoreUnavailable);
  expect((await copy.journal.read()).entries).toEqual([]);
  table.intercept = undefined;
  expect(ids((await joined.read()).entries)).toEqual(['entry-1']);
  await joined.renew();
  expect(ids((await copy.journal.read()).entries)).toEqual(['entry-1']);
});

test('what one store has lost, or was restored without, the other one gives back', async () => {
  const { table, copy, joined } = pair();
  for (const sequence of [1, 2]) await joined.append(journalEntry(sequence));
  for (const lost of [table, copy]) {
    lost.clear();
    await lost.journal.append(journalEntry(2));
    expect(ids((await joined.read()).entries)).toEqual(['entry-1', 'entry-2']);
    await joined.renew();
    expect(ids((await lost.journal.read()).entries)).toEqual(['entry-1', 'entry-2']);
  }
});

test('a store that was away when it was last read is given nothing: what it has is not known', async () => {
  const { table, copy, joined } = pair();
  await table.journal.append(journalEntry(1));
  copy.intercept = lose;
  await joined.read();
  copy.intercept = undefined;
  await joined.renew();
  expect((await copy.journal.read()).entries).toEqual([]);
});

test('what is no entry in one store is told, and the entry that the other one has is read', async () => {
  const { copy, joined } = pair();
  await joined.append(journalEntry(1));
  copy.spoil('entry-1', 'rubbish');
  const { entries, unreadable } = await joined.read();
  expect(entries).toEqual([journalEntry(1)]);
  expect(unreadable).toEqual(['the journal in memory, entry-1: is no JSON']);
});
