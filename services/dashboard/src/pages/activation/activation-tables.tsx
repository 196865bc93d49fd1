/** The same figures as tables: each cohort with its conditions and times, and the share or number activated by age. */
import type { ActivationAnswer, ActivationCohort } from '@tidemark/query/client';
import type { ComponentChildren } from 'preact';
import { type Changes, itemName } from '../../data/changes.ts';
import { Changed } from '../../parts/changed.tsx';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { bucketLabel } from '../../show/buckets.ts';
import { rampClass } from '../../show/colours.ts';
import { exact, FEW, percent, rateInWords } from '../../show/numbers.ts';
import { duration } from '../../show/times.ts';
import { visible } from '../../show/visible.ts';
import { agesOf, type Group } from './figures.ts';

export interface ActivationTablesProps {
  readonly body: ActivationAnswer;
  readonly groups: readonly Group[];
  readonly changes: Changes;
  /** Enter on a cohort. */
  readonly onOpen: (cohort: string) => void;
  readonly ages: 'share' | 'count';
  readonly agesSwitch: ComponentChildren;
}

interface Row {
  readonly group: Group;
  readonly cohort: ActivationCohort;
}

/** At first; the others on demand. */
const ROWS = 18;

export function ActivationTables(props: ActivationTablesProps) {
  const { body, groups, changes, onOpen, ages, agesSwitch } = props;
  const newestFirst = (groups[0]?.cohorts ?? []).map((_, index) => index).reverse();
  const rows = newestFirst.flatMap((index) =>
    groups.flatMap((group): Row[] => group.cohorts.slice(index, index + 1).map((cohort) => ({ group, cohort }))),
  );
  const hasAges = rows.some(({ cohort }) => (cohort.activatedBy ?? []).length > 0);
  const same = {
    rows,
    rowKey: ({ group, cohort }: Row) => `${group.at}|${cohort.cohort}`,
    onOpen: ({ cohort }: Row) => onOpen(cohort.cohort),
    limit: ROWS,
  };
  const first = firstColumns(body, groups.length > 1);
  return (
    <div class="activation-tables">
      {groups.length > 1 && <OverallTable groups={groups} changes={changes} />}
      <DataTable
        {...same}
        caption={`By ${body.unit} of entry, newest first; hatched: not final yet; grey: fewer than ${FEW}`}
        columns={[...first, ...cohortColumns(rows, changes)]}
        isOpen={({ cohort }) => !cohort.complete}
      />
      {hasAges && (
        <div>
          {agesSwitch}
          <DataTable
            {...same}
            caption={`Activated by age in ${body.unit}s since the entry; hatched: not final yet`}
            columns={[...first, ...ageColumns(rows, ages, changes)]}
          />
        </div>
      )}
    </div>
  );
}

function OverallTable({ groups, changes }: { readonly groups: readonly Group[]; readonly changes: Changes }) {
  const columns: readonly Column<Group>[] = [
    { key: 'value', title: 'slice', cell: ({ name }) => name },
    { key: 'of', title: 'people', cell: ({ overall }) => exact(overall.of) },
    {
      key: 'activated',
      title: 'activated',
      cell: ({ overall, at }) => (
        <Changed changes={changes} at={`${at}.activated`}>
          {exact(overall.activated)}
        </Changed>
      ),
    },
    {
      key: 'rate',
      title: 'rate',
      cell: ({ overall }) => percent(overall.rate),
      cellTip: ({ overall }) => rateInWords(overall.activated, overall.of, overall),
      cellClass: ({ overall }) => (overall.of < FEW ? 'few' : ''),
    },
    { key: 'interval', title: '95 % interval', cell: ({ overall }) => between(overall) },
    { key: 'cohorts', title: 'final cohorts', cell: ({ overall }) => exact(overall.cohorts) },
  ];
  return <DataTable caption="Pooled over the final cohorts" columns={columns} rows={groups} rowKey={({ at }) => at} />;
}

function firstColumns({ unit }: ActivationAnswer, isSliced: boolean): readonly Column<Row>[] {
  const value: Column<Row> = { key: 'value', title: 'slice', align: 'left', cell: ({ group }) => group.name };
  return [
    {
      key: 'cohort',
      title: `${unit} of entry`,
      cell: ({ cohort }) => bucketLabel(cohort.cohort, unit, { long: true }),
      cellTip: () => 'Enter shows this cohort alone above',
    },
    ...(isSliced ? [value] : []),
    { key: 'size', title: 'people', cell: ({ cohort }) => exact(cohort.size) },
  ];
}

function cohortColumns(rows: readonly Row[], changes: Changes): readonly Column<Row>[] {
  const conditions = rows[0]?.cohort.conditions ?? [];
  return [
    {
      key: 'activated',
      title: 'activated',
      cell: ({ cohort }) => (
        <Changed changes={changes} at={`${at(cohort)}.activated`}>
          {exact(cohort.activated)}
        </Changed>
      ),
    },
    {
      key: 'rate',
      title: 'rate',
      cell: ({ cohort }) => percent(cohort.rate),
      cellTip: ({ cohort }) => rateInWords(cohort.activated, cohort.size, cohort),
      cellClass: ({ cohort }) => (cohort.size < FEW ? 'few' : ''),
    },
    { key: 'interval', title: '95 % interval', cell: ({ cohort }) => between(cohort), cellClass: ({ cohort }) => (cohort.size < FEW ? 'few' : '') },
    ...conditions.map(
      ({ name }, index): Column<Row> => ({
        key: `condition ${index}`,
        title: `${visible(name)} met`,
        cell: ({ cohort }) => (
          <Changed changes={changes} at={`${at(cohort)}.conditions.${name}.met`}>
            {exact(cohort.conditions[index]?.met ?? 0)}
          </Changed>
        ),
        cellTip: ({ cohort }) => rateInWords(cohort.conditions[index]?.met ?? 0, cohort.size),
      }),
    ),
    { key: 'p50', title: 'median time', cell: ({ cohort }) => duration(cohort.time.p50), cellTip: ({ cohort }) => `${exact(cohort.time.p50)} s` },
    { key: 'p90', title: '90 % within', cell: ({ cohort }) => duration(cohort.time.p90), cellTip: ({ cohort }) => `${exact(cohort.time.p90)} s` },
  ];
}

function ageColumns(rows: readonly Row[], ages: 'share' | 'count', changes: Changes): readonly Column<Row>[] {
  const shares = rows.flatMap(({ cohort }) => (cohort.activatedBy ?? []).map(({ activated }) => (cohort.size < FEW ? 0 : activated / cohort.size)));
  const most = shares.reduce((greatest, share) => Math.max(greatest, share), 0);
  return (rows[0]?.cohort.activatedBy ?? []).map(
    ({ k }, index): Column<Row> => ({
      key: String(k),
      title: `${k + 1}`,
      cell: ({ cohort }) => {
        const activated = agesOf(cohort)[index]?.part;
        if (activated === undefined) return '';
        return (
          <Changed changes={changes} at={`${at(cohort)}.activatedBy.${k}.activated`}>
            {ages === 'count' ? exact(activated) : percent(cohort.size === 0 ? null : activated / cohort.size)}
          </Changed>
        );
      },
      cellTip: ({ cohort }) => {
        const age = agesOf(cohort)[index];
        return age === undefined ? 'still ahead' : `${rateInWords(age.part, age.of)}${age.complete ? '' : '\nnot final yet'}`;
      },
      cellClass: ({ cohort }) => {
        const age = agesOf(cohort)[index];
        if (age === undefined) return '';
        const { part: activated, complete } = age;
        const shade = cohort.size < FEW || most === 0 ? 'few' : rampClass((0.6 * activated) / cohort.size / most);
        return complete ? shade : `open-cell ${cohort.size < FEW ? 'few' : ''}`;
      },
    }),
  );
}

/** Where a cohort's leaves are in the answer. */
function at(cohort: ActivationCohort): string {
  return `cohorts.${itemName(cohort, 0)}`;
}

function between({ low, high }: { readonly low: number | null; readonly high: number | null }): string {
  return low === null || high === null ? '–' : `${percent(low)} to ${percent(high)}`;
}
