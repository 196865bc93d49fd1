/** The bars of a funnel: each step's share of the first, side by side per slice value, and between two steps what was lost in words; the times of a step on demand. */
import type { FunnelAnswer, FunnelStep } from '@tidemark/query/client';
import type { Changes } from '../../data/changes.ts';
import { Changed } from '../../parts/changed.tsx';
import { moveByKey } from '../../parts/data-table.tsx';
import { Segments } from '../../parts/segments.tsx';
import { Swatch } from '../../parts/time-chart.tsx';
import { TimeHistogram } from '../../parts/time-histogram.tsx';
import { addedUp } from '../../show/histogram.ts';
import { exact, FEW, percent, pointsText, rateInWords, short } from '../../show/numbers.ts';
import { duration } from '../../show/times.ts';
import { type Counting, changeSince, countOf, type Funnel, type StepTarget, shareOf, stepName, targetOf, targetShare } from './figures.ts';

export interface TimesState {
  /** The step whose times are shown, from 2; 0: none. */
  readonly times: number;
  readonly since: 'previous' | 'first';
}

export interface FunnelStepsProps {
  readonly body: FunnelAnswer;
  readonly funnels: readonly Funnel[];
  readonly counting: Counting;
  readonly state: TimesState;
  readonly set: (changed: Partial<TimesState>) => void;
  readonly changes: Changes;
}

export function FunnelSteps({ body, funnels, counting, state, set, changes }: FunnelStepsProps) {
  const names = (funnels[0]?.steps ?? []).map(stepName);
  const target = targetOf(body.target);
  const compared = funnels.some((funnel) => changeSince(funnel, 0, counting) !== null);
  const onKeyDown = (event: KeyboardEvent): void => {
    // The bars of a histogram inside have moved by themselves.
    if (!event.defaultPrevented) moveByKey(event, { rows: names.length, columns: funnels.length });
  };
  return (
    <>
      {funnels.length > 1 && (
        <ul class="legend">
          {funnels.map(({ name, colour, at }) => (
            <li key={at}>
              <Swatch colour={colour} />
              {name}
            </li>
          ))}
        </ul>
      )}
      <ol class={`funnel ${compared ? 'compared' : ''}`} onKeyDown={onKeyDown}>
        {names.map((name, index) => (
          <li key={`${index} ${name}`}>
            {index > 0 && <Between funnels={funnels} index={index} counting={counting} isOpen={!body.complete} state={state} set={set} />}
            <div class={funnels.some((funnel) => targetShare(target, funnel, index, counting) !== null) ? 'funnel-step aimed' : 'funnel-step'}>
              <span class="funnel-name">
                <span class="dim">{index + 1}</span> {name}
              </span>
              <div class={funnels.length > 1 ? 'funnel-bars grouped' : 'funnel-bars'}>
                {funnels.map((funnel, column) => (
                  <Bar
                    key={funnel.at}
                    funnel={funnel}
                    index={index}
                    column={column}
                    counting={counting}
                    isOpen={!body.complete}
                    target={target}
                    changes={changes}
                  />
                ))}
              </div>
            </div>
          </li>
        ))}
      </ol>
    </>
  );
}

interface BarProps {
  readonly funnel: Funnel;
  readonly index: number;
  readonly column: number;
  readonly counting: Counting;
  readonly isOpen: boolean;
  readonly target: StepTarget | null;
  readonly changes: Changes;
}

function Bar({ funnel, index, column, counting, isOpen, target, changes }: BarProps) {
  const { steps, colour, name, at } = funnel;
  const share = shareOf(steps, index, counting);
  const before = index === 0 ? share : shareOf(steps, index - 1, counting);
  const first = countOf(steps[0], counting);
  const count = countOf(steps[index], counting);
  const since = changeSince(funnel, index, counting);
  const aim = targetShare(target, funnel, index, counting);
  const words = barWords({ funnel, index, counting, isOpen, target: aim });
  const few = first < FEW ? 'few' : '';
  return (
    <>
      <div
        class={`funnel-bar ${few}`}
        role="img"
        data-cell={`${index}:${column}`}
        tabIndex={index === 0 && column === 0 ? 0 : -1}
        aria-label={words.replaceAll('\n', '; ')}
        data-tip={words}
      >
        <i class="funnel-lost" style={{ width: width(before) }} />
        <i
          class={isOpen ? 'funnel-fill not-final' : 'funnel-fill'}
          style={{ width: width(share), backgroundColor: `var(${few === '' ? colour : '--ink-3'})` }}
        />
        {since !== null && <i class="funnel-then" style={{ width: width(since.then) }} />}
        {aim !== null && <i class="funnel-target" style={{ left: width(aim) }} />}
        {aim !== null && (
          <span class={`funnel-target-words ${aim > 0.7 ? 'left' : ''}`} style={{ left: width(aim) }}>
            target {percent(target?.value ?? null)}
          </span>
        )}
      </div>
      <span class={`funnel-share ${few}`}>{percent(share)}</span>
      <span class="funnel-count">
        <Changed
          changes={changes}
          at={`${at}steps.${index + 1}.${counting === 'people' ? 'uniques' : 'entries'}`}
          tip={exact(count)}
          show={(value) => exact(Number(value))}
        >
          {short(count)}
        </Changed>
      </span>
      <span
        class="funnel-change"
        data-tip={since === null ? undefined : `${percent(since.then)} in the range before${name === '' ? '' : `, ${name}`}`}
      >
        {since === null || index === 0 ? '' : `${since.points > 0.0005 ? '▲' : since.points < -0.0005 ? '▼' : '='}\u202f${pointsText(since.points)}`}
      </span>
    </>
  );
}

function barWords({
  funnel,
  index,
  counting,
  isOpen,
  target,
}: {
  funnel: Funnel;
  index: number;
  counting: Counting;
  isOpen: boolean;
  target: number | null;
}): string {
  const { steps, name } = funnel;
  const [first, before, count] = [countOf(steps[0], counting), countOf(steps[index - 1], counting), countOf(steps[index], counting)];
  return [
    `${name === '' ? '' : `${name}, `}${index + 1}: ${stepName(steps[index])}`,
    index === 0 ? `${exact(count)} ${counting}` : `of the first step ${rateInWords(count, first)}`,
    index > 1 ? `of the step before ${rateInWords(count, before)}` : '',
    target === null ? '' : `target at ${percent(target)} of the first step`,
    isOpen ? 'not final yet' : '',
  ]
    .filter((line) => line !== '')
    .join('\n');
}

interface BetweenProps {
  readonly funnels: readonly Funnel[];
  /** Of the step after. */
  readonly index: number;
  readonly counting: Counting;
  readonly isOpen: boolean;
  readonly state: TimesState;
  readonly set: (changed: Partial<TimesState>) => void;
}

/** What was lost since the step before, how long it took the others, and their times on demand. */
function Between({ funnels, index, counting, isOpen, state, set }: BetweenProps) {
  const isShown = state.times === index + 1;
  const id = `times-${index + 1}`;
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Escape' && isShown) set({ times: 0 });
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Escape closes what the button inside has opened
    <div class="funnel-between" onKeyDown={onKeyDown}>
      <p>
        <span class="dim" aria-hidden="true">
          ↓{' '}
        </span>
        {funnels.length > 1 && `left here${isOpen ? ' so far' : ''}, and median time to go on: `}
        {funnels.map((funnel, at) => (
          <Lost key={funnel.at} funnel={funnel} index={index} counting={counting} isOpen={isOpen} isLast={at === funnels.length - 1} />
        ))}
        <button type="button" class="quiet" aria-expanded={isShown} aria-controls={id} onClick={() => set({ times: isShown ? 0 : index + 1 })}>
          times to step {index + 1} {isShown ? '▴' : '▾'}
        </button>
      </p>
      {isShown && <Times id={id} funnels={funnels} index={index} state={state} set={set} />}
    </div>
  );
}

function Lost(props: {
  readonly funnel: Funnel;
  readonly index: number;
  readonly counting: Counting;
  readonly isOpen: boolean;
  readonly isLast: boolean;
}) {
  const { funnel, index, counting, isOpen, isLast } = props;
  const { steps, name, colour } = funnel;
  const before = countOf(steps[index - 1], counting);
  const share = shareOf(steps, index, counting, index - 1);
  if (share === null)
    return (
      <span class="dim">
        {name} nobody came so far{isLast ? ' ' : '; '}
      </span>
    );
  const left = before - countOf(steps[index], counting);
  const median = steps[index]?.fromPrevious.p50 ?? null;
  const so = isOpen ? 'left here so far' : 'left here';
  const took = median === null ? 'nobody went on' : name === '' ? `median ${duration(median)} to go on` : duration(median);
  return (
    <span class={before < FEW ? 'funnel-left few' : 'funnel-left'} data-tip={rateInWords(left, before)}>
      {name !== '' && <Swatch colour={colour} />}
      {left > 0 && '−'}
      {percent(left / before)} {name === '' ? `${so} (${exact(left)}), ` : `${name}, `}
      {took}
      {before < FEW && ` (fewer than ${FEW})`}
      {isLast ? ' ' : <span class="dim"> · </span>}
    </span>
  );
}

function Times({ id, funnels, index, state, set }: Pick<BetweenProps, 'funnels' | 'index' | 'state' | 'set'> & { readonly id: string }) {
  const field = state.since === 'previous' ? 'fromPrevious' : 'fromFirst';
  const label = (name: string, step: FunnelStep | undefined): string =>
    `${name === '' ? '' : `${name}: `}from ${state.since === 'previous' ? `step ${index}` : 'the first step'} to “${stepName(step)}”`;
  const among = addedUp(funnels.map(({ steps }) => steps[index]?.[field].histogram ?? []));
  return (
    <section id={id} class="funnel-times" aria-label={`Times to step ${index + 1}`}>
      {index > 1 && (
        <Segments
          label="Counted from"
          choices={[
            ['previous', 'from the step before'],
            ['first', 'from the first step'],
          ]}
          chosen={state.since}
          onChoose={(since) => set({ since })}
        />
      )}
      <div class={funnels.length > 1 ? 'funnel-multiples' : undefined}>
        {funnels.map(({ name, colour, steps, at }) => {
          const times = steps[index]?.[field];
          return times === undefined ? null : (
            <TimeHistogram
              key={at}
              label={label(name, steps[index])}
              bins={times.histogram}
              among={among}
              p50={times.p50}
              p90={times.p90}
              colour={colour}
            />
          );
        })}
      </div>
    </section>
  );
}

function width(share: number | null): string {
  return `${Math.max(0, Math.min(1, share ?? 0)) * 100}%`;
}
