/** How often people come: the share of a longer window's people who come on each bucket, and on how many buckets of a week or month they do. */
import type { Metric, Target } from '@tidemark/query/client';
import { moveByKey } from '../../parts/data-table.tsx';
import { bucketLabel } from '../../show/buckets.ts';
import { rampClass } from '../../show/colours.ts';
import { exact, FEW, percent, rateInWords, short } from '../../show/numbers.ts';
import { type ActivityLine, daysRows, plural, windowsOf } from './activity-figures.ts';

type Unit = Metric['unit'];

/** One row per window, one cell per bucket: darker is stickier, beside the newest final number and the target. */
export function StickinessStrip({ line, unit, target }: { readonly line: ActivityLine; readonly unit: Unit; readonly target: Target | null }) {
  const windows = windowsOf(line);
  const { buckets } = line;
  if (windows.length === 0) return null;
  const most = Math.max(...buckets.flatMap(({ stickiness }) => windows.map((length) => stickiness[length] ?? 0)), Number.MIN_VALUE);
  return (
    <section aria-label="Stickiness">
      <h2>Stickiness</h2>
      <p class="activity-note">
        The share of a window’s people who come on its last {unit}; the darkest cell is {percent(most)}.
      </p>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: arrow keys go through the cells, each of which can be reached by itself */}
      <div class="strip" onKeyDown={(event) => void moveByKey(event, { rows: windows.length, columns: buckets.length })}>
        {windows.map((length, row) => {
          const last = buckets.findLast(({ complete }) => complete);
          const wanted = target?.of === `stickiness.${length}` ? `, target ${target.direction === 'up' ? '≥' : '≤'} ${percent(target.value)}` : '';
          return (
            <div class="strip-row" key={length}>
              <span class="strip-name">
                in {length} {plural(unit, Number(length))}
              </span>
              <span class="strip-cells">
                {buckets.map(({ bucket, active, rolling, stickiness, complete }, column) => {
                  const rate = stickiness[length] ?? null;
                  const words = `${bucketLabel(bucket, unit, { long: true })}: ${rate === null ? 'nobody in the window' : rateInWords(active, rolling[length] ?? 0)}${complete ? '' : '\nnot final yet'}`;
                  return (
                    <span
                      key={bucket}
                      role="img"
                      aria-label={words}
                      class={`strip-cell ${rampClass(rate === null ? null : rate / most)}${complete ? '' : ' open-cell'}`}
                      data-cell={`${row}:${column}`}
                      data-tip={words}
                      tabIndex={row === 0 && column === 0 ? 0 : -1}
                    />
                  );
                })}
              </span>
              <span class="strip-value">
                {percent(last?.stickiness[length] ?? null)}
                <small class="dim">
                  {last === undefined ? '' : bucketLabel(last.bucket, unit)}
                  {wanted}
                </small>
              </span>
            </div>
          );
        })}
      </div>
    </section>
  );
}

interface DaysTableProps {
  readonly line: ActivityLine;
  readonly unit: Unit;
  readonly per: 'week' | 'month';
  readonly onPer: (per: 'week' | 'month') => void;
}

/** Periods down, the number of buckets with activity across: the share of the period's people. */
export function DaysTable({ line: { stickiness }, unit, per, onPer }: DaysTableProps) {
  const has = { week: stickiness.week.length > 0, month: stickiness.month.length > 0 };
  if (!has.week && !has.month) return null;
  const shown = has[per] ? per : per === 'week' ? 'month' : 'week';
  const rows = daysRows(stickiness[shown]);
  const columns = Math.max(0, ...rows.map(({ actors }) => actors.length));
  const most = Math.max(...rows.flatMap(({ actors, all }) => actors.map((count) => (all === 0 ? 0 : count / all))), Number.MIN_VALUE);
  return (
    <section aria-label={`${unit}s per ${shown}`}>
      <div class="days-head">
        <h2>
          On how many {unit}s of a {shown} people come
        </h2>
        {has.week && has.month && (
          <fieldset class="segments" aria-label="Per week or month">
            {(['week', 'month'] as const).map((one) => (
              <button key={one} type="button" aria-pressed={one === shown} onClick={() => onPer(one)}>
                per {one}
              </button>
            ))}
          </fieldset>
        )}
      </div>
      <div class="table-scroll">
        <table class="figures days" onKeyDown={(event) => void moveByKey(event, { rows: rows.length, columns })}>
          <caption>
            Share of the {shown}’s people who came on exactly so many {unit}s; hatched: not over yet
          </caption>
          <thead>
            <tr>
              <th scope="col" class="left">
                {shown}
              </th>
              <th scope="col">people</th>
              <th scope="col" data-tip={`${unit}s with activity, per person who came`}>
                mean
              </th>
              {Array.from({ length: columns }, (_, index) => (
                <th key={index} scope="col">
                  {index + 1}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(({ period, complete, actors, all, mean }, row) => (
              <tr key={period}>
                <th scope="row" class="left">
                  {bucketLabel(period, shown)}
                </th>
                <td class={complete ? undefined : 'open-cell'} data-tip={complete ? exact(all) : `${exact(all)}\nthe ${shown} is not over yet`}>
                  {short(all)}
                </td>
                <td>{mean === null ? '–' : mean.toFixed(1)}</td>
                {actors.map((count, index) => (
                  <td
                    key={index}
                    class={`${count === 0 ? 'dim' : rampClass(count / all / most)}${complete ? '' : ' open-cell'}${all < FEW ? ' few' : ''}`}
                    data-cell={`${row}:${index}`}
                    tabIndex={row === 0 && index === 0 ? 0 : -1}
                    data-tip={`${index + 1} ${plural(unit, index + 1)}: ${rateInWords(count, all)}${complete ? '' : '\nnot over yet'}`}
                  >
                    {count === 0 ? '·' : percent(count / all, { digits: 0 })}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
