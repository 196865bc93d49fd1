/** Says in words what the colours, the hatching and the grey of a triangle mean. */
import { FEW } from '../../show/numbers.ts';

export interface TriangleLegendProps {
  readonly ramp: 'ramp' | 'diverging';
  /** At the ends of the colours. */
  readonly low: string;
  readonly high: string;
  readonly counts: boolean;
  readonly dense: boolean;
  readonly hasOpen: boolean;
  readonly hasFew: boolean;
  /** What else is to be said; may be `''`. */
  readonly words: string;
}

const STEPS = {
  ramp: ['ramp-0', 'ramp-2', 'ramp-4', 'ramp-6', 'ramp-8', 'ramp-10'],
  diverging: ['diverging-m4', 'diverging-m2', 'diverging-m1', 'diverging-0', 'diverging-p1', 'diverging-p2', 'diverging-p4'],
} as const;

export function TriangleLegend({ ramp, low, high, counts, dense, hasOpen, hasFew, words }: TriangleLegendProps) {
  return (
    <div class="triangle-legend">
      <span class="ramp">
        {low}
        {STEPS[ramp].map((step) => (
          <i key={step} class={step} />
        ))}
        {high}
      </span>
      {dense && !counts && <span>{ramp === 'diverging' ? 'cells in percentage points' : 'cells in % of the cohort'}</span>}
      {hasOpen && (
        <span>
          <i class="sample open-cell" />
          can still change
        </span>
      )}
      {hasFew && (
        <span>
          <i class={`sample of-few ${ramp === 'ramp' ? 'ramp-8' : 'diverging-p4'}`} />
          fewer than {FEW} people
        </span>
      )}
      {words !== '' && <span class="dim">{words}</span>}
    </div>
  );
}
