/** The retention page's one sentence: the pooled rate at the age that matters, how sure it is, and what it is measured against. */
import type { Changes } from '../../data/changes.ts';
import { Changed } from '../../parts/changed.tsx';
import { ageInWords, agesOf, groupOf, type Pooled, pooledOf } from '../../parts/triangle/cohort-table.ts';
import { isBeyondChance, trendScore } from '../../parts/triangle/proportions.ts';
import { FEW, percent, percentExact, pointsText, rateInWords, sample } from '../../show/numbers.ts';
import type { NamedGroup } from './groups.ts';
import type { RetentionView } from './view.ts';
import { keyAge, targetAge, targetWords } from './words.ts';

export function Headline(view: RetentionView & { readonly changes: Changes }) {
  const { body, metric, way, ages, pooled, chosen, reference, changes } = view;
  const index = keyAge(ages, pooled, body.target);
  const [age, point] = [ages[index], pooled[index]];
  if (age === undefined || point === undefined || point.rate === null)
    return <p>No cohort is old enough yet for a final rate; hatched cells can still change.</p>;
  const at = `overall.${chosen.key === null ? '' : `${chosen.key}|`}${age.from}.rate`;
  const other = reference === null ? null : (pooledOf(reference, way)[index] ?? null);
  return (
    <p class={point.of < FEW ? 'few' : undefined}>
      <b>
        <Changed
          changes={changes}
          at={way === 'on' ? at : ''}
          show={(value) => (typeof value === 'number' ? percentExact(value) : String(value))}
          tip={rateInWords(point.part, point.of, point)}
        >
          {percent(point.rate)}
        </Changed>
      </b>{' '}
      {chosen.key === null ? '' : `of ${chosen.name} `}are back {way === 'brackets' ? 'within' : metric.unit === 'day' ? 'on' : 'in'}{' '}
      {ageInWords(age, way, metric.unit)}{' '}
      <span class="dim">
        {sample(point.of)}, {percent(point.low)} to {percent(point.high)}
      </span>
      {reference !== null && <Against point={point} other={other} reference={reference} />}
      {reference === null && way === 'on' && body.target !== null && targetAge(body.target) === age.from && <>; {targetWords(body.target)}</>}
      <Before view={view} index={index} />
      {point.of < FEW && `; fewer than ${FEW}: take it with care`}
    </p>
  );
}

function Against({ point, other, reference }: { readonly point: Pooled; readonly other: Pooled | null; readonly reference: NamedGroup }) {
  if (other === null || other.rate === null || point.rate === null) return null;
  // Everybody holds the group itself: a test would count its people twice.
  const isChance = reference.key !== null && !isBeyondChance(trendScore([point, other].map(({ part, of }) => ({ part, size: of }))));
  return (
    <>
      , against <b class="second">{percent(other.rate)}</b> of {reference.name}{' '}
      <span class="dim">
        {sample(other.of)}, {percent(other.low)} to {percent(other.high)}
      </span>
      : {pointsText(point.rate - other.rate)}
      {isChance && ', which may be chance (95 %)'}
    </>
  );
}

/** The range before, over as many cohorts that are over. */
function Before({ view: { body, way, chosen }, index }: { readonly view: RetentionView; readonly index: number }) {
  const { previous } = body;
  if (previous === undefined || previous === null) return null;
  const value = chosen.cohorts[0]?.value ?? null;
  const before = groupOf(previous, value);
  const now = previous.against === null ? chosen : groupOf(previous.against, value);
  const [was, is] = [pooledOf(before, way)[index]?.rate ?? null, pooledOf(now, way)[index]?.rate ?? null];
  if (agesOf(before, way).length === 0 || was === null || is === null) return <span class="dim">; nothing before to compare with</span>;
  return (
    <>
      ; {percent(was)} in the range before ({pointsText(is - was)})
    </>
  );
}
