/** Which sets are to be served: those of the definition files, until the journal of lineages says otherwise. */
import { readFileSync } from 'node:fs';
import { DEFAULT_SETTINGS, type FoldSettings, lineageOf, type MetricSet } from '@tidemark/core';
import { parseMetricSet, parseMetricSets, problemLine } from '@tidemark/definitions';
import type { DefinitionText, JournalState, KnownLineage, PlannedLineage, PlannedSet, ServedSet, SetState } from '@tidemark/pipeline';
import { exitCodes, exitError } from '@tidemark/runtime';

/** Names each set's lineage as the worker does. Throws with exit code 3 and every mistake of every file. The settings must equal the worker's: other settings are another lineage, with no rows. */
export function readMetricSets(files: readonly string[], settings: { latenessMs: number }): readonly ServedSet[] {
  const parsed = parseMetricSets(files, (file) => readFileSync(file, 'utf8'));
  if (!parsed.ok) throw exitError(exitCodes.config, `the definitions cannot be used:\n${parsed.problems.map(problemLine).join('\n')}`);
  return parsed.sets.map((set) => ({ set, lineage: lineageOf(set, foldSettings(settings)) }));
}

export interface Planner {
  /** The sets of the files in their order, then those that only the journal knows. `state` is null before the journal has been read. */
  plan(state: JournalState | null): readonly PlannedSet[];
}

/** Of one text one set, so that whoever compares sees when nothing has changed. */
export function createPlanner(files: readonly ServedSet[], settings: { latenessMs: number }): Planner {
  const known = new Map<string, MetricSet | null>();
  const read = (lineage: KnownLineage): MetricSet | null => {
    const key = JSON.stringify([lineage.lineage, lineage.files]);
    const set = known.get(key);
    if (set !== undefined) return set;
    const made = setOf(lineage, foldSettings(settings));
    known.set(key, made);
    return made;
  };
  return {
    plan: (state) => {
      const decided = new Map((state?.sets ?? []).map((set) => [set.name, set]));
      const ofFiles = files.map((served) => {
        const set = decided.get(served.set.name);
        decided.delete(served.set.name);
        return set === undefined ? plannedByFile(served) : planned(set, read);
      });
      return [...ofFiles, ...[...decided.values()].map((set) => planned(set, read))];
    },
  };
}

function plannedByFile({ set, lineage }: ServedSet): PlannedSet {
  const { name, revision } = set;
  const only: PlannedLineage = { lineage, revision, set, standing: 'serving', sinceMs: null, by: null };
  return { name, target: lineage, positions: [], previous: null, lineages: [only] };
}

function planned({ name, serving, switched, previous, lineages }: SetState, read: (lineage: KnownLineage) => MetricSet | null): PlannedSet {
  return {
    name,
    target: serving?.lineage ?? null,
    positions: switched?.positions ?? [],
    previous: previous?.lineage ?? null,
    lineages: lineages.map((known): PlannedLineage => {
      const { lineage, revision, origin, standing, sinceMs, by } = known;
      return { lineage, revision, set: read(known), origin, standing, sinceMs, by };
    }),
  };
}

/** Null when these words do not make this lineage here: another release folded it, or with other settings, and what its rows mean is not known. */
function setOf({ set: name, lineage, files, origin }: KnownLineage, settings: FoldSettings): MetricSet | null {
  const set = files.map(parsed).find((each) => each?.name === name) ?? null;
  return set !== null && lineageOf(set, settings, origin) === lineage ? set : null;
}

function parsed({ name, text }: DefinitionText): MetricSet | null {
  const outcome = parseMetricSet(text, { file: name });
  return outcome.ok ? outcome.set : null;
}

function foldSettings({ latenessMs }: { latenessMs: number }): FoldSettings {
  return { ...DEFAULT_SETTINGS, latenessMs };
}
