/** The faults that are played, how often each comes, and what it can strike. */

/** What the schedule draws, with its usual weight. Some only end what another began. */
export const FAULTS = {
  late: 3,
  kill: 2,
  doom: 0.2,
  stop: 0.7,
  start: 3,
  pause: 2,
  wake: 2.5,
  rebalance: 3,
  redeliver: 1.5,
  notOurs: 0.5,
  rewind: 2.5,
  failover: 0.7,
  wipe: 0.5,
  expire: 1,
  redisAway: 0.5,
  redisBack: 1.5,
  redisFull: 0.5,
  redisRoom: 1.5,
  clickhouseAway: 0.5,
  clickhouseBack: 1,
  clickhouseStalled: 0.4,
  clickhouseGoes: 1,
  tooManyParts: 0.4,
  partsMerged: 1,
  reversed: 0.8,
  logAway: 0.4,
  logBack: 1.5,
  cut: 0.7,
  retention: 0.5,
  truncation: 0.5,
  recreation: 0.5,
  growth: 0.5,
} as const;
export type Fault = keyof typeof FAULTS;

/** These may end a partition for good: few seeds have one, none has two. By how many seeds have it. */
export const RARE: Partial<Record<Fault, number>> = { retention: 0.06, truncation: 0.05, recreation: 0.03, growth: 0.03 };

export function isFault(name: string): name is Fault {
  return Object.hasOwn(FAULTS, name);
}

/** `call`: one call · `process`: what one process waits for · `store`: what is under way to it · `all`: everything under way · `record`: a record as it is read. */
export type Reach = 'call' | 'process' | 'store' | 'all' | 'record';

export interface FaultKind {
  readonly reach: Reach;
  /** The engine that it is about; none when it may be any. */
  readonly engine?: 'redis' | 'clickhouse' | 'log';
  /** Only what writes is struck. */
  readonly writes?: true;
}

/** By the name in the table of steps and faults. */
export const FAULT_KINDS = {
  kill: { reach: 'process' },
  pause: { reach: 'process' },
  stop: { reach: 'process' },
  rebalance: { reach: 'process' },
  redeliver: { reach: 'process' },
  'call lost': { reach: 'call' },
  'call lost, arrives later': { reach: 'call' },
  'reply lost': { reach: 'call' },
  'a copy arrives later': { reach: 'call' },
  'error after it was applied': { reach: 'call', engine: 'clickhouse' },
  'connection cut': { reach: 'call' },
  'Redis away': { reach: 'call', engine: 'redis' },
  'Redis full': { reach: 'call', engine: 'redis', writes: true },
  'Redis rewinds': { reach: 'store', engine: 'redis' },
  'Redis fails over to a stale replica': { reach: 'store', engine: 'redis' },
  'Redis wiped': { reach: 'store', engine: 'redis' },
  'segments expire': { reach: 'store', engine: 'redis' },
  'ClickHouse away': { reach: 'call', engine: 'clickhouse' },
  'ClickHouse stopped, applies later': { reach: 'call', engine: 'clickhouse' },
  'too many parts': { reach: 'call', engine: 'clickhouse', writes: true },
  'ClickHouse applies in reverse order': { reach: 'store', engine: 'clickhouse' },
  'log away': { reach: 'call', engine: 'log' },
  'retention deletes': { reach: 'all' },
  'log truncated and rewritten': { reach: 'all' },
  'topic re-created': { reach: 'all' },
  'partition count raised': { reach: 'all' },
  'offsets without records': { reach: 'record' },
  'tick among the records': { reach: 'record' },
  'same event again': { reach: 'record' },
  'event out of order': { reach: 'record' },
  'event from the future': { reach: 'record' },
  'record on the wrong partition': { reach: 'record' },
  'broken record': { reach: 'record' },
  'batch of a partition not owned': { reach: 'record' },
} as const satisfies Record<string, FaultKind>;
export type FaultName = keyof typeof FAULT_KINDS;

export function isFaultName(name: string): name is FaultName {
  return Object.hasOwn(FAULT_KINDS, name);
}
