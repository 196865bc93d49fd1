/** Options of the language that are understood and not built yet: each is refused at its place, and taken away so that the rest is still checked. */

import type { LaterOption } from './kinds/kind.ts';
import { isKind, kinds, laterKinds } from './kinds/registry.ts';
import type { Mistake, Path } from './problem.ts';

const FILE_LATER: readonly LaterOption[] = [
  { at: 'actor', what: 'actor (company actors need a topic keyed by company); leave it out, and people are counted' },
];

const METRIC_LATER: readonly LaterOption[] = [
  { at: 'actor', what: 'actor (company actors need a topic keyed by company); leave it out, and people are counted' },
];

export interface LaterFound {
  readonly mistakes: readonly Mistake[];
  /** Indexes of metrics whose whole kind is still to come. */
  readonly metrics: ReadonlySet<number>;
}

/** Finds them and removes them from `data`, which is changed in place. */
export function takeLater(data: unknown): LaterFound {
  const mistakes: Mistake[] = [];
  const metrics = new Set<number>();
  const take = (root: unknown, prefix: Path, options: readonly LaterOption[]): void => {
    for (const option of options) takeOption(root, prefix, option.at.split('.'), option, mistakes);
  };
  take(data, [], FILE_LATER);
  for (const [index, metric] of listAt(data, 'metrics').entries()) {
    if (!isRecord(metric)) continue;
    const { kind } = metric;
    if (isKind(kind)) take(metric, ['metrics', index], [...METRIC_LATER, ...kinds[kind].later]);
    else if (typeof kind === 'string' && laterKinds.includes(kind)) {
      metrics.add(index);
      mistakes.push({
        path: ['metrics', index, 'kind'],
        at: 'value',
        message: `not supported yet: kind '${kind}'; the kinds so far are ${Object.keys(kinds).join(', ')}`,
      });
    }
  }
  return { mistakes, metrics };
}

function takeOption(node: unknown, path: Path, rest: readonly string[], option: LaterOption, mistakes: Mistake[]): void {
  const [next, ...after] = rest;
  if (next === undefined || typeof node !== 'object' || node === null) return;
  if (Array.isArray(node)) {
    if (next !== '*') return;
    for (let index = node.length - 1; index >= 0; index--) {
      if (after.length > 0) takeOption(node[index], [...path, index], after, option, mistakes);
      else if (isMeant(option, node[index])) {
        mistakes.push(refusal([...path, index], option));
        node.splice(index, 1);
      }
    }
    return;
  }
  if (!isRecord(node)) return;
  for (const key of next === '*' ? Object.keys(node) : [next].filter((name) => Object.hasOwn(node, name))) {
    if (after.length > 0) takeOption(node[key], [...path, key], after, option, mistakes);
    else if (isMeant(option, node[key])) {
      mistakes.push(refusal([...path, key], option));
      delete node[key];
    }
  }
}

function isMeant({ isLater }: LaterOption, value: unknown): boolean {
  return isLater === undefined || isLater(value);
}

function refusal(path: Path, { what }: LaterOption): Mistake {
  return { path, at: 'key', message: `not supported yet: ${what}` };
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function listAt(data: unknown, key: string): readonly unknown[] {
  const value = isRecord(data) ? data[key] : undefined;
  return Array.isArray(value) ? value : [];
}
