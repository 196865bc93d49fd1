// The supervisor does what the journal says: it adopts, begins, ends, and goes on with what it knows while the journal cannot be read.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_SETTINGS } from '@tidemark/core';
import { type EntryKind, type JournalEntry, joinJournals, nextSequence, StoreUnavailable } from '@tidemark/pipeline';
import { MemoryLineageJournal } from '@tidemark/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ConfiguredSet, readSets } from '../src/sets.ts';
import { LineageSupervisor, type WorkerGroup } from '../src/supervisor.ts';

const text = (window: string): string => `
name: cabinet
metrics:
  - { id: booking, title: Booked, kind: funnel, steps: [Opened, Booked], window: ${window} }
`;
const OTHER = 'name: other\nmetrics:\n  - { id: visits, kind: kpi, measure: { count: Opened } }\n';

let folder = '';
let table: MemoryLineageJournal;
let copy: MemoryLineageJournal;
let nowMs = 0;
let log: string[] = [];
let begun: string[] = [];
let fail: Map<string, (error: Error) => void>;
let looks: (() => Promise<void>)[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-supervisor-'));
  [table, copy] = [new MemoryLineageJournal(), new MemoryLineageJournal()];
  [log, begun, fail, looks, nowMs] = [[], [], new Map(), [], 1_700_000_000_000];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function sets(...texts: readonly string[]): readonly ConfiguredSet[] {
  const paths = texts.map((content, index) => {
    const path = join(folder, `set-${index}.yaml`);
    writeFileSync(path, content);
    return path;
  });
  return readSets(paths.join(','), DEFAULT_SETTINGS);
}

/** Its Workers are names in `begun`: `+` the lineages that one begins with, `-` the same when it ends. */
function supervise(configured: readonly ConfiguredSet[]): LineageSupervisor {
  const tell =
    (level: string) =>
    (_fields: object, message?: string): void =>
      void log.push(`${level} ${message}`);
  const newWorker = ({ suffix, lineages }: WorkerGroup) => {
    const ended = Promise.withResolvers<void>();
    begun.push(`+${suffix === '' ? 'adopted' : 'own'} ${lineages.join(' ')}`);
    fail.set(suffix, ended.reject);
    return {
      run: () => ended.promise,
      stop: async () => {
        begun.push(`-${suffix === '' ? 'adopted' : 'own'} ${lineages.join(' ')}`);
        ended.resolve();
      },
      status: () => [],
      holdings: () => [],
      rejectedByReason: new Map([['not_json', 2]]),
    };
  };
  let ids = 0;
  return new LineageSupervisor({
    journal: joinJournals({ table: table.journal, copy: copy.journal }),
    configured,
    settings: DEFAULT_SETTINGS,
    newWorker,
    clock: {
      nowMs: () => nowMs,
      every: (_ms, run, onError) => {
        looks.push(async () => {
          try {
            await run();
          } catch (error) {
            onError?.(error);
          }
        });
        return { stop: async () => {} };
      },
    },
    randomId: () => `id-${nowMs}-${ids++}`,
    by: 'worker here',
    logger: { info: tell('info'), warn: tell('warn'), error: tell('error') },
  });
}

async function decide(kind: EntryKind, { set, lineage, file }: ConfiguredSet): Promise<void> {
  const { entries } = await table.journal.read();
  const sequence = nextSequence(entries);
  const brings = kind === 'adopt' || kind === 'start';
  const entry: JournalEntry = {
    ...{ sequence, id: `operator-${sequence}`, atMs: nowMs, by: 'ann', kind, set: set.name, lineage, revision: set.revision, positions: [] },
    ...{ files: brings || kind === 'describe' ? [file] : [], origin: brings ? 'log' : '' },
  };
  await table.journal.append(entry);
}

const look = async (): Promise<void> => {
  nowMs += 2_000;
  for (const each of looks) await each();
};
const only = (found: readonly ConfiguredSet[]): ConfiguredSet => {
  const [first] = found;
  if (first === undefined) throw new Error('no set');
  return first;
};

test('what is configured is adopted at the first start, in both stores, and worked on in the group that was always there', async () => {
  const configured = sets(text('7d'), OTHER);
  const supervisor = supervise(configured);
  await supervisor.start();
  const lineages = configured.map(({ lineage }) => lineage);
  expect(begun).toEqual([`+adopted ${lineages.join(' ')}`]);
  for (const store of [table, copy]) {
    const { entries } = await store.journal.read();
    expect(entries.map(({ kind, by, lineage, files }) => [kind, by, lineage, files[0]?.name])).toEqual([
      ['adopt', 'worker here', lineages[0], 'set-0.yaml'],
      ['adopt', 'worker here', lineages[1], 'set-1.yaml'],
    ]);
  }
  await look();
  expect(begun).toHaveLength(1);
  expect(supervisor.lineages).toEqual(lineages);
});

test('after a start of the process the same groups come up again, and nothing is adopted twice', async () => {
  const old = only(sets(text('7d')));
  await supervise([old]).start();
  const edited = only(sets(text('3d')));
  await decide('start', edited);
  begun = [];
  await supervise([old]).start();
  expect(begun).toEqual([`+adopted ${old.lineage}`, `+own ${edited.lineage}`]);
  expect((await table.journal.read()).entries).toHaveLength(2);
});

test('a started lineage gets a group of its own, a retired one ends, and the others never stop', async () => {
  const old = only(sets(text('7d')));
  const supervisor = supervise([old]);
  await supervisor.start();
  const edited = only(sets(text('3d')));
  await decide('start', edited);
  await look();
  await decide('switch', edited);
  await look();
  expect(begun).toEqual([`+adopted ${old.lineage}`, `+own ${edited.lineage}`]);
  await decide('retire', old);
  await look();
  // Served alone, it joins the group that was always there, and only then leaves its own.
  expect(begun.slice(2)).toEqual([`-adopted ${old.lineage}`, `+adopted ${edited.lineage}`, `-own ${edited.lineage}`]);
  expect(supervisor.lineages).toEqual([edited.lineage]);
  expect(supervisor.rejectedByReason).toEqual(new Map([['not_json', 6]]));
});

test('of several adopted lineages one is retired: the group begins again with what takes its place', async () => {
  const [cabinet, other] = sets(text('7d'), OTHER);
  if (cabinet === undefined || other === undefined) throw new Error('no sets');
  await supervise([cabinet, other]).start();
  const edited = only(sets(text('3d')));
  for (const kind of ['start', 'switch'] as const) await decide(kind, edited);
  await decide('retire', cabinet);
  await look();
  expect(begun.slice(1)).toEqual([`-adopted ${cabinet.lineage} ${other.lineage}`, `+adopted ${edited.lineage} ${other.lineage}`]);
});

test('a journal that cannot be read changes nothing; what one store has lost, the other gives back', async () => {
  const old = only(sets(text('7d')));
  await supervise([old]).start();
  await decide('start', only(sets(text('3d'))));
  await look();
  const all = begun.length;
  [table.intercept, copy.intercept] = [() => 'lose', () => 'lose'];
  await look();
  await look();
  expect(begun).toHaveLength(all);
  expect(log.filter((line) => line.includes('everything goes on as before'))).toHaveLength(1);
  [table.intercept, copy.intercept] = [undefined, undefined];
  copy.clear();
  await look();
  await look();
  expect((await copy.journal.read()).entries).toHaveLength(2);
  table.clear();
  await look();
  for (const store of [table, copy]) store.clear();
  await look();
  expect(begun).toHaveLength(all);
  expect((await table.journal.read()).entries).toHaveLength(2);
});

test('nothing begins before it is known what the journal says', async () => {
  table.intercept = () => 'lose';
  const supervisor = supervise(sets(text('7d')));
  await expect(supervisor.start()).rejects.toBeInstanceOf(StoreUnavailable);
  copy.intercept = () => 'lose';
  await expect(supervisor.start()).rejects.toThrow(/cannot be read/);
  expect([begun, looks]).toEqual([[], []]);
  [table.intercept, copy.intercept] = [undefined, undefined];
  await supervisor.start();
  expect(begun).toHaveLength(1);
});

test('an edited file alone changes nothing, and says so once, with the command that would', async () => {
  await supervise(sets(text('7d'))).start();
  begun = [];
  const edited = sets(text('3d'));
  await supervise(edited).start();
  await look();
  expect(begun).not.toContain(`+adopted ${only(edited).lineage}`);
  const told = log.filter((line) => line.includes('tidemark apply'));
  expect(told).toHaveLength(1);
  expect(told[0]).toMatch(/^warn .*set-0\.yaml is lineage [0-9a-f]{16}, served is [0-9a-f]{16}: the file alone changes nothing/);
});

test('a lineage that another release began is left alone, and what cannot be worked on is told', async () => {
  const old = only(sets(text('7d')));
  await decide('adopt', { ...old, lineage: '0'.repeat(16) });
  const supervisor = supervise([old]);
  await supervisor.start();
  expect(begun).toEqual([]);
  expect(supervisor.unworkable).toEqual([
    `lineage ${'0'.repeat(16)} of set cabinet is not worked on here: another release, or another TIDEMARK_LATENESS, began it: here these definitions are lineage ${old.lineage}; run a worker of the release that began it, or tidemark apply`,
  ]);
  await decide('start', old);
  await look();
  expect(begun).toEqual([`+own ${old.lineage}`]);
});

test('a started lineage whose membership fails begins again after a while; that of the live ones ends the process', async () => {
  const supervisor = supervise(sets(text('7d')));
  await supervisor.start();
  const edited = only(sets(text('3d')));
  await decide('start', edited);
  await look();
  const before = begun.length;
  fail.get(edited.lineage)?.(new Error('no coordinator'));
  await look();
  expect(begun.slice(before)).toEqual([`-own ${edited.lineage}`]);
  for (let times = 0; times < 3; times++) await look();
  expect(begun.slice(before + 1)).toEqual([`+own ${edited.lineage}`]);
  fail.get('')?.(new Error('gone'));
  await expect(supervisor.failed).rejects.toThrow('gone');
});

test('what stands in the journal and is no entry is passed over, and told once', async () => {
  table.spoil('rubbish', '{');
  const supervisor = supervise(sets(text('7d')));
  await supervisor.start();
  await look();
  expect(begun).toHaveLength(1);
  expect(log.filter((line) => line.includes('passed over in the journal'))).toEqual([
    'warn passed over in the journal of lineages: the journal in memory, rubbish: is no JSON',
  ]);
});
