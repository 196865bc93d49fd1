/** An opened cell: its numerator and denominator, when it is final, both ways of counting, and the same cell by slice value. */
import type { RetentionAnswer } from '@tidemark/query/client';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { figurePath, type SetFacts } from '../../data/catalogue.ts';
import type { Changes } from '../../data/changes.ts';
import { useAnswer } from '../../data/figure.ts';
import { changeTip } from '../../parts/changed.tsx';
import { type Age, ageInWords, type CohortCell, type CohortRow, cohortRows, type Way } from '../../parts/triangle/cohort-table.ts';
import { wilson } from '../../parts/triangle/proportions.ts';
import { finality } from '../../parts/triangle/tips.ts';
import { frameState } from '../../route/router.ts';
import { bucketLabel } from '../../show/buckets.ts';
import { exact, FEW, percent, percentExact } from '../../show/numbers.ts';
import { EVERYBODY, namedGroups } from './groups.ts';
import type { RetentionView } from './view.ts';

const SLICES_EVERY_MS = 10_000;

export function CellPanel(view: RetentionView & { readonly about: SetFacts; readonly changes: Changes }) {
  const { body, metric, way, ages, chosen, reference, state, set, changes } = view;
  const box = useRef<HTMLElement>(null);
  const [cohort = '', key = ''] = state.cell.split(':');
  const index = ages.findIndex((age) => age.key === key);
  const asked = { way, buckets: metric, asOf: body.asOf };
  const row = cohortRows(chosen, asked).find((each) => each.cohort === cohort);
  const [cell, age] = [row?.cells[index], ages[index]];
  useLayoutEffect(() => keepClear(box.current));
  useLayoutEffect(() => box.current?.scrollIntoView({ block: 'nearest' }), []);
  if (row === undefined || cell === undefined || age === undefined) return null;
  const change = changes.of(cell.at);
  const others = reference === null ? [] : cohortRows(reference, asked).filter((each) => each.cohort === cohort);
  return (
    <div class="cell-place">
      <aside class="cell-panel" aria-label="Opened cell" aria-live="polite" ref={box}>
        <header>
          <h2>
            {bucketLabel(cohort, metric.unit, { long: true })}, {ageInWords(age, way, metric.unit)}
          </h2>
          <button type="button" class="quiet" aria-label="Close the cell" data-tip="Escape" onClick={() => set({ cell: '' })}>
            ×
          </button>
        </header>
        {!cell.begun ? (
          <p class="dim">This {metric.unit} has not begun.</p>
        ) : (
          <>
            <Figures name={chosen.key === null ? '' : chosen.name} row={row} cell={cell} />
            {others.map((other) => {
              const its = other.cells[index];
              return its === undefined ? null : <Figures key="reference" name={reference?.name ?? EVERYBODY} row={other} cell={its} />;
            })}
            <BothWays view={view} cohort={cohort} age={age} />
            <p class="dim">{finality(cell, metric.timezone)}</p>
            {change !== null && (
              <p class="dim">since the page was opened {changeTip(change, (value) => (typeof value === 'number' ? exact(value) : String(value)))}</p>
            )}
            {metric.slices.length > 0 && <CellSlices view={view} cohort={cohort} index={index} />}
          </>
        )}
      </aside>
    </div>
  );
}

function Figures({ name, row, cell }: { readonly name: string; readonly row: CohortRow; readonly cell: CohortCell }) {
  const rate = row.size === 0 ? null : cell.part / row.size;
  const { low, high } = wilson(cell.part, row.size);
  return (
    <p class={row.size < FEW ? 'few' : undefined}>
      <span class="big" data-tip={percentExact(rate)}>
        {percent(rate)}
      </span>{' '}
      {name !== '' && `${name}: `}
      {exact(cell.part)} of {exact(row.size)}
      {low !== null && (
        <small class="dim">
          {' '}
          {percent(low)} to {percent(high)}
        </small>
      )}
      {row.size < FEW && <small>, fewer than {FEW}</small>}
    </p>
  );
}

/** On the day, and on it or later, beside each other. */
function BothWays({ view: { chosen, metric, way }, cohort, age }: { readonly view: RetentionView; readonly cohort: string; readonly age: Age }) {
  const found = chosen.cohorts.find((each) => each.cohort === cohort);
  const cell = found?.cells.find(({ k }) => k === age.from);
  if (found === undefined || cell === undefined || way === 'brackets') return null;
  return (
    <dl class="facts">
      <dt>{ageInWords(age, 'on', metric.unit)}</dt>
      <dd>{exact(cell.retained)}</dd>
      <dt>{ageInWords(age, 'onOrAfter', metric.unit)}</dt>
      <dd>
        {exact(cell.onOrAfter)}
        {!found.completeOnOrAfter && <span class="dim"> so far</span>}
      </dd>
    </dl>
  );
}

/** The cell by each value of one slice. */
function CellSlices({
  view,
  cohort,
  index,
}: {
  readonly view: RetentionView & { readonly about: SetFacts };
  readonly cohort: string;
  readonly index: number;
}) {
  const { metric, about, way, state, set } = view;
  const named = [state.by, frameState.value.slice].find((name) => metric.slices.some((slice) => slice.name === name));
  const by = named ?? metric.slices[0]?.name ?? '';
  const path = figurePath(metric, about, { from: cohort, to: cohort, slice: by, value: '', compare: '' });
  const { body } = useAnswer<RetentionAnswer>({ path, every: SLICES_EVERY_MS }).value;
  return (
    <section class="cell-slices" aria-label={`By ${by}`}>
      <label>
        <span class="hidden">Split the cell by</span>
        <select value={by} onChange={({ currentTarget }) => set({ by: currentTarget.value }, { replace: true })}>
          {metric.slices.map(({ name }) => (
            <option key={name} value={name}>
              by {name.replaceAll(',', ' and ')}
            </option>
          ))}
        </select>
      </label>
      {body === null ? <p class="dim">asking…</p> : <SliceList body={body} way={way} index={index} metric={metric} />}
    </section>
  );
}

const MOST_VALUES = 8;

function SliceList({
  body,
  way,
  index,
  metric,
}: {
  readonly body: RetentionAnswer;
  readonly way: Way;
  readonly index: number;
  readonly metric: RetentionView['metric'];
}) {
  const lines = namedGroups(body).flatMap(({ key, name, ...group }) => {
    const [row] = cohortRows(group, { way, buckets: metric, asOf: body.asOf });
    const cell = row?.cells[index];
    return row === undefined || cell === undefined || row.size === 0 ? [] : [{ key, name, part: cell.part, size: row.size }];
  });
  if (lines.length === 0) return <p class="dim">no values in this cohort</p>;
  return (
    <table class="figures">
      <tbody>
        {lines.slice(0, MOST_VALUES).map(({ key, name, part, size }) => (
          <tr key={key} class={size < FEW ? 'few' : undefined}>
            <th scope="row" class="left">
              {name}
            </th>
            <td>{percent(part / size)}</td>
            <td class="dim">
              {exact(part)} of {exact(size)}
            </td>
          </tr>
        ))}
        {lines.length > MOST_VALUES && (
          <tr>
            <td class="left dim" colSpan={3}>
              and {lines.length - MOST_VALUES} more
            </td>
          </tr>
        )}
      </tbody>
    </table>
  );
}

/** On the right, over the part of the triangle that is empty; on the left where it would cover the opened cell. */
function keepClear(panel: HTMLElement | null): void {
  if (panel === null) return;
  const place = panel.parentElement;
  place?.classList.remove('on-left');
  const opened = place?.parentElement?.querySelector('td.opened')?.getBoundingClientRect();
  const own = panel.getBoundingClientRect();
  if (opened === undefined || getComputedStyle(panel).position === 'fixed') return;
  const covers = opened.right > own.left && opened.left < own.right && opened.bottom > own.top && opened.top < own.bottom;
  place?.classList.toggle('on-left', covers);
}
