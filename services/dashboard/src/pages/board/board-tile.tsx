/** One tile: name, value, change against the period before, sparkline with its target, owner, freshness; a click opens the figure. */
import type { Metric, Tile } from '@tidemark/query/client';
import type { Changes } from '../../data/changes.ts';
import { Changed } from '../../parts/changed.tsx';
import { Glyph, Sparkline } from '../../parts/svg.tsx';
import { addressOf } from '../../route/router.ts';
import { bucketLabel } from '../../show/buckets.ts';
import { changeText, exact, percent, percentExact, short } from '../../show/numbers.ts';
import { isShare, tileFigure } from './fields.ts';

export function BoardTile({ tile, metric, changes }: { readonly tile: Tile; readonly metric: Metric | null; readonly changes: Changes }) {
  const show = (value: unknown): string => shownValue(tile, value, false);
  const showExact = (value: unknown): string => shownValue(tile, value, true);
  const { target, compared } = tile;
  const figure = tileFigure(tile);
  const line = tile.line.map(({ value, complete }) => ({ value: value === null ? null : Number(value), complete }));
  // A target of another field of the metric says nothing about this one.
  const isOfField = target !== null && (tile.kind === 'kpi' || target.of === tile.field);
  const lineTarget = target !== null && target.per === undefined && target.of === tile.field ? target.value : null;
  return (
    <a class="tile" href={addressOf('figure', tile.metric)}>
      <span class="tile-name" data-tip={metric?.description ?? tile.definition}>
        <Glyph of={tile.kind} />
        {tile.title}
      </span>
      <span class="tile-field">{figure.words}</span>
      <span class="tile-value">
        <Changed
          changes={changes}
          at={figure.at}
          show={showExact}
          tip={[showExact(figure.value), figure.tip].filter((text) => text !== '').join('\n')}
        >
          {show(figure.value)}
        </Changed>
      </span>
      <span class={`tile-change ${sense(tile)}`} data-tip={comparedTip(tile, showExact)}>
        {figure.value === null
          ? 'no cohort is over yet'
          : compared === null || compared.change === null
            ? 'no time before to compare with'
            : changeText(compared.change)}
      </span>
      <Sparkline
        points={line}
        target={lineTarget}
        label={`${tile.title}, ${tile.line.length} buckets up to ${bucketLabel(tile.to, tile.unit, { long: true })}`}
      />
      <span class="tile-foot">
        <span data-tip={tile.owner === null ? undefined : `${tile.owner}${tile.ownerSince === null ? '' : `, since ${tile.ownerSince}`}`}>
          {tile.owner?.split('@')[0] ?? 'no owner'}
        </span>
        {target !== null && isOfField && (
          <span>
            target {target.direction === 'up' ? '≥' : '≤'} {show(target.value)}
            {target.per === undefined ? '' : ` per ${target.per}`}
          </span>
        )}
        {tile.asOf.stale && <span class="tile-stale">stale</span>}
      </span>
    </a>
  );
}

function shownValue(tile: Tile, value: unknown, isExact: boolean): string {
  if (value === null || (typeof value !== 'number' && typeof value !== 'string')) return '–';
  if (isShare(tile)) return isExact ? percentExact(Number(value)) : percent(Number(value));
  return isExact ? exact(value) : short(value);
}

/** Better or worse by the target's direction, in words for the class: never by colour alone, the arrow says it too. */
function sense({ compared, target }: Tile): string {
  const change = compared?.change ?? null;
  if (change === null || target === null || Math.abs(change) < 0.0005) return change === null ? 'dim' : 'neutral';
  return change > 0 === (target.direction === 'up') ? 'better' : 'worse';
}

function comparedTip({ compared, unit }: Tile, show: (value: unknown) => string): string | undefined {
  if (compared === null) return 'No bucket is over yet, or none lies before.';
  const range = (from: string, to: string): string => `${bucketLabel(from, unit, { long: true })} to ${bucketLabel(to, unit, { long: true })}`;
  const { from, to, value, previous } = compared;
  return `${range(from, to)}: ${show(value)}\n${range(previous.from, previous.to)}: ${show(previous.value)}\nonly buckets that are over`;
}
