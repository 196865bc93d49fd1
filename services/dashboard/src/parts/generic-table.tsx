/** Any answer as plain tables: each list of it whose items hold figures. */

import { exact } from '../show/numbers.ts';
import { DataTable } from './data-table.tsx';

interface Item {
  readonly name: string;
  readonly cells: Readonly<Record<string, unknown>>;
}

const LISTS = ['cohorts', 'overall', 'steps', 'buckets', 'slices', 'events', 'terms'];

export function GenericTable({ body }: { readonly body: object }) {
  return (
    <>
      {LISTS.map((list) => {
        const given: unknown = Reflect.get(body, list);
        const items = Array.isArray(given) ? given.map(itemOf) : [];
        const keys = [...new Set(items.flatMap(({ cells }) => Object.keys(cells)))];
        const columns = keys.map((key) => ({ key, title: key, cell: ({ cells }: Item) => shownCell(cells[key]) }));
        return items.length === 0 ? null : <DataTable key={list} caption={list} columns={columns} rows={items} rowKey={({ name }) => name} />;
      })}
    </>
  );
}

/** Its own scalars, and those of its objects; lists inside stay out. */
function itemOf(item: unknown, index: number): Item {
  const cells: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(typeof item === 'object' && item !== null ? item : { value: item })) {
    if (typeof value !== 'object' || value === null) cells[name] = value;
    else if (!Array.isArray(value))
      for (const [inner, scalar] of Object.entries(value)) if (typeof scalar !== 'object') cells[`${name} ${inner}`] = scalar;
  }
  return { name: String(index), cells };
}

function shownCell(value: unknown): string {
  if (value === undefined) return '';
  if (typeof value === 'number' || value === null) return exact(value);
  return String(value);
}
