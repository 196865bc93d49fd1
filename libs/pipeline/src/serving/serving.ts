/** Which lineage of each set is served now, and the step from one to the next, in which no answer is of both and no position falls. */
import type { MetricSet } from '@tidemark/core';
import type { ServedHead } from '../answer/envelope.ts';
import type { HeadWatch } from '../answer/head-watch.ts';
import type { LineageStanding } from '../lineages/state.ts';
import type { Head } from '../ports/sink.ts';
import { splitVersion, type Version } from '../ports/version.ts';
import { type Catalogue, createCatalogue, type ServedSet } from './catalogue.ts';
import { createHolds } from './holds.ts';
import { createProgressMemory, type Progress } from './progress.ts';

/** A lineage as it was decided. */
export interface PlannedLineage {
  readonly lineage: string;
  /** Of the set. */
  readonly revision: string;
  /** Null: this release cannot read its definitions, so it cannot be answered from. */
  readonly set: MetricSet | null;
  /** Default: the log. */
  readonly origin?: string;
  readonly standing: LineageStanding;
  /** Epoch ms since when it stands so, and who decided it; null where nobody did. */
  readonly sinceMs: number | null;
  readonly by: string | null;
}

/** A set as it is to be served. */
export interface PlannedSet {
  readonly name: string;
  /** The lineage to serve; null while the first one catches up, and once the set was dropped. */
  readonly target: string | null;
  /** By partition: below these it is not served. [] for none. */
  readonly positions: readonly Version[];
  /** What was served before it: who begins to serve while the target is behind begins with this one. */
  readonly previous: string | null;
  /** All that are known, oldest first. */
  readonly lineages: readonly PlannedLineage[];
}

export interface ServingOptions {
  readonly partitions: readonly number[];
  readonly nowMs: () => number;
  /** Another lineage of a set is served from now on; `from` is null for a set that was not served before. */
  readonly switched?: (change: { readonly set: string; readonly from: string | null; readonly to: string }) => void;
  /** A set is served no more. */
  readonly dropped?: (set: string) => void;
  /** A set cannot be served as it was decided: one sentence, once. */
  readonly refused?: (reason: string) => void;
}

/** By partition the largest version that has left the service. */
type Floor = ReadonlyMap<number, Version>;

/** A lineage that is to be served and is not yet. */
interface Pending {
  readonly target: ServedSet;
  readonly positions: readonly Version[];
  readonly previous: ServedSet | null;
  /** What had been served a moment ago: a target that has reached it is close behind. */
  mark: { readonly floor: Floor; readonly atMs: number };
  holdsUntilMs: number | null;
  restsUntilMs: number;
}

/** A target that is so close behind takes over while questions wait, for every answer of the old one moves the goal. */
const CLOSE_MS = 1_000;
/** How long questions wait at most, and how long they are left in peace after that. */
const HOLD_MS = 2_000;
const REST_MS = 10_000;

/**
 * Owns the catalogue and replaces it. The old lineage of a set answers until every partition of the new one stands where the old one was last answered
 * at. It sets no timers and asks no store: what was decided is told by `learn`, what stores say by `look`.
 */
export class Serving {
  readonly #options: ServingOptions;
  readonly #served = new Map<string, ServedSet>();
  readonly #pending = new Map<string, Pending>();
  readonly #floors = new Map<string, Map<number, Version>>();
  readonly #holds = createHolds();
  readonly #progress = createProgressMemory();
  readonly #refusals = new Set<string>();
  #plan: readonly PlannedSet[] = [];
  #catalogue = createCatalogue([]);
  #polled: readonly string[] = [];

  constructor(options: ServingOptions) {
    this.#options = options;
  }

  /** As it is now. Whoever asks more than one question asks all of them of one catalogue: see `ask`. */
  get catalogue(): Catalogue {
    return this.#catalogue;
  }

  /** All sets as they were decided. */
  get plan(): readonly PlannedSet[] {
    return this.#plan;
  }

  /** Lineages whose heads are to be at hand. */
  get polled(): readonly string[] {
    return this.#polled;
  }

  /** `serving` is what this process serves: a lineage to which it has still to go over is catching up. */
  standing(set: string, { lineage, standing }: PlannedLineage): LineageStanding {
    if (this.#served.get(set)?.lineage === lineage) return 'serving';
    return standing === 'serving' ? 'catching_up' : standing;
  }

  progress(lineage: string): Progress {
    return this.#progress.progress(lineage);
  }

  /** Takes what was decided. Other words are served at once, another lineage when it is there. */
  learn(plan: readonly PlannedSet[]): void {
    this.#plan = plan;
    for (const set of plan) this.#consider(set);
    this.#replace(this.#served);
  }

  /** Looks whether another lineage can be served by now; called after every poll of a store. */
  look(watch: Pick<HeadWatch, 'state'>): void {
    for (const [name, pending] of [...this.#pending]) this.#advance(name, pending, watch);
    this.#measure(watch);
  }

  /** Figures of a lineage leave at these positions. */
  answered(lineage: string, heads: readonly Pick<ServedHead, 'partition' | 'head'>[]): void {
    const name = this.#catalogue.sets.find((served) => served.lineage === lineage)?.set.name;
    if (name === undefined) return;
    const floor = this.#floors.get(name) ?? new Map<number, Version>();
    this.#floors.set(name, floor);
    for (const { partition, head } of heads) if (head.closed > (floor.get(partition) ?? '')) floor.set(partition, head.closed);
  }

  /** Asks one catalogue whatever `run` asks; when a lineage of the sets (null: of any) was replaced meanwhile, all of it is asked again. */
  async ask<Answer>(sets: readonly string[] | null, run: (catalogue: Catalogue) => Promise<Answer>): Promise<Answer> {
    for (;;) {
      await this.#holds.passed(sets);
      const catalogue = this.#catalogue;
      try {
        const answer = await run(catalogue);
        if (this.#isCurrent(catalogue, sets)) return answer;
      } catch (error) {
        if (this.#isCurrent(catalogue, sets)) throw error;
      }
    }
  }

  #isCurrent(catalogue: Catalogue, sets: readonly string[] | null): boolean {
    const now = this.#catalogue;
    if (catalogue === now) return true;
    return (sets ?? now.sets.map(({ set }) => set.name)).every((name) => catalogue.set(name)?.lineage === now.set(name)?.lineage);
  }

  #consider(planned: PlannedSet): void {
    const { name, target, previous, positions, lineages } = planned;
    const readable = (lineage: string | null): ServedSet | null => {
      const found = lineages.find((each) => each.lineage === lineage);
      return found === undefined || found.set === null ? null : { set: found.set, lineage: found.lineage, origin: found.origin };
    };
    if (target === null && lineages.every(({ standing }) => standing === 'retired')) this.#unserve(name);
    const now = this.#served.get(name);
    // The words of what is served may have changed, whatever is to follow.
    if (now !== undefined) this.#serve(name, readable(now.lineage) ?? now);
    const wanted = readable(target);
    if (target !== null && wanted === null)
      this.#refuse(`${name}: lineage ${target} is to be served, but here its definitions make none, or another`);
    const pending = this.#pending.get(name);
    if (wanted === null || wanted.lineage === now?.lineage) this.#drop(name);
    else if (now === undefined && positions.length === 0) this.#serve(name, wanted);
    else if (pending?.target.lineage !== wanted.lineage || pending.target.set !== wanted.set) {
      this.#drop(name);
      const mark = { floor: new Map(this.#floors.get(name)), atMs: this.#options.nowMs() };
      this.#pending.set(name, { target: wanted, positions, previous: readable(previous), mark, holdsUntilMs: null, restsUntilMs: 0 });
    }
  }

  /** Its figures answer to `?revision=` from then on. */
  #unserve(name: string): void {
    if (!this.#served.delete(name)) return;
    this.#floors.delete(name);
    this.#options.dropped?.(name);
  }

  #drop(name: string): void {
    this.#pending.delete(name);
    this.#holds.end(name);
  }

  #advance(name: string, pending: Pending, watch: Pick<HeadWatch, 'state'>): void {
    const nowMs = this.#options.nowMs();
    const heads = longestHeads(watch, pending.target.lineage, this.#options.partitions);
    const hasReached = (floor: Floor): boolean =>
      this.#options.partitions.every((partition, index) => {
        const closed = heads.get(partition);
        return closed !== undefined && closed >= (pending.positions[index] ?? '') && closed >= (floor.get(partition) ?? '');
      });
    if (hasReached(this.#floors.get(name) ?? new Map())) {
      if (this.#serve(name, pending.target)) this.#drop(name);
      return;
    }
    if (!this.#served.has(name)) {
      // Who begins while it is behind; where no store says so, nobody is answered anyhow.
      const first = wasAsked(watch, pending.target.lineage) ? (pending.previous ?? pending.target) : pending.target;
      if (this.#serve(name, first) && first === pending.target) this.#drop(name);
    } else if (pending.holdsUntilMs !== null) {
      if (nowMs < pending.holdsUntilMs) return;
      this.#holds.end(name);
      pending.holdsUntilMs = null;
      pending.restsUntilMs = nowMs + REST_MS;
    } else if (nowMs >= pending.restsUntilMs) {
      if (hasReached(pending.mark.floor)) {
        this.#holds.begin(name);
        pending.holdsUntilMs = nowMs + HOLD_MS;
      } else if (nowMs - pending.mark.atMs >= CLOSE_MS) pending.mark = { floor: new Map(this.#floors.get(name)), atMs: nowMs };
    }
  }

  /** False when it cannot be: then nothing has changed. */
  #serve(name: string, served: ServedSet): boolean {
    const before = this.#served.get(name);
    if (before?.lineage === served.lineage && before.set === served.set) return true;
    if (!this.#replace(new Map(this.#served).set(name, served))) return false;
    this.#served.set(name, served);
    if (before?.lineage !== served.lineage) this.#options.switched?.({ set: name, from: before?.lineage ?? null, to: served.lineage });
    return true;
  }

  /** The whole catalogue anew, at once. */
  #replace(served: ReadonlyMap<string, ServedSet>): boolean {
    const current = new Set([...served.values()].map(({ lineage }) => lineage));
    const others = this.#plan.flatMap(({ lineages }) =>
      [...lineages].sort(byUse).flatMap(({ set, lineage, origin }) => (set === null ? [] : [{ set, lineage, origin }])),
    );
    try {
      this.#catalogue = createCatalogue(
        [...served.values()],
        others.filter(({ lineage }) => !current.has(lineage)),
      );
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.#refuse(error.message);
      return false;
    }
    const coming = this.#plan.flatMap(({ target, lineages }) =>
      lineages.filter(({ lineage, standing }) => lineage === target || standing === 'catching_up').map(({ lineage }) => lineage),
    );
    this.#polled = [...new Set([...current, ...coming])];
    return true;
  }

  #refuse(reason: string): void {
    if (this.#refusals.has(reason)) return;
    this.#refusals.add(reason);
    this.#options.refused?.(reason);
  }

  /** How far each lineage that is not served yet has come: towards the served one of its set, else towards whichever is farthest. */
  #measure(watch: Pick<HeadWatch, 'state'>): void {
    const { partitions, nowMs } = this.#options;
    const current = [...this.#served.values()].map(({ lineage }) => lineage);
    const coming = this.#polled.filter((lineage) => !current.includes(lineage));
    this.#progress.keep(new Set(coming));
    for (const lineage of coming) {
      const set = this.#plan.find(({ lineages }) => lineages.some((each) => each.lineage === lineage))?.name ?? '';
      const own = this.#served.get(set)?.lineage;
      const goals = (own === undefined ? current : [own]).map((each) => longestHeads(watch, each, partitions));
      const heads = longestHeads(watch, lineage, partitions);
      const of = partitions.reduce((sum, partition) => sum + Math.max(0, ...goals.map((goal) => recordsAt(goal.get(partition)))), 0);
      const done = partitions.reduce((sum, partition) => sum + recordsAt(heads.get(partition)), 0);
      if (wasAsked(watch, lineage) && goals.some((goal) => goal.size > 0)) this.#progress.see(lineage, { done, of }, nowMs());
    }
  }
}

/** Of equal revisions those answer that were served, rather than those that are on their way. */
const USE: readonly LineageStanding[] = ['catching_up', 'retired', 'kept', 'serving'];

function byUse(left: PlannedLineage, right: PlannedLineage): number {
  return USE.indexOf(left.standing) - USE.indexOf(right.standing);
}

/** By partition the longer head of both stores; a partition that has published nothing is missing. */
function longestHeads(watch: Pick<HeadWatch, 'state'>, lineage: string, partitions: readonly number[]): ReadonlyMap<number, Version> {
  const longest = new Map<number, Version>();
  for (const store of ['redis', 'clickhouse'] as const) {
    const heads: readonly Head[] = watch.state(store).heads?.get(lineage) ?? [];
    for (const [index, partition] of partitions.entries()) {
      const head = heads[index];
      if (head === undefined || head.note === null) continue;
      if (head.closed >= (longest.get(partition) ?? '')) longest.set(partition, head.closed);
    }
  }
  return longest;
}

function wasAsked(watch: Pick<HeadWatch, 'state'>, lineage: string): boolean {
  return (['redis', 'clickhouse'] as const).some((store) => watch.state(store).heads?.has(lineage) === true);
}

function recordsAt(version: Version | undefined): number {
  return version === undefined ? 0 : splitVersion(version).next;
}
