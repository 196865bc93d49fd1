/** One sentence that holds growth and decay together, computed from what is over. */
import type { Metric } from '@tidemark/query/client';
import { type Age, ageInWords } from '../../parts/triangle/cohort-table.ts';
import { bucketLabel } from '../../show/buckets.ts';
import { percent, pointsText, short } from '../../show/numbers.ts';
import type { Growth } from './choices.ts';
import type { Story } from './story.ts';

interface SentenceProps {
  readonly story: Story;
  readonly growth: Growth;
  readonly decay: Metric;
  readonly ages: readonly Age[];
  readonly index: number;
  readonly onAge: (age: number) => void;
}

/** Ages that fit beside each other as buttons. */
const MOST_AGES = 6;

export function Sentence({ story, growth, decay, ages, index, onAge }: SentenceProps) {
  const { unit } = decay;
  const age = ages[index];
  const name = growth.name.slice(0, 1).toUpperCase() + growth.name.slice(1);
  const label = (bucket: string): string => bucketLabel(bucket, unit);
  return (
    <div class="sentence">
      <p>
        {story.growth === null ? (
          `${name}: fewer than two ${unit}s are over`
        ) : (
          <span
            data-tip={`${label(story.growth.from)}: ${short(story.growth.first)}\n${label(story.growth.to)}: ${short(story.growth.last)}\nonly ${unit}s that are over`}
          >
            {name} {moved(story.growth.change, 'grew', 'fell')} by{' '}
            <b class={story.growth.change >= 0 ? 'up' : 'down'}>{percent(Math.abs(story.growth.change), { digits: 0 })}</b> from{' '}
            {label(story.growth.from)} to {label(story.growth.to)}
          </span>
        )}
        {opposite(story) ? ', while ' : ', and '}
        {age === undefined || story.decay === null ? (
          `no two cohorts are old enough to compare`
        ) : (
          <span
            data-tip={`cohort ${label(story.decay.from)}: ${percent(story.decay.first)}\ncohort ${label(story.decay.to)}: ${percent(story.decay.last)}\n${pointsText(story.decay.last - story.decay.first)}; the last cohort whose ${unit} ${age.from} is final`}
          >
            retention in {ageInWords(age, 'on', unit)} {moved(story.decay.last - story.decay.first, 'rose', 'fell')} from{' '}
            <b>{percent(story.decay.first)}</b> of the cohort of {label(story.decay.from)} to{' '}
            <b class={story.decay.last >= story.decay.first ? 'up' : 'down'}>{percent(story.decay.last)}</b> of {label(story.decay.to)}
          </span>
        )}
        .
      </p>
      {story.verdict !== '' && <p class="verdict">{story.verdict}</p>}
      {ages.length > 1 && (
        <fieldset class="segments">
          <legend class="hidden">Age that the sentence tells</legend>
          <span class="dim">{unit}</span>
          {ages.slice(0, MOST_AGES).map(({ key, from }, at) => (
            <button
              key={key}
              type="button"
              aria-pressed={at === index}
              aria-label={`${unit} ${from}`}
              data-tip={`tell ${unit} ${from}`}
              onClick={() => onAge(at === 0 ? 0 : from)}
            >
              {from}
            </button>
          ))}
        </fieldset>
      )}
    </div>
  );
}

function moved(difference: number, up: string, down: string): string {
  return difference >= 0 ? up : down;
}

function opposite({ growth, decay }: Story): boolean {
  return growth !== null && decay !== null && growth.change >= 0 !== decay.last >= decay.first;
}
