/** Answers as tables, one row a cell: the same figures as the JSON body. `part` says which of an answer's lists a row is of. */
import type {
  ActivationAnswer,
  ActivityFigures,
  Answer,
  FunnelAnswer,
  FunnelBucket,
  FunnelStep,
  KpiFigures,
  MetricKindName,
  RetentionAnswer,
  SliceValue,
} from '@tidemark/core';
import type { AnswerBody } from '@tidemark/pipeline';
import type { CsvCell, CsvTable } from './csv.ts';

interface TableFacts {
  readonly kind: MetricKindName;
  readonly isSliced: boolean;
}

/** With a comparison, `range` says which range a row is of: asked, previous, or against (the asked one cut to what the previous one is compared with). */
export function tableOf(body: AnswerBody, facts: TableFacts): CsvTable {
  const { previous } = body;
  if (previous === undefined) return figuresTable(body, facts);
  const ranges: (readonly [string, Answer])[] = [['asked', body]];
  if (previous !== null) ranges.push(['previous', previous]);
  if (previous?.against) ranges.push(['against', previous.against]);
  const tables = ranges.map(([range, figures]) => ({ range, table: figuresTable(figures, facts) }));
  const { table: widest } = tables.find(({ table }) => table.rows.length > 0) ?? { table: figuresTable(body, facts) };
  return { columns: ['range', ...widest.columns], rows: tables.flatMap(({ range, table }) => table.rows.map((row) => [range, ...row])) };
}

/** `slice_value` is there only when the answer is sliced, so that it is never confused with the empty value. */
function figuresTable(body: Answer, { kind, isSliced }: TableFacts): CsvTable {
  if ('cohorts' in body) return isActivation(body) ? activationTable(body, isSliced) : retentionTable(body, isSliced);
  if ('complete' in body) return funnelTable(body, isSliced);
  const lists = 'slices' in body ? body.slices : [{ ...body, value: null }];
  if (kind === 'activity')
    return activityTable(
      lists.flatMap((list) => ('uniques' in list ? [list] : [])),
      isSliced,
    );
  return kpiTable(
    lists.flatMap((list) => ('total' in list ? [list] : [])),
    isSliced,
  );
}

/** Of a tuple the JSON text of the array: what `value=` of a question takes. */
function sliceCell(value: SliceValue | null): CsvCell {
  return value === null || typeof value === 'string' ? value : JSON.stringify(value);
}

/** Of a bracket `k` is the first column and `k_to` the last. */
function retentionTable({ cohorts, overall }: RetentionAnswer, isSliced: boolean): CsvTable {
  const slice = (value: SliceValue | null): CsvCell[] => (isSliced ? [sliceCell(value)] : []);
  return {
    columns: [
      'part',
      ...(isSliced ? ['slice_value'] : []),
      'cohort',
      'k',
      'k_to',
      'size',
      'retained',
      'rate',
      'on_or_after',
      'complete',
      'closes_at',
      'low',
      'high',
      'cohorts',
    ],
    rows: [
      ...cohorts.flatMap(({ cohort, value, size, cells, brackets = [] }) => {
        const lead = (part: string): CsvCell[] => [part, ...slice(value), cohort];
        return [
          ...cells.map((cell): CsvCell[] => [
            ...lead('cohort'),
            cell.k,
            null,
            size,
            cell.retained,
            cell.rate,
            cell.onOrAfter,
            cell.complete,
            cell.closesAt,
            null,
            null,
            null,
          ]),
          ...brackets.map(({ from, to, retained, rate, complete }): CsvCell[] => [
            ...lead('bracket'),
            from,
            to,
            size,
            retained,
            rate,
            null,
            complete,
            null,
            null,
            null,
            null,
          ]),
        ];
      }),
      ...overall.map((cell): CsvCell[] => [
        'overall',
        ...slice(cell.value),
        null,
        cell.k,
        null,
        cell.of,
        cell.retained,
        cell.rate,
        null,
        null,
        null,
        cell.low,
        cell.high,
        cell.cohorts,
      ]),
    ],
  };
}

/** One row a cohort, then its conditions (`name`, `activated` = those who met it) and ages (`k`), and the pooled figure. */
function activationTable({ cohorts, overall }: ActivationAnswer, isSliced: boolean): CsvTable {
  const names = ['size', 'activated', 'rate', 'low', 'high', 'complete', 'name', 'k', 'n', 'mean', 'p50', 'p90', 'cohorts'];
  const row = (part: string, { value, cohort }: { value: SliceValue | null; cohort: string | null }, cells: Record<string, CsvCell>): CsvCell[] => [
    part,
    ...(isSliced ? [sliceCell(value)] : []),
    cohort,
    ...names.map((name) => cells[name] ?? null),
  ];
  return {
    columns: ['part', ...(isSliced ? ['slice_value'] : []), 'cohort', ...names],
    rows: [
      ...cohorts.flatMap((each) => {
        const { size, activated, rate, low, high, complete, time, conditions, activatedBy = [] } = each;
        const { n, mean, p50, p90 } = time;
        return [
          row('cohort', each, { size, activated, rate, low, high, complete, n, mean, p50, p90 }),
          ...conditions.map(({ name, met }) => row('condition', each, { size, activated: met, complete, name })),
          ...activatedBy.map((by) => row('activated_by', each, { size, ...by })),
        ];
      }),
      ...overall.flatMap(({ value, of: size, activatedBy = [], ...pooled }) => [
        row('overall', { value, cohort: null }, { size, ...pooled }),
        ...activatedBy.map(({ of, ...by }) => row('overall_by', { value, cohort: null }, { size: of, ...by })),
      ]),
    ],
  };
}

function isActivation(body: RetentionAnswer | ActivationAnswer): body is ActivationAnswer {
  return body.cohorts.every((cohort) => 'activated' in cohort);
}

/** Times of a step in seconds; histograms are in the JSON body only. */
const TIME_COLUMNS = ['timed', ...['from_previous', 'from_first'].flatMap((since) => ['mean', 'p50', 'p90'].map((figure) => `${since}_${figure}`))];

function funnelTable(body: FunnelAnswer, isSliced: boolean): CsvTable {
  const lists: { value: SliceValue | null; steps?: readonly FunnelStep[]; buckets?: readonly FunnelBucket[] }[] = body.slices ?? [
    { value: null, ...(body.steps ? { steps: body.steps } : {}), ...(body.buckets ? { buckets: body.buckets } : {}) },
  ];
  const row = (lead: readonly CsvCell[], value: SliceValue | null, step: FunnelStep): CsvCell[] => [
    ...lead.slice(0, 1),
    ...(isSliced ? [sliceCell(value)] : []),
    ...lead.slice(1),
    step.step,
    step.name,
    step.uniques,
    step.entries,
    step.ofFirst,
    step.ofPrevious,
    step.fromFirst.n,
    ...[step.fromPrevious, step.fromFirst].flatMap(({ mean, p50, p90 }) => [mean, p50, p90]),
  ];
  return {
    columns: [
      'part',
      ...(isSliced ? ['slice_value'] : []),
      'bucket',
      'complete',
      'step',
      'name',
      'uniques',
      'entries',
      'of_first',
      'of_previous',
      ...TIME_COLUMNS,
    ],
    rows: lists.flatMap(({ value, steps = [], buckets = [] }) => [
      ...steps.map((step) => row(['range', null, body.complete], value, step)),
      ...buckets.flatMap((bucket) => bucket.steps.map((step) => row(['bucket', bucket.bucket, bucket.complete], value, step))),
    ]),
  };
}

function activityTable(lists: readonly (ActivityFigures & { value: SliceValue | null })[], isSliced: boolean): CsvTable {
  const first = lists[0]?.buckets[0];
  const windows = first === undefined ? [] : Object.keys(first.rolling);
  const names = ['active', 'new', 'returning', 'resurrecting', 'dormant', 'churned', 'ever'] as const;
  const figures = [...names, ...windows.map((n) => `rolling_${n}`), ...windows.map((n) => `stickiness_${n}`)];
  const none: CsvCell[] = figures.map(() => null);
  const lead = (part: string, value: SliceValue | null): CsvCell[] => [part, ...(isSliced ? [sliceCell(value)] : [])];
  return {
    columns: ['part', ...(isSliced ? ['slice_value'] : []), 'bucket', 'complete', ...figures, 'uniques', 'n', 'actors'],
    rows: lists.flatMap(({ value, buckets, uniques, stickiness }) => [
      ...buckets.map((bucket): CsvCell[] => [
        ...lead('bucket', value),
        bucket.bucket,
        bucket.complete,
        ...names.map((name) => bucket[name]),
        ...windows.map((n) => bucket.rolling[n] ?? null),
        ...windows.map((n) => bucket.stickiness[n] ?? null),
        null,
        null,
        null,
      ]),
      [...lead('range', value), null, null, ...none, uniques, null, null],
      ...(['week', 'month'] as const).flatMap((period) =>
        stickiness[period].map((cell): CsvCell[] => [...lead(period, value), cell.period, cell.complete, ...none, null, cell.n, cell.actors]),
      ),
    ]),
  };
}

function kpiTable(lists: readonly (KpiFigures & { value: SliceValue | null })[], isSliced: boolean): CsvTable {
  const lead = (part: string, value: SliceValue | null): CsvCell[] => [part, ...(isSliced ? [sliceCell(value)] : [])];
  const names = Object.keys(lists[0]?.of ?? {});
  const made = (of: KpiFigures['of']): CsvCell[] => names.map((name) => of?.[name] ?? null);
  return {
    columns: ['part', ...(isSliced ? ['slice_value'] : []), 'bucket', 'value', 'count', 'complete', ...names.map((name) => `of_${name}`)],
    rows: lists.flatMap(({ value, buckets, total, of }) => [
      ...buckets.map((bucket): CsvCell[] => [
        ...lead('bucket', value),
        bucket.bucket,
        bucket.value,
        bucket.count,
        bucket.complete,
        ...made(bucket.of),
      ]),
      [...lead('total', value), null, total, null, null, ...made(of)],
    ]),
  };
}
