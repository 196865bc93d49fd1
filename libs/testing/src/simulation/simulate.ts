/** Plays one seed: faults, then healing, then the same figures as an undisturbed fold, then once more from the stored state alone. */
import { createHash } from 'node:crypto';
import { FAULTS, type Fault } from './plan.ts';
import type { Plant } from './planted.ts';
import type { SimulatedCall } from './schedule.ts';
import { Violation } from './violation.ts';
import { type Counts, type RunningWorker, World } from './world.ts';

export interface SimulationResult {
  readonly seed: number;
  readonly ok: boolean;
  /** Of every action and answer in order: equal for equal seeds and code. */
  readonly traceHash: string;
  readonly violation?: { readonly law: Violation['law']; readonly text: string };
  readonly steps: number;
  /** Records of the log, ticks included. */
  readonly records: number;
  readonly counts: Counts;
  /** Every action, in order. */
  readonly trace: readonly string[];
}

export interface SimulationOptions {
  readonly plant?: Plant;
}

const HEAL_STEPS = 30_000;
/** A call that is lost, comes later, loses its reply, or comes twice. */
const LOSSES = ['lost', 'lost, arrives later', 'reply lost', 'a copy arrives later'] as const;

export async function simulate(seed: number, options: SimulationOptions = {}): Promise<SimulationResult> {
  const world = new World(seed, options.plant ?? {});
  const play = new Play(world);
  let violation: Violation | undefined;
  try {
    await play.trouble();
    await play.heal();
    await play.beginAnew();
  } catch (error) {
    violation = error instanceof Violation ? error : new Violation('crash', error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  for (const { process } of world.running) world.schedule.bury(process);
  const records = Array.from({ length: world.plan.partitionCount }, (_, partition) => world.log.records(partition).length).reduce((a, b) => a + b, 0);
  return {
    seed,
    ok: violation === undefined,
    traceHash: createHash('sha256').update(world.trace.join('\n')).digest('hex').slice(0, 16),
    ...(violation === undefined ? {} : { violation: { law: violation.law, text: violation.message } }),
    steps: play.steps,
    records,
    counts: world.counts,
    trace: world.trace,
  };
}

class Play {
  steps = 0;
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  async trouble(): Promise<void> {
    const { random, plan } = this.#world;
    this.#world.start();
    for (let step = 0; step < plan.steps; step++) {
      if (random.chance(plan.rates.fault)) await this.#fault();
      else await this.#step(plan.rates.lossy);
    }
  }

  /** Everything comes back and arrives; what is left of the log is produced. */
  async heal(): Promise<void> {
    const world = this.#world;
    world.say('--- the faults end');
    world.troubled = false;
    world.engines.up.redis = true;
    world.engines.up.clickhouse = true;
    for (const { process } of world.alive) process.paused = false;
    if (world.plan.growing) for (const running of world.alive) world.kill(running);
    if (world.alive.every(({ stopping }) => stopping)) world.start();
    await this.#converge();
  }

  /** From the stored state alone. */
  async beginAnew(): Promise<void> {
    const world = this.#world;
    world.say('--- all are killed, one begins anew');
    for (const running of world.alive) world.kill(running);
    world.start();
    await this.#converge();
  }

  async #converge(): Promise<void> {
    const world = this.#world;
    world.rebalance();
    for (let step = 0; step < HEAL_STEPS; step++) {
      if (step % 16 === 0 && this.#settled()) {
        await world.checkStores(false);
        return;
      }
      if (world.alive.every(({ stopping }) => stopping)) world.start();
      await this.#step(0);
    }
    const heads = world.references.map(({ lineage, partition, version }) => {
      const [redis, clickhouse] = [world.engines.redis, world.engines.clickhouse].map((store) => store.headOf(lineage, partition));
      const next = world.engines.checkpoints.manifestOf(lineage, partition)?.next;
      return `${lineage.slice(0, 4)}:${partition} log ${version}, Redis ${redis?.closed}/${redis?.target}, ClickHouse ${clickhouse?.closed}/${clickhouse?.target}, manifest ${next}`;
    });
    const states = world.alive.flatMap(({ process, worker }) => worker.status().map((status) => `${process.name}: ${JSON.stringify(status)}`));
    throw new Violation('I5', `not settled after ${HEAL_STEPS} steps: ${heads.join('; ')}; ${states.join('; ')}`);
  }

  /** Both stores closed at the end of the log, the manifest there too, and every owner knows it. */
  #settled(): boolean {
    const { engines, references, schedule, unproduced, alive } = this.#world;
    if (unproduced > 0 || schedule.late.length > 0 || alive.some(({ untold, stopping }) => untold !== null || stopping)) return false;
    const owned = alive.flatMap(({ worker }) => worker.status());
    return references.every(({ lineage, partition, version }) => {
      const closed = [engines.redis, engines.clickhouse].every((store) => {
        const head = store.headOf(lineage, partition);
        return head.closed === version && head.target === version;
      });
      const owners = owned.filter((status) => status.lineage === lineage && status.partition === partition);
      const manifest = engines.checkpoints.manifestOf(lineage, partition);
      const saved = manifest !== null && manifest.next === Number.parseInt(version.slice(4), 16);
      return closed && saved && owners.length > 0 && owners.every(({ redis, clickhouse }) => redis === version && clickhouse === version);
    });
  }

  async #step(lossy: number): Promise<void> {
    this.steps++;
    const world = this.#world;
    const { random, plan, schedule } = world;
    const { produce, deliver, timer } = plan.rates;
    const draw = random.next();
    if (draw < produce && world.unproduced > 0) world.produce();
    else if (draw < produce + deliver) this.#deliver();
    else if (draw < produce + deliver + 0.05) this.#tell();
    else if (draw < produce + deliver + 0.08 && schedule.late.length > 0) await this.#lateArrival();
    else if (draw < produce + deliver + 0.08 + timer * 0.3 || !(await this.#call(lossy))) this.#timer();
    await world.settleDown();
  }

  #timer(): void {
    const owner = this.#world.schedule.fireNextTimer();
    if (owner !== null) this.#world.say(`timer of ${owner.name} at ${this.#world.schedule.nowMs}`);
  }

  #deliver(): void {
    const { random } = this.#world;
    const member = this.#pick(({ process }) => !process.paused);
    const readable = member?.member.readable() ?? [];
    const partition = readable[random.whole(0, Math.max(0, readable.length - 1))];
    if (member === undefined || partition === undefined) return;
    const count = member.member.deliver(partition, random.whole(1, 8));
    this.#world.say(`${member.process.name} reads ${count} of ${partition}`);
  }

  #tell(): void {
    const member = this.#pick(({ process, untold }) => untold !== null && !process.paused);
    if (member !== undefined) this.#world.tell(member);
  }

  async #lateArrival(): Promise<void> {
    const { random, schedule } = this.#world;
    const [call] = schedule.late.splice(random.whole(0, Math.max(0, schedule.late.length - 1)), 1);
    if (call === undefined) return;
    this.#world.say(`LATE ${call.engine} ${call.text}`);
    await this.#world.arriveLate(call);
  }

  /** A call arrives, or its answer does. False when none is on its way. */
  async #call(lossy: number): Promise<boolean> {
    const world = this.#world;
    const { random, schedule } = world;
    const movable = schedule.calls.filter(({ owner, stage }) => stage === 'sent' || !owner.paused);
    const call = movable[random.whole(0, Math.max(0, movable.length - 1))];
    if (call === undefined) return false;
    if (call.stage === 'applied') {
      world.say(`${call.owner.name} hears ${answerText(call.answer)}`);
      schedule.settle(call, true);
      return true;
    }
    const loss = random.chance(lossy) ? LOSSES[random.whole(0, LOSSES.length - 1)] : undefined;
    world.say(`${call.owner.name} ${call.engine} ${call.text}${loss === undefined ? '' : ` (${loss})`}`);
    if (loss !== undefined) world.count(loss);
    if (loss === 'lost, arrives later' || loss === 'a copy arrives later') schedule.late.push(call);
    if (loss === 'lost' || loss === 'lost, arrives later') schedule.settle(call, false);
    else await this.#apply(call, loss === 'reply lost');
    return true;
  }

  async #apply(call: SimulatedCall, replyLost: boolean): Promise<void> {
    await this.#world.arrive(call);
    if (replyLost) this.#world.schedule.settle(call, false);
  }

  async #fault(): Promise<void> {
    const { random, plan } = this.#world;
    const names = Object.keys(FAULTS);
    const name = names[random.weighted(plan.faultWeights)];
    for (const fault of names) if (fault === name && isFault(fault)) await this.#inflict(fault);
    await this.#world.settleDown();
  }

  async #inflict(fault: Fault): Promise<void> {
    const world = this.#world;
    const { random, engines, schedule, plan } = world;
    const someone = this.#pick(() => true);
    const running = this.#pick(({ process }) => !process.paused);
    if (fault === 'late') await this.#lateArrival();
    else if (fault === 'kill' && someone !== undefined) world.kill(someone);
    else if (fault === 'stop' && running !== undefined && !running.stopping) world.stop(running);
    else if (fault === 'start' && world.alive.length < plan.workers) world.start();
    else if (fault === 'pause' || fault === 'wake') this.#pause(someone, fault === 'pause');
    else if (fault === 'rebalance') world.rebalance();
    else if (fault === 'redeliver' && running !== undefined) this.#redeliver(running);
    else if (fault === 'rewind') await this.#rewind();
    else if (fault === 'wipe' || fault === 'doom') await this.#wipe(fault === 'doom');
    else if (fault === 'expire') {
      engines.checkpoints.expire();
      await this.#changed(fault);
    } else if (fault === 'redisAway' || fault === 'redisBack') this.#away('redis', fault === 'redisBack');
    else if (fault === 'clickhouseAway' || fault === 'clickhouseBack') this.#away('clickhouse', fault === 'clickhouseBack');
    else if (fault === 'cut') {
      this.#count(fault);
      const engine = random.chance(0.5) ? 'redis' : 'clickhouse';
      for (const call of schedule.calls.filter((each) => each.engine === engine)) {
        if (call.stage === 'sent' && random.chance(0.5)) schedule.late.push(call);
        schedule.settle(call, false);
      }
    }
  }

  #pause(process: RunningWorker | undefined, paused: boolean): void {
    if (process === undefined || process.process.paused === paused) return;
    process.process.paused = paused;
    this.#count(paused ? 'pause' : 'wake');
  }

  #redeliver({ worker, member, process }: RunningWorker): void {
    const { random } = this.#world;
    for (const { partition, next } of worker.status()) {
      if (next === null || !member.partitions.includes(partition)) continue;
      const offset = random.whole(0, next);
      // Every lineage of the partition skips what it has; none may miss what it has not.
      const least = Math.min(...worker.status().flatMap((status) => (status.partition === partition && status.next !== null ? [status.next] : [])));
      member.control(partition, { seek: Math.min(offset, least) });
      this.#count('redeliver');
      this.#world.say(`${process.name} reads ${partition} again from ${Math.min(offset, least)}`);
    }
  }

  async #rewind(): Promise<void> {
    const { random, engines } = this.#world;
    if (engines.rewind(random.chance(0.5) ? random.whole(1, 4) : random.whole(1, 40))) await this.#changed('rewind');
  }

  async #wipe(doom: boolean): Promise<void> {
    const world = this.#world;
    if (doom) for (const running of world.alive) world.kill(running);
    world.engines.wipe();
    await this.#changed(doom ? 'doom' : 'wipe');
  }

  async #changed(fault: Fault): Promise<void> {
    this.#count(fault);
    await this.#world.checkStores(true);
  }

  #away(engine: 'redis' | 'clickhouse', up: boolean): void {
    const { engines } = this.#world;
    if (engines.up[engine] === up) return;
    engines.up[engine] = up;
    this.#count(`${engine} ${up ? 'back' : 'away'}`);
  }

  #count(fault: string): void {
    this.#world.count(fault);
    this.#world.say(`FAULT ${fault}`);
  }

  #pick(fits: (running: RunningWorker) => boolean): RunningWorker | undefined {
    const fitting = this.#world.alive.filter(fits);
    return fitting[this.#world.random.whole(0, Math.max(0, fitting.length - 1))];
  }
}

function isFault(name: string): name is Fault {
  return name in FAULTS;
}

/** Short, but different for answers that lead to different actions. */
function answerText(answer: SimulatedCall['answer']): string {
  if (answer === null || 'error' in answer) return String(answer?.error);
  const { value } = answer;
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (Array.isArray(value)) return `${value.length} rows`;
  return JSON.stringify(value)?.slice(0, 80) ?? 'nothing';
}
