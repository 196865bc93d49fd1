/** Growth against decay: a total over time, the cohort table of the same buckets, and one sentence between them. */
import type { ActivityAnswer, KpiAnswer, Metric, RetentionAnswer } from '@tidemark/query/client';
import { useEffect } from 'preact/hooks';
import { figurePath } from '../../data/catalogue.ts';
import { useAnswer } from '../../data/figure.ts';
import { shownAsOf } from '../../data/freshness.ts';
import { Empty, Refused, Skeleton } from '../../parts/states.tsx';
import { agesOf, type CohortRow, cohortRows, groupOf, withoutEmptyStart } from '../../parts/triangle/cohort-table.ts';
import { text, whole } from '../../route/codec.ts';
import { definePage, type PageProps } from '../../route/page.tsx';
import { change, FRAME_CONTROLS, frameState } from '../../route/router.ts';
import { decaysOf, type Growth, growthsOf } from './choices.ts';
import { Pair } from './pair.tsx';
import type { GrowthPoint } from './story.ts';
import './growth.css';

const controls = {
  /** `active_makers.ever`, or the id of a kpi; default the first. */
  total: text(),
  /** The id of a retention; default the one in the coarsest buckets. */
  cohorts: text(),
  /** The age whose retention the sentence tells; 0: the first. */
  age: whole(0, { min: 0, max: 1_000 }),
} as const;

type GrowthProps = PageProps<typeof controls>;
export const growthPage = definePage({ title: ({ about }) => `Growth against decay, ${about.name}`, controls, View: GrowthPage });

function GrowthPage(props: GrowthProps) {
  const { about, metrics, state } = props;
  const decays = decaysOf(about.name, metrics);
  const decay = decays.find(({ id }) => id === state.cohorts) ?? decays[0];
  const growths = decay === undefined ? [] : growthsOf(decay, metrics);
  const growth = growths.find(({ key }) => key === state.total) ?? growths[0];
  return (
    <article class="figure-page growth-page">
      <header>
        <h1>Growth against decay</h1>
        <p class="definition">
          Totals of {about.name} on one side, on the other what each new cohort is worth in the same time: they may tell opposite stories.
        </p>
      </header>
      {decay === undefined && <Empty title="No cohorts in this set">A metric of the kind retention is needed beside the totals.</Empty>}
      {decay !== undefined && (
        <div class="controls">
          <Choices {...props} decays={decays} decay={decay} growths={growths} growth={growth} />
          <Range unit={decay.unit} />
        </div>
      )}
      {decay !== undefined && growth === undefined && (
        <Empty title="No total to stand beside the cohorts">
          An activity, a count or a sum by {decay.unit} is needed beside “{decay.title}”.
        </Empty>
      )}
      {decay !== undefined && growth !== undefined && <Beside key={`${growth.key} ${decay.id}`} {...props} growth={growth} decay={decay} />}
    </article>
  );
}

function Beside({ about, growth, decay, state, set }: GrowthProps & { readonly growth: Growth; readonly decay: Metric }) {
  const whole = { slice: '', value: '', compare: '' };
  const [totalPath, cohortsPath] = [figurePath(growth.metric, about, whole), figurePath(decay, about, whole)];
  const total = useAnswer<ActivityAnswer | KpiAnswer>({ path: totalPath }).value;
  const cohorts = useAnswer<RetentionAnswer>({ path: cohortsPath }).value;
  const asOf = cohorts.body?.asOf ?? null;
  useEffect(() => {
    shownAsOf.value = asOf === null ? null : { asOf, metric: decay.id };
    return () => {
      shownAsOf.value = null;
    };
  }, [asOf]);
  const refusal = total.refusal ?? cohorts.refusal;
  if (total.body === null || cohorts.body === null) return refusal === null ? <Skeleton /> : <Refused refusal={refusal} />;
  const group = groupOf(cohorts.body, null);
  const rows = withoutEmptyStart(cohortRows(group, { way: 'on', buckets: decay, asOf: cohorts.body.asOf }));
  const points = pointsOf(total.body, growth.field);
  const first = firstBucket(points, rows);
  if (first === null) return <Empty title="Nothing counted in this range">Choose a longer range above.</Empty>;
  const isShown = ({ cohort, bucket }: { cohort?: string; bucket?: string }): boolean => (cohort ?? bucket ?? '') >= first;
  const ages = agesOf(group, 'on');
  return (
    <>
      {refusal !== null && (
        <p class="banner" role="status">
          These figures may be old: {refusal.detail}
        </p>
      )}
      <Pair
        growth={growth}
        decay={decay}
        points={points.filter(isShown)}
        rows={rows.filter(isShown)}
        group={group}
        ages={ages}
        index={Math.max(
          0,
          ages.findIndex(({ from }) => from === state.age),
        )}
        onAge={(age) => set({ age })}
        changes={{ total: total.changes, cohorts: cohorts.changes }}
      />
      <footer class="growth-foot">
        <span>
          Owners: {growth.metric.owner ?? 'nobody yet'} of the total, {decay.owner ?? 'nobody yet'} of the cohorts.
        </span>
        <span>
          API: <a href={totalPath}>{totalPath}</a> and <a href={cohortsPath}>{cohortsPath}</a>
        </span>
      </footer>
    </>
  );
}

/** Asked without a slice, so the buckets are there. */
function pointsOf(body: ActivityAnswer | KpiAnswer, field: Growth['field']): readonly GrowthPoint[] {
  if (!('buckets' in body)) return [];
  return body.buckets.map((bucket): GrowthPoint => {
    const { bucket: name, complete } = bucket;
    if ('active' in bucket) return { bucket: name, complete, value: field === 'ever' ? bucket.ever : bucket.active };
    return { bucket: name, complete, value: bucket.value === null ? null : Number(bucket.value) };
  });
}

/** Where either side begins. */
function firstBucket(points: readonly GrowthPoint[], rows: readonly CohortRow[]): string | null {
  const begun = points.find(({ value }) => value !== null && value > 0)?.bucket;
  const all = [begun, rows[0]?.cohort].filter((bucket) => bucket !== undefined).sort();
  return all[0] ?? null;
}

interface ChoicesProps extends GrowthProps {
  readonly growths: readonly Growth[];
  readonly growth: Growth | undefined;
  readonly decays: readonly Metric[];
  readonly decay: Metric;
}

function Choices({ growths, growth, decays, decay, set }: ChoicesProps) {
  return (
    <>
      {growth !== undefined && (
        <label>
          Total{' '}
          <select value={growth.key} onChange={({ currentTarget }) => set({ total: currentTarget.value })}>
            {growths.map(({ key, name }) => (
              <option key={key} value={key}>
                {name}
              </option>
            ))}
          </select>
        </label>
      )}
      <label>
        cohorts{' '}
        <select value={decay.id} onChange={({ currentTarget }) => set({ cohorts: currentTarget.value, total: '', age: 0 })}>
          {decays.map(({ id, title }) => (
            <option key={id} value={id}>
              {title}
            </option>
          ))}
        </select>
      </label>
    </>
  );
}

const RANGES: Readonly<Record<Metric['unit'], readonly number[]>> = { hour: [24, 72], day: [14, 30, 90], week: [8, 13, 30], month: [6, 12, 30] };
const DEFAULT_LAST = 30;

/** The page is about two figures, so that the range of the top bar is not there. */
function Range({ unit }: { readonly unit: Metric['unit'] }) {
  const { last, from, to } = frameState.value;
  const chosen = from !== '' || to !== '' ? null : last === 0 ? DEFAULT_LAST : last;
  return (
    <fieldset class="segments">
      <legend class="hidden">Range</legend>
      {RANGES[unit].map((count) => (
        <button
          key={count}
          type="button"
          aria-pressed={chosen === count}
          onClick={() => change(FRAME_CONTROLS, { last: count === DEFAULT_LAST ? 0 : count, from: '', to: '' })}
        >
          {count} {unit}s
        </button>
      ))}
    </fieldset>
  );
}
