/** Tables as CSV (RFC 4180) that a spreadsheet opens without running anything: text that could be a formula is disarmed. */

export type CsvCell = string | number | boolean | null;
export interface CsvTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly CsvCell[])[];
}

/** Lines end in CRLF, also the last. Null is an empty field. */
export function csvText({ columns, rows }: CsvTable): string {
  return [columns, ...rows].map((row) => `${row.map(field).join(',')}\r\n`).join('');
}

/** A decimal number is harmless whatever its sign. */
const DECIMAL = /^-?\d+(?:\.\d+)?$/;
/** What makes a spreadsheet read a field as a formula, the full-width forms included. */
const FORMULA_START = /^[\s\p{Cc}]*[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]/u;
const NEEDS_QUOTES = /[",;\r\n\t]|^\s|\s$/;

function field(cell: CsvCell): string {
  if (cell === null) return '';
  if (typeof cell !== 'string') return String(cell);
  if (DECIMAL.test(cell)) return cell;
  const disarmed = FORMULA_START.test(cell) ? `'${cell}` : cell;
  return NEEDS_QUOTES.test(disarmed) ? `"${disarmed.replaceAll('"', '""')}"` : disarmed;
}
