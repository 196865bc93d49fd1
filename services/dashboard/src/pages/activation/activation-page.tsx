/** The page of an activation metric: the rate per cohort with its interval, which condition is missing most, the share activated by age, how long it took. */
import type { ActivationAnswer, Metric } from '@tidemark/query/client';
import { figurePath } from '../../data/catalogue.ts';
import { type Shown, useAnswer } from '../../data/figure.ts';
import { Changed } from '../../parts/changed.tsx';
import { FigurePage } from '../../parts/figure-page.tsx';
import { Segments } from '../../parts/segments.tsx';
import { TimeHistogram } from '../../parts/time-histogram.tsx';
import { choice, flag, text } from '../../route/codec.ts';
import { defineFigurePage, type FigurePageProps } from '../../route/page.tsx';
import { frameState } from '../../route/router.ts';
import { bucketLabel } from '../../show/buckets.ts';
import { addedUp } from '../../show/histogram.ts';
import { exact, FEW, percent, pointsText, rateInWords } from '../../show/numbers.ts';
import { duration } from '../../show/times.ts';
import { ActivationTables } from './activation-tables.tsx';
import { AgeCurve } from './age-curve.tsx';
import { CohortRates } from './cohort-rates.tsx';
import { Conditions } from './conditions.tsx';
import { type Group, groupsOf, soFar, timesOf } from './figures.ts';
import './activation.css';

const controls = {
  /** The cohort whose conditions, ages and times are shown; '': all of them together. */
  cohort: text(),
  ages: choice('share', 'count'),
  times: flag(),
} as const;

/** With the rest, six. */
const SLICES = '5';

export const activationPage = defineFigurePage({ controls, View: ActivationPage });

function ActivationPage({ metric, about, state, set }: FigurePageProps<typeof controls>) {
  const path = figurePath(metric, about, limitOf(metric));
  const shown = useAnswer<ActivationAnswer>({ path }).value;
  const choose = (cohort: string): void => set({ cohort: cohort === state.cohort ? '' : cohort });
  return (
    <FigurePage
      metric={metric}
      path={path}
      shown={shown}
      isEmpty={({ cohorts }) => cohorts.every(({ size }) => size === 0)}
      headline={(body) => <Headline body={body} shown={shown} />}
      chart={(body) => {
        const groups = groupsOf(body);
        const chosen = groups[0]?.cohorts.some(({ cohort }) => cohort === state.cohort) === true ? state.cohort : '';
        return (
          <div class="activation">
            <CohortRates body={body} groups={groups} chosen={chosen} onChoose={choose} />
            <ChosenCohort body={body} chosen={chosen} onClear={() => set({ cohort: '' })} />
            <div class="activation-halves">
              <Conditions groups={groups} chosen={chosen} />
              <AgeCurve body={body} groups={groups} chosen={chosen} />
            </div>
            <TimeToActivate groups={groups} chosen={chosen} isShown={state.times} onShow={(times) => set({ times })} />
          </div>
        );
      }}
      table={(body) => (
        <ActivationTables
          body={body}
          groups={groupsOf(body)}
          changes={shown.changes}
          onOpen={choose}
          ages={state.ages}
          agesSwitch={
            <Segments
              label="Ages in the table"
              choices={[
                ['share', 'share'],
                ['count', 'count'],
              ]}
              chosen={state.ages}
              onChoose={(ages) => set({ ages })}
            />
          }
        />
      )}
    />
  );
}

function limitOf({ slices }: Metric): Readonly<Record<string, string>> {
  const { slice, value } = frameState.value;
  return value === null && slices.some(({ name }) => name === slice) ? { limit: SLICES } : {};
}

function Headline({ body, shown }: { readonly body: ActivationAnswer; readonly shown: Shown<ActivationAnswer> }) {
  const groups = groupsOf(body);
  const [only] = groups;
  if (only === undefined) return null;
  if (groups.length > 1) return <SlicedHeadline groups={groups} />;
  const { activated, of, rate, low, high, cohorts } = only.overall;
  if (of === 0) return <UnfinishedHeadline group={only} unit={body.unit} />;
  return (
    <>
      <b class={of < FEW ? 'few' : undefined}>
        <Changed changes={shown.changes} at={`${only.at}.activated`} tip={rateInWords(activated, of, { low, high })}>
          {percent(rate)}
        </Changed>
      </b>{' '}
      of {exact(of)} people in {exact(cohorts)} final {body.unit}s were activated, {exact(activated)} of them; between {percent(low)} and{' '}
      {percent(high)} with 95{'\u202f'}% confidence
      {of < FEW && `, fewer than ${FEW}: take it with care`}. <TargetWords body={body} rate={rate} /> <ChangeWords group={only} />
    </>
  );
}

/** No cohort is over: what there is. A window without an end is never over, and has ages instead. */
function UnfinishedHeadline({ group, unit }: { readonly group: Group; readonly unit: ActivationAnswer['unit'] }) {
  const ages = group.overall.activatedBy ?? [];
  const age = ages.findLast(({ of }) => of >= FEW) ?? ages.findLast(({ of }) => of > 0);
  if (age !== undefined) {
    return (
      <>
        <b data-tip={rateInWords(age.activated, age.of, age)}>{percent(age.rate)}</b> of {exact(age.of)} people were activated within {age.k + 1}{' '}
        {unit}
        {age.k === 0 ? '' : 's'} of their entry, in the {exact(age.cohorts)} cohorts that are as old.
      </>
    );
  }
  const { part, of, rate } = soFar(group);
  return (
    <>
      No cohort is final yet: so far <b>{percent(rate)}</b> of {exact(of)} people, {exact(part)} of them.
    </>
  );
}

function SlicedHeadline({ groups }: { readonly groups: readonly Group[] }) {
  const final = groups.filter(({ overall }) => overall.of > 0);
  if (final.length === 0) return <>No cohort is final yet.</>;
  return (
    <ul class="activation-overall">
      {final.map(({ name, at, overall: { activated, of, rate, low, high } }) => (
        <li key={at} class={of < FEW ? 'few' : undefined} data-tip={rateInWords(activated, of, { low, high })}>
          <span>{name}</span> <b>{percent(rate)}</b>{' '}
          <small>
            of {exact(of)}
            {of < FEW && `, fewer than ${FEW}`}
          </small>
        </li>
      ))}
    </ul>
  );
}

function TargetWords({ body, rate }: { readonly body: ActivationAnswer; readonly rate: number | null }) {
  const { target } = body;
  if (target?.of !== 'overall.rate' || rate === null) return null;
  const isMet = target.direction === 'up' ? rate >= target.value : rate <= target.value;
  return (
    <span class="dim">
      Target {target.direction === 'up' ? 'at least' : 'at most'} {percent(target.value)}: {isMet ? 'met' : 'missed'} by{' '}
      {pointsText(rate - target.value)}.
    </span>
  );
}

function ChangeWords({ group: { before, now } }: { readonly group: Group }) {
  if (before === null) return null;
  if (before.rate === null || now.rate === null) return <span class="dim">No cohort of the range before is comparable.</span>;
  const points = now.rate - before.rate;
  return (
    <span class="dim" data-tip={`before: ${rateInWords(before.activated, before.of, before)}\nnow: ${rateInWords(now.activated, now.of, now)}`}>
      {points > 0.0005 ? '▲' : points < -0.0005 ? '▼' : '='} {pointsText(points)} against the range before.
    </span>
  );
}

function ChosenCohort({ body, chosen, onClear }: { readonly body: ActivationAnswer; readonly chosen: string; readonly onClear: () => void }) {
  if (chosen === '')
    return (
      <p class="dim small activation-chosen">
        Below: all cohorts together. Choose one above, by a click or with arrow keys and Enter, to see it alone.
      </p>
    );
  return (
    <p class="small activation-chosen">
      Below: <strong>{bucketLabel(chosen, body.unit, { long: true })}</strong>
      <button type="button" class="quiet" onClick={onClear}>
        all cohorts together
      </button>
    </p>
  );
}

interface TimeProps {
  readonly groups: readonly Group[];
  readonly chosen: string;
  readonly isShown: boolean;
  readonly onShow: (shown: boolean) => void;
}

/** In words, and as histograms on demand. */
function TimeToActivate({ groups, chosen, isShown, onShow }: TimeProps) {
  const all = groups.map((group) => ({ ...group, times: timesOf(group, chosen) }));
  const among = addedUp(all.map(({ times }) => times.bins));
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Escape' && isShown) onShow(false);
  };
  return (
    <section class="activation-times" aria-label="Time to activate" onKeyDown={onKeyDown}>
      <h2>Time to activate</h2>
      <ul>
        {all.map(({ name, at, times: { n, p50, p90 } }) => (
          <li key={at} class={n < FEW ? 'few' : undefined}>
            {name !== '' && <strong>{name}: </strong>}
            {p50 === null
              ? 'nobody is activated yet'
              : `half of those who are activated took at most ${duration(p50)}, nine in ten at most ${duration(p90)} (n = ${exact(n)})`}
            {n > 0 && n < FEW && `; fewer than ${FEW}, take it with care`}
          </li>
        ))}
      </ul>
      <button type="button" class="quiet" aria-expanded={isShown} onClick={() => onShow(!isShown)}>
        histogram {isShown ? '▴' : '▾'}
      </button>
      {isShown && (
        <div class="activation-multiples">
          {all.map(({ name, at, colour, times }) => (
            <TimeHistogram
              key={at}
              label={`${name === '' ? '' : `${name}: `}from entry to activation`}
              bins={times.bins}
              among={among}
              p50={times.p50}
              p90={times.p90}
              colour={colour}
            />
          ))}
        </div>
      )}
    </section>
  );
}
