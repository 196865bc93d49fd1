// What follows from a journal: who is worked on, who is served, where a rollback goes, and what two who decide at once get.
import { type EntryKind, type JournalEntry, journalState, type SetState, versionOf } from '@tidemark/pipeline';
import { journalEntry } from '@tidemark/testing/contracts';
import { describe, expect, test } from 'vitest';

const [OLD, NEW, NEWER] = ['a'.repeat(16), 'b'.repeat(16), 'c'.repeat(16)];
const entry = (sequence: number, kind: EntryKind, lineage: string, changes: Partial<JournalEntry> = {}): JournalEntry => {
  const brings = kind === 'adopt' || kind === 'start';
  const files = brings || kind === 'describe' ? [{ name: 'cabinet.yaml', text: `of entry ${sequence}` }] : [];
  return journalEntry(sequence, { kind, lineage, files, origin: brings ? 'log' : '', ...changes });
};
const only = (entries: readonly JournalEntry[]): SetState => {
  const [set, ...others] = journalState(entries).sets;
  if (set === undefined || others.length > 0) throw new Error('expected one set');
  return set;
};
const standings = (entries: readonly JournalEntry[]): Record<string, string> =>
  Object.fromEntries(only(entries).lineages.map(({ lineage, standing }) => [lineage[0], standing]));
const whys = (entries: readonly JournalEntry[]): readonly string[] => journalState(entries).ignored.map(({ why }) => why);

describe('the state of the journal', () => {
  const begun = [entry(1, 'adopt', OLD), entry(2, 'start', NEW)];
  const positions = [versionOf(1, 5), versionOf(1, 9)];
  const switched = [...begun, entry(3, 'switch', NEW, { positions })];

  test('what was adopted is served until a switch; what was started catches up, both are worked on', () => {
    const state = journalState(begun);
    expect(state.sets[0]).toMatchObject({ name: 'cabinet', serving: { lineage: OLD, isCommon: true }, switched: null, previous: null });
    expect(state.running.map(({ lineage, isCommon, standing }) => [lineage, isCommon, standing])).toEqual([
      [OLD, true, 'serving'],
      [NEW, false, 'catching_up'],
    ]);
    expect(journalState([])).toEqual({ sets: [], running: [], ignored: [] });
  });

  test('a switch serves the new lineage from the positions on, and keeps the old one at work', () => {
    expect(only(switched)).toMatchObject({
      serving: { lineage: NEW, standing: 'serving', sinceMs: 1_700_000_000_003 },
      switched: { positions, by: 'ann', atMs: 1_700_000_000_003 },
      previous: { lineage: OLD, standing: 'kept' },
    });
    expect(journalState(switched).running).toHaveLength(2);
  });

  test('a rollback is a switch to the lineage before, and can itself be rolled back', () => {
    const back = [...switched, entry(4, 'switch', OLD)];
    expect(only(back)).toMatchObject({ serving: { lineage: OLD }, previous: { lineage: NEW } });
    expect(only([...back, entry(5, 'switch', NEW)])).toMatchObject({ serving: { lineage: NEW }, previous: { lineage: OLD } });
  });

  test('a retired lineage is not worked on and is no way back; the one before it is', () => {
    const third = [...switched, entry(4, 'start', NEWER), entry(5, 'switch', NEWER)];
    expect(only(third).previous?.lineage).toBe(NEW);
    const retired = [...third, entry(6, 'retire', NEW)];
    expect(only(retired).previous?.lineage).toBe(OLD);
    expect(standings(retired)).toEqual({ a: 'kept', b: 'retired', c: 'serving' });
    expect(only([...retired, entry(7, 'retire', OLD)]).previous).toBeNull();
  });

  test('what is served alone joins the common group, and stays in it; a past from the archive does not', () => {
    const common = (entries: readonly JournalEntry[]): Record<string, boolean> =>
      Object.fromEntries(only(entries).lineages.map(({ lineage, isCommon }) => [lineage[0], isCommon]));
    expect(common(switched)).toEqual({ a: true, b: false });
    const alone = [...switched, entry(4, 'retire', OLD)];
    expect(common(alone)).toEqual({ a: true, b: true });
    const third = [...alone, entry(5, 'start', NEWER), entry(6, 'switch', NEWER)];
    expect(common(third)).toEqual({ a: true, b: true, c: false });
    expect(common([...third, entry(7, 'retire', NEW)])).toEqual({ a: true, b: true, c: true });
    expect(common([entry(1, 'start', NEW), entry(2, 'switch', NEW)])).toEqual({ b: true });
    expect(common([entry(1, 'start', NEW, { origin: 'archive:1:5' }), entry(2, 'switch', NEW)])).toEqual({ b: false });
  });

  test('what is served cannot be retired, and nobody switches to what is retired or unknown', () => {
    expect(whys([...begun, entry(3, 'retire', OLD)])).toEqual([`lineage ${OLD} is served`]);
    expect(whys([...begun, entry(3, 'retire', NEW), entry(4, 'switch', NEW)])).toEqual([`lineage ${NEW} is retired`]);
    expect(whys([...begun, entry(3, 'switch', NEWER)])).toEqual([`lineage ${NEWER} of cabinet was never started`]);
  });

  test('a dropped set is served by nobody and worked on by nobody, is not adopted again, and may be started anew', () => {
    const dropped = [...switched, entry(4, 'drop', NEW)];
    expect(only(dropped)).toMatchObject({ serving: null, switched: null, previous: null });
    expect([standings(dropped), journalState(dropped).running]).toEqual([{ a: 'retired', b: 'retired' }, []]);
    expect(whys([...dropped, entry(5, 'drop', NEW), entry(6, 'adopt', OLD), entry(7, 'switch', OLD)])).toEqual([
      'nothing of cabinet is served or worked on',
      'the journal speaks of cabinet already',
      `lineage ${OLD} is retired`,
    ]);
    const anew = [...dropped, entry(5, 'start', OLD), entry(6, 'switch', OLD)];
    expect(only(anew)).toMatchObject({ serving: { lineage: OLD }, previous: null });
  });

  test('a retired lineage that is started again goes on where it was', () => {
    const again = [...begun, entry(3, 'retire', NEW), entry(4, 'start', NEW)];
    expect(standings(again)).toEqual({ a: 'serving', b: 'catching_up' });
    expect(whys([...begun, entry(3, 'start', NEW)])).toEqual([`lineage ${NEW} is worked on already`]);
  });

  test('new words change the files of a lineage and nothing else; words of another revision are refused', () => {
    const described = only([...begun, entry(3, 'describe', OLD)]);
    expect(described.serving).toMatchObject({ standing: 'serving', sinceMs: 1_700_000_000_001, files: [{ text: 'of entry 3' }] });
    expect(whys([...begun, entry(3, 'describe', OLD, { revision: '0'.repeat(16) })])).toEqual([
      `revision ${'0'.repeat(16)} is not that of lineage ${OLD}, fedcba9876543210`,
    ]);
  });

  test('of two workers that adopt at once the first counts; of a set that was started nothing is adopted', () => {
    const both = [entry(1, 'adopt', NEW, { id: 'z' }), entry(1, 'adopt', OLD, { id: 'y' })];
    expect(only(both).serving?.lineage).toBe(OLD);
    expect(whys(both)).toEqual(['the journal speaks of cabinet already']);
    expect(only([entry(1, 'start', NEW), entry(2, 'adopt', OLD)])).toMatchObject({ serving: null, lineages: [{ lineage: NEW }] });
  });

  test('a new set is served by nobody until its first switch, which has nothing to go back to', () => {
    const first = [entry(1, 'start', NEW), entry(2, 'switch', NEW)];
    expect(only(first.slice(0, 1)).serving).toBeNull();
    expect(only(first)).toMatchObject({ serving: { lineage: NEW }, previous: null, switched: { positions: [] } });
  });

  test('sets do not touch each other', () => {
    const other = [entry(3, 'adopt', NEWER, { set: 'other' }), entry(4, 'switch', OLD, { set: 'other' })];
    const { sets, ignored } = journalState([...begun, ...other]);
    expect(sets.map(({ name, serving }) => [name, serving?.lineage])).toEqual([
      ['cabinet', OLD],
      ['other', NEWER],
    ]);
    expect(ignored).toHaveLength(1);
  });
});
