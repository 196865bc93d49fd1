/** The figures of an activity metric, exactly: per bucket, or per slice value and bucket. */
import type { ActivityAnswer, ActivityBucket } from '@tidemark/query/client';
import type { Change, Changes } from '../../data/changes.ts';
import { Changed } from '../../parts/changed.tsx';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { bucketLabel } from '../../show/buckets.ts';
import { exact, FEW, percent, percentExact, rateInWords, sliceText } from '../../show/numbers.ts';
import { type ActivityLine, COUNTS, fieldOf, fieldWords, linesOf, sumOf, windowsOf } from './activity-figures.ts';

interface ActivityTablesProps {
  readonly body: ActivityAnswer;
  /** Of slices: which figure the buckets show. */
  readonly field: string;
  readonly changes: Changes;
}

const TIPS: Readonly<Record<(typeof COUNTS)[number], string>> = {
  active: 'distinct people with an event that counts',
  new: 'for the first time ever',
  returning: 'active, and one bucket before as well',
  resurrecting: 'active, and before, but not one bucket before',
  dormant: 'active one bucket before, not now',
  churned: 'away for exactly as many buckets as count as gone',
  ever: 'all people up to here, over all history',
};

export function ActivityTables(props: ActivityTablesProps) {
  const lines = linesOf(props.body);
  const [line] = lines;
  if (line === undefined) return null;
  return lines.length === 1 ? <BucketTable {...props} line={line} /> : <SliceTables {...props} lines={lines} />;
}

function BucketTable({ body: { unit }, changes, line }: ActivityTablesProps & { readonly line: ActivityLine }) {
  const slice = pathOf(line.value);
  const at = ({ bucket }: ActivityBucket): string => (slice === '' ? `buckets.${bucket}` : `slices.${slice}.buckets.${slice}|${bucket}`);
  const columns: readonly Column<ActivityBucket>[] = [
    { key: 'bucket', title: unit, align: 'left', cell: ({ bucket }) => bucketLabel(bucket, unit, { long: true }), cellTip: bucketTip },
    ...COUNTS.map((count) => ({
      key: count,
      title: count,
      tip: TIPS[count],
      cell: (bucket: ActivityBucket) => (
        <Changed changes={changes} at={`${at(bucket)}.${count}`} show={shownChange}>
          {exact(bucket[count])}
        </Changed>
      ),
    })),
    ...windowsOf(line).flatMap((length): Column<ActivityBucket>[] => [
      {
        key: `rolling ${length}`,
        title: fieldWords(`rolling.${length}`, unit),
        cell: (bucket) => (
          <Changed changes={changes} at={`${at(bucket)}.rolling.${length}`} show={shownChange}>
            {exact(bucket.rolling[length] ?? null)}
          </Changed>
        ),
      },
      {
        key: `stickiness ${length}`,
        title: fieldWords(`stickiness.${length}`, unit),
        cell: ({ stickiness }) => percent(stickiness[length] ?? null),
        cellTip: ({ active, rolling }) => rateInWords(active, rolling[length] ?? 0),
        cellClass: ({ rolling }) => ((rolling[length] ?? 0) < FEW ? 'few' : ''),
      },
    ]),
  ];
  return (
    <DataTable
      caption={`Per ${unit}, the newest first; hatched: not final yet`}
      columns={columns}
      rows={[...line.buckets].reverse()}
      rowKey={({ bucket }) => bucket}
      isOpen={({ complete }) => !complete}
    />
  );
}

function SliceTables({ body: { unit }, field, changes, lines }: ActivityTablesProps & { readonly lines: readonly ActivityLine[] }) {
  const totals: readonly Column<ActivityLine>[] = [
    { key: 'value', title: 'slice value', align: 'left', cell: ({ value }) => <bdi>{sliceText(value)}</bdi> },
    {
      key: 'uniques',
      title: 'distinct people',
      cell: ({ value, uniques }) => (
        <Changed changes={changes} at={`slices.${pathOf(value)}.uniques`} show={shownChange}>
          {exact(uniques)}
        </Changed>
      ),
    },
    { key: 'new', title: 'new', tip: TIPS.new, cell: (line) => exact(sumOf(line, 'new')) },
    { key: 'churned', title: 'churned', tip: TIPS.churned, cell: (line) => exact(sumOf(line, 'churned')) },
    { key: 'ever', title: 'ever', tip: TIPS.ever, cell: ({ buckets }) => exact(buckets.at(-1)?.ever ?? null) },
  ];
  const rows = (lines[0]?.buckets ?? []).map((bucket, index) => ({ ...bucket, index })).reverse();
  const isShare = field.startsWith('stickiness');
  const byBucket: readonly Column<(typeof rows)[number]>[] = [
    { key: 'bucket', title: unit, align: 'left', cell: ({ bucket }) => bucketLabel(bucket, unit, { long: true }), cellTip: bucketTip },
    ...lines.map((line, at) => ({
      key: `${at} ${pathOf(line.value)}`,
      title: sliceText(line.value),
      cell: ({ index }: (typeof rows)[number]) => {
        const value = fieldOf(line.buckets[index], field);
        return isShare ? percent(value) : exact(value);
      },
      cellTip: ({ index }: (typeof rows)[number]) => (isShare ? percentExact(fieldOf(line.buckets[index], field)) : ''),
    })),
  ];
  return (
    <div class="activity-tables">
      <DataTable caption="Per slice value, the largest first" columns={totals} rows={lines} rowKey={({ value }) => pathOf(value)} />
      <DataTable
        caption={`${fieldWords(field, unit)} per ${unit}, the newest first; hatched: not final yet`}
        columns={byBucket}
        rows={rows}
        rowKey={({ bucket }) => bucket}
        isOpen={({ complete }) => !complete}
      />
    </div>
  );
}

function pathOf(value: ActivityLine['value']): string {
  return value === null ? '' : typeof value === 'string' ? value : value.join(',');
}

function bucketTip({ bucket, complete }: ActivityBucket): string {
  return complete ? bucket : `${bucket}\nnot final yet: on-time events can still change it`;
}

function shownChange(value: Change['from']): string {
  return exact(typeof value === 'boolean' ? null : value);
}
