/** Figures by question and position: while no partition has moved, an answer is not computed again. */
import type { Figures } from './envelope.ts';
import { type ChosenHead, isSamePrefix } from './read.ts';

/** Figures and the heads that they were read at, in the order of the partitions. */
export interface CachedFigures extends Figures {
  readonly heads: readonly ChosenHead[];
  readonly readAtMs: number;
}

export interface FigureCache {
  /** Figures at the given heads, or a moment ahead of them: heads are polled, so a read may have seen more than the last poll. */
  find(key: string, heads: readonly ChosenHead[], nowMs: number): CachedFigures | null;
  put(key: string, figures: CachedFigures): void;
}

/** How long figures ahead of the polled heads are believed: a store that was set back must not be hidden behind them. */
const AHEAD_MS = 1_500;

/** Holds the answers used last, bounded by their number and by their figures together. */
export function createFigureCache(bounds: { maxAnswers: number; maxFigures: number }): FigureCache {
  const entries = new Map<string, { figures: CachedFigures; weight: number }>();
  let weight = 0;
  const drop = (key: string): void => {
    weight -= entries.get(key)?.weight ?? 0;
    entries.delete(key);
  };
  return {
    find(key, heads, nowMs) {
      const entry = entries.get(key);
      if (entry === undefined || !isCurrent(entry.figures, heads, nowMs)) return null;
      entries.delete(key);
      entries.set(key, entry);
      return entry.figures;
    },
    put(key, figures) {
      drop(key);
      const own = countLeaves(figures.answer) + countLeaves(figures.previous);
      if (own > bounds.maxFigures) return;
      entries.set(key, { figures, weight: own });
      weight += own;
      for (const [oldest] of entries) {
        if (entries.size <= bounds.maxAnswers && weight <= bounds.maxFigures) break;
        drop(oldest);
      }
    },
  };
}

function isCurrent(cached: CachedFigures, heads: readonly ChosenHead[], nowMs: number): boolean {
  let ahead = false;
  for (const [index, { head }] of heads.entries()) {
    const own = cached.heads[index]?.head;
    if (own === undefined || own.closed < head.closed) return false;
    if (own.closed > head.closed) ahead = true;
    else if (!isSamePrefix(own, head)) return false;
  }
  return !ahead || nowMs - cached.readAtMs <= AHEAD_MS;
}

/** Of plain data. A histogram has thousands of records of one shape: the first one is counted for all. */
function countLeaves(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1;
  let leaves = 0;
  if (!Array.isArray(value)) for (const name in value) leaves += countLeaves(Reflect.get(value, name));
  else if (isFlat(value[0])) return value.length * countLeaves(value[0]);
  else for (let index = 0; index < value.length; index++) leaves += countLeaves(value[index]);
  return leaves;
}

function isFlat(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  for (const name in value) if (typeof Reflect.get(value, name) === 'object') return false;
  return true;
}
