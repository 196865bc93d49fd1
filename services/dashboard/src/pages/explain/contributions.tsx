/** What an actor adds to a figure now, cell by cell, in words. */
import type { Contribution, Explanation } from '@tidemark/query/client';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { bucketLabel } from '../../show/buckets.ts';
import { exact, sliceText } from '../../show/numbers.ts';
import { visible } from '../../show/visible.ts';

export function Contributions({ body }: { readonly body: Explanation }) {
  const { contributions, note, from, to, unit } = body;
  const range = from === null || to === null ? '' : `, ${bucketLabel(from, unit, { long: true })} to ${bucketLabel(to, unit, { long: true })}`;
  return (
    <section aria-label="Contributions">
      <h2>What is added{range}</h2>
      {note !== null && <p class="explain-note">{visible(capital(note))}.</p>}
      {contributions !== null && contributions.length > 0 && <ContributionTable contributions={contributions} unit={unit} />}
      {contributions !== null && contributions.length === 0 && note === null && (
        <p class="explain-note">None of the events below makes this actor count anywhere.</p>
      )}
    </section>
  );
}

function ContributionTable({ contributions, unit }: { readonly contributions: readonly Contribution[]; readonly unit: Explanation['unit'] }) {
  const isSliced = contributions.some(({ value }) => value !== null);
  const when: Column<Contribution> = {
    key: 'bucket',
    title: unit,
    align: 'left',
    cell: (one) => rangeOf(one, unit),
    cellTip: ({ bucket, through }) => [bucket, through].filter((name) => name !== null).join(' – '),
  };
  const columns: readonly Column<Contribution>[] = [
    when,
    ...(isSliced
      ? [{ key: 'value', title: 'slice value', align: 'left' as const, cell: ({ value }: Contribution) => <bdi>{sliceText(value)}</bdi> }]
      : []),
    { key: 'words', title: 'in words', align: 'left', cell: ({ words }) => <span class="explain-words">{visible(words)}</span> },
    { key: 'cell', title: 'cell', align: 'left', tip: 'as answers and formulas name it', cell: ({ cell }) => <code>{visible(cell)}</code> },
    { key: 'amount', title: 'adds', cell: ({ amount }) => exact(amount) },
  ];
  return (
    <DataTable
      caption="Each line is a number of the figure that would be smaller without this actor"
      columns={columns}
      rows={contributions}
      rowKey={({ cell, bucket, value }) => JSON.stringify([cell, bucket, value])}
      limit={30}
    />
  );
}

function rangeOf({ bucket, through }: Contribution, unit: Explanation['unit']): string {
  if (bucket === null) return 'the whole range';
  return through === null || through === bucket
    ? bucketLabel(bucket, unit, { long: true })
    : `${bucketLabel(bucket, unit)} to ${bucketLabel(through, unit, { long: true })}`;
}

function capital(words: string): string {
  return words.slice(0, 1).toUpperCase() + words.slice(1);
}
