// Publishes what changed to one sink, so that its readers see whole prefixes only.
/**
 * The order of a publish (design.md §2.1 step 3; the rules of its executable model), and what each gap guarantees:
 * 1. The base is the store's own closed head, read after a load or a refusal. A crash here has written nothing.
 * 2. Rows that the state has dropped and the store has lost are fetched from the other store, else the head cannot be whole.
 * 3. Parts are written, each marking the head open at the target. Readers keep to the closed head; a crash leaves it open, to be closed by whoever publishes at or above the target.
 * 4. The last part closes the head. Only then the base moves.
 */
import { kindOf, type PartitionFold, type RowTable, rowLabel, rowValue } from '@tidemark/core';
import { logText } from '../lineages/log-epochs.ts';
import type { LogIdentity } from '../ports/log.ts';
import type { CellRow, CellSink, Head, HeadNote, PublishOutcome, PublishPart } from '../ports/sink.ts';
import { StoreUnavailable } from '../ports/sink.ts';
import { splitVersion, type Version, versionOf } from '../ports/version.ts';
import { type PartitionMemory, positionOf, rowsAbove, type SinkState } from './memory.ts';

export interface PublishContext {
  readonly lineage: string;
  readonly partition: number;
  readonly sink: CellSink;
  /** The other store, asked for rows that only it still has. */
  readonly other: CellSink;
  readonly randomId: () => string;
  readonly note: () => HeadNote;
  /** Asked before the store's own head becomes the base: false while it is not known to be of this log; throws when it cannot be continued. */
  readonly mayFollow?: (head: Head) => boolean;
}

/**
 * `closed`: the head stands at the target. `retry`: an unknown outcome, an open head or a missing part; the next call goes on. `behind`: the store has
 * forgotten something; the next call starts from its head. `waiting`: rows that only the other store has cannot be had now.
 */
export type PublishResult =
  | { readonly result: 'closed'; readonly target: Version; readonly rows: number }
  | { readonly result: 'retry'; readonly why: string }
  | { readonly result: 'behind'; readonly closed: Version }
  | { readonly result: 'waiting'; readonly why: string };

export async function publish(memory: PartitionMemory, context: PublishContext): Promise<PublishResult> {
  const { sink, lineage, partition } = context;
  const state = memory[sink.name];
  try {
    if (state.base === null) {
      const head = await sink.head(lineage, partition);
      if (context.mayFollow?.(head) === false) {
        // Only reading on helps, so what waits for this sink must not make the fold rest.
        state.blocked = true;
        return { result: 'waiting', why: `the record behind the head of ${sink.name} is compared with the log first` };
      }
      state.base = head.closed;
    }
    const refill = await refillRows(memory, state.base, context);
    if (refill === null) {
      // Until the other store's head has closed, which may take a position that we have not reached.
      state.blocked = true;
      return { result: 'waiting', why: `rows up to ${memory.dropped} are not in the state, and ${context.other.name} is not whole up to there` };
    }
    // From here to the first write everything is taken at one position.
    const target = positionOf(memory);
    const base = state.base;
    const rows = snapshotRows(memory, base);
    rows.push(...refill.filter((row) => !holds(memory, row)));
    return await writeParts({ memory, state, context, target, base, rows });
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    // A store that is away bounds the fold again.
    state.blocked = false;
    return { result: 'retry', why: error.message };
  }
}

/** What a head says of the state now. */
export function noteOf(
  { fold, fingerprint }: PartitionMemory,
  at: { readonly nowMs: number; readonly identity: LogIdentity; readonly atEnd: boolean },
): HeadNote {
  const { clockMs, counters, cappedActors, dictionaries } = fold.state;
  return {
    clockMs: Number.isFinite(clockMs) ? clockMs : null,
    counters: { ...counters.toRecord(), capped: cappedActors.size },
    overflow: dictionaries.some((dictionary) => dictionary.overflow),
    partitionCount: at.identity.partitionCount,
    publishedAtMs: at.nowMs,
    confirmedAtMs: at.nowMs,
    atEnd: at.atEnd,
    fingerprint,
    log: logText(at.identity),
  };
}

/** Rows between the base and the largest dropped version, when the state no longer has all of them; [] when nothing is missing. */
async function refillRows(memory: PartitionMemory, base: Version, context: PublishContext): Promise<readonly CellRow[] | null> {
  if (base >= memory.dropped) return [];
  return context.other.rowsBetween(context.lineage, context.partition, base, memory.dropped);
}

function holds(memory: PartitionMemory, row: CellRow): boolean {
  const table = memory.fold.state.tables.get(`${row.metric}/${row.table}`);
  if (table === undefined) return false;
  const label = rowLabel(table.shape, memory.fold.state.dictionaries, row.value);
  return label !== null && table.find(row.bucket, label) >= 0;
}

/** Copies of all rows changed above the base, without the zeros at their ends. What changed since the last look is checked against its kind's invariants. */
function snapshotRows(memory: PartitionMemory, base: Version): CellRow[] {
  const { state } = memory.fold;
  state.counters.check();
  const { changes } = state;
  const { cells: arena } = changes;
  const checked = splitVersion(memory.checked);
  const tables = tablesOf(memory);
  const rows: CellRow[] = [];
  for (const row of rowsAbove(memory, base)) {
    const { shape, scratch, check } = tables[changes.tableNumberOf(row)] as PublishedTable;
    const start = changes.startOf(row);
    let used = 0;
    for (let column = 0; column < shape.width; column++) {
      const cell = arena[start + column] as number;
      scratch[column] = cell;
      if (cell !== 0) used = column + 1;
    }
    if (changes.isAbove(row, checked.epoch, checked.next)) check(scratch);
    const cells = new Array<number>(used);
    for (let column = 0; column < used; column++) cells[column] = scratch[column] as number;
    const value = rowValue(shape, state.dictionaries, changes.labelOf(row));
    const version = versionOf(changes.epochOf(row), changes.nextOf(row));
    rows.push({ metric: shape.metric, table: shape.name, bucket: changes.bucketOf(row), value, version, cells });
  }
  memory.checked = positionOf(memory);
  return rows;
}

interface PublishedTable {
  readonly shape: RowTable['shape'];
  /** A row of the table, one after the other. */
  readonly scratch: Float64Array;
  readonly check: (cells: Float64Array) => void;
}

/** Worked out once for each fold. */
const knownTables = new WeakMap<PartitionFold, readonly PublishedTable[]>();

function tablesOf(memory: PartitionMemory): readonly PublishedTable[] {
  const { fold } = memory;
  const tables = knownTables.get(fold) ?? fold.state.changes.tables.map((table) => published(memory, table));
  knownTables.set(fold, tables);
  return tables;
}

function published(memory: PartitionMemory, { shape }: RowTable): PublishedTable {
  const metric = memory.fold.set.metrics.find(({ id }) => id === shape.metric);
  const scratch = new Float64Array(shape.width);
  if (metric === undefined) return { shape, scratch, check: () => undefined };
  const kind = kindOf(metric);
  return { shape, scratch, check: (cells) => kind.check(metric, shape.name, cells) };
}

interface Writing {
  readonly memory: PartitionMemory;
  readonly state: SinkState;
  readonly context: PublishContext;
  readonly target: Version;
  readonly base: Version;
  readonly rows: readonly CellRow[];
}

async function writeParts(writing: Writing): Promise<PublishResult> {
  const { state, context, target, base, rows } = writing;
  const parts = cutParts(rows, context.sink.partLimits);
  const publishId = context.randomId();
  const note = context.note();
  for (let index = 0; index < parts.length; index++) {
    const last = index === parts.length - 1;
    const part: PublishPart = {
      lineage: context.lineage,
      partition: context.partition,
      publishId,
      index,
      last,
      target,
      base,
      rows: parts[index] ?? [],
      note,
    };
    const answer = await writeTwice(context.sink, part);
    if (answer.outcome === 'behind') {
      state.base = answer.closed;
      state.blocked = false;
      return { result: 'behind', closed: answer.closed };
    }
    // Stays so while the next publish is under way, or the fold would look in between and rest.
    if (answer.outcome === 'open') state.blocked = true;
    if (answer.outcome !== 'written') return { result: 'retry', why: `the head stays ${answer.outcome}` };
  }
  state.blocked = false;
  if (state.base === null || state.base < target) state.base = target;
  return { result: 'closed', target, rows: rows.length };
}

/** An unknown outcome is answered by sending the same part once more: a part that is already there changes nothing. */
async function writeTwice(sink: CellSink, part: PublishPart): Promise<PublishOutcome> {
  try {
    return await sink.write(part);
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    return sink.write(part);
  }
}

/** At least one part, so that a publish without rows still closes the head. */
function cutParts(rows: readonly CellRow[], limits: CellSink['partLimits']): CellRow[][] {
  const parts: CellRow[][] = [[]];
  let cells = 0;
  for (const row of rows) {
    let part = parts.at(-1) as CellRow[];
    if (part.length > 0 && (part.length >= limits.maxRows || cells + row.cells.length > limits.maxCells)) {
      part = [];
      parts.push(part);
      cells = 0;
    }
    part.push(row);
    cells += row.cells.length;
  }
  return parts;
}
