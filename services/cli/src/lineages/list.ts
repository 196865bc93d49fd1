/** `lineages`: every lineage that the journal names, where it stands, and who decided so. */
import { isoInstant } from '@tidemark/core';
import { type JournalState, type KnownLineage, type LogBounds, splitVersion } from '@tidemark/pipeline';
import { type ExitCode, exitCodes, formatCount, printable } from '@tidemark/runtime';
import type { Deployment } from '../operate/deployment.ts';
import type { Output } from '../terminal-output.ts';
import { foldedOf, type Place, placeOf } from './catch-up.ts';
import { openLineages } from './open.ts';

export interface ListedLineage {
  readonly set: string;
  readonly lineage: string;
  readonly revision: string;
  readonly standing: KnownLineage['standing'];
  readonly origin: string;
  /** ISO, UTC. */
  readonly since: string;
  readonly by: string;
  /** Records folded, over all partitions. */
  readonly records: number;
  /** To the end of the log; null where it cannot be asked, and of what is retired. */
  readonly lag: number | null;
  readonly positions: readonly number[];
  readonly halted: readonly string[];
}

export async function listLineages(deployment: Deployment, { json }: { readonly json: boolean }, output: Output): Promise<ExitCode> {
  const opened = await openLineages(deployment, output);
  try {
    const state: JournalState = await opened.state();
    const bounds = await opened.bounds();
    const known = state.sets.flatMap(({ lineages }) => lineages);
    const listed = await Promise.all(known.map(async (each) => listedOf(each, await placeOf(each.lineage, opened), bounds)));
    if (json) output.data(JSON.stringify({ lineages: listed }));
    else for (const line of tableOf(listed)) output.data(line);
    if (known.length === 0) output.message('the journal is empty: a worker adopts the sets of TIDEMARK_METRICS when it starts');
    return exitCodes.ok;
  } finally {
    await opened.close();
  }
}

export function listedOf(known: KnownLineage, place: Place, bounds: ReadonlyMap<number, LogBounds> | null): ListedLineage {
  const { set, lineage, revision, standing, origin, sinceMs, by } = known;
  const positions = place.closed.map((version) => splitVersion(version).next);
  const ends = bounds === null || standing === 'retired' ? null : [...bounds.values()].reduce((sum, { high }) => sum + high, 0);
  const records = foldedOf(place);
  return {
    ...{ set, lineage, revision, standing, origin, since: isoInstant(sinceMs), by, records },
    ...{ lag: ends === null ? null : Math.max(0, ends - records), positions, halted: standing === 'retired' ? [] : place.halted },
  };
}

const WORDS: Readonly<Record<KnownLineage['standing'], string>> = {
  catching_up: 'catching up',
  serving: 'serving',
  kept: 'kept',
  retired: 'retired',
};

/** Columns as wide as what stands in them. */
export function tableOf(listed: readonly ListedLineage[]): readonly string[] {
  const rows = listed.map(({ set, lineage, revision, standing, records, lag, since, by, halted }) => [
    set,
    lineage,
    revision,
    halted.length > 0 ? `${WORDS[standing]}, halted` : WORDS[standing],
    formatCount(records),
    lag === null ? '-' : formatCount(lag),
    since,
    printable(by, 40),
  ]);
  if (rows.length === 0) return [];
  const all = [['set', 'lineage', 'revision', 'state', 'records', 'lag', 'since', 'by'], ...rows];
  const widths = (all[0] ?? []).map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
