/** The journal of lineages in ClickHouse, where it outlives Redis. */
import { type JournalEntry, type LineageJournal, readEntry } from '@tidemark/pipeline';
import type { ClickHouseConnection } from './connection.ts';

const COLUMNS = ['sequence', 'id', 'at_ms', 'decided_by', 'kind', 'set_name', 'lineage', 'revision', 'files', 'origin', 'positions'] as const;

export function createClickHouseLineageJournal(connection: ClickHouseConnection): LineageJournal {
  /** Of all rows that were read: they never change, so only their ids are asked for again. */
  let known = new Map<string, { readonly entry: JournalEntry } | { readonly problem: string }>();
  return {
    async read() {
      const ids = (await connection.select('SELECT DISTINCT id FROM lineage_journal')).map(([id]) => String(id));
      if (ids.some((id) => !known.has(id))) {
        const rows = await connection.select(`SELECT ${COLUMNS.join(', ')} FROM lineage_journal ORDER BY sequence, id LIMIT 1 BY id`);
        known = new Map(rows.map((row) => [String(row[1]), entryOf(row)]));
      }
      const found = ids.flatMap((id) => known.get(id) ?? []);
      return {
        entries: found.flatMap((each) => ('entry' in each ? [each.entry] : [])),
        unreadable: found.flatMap((each) => ('problem' in each ? [each.problem] : [])),
      };
    },
    async append(entry): Promise<void> {
      const { sequence, id, atMs, by, kind, set, lineage, revision, files, origin, positions } = entry;
      const row = [sequence, id, atMs, by.toWellFormed(), kind, set, lineage, revision, JSON.stringify(files), origin.toWellFormed(), positions];
      await connection.insert('lineage_journal', COLUMNS, [row]);
    },
  };
}

function entryOf(row: readonly unknown[]): { readonly entry: JournalEntry } | { readonly problem: string } {
  const [sequence, id, atMs, by, kind, set, lineage, revision, files, origin, positions] = row;
  const read = readEntry({ sequence, id, atMs, by, kind, set, lineage, revision, files: listOf(String(files)), origin, positions });
  return read.ok
    ? { entry: read.entry }
    : { problem: `lineage_journal in ClickHouse, row ${JSON.stringify(String(id).slice(0, 100))}: ${read.problem}` };
}

/** Undefined when it is no JSON, which the entry's own reading then tells. */
function listOf(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
