/** Events that are made alike in this process and in SQL: each is a pure function of its number, so that neither side has to hand them to the other. */
import type { FedEvent } from '../in-process/stepped-worker.ts';

export interface ScanWorkload {
  readonly events: number;
  readonly actors: number;
  readonly seed: number;
}

export const days = 90;
const dayMs = 86_400_000;
/** A midnight of UTC. */
export const startMs = Date.UTC(2025, 0, 1);
export const firstDay = startMs / dayMs;
export const steps = ['Cabinet Opened', 'Offer Shown', 'Slot Chosen', 'Service Booked', 'Order Completed'] as const;
export const windowMs = 14 * dayMs;

/** In percent; the others are views of pages. */
const shares = [
  ['Cabinet Opened', 22],
  ['Offer Shown', 14],
  ['Slot Chosen', 12],
  ['Service Booked', 8],
  ['Order Completed', 4],
] as const;
const otherName = 'Page Viewed';

/** MurmurHash3's last step: 32 bits well mixed, and short in both languages. */
function mixed(number: number, salt: number): number {
  let hash = (number ^ salt) >>> 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b) >>> 0;
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35) >>> 0;
  return (hash ^ (hash >>> 16)) >>> 0;
}

const saltsOf = (seed: number): { actor: number; name: number } => ({ actor: mixed(seed, 1), name: mixed(seed, 2) });

/** Evenly over the days; no two at one instant, so that no two clocks disagree about their order. */
const stepMs = ({ events }: ScanWorkload): number => Math.floor((days * dayMs) / events);

export function* scanEvents(workload: ScanWorkload): Generator<FedEvent> {
  const salts = saltsOf(workload.seed);
  const step = stepMs(workload);
  for (let number = 0; number < workload.events; number++) {
    const actor = `a${mixed(number, salts.actor) % workload.actors}`;
    yield eventAt({ number, actor, name: nameOf(mixed(number, salts.name) % 100), timeMs: startMs + number * step });
  }
}

/** An event of no figure, as long as its actor does nothing else. */
export function nothing(of: { readonly number: number; readonly actor: string; readonly timeMs: number }): FedEvent {
  return eventAt({ ...of, name: 'Nothing' });
}

function eventAt({ number, actor, name, timeMs }: { number: number; actor: string; name: string; timeMs: number }): FedEvent {
  const timestamp = new Date(timeMs).toISOString();
  return { key: actor, timeMs, value: `{"type":"track","event":"${name}","messageId":"e-${number}","userId":"${actor}","timestamp":"${timestamp}"}` };
}

function nameOf(percent: number): string {
  let below = 0;
  for (const [name, share] of shares) {
    below += share;
    if (percent < below) return name;
  }
  return otherName;
}

/** Numbers `from` to `to`, the last excluded, into the archive's table: its columns as an archiver fills them, but for the raw bytes, which no query here reads. */
export function insertSql(workload: ScanWorkload, { from, to, partitions }: { from: number; to: number; partitions: number }): string {
  const salts = saltsOf(workload.seed);
  const bounds = shares.map((_, index) => shares.slice(0, index + 1).reduce((sum, [, share]) => sum + share, 0));
  const names = shares.map(([name], index) => `n < ${bounds[index]}, '${name}'`).join(', ');
  return `INSERT INTO events (epoch, partition, offset, record_ms, key, value, control, reason, type, event, actor_kind, actor_id, message_id, time_ms)
SELECT 0, bitAnd(kafkaMurmurHash(actor), 2147483647) % ${partitions}, number, time, actor, NULL, false, '', 'track', multiIf(${names}, '${otherName}'), 'user', actor,
  concat('e-', toString(number)), time
FROM (
  SELECT number, concat('a', toString(a3 % ${workload.actors})) AS actor, n3 % 100 AS n, toInt64(${startMs} + number * ${stepMs(workload)}) AS time
  FROM (SELECT number, ${chainSql('a', salts.actor)}, ${chainSql('n', salts.name)} FROM numbers(${from}, ${to - from}))
)`;
}

/** The steps of `mixed` as columns: prefix and 0 to 3. */
function chainSql(prefix: string, salt: number): string {
  const [h0, h1, h2] = [0, 1, 2].map((index) => `${prefix}${index}`);
  const step = (hash: string | undefined, shift: number, factor: number): string =>
    `bitAnd(bitXor(${hash}, bitShiftRight(${hash}, ${shift})) * ${factor}, 4294967295)`;
  return [
    `bitXor(toUInt64(number), ${salt}) AS ${h0}`,
    `${step(h0, 16, 0x85ebca6b)} AS ${h1}`,
    `${step(h1, 13, 0xc2b2ae35)} AS ${h2}`,
    `bitXor(${h2}, bitShiftRight(${h2}, 16)) AS ${prefix}3`,
  ].join(', ');
}
