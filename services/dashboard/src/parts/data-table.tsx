/** A table of figures: a caption, row and column headings, one way through it by arrow keys, Enter to open a cell. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';

export interface Column<Row> {
  readonly key: string;
  readonly title: string;
  /** More about the column, in its tooltip. */
  readonly tip?: string;
  /** Numbers stand on the right, which is the default; texts on the left. */
  readonly align?: 'left' | 'right';
  readonly cell: (row: Row) => ComponentChildren;
  /** The exact value in words. */
  readonly cellTip?: (row: Row) => string;
  readonly cellClass?: (row: Row) => string;
}

export interface DataTableProps<Row> {
  /** Said to who cannot see it, shown small above. */
  readonly caption: string;
  /** The first one is the heading of its row. */
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly rowKey: (row: Row) => string;
  /** Not final yet: hatched. */
  readonly isOpen?: (row: Row) => boolean;
  readonly onOpen?: (row: Row, column: Column<Row>) => void;
  /** Rows at first; the others on demand. Default 60. */
  readonly limit?: number;
}

const MOVES: Readonly<Record<string, readonly [number, number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  Home: [0, -1_000],
  End: [0, 1_000],
  PageUp: [-10, 0],
  PageDown: [10, 0],
};

/** Moves the focus through the cells of a table, or of anything whose cells carry `data-cell="row:column"`. True when it did. */
export function moveByKey(event: KeyboardEvent, { rows, columns }: { readonly rows: number; readonly columns: number }): boolean {
  const move = MOVES[event.key];
  const cell = event.target instanceof Element ? event.target.closest('[data-cell]') : null;
  const grid = event.currentTarget instanceof Element ? event.currentTarget : null;
  if (move === undefined || cell === null || grid === null || event.altKey || event.metaKey) return false;
  const [row = 0, column = 0] = (cell.getAttribute('data-cell') ?? '').split(':').map(Number);
  const far = event.ctrlKey && (event.key === 'Home' || event.key === 'End');
  const toRow = far ? (event.key === 'Home' ? 0 : rows - 1) : clamped(row + move[0], rows);
  const to = grid.querySelector(`[data-cell="${toRow}:${clamped(column + move[1], columns)}"]`);
  if (!(to instanceof HTMLElement || to instanceof SVGElement)) return false;
  event.preventDefault();
  cell.setAttribute('tabindex', '-1');
  to.setAttribute('tabindex', '0');
  to.focus();
  return true;
}

export function DataTable<Row>({ caption, columns, rows, rowKey, isOpen, onOpen, limit = 60 }: DataTableProps<Row>) {
  const [all, setAll] = useState(false);
  const shown = all ? rows : rows.slice(0, limit);
  const onKeyDown = (event: KeyboardEvent): void => {
    if (moveByKey(event, { rows: shown.length, columns: columns.length }) || onOpen === undefined || event.key !== 'Enter') return;
    const [row, column] = (event.target instanceof Element ? (event.target.getAttribute('data-cell') ?? '') : '').split(':').map(Number);
    const at = shown[row ?? -1];
    const of = columns[column ?? -1];
    if (at !== undefined && of !== undefined) onOpen(at, of);
  };
  return (
    <div class="table-scroll">
      <table class="figures" onKeyDown={onKeyDown}>
        <caption>{caption}</caption>
        <thead>
          <tr>
            {columns.map(({ key, title, tip, align = 'right' }, index) => (
              <th key={key} scope="col" class={index === 0 ? 'left' : align} data-tip={tip}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map((row, at) => (
            <tr key={rowKey(row)} class={isOpen?.(row) === true ? 'open' : undefined}>
              {columns.map((column, index) => (
                <Cell key={column.key} column={column} row={row} at={[at, index]} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > shown.length && (
        <button type="button" class="quiet" onClick={() => setAll(true)}>
          show all {rows.length} rows
        </button>
      )}
    </div>
  );
}

function Cell<Row>({ column, row, at: [rowIndex, index] }: { column: Column<Row>; row: Row; at: readonly [number, number] }) {
  const { align = 'right', cell, cellTip, cellClass } = column;
  const facts = {
    'data-cell': `${rowIndex}:${index}`,
    tabIndex: rowIndex === 0 && index === 0 ? 0 : -1,
    'data-tip': cellTip?.(row),
    class: `${index === 0 ? 'left' : align} ${cellClass?.(row) ?? ''}`.trim(),
  };
  return index === 0 ? (
    <th scope="row" {...facts}>
      {cell(row)}
    </th>
  ) : (
    <td {...facts}>{cell(row)}</td>
  );
}

function clamped(at: number, length: number): number {
  return Math.max(0, Math.min(length - 1, at));
}
