/** Inflicts the faults of a plan on a world, one at a time, and counts what each struck. */
import { memoryBatch } from '../twins/log.ts';
import { callsOf, type Running } from './crew.ts';
import { FAULTS, type Fault, type FaultName, isFault, RARE } from './faults.ts';
import type { Reader } from './questions.ts';
import type { SimulatedCall } from './schedule.ts';
import { BATCH_STEPS, type Engine, IDLE_STEPS } from './steps.ts';
import type { World } from './world.ts';

/** What becomes of a call that does not go well. */
const LOSSES = ['call lost', 'call lost, arrives later', 'reply lost', 'a copy arrives later', 'error after it was applied'] as const;
const AWAY: Partial<Record<Fault, Engine>> = { redisAway: 'redis', clickhouseAway: 'clickhouse', logAway: 'log' };
const BACK: Partial<Record<Fault, Engine>> = { redisBack: 'redis', clickhouseBack: 'clickhouse', logBack: 'log' };
const AWAY_NAMES = { redis: 'Redis away', clickhouse: 'ClickHouse away', log: 'log away' } as const;

export class Inflicted {
  /** Records that a truncation took. */
  cutRecords = 0;
  readonly #world: World;
  readonly #names: readonly Fault[] = Object.keys(FAULTS).filter(isFault);
  #rareIsOver = false;

  constructor(world: World) {
    this.#world = world;
  }

  async any(): Promise<void> {
    const { random, plan } = this.#world;
    const fault = this.#names[random.weighted(plan.faultWeights)];
    if (fault === undefined) return;
    if (RARE[fault] === undefined) await this.#inflict(fault);
    else if (!this.#rareIsOver) this.#breakLog(fault);
  }

  pick(fits: (running: Running) => boolean): Running | undefined {
    const fitting = this.#world.crew.alive.filter(fits);
    return fitting[this.#world.random.whole(0, Math.max(0, fitting.length - 1))];
  }

  async lateArrival(): Promise<void> {
    const { random, schedule, engines } = this.#world;
    const due = schedule.late.filter(({ engine }) => !(engine === 'clickhouse' && engines.stalled));
    const call = due[random.whole(0, Math.max(0, due.length - 1))];
    if (call === undefined) return;
    schedule.late = schedule.late.filter((other) => other !== call);
    this.#world.say(`LATE ${call.engine} ${call.step} ${call.text}`);
    await this.#world.arriveLate(call);
  }

  /** True when the call does not simply arrive. */
  async loses(call: SimulatedCall, lossy: number): Promise<boolean> {
    const { random, schedule, engines, tally } = this.#world;
    if (engines.stalled && call.engine === 'clickhouse') {
      this.#say(`${call.owner.name} waits in vain for ${call.step} ${call.text}`);
      tally.struckBy('ClickHouse stopped, applies later', call.step);
      schedule.late.push(call);
      schedule.settle(call, false, 'timeout');
      return true;
    }
    if (!random.chance(lossy)) return false;
    const loss = LOSSES[random.whole(0, call.engine === 'clickhouse' ? 4 : 3)] ?? 'call lost';
    this.#say(`${call.owner.name} ${call.engine} ${call.step} ${call.text} (${loss})`);
    tally.strike(loss, [call], null);
    if (loss === 'call lost, arrives later' || loss === 'a copy arrives later') schedule.late.push(call);
    if (loss === 'call lost' || loss === 'call lost, arrives later') schedule.settle(call, false);
    else await this.#world.arrive(call);
    if (loss === 'reply lost') schedule.settle(call, false);
    else if (loss === 'error after it was applied') schedule.settle(call, false, 'an exception behind status 200');
    return true;
  }

  async #inflict(fault: Fault): Promise<void> {
    const { random, crew } = this.#world;
    if (fault === 'late') await this.lateArrival();
    else if (AWAY[fault] !== undefined || BACK[fault] !== undefined) this.#away(fault);
    else if (fault === 'start') this.#start();
    else if (fault === 'rebalance') crew.rebalance(random.chance(0.7) ? 'worker' : 'archiver');
    else if (fault === 'cut') this.#cut();
    else if (fault === 'reversed') await this.#reverse();
    else if (fault === 'rewind' || fault === 'failover' || fault === 'wipe' || fault === 'doom' || fault === 'expire') await this.#loseMemory(fault);
    else if (fault === 'kill' || fault === 'stop' || fault === 'pause' || fault === 'wake') this.#signal(fault);
    else if (fault === 'redeliver' || fault === 'notOurs') this.#disturb(fault);
    else this.#refuse(fault);
  }

  #signal(fault: 'kill' | 'stop' | 'pause' | 'wake'): void {
    const { crew, random, tally } = this.#world;
    const reader: Reader | undefined = random.chance(0.15) ? crew.readers[0] : undefined;
    const someone = this.pick(() => true);
    const struck = reader ?? someone;
    if (struck === undefined) return;
    const { process } = struck;
    if (fault === 'kill') crew.kill(struck);
    else if (fault === 'stop') {
      if (someone !== undefined && !someone.process.paused && !someone.stopping) crew.stop(someone);
    } else if (process.paused !== (fault === 'pause')) {
      process.paused = fault === 'pause';
      this.#say(`FAULT ${fault} ${process.name}`);
      if (process.paused) tally.strike('pause', callsOf(this.#world, process), IDLE_STEPS[process.role]);
    }
  }

  #start(): void {
    const { crew, plan, random } = this.#world;
    const isWorker = random.chance(0.7);
    if (isWorker && crew.of('worker').length < plan.workers) crew.startWorker();
    else if (!isWorker && crew.of('archiver').length < plan.archivers) crew.startArchiver();
  }

  #disturb(fault: 'redeliver' | 'notOurs'): void {
    const running = this.pick(({ process }) => !process.paused);
    if (running === undefined) return;
    if (fault === 'redeliver') this.#redeliver(running);
    else this.#deliverNotOurs(running);
  }

  #redeliver({ worker, archiver, member, process }: Running): void {
    const { random, tally } = this.#world;
    const statuses =
      worker?.status() ?? archiver?.partitions().map((each) => ({ partition: each.partition, next: 'next' in each ? each.next : null })) ?? [];
    for (const partition of member.partitions) {
      const reached = statuses.flatMap((status) => (status.partition === partition && status.next !== null ? [status.next] : []));
      if (reached.length === 0) continue;
      // Every lineage of the partition skips what it has; none may miss what it has not.
      const offset = random.whole(0, Math.min(...reached));
      member.control(partition, { seek: offset });
      tally.strike('redeliver', callsOf(this.#world, process), IDLE_STEPS[process.role]);
      this.#say(`FAULT ${process.name} reads ${partition} again from ${offset}`);
    }
  }

  /** What was fetched before the partition went to somebody else, or never was to come here. */
  #deliverNotOurs({ handler, member, process }: Running): void {
    const { random, log, partitions, tally } = this.#world;
    const partition = partitions.find((each) => !member.partitions.includes(each));
    if (partition === undefined || handler === null || process.role === 'reader') return;
    const from = random.whole(0, log.records(partition).length);
    const records = log.records(partition).slice(from, from + random.whole(1, 8));
    const [first] = records;
    if (first === undefined) return;
    this.#say(`FAULT ${process.name} is handed ${records.length} of ${partition}, which it does not own`);
    tally.strike('batch of a partition not owned', [], BATCH_STEPS[process.role]);
    handler.batch(memoryBatch({ partition, records, requestedOffset: first.offset, highWatermark: log.bounds(partition).high }));
  }

  async #loseMemory(fault: 'rewind' | 'failover' | 'wipe' | 'doom' | 'expire'): Promise<void> {
    const world = this.#world;
    const { random, engines, crew, schedule, tally } = world;
    if (fault === 'doom') for (const running of crew.of('worker')) crew.kill(running);
    const sent = schedule.calls.filter(({ engine }) => engine === 'redis');
    if (fault === 'rewind') {
      if (!engines.rewind(random.chance(0.5) ? random.whole(1, 4) : random.whole(1, 40))) return;
      tally.strike('Redis rewinds', sent, 'worker: between calls');
    } else if (fault === 'failover') {
      if (!engines.rewind(random.whole(1, 4))) return;
      tally.strike('Redis fails over to a stale replica', sent, 'worker: between calls');
      for (const call of sent) schedule.settle(call, false, 'the master is gone');
    } else if (fault === 'expire') {
      engines.checkpoints.expire();
      tally.strike('segments expire', sent, 'worker: between calls');
    } else {
      engines.wipe();
      tally.strike('Redis wiped', sent, 'worker: between calls');
    }
    this.#say(`FAULT ${fault}`);
    world.count(fault);
    await world.checkStores(true);
  }

  #away(fault: Fault): void {
    const { engines, tally, schedule } = this.#world;
    const isAway = AWAY[fault] !== undefined;
    const engine = AWAY[fault] ?? BACK[fault];
    if (engine === undefined || engines.up[engine] !== isAway) return;
    engines.up[engine] = !isAway;
    this.#say(`FAULT ${engine} ${isAway ? 'away' : 'back'}`);
    if (isAway)
      tally.strike(
        AWAY_NAMES[engine],
        schedule.calls.filter((call) => call.engine === engine && call.stage === 'sent'),
        null,
      );
  }

  #refuse(fault: Fault): void {
    const { engines, tally } = this.#world;
    const before = `${engines.full} ${engines.stalled} ${engines.tooManyParts}`;
    if (fault === 'redisFull' || fault === 'redisRoom') engines.full = fault === 'redisFull';
    else if (fault === 'clickhouseStalled' || fault === 'clickhouseGoes') engines.stalled = fault === 'clickhouseStalled';
    else engines.tooManyParts = fault === 'tooManyParts';
    if (before === `${engines.full} ${engines.stalled} ${engines.tooManyParts}`) return;
    const names: Partial<Record<Fault, FaultName>> = {
      redisFull: 'Redis full',
      clickhouseStalled: 'ClickHouse stopped, applies later',
      tooManyParts: 'too many parts',
    };
    const name = names[fault];
    if (name !== undefined) tally.strike(name, [], null);
    this.#say(`FAULT ${fault}`);
  }

  #cut(): void {
    const { random, schedule, tally } = this.#world;
    const engine: Engine = (['redis', 'clickhouse', 'log'] as const)[random.weighted([4, 4, 1])] ?? 'redis';
    const cut = schedule.calls.filter((each) => each.engine === engine);
    if (cut.length === 0) return;
    this.#say(`FAULT ${engine} cut`);
    tally.strike('connection cut', cut, null);
    for (const call of cut) {
      if (call.stage === 'sent' && random.chance(0.5)) schedule.late.push(call);
      schedule.settle(call, false, 'connection lost');
    }
  }

  /** What ClickHouse was sent last is applied first. */
  async #reverse(): Promise<void> {
    const { schedule, engines, tally } = this.#world;
    const sent = schedule.calls.filter(({ engine, stage }) => engine === 'clickhouse' && stage === 'sent');
    if (sent.length < 2 || engines.stalled) return;
    this.#say(`FAULT reversed ${sent.length}`);
    tally.strike('ClickHouse applies in reverse order', sent, null);
    for (const call of sent.toReversed()) {
      this.#say(`${call.owner.name} ${call.engine} ${call.step} ${call.text}`);
      await this.#world.arrive(call);
    }
  }

  /** What may end a partition for good; once in a world. */
  #breakLog(fault: Fault): void {
    const world = this.#world;
    const { random, log, schedule, tally, partitions } = world;
    const partition = random.whole(0, partitions.length - 1);
    const { low, high } = log.bounds(partition);
    const cut = random.whole(Math.max(low, high - 12), Math.max(low, high - 1));
    if (high - low < 2 || (fault === 'truncation' && !world.isTellable(partition, cut))) return;
    if ((fault === 'recreation' || fault === 'growth') && !partitions.every((each) => world.isTellable(each, 0))) return;
    this.#rareIsOver = true;
    world.count(fault);
    const strike = (name: FaultName): void => tally.strike(name, schedule.calls, 'worker: between calls');
    if (fault === 'retention') {
      const offset = random.whole(low + 1, random.chance(0.5) ? high : this.#savedEverywhere(partition, low + 1, high));
      this.#say(`FAULT retention deletes below ${offset} of ${partition}`);
      strike('retention deletes');
      log.deleteBefore(partition, offset);
    } else if (fault === 'truncation') {
      this.#say(`FAULT ${partition} is cut from ${high} to ${cut}`);
      strike('log truncated and rewritten');
      this.cutRecords = (high - cut + 4) * 4;
      world.truncate(partition, cut);
      for (let left = random.whole(0, 2 * (high - cut)); left > 0; left--) world.append();
    } else if (fault === 'recreation') {
      this.#say('FAULT the topic is re-created');
      strike('topic re-created');
      world.recreate();
    } else {
      this.#say('FAULT the topic has one more partition');
      strike('partition count raised');
      world.grow();
    }
  }

  /** Nobody needs what lies below. */
  #savedEverywhere(partition: number, atLeast: number, atMost: number): number {
    const { places, engines } = this.#world;
    const saved = places
      .filter((place) => place.partition === partition)
      .map(({ lineage }) => engines.checkpoints.manifestOf(lineage.id, partition)?.next ?? 0);
    return Math.max(atLeast, Math.min(atMost, ...saved));
  }

  #say(text: string): void {
    this.#world.say(text);
  }
}

/** Short, but different for answers that lead to different actions. */
export function answerText(answer: SimulatedCall['answer']): string {
  if (answer === null || 'error' in answer) return String(answer?.error);
  const { value } = answer;
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (value instanceof Map) return JSON.stringify([...value]);
  if (Array.isArray(value)) return `${value.length} rows`;
  return JSON.stringify(value)?.slice(0, 80) ?? 'nothing';
}
