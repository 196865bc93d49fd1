/** What must hold after every change of a store, compared with the undisturbed fold. */
import { unpackSegments } from '@tidemark/codec';
import { type PartitionFold, rowValue } from '@tidemark/core';
import { type CellRow, type Head, type Manifest, NO_VERSION, type Version, versionOf } from '@tidemark/pipeline';
import type { MemoryCellStore } from '../twins/cell-store.ts';
import type { MemoryCheckpointStore } from '../twins/checkpoint-store.ts';
import { cellsText, type JournalEntry, type Reference, rowKey } from './reference.ts';
import { Violation } from './violation.ts';

/** Rows of a store that were compared once: their place in the journal. Stored rows never change, they are replaced. */
const known = new WeakMap<CellRow, { readonly entries: readonly JournalEntry[]; readonly index: number }>();

/** I1, S, and I2 when the head is closed. */
export function checkCells(store: MemoryCellStore, reference: Reference): void {
  const { lineage, partition } = reference;
  const head = store.headOf(lineage, partition);
  const rows = store.rowsOf(lineage, partition);
  const name = `${store.sink.name} ${lineage.slice(0, 4)}:${partition}`;
  const facts = reference.factsAt(head.closed);
  if (facts === undefined) throw new Violation('I2', `${name}: the head is closed at ${place(head.closed)}, where no record ends`);
  let whole = 0;
  for (const row of rows) {
    const { entries, index } = entryOf(name, row, reference);
    const next = entries[index + 1];
    if (next !== undefined && next.version <= head.closed) {
      throw new Violation(
        'S',
        `${name}: ${rowKey(row)} is of ${place(row.version)}, changed again at ${place(next.version)}, and the head is closed at ${place(head.closed)}`,
      );
    }
    if (row.version > head.closed && row.version > head.target)
      throw new Violation(
        'S',
        `${name}: ${rowKey(row)} is of ${place(row.version)}, above head ${place(head.closed)} and target ${place(head.target)}`,
      );
    if ((entries[0]?.version ?? NO_VERSION) <= head.closed) whole++;
    if (head.target <= head.closed && row.version > head.closed)
      throw new Violation('I2', `${name}: ${rowKey(row)} is above the closed head ${place(head.closed)}`);
  }
  if (whole !== facts.rows) throw new Violation('I2', `${name}: ${whole} of ${facts.rows} rows of the closed head ${place(head.closed)} are there`);
  checkNote(name, head, facts);
}

function checkNote(name: string, head: Head, facts: { clockMs: number | null; counters: string }): void {
  if (head.note === null) return;
  if (head.note.clockMs !== facts.clockMs) throw new Violation('I2', `${name}: the head says clock ${head.note.clockMs}, the fold ${facts.clockMs}`);
  const counters = JSON.stringify(head.note.counters);
  if (counters !== facts.counters) throw new Violation('I2', `${name}: the head says ${counters}, the fold ${facts.counters}`);
}

function entryOf(name: string, row: CellRow, reference: Reference): { entries: readonly JournalEntry[]; index: number } {
  const found = known.get(row);
  if (found !== undefined) return found;
  const entries = reference.journal.get(rowKey(row)) ?? [];
  const index = entries.findIndex(({ version }) => version === row.version);
  const cells = cellsText(row.cells);
  if (entries[index]?.cells !== cells) {
    throw new Violation('I1', `${name}: ${rowKey(row)} is [${cells}] under ${place(row.version)}; the fold says ${said(entries, row.version)}`);
  }
  const entry = { entries, index };
  known.set(row, entry);
  return entry;
}

function said(entries: readonly JournalEntry[], version: Version): string {
  const last = entries.findLast((entry) => entry.version <= version);
  return last === undefined ? 'that there is none' : `[${last.cells}] since ${place(last.version)}`;
}

/** I4: what the manifest names is there and decodes to the fold at its position. */
export async function checkManifest(checkpoints: MemoryCheckpointStore, reference: Reference, newFold: () => PartitionFold): Promise<void> {
  const { lineage, partition } = reference;
  const manifest = checkpoints.manifestOf(lineage, partition);
  if (manifest === null) return;
  const name = `manifest ${lineage.slice(0, 4)}:${partition} at ${manifest.next}`;
  const stored = checkpoints.segmentsOf(lineage, partition);
  const segments: { next: number; bytes: Uint8Array }[] = [];
  for (const ref of manifest.segments) {
    const segment = stored.get(ref.key);
    const bytes = await checkpoints.store.segment(lineage, partition, ref.key);
    if (segment === undefined || bytes === null) throw new Violation('I4', `${name} names a missing segment`);
    if (segment.expires) throw new Violation('I4', `${name} names a segment that expires`);
    segments.push({ next: ref.next, bytes });
  }
  const fold = newFold();
  try {
    unpackSegments(fold.state, segments);
  } catch (error) {
    throw new Violation('I4', `${name} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  checkState(name, manifest, fold, reference);
}

function checkState(name: string, manifest: Manifest, { state }: PartitionFold, reference: Reference): void {
  const version = versionOf(manifest.epoch, manifest.next);
  const facts = reference.factsAt(version);
  const counters = JSON.stringify({ ...state.counters.toRecord(), capped: state.cappedActors.size });
  if (facts === undefined) throw new Violation('I4', `${name}: no record ends there`);
  if (counters !== facts.counters) throw new Violation('I4', `${name}: counters ${counters}, the fold says ${facts.counters}`);
  const clockMs = facts.clockMs ?? Number.NEGATIVE_INFINITY;
  if (state.clockMs !== clockMs) throw new Violation('I4', `${name}: clock ${state.clockMs}, the fold says ${clockMs}`);
  const held = new Set<string>();
  for (const row of state.changes.all()) {
    const { shape } = row.table;
    const value = rowValue(shape, state.dictionaries, row.label);
    const key = rowKey({ metric: shape.metric, table: shape.name, bucket: row.bucket, value });
    const entry = reference.journal.get(key)?.findLast((each) => each.version <= version);
    const cells = cellsText(row.cells);
    if (entry?.cells !== cells || entry.version !== versionOf(row.epoch, row.next)) {
      throw new Violation(
        'I4',
        `${name}: ${key} is [${cells}] of ${row.next}, the fold says [${entry?.cells}] of ${place(entry?.version ?? NO_VERSION)}`,
      );
    }
    held.add(key);
  }
  for (const [key, entries] of reference.journal) {
    const entry = entries.findLast((each) => each.version <= version);
    if (entry === undefined || held.has(key)) continue;
    // Only a closed row may be absent, and the manifest must know how new such rows are.
    const closed = (reference.closesAtMs.get(key) ?? Number.POSITIVE_INFINITY) <= clockMs;
    if (!closed || entry.version > manifest.dropped)
      throw new Violation('I4', `${name}: ${key} of ${place(entry.version)} is absent, dropped up to ${place(manifest.dropped)}`);
  }
}

/** The position in a version, for people. */
function place(version: Version): string {
  return version === NO_VERSION ? 'never' : String(Number.parseInt(version.slice(4), 16));
}
