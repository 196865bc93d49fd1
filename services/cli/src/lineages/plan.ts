/** What applying a definition file would do: which metrics change in which fields, and whether anything is rebuilt. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { DEFAULT_SETTINGS, type FoldSettings, lineageOf, type MetricSet } from '@tidemark/core';
import { compareSets, parseMetricSets, problemLine, type SetChange } from '@tidemark/definitions';
import { type DefinitionText, type JournalState, type KnownLineage, LOG_ORIGIN, type SetState } from '@tidemark/pipeline';
import { exitCodes, exitError } from '@tidemark/runtime';
import { readMetricSets } from '../definition-files.ts';

/**
 * `nothing`: it is served as it stands. `describe`: same cells, other words. `start`: a lineage begins. `go_on`: it is catching up already.
 * `return`: it was served before and has been worked on since.
 */
export type Act = 'nothing' | 'describe' | 'start' | 'go_on' | 'return';

export interface Plan {
  readonly path: string;
  readonly file: DefinitionText;
  readonly set: MetricSet;
  /** That the file's set has. */
  readonly lineage: string;
  /** What the journal says of the set; null when nothing. */
  readonly state: SetState | null;
  readonly serving: KnownLineage | null;
  /** What is served; null when nothing is, or when this release does not accept it any more. */
  readonly before: MetricSet | null;
  readonly change: SetChange;
  /** Everything is rebuilt whatever the file says: the served lineage was begun by another release or with another lateness. */
  readonly otherFold: boolean;
  /** One of the two has a past from the archive in time order, the other one another past: what came late counts in one of them. */
  readonly otherPast: boolean;
  readonly act: Act;
}

export function settingsOf({ latenessMs }: { readonly latenessMs: number }): FoldSettings {
  return { ...DEFAULT_SETTINGS, latenessMs };
}

/** Throws an exit error (3) with every mistake of the file, and for a metric's id that another served set has. */
export function planOf(path: string, state: JournalState, settings: FoldSettings): Plan {
  const [set] = readMetricSets([path]);
  if (set === undefined) throw exitError(exitCodes.config, `${path} makes no set`);
  const file = { name: basename(path), text: readFileSync(path, 'utf8') };
  refuseTakenIds(path, set, state);
  const ofSet = state.sets.find(({ name }) => name === set.name) ?? null;
  const built = builtFrom(set, ofSet, settings);
  const lineage = built?.lineage ?? lineageOf(set, settings);
  const serving = ofSet?.serving ?? null;
  const before = serving === null ? null : knownSet(serving);
  return {
    ...{ path, file, set, lineage, state: ofSet, serving, before },
    change: compareSets(before, set),
    otherPast: serving !== null && serving.origin !== (built?.origin ?? LOG_ORIGIN),
    otherFold: serving !== null && (before === null || lineageOf(before, settings, serving.origin) !== serving.lineage),
    act: actOf(lineage, file, ofSet),
  };
}

/** What rebuild has made of these very definitions: the latest that catches up, else that which is served. Null: the set begins with the log. */
function builtFrom(set: MetricSet, state: SetState | null, settings: FoldSettings): KnownLineage | null {
  const built = (state?.lineages ?? []).filter((known) => known.standing !== 'retired' && isBuiltFrom(known, set, settings));
  const catching = built.findLast(({ standing }) => standing === 'catching_up');
  return catching ?? built.find(({ standing }) => standing === 'serving') ?? null;
}

/** The same definitions, and a past from the archive. */
export function isBuiltFrom({ origin, lineage }: KnownLineage, set: MetricSet, settings: FoldSettings): boolean {
  return origin !== LOG_ORIGIN && lineageOf(set, settings, origin) === lineage;
}

function actOf(lineage: string, file: DefinitionText, state: SetState | null): Act {
  const known = state?.lineages.find((each) => each.lineage === lineage);
  if (known === undefined || known.standing === 'retired') return 'start';
  if (known.standing === 'catching_up') return 'go_on';
  if (known.standing === 'kept') return 'return';
  return saysTheSame(known, file) ? 'nothing' : 'describe';
}

/** Why applying must not begin with the log just so, or null: what came late counts in what is served, and would count no more. */
export function refusalOf({ act, otherPast, path, set }: Pick<Plan, 'act' | 'otherPast' | 'path' | 'set'>): string | null {
  if (act !== 'start' || !otherPast) return null;
  return `${set.name} was rebuilt from the archive, so that what came late counts; apply would begin with the log again and lose it. Run tidemark rebuild ${path}, then apply; --from-log begins with the log all the same`;
}

/** Whether the journal has these very words for a lineage. */
export function saysTheSame({ files }: KnownLineage, file: DefinitionText): boolean {
  return files.some(({ text }) => text === file.text);
}

/** The set of a lineage of the journal; null when this release does not accept its text. */
export function knownSet({ files, set: name }: KnownLineage): MetricSet | null {
  const texts = new Map(files.map((file) => [file.name, file.text]));
  const parsed = parseMetricSets([...texts.keys()], (file) => texts.get(file) ?? '');
  return parsed.ok ? (parsed.sets.find((set) => set.name === name) ?? null) : null;
}

/** Ids are those of the API: each belongs to one set. */
function refuseTakenIds(path: string, set: MetricSet, { sets }: JournalState): void {
  const problems = sets.flatMap(({ name, serving }) => {
    if (name === set.name || serving === null) return [];
    const taken = new Set(knownSet(serving)?.metrics.map(({ id }) => id));
    return set.metrics.flatMap(({ id }) =>
      taken.has(id)
        ? [{ file: path, line: 1, column: 1, path: '', message: `metric ${id} stands in the set ${name} as well: give one of them another id` }]
        : [],
    );
  });
  if (problems.length > 0) throw exitError(exitCodes.config, problems.map(problemLine).join('\n'));
}

/** Of a lineage that begins with the log. */
export const FROM_LOG = { origin: LOG_ORIGIN, positions: [] } as const;
