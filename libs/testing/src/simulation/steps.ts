/** The steps of production code at which a fault can strike: its calls and what it does in memory; and why some pairs of step and fault cannot be. */
import type { PublishPart } from '@tidemark/pipeline';
import { FAULT_KINDS, type FaultKind, type FaultName } from './faults.ts';

export type Engine = 'redis' | 'clickhouse' | 'log';
export type Role = 'worker' | 'archiver' | 'reader';

interface StepKind {
  /** null: in memory. */
  readonly engine: Engine | null;
  readonly role: Role;
  readonly writes?: true;
}

const redis = { engine: 'redis', role: 'worker' } as const;
const clickhouse = { engine: 'clickhouse', role: 'worker' } as const;
const archiver = { engine: 'clickhouse', role: 'archiver' } as const;

export const STEPS = {
  'worker: read the manifest': redis,
  'worker: read a segment': redis,
  'worker: read the head in Redis': redis,
  'worker: read the head in ClickHouse': clickhouse,
  'worker: ask for the bounds of the log': { engine: 'log', role: 'worker' },
  'worker: ask for the topic': { engine: 'log', role: 'worker' },
  'worker: append a tick': { engine: 'log', role: 'worker', writes: true },
  'worker: fold a batch': { engine: null, role: 'worker' },
  'worker: publish to Redis, only part': { ...redis, writes: true },
  'worker: publish to Redis, first part': { ...redis, writes: true },
  'worker: publish to Redis, middle part': { ...redis, writes: true },
  'worker: publish to Redis, last part': { ...redis, writes: true },
  'worker: publish to ClickHouse, only part': { ...clickhouse, writes: true },
  'worker: publish to ClickHouse, first part': { ...clickhouse, writes: true },
  'worker: publish to ClickHouse, middle part': { ...clickhouse, writes: true },
  'worker: publish to ClickHouse, last part': { ...clickhouse, writes: true },
  'worker: fetch dropped rows from Redis': redis,
  'worker: fetch dropped rows from ClickHouse': clickhouse,
  'worker: write a segment': { ...redis, writes: true },
  'worker: replace the manifest': { ...redis, writes: true },
  'worker: between calls': { engine: null, role: 'worker' },
  'archiver: ask for the end of the chain': archiver,
  'archiver: ask for the bounds of the log': { engine: 'log', role: 'archiver' },
  'archiver: ask for the topic': { engine: 'log', role: 'archiver' },
  'archiver: take a batch': { engine: null, role: 'archiver' },
  'archiver: insert records': { ...archiver, writes: true },
  'archiver: extend the chain': { ...archiver, writes: true },
  'archiver: between calls': { engine: null, role: 'archiver' },
  'answer: read heads in Redis': { engine: 'redis', role: 'reader' },
  'answer: read heads in ClickHouse': { engine: 'clickhouse', role: 'reader' },
  'answer: read rows in Redis': { engine: 'redis', role: 'reader' },
  'answer: read rows in ClickHouse': { engine: 'clickhouse', role: 'reader' },
  'answer: between calls': { engine: null, role: 'reader' },
} as const satisfies Record<string, StepKind>;
export type Step = keyof typeof STEPS;

export function isStep(name: string): name is Step {
  return Object.hasOwn(STEPS, name);
}

export const BATCH_STEPS = { worker: 'worker: fold a batch', archiver: 'archiver: take a batch' } as const;
export const IDLE_STEPS = { worker: 'worker: between calls', archiver: 'archiver: between calls', reader: 'answer: between calls' } as const;

const BEHIND_FIRST = { redis: 'worker: publish to Redis, middle part', clickhouse: 'worker: publish to ClickHouse, middle part' } as const;
const FIRST = { redis: 'worker: publish to Redis, first part', clickhouse: 'worker: publish to ClickHouse, first part' } as const;
const LAST = { redis: 'worker: publish to Redis, last part', clickhouse: 'worker: publish to ClickHouse, last part' } as const;
const ONLY = { redis: 'worker: publish to Redis, only part', clickhouse: 'worker: publish to ClickHouse, only part' } as const;

export function publishStep(sink: 'redis' | 'clickhouse', { index, last }: Pick<PublishPart, 'index' | 'last'>): Step {
  if (last) return (index === 0 ? ONLY : LAST)[sink];
  return (index === 0 ? FIRST : BEHIND_FIRST)[sink];
}

/** Asked for only when ClickHouse stands behind rows that both stores had acknowledged. */
const NEVER_DUE: Step = 'worker: fetch dropped rows from Redis';
const SYNCHRONOUS = new Set<Step>([BATCH_STEPS.worker, BATCH_STEPS.archiver]);

/** Why a fault cannot strike at a step; null when it can. */
export function whyNot(step: Step, fault: FaultName): string | null {
  const { engine, role, writes }: StepKind = STEPS[step];
  const { reach, engine: about, writes: writesOnly }: FaultKind = FAULT_KINDS[fault];
  if (reach === 'record') {
    if (!SYNCHRONOUS.has(step)) return 'records are met when a batch is read';
    return fault === 'batch of a partition not owned' || role === 'worker' || role === 'archiver' ? null : 'reads no records';
  }
  if (step === NEVER_DUE) return 'due only when ClickHouse has lost what it acknowledged, which is a planted bug and no fault';
  if (SYNCHRONOUS.has(step)) return 'synchronous: falls before or behind it, between calls';
  if (step === IDLE_STEPS.worker && reach === 'store' && about === 'redis') return null;
  if (engine === null && (reach === 'call' || reach === 'store')) return 'no call is under way';
  if (engine === null && role !== 'worker' && reach === 'all') return 'when nobody has a call under way, it counts as between calls of the worker';
  if (about !== undefined && engine !== about) return 'another engine';
  if (writesOnly === true && writes !== true) return 'reads are still answered';
  if (role === 'reader' && (fault === 'stop' || fault === 'rebalance' || fault === 'redeliver'))
    return 'answers belong to no group and have nothing to finish';
  return null;
}
