/** One decision of the journal of lineages, and how one is told from whatever else stands in a store. */
import type { Version } from '../ports/version.ts';
import { readEpochText } from './epoch-text.ts';

/** A definition file as it was given: the set that it makes is parsed from its text. */
export interface DefinitionText {
  readonly name: string;
  readonly text: string;
}

/**
 * `adopt`: what a deployment served when its journal began. `start`: a lineage begins to be worked on. `switch`: readers go over to it. `describe`: same
 * integers, other words. `retire`: nobody works on it any more, its rows stay. `drop`: the set is
 * served no more, and all of its lineages are retired. `epoch`: the log of all lineages goes on in another topic.
 */
export const ENTRY_KINDS = ['adopt', 'start', 'switch', 'describe', 'retire', 'drop', 'epoch'] as const;
export type EntryKind = (typeof ENTRY_KINDS)[number];

/** What begins at the log's first record; any other origin names a past that was read from the archive. */
export const LOG_ORIGIN = 'log';

/** Never changed once written. What its kind does not need is empty. */
export interface JournalEntry {
  /** From 1; one more than the largest that its writer knew, so two writers at once may have the same. Order: sequence, then id. */
  readonly sequence: number;
  /** Unique. */
  readonly id: string;
  /** Epoch ms, by the writer's clock: shown, never decided by. */
  readonly atMs: number;
  /** Who decided; hostile text. */
  readonly by: string;
  readonly kind: EntryKind;
  /** The set's name. Empty in an epoch, as are lineage and revision. */
  readonly set: string;
  readonly lineage: string;
  /** Of the set. */
  readonly revision: string;
  /** Of adopt, start and describe. */
  readonly files: readonly DefinitionText[];
  /** Of adopt and start: what `lineageOf` was given. Of an epoch: which topic goes on, and where. */
  readonly origin: string;
  /**
   * By partition, in order. Of a switch: up to where both lineages were compared; [] when nothing was served before. Of a start from the archive: where
   * that past ends.
   */
  readonly positions: readonly Version[];
}

export type ReadEntry = { readonly ok: true; readonly entry: JournalEntry } | { readonly ok: false; readonly problem: string };

const ID = /^[A-Za-z0-9_.-]{1,100}$/;
const SET = /^[a-z][a-z0-9-]{0,62}$/;
const HEX = /^[0-9a-f]{16}$/;
const MAX = { by: 200, files: 16, fileName: 500, fileText: 1_048_576, origin: 10_000, positions: 4_096 };

/** Tells an entry from anything else; `problem` names the field and what was expected. Fields that this release does not know are left out. */
export function readEntry(value: unknown): ReadEntry {
  if (typeof value !== 'object' || value === null) return { ok: false, problem: 'is no object' };
  const given: Readonly<Record<string, unknown>> = { ...value };
  const problems: string[] = [];
  const text = (field: string, fits: (text: string) => boolean, expected: string): string => {
    const found = given[field];
    if (typeof found === 'string' && fits(found)) return found;
    problems.push(`${field} must be ${expected}`);
    return '';
  };
  const whole = (field: string, min: number): number => {
    const found = given[field];
    if (typeof found === 'number' && Number.isSafeInteger(found) && found >= min) return found;
    problems.push(`${field} must be a whole number of at least ${min}`);
    return min;
  };
  const list = <Item>(field: string, max: number, isItem: (item: unknown) => item is Item, expected: string): readonly Item[] => {
    const found = given[field];
    if (Array.isArray(found) && found.length <= max && found.every(isItem)) return found;
    problems.push(`${field} must be at most ${max} ${expected}`);
    return [];
  };
  const kind = ENTRY_KINDS.find((known) => known === given['kind']);
  if (kind === undefined) problems.push(`kind must be one of ${ENTRY_KINDS.join(', ')}`);
  const isNobodys = kind === 'epoch';
  const entry: JournalEntry = {
    sequence: whole('sequence', 1),
    id: text('id', (id) => ID.test(id), 'at most 100 letters, digits, "_", "." and "-"'),
    atMs: whole('atMs', 0),
    by: text('by', (by) => by.length <= MAX.by, `a text of at most ${MAX.by} characters`),
    kind: kind ?? 'adopt',
    set: text('set', (name) => (isNobodys ? name === '' : SET.test(name)), isNobodys ? 'empty' : 'the name of a set'),
    lineage: text('lineage', (lineage) => (isNobodys ? lineage === '' : HEX.test(lineage)), isNobodys ? 'empty' : '16 hex digits'),
    revision: text('revision', (revision) => (isNobodys ? revision === '' : HEX.test(revision)), isNobodys ? 'empty' : '16 hex digits'),
    files: list('files', MAX.files, isDefinitionText, 'files, each a name and a text of at most 1 MiB').map(({ name, text }) => ({ name, text })),
    origin: text('origin', (origin) => origin.length <= MAX.origin, `a text of at most ${MAX.origin} characters`),
    positions: list('positions', MAX.positions, isVersion, 'positions, each of 16 hex digits'),
  };
  if (problems.length === 0) problems.push(...lacks(entry));
  return problems.length === 0 ? { ok: true, entry } : { ok: false, problem: problems.join('; ') };
}

/** Of the text of a JSON object. */
export function readEntryText(json: string): ReadEntry {
  try {
    return readEntry(JSON.parse(json));
  } catch {
    return { ok: false, problem: 'is no JSON' };
  }
}

/** Negative when `left` comes first: the order in which all readers take the entries. */
export function compareEntries(left: JournalEntry, right: JournalEntry): number {
  if (left.sequence !== right.sequence) return left.sequence - right.sequence;
  if (left.id === right.id) return 0;
  return left.id < right.id ? -1 : 1;
}

/** The sequence of an entry that is written now. */
export function nextSequence(entries: readonly JournalEntry[]): number {
  return entries.reduce((most, { sequence }) => Math.max(most, sequence), 0) + 1;
}

function lacks({ kind, files, origin }: JournalEntry): readonly string[] {
  const brings = kind === 'adopt' || kind === 'start';
  return [
    ...((brings || kind === 'describe') && files.length === 0 ? [`files must not be empty in ${kind}`] : []),
    ...(brings && origin === '' ? [`origin must not be empty in ${kind}`] : []),
    ...(kind === 'epoch' ? lacksOfEpoch(origin) : []),
  ];
}

function lacksOfEpoch(origin: string): readonly string[] {
  try {
    readEpochText(origin);
    return [];
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

function isDefinitionText(item: unknown): item is DefinitionText {
  if (typeof item !== 'object' || item === null || !('name' in item) || !('text' in item)) return false;
  const { name, text } = item;
  return typeof name === 'string' && name.length <= MAX.fileName && typeof text === 'string' && text.length <= MAX.fileText;
}

function isVersion(item: unknown): item is Version {
  return typeof item === 'string' && HEX.test(item);
}
