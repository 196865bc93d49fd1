// What is an entry of the journal, and what is said of everything else.
import { nextSequence, readEntry, readEntryText } from '@tidemark/pipeline';
import { journalEntry } from '@tidemark/testing/contracts';
import { expect, test } from 'vitest';

test('an entry is read as it was written, without what a newer release added', () => {
  const entry = journalEntry(4);
  expect(readEntryText(JSON.stringify(entry))).toEqual({ ok: true, entry });
  expect(readEntry({ ...entry, colour: 'red', files: [{ ...entry.files[0], size: 3 }] })).toEqual({ ok: true, entry });
});

test.each([
  [null, 'is no object'],
  [{ ...journalEntry(1), kind: 'explode' }, 'kind must be one of adopt, start, switch, describe, retire, drop, epoch'],
  [{ ...journalEntry(1), sequence: 0.5 }, 'sequence must be a whole number of at least 1'],
  [{ ...journalEntry(1), id: '../x' }, 'id must be at most 100 letters, digits, "_", "." and "-"'],
  [{ ...journalEntry(1), lineage: 'XYZ' }, 'lineage must be 16 hex digits'],
  [{ ...journalEntry(1), set: 'A b' }, 'set must be the name of a set'],
  [{ ...journalEntry(1), files: [{ name: 'x' }] }, 'files must be at most 16 files, each a name and a text of at most 1 MiB'],
  [{ ...journalEntry(1), files: [] }, 'files must not be empty in start'],
  [{ ...journalEntry(1), origin: '' }, 'origin must not be empty in start'],
  [{ ...journalEntry(1), positions: ['12'] }, 'positions must be at most 4096 positions, each of 16 hex digits'],
  [{ ...journalEntry(1), kind: 'epoch', set: 'shop' }, 'set must be empty; lineage must be empty; revision must be empty'],
  [
    { ...journalEntry(1), kind: 'epoch', set: '', lineage: '', revision: '', origin: '{"log":"a","continues":"b","from":[0],"at":[1,2]}' },
    'origin must name a log, the one that it continues, and by partition the offsets and positions at which it does',
  ],
  [{ ...journalEntry(1), by: 7, atMs: -1 }, 'atMs must be a whole number of at least 0; by must be a text of at most 200 characters'],
])('case %#: what is no entry is told from one, with every reason', (value, problem) => {
  expect(readEntry(value)).toEqual({ ok: false, problem });
});

test('text that is no JSON is no entry', () => {
  expect(readEntryText('{"sequence"')).toEqual({ ok: false, problem: 'is no JSON' });
});

test('the next sequence is one above the largest', () => {
  expect(nextSequence([])).toBe(1);
  expect(nextSequence([journalEntry(9), journalEntry(4)])).toBe(10);
});
