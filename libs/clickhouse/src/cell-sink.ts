/** Publishes cells to ClickHouse: every part is one insert of one block; the larger version of a row stays, so that sending it again is harmless. */
import { type CellRow, type CellSink, type Head, type PublishOutcome, type PublishPart, versionDecimal } from '@tidemark/pipeline';
import { cellQuery, partitionRowsOf } from './cell-query.ts';
import type { ClickHouseConnection } from './connection.ts';
import { CELL_COLUMNS, headRow, markRow } from './head.ts';

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
      const rows = part.rows.map((row) => cellRow(part, row));
      // The mark comes first and the head last, each in one block with rows: no reader takes rows above the closed head for those of the head.
      if (!part.last && part.index === 0) rows.push(markRow(part));
      if (part.last) rows.push(headRow(part));
      if (rows.length > 0) await connection.insert('rollup_cells', CELL_COLUMNS, rows);
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

function cellRow(part: PublishPart, row: CellRow): readonly unknown[] {
  if (!row.value.isWellFormed()) throw new RangeError(`a slice value of ${row.table} of ${row.metric} holds half a surrogate pair`);
  return [part.lineage, row.metric, row.table, row.bucket, part.partition, row.value, versionDecimal(row.version), Array.from(row.cells), ''];
}
