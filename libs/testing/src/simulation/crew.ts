/** The processes of a simulated world: workers and archivers (production code, each a member of its group), and readers. */
import { describeEvent } from '@tidemark/codec';
import type { MetricSet } from '@tidemark/core';
import {
  type ArchiveNote,
  type ArchiveWriter,
  createArchiveWriter,
  type EventLog,
  intakeOfRecords,
  type LogHandler,
  type LogIdentity,
  type LogWriter,
  Worker,
  type WorkerEvent,
} from '@tidemark/pipeline';
import type { Random } from '../generator/random.ts';
import type { MemoryLog, MemoryMember } from '../twins/log.ts';
import type { CallOf, Engines } from './engines.ts';
import type { Plan } from './plan.ts';
import type { Plant } from './planted.ts';
import { Reader, type ReaderOptions } from './questions.ts';
import type { Schedule, SimulatedCall, SimulatedProcess } from './schedule.ts';
import { IDLE_STEPS, type Role } from './steps.ts';
import type { Tally } from './tally.ts';
import { PARTITIONER } from './traffic.ts';

const TOPIC_WATCH_INTERVAL_MS = 10_000;

/** A member of a group. */
export interface Running {
  readonly process: SimulatedProcess;
  readonly member: MemoryMember;
  readonly worker: Worker | null;
  readonly archiver: ArchiveWriter | null;
  /** What the log's client hands over to; null before it runs. */
  handler: LogHandler | null;
  /** What the group has decided and this member has not heard yet. */
  untold: readonly number[] | null;
  stopping: boolean;
  readonly stop: () => Promise<void>;
}

/** What processes live in. */
export interface CrewWorld {
  readonly random: Random;
  readonly plan: Plan;
  readonly schedule: Schedule;
  readonly engines: Engines;
  readonly log: MemoryLog;
  readonly tally: Tally;
  readonly sets: readonly MetricSet[];
  readonly troubled: boolean;
  readonly readsAhead: boolean;
  readonly epoch: number;
  say(text: string): void;
  writerOf(process: SimulatedProcess): LogWriter;
  reading(): Omit<ReaderOptions, 'fail'>;
}

export interface CrewOptions {
  readonly world: CrewWorld;
  readonly plant: Plant;
  readonly workerReports: (process: SimulatedProcess, event: WorkerEvent) => void;
  readonly archiverNotes: (process: SimulatedProcess, note: ArchiveNote) => void;
  readonly crashed: (error: unknown) => void;
}

export class Crew {
  running: Running[] = [];
  readers: Reader[] = [];
  readonly #options: CrewOptions;
  #incarnations = 0;

  constructor(options: CrewOptions) {
    this.#options = options;
  }

  get alive(): readonly Running[] {
    return this.running.filter(({ process }) => process.alive);
  }

  of(role: Role): readonly Running[] {
    return this.alive.filter(({ process }) => process.role === role);
  }

  startWorker(): void {
    const { world, plant, workerReports } = this.#options;
    const { plan, schedule, random, troubled } = world;
    const process = this.#process('worker');
    const { member, log, identity } = this.#client(process);
    let ids = 0;
    const sets = this.#setsKnown();
    const isOther = troubled && plan.otherSettings !== null && random.chance(0.5);
    const worker = new (plant.worker ?? Worker)({
      sets,
      settings: isOther && plan.otherSettings !== null ? plan.otherSettings : plan.settings,
      partitioner: PARTITIONER,
      identity,
      log,
      writer: world.writerOf(process),
      stores: world.engines.portsOf(process, schedule),
      beats: plan.beats,
      clock: schedule.clockOf(process),
      randomId: () => `${process.name}-${++ids}`,
      incarnation: process.name,
      maxDirtyCells: plan.maxDirtyCells,
      checkpointSizes: plan.checkpointSizes,
      // Who has just given out the heads is as silent as who is dead: the state of owners that live is read too, and must not be taken once they have saved.
      ...(world.readsAhead ? { readAhead: { share: async () => plan.partitionCount, silentMs: 1 } } : {}),
      report: (event) => workerReports(process, event),
    });
    this.#add({ process, member, worker, archiver: null, stop: () => worker.stop() }, () => worker.run());
    world.say(`${process.name} starts with ${sets.length} sets${isOther ? ' and other settings' : ''}`);
  }

  startArchiver(): void {
    const { world, archiverNotes } = this.#options;
    const { plan, schedule, engines } = world;
    const process = this.#process('archiver');
    const { member, log, identity } = this.#client(process);
    const clock = schedule.clockOf(process);
    const archiver = createArchiveWriter({
      archive: intakeOfRecords(engines.archiveOf(process, schedule), describeEvent),
      log,
      epoch: world.epoch,
      clock: { monotonicMs: clock.nowMs, sleep: clock.sleep },
      ...plan.archive,
      onNote: (note) => archiverNotes(process, note),
    });
    const watch = clock.every(
      TOPIC_WATCH_INTERVAL_MS,
      async () => haltOnChange(archiver, identity, await log.identity()),
      () => undefined,
    );
    const stop = async (): Promise<void> => {
      await Promise.all([watch.stop(), archiver.stop()]);
      await log.stop();
    };
    this.#add({ process, member, worker: null, archiver, stop }, async () => {
      await Promise.all([archiver.run(), log.run(archiver.handler)]);
    });
    world.say(`${process.name} starts`);
  }

  startReader(): void {
    const { world, crashed } = this.#options;
    this.readers.push(new Reader(this.#process('reader'), { ...world.reading(), fail: crashed }));
  }

  /** kill −9: what it sent may still arrive. */
  kill(victim: { readonly process: SimulatedProcess; readonly member?: MemoryMember }): void {
    const { world } = this.#options;
    const { schedule, random, tally } = world;
    const { process } = victim;
    tally.count('kill');
    tally.strike('kill', callsOf(world, process), IDLE_STEPS[process.role]);
    const left = schedule.bury(process);
    for (const call of left) if (random.chance(0.5)) schedule.late.push(call);
    if (victim.member !== undefined) world.log.leave(victim.member);
    this.running = this.running.filter((other) => other.process !== process);
    this.readers = this.readers.filter((other) => other.process !== process);
    world.say(`${process.name} is killed, ${left.length} calls under way`);
    if (process.role === 'reader') this.startReader();
  }

  /** SIGTERM. */
  stop(leaving: Running): void {
    const { world, crashed } = this.#options;
    const { process } = leaving;
    leaving.stopping = true;
    world.tally.count('stop');
    world.tally.strike('stop', callsOf(world, process), IDLE_STEPS[process.role]);
    world.say(`${process.name} is asked to stop`);
    leaving.stop().then(() => {
      if (!process.alive) return;
      world.schedule.bury(process);
      this.running = this.running.filter((other) => other !== leaving);
      world.say(`${process.name} has stopped`);
      this.rebalance(process.role);
    }, crashed);
  }

  /** A group decides anew; each member hears of it later. A paused member may be given partitions too. */
  rebalance(role: Role): void {
    const { random, plan } = this.#options.world;
    const members = this.of(role).filter(({ stopping }) => !stopping);
    if (members.length === 0) return;
    const shares = new Map(members.map((member): [Running, number[]] => [member, []]));
    for (let partition = 0; partition < plan.partitionCount; partition++) {
      const owner = members[random.whole(0, members.length - 1)];
      if (owner !== undefined) shares.get(owner)?.push(partition);
    }
    for (const [member, share] of shares) member.untold = share;
  }

  /** A member hears what its group has decided. */
  tell(told: Running): void {
    const { world } = this.#options;
    const share = told.untold;
    // Who still reads ahead has not joined yet.
    if (share === null || told.handler === null) return;
    told.untold = null;
    world.tally.strike('rebalance', callsOf(world, told.process), IDLE_STEPS[told.process.role]);
    world.say(`${told.process.name} is assigned [${share}]`);
    told.member.assign(share);
  }

  #setsKnown(): readonly MetricSet[] {
    const { troubled, plan, random, sets } = this.#options.world;
    return troubled && plan.growing && random.chance(0.5) ? sets.slice(0, 1) : sets;
  }

  #process(role: Role): SimulatedProcess {
    return { name: `${role.slice(0, 1)}${++this.#incarnations}`, role, alive: true, paused: false };
  }

  /** A log client of its own, whose questions take their time. */
  #client(process: SimulatedProcess): { member: MemoryMember; log: EventLog; identity: LogIdentity } {
    const { world, plant } = this.#options;
    const member = world.log.member();
    const call: CallOf = world.engines.callsOf(process, world.schedule);
    const isWorker = process.role === 'worker';
    const log: EventLog = {
      identity: () => call(isWorker ? 'worker: ask for the topic' : 'archiver: ask for the topic', '', () => member.identity()),
      bounds: () => call(isWorker ? 'worker: ask for the bounds of the log' : 'archiver: ask for the bounds of the log', '', () => member.bounds()),
      run: (handler) => {
        const planted = isWorker ? (plant.handler?.(handler, () => world.schedule.nowMs) ?? handler) : handler;
        const own = this.running.find((other) => other.member === member);
        if (own !== undefined) own.handler = planted;
        return member.run(planted);
      },
      control: (partition, action) => member.control(partition, action),
      stop: () => member.stop(),
    };
    return { member, log, identity: world.log.identity };
  }

  #add(own: Pick<Running, 'process' | 'member' | 'worker' | 'archiver' | 'stop'>, run: () => Promise<void>): void {
    const { crashed } = this.#options;
    const started: Running = { ...own, handler: null, untold: null, stopping: false };
    this.running.push(started);
    const { process } = own;
    run().then(
      () => (process.alive && !started.stopping ? crashed(`${process.name} left the group`) : undefined),
      (error: unknown) => (process.alive ? crashed(error) : undefined),
    );
    this.rebalance(process.role);
  }
}

export function callsOf({ schedule }: Pick<CrewWorld, 'schedule'>, process: SimulatedProcess): SimulatedCall[] {
  return schedule.calls.filter(({ owner }) => owner === process);
}

/** As the archiver's service does it. */
function haltOnChange(archiver: ArchiveWriter, before: LogIdentity, now: LogIdentity): void {
  const changed = (['clusterId', 'topicId', 'partitionCount'] as const).find((key) => now[key] !== before[key]);
  if (changed === undefined) return;
  for (const { partition } of archiver.partitions()) archiver.halt(partition, `the topic's ${changed} is ${now[changed]}, before ${before[changed]}`);
}
