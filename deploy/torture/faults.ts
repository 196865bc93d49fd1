/** How each fault is inflicted: a function that returns when the fault has ended. */

import { once } from 'node:events';
import { readdirSync, statSync, truncateSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EngineName } from '@tidemark/local';
import type { Random } from '../e2e/test/seeded.ts';
import type { FaultKind } from './fault-kinds.ts';
import { SESSION_TIMEOUT_MS, type Stand } from './stand.ts';
import { cutMoments } from './tcp-proxy.ts';

export interface Hand {
  readonly stand: Stand;
  readonly random: Random;
  readonly short: boolean;
  /** Called at the instant from which the fault is felt; else that is when the function was called. */
  readonly began: () => void;
}

/** How long the long ones last. */
interface Lengths {
  readonly awayMs: number;
  readonly ownersMs: number;
  readonly frozenMs: number;
  readonly stoppedMs: number;
  readonly stepMs: number;
}

/** Beyond the 30 s after which our client gives an insert up. */
const LONG: Lengths = { awayMs: 60_000, ownersMs: 60_000, frozenMs: 3 * SESSION_TIMEOUT_MS, stoppedMs: 35_000, stepMs: 5_000 };
const SHORT: Lengths = { awayMs: 4_000, ownersMs: 5_000, frozenMs: 8_000, stoppedMs: 4_000, stepMs: 500 };
const TERM_DEADLINE_MS = 10_000;

export async function inflict(kind: FaultKind, hand: Hand): Promise<void> {
  const lengths = hand.short ? SHORT : LONG;
  const [head, ...rest] = kind.split('-');
  const engine = engineOf(rest.at(-1));
  if (head === 'cut' && engine !== null) return cut(engine, hand);
  if (head === 'delay' && engine !== null) return delay(engine, hand);
  if (head === 'half' && engine !== null) return halfOpen(engine, hand);
  const act = actions[kind];
  if (act === undefined) throw new Error(`nobody knows how to inflict ${kind}`);
  await act(hand, lengths);
}

type Action = (hand: Hand, lengths: Lengths) => Promise<void>;

const actions: Readonly<Partial<Record<FaultKind, Action>>> = {
  'worker-kill': async ({ stand, random }) => {
    const worker = pick(random, stand.workers());
    if (worker !== undefined) await stand.crash(worker);
  },
  'worker-freeze': async ({ stand, random }, { frozenMs }) => {
    const worker = pick(random, stand.workers());
    worker?.process.signal('SIGSTOP');
    await sleep(frozenMs);
    worker?.process.signal('SIGCONT');
  },
  'worker-term': async ({ stand, random }) => {
    const worker = pick(random, stand.workers());
    if (worker === undefined) return;
    const tookMs = await stand.end(worker, 'SIGTERM');
    // The machine is shared: half as long again is not held against it.
    if (tookMs > 1.5 * TERM_DEADLINE_MS)
      stand.failures.push(`a worker took ${Math.round(tookMs)} ms to end on SIGTERM: ${worker.process.log.slice(-1_500)}`);
    stand.startWorker();
  },
  'worker-scale': async ({ stand }, { stepMs }) => {
    for (const count of [1, 3, 1, 2]) {
      for (const spare of stand.workers().slice(count)) await stand.end(spare, 'SIGTERM');
      while (stand.workers().length < count) stand.startWorker();
      await sleep(stepMs);
    }
  },
  'worker-owners': async ({ stand, random }, { ownersMs }) => {
    const second = stand.startWorker({ TIDEMARK_CONSUMER_GROUP: `${stand.options.namespace}.second` });
    await sleep(ownersMs);
    await stand.end(second, random() < 0.5 ? 'SIGTERM' : 'SIGKILL');
  },
  'archiver-kill': async ({ stand }) => {
    const [archiver] = stand.archivers();
    if (archiver !== undefined) await stand.crash(archiver);
  },
  'broker-kill': async ({ stand, random }) => killAndStart(stand, 'kafka', random() * 2_000),
  'clickhouse-kill': async ({ stand, random }) => killAndStart(stand, 'clickhouse', random() * 2_000),
  'clickhouse-away': async ({ stand }, { awayMs }) => killAndStart(stand, 'clickhouse', awayMs),
  'clickhouse-freeze': async ({ stand }, { stoppedMs }) => {
    await stand.engines.kill('clickhouse', 'SIGSTOP');
    await sleep(stoppedMs);
    await stand.engines.kill('clickhouse', 'SIGCONT');
  },
  'redis-away': async ({ stand }, { awayMs }) => killAndStart(stand, 'redis', awayMs),
  'redis-rewind': redisRewind,
  'redis-wipe': async ({ stand }) => {
    await redisCommand(portOf(stand.engines.addresses.redisUrl), 'FLUSHALL');
  },
};

/** With `everysec`, a machine that loses its power has forgotten up to about a second. A killed process alone would lose nothing, so the file is cut. */
async function redisRewind({ stand, random, began }: Hand): Promise<void> {
  const file = appendOnlyFile(join(stand.options.folder, 'engines/redis'));
  const before = file === null ? 0 : statSync(file).size;
  await sleep(300 + 900 * random());
  began();
  await stand.engines.kill('redis');
  try {
    if (file !== null && statSync(file).size > before) truncateSync(file, before);
    await sleep(random() * 1_000);
  } finally {
    await stand.engines.start('redis');
  }
}

async function killAndStart(stand: Stand, engine: EngineName, awayMs: number): Promise<void> {
  await stand.engines.kill(engine);
  try {
    await sleep(awayMs);
  } finally {
    await stand.engines.start(engine);
  }
}

async function cut(engine: EngineName, { stand, random }: Hand): Promise<void> {
  const proxy = stand.proxies[engine];
  if (random() < 0.2) return proxy.cutAll();
  const before = proxy.broken;
  const count = 1 + Math.floor(random() * 4);
  proxy.cutNext(pick(random, cutMoments) ?? 'before', count);
  for (let waitedMs = 0; waitedMs < 3_000 && proxy.broken - before < count; waitedMs += 50) await sleep(50);
  proxy.heal();
}

async function delay(engine: EngineName, { stand, random, short }: Hand): Promise<void> {
  stand.proxies[engine].delay(20 + random() * 400);
  await sleep(short ? 1_000 : 1_000 + random() * 4_000);
  stand.proxies[engine].heal();
}

async function halfOpen(engine: EngineName, { stand, random, short }: Hand): Promise<void> {
  stand.proxies[engine].silence({ forgets: random() < 0.5 });
  await sleep(short ? 1_500 : 1_000 + random() ** 2 * 14_000);
  stand.proxies[engine].heal();
}

function engineOf(name: string | undefined): EngineName | null {
  return name === 'kafka' || name === 'redis' || name === 'clickhouse' ? name : null;
}

/** The file that Redis appends to now: one in its folder, or the youngest of its parts. */
function appendOnlyFile(folder: string): string | null {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.aof') && !name.includes('.base.') && !name.includes('temp'),
  );
  const [youngest] = files.map((name) => join(folder, name)).sort((left, right) => statSync(right).mtimeMs - statSync(left).mtimeMs);
  return youngest ?? null;
}

async function redisCommand(port: number, command: string): Promise<void> {
  const socket = connect({ host: '127.0.0.1', port });
  socket.write(`${command}\r\n`);
  await once(socket, 'data');
  socket.destroy();
}

function portOf(address: string): number {
  return Number(new URL(address).port);
}

function pick<T>(random: Random, from: readonly T[]): T | undefined {
  return from[Math.floor(random() * from.length)];
}
