/** What every journal of lineages promises, run alike on the twin and on the real engines. */
import { type JournalEntry, type LineageJournal, versionOf } from '@tidemark/pipeline';
import { expect, test } from 'vitest';

export interface LineageJournalUnderTest {
  /** Empty. */
  readonly journal: LineageJournal;
  /** The same store, asked for the first time. */
  readonly other: LineageJournal;
  /** Writes, past the port, something under this id that is no entry. */
  spoil(id: string): Promise<void>;
  close(): Promise<void>;
}

export function journalEntry(sequence: number, changes: Partial<JournalEntry> = {}): JournalEntry {
  return {
    sequence,
    id: `entry-${sequence}`,
    atMs: 1_700_000_000_000 + sequence,
    by: 'ann',
    kind: 'start',
    set: 'cabinet',
    lineage: sequence.toString(16).padStart(16, '0'),
    revision: 'fedcba9876543210',
    files: [{ name: 'cabinet.yaml', text: 'metrics: []\n' }],
    origin: 'log',
    positions: [],
    ...changes,
  };
}

/** `make` is called once per test. */
export function lineageJournalContract(name: string, make: () => Promise<LineageJournalUnderTest>): void {
  const sorted = (entries: readonly JournalEntry[]): readonly JournalEntry[] => [...entries].sort((a, b) => (a.id < b.id ? -1 : 1));

  test(`${name} gives every entry back as it was, each once, also to who asks for the first time`, async () => {
    const { journal, other, close } = await make();
    expect(await journal.read()).toEqual({ entries: [], unreadable: [] });
    const hostile = journalEntry(1, {
      by: 'o\'hara \\ \t\n " {x:String} 漢 \u2028',
      files: [{ name: "it's.yaml", text: "name: it's\r\n\t\\n 漢\u0000\n" }],
      origin: 'archive\\ "x"',
      positions: [versionOf(1, 2 ** 40), versionOf(65_535, 2 ** 48 - 1)],
    });
    const second = journalEntry(2, { kind: 'retire', files: [], origin: '' });
    await journal.append(hostile);
    expect((await journal.read()).entries).toEqual([hostile]);
    await other.append(second);
    await journal.append(hostile);
    for (const each of [journal, other]) expect(sorted((await each.read()).entries)).toEqual([hostile, second]);
    await close();
  });

  test(`${name} keeps both of two entries with the same sequence`, async () => {
    const { journal, other, close } = await make();
    const [mine, yours] = [journalEntry(7, { id: 'mine' }), journalEntry(7, { id: 'yours', by: 'bob' })];
    await Promise.all([journal.append(mine), other.append(yours)]);
    expect(sorted((await journal.read()).entries)).toEqual([mine, yours]);
    await close();
  });

  test(`${name} passes over what is no entry, and says so each time`, async () => {
    const { journal, spoil, close } = await make();
    const good = journalEntry(3);
    await journal.append(good);
    await spoil('rubbish');
    for (let times = 0; times < 2; times++) {
      const { entries, unreadable } = await journal.read();
      expect(entries).toEqual([good]);
      expect(unreadable).toEqual([expect.stringMatching(/^(the journal|lineage_journal) in .*rubbish.*: .*(no JSON|files must be)/)]);
    }
    await close();
  });
}
