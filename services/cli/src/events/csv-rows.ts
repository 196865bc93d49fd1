/** Reads the rows of a CSV stream with a header, each with the line on which it ends. */
import { pipeline, type Readable } from 'node:stream';
import { type CsvError, Parser } from 'csv-parse';
import type { EventMap } from './event-map.ts';
import { createRowMapper, type RowMapper } from './row-mapper.ts';
import type { RawRow } from './rows.ts';

const MAX_ROW_CHARS = 4 * 1024 * 1024;

/** Throws an Error of one sentence when there is no header or the map does not fit it. */
export async function* readCsvRows(stream: Readable, options: { map: EventMap; fileName: string; delimiter: string }): AsyncGenerator<RawRow> {
  const broken: RawRow[] = [];
  let fatal: CsvError | undefined;
  const parser = new Parser({
    bom: true,
    delimiter: options.delimiter,
    info: true,
    max_record_size: MAX_ROW_CHARS,
    // Both, since a file may have been put together from several.
    record_delimiter: ['\r\n', '\n'],
    relax_column_count: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    on_skip: (error: CsvError | undefined) => {
      if (!isOfOneRow(error)) fatal ??= error;
      broken.push({ line: lineOf(error), record: { reason: error?.message ?? 'not readable as CSV' } });
      return undefined;
    },
  });
  let toRecord: RowMapper | undefined;
  for await (const row of pipeline(stream, parser, () => undefined)) {
    throwFatal(fatal);
    const { record, info } = rowOf(row);
    // The parser reads ahead of the rows that it has given.
    while (broken[0] !== undefined && broken[0].line < info.lines) yield* broken.splice(0, 1);
    if (toRecord === undefined)
      toRecord = createRowMapper({ header: record.map((cell) => cell.trim()), map: options.map, fileName: options.fileName });
    else yield { line: info.lines, record: toRecord(record, info.lines) };
  }
  throwFatal(fatal);
  yield* broken.splice(0);
  if (toRecord === undefined) throw new Error('the file is empty: expected a header row with the names of the columns');
}

/** A quote inside an unquoted cell spoils its row; after one that is not properly closed nobody knows where rows begin. */
function isOfOneRow(error: CsvError | undefined): boolean {
  return error?.code === 'INVALID_OPENING_QUOTE';
}

function throwFatal(error: CsvError | undefined): void {
  if (error !== undefined) throw new Error(`the rows cannot be told apart from line ${lineOf(error)} on: ${error.message}`);
}

/** What the parser gives with `info: true`. */
function rowOf(row: unknown): { readonly record: string[]; readonly info: { readonly lines: number } } {
  if (!isRow(row)) throw new TypeError('csv-parse gave no row with its line');
  return row;
}

function isRow(row: unknown): row is { record: string[]; info: { lines: number } } {
  return typeof row === 'object' && row !== null && 'record' in row && Array.isArray(row.record) && 'info' in row;
}

function lineOf(error: CsvError | undefined): number {
  const lines: unknown = error === undefined ? undefined : Reflect.get(error, 'lines');
  return typeof lines === 'number' ? lines : 0;
}
