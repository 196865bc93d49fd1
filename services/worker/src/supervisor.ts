/** Keeps a Worker at work for every group of lineages that the journal names, and stops those that it has retired. */
import type { FoldSettings, MetricSet } from '@tidemark/core';
import {
  type JoinedJournal,
  type JoinedReading,
  type JournalEntry,
  type JournalState,
  journalState,
  type KnownLineage,
  LOG_ORIGIN,
  nextSequence,
  type PartitionStatus,
  StoreUnavailable,
  type Version,
  type Worker,
} from '@tidemark/pipeline';
import type { Logger, SystemClock } from '@tidemark/runtime';
import { type ConfiguredSet, type FoundSet, setOf } from './sets.ts';

/** Lineages that one Worker folds together, in a consumer group of their own. */
export interface WorkerGroup {
  /** '' of the common group, else the lineage: what the name of the consumer group ends with. */
  readonly suffix: string;
  readonly sets: readonly MetricSet[];
  readonly lineages: readonly string[];
  readonly origin: string;
  /** By partition, where a past from the archive ends; [] for the origin `log`. */
  readonly originPositions: readonly Version[];
  /** Nobody is served by it yet: it takes short turns, so that who is served does not wait. */
  readonly isCatchingUp: boolean;
}

/** What is asked of a Worker. */
export type GroupWorker = Pick<Worker, 'run' | 'stop' | 'status' | 'holdings' | 'rejectedByReason'>;

export interface SupervisorOptions {
  readonly journal: JoinedJournal;
  /** Sets of which the journal says nothing yet are adopted. */
  readonly configured: readonly ConfiguredSet[];
  readonly settings: FoldSettings;
  readonly newWorker: (group: WorkerGroup) => GroupWorker;
  readonly clock: Pick<SystemClock, 'nowMs' | 'every'>;
  readonly randomId: () => string;
  /** Who adopts, for people. */
  readonly by: string;
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
}

/** An entry is acted on within this time. */
const LOOK_EVERY_MS = 2_000;
/** A started lineage whose membership failed is tried again after so long; the others go on. */
const RESTART_AFTER_MS = 5_000;

interface Crew {
  readonly group: WorkerGroup;
  readonly worker: GroupWorker;
}

export class LineageSupervisor {
  readonly #options: SupervisorOptions;
  /** All entries ever seen here, by id: a store that has lost some changes nothing. */
  readonly #entries = new Map<string, JournalEntry>();
  readonly #crews = new Map<string, Crew>();
  readonly #restingUntilMs = new Map<string, number>();
  readonly #failed = Promise.withResolvers<never>();
  /** Of Workers that have ended, so that the totals never fall. */
  readonly #endedRejections = new Map<string, number>();
  readonly #told = new Set<string>();
  /** By lineage, with the files that it was parsed from: parsing takes longer than a look may. */
  readonly #found = new Map<string, { readonly files: KnownLineage['files']; readonly found: FoundSet }>();
  #unworkable: readonly string[] = [];
  #looking: { stop(): Promise<void> } | null = null;
  #stopped = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    // Who stops in time may never look at it.
    this.#failed.promise.catch(() => undefined);
  }

  /** Acts on the journal as it is, and from then on as it grows. Throws StoreUnavailable while it cannot be read: nothing has begun then. */
  async start(): Promise<void> {
    await this.#look();
    this.#looking = this.#options.clock.every(
      LOOK_EVERY_MS,
      () => this.#look(),
      (error) => this.#tellOnce('warn', `the journal of lineages cannot be read, everything goes on as before: ${messageOf(error)}`),
    );
  }

  /** Rejects when the membership of what was adopted fails; never resolves. */
  get failed(): Promise<never> {
    return this.#failed.promise;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    void this.#looking?.stop();
    await Promise.all([...this.#crews.values()].map(({ worker }) => worker.stop()));
  }

  get lineages(): readonly string[] {
    return [...this.#crews.values()].flatMap(({ group }) => group.lineages);
  }

  /** What is served and cannot be worked on by this process, one sentence each. */
  get unworkable(): readonly string[] {
    return this.#unworkable;
  }

  status(): PartitionStatus[] {
    return [...this.#crews.values()].flatMap(({ worker }) => worker.status());
  }

  /** Of lineages that begin with the log: the archive of a partition is no prefix of any other. */
  holdings(): ReturnType<Worker['holdings']> {
    return [...this.#crews.values()].flatMap(({ group, worker }) => (group.origin === LOG_ORIGIN ? worker.holdings() : []));
  }

  /** A record that several groups read counts in each. */
  get rejectedByReason(): ReadonlyMap<string, number> {
    const total = new Map(this.#endedRejections);
    for (const { worker } of this.#crews.values()) addAll(total, worker.rejectedByReason);
    return total;
  }

  async #look(): Promise<void> {
    const { journal } = this.#options;
    let reading = await journal.read();
    this.#take(reading);
    if (await this.#adopt(reading)) {
      // Others may have adopted at the same time; all take the first.
      reading = await journal.read();
      this.#take(reading);
    }
    await this.#renew(reading).catch((error: unknown) => this.#tellOnce('warn', `the journal of lineages is not renewed: ${messageOf(error)}`));
    if (!this.#stopped) await this.#act(journalState([...this.#entries.values()]));
  }

  /** What one store has lost comes from the other one, what both have lost from here. */
  async #renew({ entries, isWhole }: JoinedReading): Promise<void> {
    const { journal } = this.#options;
    await journal.renew();
    if (!isWhole) return;
    const there = new Set(entries.map(({ id }) => id));
    for (const entry of this.#entries.values()) if (!there.has(entry.id)) await journal.append(entry);
  }

  #take({ entries, unreadable, away }: JoinedReading): void {
    for (const entry of entries) this.#entries.set(entry.id, entry);
    for (const problem of unreadable) this.#tellOnce('warn', `passed over in the journal of lineages: ${problem}`);
    for (const why of away) this.#tellOnce('warn', `one copy of the journal of lineages is not read: ${why}`);
  }

  /** True when something was adopted. Throws StoreUnavailable at the start when it is not known what the journal says of a configured set. */
  async #adopt({ isWhole, away }: JoinedReading): Promise<boolean> {
    const { configured, journal, clock, randomId, by, logger } = this.#options;
    const { sets } = journalState([...this.#entries.values()]);
    const unknown = configured.filter(({ set }) => !sets.some(({ name }) => name === set.name));
    if (unknown.length === 0) return false;
    if (!isWhole && this.#crews.size === 0) throw new StoreUnavailable('journal', `what the journal says is not known: ${away.join('; ')}`);
    if (!isWhole) return false;
    for (const { set, lineage, file } of unknown) {
      const { name, revision } = set;
      const about = { set: name, lineage, revision, files: [file], origin: LOG_ORIGIN, positions: [] };
      const entry = {
        sequence: nextSequence([...this.#entries.values()]),
        id: randomId(),
        atMs: clock.nowMs(),
        by,
        kind: 'adopt',
        ...about,
      } as const;
      await journal.append(entry);
      this.#entries.set(entry.id, entry);
      logger.info({ set: name, lineage, revision }, 'adopted: the journal of lineages begins for this set');
    }
    return true;
  }

  async #act(state: JournalState): Promise<void> {
    const unworkable: string[] = [];
    const groups = new Map<string, WorkerGroup>();
    for (const known of state.running) {
      const { lineage, origin, originPositions } = known;
      const found = this.#setOf(known);
      if (!found.ok) {
        const text = `lineage ${lineage} of set ${known.set} is not worked on here: ${found.why}`;
        this.#tellOnce('warn', text);
        if (known.standing === 'serving') unworkable.push(`${text}; run a worker of the release that began it, or tidemark apply`);
        continue;
      }
      const suffix = known.isCommon ? '' : lineage;
      const isCatchingUp = known.standing === 'catching_up';
      const before = groups.get(suffix) ?? { suffix, origin, originPositions, isCatchingUp, sets: [], lineages: [] };
      groups.set(suffix, { ...before, sets: [...before.sets, found.set], lineages: [...before.lineages, lineage] });
    }
    this.#unworkable = unworkable;
    this.#tellDifferences(state);
    // What begins does not wait for what ends, and a lineage that joins the common group is at work there before its own group ends.
    for (const group of groups.values()) if (!this.#crews.has(group.suffix)) this.#begin(group);
    for (const [suffix, crew] of [...this.#crews]) {
      const group = groups.get(suffix);
      if (group === undefined || sameItems(group.lineages, crew.group.lineages)) continue;
      await this.#end(crew);
      if (!this.#stopped) this.#begin(group);
    }
    for (const [suffix, crew] of [...this.#crews]) if (!groups.has(suffix)) await this.#end(crew);
  }

  #setOf(known: KnownLineage): FoundSet {
    const before = this.#found.get(known.lineage);
    if (before?.files === known.files) return before.found;
    const found = setOf(known, this.#options.settings);
    this.#found.set(known.lineage, { files: known.files, found });
    return found;
  }

  #begin(group: WorkerGroup): void {
    const { newWorker, clock, logger } = this.#options;
    const { suffix, lineages } = group;
    if ((this.#restingUntilMs.get(suffix) ?? 0) > clock.nowMs()) return;
    const worker = newWorker(group);
    const crew = { group, worker };
    this.#crews.set(suffix, crew);
    if (suffix !== '') logger.info({ lineages, origin: group.origin }, 'a lineage begins to be worked on beside the others');
    worker.run().catch((error: unknown) => {
      if (suffix === '') this.#failed.reject(error);
      else void this.#fail(crew, error);
    });
  }

  /** A lineage that catches up must not take the live ones down with it. */
  async #fail(crew: Crew, error: unknown): Promise<void> {
    const { clock, logger } = this.#options;
    const { suffix, lineages } = crew.group;
    if (this.#crews.get(suffix) !== crew) return;
    logger.error({ err: error, lineages }, 'the work on a lineage failed and begins again');
    this.#restingUntilMs.set(suffix, clock.nowMs() + RESTART_AFTER_MS);
    await this.#end(crew);
  }

  async #end(crew: Crew): Promise<void> {
    this.#crews.delete(crew.group.suffix);
    const { worker, group } = crew;
    this.#options.logger.info({ lineages: group.lineages }, 'the work on lineages ends');
    addAll(this.#endedRejections, worker.rejectedByReason);
    await worker.stop();
  }

  /** Since the journal decides, an edited file alone changes nothing: whoever edited it is told so. */
  #tellDifferences({ sets }: JournalState): void {
    for (const { set, lineage, file, path } of this.#options.configured) {
      const known = sets.find(({ name }) => name === set.name);
      const same = known?.lineages.find((each) => each.lineage === lineage && each.standing !== 'retired');
      if (known === undefined || (same !== undefined && same.standing !== 'kept' && same.files.some(({ text }) => text === file.text))) continue;
      const what =
        same?.standing === 'serving'
          ? 'says it in other words than are served'
          : `is lineage ${lineage}, served is ${known.serving?.lineage ?? 'none'}`;
      this.#tellOnce(
        'warn',
        `${path} ${what}: the file alone changes nothing, tidemark plan ${path} says what would, tidemark apply ${path} does it`,
      );
    }
  }

  #tellOnce(level: 'warn', text: string): void {
    if (this.#told.has(text)) return;
    this.#told.add(text);
    this.#options.logger[level]({}, text);
  }
}

function addAll(total: Map<string, number>, counts: ReadonlyMap<string, number>): void {
  for (const [reason, count] of counts) total.set(reason, (total.get(reason) ?? 0) + count);
}

function sameItems(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((item) => right.includes(item));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
