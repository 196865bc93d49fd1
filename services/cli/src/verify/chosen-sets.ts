/** Which sets and metrics a verification looks at. */
import { type FoldSettings, lineageOf, type MetricSet, measuredMetrics } from '@tidemark/core';
import { LOG_ORIGIN } from '@tidemark/pipeline';
import { exitCodes, exitError, nearestName } from '@tidemark/runtime';

export interface ChosenSet {
  readonly set: MetricSet;
  readonly lineage: string;
  /** Where its past comes from. */
  readonly origin: string;
  /** Ids of the metrics whose rows are compared; undefined: all. */
  readonly metrics?: readonly string[];
}

interface Wanted {
  readonly sets: readonly string[];
  readonly metric?: string | undefined;
  readonly settings: FoldSettings;
  /** By the journal: what is served of a set may have a past from the archive. */
  readonly served: readonly { readonly lineage: string; readonly origin: string }[];
}

/** The one that is served of these very definitions, else that which begins with the log. */
function lineageIn(set: MetricSet, { settings, served }: Wanted): Pick<ChosenSet, 'lineage' | 'origin'> {
  const built = served.find(({ lineage, origin }) => lineageOf(set, settings, origin) === lineage);
  const origin = built?.origin ?? LOG_ORIGIN;
  return { lineage: lineageOf(set, settings, origin), origin };
}

/** A formula has no rows of its own: those of the metrics that it names are compared. Throws an exit error (2) for a name that nobody has. */
export function chooseSets(sets: readonly MetricSet[], wanted: Wanted): readonly ChosenSet[] {
  const names = sets.map(({ name }) => name);
  for (const name of wanted.sets) if (!names.includes(name)) throw unknown('set', name, names);
  const chosen = sets.filter(({ name }) => wanted.sets.length === 0 || wanted.sets.includes(name));
  const { metric: id } = wanted;
  if (id === undefined) return chosen.map((set) => ({ set, ...lineageIn(set, wanted) }));
  const found = chosen.flatMap((set) => {
    const metric = set.metrics.find((one) => one.id === id);
    if (metric === undefined) return [];
    return [{ set, ...lineageIn(set, wanted), metrics: measuredMetrics(set, metric).map((measured) => measured.id) }];
  });
  if (found.length > 0) return found;
  const ids = chosen.flatMap(({ metrics }) => metrics.map((metric) => metric.id));
  throw unknown('metric', id, ids);
}

function unknown(what: string, name: string, known: readonly string[]): Error {
  const near = nearestName(name, known);
  const hint = near === undefined ? `known are ${known.join(', ')}` : `did you mean ${near}?`;
  return exitError(exitCodes.usage, `no ${what} is called ${JSON.stringify(name)}: ${hint}`);
}
