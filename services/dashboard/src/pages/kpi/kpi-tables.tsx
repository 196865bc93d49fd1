/** The figures of a KPI to the last digit: per bucket with what they are made of, or per slice value. */
import type { KpiAnswer, KpiBucket } from '@tidemark/query/client';
import type { Change, Changes } from '../../data/changes.ts';
import { Changed } from '../../parts/changed.tsx';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { bucketLabel } from '../../show/buckets.ts';
import { changeText, exact, FEW, pointsText, rateInWords, sliceText } from '../../show/numbers.ts';
import { changeOf, comparedOf, type Figure, isQuotient, type KpiLine, type KpiWords, linesOf, numberOf } from './kpi-figures.ts';

interface KpiTablesProps {
  readonly body: KpiAnswer;
  readonly changes: Changes;
  readonly words: KpiWords;
}

export function KpiTables(props: KpiTablesProps) {
  const lines = linesOf(props.body);
  const [line] = lines;
  if (line === undefined) return null;
  return lines.length === 1 ? <BucketTable {...props} line={line} /> : <SliceTables {...props} lines={lines} />;
}

function BucketTable({ body, changes, words, line }: KpiTablesProps & { readonly line: KpiLine }) {
  const { unit } = body;
  const before = new Map(comparedOf(body)?.before.buckets.map((bucket, index) => [line.buckets[index]?.bucket ?? '', bucket]) ?? []);
  const lead = line.value === null ? '' : `slices.${slicePath(line.value)}.`;
  const parts = [...new Set(line.buckets.flatMap(({ of }) => Object.keys(of ?? {})))];
  const hasCount = !isQuotient(line) && line.buckets.some(({ value, count }) => count !== null && String(count) !== String(value));
  const columns: Column<KpiBucket>[] = [
    { key: 'bucket', title: unit, align: 'left', cell: ({ bucket }) => bucketLabel(bucket, unit, { long: true }), cellTip: bucketTip },
    {
      key: 'value',
      title: 'value',
      cell: (bucket) => (
        <Changed
          changes={changes}
          at={`${lead}buckets.${bucket.bucket}.value`}
          show={(value) => shownChange(value, words)}
          tip={valueTip(bucket, words)}
        >
          {words.isShare ? words.show(bucket.value) : words.showExact(bucket.value)}
        </Changed>
      ),
      cellClass: (bucket) => (words.isShare && bucket.count !== null && bucket.count < FEW ? 'few' : ''),
    },
    ...(hasCount ? [{ key: 'count', title: 'from events', cell: ({ count }: KpiBucket) => exact(count) }] : []),
    ...parts.map((part) => ({ key: part, title: part, cell: ({ of }: KpiBucket) => exact(of?.[part] ?? null) })),
  ];
  if (before.size > 0) {
    columns.push(
      {
        key: 'before',
        title: 'before',
        tip: 'the bucket at the same place of the range before',
        cell: ({ bucket }) => (words.isShare ? words.show : words.showExact)(before.get(bucket)?.value ?? null),
        cellTip: ({ bucket }) => beforeTip(before.get(bucket), unit),
      },
      { key: 'change', title: 'change', cell: ({ bucket, value }) => shownDifference(value, before.get(bucket)?.value ?? null, words) },
    );
  }
  const rows = [...line.buckets].reverse();
  return (
    <DataTable
      caption={`Per ${unit}, the newest first; hatched: not final yet`}
      columns={columns}
      rows={rows}
      rowKey={({ bucket }) => bucket}
      isOpen={({ complete }) => !complete}
    />
  );
}

function SliceTables({ body, changes, words, lines }: KpiTablesProps & { readonly lines: readonly KpiLine[] }) {
  const { unit } = body;
  const parts = [...new Set(lines.flatMap(({ of }) => Object.keys(of ?? {})))];
  const totals: readonly Column<KpiLine>[] = [
    { key: 'value', title: 'slice value', align: 'left', cell: ({ value }) => <bdi>{sliceText(value)}</bdi> },
    {
      key: 'total',
      title: 'whole range',
      cell: ({ value, total }) => (
        <Changed changes={changes} at={`slices.${slicePath(value)}.total`} show={(was) => shownChange(was, words)} tip={words.showExact(total)}>
          {words.isShare ? words.show(total) : words.showExact(total)}
        </Changed>
      ),
    },
    ...parts.map((part) => ({ key: part, title: part, cell: ({ of }: KpiLine) => exact(of?.[part] ?? null) })),
  ];
  const [first] = lines;
  const rows = (first?.buckets ?? []).map((bucket, index) => ({ ...bucket, index })).reverse();
  const byBucket: readonly Column<(typeof rows)[number]>[] = [
    { key: 'bucket', title: unit, align: 'left', cell: ({ bucket }) => bucketLabel(bucket, unit, { long: true }), cellTip: bucketTip },
    ...lines.map((line, at) => ({
      key: `${at} ${slicePath(line.value)}`,
      title: sliceText(line.value),
      cell: ({ index }: (typeof rows)[number]) => words.show(line.buckets[index]?.value ?? null),
      cellTip: ({ index }: (typeof rows)[number]) => words.showExact(line.buckets[index]?.value ?? null),
    })),
  ];
  return (
    <div class="kpi-tables">
      <DataTable caption="Per slice value, the largest first" columns={totals} rows={lines} rowKey={({ value }) => slicePath(value)} />
      <DataTable
        caption={`Per ${unit}, the newest first; hatched: not final yet`}
        columns={byBucket}
        rows={rows}
        rowKey={({ bucket }) => bucket}
        isOpen={({ complete }) => !complete}
      />
    </div>
  );
}

function slicePath(value: KpiLine['value']): string {
  return value === null ? '' : typeof value === 'string' ? value : value.join(',');
}

function valueTip({ value, of }: KpiBucket, words: KpiWords): string {
  const [part, whole] = Object.values(of ?? {}).map(numberOf);
  const isPart =
    words.isShare &&
    typeof part === 'number' &&
    typeof whole === 'number' &&
    Number.isInteger(part) &&
    part <= whole &&
    part / whole === Number(value);
  return isPart ? rateInWords(part, whole) : words.showExact(value);
}

function shownChange(value: Change['from'], { showExact }: KpiWords): string {
  return showExact(typeof value === 'boolean' ? null : value);
}

function shownDifference(now: Figure, before: Figure, words: KpiWords): string {
  const change = changeOf(now, before, words);
  return change === null ? '–' : words.isShare ? pointsText(change) : changeText(change);
}

function bucketTip({ bucket, complete }: KpiBucket): string {
  return complete ? bucket : `${bucket}\nnot final yet: on-time events can still change it`;
}

function beforeTip(bucket: KpiBucket | undefined, unit: KpiAnswer['unit']): string {
  return bucket === undefined ? 'nothing before' : bucketLabel(bucket.bucket, unit, { long: true });
}
