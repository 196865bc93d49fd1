/** Which lineages a deployment works on, and which others left figures behind. */
import { type ClickHouseConnection, createClickHouseLineageJournal, publishedLineages } from '@tidemark/clickhouse';
import { DEFAULT_SETTINGS, lineageOf, type MetricSet } from '@tidemark/core';
import { journalState } from '@tidemark/pipeline';
import { exitCodes, exitError } from '@tidemark/runtime';
import { readMetricSets } from '../definition-files.ts';
import type { Deployment } from './deployment.ts';

export interface KnownLineage {
  readonly lineage: string;
  /** The set's name; null of what neither the journal nor the definition files know. */
  readonly set: string | null;
  /** Somebody works on it, so that standing still is a fault. */
  readonly isRunning: boolean;
}

/** The journal decides where there is one; before its first entry the definition files do. Those that run come first. */
export async function knownLineages(deployment: Deployment, clickhouse: ClickHouseConnection | null): Promise<readonly KnownLineage[]> {
  const told = clickhouse === null ? [] : await fromJournal(clickhouse);
  const running = told.some(({ isRunning }) => isRunning) ? [] : fromFiles(readMetricSets(deployment.metrics), deployment.latenessMs);
  const published = clickhouse === null ? [] : await publishedLineages(clickhouse);
  const known = new Map<string, KnownLineage>();
  for (const each of [...running, ...told]) if (!known.has(each.lineage)) known.set(each.lineage, each);
  for (const lineage of published) if (!known.has(lineage)) known.set(lineage, { lineage, set: null, isRunning: false });
  return [...known.values()].sort((a, b) => Number(b.isRunning) - Number(a.isRunning));
}

/** The one that the text names: a lineage, its beginning, or a set of which only one lineage runs. Throws an exit error (2) otherwise. */
export function chosenLineage(known: readonly KnownLineage[], text: string): KnownLineage {
  const bySet = known.filter(({ set, isRunning }) => set === text && isRunning);
  const found = bySet.length > 0 ? bySet : known.filter(({ lineage }) => lineage.startsWith(text));
  const [only] = found;
  if (only !== undefined && found.length === 1 && text !== '') return only;
  const names = (found.length > 1 ? found : known).map(({ lineage, set }) => `${lineage} (${set ?? 'of no set here'})`);
  const what = found.length > 1 ? 'names several lineages' : 'is neither a lineage nor a set that runs here';
  throw exitError(exitCodes.usage, `${JSON.stringify(text)} ${what}: ${names.length === 0 ? 'there is none' : names.join(', ')}`);
}

function fromFiles(sets: readonly MetricSet[], latenessMs: number): readonly KnownLineage[] {
  return sets.map((set) => ({ lineage: lineageOf(set, { ...DEFAULT_SETTINGS, latenessMs }), set: set.name, isRunning: true }));
}

async function fromJournal(clickhouse: ClickHouseConnection): Promise<readonly KnownLineage[]> {
  const { entries } = await createClickHouseLineageJournal(clickhouse).read();
  const { sets } = journalState(entries);
  return sets.flatMap(({ lineages }) => lineages.map(({ lineage, set, standing }) => ({ lineage, set, isRunning: standing !== 'retired' })));
}
