/** One simulated world: processes (production code), log, stores, time, and what is looked at after every change. */
import { setImmediate } from 'node:timers/promises';
import type { MetricSet } from '@tidemark/core';
import type { ArchiveNote, LogWriter, Manifest, WorkerEvent } from '@tidemark/pipeline';
import { NO_VERSION } from '@tidemark/pipeline';
import { createRandom, type Random } from '../generator/random.ts';
import { MemoryLog, type MemoryRecord } from '../twins/log.ts';
import { ArchiveWatch } from './archive-watch.ts';
import { Crew } from './crew.ts';
import { drawEarlierEpoch, type EarlierEpoch, endOf, leaveFigures, leaveState } from './earlier-epoch.ts';
import { Engines } from './engines.ts';
import { lineagesOf, Place } from './places.ts';
import { drawPlan, type Limits, type Plan } from './plan.ts';
import type { Plant } from './planted.ts';
import type { ReaderOptions } from './questions.ts';
import type { Reference } from './reference.ts';
import { Schedule, type SimulatedCall, type SimulatedProcess } from './schedule.ts';
import { BATCH_STEPS } from './steps.ts';
import { Tally } from './tally.ts';
import { drawSets, PARTITIONER, START_MS, Traffic } from './traffic.ts';
import { Checker, type Invariant, Violation } from './violation.ts';

/** Of the seed: its worlds stay the same whether a log is the first one or not. */
const EPOCH_STREAM = 1;

/** Assignments are told to each member when the schedule says so, never to all at once. */
class SlowGroupLog extends MemoryLog {
  override rebalance(): void {}
}

/** One seed in so many. */
const READS_AHEAD_EVERY = 5;

export interface WorldOptions {
  readonly plant?: Plant;
  readonly limits?: Limits;
  readonly withoutInvariants?: readonly Invariant[];
}

export class World {
  readonly random: Random;
  readonly plan: Plan;
  readonly schedule: Schedule;
  readonly engines: Engines;
  readonly log: MemoryLog;
  readonly crew: Crew;
  readonly sets: readonly MetricSet[];
  readonly places: readonly Place[];
  readonly checker: Checker;
  readonly archiveWatch: ArchiveWatch;
  readonly trace: string[] = [];
  readonly tally = new Tally();
  /** Workers read state before they are given partitions. Not drawn: what other seeds play stays as tests know it. */
  readonly readsAhead: boolean;
  /** Records that are still to be produced. */
  unproduced: number;
  /** Ticks are appended, workers come with fewer sets. Ends when the world heals. */
  troubled = true;
  /** Partitions whose log is not the one any more that it was, or of which records were deleted: they may halt. */
  readonly rewritten = new Set<number>();
  /** Partitions of processes that have halted, with a reason. */
  halts = 0;
  #broken: Violation | null = null;
  readonly #earlier: EarlierEpoch | null;
  readonly #traffic: Traffic;
  /** By partition: all records that its log ever had, those that retention deleted too; and those of the epoch before. */
  readonly #records: MemoryRecord[][];
  readonly #earlierRecords: MemoryRecord[][];
  #content: readonly unknown[];

  constructor(seed: number, { plant = {}, limits = {}, withoutInvariants = [] }: WorldOptions) {
    this.random = createRandom(seed);
    this.readsAhead = seed % READS_AHEAD_EVERY === 1;
    this.#earlier = drawEarlierEpoch(createRandom(seed, EPOCH_STREAM));
    const plan = drawPlan(this.random, limits);
    this.plan = plan;
    this.checker = new Checker(withoutInvariants);
    const crashed = (error: unknown): void => this.fail(error);
    this.schedule = new Schedule(START_MS, crashed);
    const archived = {
      records: async (records: Parameters<ArchiveWatch['inserted']>[0]) => this.#looked(() => this.archiveWatch.inserted(records)),
      link: async (chunk: Parameters<ArchiveWatch['linked']>[0]) => this.#looked(() => this.archiveWatch.linked(chunk)),
    };
    this.engines = new Engines({ ...plan, plant, tally: this.tally, archived });
    this.log = new SlowGroupLog({ partitionCount: plan.partitionCount });
    this.unproduced = plan.records;
    const met = (what: Parameters<ConstructorParameters<typeof Traffic>[0]['met']>[0]): void => this.#metInBatches(what);
    this.#traffic = new Traffic({ ...plan, random: this.random, log: this.log, met });
    this.sets = drawSets(this.random).slice(0, plan.sets);
    const partitions = this.partitions;
    const lineages = lineagesOf(this.sets, plan);
    const about = { partitionCount: plan.partitionCount, epoch: this.#earlier?.from ?? 1 };
    this.places = lineages.flatMap((lineage) => partitions.map((partition) => new Place({ ...about, lineage, partition })));
    this.#records = partitions.map(() => []);
    this.#earlierRecords = partitions.map(() => []);
    this.#content = this.engines.content();
    const recordsOf = (partition: number) => (this.rewritten.has(partition) ? null : (this.#records[partition] ?? []));
    this.archiveWatch = new ArchiveWatch({ checker: this.checker, archive: this.engines.archive, recordsOf });
    this.crew = new Crew({
      world: this,
      plant,
      workerReports: (process, event) => this.#reported(process, event),
      archiverNotes: (process, note) => this.#noted(process, note),
      crashed,
    });
  }

  /** The present folds, one of each partition of each lineage. */
  get references(): readonly Reference[] {
    return this.places.map(({ present }) => present);
  }

  get partitions(): readonly number[] {
    return Array.from({ length: this.plan.partitionCount }, (_, partition) => partition);
  }

  get epoch(): number {
    return this.#earlier?.to ?? 1;
  }

  say(text: string): void {
    this.trace.push(text);
  }

  count(name: string): void {
    this.tally.count(name);
  }

  /** Lets everything run that can without another action; throws what was broken. */
  async settleDown(): Promise<void> {
    await setImmediate();
    if (this.#broken !== null) throw this.#broken;
  }

  /** In some worlds the log is not the first one: its epoch goes on from the state and the figures of an earlier one. */
  async begin(): Promise<void> {
    const { engines, references, log, schedule } = this;
    if (this.#earlier === null) return;
    for (let left = this.#earlier.records; left > 0; left--) {
      schedule.nowMs += this.#traffic.gapMs();
      this.#foldReferences(this.#traffic.append(schedule.nowMs));
    }
    log.recreate();
    for (const [partition, records] of this.#records.entries()) this.#earlierRecords[partition]?.push(...records.splice(0));
    for (const reference of references) {
      const end = endOf(reference, this.plan.partitionCount);
      for (const store of [engines.redis, engines.clickhouse]) await leaveFigures(store, end);
      await leaveState(engines.checkpoints, reference, reference.raise(this.#earlier.to), log.identity);
    }
    engines.begin();
    this.count('epoch');
    this.say(`epoch ${this.#earlier.to} goes on after ${this.#earlier.records} records`);
  }

  /** What bounds the state was met in some partition. */
  limitsMet(): readonly string[] {
    const facts = this.references.flatMap((reference) => reference.factsAt(reference.version) ?? []);
    const capped = facts.some(({ counters }) => Number(JSON.parse(counters)['capped']) > 0);
    return [...(capped ? ['world with capped actors'] : []), ...(facts.some(({ overflow }) => overflow) ? ['world with slice overflow'] : [])];
  }

  // ---- log ----

  /** Appends what is due, several records at once in a large world. */
  produce(): void {
    for (let left = this.random.whole(1, this.plan.volley); left > 0 && this.unproduced > 0; left--) {
      this.unproduced--;
      this.append();
    }
  }

  append(): void {
    this.schedule.nowMs += this.#traffic.gapMs();
    const partition = this.#traffic.append(this.schedule.nowMs);
    this.say(`record for ${partition}`);
    this.#foldReferences(partition);
  }

  /** An unclean election: what was appended from `offset` on is gone, and every client that was ahead has noticed before others write there again. */
  truncate(partition: number, offset: number): void {
    this.log.truncate(partition, offset);
    for (const { member } of this.crew.running) member.refetch(partition);
    this.#divide(
      partition,
      (this.#records[partition] ?? []).filter((record) => record.offset < offset),
      this.plan.partitionCount,
    );
  }

  /** Another topic of the same name, from its beginning. */
  recreate(): void {
    this.log.recreate();
    for (const partition of this.partitions) {
      for (const { member } of this.crew.running) member.refetch(partition);
      this.#divide(partition, [], this.plan.partitionCount);
    }
  }

  grow(): void {
    const partitionCount = this.log.identity.partitionCount + 1;
    this.log.grow(partitionCount);
    for (const partition of this.partitions) this.#divide(partition, this.#records[partition] ?? [], partitionCount, true);
  }

  /** Whether production code has a chance to notice that a partition's log was cut at an offset and written anew. */
  isTellable(partition: number, cut: number): boolean {
    const { engines, epoch, crew, schedule } = this;
    if (schedule.late.some(({ step }) => step.includes('publish'))) return false;
    const statuses = crew.of('worker').flatMap(({ worker }) => worker?.status() ?? []);
    return this.places.every((place) => {
      if (place.partition !== partition) return true;
      const own = statuses.filter((status) => status.lineage === place.lineage.id && status.partition === partition);
      return place.isTellable(cut, { engines, epoch, reached: Math.max(0, ...own.map(({ next }) => next ?? 0)) });
    });
  }

  #divide(partition: number, records: readonly MemoryRecord[], partitionCount: number, goesOn = false): void {
    this.rewritten.add(partition);
    this.#records[partition] = [...records];
    const prepare = (fresh: Reference): void => {
      if (this.#earlier === null) return;
      for (const record of this.#earlierRecords[partition] ?? []) fresh.fold(record);
      fresh.raise(this.#earlier.to);
    };
    for (const place of this.places) if (place.partition === partition) place.divide(records, { partitionCount, goesOn, prepare });
  }

  #foldReferences(partition: number): void {
    const known = this.#records[partition];
    if (known === undefined) return;
    const after = known.at(-1)?.offset ?? -1;
    const all = this.log.records(partition);
    let first = all.length;
    while (first > 0 && (all[first - 1]?.offset ?? -1) > after) first--;
    for (const record of all.slice(first)) {
      known.push(record);
      for (const place of this.places) if (place.partition === partition) place.fold(record);
    }
  }

  writerOf(process: SimulatedProcess): LogWriter {
    const writer = this.log.writer({ partitioner: PARTITIONER, nowMs: () => this.schedule.nowMs });
    const call = this.engines.callsOf(process, this.schedule);
    return {
      append: (records) => writer.append(records),
      appendTick: (partition) =>
        call('worker: append a tick', `${partition}`, async () => {
          if (!this.troubled) return;
          this.#metInBatches('tick among the records');
          await writer.appendTick(partition);
          this.#foldReferences(partition);
        }),
      close: () => writer.close(),
    };
  }

  #metInBatches(what: Parameters<Tally['struckBy']>[0]): void {
    this.tally.strike(what, [], BATCH_STEPS.worker);
    if (this.plan.archivers > 0) this.tally.struckBy(what, BATCH_STEPS.archiver);
  }

  // ---- answers ----

  reading(): Omit<ReaderOptions, 'fail'> {
    const { checker, engines, schedule, places, plan, partitions } = this;
    const required = places.filter(({ lineage, partition }) => lineage.required && partition === 0);
    return {
      ...{ checker, engines, schedule, partitions, latenessMs: plan.settings.latenessMs },
      sets: required.map(({ lineage }) => ({ set: lineage.set, lineage: lineage.id })),
      historiesOf: (lineage, partition) => places.find((each) => each.lineage.id === lineage && each.partition === partition)?.histories ?? [],
      epochs: [...new Set([this.epoch, this.#earlier?.from ?? 1, 1])],
      count: (name) => this.count(name),
      say: (text) => this.say(text),
    };
  }

  // ---- stores ----

  /** A call reaches its store. */
  async arrive(call: SimulatedCall): Promise<void> {
    await this.schedule.applied(call);
    await this.checkStores(false);
  }

  /** A copy of a call whose caller no longer waits. */
  async arriveLate(call: SimulatedCall): Promise<void> {
    this.count('late');
    await call.apply().catch(() => undefined);
    await this.checkStores(false);
  }

  /** Compares what changed with the undisturbed fold. `rewound`: Redis itself may have gone back. */
  async checkStores(rewound: boolean): Promise<void> {
    const content = this.engines.content();
    if (content.every((part, index) => part === this.#content[index])) return;
    this.#content = content;
    for (const place of this.places) {
      const manifest = await place.check(this.engines, { checker: this.checker, rewound });
      if (manifest !== null) this.#countManifest(manifest);
    }
    this.engines.remember();
  }

  #countManifest({ dropped, segments, pieces }: Manifest): void {
    this.count('manifest');
    if (dropped !== NO_VERSION) this.count('manifest after dropped rows');
    if (pieces > 1) this.count('manifest of several pieces');
    if (segments.some(({ kind }) => kind === 'delta')) this.count('manifest with deltas');
  }

  // ---- what processes say ----

  #reported(process: SimulatedProcess, event: WorkerEvent): void {
    if (!process.alive) return;
    this.count(nameOf(event));
    if (event.event !== 'halted') return;
    const { partition, lineage, reason } = event;
    this.halts++;
    this.say(`${process.name} halts ${lineage.slice(0, 4)}:${partition}: ${reason}`);
    const position = Number(/position (\d+)/.exec(reason)?.[1] ?? Number.POSITIVE_INFINITY);
    const isLost = position < this.log.bounds(partition).low;
    if (!isLost && !this.rewritten.has(partition)) this.#unreasonable(process, partition, reason);
  }

  #noted(process: SimulatedProcess, note: ArchiveNote): void {
    if (!process.alive) return;
    this.count(`archiver ${note.note}`);
    if (note.note !== 'halted') return;
    const { partition, reason } = note;
    this.say(`${process.name} halts ${partition}: ${reason}`);
    const end = Number(/archive ends at (\d+)/.exec(reason)?.[1] ?? Number.POSITIVE_INFINITY);
    if (end >= this.log.bounds(partition).low && !this.rewritten.has(partition)) this.#unreasonable(process, partition, reason);
  }

  #unreasonable(process: SimulatedProcess, partition: number, reason: string): void {
    this.#looked(() => this.checker.broken('halt with a reason', `${process.name}, partition ${partition}: ${reason}`));
  }

  /** What is found inside a call must reach the play, not the caller. */
  #looked(look: () => void): void {
    try {
      look();
    } catch (error) {
      this.fail(error);
    }
  }

  fail(error: unknown): void {
    this.#broken ??=
      error instanceof Violation ? error : new Violation('crash', error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
}

/** Ways of a publish each have a name: the seeds must reach them all. */
function nameOf(event: WorkerEvent): string {
  if (event.event !== 'published') return event.event;
  const { sink, outcome } = event;
  if (outcome.result !== 'retry') return `${sink} ${outcome.result}`;
  return `${sink} ${/^the head stays/.test(outcome.why) ? outcome.why.replace('the head stays ', '') : 'without an answer'}`;
}
