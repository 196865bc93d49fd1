/** Metric sets: those that the configuration names, and those that the journal keeps. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { type FoldSettings, lineageOf, type MetricSet } from '@tidemark/core';
import { parseMetricSets, problemLine } from '@tidemark/definitions';
import { type DefinitionText, isOrigin, type KnownLineage } from '@tidemark/pipeline';
import { exitCodes, exitError } from '@tidemark/runtime';

/** A set as the configuration names it. */
export interface ConfiguredSet {
  readonly set: MetricSet;
  /** The lineage that it would have from the log's beginning. */
  readonly lineage: string;
  readonly file: DefinitionText;
  /** As configured. */
  readonly path: string;
}

/** `list`: file names, comma-separated. Throws one error with exit code 3 that lists every mistake of every file. */
export function readSets(list: string, settings: FoldSettings): readonly ConfiguredSet[] {
  const paths = list.split(',').flatMap((file) => (file.trim() === '' ? [] : [file.trim()]));
  const texts = new Map<string, string>();
  const parsed = parseMetricSets(paths, (path) => {
    const text = readFileSync(path, 'utf8');
    texts.set(path, text);
    return text;
  });
  if (!parsed.ok) throw exitError(exitCodes.config, parsed.problems.map(problemLine).join('\n'));
  return parsed.sets.map((set, index) => {
    const path = paths[index] ?? '';
    return { set, lineage: lineageOf(set, settings), file: { name: basename(path), text: texts.get(path) ?? '' }, path };
  });
}

export type FoundSet = { readonly ok: true; readonly set: MetricSet } | { readonly ok: false; readonly why: string };

/** The set that a lineage of the journal folds; `why` says what keeps this program with these settings from folding it. */
export function setOf(known: KnownLineage, settings: FoldSettings): FoundSet {
  const { files, origin, lineage } = known;
  if (!isOrigin(origin)) return { ok: false, why: `its past comes from ${origin}, which this release cannot read` };
  const texts = new Map(files.map(({ name, text }) => [name, text]));
  const parsed = parseMetricSets([...texts.keys()], (name) => texts.get(name) ?? '');
  if (!parsed.ok)
    return { ok: false, why: `this release does not accept its definitions: ${parsed.problems.slice(0, 3).map(problemLine).join('; ')}` };
  const set = parsed.sets.find(({ name }) => name === known.set);
  if (set === undefined) return { ok: false, why: `its files make no set ${known.set}` };
  const own = lineageOf(set, settings, origin);
  if (own !== lineage)
    return { ok: false, why: `another release, or another TIDEMARK_LATENESS, began it: here these definitions are lineage ${own}` };
  return { ok: true, set };
}
