/** One simulated world: workers (production code), log, stores, time, and every action that the schedule may draw. */
import { setImmediate } from 'node:timers/promises';
import { createCalendars, type FoldSettings, lineageOf, type MetricSet, PartitionFold, Vocabulary } from '@tidemark/core';
import { type EventLog, type LogWriter, type Manifest, NO_VERSION, Worker, type WorkerEvent } from '@tidemark/pipeline';
import { createRandom, type Random } from '../generator/random.ts';
import { MemoryLog, type MemoryMember } from '../twins/log.ts';
import { Engines } from './engines.ts';
import { checkCells, checkManifest } from './invariants.ts';
import { drawPlan, type Plan } from './plan.ts';
import type { Plant } from './planted.ts';
import { Reference } from './reference.ts';
import { Schedule, type SimulatedCall, type SimulatedProcess } from './schedule.ts';
import { drawSets, PARTITIONER, START_MS, Traffic } from './traffic.ts';
import { Violation } from './violation.ts';

/** Assignments are told to each member when the schedule says so, never to all at once. */
class SlowGroupLog extends MemoryLog {
  override rebalance(): void {}
}

export interface RunningWorker {
  readonly process: SimulatedProcess;
  readonly worker: Worker;
  readonly member: MemoryMember;
  /** What the group has decided and this member has not heard yet. */
  untold: readonly number[] | null;
  stopping: boolean;
}

/** How often something happened, by name. */
export type Counts = Record<string, number>;

export class World {
  readonly random: Random;
  readonly plan: Plan;
  readonly schedule: Schedule;
  readonly engines: Engines;
  readonly log: MemoryLog;
  readonly sets: readonly MetricSet[];
  readonly references: readonly Reference[];
  readonly trace: string[] = [];
  readonly counts: Counts = {};
  running: RunningWorker[] = [];
  /** Records that are still to be produced. */
  unproduced: number;
  /** Ticks are appended, workers come with fewer sets. Ends when the world heals. */
  troubled = true;
  #broken: Violation | null = null;
  readonly #plant: Plant;
  readonly #traffic: Traffic;
  readonly #newFolds: readonly (() => PartitionFold)[];
  readonly #folded: number[];
  #content: readonly unknown[];
  /** By reference: what the stores had of it when it was checked last. */
  readonly #checked: { redis: unknown; clickhouse: unknown; checkpoint: unknown; manifestId: string | null; next: number }[];
  #incarnations = 0;

  constructor(seed: number, plant: Plant) {
    this.random = createRandom(seed);
    this.#plant = plant;
    const plan = drawPlan(this.random);
    this.plan = plan;
    this.schedule = new Schedule(START_MS, (error) => this.#fail('crash', error));
    this.engines = new Engines({ ...plan, plant });
    this.log = new SlowGroupLog({ partitionCount: plan.partitionCount });
    this.unproduced = plan.records;
    this.#traffic = new Traffic({ ...plan, random: this.random, log: this.log });
    this.sets = drawSets(this.random).slice(0, plan.sets);
    const partitions = Array.from({ length: plan.partitionCount }, (_, partition) => partition);
    const of = (set: MetricSet) => ({ partitionCount: plan.partitionCount, set, settings: plan.settings, lineage: lineageOf(set, plan.settings) });
    this.references = this.sets.flatMap((set) => partitions.map((partition) => new Reference({ ...of(set), partition })));
    this.#newFolds = this.sets.flatMap((set) => partitions.map(() => foldFactory(set, plan.settings)));
    this.#folded = partitions.map(() => 0);
    this.#checked = this.references.map(() => ({ redis: undefined, clickhouse: undefined, checkpoint: undefined, manifestId: null, next: -1 }));
    this.#content = this.engines.content();
  }

  say(text: string): void {
    this.trace.push(text);
  }

  count(name: string): void {
    this.counts[name] = (this.counts[name] ?? 0) + 1;
  }

  /** Lets everything run that can without another action; throws what was broken. */
  async settleDown(): Promise<void> {
    await setImmediate();
    if (this.#broken !== null) throw this.#broken;
  }

  get alive(): readonly RunningWorker[] {
    return this.running.filter(({ process }) => process.alive);
  }

  // ---- processes ----

  start(): void {
    const process: SimulatedProcess = { name: `w${++this.#incarnations}`, alive: true, paused: false };
    const { log, schedule, plan } = this;
    const member = log.member();
    const ownLog: EventLog = {
      identity: () => member.identity(),
      bounds: () => member.bounds(),
      run: (handler) => member.run(this.#plant.handler?.(handler, () => schedule.nowMs) ?? handler),
      control: (partition, action) => member.control(partition, action),
      stop: () => member.stop(),
    };
    let ids = 0;
    const sets = this.troubled && plan.growing && this.random.chance(0.5) ? this.sets.slice(0, 1) : this.sets;
    const worker = new Worker({
      sets,
      settings: plan.settings,
      partitioner: PARTITIONER,
      identity: log.identity,
      log: ownLog,
      writer: this.#writer(),
      stores: this.engines.portsOf(process, schedule),
      beats: plan.beats,
      clock: schedule.clockOf(process),
      randomId: () => `${process.name}-${++ids}`,
      incarnation: process.name,
      maxDirtyCells: plan.maxDirtyCells,
      checkpointSizes: plan.checkpointSizes,
      report: (event) => this.#reported(process, event),
    });
    const started: RunningWorker = { process, worker, member, untold: null, stopping: false };
    this.running.push(started);
    worker.run().then(
      () => (process.alive && !started.stopping ? this.#fail('crash', `${process.name} left the group`) : undefined),
      (error: unknown) => (process.alive ? this.#fail('crash', error) : undefined),
    );
    this.say(`${process.name} starts with ${sets.length} sets`);
    this.rebalance();
  }

  /** kill −9: what it sent may still arrive. */
  kill(victim: RunningWorker): void {
    const left = this.schedule.bury(victim.process);
    for (const call of left) if (this.random.chance(0.5)) this.schedule.late.push(call);
    this.log.leave(victim.member);
    this.running = this.running.filter((other) => other !== victim);
    this.count('kill');
    this.say(`${victim.process.name} is killed, ${left.length} calls under way`);
  }

  /** SIGTERM. */
  stop(leaving: RunningWorker): void {
    leaving.stopping = true;
    this.count('stop');
    this.say(`${leaving.process.name} is asked to stop`);
    leaving.worker.stop().then(
      () => {
        if (!leaving.process.alive) return;
        this.schedule.bury(leaving.process);
        this.running = this.running.filter((other) => other !== leaving);
        this.say(`${leaving.process.name} has stopped`);
        this.rebalance();
      },
      (error: unknown) => this.#fail('crash', error),
    );
  }

  /** The group decides anew; each member hears of it later. A paused member may be given partitions too. */
  rebalance(): void {
    const members = this.alive.filter(({ stopping }) => !stopping);
    if (members.length === 0) return;
    const shares = new Map(members.map((member): [RunningWorker, number[]] => [member, []]));
    for (let partition = 0; partition < this.plan.partitionCount; partition++) {
      const owner = members[this.random.whole(0, members.length - 1)];
      if (owner !== undefined) shares.get(owner)?.push(partition);
    }
    for (const [member, share] of shares) member.untold = share;
  }

  /** A member hears what the group has decided. */
  tell(member: RunningWorker): void {
    const share = member.untold;
    if (share === null) return;
    member.untold = null;
    this.say(`${member.process.name} is assigned [${share}]`);
    member.member.assign(share);
  }

  // ---- log ----

  produce(): void {
    this.unproduced--;
    this.schedule.nowMs += this.#traffic.gapMs();
    const partition = this.#traffic.append(this.schedule.nowMs);
    this.say(`record for ${partition}`);
    this.#foldReferences(partition);
  }

  #foldReferences(partition: number): void {
    const records = this.log.records(partition).slice(this.#folded[partition]);
    this.#folded[partition] = (this.#folded[partition] ?? 0) + records.length;
    for (const record of records) for (const reference of this.references) if (reference.partition === partition) reference.fold(record);
  }

  #writer(): LogWriter {
    const writer = this.log.writer({ partitioner: PARTITIONER, nowMs: () => this.schedule.nowMs });
    return {
      append: (records) => writer.append(records),
      appendTick: async (partition) => {
        if (!this.troubled) return;
        this.count('tick');
        await writer.appendTick(partition);
        this.#foldReferences(partition);
      },
      close: () => writer.close(),
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

  /** Compares what changed with the undisturbed fold. `rewound`: manifests may have gone back. */
  async checkStores(rewound: boolean): Promise<void> {
    const content = this.engines.content();
    if (content.every((part, index) => part === this.#content[index])) return;
    this.#content = content;
    const [redis, checkpoints, clickhouse] = content;
    for (const [index, reference] of this.references.entries()) {
      const seen = this.#checked[index];
      if (seen === undefined) continue;
      const key = `${reference.lineage}:${reference.partition}`;
      const now = { redis: partOf(redis, key), clickhouse: partOf(clickhouse, key), checkpoint: partOf(checkpoints, key) };
      if (now.redis !== seen.redis) checkCells(this.engines.redis, reference);
      if (now.clickhouse !== seen.clickhouse) checkCells(this.engines.clickhouse, reference);
      const manifest = this.engines.checkpoints.manifestOf(reference.lineage, reference.partition);
      if (now.checkpoint !== seen.checkpoint && manifest !== null) {
        if (!rewound && manifest.next < seen.next)
          throw new Violation('I4', `the manifest of ${key} goes back from ${seen.next} to ${manifest.next}`);
        const stored = this.engines.checkpoints.segmentsOf(reference.lineage, reference.partition);
        for (const { key: name } of manifest.segments)
          if (stored.get(name)?.expires !== false)
            throw new Violation('I4', `the manifest of ${key} names a segment that is missing or expires, ${name}`);
        const newFold = this.#newFolds[index];
        if (manifest.id !== seen.manifestId && newFold !== undefined) await checkManifest(this.engines.checkpoints, reference, newFold);
        if (manifest.id !== seen.manifestId) this.#countManifest(manifest);
      }
      Object.assign(seen, now, { manifestId: manifest?.id ?? null, next: manifest?.next ?? -1 });
    }
    this.engines.remember();
  }

  #countManifest({ dropped, segments, pieces }: Manifest): void {
    this.count('manifest');
    if (dropped !== NO_VERSION) this.count('manifest after dropped rows');
    if (pieces > 1) this.count('manifest of several pieces');
    if (segments.some(({ kind }) => kind === 'delta')) this.count('manifest with deltas');
  }

  #reported(process: SimulatedProcess, event: WorkerEvent): void {
    if (!process.alive) return;
    this.count(nameOf(event));
    if (event.event === 'halted') this.#fail('halt', `${process.name}, partition ${event.partition}: ${event.reason}`);
  }

  #fail(law: 'halt' | 'crash', error: unknown): void {
    this.#broken ??= new Violation(law, error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
}

/** Ways of a publish each have a name: the seeds must reach them all. */
function nameOf(event: WorkerEvent): string {
  if (event.event !== 'published') return event.event;
  const { sink, outcome } = event;
  if (outcome.result !== 'retry') return `${sink} ${outcome.result}`;
  return `${sink} ${/^the head stays/.test(outcome.why) ? outcome.why.replace('the head stays ', '') : 'without an answer'}`;
}

function foldFactory(set: MetricSet, settings: FoldSettings): () => PartitionFold {
  const shared = { set, settings, vocabulary: new Vocabulary(), calendars: createCalendars() };
  return () => new PartitionFold(shared);
}

/** What a twin keeps of one partition: another object when it changed. */
function partOf(content: unknown, key: string): unknown {
  return content instanceof Map ? content.get(key) : undefined;
}
