/** What a rebuild is asked to build: the set of a file or of the journal, and up to where. */
import { readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import type { FoldSettings, MetricSet } from '@tidemark/core';
import { type DefinitionText, type JournalState, readOrigin } from '@tidemark/pipeline';
import { exitCodes, exitError } from '@tidemark/runtime';
import { readMetricSets } from '../definition-files.ts';
import { isBuiltFrom, knownSet } from '../lineages/plan.ts';
import { unknownSet } from '../lineages/rollback.ts';

export interface WhatToRebuild {
  readonly set: MetricSet;
  readonly file: DefinitionText;
  /** By partition; null: as far as the archive reaches now. */
  readonly positions: readonly number[] | null;
  /** Of the set, built from the archive, and neither served nor retired. */
  readonly running: readonly string[];
}

/** Throws an exit error: 2 for a set that nobody knows, 3 for a file with mistakes, 1 when there is nothing to build again. */
export function whatToRebuild(
  { what, again }: { readonly what: string; readonly again: boolean },
  state: JournalState,
  settings: FoldSettings,
): WhatToRebuild {
  const { set, file } = statSync(what, { throwIfNoEntry: false })?.isFile() === true ? fromFile(what) : fromJournal(what, state);
  const ofSet = state.sets.find(({ name }) => name === set.name);
  const built = (ofSet?.lineages ?? []).filter((known) => known.standing !== 'retired' && isBuiltFrom(known, set, settings));
  const running = built.filter(({ standing }) => standing === 'catching_up').map(({ lineage }) => lineage);
  if (!again) return { set, file, positions: null, running };
  const before = built.find(({ standing }) => standing === 'serving') ?? built.at(-1);
  if (before === undefined)
    throw exitError(exitCodes.failed, `no lineage of ${set.name} was built from the archive with these definitions: run it without --again`);
  return { set, file, positions: readOrigin(before.origin)?.positions ?? null, running };
}

function fromFile(path: string): Pick<WhatToRebuild, 'set' | 'file'> {
  const [set] = readMetricSets([path]);
  if (set === undefined) throw exitError(exitCodes.config, `${path} makes no set`);
  return { set, file: { name: basename(path), text: readFileSync(path, 'utf8') } };
}

function fromJournal(name: string, { sets }: JournalState): Pick<WhatToRebuild, 'set' | 'file'> {
  const of = sets.find((each) => each.name === name);
  const known = of?.serving ?? of?.lineages.at(-1);
  if (known === undefined) throw unknownSet(name, sets);
  const set = knownSet(known);
  const [file] = known.files;
  if (set === null || file === undefined)
    throw exitError(exitCodes.config, `this release does not accept the definitions that the journal has of ${name}: name a file instead`);
  return { set, file };
}
