/** Publishes cells to ClickHouse: every part is one insert of one block; the larger version of a row stays, so that sending it again is harmless. */
import { type CellRow, type CellSink, type Head, type PublishOutcome, type PublishPart, versionDecimal } from '@tidemark/pipeline';
import { cellQuery, partitionRowsOf } from './cell-query.ts';
import type { ClickHouseConnection } from './connection.ts';
import { CELL_COLUMNS, headRow, markRow } from './head.ts';
import { prefixOf, TabSeparatedRows } from './tab-separated.ts';

/** Well below the size at which a server splits an insert into several blocks. */
const PART_LIMITS = { maxRows: 20_000, maxCells: 1_000_000 };
const NO_ROWS = { text: '0', params: {} };

/** Never answers `behind`, `open` or `incomplete`: an insert cannot look. A publish under way is seen by its mark, which stands above the closed head. */
export function createClickHouseCellSink(connection: ClickHouseConnection): CellSink {
  return {
    name: 'clickhouse',
    partLimits: PART_LIMITS,
    async head(lineage, partition): Promise<Head> {
      const query = cellQuery(lineage, [partition], NO_ROWS);
      const [answer] = partitionRowsOf([partition], await connection.select(query.text, query.params));
      if (!answer) throw new TypeError('no answer for the partition that was asked');
      return answer.head;
    },
    async write(part): Promise<PublishOutcome> {
      const rows = new TabSeparatedRows();
      addRows(rows, part);
      // The mark comes first and the head last, each in one block with rows: no reader takes rows above the closed head for those of the head.
      if (!part.last && part.index === 0) addFields(rows, markRow(part));
      if (part.last) addFields(rows, headRow(part));
      if (rows.count > 0) await connection.insertBytes('rollup_cells', CELL_COLUMNS, [rows.toBuffer()], rows.count);
      return { outcome: 'written' };
    },
    async rowsBetween(lineage, partition, above, upTo): Promise<readonly CellRow[] | null> {
      const params = { above: versionDecimal(above), upTo: versionDecimal(upTo) };
      const query = cellQuery(lineage, [partition], { text: '(version > {above:UInt64} AND version <= {upTo:UInt64})', params });
      const [answer] = partitionRowsOf([partition], await connection.select(query.text, query.params));
      return answer && answer.head.closed === answer.head.target && answer.head.closed >= upTo ? answer.rows : null;
    },
  };
}

function addRows(rows: TabSeparatedRows, part: PublishPart): void {
  const prefixes = new Map<string, Map<string, Buffer>>();
  for (const row of part.rows) {
    const { metric, table, value } = row;
    if (!value.isWellFormed()) throw new RangeError(`a slice value of ${table} of ${metric} holds half a surrogate pair`);
    const ofMetric = prefixes.get(metric) ?? new Map<string, Buffer>();
    const prefix = ofMetric.get(table) ?? prefixOf(part.lineage, metric, table);
    prefixes.set(metric, ofMetric);
    ofMetric.set(table, prefix);
    rows.prefix(prefix).number(row.bucket).number(part.partition).text(value).text(versionDecimal(row.version));
    rows.integers(row.cells).text('').end();
  }
}

/** The row of a mark or a head. */
function addFields(rows: TabSeparatedRows, fields: readonly unknown[]): void {
  for (const field of fields) {
    if (Array.isArray(field)) rows.integers(field);
    else rows.text(String(field));
  }
  rows.end();
}
