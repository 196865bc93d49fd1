/** The top bar: range, slice, comparison, theme, and how fresh the figures are. */
import type { Metric } from '@tidemark/query/client';
import type { SetFacts } from '../data/catalogue.ts';
import { shownAsOf } from '../data/freshness.ts';
import { change, FRAME_CONTROLS, frameState } from '../route/router.ts';
import { type Theme, theme } from '../show/colours.ts';
import { sliceText } from '../show/numbers.ts';
import { FreshnessMark } from './freshness-mark.tsx';
import { menuIsOpen } from './rail.tsx';
import { useSliceValues } from './slice-values.ts';

const PRESETS: Readonly<Record<Metric['unit'], readonly number[]>> = {
  hour: [24, 72, 168],
  day: [7, 30, 90],
  week: [8, 13, 26],
  month: [6, 12, 24],
};
const DEFAULT_LAST = 30;

export function TopBar({ about, metric }: { readonly about: SetFacts | null; readonly metric: Metric | null }) {
  return (
    <header class="top-bar">
      <button type="button" class="quiet menu-open" aria-expanded={menuIsOpen.value} onClick={() => (menuIsOpen.value = true)}>
        ☰ Catalogue
      </button>
      {metric !== null && <RangeControls metric={metric} />}
      {metric !== null && metric.slices.length > 0 && <SliceControls key={metric.id} metric={metric} />}
      {metric !== null && <CompareControl />}
      <span class="room" />
      <ThemeSwitch />
      <FreshnessMark about={about} />
    </header>
  );
}

function RangeControls({ metric }: { readonly metric: Metric }) {
  const { last, from, to } = frameState.value;
  const custom = from !== '' || to !== '';
  const chosen = last === 0 ? DEFAULT_LAST : last;
  // Where none is chosen, the range in force.
  const shown = shownAsOf.value;
  const date = (bucket: string | undefined): string => (shown?.metric === metric.id ? (bucket ?? '').slice(0, 10) : '');
  const presets = PRESETS[metric.unit].includes(DEFAULT_LAST) ? PRESETS[metric.unit] : [...PRESETS[metric.unit], DEFAULT_LAST].sort((a, b) => a - b);
  return (
    <fieldset class="range">
      <legend class="hidden">Range</legend>
      <div class="segments">
        {presets.map((count) => (
          <button
            key={count}
            type="button"
            aria-pressed={!custom && chosen === count}
            data-tip={`the last ${count} ${metric.unit}s`}
            onClick={() => change(FRAME_CONTROLS, { last: count === DEFAULT_LAST ? 0 : count, from: '', to: '' })}
          >
            {count}
            {metric.unit === 'hour' ? 'h' : metric.unit === 'day' ? 'd' : metric.unit === 'week' ? 'w' : 'mo'}
          </button>
        ))}
      </div>
      <input
        type="date"
        aria-label="From"
        class={from === '' ? 'unset' : undefined}
        value={from === '' ? date(shown?.from) : from}
        max={to === '' ? undefined : to}
        onChange={({ currentTarget }) => change(FRAME_CONTROLS, { from: currentTarget.value })}
      />
      <span aria-hidden="true">–</span>
      <input
        type="date"
        aria-label="To"
        class={to === '' ? 'unset' : undefined}
        value={to === '' ? date(shown?.to) : to}
        min={from === '' ? undefined : from}
        onChange={({ currentTarget }) => change(FRAME_CONTROLS, { to: currentTarget.value })}
      />
    </fieldset>
  );
}

function SliceControls({ metric }: { readonly metric: Metric }) {
  const { slice, value } = frameState.value;
  const known = metric.slices.some(({ name }) => name === slice) ? slice : '';
  const values = useSliceValues(metric, known);
  return (
    <span class="slice">
      <label>
        <span class="hidden">Slice by</span>
        <select value={known} onChange={({ currentTarget }) => change(FRAME_CONTROLS, { slice: currentTarget.value, value: null })}>
          <option value="">not sliced</option>
          {metric.slices.map(({ name }) => (
            <option key={name} value={name}>
              by {name.replaceAll(',', ' and ')}
            </option>
          ))}
        </select>
      </label>
      {known !== '' && (
        <label>
          <span class="hidden">Value of {known}</span>
          <select
            value={value === null ? 'all' : `=${value}`}
            onChange={({ currentTarget }) => change(FRAME_CONTROLS, { value: currentTarget.value === 'all' ? null : currentTarget.value.slice(1) })}
          >
            <option value="all">each value</option>
            {value !== null && !values.some(({ asked }) => asked === value) && <option value={`=${value}`}>{sliceText(value)}</option>}
            {values.map(({ asked, shown }) => (
              <option key={asked} value={`=${asked}`}>
                {sliceText(shown)}
              </option>
            ))}
          </select>
        </label>
      )}
    </span>
  );
}

function CompareControl() {
  const { compare } = frameState.value;
  return (
    <label class="check" data-tip="the same range before, cut at equal elapsed time">
      <input
        type="checkbox"
        checked={compare !== ''}
        onChange={({ currentTarget }) => change(FRAME_CONTROLS, { compare: currentTarget.checked ? 'previous' : '' })}
      />
      compare
    </label>
  );
}

const NEXT: Readonly<Record<Theme, Theme>> = { system: 'light', light: 'dark', dark: 'system' };
const THEME_SIGNS: Readonly<Record<Theme, string>> = { system: '◐', light: '○', dark: '●' };

function ThemeSwitch() {
  const chosen = theme.value;
  return (
    <button type="button" class="quiet" aria-label={`Theme: ${chosen}`} data-tip={`theme: ${chosen}`} onClick={() => (theme.value = NEXT[chosen])}>
      {THEME_SIGNS[chosen]}
    </button>
  );
}
