/** Plays one seed: faults, then healing, then the same figures as an undisturbed fold, then once more from the stored state alone. */
import { createHash } from 'node:crypto';
import { answerText, Inflicted } from './inflict.ts';
import type { Limits } from './plan.ts';
import type { Plant } from './planted.ts';
import type { Counts } from './tally.ts';
import { type Invariant, Violation } from './violation.ts';
import { World } from './world.ts';

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
  readonly faults: Counts;
  /** By step and fault, as `step · fault`. */
  readonly struck: Counts;
  /** Every action, in order. */
  readonly trace: readonly string[];
}

export interface SimulationOptions {
  readonly plant?: Plant;
  readonly limits?: Limits;
  /** For tests of the checker. */
  readonly withoutInvariants?: readonly Invariant[];
}

const HEAL_STEPS = 30_000;
const LAST_QUESTIONS = 2;
export async function simulate(seed: number, options: SimulationOptions = {}): Promise<SimulationResult> {
  const world = new World(seed, options);
  const play = new Play(world);
  let violation: Violation | undefined;
  try {
    await play.trouble();
    await play.heal();
    await play.beginAnew();
  } catch (error) {
    violation = error instanceof Violation ? error : new Violation('crash', error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  for (const { process } of [...world.crew.running, ...world.crew.readers]) world.schedule.bury(process);
  for (const limit of world.limitsMet()) world.count(limit);
  const { counts, faults, struck } = world.tally;
  const records = world.partitions.reduce((sum, partition) => sum + world.log.records(partition).length, 0);
  return {
    seed,
    ok: violation === undefined,
    traceHash: createHash('sha256').update(world.trace.join('\n')).digest('hex').slice(0, 16),
    ...(violation === undefined ? {} : { violation: { law: violation.law, text: violation.message } }),
    ...{ steps: play.steps, records, counts, faults, struck },
    trace: world.trace,
  };
}

class Play {
  steps = 0;
  readonly #world: World;
  readonly #inflicted: Inflicted;

  constructor(world: World) {
    this.#world = world;
    this.#inflicted = new Inflicted(world);
  }

  async trouble(): Promise<void> {
    const { random, plan, crew } = this.#world;
    await this.#world.begin();
    crew.startWorker();
    if (plan.archivers > 0) crew.startArchiver();
    if (plan.readers > 0) crew.startReader();
    for (let step = 0; step < plan.steps; step++) {
      if (random.chance(plan.rates.fault)) await this.#inflicted.any();
      else await this.#step(plan.rates.lossy);
      await this.#world.settleDown();
    }
  }

  /** Everything comes back and arrives; what is left of the log is produced. */
  async heal(): Promise<void> {
    const world = this.#world;
    const { crew, plan, engines } = world;
    world.say('--- the faults end');
    world.troubled = false;
    engines.heal();
    for (const { process } of [...crew.alive, ...crew.readers]) process.paused = false;
    if (plan.growing || plan.otherSettings !== null) for (const running of crew.of('worker')) crew.kill(running);
    this.#ensureRunning();
    // Whoever stood beyond the end of a log that was cut hears of it when others write there again.
    for (let left = 0; left < this.#inflicted.cutRecords; left++) world.append();
    await this.#converge();
  }

  /** From the stored state alone. */
  async beginAnew(): Promise<void> {
    const { crew } = this.#world;
    this.#world.say('--- all are killed, one of each begins anew');
    for (const running of [...crew.alive, ...crew.readers]) crew.kill(running);
    this.#ensureRunning();
    await this.#converge();
  }

  /** Members that are about to stop are as good as gone. */
  #ensureRunning(): void {
    const { crew, plan } = this.#world;
    if (crew.of('worker').every(({ stopping }) => stopping)) crew.startWorker();
    if (plan.archivers > 0 && crew.of('archiver').every(({ stopping }) => stopping)) crew.startArchiver();
  }

  async #converge(): Promise<void> {
    const world = this.#world;
    world.crew.rebalance('worker');
    world.crew.rebalance('archiver');
    const bound = HEAL_STEPS + 20 * world.plan.records;
    for (let step = 0; step < bound; step++) {
      if (step % 16 === 0 && (await this.#settled())) {
        await world.checkStores(false);
        for (const partition of world.partitions) await world.archiveWatch.converged(world.epoch, partition);
        await this.#lastAnswers();
        return;
      }
      this.#ensureRunning();
      await this.#step(0);
      await world.settleDown();
    }
    throw new Violation('I5', `not settled after ${bound} steps: ${await this.#standing()}`);
  }

  async #standing(): Promise<string> {
    const { engines, references, crew, partitions, archiveWatch, epoch, log } = this.#world;
    const heads = references.map(({ lineage, partition, version }) => {
      const [redis, clickhouse] = [engines.redis, engines.clickhouse].map((store) => store.headOf(lineage, partition));
      const next = engines.checkpoints.manifestOf(lineage, partition)?.next;
      return `${lineage.slice(0, 4)}:${partition} log ${version}, Redis ${redis?.closed}/${redis?.target}, ClickHouse ${clickhouse?.closed}/${clickhouse?.target}, manifest ${next}`;
    });
    const states = crew.alive.map(({ process, worker, archiver, untold, stopping }) =>
      JSON.stringify([process.name, untold, stopping, ...(worker?.status() ?? archiver?.partitions() ?? [])]),
    );
    const chains = await Promise.all(partitions.map((partition) => archiveWatch.chainEnd(epoch, partition)));
    return [
      ...heads,
      ...states,
      `archived ${JSON.stringify(chains)} of ${JSON.stringify(partitions.map((partition) => log.bounds(partition)))}`,
    ].join('; ');
  }

  /** Everything that was asked is answered, every partition is current or has halted and said why, and the archive has reached the end. */
  async #settled(): Promise<boolean> {
    const { schedule, unproduced, places, partitions, plan, crew } = this.#world;
    if (unproduced > 0 || schedule.late.length > 0 || crew.alive.some(({ untold, stopping }) => untold !== null || stopping)) return false;
    if (!places.every((place) => !place.lineage.required || this.#isSettled(place))) return false;
    if (plan.archivers === 0) return true;
    for (const partition of partitions) if (!(await this.#isArchived(partition))) return false;
    return true;
  }

  /** Both stores closed at the end of the log, the manifest there too, and every owner knows it. */
  #isSettled({ lineage, partition, present: { version } }: World['places'][number]): boolean {
    const { engines, crew } = this.#world;
    const statuses = crew.of('worker').flatMap(({ worker }) => worker?.status() ?? []);
    const owners = statuses.filter((status) => status.lineage === lineage.id && status.partition === partition);
    if (owners.length === 0) return false;
    const running = owners.filter(({ halted }) => halted === null);
    const heads = [engines.redis, engines.clickhouse].map((store) => store.headOf(lineage.id, partition));
    if (running.length === 0) return heads.every(({ note, closed, target }) => note === null || closed < target || note.halted !== undefined);
    const manifest = engines.checkpoints.manifestOf(lineage.id, partition);
    const saved = manifest !== null && manifest.next === Number.parseInt(version.slice(4), 16);
    const closed = heads.every((head) => head.closed === version && head.target === version);
    return closed && saved && running.every(({ redis, clickhouse }) => redis === version && clickhouse === version);
  }

  async #isArchived(partition: number): Promise<boolean> {
    const { crew, log, archiveWatch, epoch, rewritten } = this.#world;
    const states = crew.of('archiver').flatMap(({ archiver }) => archiver?.partitions() ?? []);
    if (rewritten.has(partition) || states.some((state) => state.partition === partition && state.halted !== null)) return true;
    const last = log.records(partition).at(-1);
    const end = await archiveWatch.chainEnd(epoch, partition);
    if (last === undefined || (end?.to ?? 0) > last.offset) return true;
    // A link of before that arrived after the log had begun anew ends the chain for good; who archives hears of it as the next start halts.
    const isCutOff = end !== null && end.to < log.bounds(partition).low;
    return isCutOff && states.some((state) => state.partition === partition && state.halted === null && state.archived > last.offset);
  }

  /** Where nothing has halted, every question has an answer now. */
  async #lastAnswers(): Promise<void> {
    const world = this.#world;
    const { crew } = world;
    if (world.plan.readers === 0) return;
    if (crew.readers.length === 0) crew.startReader();
    const isWhole = world.places.every(({ lineage, partition }) => !lineage.required || !world.rewritten.has(partition)) && world.halts === 0;
    for (let left = LAST_QUESTIONS; left > 0; left--) {
      let answered = await this.#answered();
      // What a reader has heard of the stores may be as old as its patience.
      for (let tries = 0; !answered && isWhole && tries < 50; tries++) {
        for (let timers = 0; timers < 10; timers++) {
          this.#timer();
          await world.settleDown();
        }
        answered = await this.#answered();
      }
      if (!answered && isWhole) throw new Violation('Q', 'no store can answer, though all are there');
    }
  }

  async #answered(): Promise<boolean> {
    const { crew, random, schedule } = this.#world;
    let answered: boolean | null = null;
    void crew.readers[0]?.ask(random).then((there) => {
      answered = there;
    });
    await this.#world.settleDown();
    for (let step = 0; answered === null; step++) {
      if (step > HEAL_STEPS) throw new Violation('I5', 'a question is not answered');
      const call = schedule.calls.find(({ owner }) => owner.role === 'reader');
      if (call !== undefined) await this.#move(call);
      else this.#timer();
      await this.#world.settleDown();
    }
    return answered;
  }

  async #step(lossy: number): Promise<void> {
    this.steps++;
    const world = this.#world;
    const { random, plan, schedule, crew } = world;
    const { produce, deliver, timer, ask } = plan.rates;
    const draw = random.next();
    if (draw < produce && world.unproduced > 0) world.produce();
    else if (draw < produce + deliver) this.#deliver();
    else if (draw < produce + deliver + 0.05) this.#tell();
    else if (draw < produce + deliver + 0.08 && schedule.late.length > 0) await this.#inflicted.lateArrival();
    else if (draw < produce + deliver + 0.08 + ask && crew.readers.length > 0) this.#ask();
    else if (draw < produce + deliver + 0.08 + ask + timer * 0.3 || !(await this.#call(lossy))) this.#timer();
  }

  #ask(): void {
    const { crew, random, troubled } = this.#world;
    const reader = crew.readers[random.whole(0, crew.readers.length - 1)];
    // While the world heals there is time to answer.
    if (reader !== undefined && reader.open < (troubled ? 3 : 1)) void reader.ask(random);
  }

  #timer(): void {
    const owner = this.#world.schedule.fireNextTimer();
    if (owner !== null) this.#world.say(`timer of ${owner.name} at ${this.#world.schedule.nowMs}`);
  }

  #deliver(): void {
    const { random, engines, plan } = this.#world;
    const running = this.#inflicted.pick(({ process }) => !process.paused);
    if (running === undefined || !engines.up.log) return;
    const readable = running.member.readable();
    const partition = readable[random.whole(0, Math.max(0, readable.length - 1))];
    if (partition === undefined) return;
    const count = running.member.deliver(partition, random.whole(1, 8 * plan.volley));
    this.#world.say(`${running.process.name} reads ${count} of ${partition}`);
  }

  #tell(): void {
    const running = this.#inflicted.pick(({ process, untold }) => untold !== null && !process.paused);
    if (running !== undefined) this.#world.crew.tell(running);
  }

  /** A call arrives, or its answer does. False when none is on its way. */
  async #call(lossy: number): Promise<boolean> {
    const { random, schedule } = this.#world;
    const movable = schedule.calls.filter(({ owner, stage }) => stage === 'sent' || !owner.paused);
    const call = movable[random.whole(0, Math.max(0, movable.length - 1))];
    if (call === undefined) return false;
    if (call.stage === 'sent' && (await this.#inflicted.loses(call, lossy))) return true;
    await this.#move(call);
    return true;
  }

  async #move(call: Parameters<World['arrive']>[0]): Promise<void> {
    const world = this.#world;
    if (call.stage === 'applied') {
      world.say(`${call.owner.name} hears ${answerText(call.answer)}`);
      world.schedule.settle(call, true);
      return;
    }
    world.say(`${call.owner.name} ${call.engine} ${call.step} ${call.text}`);
    await world.arrive(call);
  }
}
