/** One cell row, or the tomb of one that was dropped: table, bucket, label, version, and the integers with runs of zeros folded. */
import type { CellRow } from '@tidemark/core';
import type { ByteReader, ByteWriter } from './bytes.ts';
import { BrokenSegment } from './segment-error.ts';

/** Where a row is and the version of its last change. `table` is a place in the header's list. */
export interface RowPlace {
  readonly table: number;
  readonly bucket: number;
  readonly label: number;
  readonly epoch: number;
  readonly next: number;
}

export function writePlace(writer: ByteWriter, place: RowPlace): void {
  writer.varint(place.table);
  writer.signed(place.bucket);
  writer.varint(place.label);
  writer.varint(place.epoch);
  writer.varint(place.next);
}

export function readPlace(reader: ByteReader, tables: number): RowPlace {
  const table = reader.varintUpTo(tables - 1, 'a table');
  return { table, bucket: reader.signed(), label: reader.varint(), epoch: reader.varint(), next: reader.varint() };
}

/** A zero byte and a count is a run of zeros; anything else one integer. */
export function writeRow(writer: ByteWriter, row: CellRow, table: number): void {
  const { bucket, label, epoch, next, cells } = row;
  writePlace(writer, { table, bucket, label, epoch, next });
  for (let column = 0; column < cells.length; ) {
    const cell = cells[column] as number;
    if (cell !== 0) {
      writer.signed(cell);
      column++;
      continue;
    }
    const from = column;
    while (column < cells.length && cells[column] === 0) column++;
    writer.byte(0);
    writer.varint(column - from);
  }
}

export function readCells(reader: ByteReader, width: number): Float64Array {
  const cells = new Float64Array(width);
  for (let column = 0; column < width; ) {
    const cell = reader.signed();
    if (cell !== 0) {
      cells[column++] = cell;
      continue;
    }
    const zeros = reader.varintUpTo(width - column, 'a run of zeros');
    if (zeros === 0) throw new BrokenSegment('a run of no zeros');
    column += zeros;
  }
  return cells;
}
