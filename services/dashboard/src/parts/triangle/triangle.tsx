/** The triangle: cohorts by age as a table of coloured cells, one way through it by arrow keys, its row and column lit, Enter to open a cell. */
import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import { flash } from '../changed.tsx';
import { moveByKey } from '../data-table.tsx';
import type { ShownCell, ShownRow } from './shades.ts';
import './triangle.css';

export interface TriangleColumn {
  readonly key: string;
  /** Short, above the column. */
  readonly label: string;
  /** In words. */
  readonly tip: string;
}

export interface TriangleProps {
  readonly caption: string;
  /** Above the first column: `day`, `week`, `month`. */
  readonly corner: string;
  readonly columns: readonly TriangleColumn[];
  /** Stay in sight above the others. */
  readonly pooled: readonly ShownRow[];
  /** Newest first. */
  readonly rows: readonly ShownRow[];
  readonly dense: boolean;
  /** `row:column` by their keys; `''`: none. */
  readonly opened: string;
  /** `moved`: the arrows took an opened cell along. */
  readonly onOpen: (cell: string, how: { readonly moved: boolean }) => void;
  /** Text of a cell's tooltip; `column` null: the row's size. Asked for only when it is looked at. */
  readonly tipOf: (row: string, column: number | null) => string;
}

/** Which cell, in the order of the table: pooled rows first, the size as column 0. */
interface At {
  readonly cell: HTMLElement;
  readonly row: number;
  readonly column: number;
}

export function Triangle(props: TriangleProps) {
  const { caption, corner, columns, pooled, rows, dense, opened, onOpen, tipOf } = props;
  const box = useRef<HTMLDivElement>(null);
  const all = useMemo(() => [...pooled, ...rows], [pooled, rows]);
  useFlashes(box, all);
  useLayoutEffect(() => {
    // Bounded by what is there, once another table is shown.
    light(box.current, null);
  }, [columns.length, dense]);
  const look = (event: Event): void => {
    const at = cellAt(event.target);
    if (at === null) return;
    const row = all[at.row];
    // The opened cell says the same, and more.
    const tip = row === undefined || (opened !== '' && event.type === 'focusin') ? '' : tipOf(row.key, at.column === 0 ? null : at.column - 1);
    if (tip === '') at.cell.removeAttribute('data-tip');
    else at.cell.setAttribute('data-tip', tip);
    light(box.current, at);
  };
  const open = (target: EventTarget | null, moved: boolean): void => {
    const at = cellAt(target);
    const row = at === null ? undefined : all[at.row];
    const column = at === null ? undefined : columns[at.column - 1];
    if (row !== undefined && column !== undefined && at !== null && at.row >= pooled.length) onOpen(`${row.key}:${column.key}`, { moved });
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (moveByKey(event, { rows: all.length, columns: columns.length + 1 })) {
      if (opened !== '') open(document.activeElement, true);
    } else if (event.key === 'Enter') open(event.target, false);
  };
  const leave = (): void => light(box.current, cellAt(document.activeElement));
  return (
    <div class={dense ? 'triangle dense' : 'triangle'} ref={box}>
      <table onKeyDown={onKeyDown} onPointerOver={look} onFocusIn={look} onPointerLeave={leave} onClick={({ target }) => open(target, false)}>
        <caption class="hidden">{caption}</caption>
        <thead>
          <tr>
            <th scope="col">{corner}</th>
            <th scope="col">size</th>
            {columns.map(({ key, label, tip }) => (
              <th key={key} scope="col" data-tip={tip}>
                {label}
              </th>
            ))}
          </tr>
          {pooled.map((row, index) => (
            <Row key={row.key} row={row} at={index} columns={columns} opened="" />
          ))}
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <Row key={row.key} row={row} at={pooled.length + index} columns={columns} opened={opened.startsWith(`${row.key}:`) ? opened : ''} />
          ))}
        </tbody>
      </table>
      <i class="lit-column" aria-hidden="true" />
    </div>
  );
}

/** Made again only when something in it has changed: a table of 90 rows keeps 89 when one cell counts on. */
function Row({
  row,
  at,
  columns,
  opened,
}: {
  readonly row: ShownRow;
  readonly at: number;
  readonly columns: readonly TriangleColumn[];
  readonly opened: string;
}) {
  const { key, label, size, sizeShare, cells } = row;
  const look = [label, at, opened, sizeShare, size.text, size.className, ...cells.flatMap(({ text, className }) => [text, className])].join('\n');
  return useMemo(
    () => (
      <tr>
        <th scope="row">{label}</th>
        <td
          class={`size ${size.className}`}
          data-cell={`${at}:0`}
          tabIndex={at === 0 ? 0 : -1}
          style={sizeShare === null ? undefined : { backgroundSize: `${Math.round(sizeShare * 100)}% 100%` }}
        >
          {size.text}
        </td>
        {cells.map((cell, index) => {
          const column = columns[index]?.key ?? '';
          return (
            <td
              key={column}
              class={opened === `${key}:${column}` ? `${cell.className} opened` : cell.className}
              data-cell={`${at}:${index + 1}`}
              tabIndex={-1}
            >
              {cell.text}
            </td>
          );
        })}
      </tr>
    ),
    [look],
  );
}

function cellAt(target: EventTarget | null): At | null {
  const cell = target instanceof Element ? target.closest('[data-cell]') : null;
  if (!(cell instanceof HTMLElement) || cell.closest('.triangle') === null) return null;
  const [row = 0, column = 0] = (cell.dataset['cell'] ?? '').split(':').map(Number);
  return { cell, row, column };
}

/** Moves one bar over the column and marks its heading: no cell is touched. The row is lit by the style sheet. */
function light(box: HTMLElement | null, at: At | null): void {
  const bar = box?.querySelector('.lit-column');
  if (box === null || !(bar instanceof HTMLElement)) return;
  for (const heading of box.querySelectorAll('thead th.lit')) heading.classList.remove('lit');
  bar.hidden = at === null;
  if (at === null || !box.contains(at.cell)) return;
  bar.style.left = `${at.cell.offsetLeft}px`;
  bar.style.width = `${at.cell.offsetWidth}px`;
  bar.style.height = `${box.querySelector('table')?.offsetHeight ?? 0}px`;
  box.querySelector(`thead tr:first-child > :nth-child(${at.column + 2})`)?.classList.add('lit');
}

/** Each cell that has changed since the last look flashes once. */
function useFlashes(box: { readonly current: HTMLElement | null }, all: readonly ShownRow[]): void {
  const seenMs = useRef<number | null>(null);
  useEffect(() => {
    const newest = Math.max(0, ...all.flatMap(({ size, cells }) => [size, ...cells].map(({ changedAtMs }) => changedAtMs)));
    const before = seenMs.current ?? newest;
    seenMs.current = Math.max(before, newest);
    if (newest <= before) return;
    for (const [row, { size, cells }] of all.entries())
      for (const [column, { changedAtMs }] of [size, ...cells].entries() satisfies Iterable<[number, ShownCell]>)
        if (changedAtMs > before) flash(box.current?.querySelector(`[data-cell="${row}:${column}"]`) ?? null);
  }, [all]);
}
