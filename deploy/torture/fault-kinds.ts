/** The faults by name, and what each may take from the readers. */

export const faultKinds = [
  'worker-kill',
  'worker-freeze',
  'worker-term',
  'worker-scale',
  'worker-owners',
  'broker-kill',
  'redis-rewind',
  'redis-wipe',
  'redis-away',
  'clickhouse-kill',
  'clickhouse-away',
  'clickhouse-freeze',
  'archiver-kill',
  'cut-kafka',
  'cut-redis',
  'cut-clickhouse',
  'delay-kafka',
  'delay-redis',
  'delay-clickhouse',
  'half-open-kafka',
  'half-open-redis',
  'half-open-clickhouse',
] as const;

export type FaultKind = (typeof faultKinds)[number];

/** Faults of connections are many and short, and go on beside the others. */
export function isOfLink(kind: FaultKind): boolean {
  return /^(cut|delay|half-open)-/.test(kind);
}

/** How often a kind is chosen among those of its lane; the long ones seldom. */
export const weights: Readonly<Partial<Record<FaultKind, number>>> = {
  'worker-kill': 6,
  'worker-freeze': 2,
  'worker-term': 4,
  'worker-scale': 2,
  'worker-owners': 0.7,
  'broker-kill': 3,
  'redis-rewind': 4,
  'redis-wipe': 3,
  'redis-away': 0.7,
  'clickhouse-kill': 4,
  'clickhouse-away': 0.7,
  'clickhouse-freeze': 0.8,
  'archiver-kill': 2,
};

/** The store that readers may miss while the fault lasts. */
export function storeOf(kind: FaultKind): 'redis' | 'clickhouse' | null {
  if (kind.includes('redis')) return 'redis';
  return kind.includes('clickhouse') ? 'clickhouse' : null;
}
