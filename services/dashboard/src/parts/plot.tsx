/** A frame for small drawings over places in a row (cohorts, ages): gridlines and names by it, what is drawn by its page; arrow keys go from place to place. */
import type { ComponentChildren } from 'preact';
import { moveByKey } from './data-table.tsx';
import './plot.css';

export interface Place {
  /** Below the axis. */
  readonly mark: string;
  /** The figures in words: its tooltip, and what is said of it. */
  readonly words: string;
}

export interface PlotProps {
  readonly label: string;
  readonly places: readonly Place[];
  /** The upper end of the scale, which begins at 0; made round. */
  readonly max: number;
  readonly show: (value: number) => string;
  /** px; default 200. */
  readonly height?: number;
  readonly target?: { readonly value: number; readonly label: string } | null;
  /** Enter or a click on a place. */
  readonly onOpen?: (index: number) => void;
  /** The place that is open. */
  readonly open?: number;
  /** Drawn in the room of the scale, whose upper end is given. */
  readonly children: (top: number) => ComponentChildren;
}

const ROUND = [0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5, 1];
const MOST_STEPS = 5;
const MOST_MARKS = 10;

/** The distance of gridlines for a scale up to `max`, as a share. */
function stepOf(max: number): number {
  return ROUND.find((step) => max / step <= MOST_STEPS) ?? max;
}

export function Plot({ label, places, max, show, height = 200, target = null, onOpen, open, children }: PlotProps) {
  // Above a target there is room for its name.
  const end = Math.max(max, (target?.value ?? 0) * 1.15, 0.02);
  const step = stepOf(end);
  const lines = Math.ceil(end / step - 1e-9);
  const top = step * lines;
  const stride = Math.ceil(places.length / MOST_MARKS);
  const onKeyDown = (event: KeyboardEvent): void => void moveByKey(event, { rows: 1, columns: places.length });
  return (
    // biome-ignore lint/a11y/useSemanticElements: a group of places, not of fields
    <div class="plot" role="group" aria-label={label} onKeyDown={onKeyDown}>
      <div class="plot-room" style={{ height: `${height}px` }}>
        {Array.from({ length: lines + 1 }, (_, index) => (
          <i key={index} class="plot-line" style={{ bottom: `${(index / lines) * 100}%` }}>
            <span>{show(index * step)}</span>
          </i>
        ))}
        {target !== null && (
          <i class="plot-target" style={{ bottom: `${(target.value / top) * 100}%` }}>
            <span>{target.label}</span>
          </i>
        )}
        {children(top)}
        {places.map(({ mark, words }, index) => {
          const facts = {
            key: `${index} ${mark}`,
            style: { left: `${(index / places.length) * 100}%`, width: `${100 / places.length}%` },
            'aria-label': words.replaceAll('\n', '; '),
            'data-tip': words,
            'data-cell': `0:${index}`,
            tabIndex: index === Math.max(0, open ?? 0) ? 0 : -1,
          };
          return onOpen === undefined ? (
            <span {...facts} class="plot-place" role="img" />
          ) : (
            <button {...facts} type="button" class="plot-place" aria-pressed={open === index} onClick={() => onOpen(index)} />
          );
        })}
      </div>
      <div class="plot-marks" aria-hidden="true">
        {places.map(({ mark }, index) =>
          index % stride === 0 ? (
            <span
              key={`${index} ${mark}`}
              class={index % (stride * 2) === 0 ? undefined : 'minor'}
              style={{ left: `${((index + 0.5) / places.length) * 100}%` }}
            >
              {mark}
            </span>
          ) : null,
        )}
      </div>
    </div>
  );
}
