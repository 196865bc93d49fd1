/** The rate of each cohort with its 95 % interval as a whisker; of slice values one small drawing each, on one scale. */
import type { ActivationAnswer, ActivationCohort } from '@tidemark/query/client';
import { Plot } from '../../parts/plot.tsx';
import { bucketLabel } from '../../show/buckets.ts';
import { FEW, percent, rateInWords } from '../../show/numbers.ts';
import type { Group } from './figures.ts';

export interface CohortRatesProps {
  readonly body: ActivationAnswer;
  readonly groups: readonly Group[];
  readonly chosen: string;
  readonly onChoose: (cohort: string) => void;
}

export function CohortRates({ body, groups, chosen, onChoose }: CohortRatesProps) {
  const max = greatest(groups.flatMap(({ cohorts }) => cohorts));
  const isSmall = groups.length > 1;
  const begins = groups[0]?.cohorts[0]?.cohort ?? '';
  const target = body.target?.of === 'overall.rate' ? { value: body.target.value, label: `target ${percent(body.target.value)}` } : null;
  return (
    <section aria-label="Rate by cohort">
      <h2>Activated, by {body.unit} of entry</h2>
      <ul class="legend">
        <li>
          <i class="cohort-key final" /> final, whisker: 95 % interval
        </li>
        <li>
          <i class="cohort-key not-final" /> not final yet
        </li>
        <li class="few">
          <i class="cohort-key few" /> fewer than {FEW} people
        </li>
        {begins > body.from && <li>nobody entered before {bucketLabel(begins, body.unit, { long: true })}</li>}
      </ul>
      <div class={isSmall ? 'activation-multiples plot-small' : undefined}>
        {groups.map((group) => (
          <div key={group.at}>
            {isSmall && <h3>{group.name}</h3>}
            <Plot
              label={`Rate by ${body.unit} of entry${group.name === '' ? '' : `, ${group.name}`}`}
              places={group.cohorts.map((cohort) => ({ mark: bucketLabel(cohort.cohort, body.unit), words: wordsOf(cohort, body.unit) }))}
              max={max}
              show={(value) => percent(value, { digits: 0 })}
              height={isSmall ? 104 : 208}
              target={target}
              open={group.cohorts.findIndex(({ cohort }) => cohort === chosen)}
              onOpen={(index) => onChoose(group.cohorts[index]?.cohort ?? '')}
            >
              {(top) =>
                group.cohorts.map((cohort, index) => (
                  <Mark key={cohort.cohort} cohort={cohort} place={(index + 0.5) / group.cohorts.length} top={top} colour={group.colour} />
                ))
              }
            </Plot>
          </div>
        ))}
      </div>
    </section>
  );
}

function Mark({
  cohort,
  place,
  top,
  colour,
}: {
  readonly cohort: ActivationCohort;
  readonly place: number;
  readonly top: number;
  readonly colour: string;
}) {
  const { size, rate, low, high, complete } = cohort;
  if (rate === null) return null;
  const height = (share: number): number => Math.min(1, share / top) * 100;
  const [from, to] = [height(low ?? rate), height(high ?? rate)];
  return (
    <div
      class={`cohort-mark ${complete ? '' : 'not-final'} ${size < FEW ? 'few' : ''}`}
      style={{ left: `${place * 100}%`, color: size < FEW ? 'var(--ink-3)' : `var(${colour})` }}
      aria-hidden="true"
    >
      <i class={(high ?? 0) > top ? 'whisker cut' : 'whisker'} style={{ bottom: `${from}%`, height: `${to - from}%` }} />
      <i class="dot-mark" style={{ bottom: `${height(rate)}%` }} />
    </div>
  );
}

function wordsOf({ cohort, size, activated, low, high, complete }: ActivationCohort, unit: ActivationAnswer['unit']): string {
  const name = bucketLabel(cohort, unit, { long: true });
  if (size === 0) return `${name}\nnobody entered`;
  return `${name}\n${rateInWords(activated, size, { low, high })}${complete ? '' : '\nnot final yet'}`;
}

/** The upper end of the scale: intervals of few people may leave it. */
function greatest(cohorts: readonly ActivationCohort[]): number {
  const ends = cohorts.map(({ size, rate, high }) => (size < FEW ? Math.min(rate ?? 0, 0.6) : (high ?? 0)));
  return Math.min(
    1,
    ends.reduce((most, end) => Math.max(most, end), 0),
  );
}
