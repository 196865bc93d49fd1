/** What a tile shows of its figure: which number, what it is called, whether it is a share. */
import type { Tile } from '@tidemark/query/client';
import { exact, saysShare } from '../../show/numbers.ts';

const SHARES = new Set(['rate', 'ofFirst', 'ofPrevious']);
/** Counts of people who are there at the end of a bucket: the newest says how many, a sum of them nothing. */
const STANDING = new Set(['ever', 'rolling']);
/** Counts of people per bucket: their mean says how many, their sum counts the same people again. */
const PER_BUCKET = new Set(['active', 'new', 'returning', 'resurrecting', 'dormant', 'churned']);

interface TileFigure {
  readonly value: number | string | null;
  /** What the value is, in a few words below the title. */
  readonly words: string;
  /** Which part of the tile it comes from: its changes are looked up there. */
  readonly at: string;
  /** More about it, for the tooltip. */
  readonly tip: string;
}

/** A ratio may be larger than 1, so it is a share only where its title says so. */
export function isShare({ field, kind, title }: Pick<Tile, 'field' | 'kind' | 'title'>): boolean {
  const parts = field.split('.');
  return SHARES.has(parts.at(-1) ?? '') || parts[0] === 'stickiness' || (kind === 'kpi' && saysShare(title));
}

export function tileFigure(tile: Tile): TileFigure {
  const { field, kind, line, unit, value } = tile;
  const at = `tiles.${tile.tile}.value`;
  const [name = ''] = field.split('.');
  const last = line.at(-1);
  if (kind === 'activity' && STANDING.has(name) && last !== undefined)
    return { value: last.value, at, words: name === 'ever' ? 'people so far' : withinWords(field, unit), tip: `at the end of the newest ${unit}` };
  if (kind === 'activity' && PER_BUCKET.has(name) && value !== null && line.length > 0)
    return {
      value: Number(value) / line.length,
      at,
      words: `${name}, per ${unit}, mean`,
      tip: `${exact(value)} in ${line.length} ${unit}s, people counted once each ${unit}`,
    };
  return { value, at, words: fieldInWords(tile), tip: '' };
}

function fieldInWords({ kind, field, unit, line, title }: Tile): string {
  const [name = '', part = '', last = ''] = field.split('.');
  if (kind === 'retention') return `${last === 'rate' ? 'back' : last} after ${part} ${plural(unit, Number(part))}, pooled`;
  if (kind === 'funnel')
    return last === 'ofFirst'
      ? `reach step ${part}, of those who began`
      : last === 'ofPrevious'
        ? `go on to step ${part}`
        : `${last} of step ${part}`;
  if (kind === 'activation') return `${(last === '' ? part : last).replace('rate', 'activated')}, pooled`;
  if (kind === 'activity') return name === 'uniques' ? `people in ${line.length} ${unit}s` : withinWords(field, unit);
  return saysShare(title) || field !== '' ? `over ${line.length} ${plural(unit, line.length)}` : `in ${line.length} ${plural(unit, line.length)}`;
}

function withinWords(field: string, unit: string): string {
  const [name = '', part = ''] = field.split('.');
  return name === 'stickiness' ? `come on a ${unit}, of those within ${part}` : `active within ${part} ${plural(unit, Number(part))}`;
}

function plural(unit: string, count: number): string {
  return count === 1 ? unit : `${unit}s`;
}
