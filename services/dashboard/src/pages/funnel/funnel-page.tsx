/** The page of a funnel metric: bars by share of the first step, what is lost between them, the times on demand, the trend by entry bucket. */
import type { FunnelAnswer, Metric } from '@tidemark/query/client';
import { figurePath, type SetFacts } from '../../data/catalogue.ts';
import { type Shown, useAnswer } from '../../data/figure.ts';
import { Changed } from '../../parts/changed.tsx';
import { FigurePage } from '../../parts/figure-page.tsx';
import { Segments } from '../../parts/segments.tsx';
import { choice, whole } from '../../route/codec.ts';
import { defineFigurePage, type FigurePageProps } from '../../route/page.tsx';
import { frameState } from '../../route/router.ts';
import { bucketLabel } from '../../show/buckets.ts';
import { exact, FEW, percent, pointsText, rateInWords } from '../../show/numbers.ts';
import { duration } from '../../show/times.ts';
import { type Counting, changeSince, countingOf, countOf, type Funnel, funnelsOf, shareOf, stepName, targetOf, trendsOf } from './figures.ts';
import { FunnelSteps } from './funnel-steps.tsx';
import { StepsTable, TrendTable } from './funnel-tables.tsx';
import { FunnelTrend } from './funnel-trend.tsx';
import './funnel.css';

const controls = {
  count: choice('people', 'entries'),
  /** The step whose times are shown, from 2; 0: none. */
  times: whole(0, { min: 0, max: 20 }),
  /** Where times are counted from. */
  since: choice('previous', 'first'),
  trend: choice('last', 'each'),
} as const;

/** With the rest, six bars side by side. */
const SLICES = '5';

export const funnelPage = defineFigurePage({ controls, View: FunnelPage });

function FunnelPage({ metric, about, state, set }: FigurePageProps<typeof controls>) {
  const more = limitOf(metric);
  const path = figurePath(metric, about, more);
  const shown = useAnswer<FunnelAnswer>({ path }).value;
  const byBucket = useByBucket(metric, about, more);
  return (
    <FigurePage
      metric={metric}
      path={path}
      shown={shown}
      isEmpty={(body) => funnelsOf(body).every(({ steps }) => (steps[0]?.entries ?? 0) === 0)}
      controls={
        <>
          <Segments
            label="Count"
            choices={[
              ['people', 'people'],
              ['entries', 'entries'],
            ]}
            chosen={state.count}
            onChoose={(count) => set({ count })}
          />
          <span class="dim small">{state.count === 'people' ? 'each person once' : 'every opening by itself'}</span>
        </>
      }
      headline={(body) => <Headline body={body} wanted={state.count} shown={shown} />}
      chart={(body) => {
        const funnels = funnelsOf(body);
        const counting = countingOf(state.count, funnels);
        return (
          <>
            <Standing body={body} byBucket={byBucket.body} funnels={funnels} wanted={state.count} counting={counting} />
            <FunnelSteps body={body} funnels={funnels} counting={counting} state={state} set={set} changes={shown.changes} />
            <FunnelTrend metric={metric} shown={byBucket} wanted={state.count} state={state} set={set} />
          </>
        );
      }}
      table={(body) => {
        const funnels = funnelsOf(body);
        return (
          <div class="funnel-tables">
            <StepsTable funnels={funnels} counting={countingOf(state.count, funnels)} isOpen={!body.complete} changes={shown.changes} />
            {byBucket.body !== null && <TrendTable body={byBucket.body} wanted={state.count} changes={byBucket.changes} />}
          </div>
        );
      }}
    />
  );
}

function limitOf({ slices }: Metric): Readonly<Record<string, string>> {
  const { slice, value } = frameState.value;
  return value === null && slices.some(({ name }) => name === slice) ? { limit: SLICES } : {};
}

function useByBucket(metric: Metric, about: SetFacts, more: Readonly<Record<string, string>>): Shown<FunnelAnswer> {
  return useAnswer<FunnelAnswer>({ path: figurePath(metric, about, { ...more, by: 'bucket', compare: '' }) }).value;
}

function Headline({ body, wanted, shown }: { readonly body: FunnelAnswer; readonly wanted: Counting; readonly shown: Shown<FunnelAnswer> }) {
  const funnels = funnelsOf(body);
  const counting = countingOf(wanted, funnels);
  const [only] = funnels;
  if (only === undefined) return null;
  if (funnels.length > 1) return <SlicedHeadline funnels={funnels} counting={counting} />;
  const { steps, at } = only;
  const last = steps.length - 1;
  const field = counting === 'people' ? 'uniques' : 'entries';
  const [first, end] = [countOf(steps[0], counting), countOf(steps[last], counting)];
  const median = steps[last]?.fromFirst.p50 ?? null;
  return (
    <>
      <b class={first < FEW ? 'few' : undefined}>
        <Changed changes={shown.changes} at={`${at}steps.${last + 1}.${field}`} tip={rateInWords(end, first)}>
          {percent(shareOf(steps, last, counting))}
        </Changed>
      </b>{' '}
      of {exact(first)} {counting} went from “{stepName(steps[0])}” through to “{stepName(steps[last])}”
      {median !== null && <>, half of them within {duration(median)}</>}
      {first < FEW && `; fewer than ${FEW}, take it with care`}. <TargetWords body={body} funnel={only} counting={counting} />
    </>
  );
}

/** The target in words, and how far it is. */
function TargetWords({ body, funnel, counting }: { readonly body: FunnelAnswer; readonly funnel: Funnel; readonly counting: Counting }) {
  const target = targetOf(body.target);
  if (target === null || (target.field !== 'ofFirst' && target.field !== 'ofPrevious')) return null;
  const { index, value, words, direction } = target;
  const share = shareOf(funnel.steps, index, counting, target.field === 'ofFirst' ? 0 : index - 1);
  const isMet = share !== null && (direction === 'up' ? share >= value : share <= value);
  return (
    <span class="target-words">
      Target of step {index + 1}: {words} {percent(value)}
      {target.field === 'ofPrevious' && ' of the step before'}
      {share !== null && `, ${isMet ? 'met' : 'missed'} by ${pointsText(share - value)}`}.
    </span>
  );
}

/** Which goes furthest, and which least. */
function SlicedHeadline({ funnels, counting }: { readonly funnels: readonly Funnel[]; readonly counting: Counting }) {
  const last = (funnels[0]?.steps.length ?? 1) - 1;
  const ranked = funnels
    .flatMap(({ name, steps }) => {
      const share = shareOf(steps, last, counting);
      return share === null ? [] : [{ name, share, of: countOf(steps[0], counting) }];
    })
    .sort((one, other) => other.share - one.share);
  const [best, worst] = [ranked[0], ranked.at(-1)];
  if (best === undefined || worst === undefined || best === worst) return null;
  return (
    <>
      From “{best.name}” <b>{percent(best.share)}</b> of {exact(best.of)} {counting} go all the way, from “{worst.name}” <b>{percent(worst.share)}</b>{' '}
      of {exact(worst.of)}.
    </>
  );
}

interface StandingProps {
  readonly body: FunnelAnswer;
  readonly byBucket: FunnelAnswer | null;
  readonly funnels: readonly Funnel[];
  readonly wanted: Counting;
  readonly counting: Counting;
}

/** What the bars are, and what they are not: final, or of people. */
function Standing({ body, byBucket, funnels, wanted, counting }: StandingProps) {
  const compared = funnels.some((funnel) => changeSince(funnel, 0, counting) !== null);
  const buckets = byBucket === null ? [] : (trendsOf(byBucket)[0]?.buckets ?? []);
  const open = buckets.filter(({ complete }) => !complete).length;
  return (
    <ul class="funnel-standing">
      {body.complete ? <li>Final: nothing on time can change it any more.</li> : null}
      {!body.complete && (
        <li>
          <i class="swatch funnel-fill not-final" style={{ background: 'var(--series-1)' }} />
          not final
          {open > 0 &&
            `: who entered in ${open === buckets.length ? `these ${open}` : `the last ${open} of ${buckets.length}`} ${body.unit}s can still go on`}
        </li>
      )}
      <li>
        <i class="swatch funnel-lost" />
        left between two steps
      </li>
      {compared && (
        <li>
          <i class="swatch swatch-line funnel-then" />
          {beforeWords(body)}
        </li>
      )}
      {!compared && (body.previous ?? null) !== null && <li>Nobody entered in the range before: there is nothing to compare with.</li>}
      {wanted !== counting && (
        <li>
          {body.slices === undefined
            ? `Distinct people are kept for ${body.uniquesLimit} ${body.unit}s; this range is longer, so entries are shown.`
            : `Distinct people of a slice are kept per ${body.unit} alone: over the range entries are shown, in the trend people.`}
        </li>
      )}
    </ul>
  );
}

/** The range before, and with how much of this one it is compared. */
function beforeWords({ previous, unit, to, complete }: FunnelAnswer): string {
  if (previous === undefined || previous === null) return '';
  const { from, to: end, against } = previous;
  const cut = against === null || against.to === to ? '' : `, against this one up to ${bucketLabel(against.to, unit)}`;
  return `${bucketLabel(from, unit)} to ${bucketLabel(end, unit)}${complete ? '' : ' (people there have had longer to go on)'}${cut}`;
}
