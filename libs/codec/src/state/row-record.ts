/** One cell row, or the tomb of one that was dropped: table, bucket, label, version, and the integers with runs of zeros folded. */
import type { RowStore } from '@tidemark/core';
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
export function writeRow(writer: ByteWriter, rows: RowStore, row: number, table: number): void {
  writer.varint(table);
  writer.signed(rows.bucketOf(row));
  writer.varint(rows.labelOf(row));
  writer.varint(rows.epochOf(row));
  writer.varint(rows.nextOf(row));
  const { cells } = rows;
  const start = rows.startOf(row);
  const end = start + rows.widthOf(row);
  for (let at = start; at < end; ) {
    const cell = cells[at] as number;
    if (cell !== 0) {
      writer.signed(cell);
      at++;
      continue;
    }
    const from = at;
    while (at < end && cells[at] === 0) at++;
    writer.byte(0);
    writer.varint(at - from);
  }
}

/** Into `width` places of `cells` from `start` on, or nowhere when that is negative. */
export function readCells(reader: ByteReader, width: number, cells: Float64Array, start: number): void {
  if (start >= 0) cells.fill(0, start, start + width);
  for (let column = 0; column < width; ) {
    const cell = reader.signed();
    if (cell !== 0) {
      if (start >= 0) cells[start + column] = cell;
      column++;
      continue;
    }
    const zeros = reader.varintUpTo(width - column, 'a run of zeros');
    if (zeros === 0) throw new BrokenSegment('a run of no zeros');
    column += zeros;
  }
}
