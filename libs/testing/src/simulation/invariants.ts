/** What must hold after every change of a store, compared with the undisturbed fold. */
import { unpackSegments } from '@tidemark/codec';
import { OUTCOMES, type PartitionFold, rowValue } from '@tidemark/core';
import { type CellRow, type Head, type Manifest, NO_VERSION, type Version, versionOf } from '@tidemark/pipeline';
import type { MemoryCellStore } from '../twins/cell-store.ts';
import type { MemoryCheckpointStore } from '../twins/checkpoint-store.ts';
import { cellsText, type JournalEntry, type Reference, rowKey } from './reference.ts';
import { type Checker, Violation } from './violation.ts';

interface Found {
  readonly entries: readonly JournalEntry[];
  /** −1 when the journal has no such version. */
  readonly index: number;
}

/** Rows of a store that were compared once: their place in the journal. Stored rows never change, they are replaced. */
const known = new WeakMap<CellRow, Found & { readonly reference: Reference }>();

/** Throws unless all that is looked at is of one of the histories: after a log was rewritten there are two, and never a mixture. */
export async function ofOneHistory(histories: readonly Reference[], check: (reference: Reference) => void | Promise<void>): Promise<void> {
  let first: unknown = null;
  for (const reference of histories.toReversed()) {
    try {
      await check(reference);
      return;
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      first ??= error;
    }
  }
  throw first;
}

/** I1, S, and I2 when the head is closed. */
export function checkCells(checker: Checker, store: MemoryCellStore, reference: Reference): void {
  const { lineage, partition } = reference;
  const head = store.headOf(lineage, partition);
  const rows = store.rowsOf(lineage, partition);
  const name = `${store.sink.name} ${lineage.slice(0, 4)}:${partition}`;
  const facts = reference.factsAt(head.closed);
  if (facts === undefined) {
    checker.broken('head at a record', `${name}: the head is closed at ${place(head.closed)}, where no record ends`);
    return;
  }
  let whole = 0;
  for (const row of rows) {
    const { entries, index } = entryOf({ checker, name, reference }, row);
    const next = entries[index + 1];
    if (next !== undefined && next.version <= head.closed) {
      const text = `${rowKey(row)} is of ${place(row.version)}, changed again at ${place(next.version)}, and the head is closed at ${place(head.closed)}`;
      checker.broken('row older than the head', `${name}: ${text}`);
    }
    if (row.version > head.closed) checkAhead({ checker, name, head }, row);
    if ((entries[0]?.version ?? NO_VERSION) <= head.closed) whole++;
  }
  if (whole !== facts.rows)
    checker.broken('head whole', `${name}: ${whole} of ${facts.rows} rows of the closed head ${place(head.closed)} are there`);
  checkNote({ checker, name, head }, facts);
}

interface Looking {
  readonly checker: Checker;
  readonly name: string;
  readonly head: Head;
}

function checkAhead({ checker, name, head }: Looking, row: CellRow): void {
  if (row.version > head.target) {
    const text = `${rowKey(row)} is of ${place(row.version)}, above head ${place(head.closed)} and target ${place(head.target)}`;
    checker.broken('row above the target', `${name}: ${text}`);
  }
}

function checkNote({ checker, name, head }: Looking, facts: { clockMs: number | null; counters: string }): void {
  if (head.note === null) return;
  if (head.note.clockMs !== facts.clockMs)
    checker.broken('note of the prefix', `${name}: the head says clock ${head.note.clockMs}, the fold ${facts.clockMs}`);
  const counters = JSON.stringify(head.note.counters);
  if (counters !== facts.counters) checker.broken('note of the prefix', `${name}: the head says ${counters}, the fold ${facts.counters}`);
  checkConservation(checker, name, head.note.counters);
}

/** C: read = control + rejected + misrouted + future + late + duplicate + applied. */
function checkConservation(checker: Checker, name: string, counters: Readonly<Record<string, number>>): void {
  const sum = OUTCOMES.reduce((total, outcome) => total + (counters[outcome] ?? 0), 0);
  if (sum !== (counters['read'] ?? 0)) checker.broken('one outcome per record', `${name}: ${counters['read']} read, ${sum} accounted for`);
}

function entryOf({ checker, name, reference }: { checker: Checker; name: string; reference: Reference }, row: CellRow): Found {
  const before = known.get(row);
  if (before !== undefined && before.reference === reference) return before;
  const entries = reference.journal.get(rowKey(row)) ?? [];
  const index = entries.findIndex(({ version }) => version === row.version);
  const cells = cellsText(row.cells);
  if (entries[index]?.cells !== cells) {
    const text = `${rowKey(row)} is [${cells}] under ${place(row.version)}; the fold says ${said(entries, row.version)}`;
    checker.broken('row value', `${name}: ${text}`);
  }
  const impossible = reference.impossible(row);
  if (impossible !== null) checker.broken('no cell below zero', `${name}: ${rowKey(row)} is [${cells}]: ${impossible}`);
  // The newest version at or below, so that one that is missing counts as old.
  const found = { entries, index: index >= 0 ? index : entries.findLastIndex(({ version }) => version <= row.version) };
  known.set(row, { ...found, reference });
  return found;
}

function said(entries: readonly JournalEntry[], version: Version): string {
  const last = entries.findLast((entry) => entry.version <= version);
  return last === undefined ? 'that there is none' : `[${last.cells}] since ${place(last.version)}`;
}

/** I4: what the manifest names is there and decodes to the fold at its position. */
export async function checkManifest(
  checker: Checker,
  checkpoints: MemoryCheckpointStore,
  reference: Reference,
  newFold: () => PartitionFold,
): Promise<void> {
  const { lineage, partition } = reference;
  const manifest = checkpoints.manifestOf(lineage, partition);
  if (manifest === null) return;
  const name = `manifest ${lineage.slice(0, 4)}:${partition} at ${manifest.next}`;
  const segments: { next: number; bytes: Uint8Array }[] = [];
  for (const ref of manifest.segments) {
    const bytes = await checkpoints.store.segment(lineage, partition, ref.key);
    if (bytes !== null) segments.push({ next: ref.next, bytes });
  }
  // What is missing was told by checkSegments.
  if (segments.length < manifest.segments.length) return;
  const fold = newFold();
  try {
    unpackSegments(fold.state, segments);
  } catch (error) {
    checker.broken('segments readable', `${name} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
    return;
  }
  checkState({ checker, name, manifest }, fold, reference);
}

/** I4: named segments are there and stay. */
export function checkSegments(checker: Checker, checkpoints: MemoryCheckpointStore, manifest: Manifest): void {
  const stored = checkpoints.segmentsOf(manifest.lineage, manifest.partition);
  const name = `manifest ${manifest.lineage.slice(0, 4)}:${manifest.partition} at ${manifest.next}`;
  for (const { key } of manifest.segments) {
    const segment = stored.get(key);
    if (segment === undefined) checker.broken('segments there', `${name} names segment ${key}, which is missing`);
    else if (segment.expires) checker.broken('segments stay', `${name} names segment ${key}, which expires`);
  }
}

function checkState(
  { checker, name, manifest }: { checker: Checker; name: string; manifest: Manifest },
  { state }: PartitionFold,
  reference: Reference,
): void {
  const version = versionOf(manifest.epoch, manifest.next);
  const facts = reference.factsAt(version);
  const wrong = (text: string): void => checker.broken('state of the prefix', `${name}: ${text}`);
  if (facts === undefined) {
    wrong('no record ends there');
    return;
  }
  const counters = JSON.stringify({ ...state.counters.toRecord(), capped: state.cappedActors.size });
  if (counters !== facts.counters) wrong(`counters ${counters}, the fold says ${facts.counters}`);
  const clockMs = facts.clockMs ?? Number.NEGATIVE_INFINITY;
  if (state.clockMs !== clockMs) wrong(`clock ${state.clockMs}, the fold says ${clockMs}`);
  const held = new Set<string>();
  for (const row of state.changes.all()) {
    const { shape } = row.table;
    const value = rowValue(shape, state.dictionaries, row.label);
    const key = rowKey({ metric: shape.metric, table: shape.name, bucket: row.bucket, value });
    const entry = reference.journal.get(key)?.findLast((each) => each.version <= version);
    const cells = cellsText(row.cells);
    if (entry?.cells !== cells || entry.version !== versionOf(row.epoch, row.next))
      wrong(`${key} is [${cells}] of ${row.next}, the fold says [${entry?.cells}] of ${place(entry?.version ?? NO_VERSION)}`);
    held.add(key);
  }
  for (const [key, entries] of reference.journal) {
    const entry = entries.findLast((each) => each.version <= version);
    if (entry === undefined || held.has(key)) continue;
    // Only a closed row may be absent, and the manifest must know how new such rows are.
    const closed = (reference.closesAtMs.get(key) ?? Number.POSITIVE_INFINITY) <= clockMs;
    if (!closed || entry.version > manifest.dropped) {
      const text = `${name}: ${key} of ${place(entry.version)} is absent, dropped up to ${place(manifest.dropped)}`;
      checker.broken('nothing absent but what is closed', text);
    }
  }
}

/** The position in a version, for people. */
function place(version: Version): string {
  return version === NO_VERSION ? 'never' : String(Number.parseInt(version.slice(4), 16));
}
