/** What follows from the journal: which lineages are worked on and which are served. A pure fold of the entries. */
import type { Version } from '../ports/version.ts';
import { compareEntries, type DefinitionText, type JournalEntry, LOG_ORIGIN } from './entry.ts';

/** `catching_up`: worked on and never served. `kept`: served before, and worked on still, so that it can be served again. */
export type LineageStanding = 'catching_up' | 'serving' | 'kept' | 'retired';

export interface KnownLineage {
  readonly lineage: string;
  readonly set: string;
  readonly revision: string;
  /** As last described. */
  readonly files: readonly DefinitionText[];
  readonly origin: string;
  /** By partition, where a past from the archive ends; [] for the origin `log`. */
  readonly originPositions: readonly Version[];
  /**
   * Worked on in the consumer group that was always there, together with all others of which this is true: what was adopted, and what has become the only
   * lineage of its set since. Each other lineage has a group of its own. Once true it stays so.
   */
  readonly isCommon: boolean;
  readonly standing: LineageStanding;
  /** Epoch ms since when it stands so, and who decided it. */
  readonly sinceMs: number;
  readonly by: string;
}

/** The last switch of a set. */
export interface LineageSwitch {
  /** By partition: readers stay with the previous lineage until each head of the new one has reached these, and what they last served. */
  readonly positions: readonly Version[];
  readonly atMs: number;
  readonly by: string;
}

export interface SetState {
  readonly name: string;
  /** What readers serve, or go over to when there is a `switched`; null while the first lineage of a set catches up, and once the set was dropped. */
  readonly serving: KnownLineage | null;
  /** How `serving` came to be served; null when it was adopted. */
  readonly switched: LineageSwitch | null;
  /** What was served before it, unless it is retired: where a rollback goes. */
  readonly previous: KnownLineage | null;
  /** All that were ever named, in the order of their first entry. */
  readonly lineages: readonly KnownLineage[];
}

export interface JournalState {
  /** In the order of the names. */
  readonly sets: readonly SetState[];
  /** Of all sets: whatever is not retired. */
  readonly running: readonly KnownLineage[];
  /** Entries without effect, such as those of who decided second; never an error. */
  readonly ignored: readonly { readonly entry: JournalEntry; readonly why: string }[];
}

interface Lineage extends Omit<KnownLineage, 'standing' | 'sinceMs' | 'by' | 'files' | 'isCommon'> {
  files: readonly DefinitionText[];
  standing: LineageStanding;
  sinceMs: number;
  by: string;
  isCommon: boolean;
}

interface Folding {
  readonly lineages: Map<string, Lineage>;
  serving: Lineage | null;
  switched: LineageSwitch | null;
  /** Lineages that were served before, the latest last. */
  served: readonly Lineage[];
}

/** The order of `entries` does not matter, nor does one that comes twice. */
export function journalState(entries: readonly JournalEntry[]): JournalState {
  const sets = new Map<string, Folding>();
  const ignored: { readonly entry: JournalEntry; readonly why: string }[] = [];
  const byId = new Map(entries.map((entry) => [entry.id, entry]));
  for (const entry of [...byId.values()].sort(compareEntries)) {
    // It is about the log of all.
    if (entry.kind === 'epoch') continue;
    const folding = sets.get(entry.set) ?? { lineages: new Map(), serving: null, switched: null, served: [] };
    const why = apply(folding, entry);
    settle(folding);
    if (why !== null) ignored.push({ entry, why });
    if (folding.lineages.size > 0) sets.set(entry.set, folding);
  }
  const states = [...sets].sort(([left], [right]) => (left < right ? -1 : 1)).map(([name, folding]) => stateOf(name, folding));
  const running = states.flatMap(({ lineages }) => lineages.filter(({ standing }) => standing !== 'retired'));
  return { sets: states, running, ignored };
}

/** Why the entry has no effect, or null. */
function apply(folding: Folding, entry: JournalEntry): string | null {
  const known = folding.lineages.get(entry.lineage);
  if (entry.kind === 'adopt') return adopt(folding, entry);
  if (entry.kind === 'start') return start(folding, entry, known);
  if (entry.kind === 'drop') return drop(folding, entry);
  if (known === undefined) return `lineage ${entry.lineage} of ${entry.set} was never started`;
  if (entry.kind === 'switch') return switchTo(folding, entry, known);
  if (entry.kind === 'describe') {
    if (known.revision !== entry.revision) return `revision ${entry.revision} is not that of lineage ${entry.lineage}, ${known.revision}`;
    known.files = entry.files;
    return null;
  }
  if (known.standing === 'retired') return `lineage ${entry.lineage} is retired already`;
  if (known === folding.serving) return `lineage ${entry.lineage} is served`;
  stand(known, 'retired', entry);
  return null;
}

/** What is served and has nothing beside it needs no second reading of the log. A past from the archive is read by a group of its own. */
function settle({ serving, lineages }: Folding): void {
  if (serving === null || serving.origin !== LOG_ORIGIN) return;
  if ([...lineages.values()].every((each) => each === serving || each.standing === 'retired')) serving.isCommon = true;
}

/** Workers that begin at the same time adopt alike; the first counts. */
function adopt(folding: Folding, entry: JournalEntry): string | null {
  if (folding.lineages.size > 0) return `the journal speaks of ${entry.set} already`;
  folding.serving = newLineage(entry, { isCommon: true, standing: 'serving' });
  folding.lineages.set(entry.lineage, folding.serving);
  return null;
}

function start(folding: Folding, entry: JournalEntry, known: Lineage | undefined): string | null {
  if (known === undefined) {
    folding.lineages.set(entry.lineage, newLineage(entry, { isCommon: false, standing: 'catching_up' }));
    return null;
  }
  if (known.standing !== 'retired') return `lineage ${entry.lineage} is worked on already`;
  stand(known, 'catching_up', entry);
  known.files = entry.files;
  return null;
}

/** A later start begins the set anew. */
function drop(folding: Folding, entry: JournalEntry): string | null {
  const running = [...folding.lineages.values()].filter(({ standing }) => standing !== 'retired');
  if (running.length === 0) return `nothing of ${entry.set} is served or worked on`;
  for (const each of running) stand(each, 'retired', entry);
  Object.assign(folding, { serving: null, switched: null, served: [] } satisfies Partial<Folding>);
  return null;
}

function switchTo(folding: Folding, entry: JournalEntry, known: Lineage): string | null {
  if (known.standing === 'retired') return `lineage ${entry.lineage} is retired`;
  if (known === folding.serving) return `lineage ${entry.lineage} is served already`;
  if (folding.serving !== null) {
    stand(folding.serving, 'kept', entry);
    folding.served = [...folding.served.filter((each) => each !== known), folding.serving];
  }
  stand(known, 'serving', entry);
  folding.serving = known;
  folding.switched = { positions: entry.positions, atMs: entry.atMs, by: entry.by };
  return null;
}

function newLineage(entry: JournalEntry, as: Pick<Lineage, 'isCommon' | 'standing'>): Lineage {
  const { lineage, set, revision, files, origin, positions, atMs, by } = entry;
  return { lineage, set, revision, files, origin, originPositions: positions, ...as, sinceMs: atMs, by };
}

function stand(lineage: Lineage, standing: LineageStanding, { atMs, by }: JournalEntry): void {
  lineage.standing = standing;
  lineage.sinceMs = atMs;
  lineage.by = by;
}

function stateOf(name: string, { lineages, serving, switched, served }: Folding): SetState {
  const previous = served.findLast(({ standing }) => standing === 'kept') ?? null;
  return { name, serving, switched, previous, lineages: [...lineages.values()] };
}
